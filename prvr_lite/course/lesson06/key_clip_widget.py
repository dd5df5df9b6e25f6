"""Lesson 6: drag through the clips of a film and see each one's attention move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prvr_lite.course.lesson06.guided_attention import guided_attention
from prvr_lite.course.slider import slider
from prvr_lite.plots import page
from prvr_lite.plots.strip import Span, Thumbnail


def clip_guide(
    weight: object,
    spans: Sequence[Span],
    *,
    duration: float,
    key: int,
    moment: Span | None = None,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "Choose a clip, and see where it looks",
) -> Any:
    """Returns a slider through the clips of a film, early ones first; it starts at the key clip.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip.
        duration, moment, thumbnails: see ``guided_attention.guided_attention``.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of four telling clips.
    Raises:
        ValueError: a key clip that is not a row of ``weight``.
    """
    values = np.asarray(weight)
    order = sorted(range(len(spans)), key=lambda i: (sum(spans[i]), spans[i][0]))

    def in_words(clip: int, mark: str = " (key)") -> str:
        start, end = spans[clip]
        return f"{start:.1f}–{end:.1f} s" + (mark if clip == key else "")

    def draw(clips: Sequence[int]) -> page.Picture:
        return guided_attention(
            values[list(clips)],
            [spans[i] for i in clips],
            duration=duration,
            names=[in_words(i, ", the key clip") for i in clips],
            moment=moment,
            thumbnails=thumbnails,
            title=title,
        )

    return slider(
        lambda clip: draw([clip]),
        values=order,
        label="clip",
        static=lambda: draw(_telling(order, spans, key)),
        start=key,
        in_words=in_words,
    )


def _telling(order: Sequence[int], spans: Sequence[Span], key: int) -> list[int]:
    """Returns clips to show: the key clip, an early one, a late one, and the longest."""
    longest = max(order, key=lambda i: spans[i][1] - spans[i][0])
    return list(dict.fromkeys([key, order[len(order) // 6], order[-len(order) // 6], longest]))
