"""The pictures of lesson 11: frames in time, cells, codes and shards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, words
from matplotlib.figure import Figure

from prvr_lite.course.lesson11.cell_map import cell_map
from prvr_lite.course.lesson11.code_parts import code_parts
from prvr_lite.course.lesson11.frame_times import frame_times
from prvr_lite.course.lesson11.shard_tables import shard_tables
from prvr_lite.plots import alt_text

SHOWN, AT, TAKEN = [0.0, 2.0, 2.1, 6.0], [0.0, 1.0, 2.0, 4.0, 7.0], [0, 0, 1, 2, 3]
POINTS = [[0.0, 0.0], [1.0, 0.2], [4.0, 0.0], [5.0, 0.4], [2.2, 0.1]]
CENTRES = [[0.5, 0.0], [4.0, 0.1]]


def picture(width: int = 40) -> np.ndarray:
    return np.full((30, width, 3), 120, np.uint8)


@pytest.mark.parametrize("pictures", [[], [picture(), None, picture(80), picture()]])
def test_a_bar_for_each_frame_and_a_dot_for_each_sample(pictures: list[np.ndarray | None]) -> None:
    figure = frame_times(pictures, SHOWN, 8.0, AT, TAKEN)
    assert names(figure) == ["frames", "samples"]
    boxes = [bar for container in panel(figure, "frames").containers for bar in container]
    bars = sorted(boxes, key=lambda bar: bar.get_x())
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    np.testing.assert_allclose(spans, [(0, 2), (2, 2.1), (2.1, 6), (6, 8)])
    dots = part(panel(figure, "samples"), "samples")
    np.testing.assert_allclose(dots.get_offsets()[:, 0], AT)
    colors, bar_colors = dots.get_facecolors(), [bar.get_facecolor() for bar in bars]
    np.testing.assert_allclose(colors, [bar_colors[frame] for frame in TAKEN])
    numbers = [text.get_text() for text in panel(figure, "frames").texts if text.get_text()]
    assert sorted(numbers) == ["0", "2", "3"], (
        "a bar as narrow as the second has no room for its number"
    )
    assert len(panel(figure, "frames").images) == (3 if pictures else 0)
    assert "take the frames 0, 0, 1, 2, 3" in alt_text(figure)
    assert_readable(figure)


def test_cells_open_around_the_query() -> None:
    figure = cell_map(POINTS, CENTRES, [2.4, 0.1], probes=1)
    axes = panel(figure, "cells")
    np.testing.assert_allclose(part(axes, "open").get_xydata(), [POINTS[2], POINTS[3]])
    np.testing.assert_allclose(part(axes, "best").get_xydata(), [POINTS[4]])
    assert "1 of 2 cells, 2 of 5 clips; the best is not among them" in alt_text(figure)
    assert_readable(figure)
    whole = cell_map(POINTS, CENTRES, [2.4, 0.1], probes=2)
    assert len(part(panel(whole, "cells"), "open").get_xydata()) == 5
    assert "the best is among them" in alt_text(whole)


def test_a_code_beside_its_vector() -> None:
    vector, rebuilt = [1.0, 2.0, -1.0, 0.0, 3.0, 1.0], [1.0, 2.0, 0.0, 0.0, 3.0, 1.0]
    figure = code_parts(vector, rebuilt, [7, 255, 0])
    axes = panel(figure, "code")
    heights = [bar.get_height() for bar in axes.containers[0]]
    assert heights == vector
    np.testing.assert_allclose(part(axes, "rebuilt").get_data().values, rebuilt)
    told = [text for text, _ in words(figure)]
    assert {"7", "255", "0"} <= set(told)
    assert "24 bytes become 3, cosine 0.97" in alt_text(figure)
    assert_readable(figure)


def test_gathered_videos_are_compared_with_all_queries() -> None:
    figure = shard_tables(8, 4, 2)
    assert names(figure) == ["each for itself", "gathered"]
    assert "each for itself: 16 of 32 pairs are compared" in alt_text(figure)
    assert "gathered: 32 of 32" in alt_text(figure)
    for name, corner in {"each for itself": -1, "gathered": 0}.items():
        table = panel(figure, name).collections[0].get_array()
        assert table.shape == (8, 4)
        assert table[0, -1] == corner
        assert table[-1, -1] == 1
    assert_readable(figure)
    assert_readable(shard_tables(12, 12, 4))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: frame_times([], [0, 2, 1], 5, [1], [0]), "shown must ascend"),
        (lambda: frame_times([], [0, 2], 1, [1], [0]), "shown must ascend"),
        (lambda: frame_times([], [0, 2], 5, [1], [2]), "one of the 2 frames"),
        (lambda: frame_times([picture()], [0, 2], 5, [1], [0]), "1 pictures for 2 frames"),
        (lambda: cell_map(POINTS, CENTRES, [1.0, 2.0, 3.0]), "two coordinates"),
        (lambda: cell_map(POINTS, CENTRES, [1.0, 2.0], probes=3), r"probes is 3: .* 1\.\.2"),
        (lambda: code_parts([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1, 2]), "3 numbers, rebuilt 3"),
        (lambda: shard_tables(9, 4), "9 queries and 4 videos .* among 2 GPUs"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
