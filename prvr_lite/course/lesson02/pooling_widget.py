"""Lesson 2: how the frames of a film fall into units, for films of any length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prvr_lite.course.lesson02.pooling_windows import pooling_windows
from prvr_lite.course.slider import slider
from prvr_lite.plots import page

TOTALS = range(8, 111)  # frames of the films in the sample, and shorter ones


def pooling_slider(
    bounds: Callable[[int, int], Any],
    *,
    count: int = 32,
    totals: Sequence[int] = TOTALS,
    static: Sequence[int] = (16, 32, 41, 110),
    title: str = "Which frames become which unit?",
) -> Any:
    """Shows which frames become which unit: a slider over the number of frames, or static panels.

    Args:
        bounds: (number of frames, count) -> the count + 1 bounds; your own function, for instance.
        count: units. totals: numbers of frames that the slider steps through.
        static: numbers of frames that are drawn where no slider can be driven.
        title: of the picture.
    """

    def draw(*chosen: int) -> page.Picture:
        films = {
            f"{t} frames, {count} units": (t, list(map(int, bounds(t, count)))) for t in chosen
        }
        return pooling_windows(films, title=title)

    return slider(
        draw,
        values=list(totals),
        label="frames",
        static=lambda: draw(*static),
        start=static[0] if static[0] in totals else None,
    )
