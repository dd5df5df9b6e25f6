"""Lesson 6: drag through the clips of a film and see each one's attention move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prvr_lite.course.lesson06.guided_attention import guided_attention, in_time
from prvr_lite.course.slider import slider
from prvr_lite.plots import page
from prvr_lite.plots.strip import Span


def clip_guide(
    weight: object, spans: Sequence[Span], *, key: int, moment: Span | None = None, **film: Any
) -> Any:
    """Returns a slider through the clips of a film, early ones first; it starts at the key clip.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip. moment: the true [start, end] in s.
        film: its duration in s and its thumbnails, see ``guided_attention.guided_attention``.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of four telling clips.
    Raises:
        ValueError: a key clip that is not a row of ``weight``.
    """
    order, values = in_time(spans), np.asarray(weight)
    seconds = [f"{start:.1f}–{end:.1f} s" for start, end in spans]
    named = {**dict(enumerate(seconds)), key: f"{seconds[key]}, the key clip"}

    def draw(*clips: int) -> page.Picture:
        return guided_attention(
            values[list(clips)],
            [spans[clip] for clip in clips],
            names=[named[clip] for clip in clips],
            moments=[moment] * len(clips),
            title="Choose a clip, and see where it looks",
            **film,
        )

    return slider(
        draw,
        values=order,
        label="clip",
        static=lambda: draw(*_telling(order, spans, key)),
        start=key,
        in_words=lambda clip: seconds[clip] + (" (key)" if clip == key else ""),
    )


def _telling(order: Sequence[int], spans: Sequence[Span], key: int) -> list[int]:
    """Returns clips to show: the key clip, an early one, a late one, and the longest."""
    longest = max(order, key=lambda i: spans[i][1] - spans[i][0])
    return list(dict.fromkeys([key, order[len(order) // 6], order[-len(order) // 6], longest]))
