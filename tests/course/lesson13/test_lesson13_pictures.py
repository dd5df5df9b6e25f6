"""The pictures of lesson 13 show what windows let through, and the clip that a unit stands for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part
from figure_inputs import THUMBNAILS
from matplotlib.figure import Figure

from prvr_lite.course.lesson13.implicit_clip import half_height, implicit_clip
from prvr_lite.course.lesson13.width_maps import width_maps
from prvr_lite.plots import alt_text

DIAGONAL, EVEN = np.eye(4), np.full((4, 4), 0.25)
CLIPS, UNITS, SHARE = [0.1 * i for i in range(10)], [0.1, 0.2, 0.9, 0.3], [0.1, 0.3, 0.5, 0.1]
FILM = {
    "duration": 20.0,
    "key_clip": 8,
    "frame_score": 0.5,
    "moment": (5.0, 15.0),
    "thumbnails": THUMBNAILS,
    "about": "",
}
WIDE = {"duration": 1.0, "moment": (0.2, 0.4), "title": ""}


def test_each_width_has_its_map_on_one_scale_and_the_moment_on_both_axes() -> None:
    figure = width_maps(
        {"narrow, 0.5": DIAGONAL, "none": EVEN}, duration=20.0, moment=(5.0, 10.0), title="Widths"
    )
    assert names(figure) == ["narrow, 0.5", "none", "scale"]
    for name, weight in (("narrow, 0.5", DIAGONAL), ("none", EVEN)):
        axes = panel(figure, name)
        mesh = part(axes, "attention")
        np.testing.assert_allclose(mesh.get_array(), weight)
        assert mesh.get_clim() == (0, 1)
        assert axes.get_ylim() == (20, 0), "time runs down"
        frames = [p.get_bbox().extents for p in axes.patches if p.get_label() == "moment"]
        assert [(f[0], f[2]) for f in frames][:1] == [(5, 10)]
        assert [(f[1], f[3]) for f in frames][1:] == [(5, 10)]
    told = alt_text(figure)
    assert "narrow, 0.5: on the mean 0.0 s away, largest weight 1.00" in told
    assert "none: on the mean 6.2 s away, largest weight 0.25" in told
    assert told.endswith("The true moment is 5–10 s.")
    assert_readable(figure)


def test_one_map_has_room_and_four_fit() -> None:
    for count in (1, 4):
        panels = {f"width {i}": EVEN for i in range(count)}
        figure = width_maps(panels, duration=9.0, moment=(1.0, 2.0), title="Widths")
        assert len(names(figure)) == count + 1
        assert "square-root" in panel(figure, "scale").get_ylabel()
        assert_readable(figure)


def test_the_listed_clip_and_the_implicit_one_share_a_time_axis() -> None:
    figure = implicit_clip(CLIPS, UNITS, SHARE, **FILM)
    assert names(figure) == ["map", "film", "units", "clip"]
    np.testing.assert_allclose(part(panel(figure, "map"), "clips").get_array(), CLIPS)
    np.testing.assert_allclose(part(panel(figure, "map"), "key clip").get_xydata(), [(12.5, 15)])
    curve = part(panel(figure, "units"), "units").get_xydata()
    np.testing.assert_allclose(curve, [(2.5, 0.1), (7.5, 0.2), (12.5, 0.9), (17.5, 0.3)])
    np.testing.assert_allclose(part(panel(figure, "units"), "best").get_xydata(), [(12.5, 0.9)])
    assert part(panel(figure, "units"), "frame score").get_ydata()[0] == 0.5
    (bar,) = panel(figure, "clip").containers[0]
    assert (bar.get_x(), bar.get_width()) == (5.0, 10.0), "units 1 and 2 hold half of the peak"
    assert part(panel(figure, "clip"), "even").get_ydata()[0] == 0.25
    keys = [text.get_text() for text in panel(figure, "map").get_legend().get_texts()]
    assert keys == ["key clip", "true moment", "best unit", "≥ half high"]
    told = alt_text(figure)
    assert "scores of all 10 clips" in told
    assert "the key clip covers 5–20 s" in told
    assert "best at 12 s; this unit holds most of 5–15 s" in told
    assert_readable(figure)


def test_without_a_film_there_is_no_strip() -> None:
    figure = implicit_clip(CLIPS, UNITS, SHARE, **FILM | {"thumbnails": []})
    assert names(figure) == ["map", "units", "clip"]
    assert_readable(figure)


@pytest.mark.parametrize(
    ("share", "span"),
    [
        ([0.0, 1.0, 0.0], (1, 2)),
        ([0.5, 1.0, 0.4], (0, 2)),
        ([1.0, 0.1, 0.9], (0, 1)),
        ([1.0, 1.0, 1.0], (0, 3)),
        ([1.0], (0, 1)),
    ],
)
def test_half_height_reaches_to_the_first_that_falls_below(
    share: list[float], span: tuple[int, int]
) -> None:
    assert half_height(np.array(share)) == span


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: width_maps({"a": EVEN, "b": EVEN[:3]}, **WIDE), r"'b' has shape \[3, 4\]"),
        (lambda: width_maps({"a": -EVEN}, **WIDE), "'a' must be finite and at least 0"),
        (lambda: implicit_clip(CLIPS[:9], UNITS, SHARE, **FILM), "clip_score has 9 values"),
        (lambda: implicit_clip(CLIPS, UNITS[:3], SHARE, **FILM), "unit_score has shape"),
        (lambda: implicit_clip(CLIPS, UNITS, [np.nan] * 4, **FILM), "share must be finite"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
