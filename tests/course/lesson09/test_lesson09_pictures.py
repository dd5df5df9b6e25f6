"""The picture of lesson 9 puts each query on its side of the line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, words
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from prvr_lite.course.lesson09.lead_plane import lead_plane
from prvr_lite.plots import alt_text
from prvr_lite.plots.page import BLUE

# one query in each corner, two in the corners where the scales disagree
CLIP = [0.2, -0.1, -0.1, 0.1, 0.1, -0.2]
FRAME = [0.1, 0.1, 0.3, -0.1, -0.3, -0.2]


def shown(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Where the queries stand, and which of them look as if they were found."""
    marks = part(axes, "queries")
    blue = (marks.get_facecolors() == to_rgba(BLUE)).all(1)
    corners = np.array([len(path.vertices) for path in marks.get_paths()])
    assert ((corners < 8) == blue).all(), "found ones are squares, the others crosses"
    return marks.get_offsets().data, blue


def test_squares_and_crosses_are_the_found_and_the_missed() -> None:
    figure = lead_plane(CLIP, FRAME, alpha=0.7)
    assert names(figure) == ["leads"]
    axes = panel(figure, "leads")
    places, found = shown(axes)
    np.testing.assert_allclose(places[found], [(0.2, 0.1), (-0.1, 0.3), (0.1, -0.1)])
    np.testing.assert_allclose(places[~found], [(-0.1, 0.1), (0.1, -0.3), (-0.2, -0.2)])
    assert_readable(figure)


def test_each_corner_says_how_many_are_found() -> None:
    figure = lead_plane(torch.tensor(CLIP), torch.tensor(FRAME), alpha=0.7)
    told = sorted(text for text, _ in words(figure) if text.endswith(" found"))
    assert told == [
        "ahead at both: 1 of 1 found",
        "ahead at neither: 0 of 1 found",
        "ahead by clips only: 1 of 2 found",
        "ahead by frames only: 1 of 2 found",
    ]
    assert "ahead by frames only: 1 of 2 found" in alt_text(figure)
    assert "ties at alpha 0.7" in alt_text(figure)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_on_the_line_both_films_tie(alpha: float) -> None:
    figure = lead_plane(CLIP, FRAME, alpha=alpha)
    axes = panel(figure, "leads")
    ends = part(axes, "alpha").get_xydata()
    np.testing.assert_allclose(alpha * ends[:, 0] + (1 - alpha) * ends[:, 1], 0, atol=1e-12)
    assert np.abs(ends).max(1).min() >= axes.get_xlim()[1], "it crosses the whole panel"
    fused = alpha * np.array(CLIP) + (1 - alpha) * np.array(FRAME)
    assert shown(axes)[1].tolist() == (fused > 0).tolist()
    assert_readable(figure)


def test_a_tie_counts_as_missed() -> None:
    figure = lead_plane([0.0, 0.1], [0.0, 0.1], alpha=0.5)
    places, found = shown(panel(figure, "leads"))
    assert places[~found].tolist() == [[0.0, 0.0]]
    assert "ahead at neither: 0 of 1 found" in alt_text(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: lead_plane([0.1], [0.1, 0.2], alpha=0.7),
            r"frame has shape \[2\]",
        ),
        (lambda: lead_plane([0.1, np.nan], [0.1, 0.2], alpha=0.7), "clip must be finite"),
        (lambda: lead_plane([0.1], [0.2], alpha=1.2), "alpha .* at most 1, but holds 1.2"),
        (lambda: lead_plane([], [], alpha=0.7), "clip must have 1 axis"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
