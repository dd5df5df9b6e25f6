"""The pictures of lesson 6 show where clips look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, bars, names, panel, part, words
from figure_inputs import THUMBNAILS
from matplotlib.figure import Figure

from prvr_lite.course.lesson06.key_clip_widget import (
    attention_table,
    clip_guide,
    guided_attention,
)
from prvr_lite.course.slider import STATIC
from prvr_lite.plots import alt_text

WEIGHT = [[0.7, 0.1, 0.1, 0.1], [0.0, 0.0, 0.5, 0.5], [0.25] * 4]
SPANS = [(10.0, 15.0), (0.0, 5.0), (0.0, 20.0)]
NAMED: dict[str, Any] = {"names": ["one", "two", "three"], "duration": 20.0, "title": "Looks"}


def test_each_clip_has_its_bar_and_its_curve_on_one_scale() -> None:
    figure = guided_attention(
        WEIGHT, SPANS, moments=[(0.0, 5.0)] * 3, thumbnails=THUMBNAILS, **NAMED
    )
    assert names(figure) == ["film", "clip 0", "clip 1", "clip 2"]
    assert bars(panel(figure, "clip 1")) == {"clip": [(0, 5)]}
    curve = part(panel(figure, "clip 1"), "attention").get_xydata()
    np.testing.assert_allclose(curve, [(2.5, 0), (7.5, 0), (12.5, 5 / 7), (17.5, 5 / 7)])
    assert part(panel(figure, "clip 2"), "moment").get_x() == 0
    told = alt_text(figure)
    assert "one (10–15 s) looks most at 2 s and gives 10 % of its attention to" in told
    assert told.endswith("The true moment is 0–5 s.")
    assert figure.texts[1].get_text().endswith("; blue box: the true moment")
    unknown = guided_attention(WEIGHT, SPANS, moments=[None] * 3, **NAMED)
    assert unknown.texts[1].get_text() == "curve: each frame's weight; white bar: the clip"
    assert_readable(figure)


def test_each_row_may_have_a_moment_of_its_own() -> None:
    spans = [(0.0, 5.0), None, (12.0, 20.0)]
    figure = guided_attention(WEIGHT, SPANS, moments=spans, thumbnails=THUMBNAILS, **NAMED)
    for i, span in enumerate(spans):
        frames = [p for p in panel(figure, f"clip {i}").patches if p.get_label() == "moment"]
        assert [(f.get_x(), f.get_x() + f.get_width()) for f in frames] == [span][
            : span is not None
        ]
    assert not any(p.get_label() == "moment" for p in panel(figure, "film").patches)
    assert alt_text(figure).endswith("The true moments of the rows: 0–5 s, unknown, 12–20 s.")
    assert_readable(figure)


def test_table_is_in_order_of_time_and_marks_the_key_clip() -> None:
    figure = attention_table(WEIGHT, SPANS, duration=20.0, key=0, thumbnails=THUMBNAILS)
    axes = panel(figure, "clips")
    order = [1, 2, 0]  # by their middles
    np.testing.assert_allclose(part(axes, "attention").get_array(), np.array(WEIGHT)[order])
    lines = part(axes, "clips").get_segments()
    for row, (clip, line) in enumerate(zip(order, lines, strict=True)):
        np.testing.assert_allclose(line, [(SPANS[clip][0], row + 0.5), (SPANS[clip][1], row + 0.5)])
    star, name = part(axes, "key clip").get_xydata()[0], axes.texts[-1]
    np.testing.assert_allclose(star, (0, 2.5))
    assert axes.transAxes.transform(name.xy)[1] == pytest.approx(axes.transData.transform(star)[1])
    assert_readable(figure)


def test_many_clips_are_told_in_part() -> None:
    told = alt_text(attention_table([[1.0, 2.0]] * 12, [(0.0, 5.0)] * 12, duration=20.0, key=0))
    assert "Attention of 12 clips" in told
    assert "and 5 more" in told


def test_the_static_guide_shows_the_key_clip_first_and_the_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(STATIC, "1")
    figure = clip_guide(WEIGHT, SPANS, duration=20.0, key=0)
    texts = [text for text, _ in words(figure)]
    shown = [text.replace("\n", " ") for text in texts if "–" in text]
    assert shown[0] == "10.0–15.0 s, the key clip"
    assert "0.0–20.0 s" in shown
    assert_readable(figure)


def test_the_slider_runs_through_the_clips_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ipywidgets")
    monkeypatch.setenv(STATIC, "0")
    control, view = clip_guide(WEIGHT, SPANS, duration=20.0, key=0).children
    assert [text for text, _ in control.options] == [
        *("0.0–5.0 s", "0.0–20.0 s", "10.0–15.0 s (key)")
    ]
    assert "10–15 s" in view.value.split("looks most")[0]
    control.index = 0
    assert "0–5 s" in view.value.split("looks most")[0]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: guided_attention([[1.0]], [], moments=[], **NAMED), "1 rows for 0 spans"),
        (lambda: guided_attention([[-1.0]], [(0, 1)], moments=[None], **NAMED), "at least 0"),
        (
            lambda: guided_attention(WEIGHT, SPANS, moments=[(3, 1)] * 3, **NAMED),
            "moment .* is reversed",
        ),
        (lambda: attention_table([[0.0]], [(0, 1)], duration=5.0, key=0), "only zeros"),
        (lambda: clip_guide([[1.0]], [(0, 1)], duration=5.0, key=-1), "can't start at -1"),
    ],
)
def test_what_does_not_fit_is_said(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()
