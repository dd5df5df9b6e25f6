"""The pictures of lesson 11: frames in time, cells, codes, and what was found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, words
from matplotlib.figure import Figure

from prvr_lite.course.lesson11.cell_map import cell_map
from prvr_lite.course.lesson11.code_parts import code_parts
from prvr_lite.course.lesson11.found_film import found_film
from prvr_lite.course.lesson11.frame_times import frame_times
from prvr_lite.course.lesson11.recall_curves import recall_curves
from prvr_lite.course.lesson11.side_by_side import side_by_side
from prvr_lite.data.sample import load_sample
from prvr_lite.plots import alt_text
from prvr_lite.search.ranking import Hit

SHOWN, AT, TAKEN = [0.0, 2.0, 2.1, 6.0], [0.0, 1.0, 2.0, 4.0, 7.0], [0, 0, 1, 2, 3]
COUNTED = [0, 0, 1, 1, 3]
POINTS = [[0.0, 0.0], [1.0, 0.2], [4.0, 0.0], [5.0, 0.4], [2.2, 0.1]]
CENTRES = [[0.5, 0.0], [4.0, 0.1]]


def picture(width: int = 40) -> np.ndarray:
    return np.full((30, width, 3), 120, np.uint8)


@pytest.mark.parametrize("pictures", [[None] * 4, [picture(), None, picture(80), picture()]])
def test_a_bar_for_each_frame_and_a_dot_for_each_sample(pictures: list[np.ndarray | None]) -> None:
    figure = frame_times(pictures, SHOWN, 8.0, AT, TAKEN, COUNTED)
    assert names(figure) == ["frames", "samples"]
    boxes = [bar for container in panel(figure, "frames").containers for bar in container]
    bars = sorted(boxes, key=lambda bar: bar.get_x())
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    np.testing.assert_allclose(spans, [(0, 2), (2, 2.1), (2.1, 6), (6, 8)])
    dots = part(panel(figure, "samples"), "samples")
    np.testing.assert_allclose(dots.get_offsets()[:, 0], AT)
    colors, bar_colors = dots.get_facecolors(), [bar.get_facecolor() for bar in bars]
    np.testing.assert_allclose(colors, [bar_colors[frame] for frame in TAKEN])
    counted, wrong = (part(panel(figure, "samples"), label) for label in ("counted", "wrong"))
    assert counted.get_offsets()[:, 0].tolist() == [0.0, 1.0, 2.0, 7.0]
    assert wrong.get_offsets()[:, 0].tolist() == [4.0]
    numbers = [text.get_text() for text in panel(figure, "frames").texts if text.get_text()]
    assert sorted(numbers) == ["0", "2", "3"], (
        "a bar as narrow as the second has no room for its number"
    )
    assert len(panel(figure, "frames").images) == (
        3 if any(one is not None for one in pictures) else 0
    )
    assert "take the frames 0, 0, 1, 2, 3; by counting, 1 of them take" in alt_text(figure)
    assert_readable(figure)


def test_cells_open_around_the_query() -> None:
    figure = cell_map(POINTS, CENTRES, [2.4, 0.1], probes=1)
    axes = panel(figure, "cells")
    np.testing.assert_allclose(part(axes, "open").get_xydata(), [POINTS[2], POINTS[3]])
    np.testing.assert_allclose(part(axes, "best").get_xydata(), [POINTS[4]])
    star, ring = part(axes, "query"), part(axes, "best")
    assert star.get_zorder() > ring.get_zorder()
    assert star.get_markersize() < ring.get_markersize(), "neither hides the other"
    assert "1 of 2 cells, 2 of 5 clips; the best is not among them" in alt_text(figure)
    assert_readable(figure)
    whole = cell_map(POINTS, CENTRES, [2.4, 0.1], probes=2)
    assert len(part(panel(whole, "cells"), "open").get_xydata()) == 5
    assert "the best is among them" in alt_text(whole)


def test_a_code_beside_its_vector() -> None:
    vector, rebuilt = [1.0, 2.0, -1.0, 0.0, 3.0, 1.0], [1.0, 2.0, 0.0, 0.0, 3.0, 1.0]
    figure = code_parts(vector, rebuilt, [7, 255, 0], title="A code")
    axes = panel(figure, "code")
    heights = [bar.get_height() for bar in axes.containers[0]]
    assert heights == vector
    np.testing.assert_allclose(part(axes, "rebuilt").get_data().values, rebuilt)
    told = [text for text, _ in words(figure)]
    assert {"7", "255", "0"} <= set(told)
    assert "24 bytes become 3, cosine 0.97" in alt_text(figure)
    assert_readable(figure)


def test_pictures_beside_each_other_keep_their_pixels() -> None:
    figure = side_by_side({"stored": picture(), "read": picture(80)}, title="Turn it")
    assert names(figure) == ["stored", "read"]
    assert panel(figure, "read").images[0].get_array().shape == (30, 80, 3)
    assert "2 pictures, stored; read" in alt_text(figure)
    assert_readable(figure)


def test_what_is_kept_is_drawn_from_0_with_a_line_where_it_is_enough() -> None:
    panels = {
        "recall (%)": {"of ten": {10: 55.0, 100: 99.5}},
        "seen (%)": {"films": {10: 1, 100: 9}},
    }
    figure = recall_curves(panels, xlabel="clips", title="Few", enough=100)
    assert [axes.get_ylim()[0] for axes in figure.axes] == [0, 0]
    assert "dotted: 100, the first with a recall of 99 %" in [text for text, _ in words(figure)]
    for axes in figure.axes:
        (line,) = [line for line in axes.lines if line.get_label() == "enough"]
        assert list(line.get_xdata()) == [100, 100]
    assert_readable(figure)


def test_a_found_film_shows_what_was_found_above_its_moments() -> None:
    with load_sample() as sample:
        video = sample.video_id.index("test_016a")
        hit = Hit(1, video, "test_016a", 0.7, 0.7, 0.7, 3, 28.0, 31.0)
        figure = found_film(sample, hit, "a frog is drumming")
        texts = {sample.query_text[q] for q in np.flatnonzero(sample.query_video == video)}
    told = [text for text, _ in words(figure)]
    assert any("found for “a frog is drumming”" in text for text in told)
    assert "Here a frog plays the drum underwater." in told
    assert len(texts & set(told)) == 5, "those next to what was found"
    assert "Under the sea, a panda bear takes a nap before it plays the drum." not in told


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: frame_times([], [0, 2, 1], 5, [1], [0], [0]), "to the next must be .* above 0"),
        (lambda: frame_times([], [0, 2], 1, [1], [0], [0]), "to the next must be .* above 0"),
        (lambda: frame_times([], [0, 2], 5, [1], [2], [0]), "taken .* at most 1"),
        (lambda: cell_map(POINTS, CENTRES, [1.0, 2.0, 3.0], probes=1), r"query has shape \[3\]"),
        (lambda: cell_map(POINTS, CENTRES, [1.0, 2.0], probes=3), "probes .* at most 2"),
        (
            lambda: code_parts([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1, 2], title="x"),
            "3 numbers can't",
        ),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
