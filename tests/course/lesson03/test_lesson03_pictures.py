"""Lesson 3's picture and slider: lines from a frame to the frames that it attends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from figure_checks import assert_readable, names, panel

from prvr_lite.course.lesson03 import attention_widget
from prvr_lite.course.lesson03.attention_widget import attention_lines, attention_slider
from prvr_lite.plots import Picture, alt_text

DEEDS = ["sing", "jump", "sleep", "eat"]
BACK = np.eye(4, k=-1)  # each frame looks one step back
EVEN = np.full((4, 4), 0.25)


def test_a_line_goes_to_each_frame_as_wide_as_its_weight() -> None:
    figure = attention_lines([BACK, EVEN], DEEDS, [2, 3], title="Where?")
    assert names(figure) == ["frame 2", "frame 3"]
    first = [line for line in panel(figure, "frame 2").lines if line.get_label() == "head 0"]
    second = [line for line in panel(figure, "frame 2").lines if line.get_label() == "head 1"]
    assert [line.get_linewidth() for line in first] == [0, 9, 0, 0]
    assert {line.get_linewidth() for line in second} == {9 / 4}
    shift = first[0].get_xdata()[0] - 2
    assert [line.get_xdata() for line in first] == [
        pytest.approx([2 + shift, other + shift]) for other in range(4)
    ]
    assert first[0].get_color() != second[0].get_color()
    assert "frame 2 (sleep) looks most at frame 1 (jump, 100%, head 0)" in alt_text(figure)


def test_lines_are_readable() -> None:
    weight = np.full((10, 10), 0.1)
    assert_readable(attention_lines([weight] * 3, ["$5 dance"] * 10, [0, 5, 9], title="Where?"))


def test_a_weight_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"head 1 has shape \[3, 4\], but must have \[4, 4\]"):
        attention_lines([EVEN, EVEN[:3]], DEEDS, [0], title="Where?")


def test_the_slider_steps_from_frame_to_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Static: one panel a frame. Driven: one frame at a time, every picture of one size."""
    monkeypatch.setenv("PRVR_LITE_STATIC", "1")
    settings: dict[str, Any] = {"static": (1, 3), "title": "Where?"}
    assert names(attention_slider([BACK], DEEDS, **settings)) == ["frame 1", "frame 3"]
    drawn: list[Picture] = []

    def drive(draw, *, values, **_):  # type: ignore[no-untyped-def]
        drawn.extend(draw(value) for value in values)

    monkeypatch.setattr(attention_widget, "slider", drive)
    attention_slider([BACK], DEEDS, **settings)
    assert [names(figure) for figure in drawn] == [[f"frame {i}"] for i in range(4)]
    assert len({tuple(figure.get_size_inches()) for figure in drawn}) == 1
