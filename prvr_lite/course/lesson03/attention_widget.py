"""Lesson 3: where a chosen frame of a film looks, head by head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prvr_lite.course.lesson03.attention_lines import attention_lines
from prvr_lite.course.slider import slider


def attention_slider(
    weight: Sequence[object],
    names: Sequence[str],
    *,
    static: Sequence[int] = (0, 1, 2),
    title: str = "Where does a frame look?",
) -> Any:
    """Returns a slider over the frame that looks; without one, a panel for each of a few frames.

    Args:
        weight: one [L, L] matrix a head. names: what each of the L frames shows.
        static: frames that are drawn where no slider can be driven. title: of the picture.
    """
    return slider(
        lambda frame: attention_lines(weight, names, [frame], title=title),
        values=range(len(names)),
        label="frame",
        static=lambda: attention_lines(weight, names, static, title=title),
    )
