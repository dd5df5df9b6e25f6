"""The pictures of lesson 4 show the right clips in the right places."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel, part, picture_of, words
from figure_inputs import THUMBNAILS
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from prvr_lite import load_sample
from prvr_lite.course.lesson04.clip_triangle_widget import clip_triangle, pointed_clips
from prvr_lite.course.lesson04.running_total import running_total
from prvr_lite.course.pictures.score_triangles import score_triangles
from prvr_lite.course.pictures.triangles import CELL, INSIDE, lit_clips, numbered_clips
from prvr_lite.model.clips import clip_spans
from prvr_lite.plots import alt_text
from prvr_lite.plots.strip import decode

GLOW = "#ffd98a"


def colors(figure: Figure, name: str) -> list[str]:
    return [to_hex(color) for color in part(panel(figure, name), "clips").get_facecolor()]


def test_a_lit_clip_its_units_and_what_lies_within_it() -> None:
    figure = lit_clips([9], n=5, duration=20.0, thumbnails=THUMBNAILS)  # the clip [0, 3)
    assert names(figure) == ["clip 9", "units 9", "film 9"]
    found = colors(figure, "clip 9")
    assert found[9] == GLOW
    inside = [row for row, (s, e) in enumerate(clip_spans(5).tolist()) if e <= 3 and row != 9]
    assert [row for row, color in enumerate(found) if color == INSIDE.lower()] == inside
    assert found.count(CELL.lower()) == 15 - 1 - len(inside)
    units = [to_hex(patch.get_facecolor()) for patch in panel(figure, "units 9").patches]
    assert [color == GLOW for color in units] == [True] * 3 + [False] * 2
    assert "row 9 units 0 to 2, 12.0 s" in alt_text(figure)
    assert_readable(figure)


def test_lit_clips_side_by_side_are_readable() -> None:
    figure = lit_clips([5, 137, 300, 480], duration=20.0, thumbnails=THUMBNAILS)
    assert names(figure)[:4] == ["clip 5", "clip 137", "clip 300", "clip 480"]
    assert_readable(figure)
    assert names(lit_clips([0], duration=20.0)) == ["clip 0", "units 0"]


@pytest.mark.parametrize(("row", "told"), [(0, "[0, 1)"), (9, "[0, 3)"), (11, "[2, 5)")])
def test_the_pointer_finds_the_clip_that_is_drawn_below_it(row: int, told: str) -> None:
    figure = lit_clips([row], n=5, duration=20.0, thumbnails=THUMBNAILS)
    page = ElementTree.fromstring(pointed_clips(figure, 5, 20.0))
    assert len(page.findall("g")) == 15
    group = page.findall("g")[row]
    start, end = clip_spans(5)[row].tolist()
    assert group.findtext("text") == f"row {row}: {told}, {4 * start:.1f}–{4 * end:.1f} s"
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    pixels = decode((0.0, stream.getvalue())) / 255  # [height, width, 3], as large as the page
    assert page.attrib["viewBox"] == f"0 0 {pixels.shape[1]} {100 * figure.get_figheight():.1f}"
    lit = (pixels == to_rgb(GLOW)).all(-1)  # [height, width]
    (left, y), *_, (right, _), _ = re.findall(r"(\d+),(\d+)", group.find("path").attrib["d"])
    for share in (0.05, 0.3, 0.7, 0.95):  # of the way; the tip of the tent is in the middle
        assert lit[int(y), round(int(left) + share * (int(right) - int(left)))]
    bar = {name: int(value) for name, value in group.find("rect").attrib.items()}
    units = lit[bar["y"] + bar["height"] // 2].nonzero()[0]
    assert units[0] == pytest.approx(bar["x"], abs=10)
    assert units[-1] == pytest.approx(bar["x"] + bar["width"], abs=10)


def test_numbered_clips_stand_above_the_middle_of_their_units() -> None:
    figure = numbered_clips(5)
    texts = {text.get_text(): text.get_position() for text in panel(figure, "clips").texts}
    for row, (start, end) in enumerate(clip_spans(5).tolist()):
        for label in (f"{row}", f"[{start}, {end})"):
            assert texts[label][0] == (start + end) / 2
    assert "15 clips of 5 units" in alt_text(figure)
    assert_readable(figure)


def test_the_chord_has_the_slope_of_the_mean() -> None:
    values = [1.0, 3.0, 5.0, -2.0]
    figure = running_total(values, [(1, 3), (0, 4), (3, 4)])
    lines = {line.get_label(): line.get_xydata() for line in panel(figure, "total").lines}
    np.testing.assert_allclose(lines["total"][:, 1], [0, 1, 4, 9, 7])
    chord = lines["clip [1, 3): 8.00 / 2 = 4.00"]
    np.testing.assert_allclose(chord, [(1, 1), (3, 9)])
    assert "clip [3, 4): −2.00 / 1 = −2.00" in lines
    bars = [line for line in panel(figure, "units").lines if line.get_label() == "mean"]
    means = [line.get_ydata()[0] for line in bars]
    assert means == pytest.approx([4.0, 1.75, -2.0])
    assert_readable(figure)


def test_scores_share_a_scale_and_stars_stand_on_the_best_clip() -> None:
    one, two = torch.zeros(15), torch.linspace(-1, 0.5, 15)
    one[9] = 1.0  # [0, 3)
    figure = score_triangles({"a $1 cat": (one, (0.2, 3.0)), "a dog": (two, None)}, title="two")
    assert names(figure) == ["a $1 cat", "a dog", "scale"]
    for name, top in (("a $1 cat", (1.5, 3.0)), ("a dog", (2.5, 5.0))):
        axes = panel(figure, name)
        assert part(axes, "clips").get_clim() == (-1.0, 1.0)
        assert tuple(part(axes, "key clip").get_xydata()[0]) == top
    corners = part(panel(figure, "a $1 cat"), "moment").get_xy()
    np.testing.assert_allclose(corners[:3], [(0.2, 0), (1.6, 2.8), (3.0, 0)])
    assert all(artist.get_label() != "moment" for artist in panel(figure, "a dog").patches)
    assert "most at units 0 to 2" in alt_text(figure)
    assert "a $1 cat" in [text for text, _ in words(figure)]
    assert_readable(figure)


def test_scores_of_films_have_their_thumbnails_below() -> None:
    films = {"b": [(0.5, picture_of((200, 0, 0))), (4.5, picture_of((0, 0, 200)))]}
    both = {"a": (torch.zeros(15), None), "b": (torch.ones(15), (1.0, 2.0))}
    figure = score_triangles(both, title="two", films=films)
    assert names(figure) == ["a", "b", "film b", "scale"]
    above, below = (panel(figure, name).get_window_extent() for name in ("b", "film b"))
    assert (below.x0, below.x1) == pytest.approx((above.x0, above.x1))
    assert below.y1 < above.y0
    assert len(panel(figure, "film b").images) == 2
    assert_readable(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: lit_clips([], duration=20.0), "0 clips: 1 to 4"),
        (
            lambda: lit_clips([15], n=5, duration=20.0),
            "clips of 5 units must be .* at most 14, but holds 15",
        ),
        (lambda: numbered_clips(9), "n=9: the writing fits"),
        (lambda: running_total([1.0, 2.0], [(1, 3)]), r"span \[1, 3\) does not lie within the 2"),
        (lambda: score_triangles({}, title="x"), "0 panels: 1 to 3"),
        (lambda: score_triangles({"a": ([1.0, 2.0], None)}, title="x"), "'a' has 2 values"),
        (lambda: score_triangles({"a": ([1.0], (0, 2))}, title="x"), "outside the 1 units"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_the_widget_draws_small_multiples_or_a_slider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRVR_LITE_STATIC", "1")
    with load_sample() as sample:
        figure = clip_triangle(sample, int(sample.videos_in("test")[0]))
        assert names(figure)[:3] == ["clip 5", "clip 300", "clip 480"]
        widgets = pytest.importorskip("ipywidgets")
        monkeypatch.setenv("PRVR_LITE_STATIC", "0")
        box = clip_triangle(sample, int(sample.videos_in("test")[0]))
        control, view = box.children
        assert isinstance(control, widgets.SelectionSlider)
        assert control.options[32] == ("32: [0, 2)", 32)
        before = view.value
        control.value = 40
        assert view.value != before
        assert "row 40 units 8 to 9" in view.value
        assert view.value.count("<g>") == 528
