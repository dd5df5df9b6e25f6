"""Lesson 4: step through all clips of a film, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prvr_lite.data.features import Dataset
from prvr_lite.model.clips import clip_spans
from prvr_lite.plots.canvas import Picture
from prvr_lite.plots.strip import timed_thumbnails
from prvr_lite.plots.triangles import lit_clips
from prvr_lite.widgets.core import slider


def clip_triangle(
    dataset: Dataset,
    video: int,
    *,
    n: int = 32,
    static: Sequence[int] = (5, 300, 480),
    start: int = 137,
    title: str = "Every clip is a place in the triangle",
) -> Any:
    """A slider over the rows of all clips: the chosen one, its units and its thumbnails are lit.

    Args:
        dataset: an open feature file. video: row of the film that is shown.
        n: units. static: up to four rows that are drawn where no slider can be driven.
        start: the row that the slider begins with. title: of the picture.
    Returns:
        an ipywidgets box, or a ``Picture``.
    Raises:
        ValueError: a row that does not exist.
    """
    duration = float(dataset.duration[video])
    thumbnails = timed_thumbnails(dataset.thumbnails(video), duration)
    spans = clip_spans(n)

    def draw(*rows: int) -> Picture:
        return lit_clips(rows, n=n, duration=duration, thumbnails=thumbnails, title=title)

    def told(row: int) -> str:
        first, end = map(int, spans[row])
        return f"{row}: [{first}, {end})"

    return slider(
        draw,
        values=range(len(spans)),
        label="row of the clip",
        static=lambda: draw(*static),
        start=start,
        told=told,
    )
