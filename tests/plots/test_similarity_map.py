"""The similarity map shows the right numbers in the right places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import torch
from figure_checks import assert_readable, bars, names, panel, part, picture_of
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from prvr_lite.plots import alt_text, similarity_map, timed_thumbnails

NAN = float("nan")


def a_map(**changes: Any) -> Figure:
    """A map of 4 units over 8 s (units of 2 s), best at row 5 = units 1–2, that is 2–6 s."""
    score = np.linspace(0.0, 0.3, 10)
    score[5] = 0.9
    settings: dict[str, Any] = {
        "clip_score": score,
        "duration": 8.0,
        "query": "a cat sleeps",
        "video_id": "v1",
        "moment": (2.5, 6.5),
        "steps": [(2.5, 4.0), (4.0, 6.5)],
        "key_clip": 5,
        "medoids": [0, 5, 9],
        "frame_attention": [0.1, 0.2, 0.6, 0.1],
        "thumbnails": timed_thumbnails([picture_of((9 * i, 0, 0)) for i in range(16)], 8.0),
    }
    return similarity_map(**(settings | changes))


def test_map_draws_each_clip_over_what_it_covers() -> None:
    grid = part(panel(a_map(), "map"), "clips")
    assert isinstance(grid, PolyCollection)
    best = int(np.argmax(grid.get_array()))
    corners = grid.get_paths()[best].vertices[:5]
    assert (corners[:, 0].min() + corners[:, 0].max()) / 2 == pytest.approx(4.0)  # middle of 2–6 s
    assert (corners[:, 1].min() + corners[:, 1].max()) / 2 == pytest.approx(4.0)  # 4 s long
    last = grid.get_paths()[9].vertices[:5]  # the whole video stands over the middle, on top
    assert last[:, 0].mean() == pytest.approx(4.0)
    assert last[:, 1].max() == pytest.approx(10.0)


@pytest.mark.parametrize("n", [1, 2, 5, 32])
def test_map_cells_tile_without_overlap(n: int) -> None:
    figure = a_map(clip_score=np.zeros(n * (n + 1) // 2), key_clip=0, medoids=None, thumbnails=None)
    area = 0.0
    for path in part(panel(figure, "map"), "clips").get_paths():
        x, y = path.vertices[:-1].T
        area += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    unit = 8.0 / n
    # houses of 1.5 units² each, and diamonds of 1 unit² each
    assert area == pytest.approx((1.5 * n + n * (n - 1) / 2) * unit**2)


def test_map_marks_moment_key_clip_and_medoids() -> None:
    figure = a_map()
    axes = panel(figure, "map")
    assert part(axes, "key clip").get_xydata().tolist() == [[4.0, 4.0]]
    assert part(axes, "medoids").get_xydata().tolist() == [[1.0, 2.0], [4.0, 4.0], [4.0, 8.0]]
    tent = part(axes, "moment")
    assert isinstance(tent, Polygon)
    assert tent.get_xy()[:3].tolist() == [[2.5, 0.0], [4.5, 4.0], [6.5, 0.0]]
    band = part(panel(figure, "attention"), "moment")
    assert isinstance(band, Rectangle)
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((2.5, 6.5))
    spans = bars(panel(figure, "spans"))
    assert spans["key clip"] == [pytest.approx((2.0, 6.0))]
    assert spans["moment"] == [pytest.approx((2.5, 6.5))]


def test_map_draws_attention_over_the_time_of_its_frames() -> None:
    even = part(panel(a_map(), "attention"), "attention")
    assert even.get_xdata().tolist() == [1.0, 3.0, 5.0, 7.0]
    assert even.get_ydata().tolist() == [0.1, 0.2, 0.6, 0.1]


def test_thumbnails_lie_at_their_time() -> None:
    early, late = (0.6, picture_of((255, 0, 0))), (7.4, picture_of((0, 0, 255)))
    images = panel(a_map(thumbnails=[late, early], moment=None, steps=None), "video").images
    assert [tuple(np.asarray(image.get_array())[0, 0]) for image in images] == [
        (255, 0, 0),
        (0, 0, 255),
    ]
    for image, (time, _) in zip(images, (early, late), strict=True):
        left, right, *_ = image.get_extent()
        assert left < time < right


def test_a_slot_shows_the_thumbnail_nearest_its_middle() -> None:
    images = panel(a_map(moment=None, steps=None), "video").images  # 16 for 10 slots of 0.8 s
    shown = [int(np.asarray(image.get_array())[0, 0, 0]) // 9 for image in images]
    assert len(shown) == 10
    middles = (np.arange(10) + 0.5) * 8 / 10
    assert np.abs((np.array(shown) + 0.5) / 2 - middles).max() <= 0.25  # two thumbnails a second


def test_close_up_shows_only_the_moment() -> None:
    figure = a_map(moment=(2.0, 4.0), steps=None)
    shown = [
        int(np.asarray(image.get_array())[0, 0, 0]) for image in panel(figure, "close-up").images
    ]
    assert shown == [9 * i for i in range(4, 8)]  # frames at 2.25, 2.75, 3.25 and 3.75 s
    assert "close-up" not in names(a_map(moment=(0.5, 7.5), steps=None))


def test_close_up_numbers_the_steps() -> None:
    badges = [text.get_text() for text in panel(a_map(), "close-up").texts]
    assert [text for text in badges if text != "moment"] == ["1", "1", "2", "2", "2", "2"]
    assert [text.get_text() for text in panel(a_map(steps=None), "close-up").texts] == ["moment"]


def test_close_up_shows_the_key_clip_where_no_moment_is_given() -> None:
    figure = a_map(moment=None, steps=None)  # the key clip covers 2–6 s
    shown = [
        int(np.asarray(image.get_array())[0, 0, 0]) for image in panel(figure, "close-up").images
    ]
    assert shown[0] == 9 * 4
    assert shown[-1] == 9 * 11
    assert [text.get_text() for text in panel(figure, "close-up").texts] == ["key clip"]
    few = timed_thumbnails([picture_of((9, 0, 0)), b"", b"", picture_of((27, 0, 0))], 8.0)
    figure = a_map(moment=None, steps=None, thumbnails=few, key_clip=1)  # 2–4 s has none
    (image,) = panel(figure, "close-up").images
    assert int(np.asarray(image.get_array())[0, 0, 0]) == 9  # at 1 s, not at 7 s
    assert "close-up" not in names(a_map(moment=None, steps=None, key_clip=9))


def test_close_up_is_no_wider_than_its_frames_and_stands_where_they_lie() -> None:
    one = timed_thumbnails([b""] * 15 + [picture_of((9, 0, 0))], 8.0)
    figure = a_map(moment=(7.2, 8.0), steps=None, thumbnails=one)
    box = panel(figure, "close-up").get_window_extent()
    assert box.width == pytest.approx(box.height)
    assert box.x1 == pytest.approx(panel(figure, "video").get_window_extent().x1)
    assert_readable(figure)


def test_maps_share_limits_and_height_if_told() -> None:
    assert part(panel(a_map(), "map"), "clips").get_clim() == (0.0, 0.9)
    assert part(panel(a_map(limits=(-1.0, 0.5)), "map"), "clips").get_clim() == (-1.0, 0.5)
    for changes in (
        {},
        {"moment": None, "steps": None},
        {"thumbnails": None},
        {"query": "a " * 99},
    ):
        assert a_map(height=7.0, **changes).get_figheight() == pytest.approx(7.0)
    assert a_map(height=1.0).get_figheight() > 3


def test_scores_beyond_the_limits_show_at_the_ends_of_the_scale() -> None:
    for limits, ends in ((None, "neither"), ((-1.0, 0.5), "max"), ((0.1, 0.9), "min")):
        grid = part(panel(a_map(limits=limits), "map"), "clips")
        assert grid.colorbar.extend == ends


def test_map_takes_tensors_and_unscored_clips() -> None:
    score = torch.full((10,), NAN, dtype=torch.bfloat16, requires_grad=True)
    with torch.no_grad():
        score[5] = 0.5
    figure = a_map(clip_score=score, medoids=torch.tensor([5]), frame_attention=torch.ones(3))
    assert "score 0.50" in alt_text(figure)


def test_map_counts_units_where_the_duration_is_unknown() -> None:
    figure = a_map(duration=NAN, moment=None, steps=None)
    assert panel(figure, "map").get_xlim() == (0, 4)
    assert part(panel(figure, "map"), "key clip").get_xydata().tolist() == [[2.0, 2.0]]
    assert "units 1–3" in alt_text(figure)
    assert panel(figure, "attention").get_xlabel() == "unit"


def test_map_needs_nothing_but_scores() -> None:
    bare = {"steps": None, "key_clip": None, "medoids": None, "frame_attention": None}
    figure = a_map(clip_score=[0.3], moment=(NAN, NAN), thumbnails=[], **bare)
    assert "map" in names(figure)
    assert not {"spans", "video", "attention"} & set(names(figure))
    assert_readable(figure)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip_score": np.zeros(11)}, r"clip_score has 11 values.*n\(n\+1\)/2"),
        ({"clip_score": np.full(10, NAN)}, "at least one number"),
        ({"clip_score": np.zeros((2, 5))}, r"clip_score must have 1 axis.*\[2, 5\]"),
        ({"clip_score": ["high"]}, "clip_score must be numbers"),
        ({"duration": 0.0}, "duration must be finite and above 0"),
        ({"duration": NAN}, "moment is in seconds, but the video's duration is unknown"),
        ({"moment": (6.0, 2.0)}, "moment .* is reversed or outside"),
        ({"moment": (1.0, 20.0)}, "moment .* is reversed or outside"),
        ({"moment": (1.0, 2.0, 3.0)}, r"moment must be \[start, end\]"),
        ({"steps": [(3.0, 30.0)]}, "steps .* is reversed or outside"),
        ({"key_clip": 10}, "key_clip must be .* at most 9, but holds 10"),
        ({"medoids": [0, -1]}, "medoids must be finite and at least 0"),
        ({"frame_attention": [0.5, NAN]}, "frame_attention must be finite"),
        ({"thumbnails": [(1.0, b"no image")]}, "thumbnail at 1 s is not a picture"),
    ],
)
def test_map_says_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_map(**changes)
