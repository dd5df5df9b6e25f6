"""The medoids of a film's clips as what they are: parts of the film, with a start and an end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from prvr_lite.course import sheet
from prvr_lite.course.lesson05.cluster_triangles import cluster_colors
from prvr_lite.course.pictures.triangles import panel
from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, HAZE, RAIL
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import Span, Thumbnail, dark_page, draw_strip, strip_slots

LEFT, GAP, FOOT, STRIP = 1.55, 0.1, 0.5, 0.38  # inches


@page.house_style
def medoid_strips(
    assignment: object,
    medoids: object,
    *,
    duration: float,
    thumbnails: Sequence[Thumbnail],
    title: str = "A medoid is a real clip: it can be shown",
) -> page.Picture:
    """The film, and under it each medoid where it lies, framed in the triangle's colours.

    Args:
        assignment: [N] of clips to clusters 0..K-1. medoids: [K] as rows, 12 at most.
        duration: of the film in s. thumbnails: (time in s, image bytes).
    Returns:
        a Figure with the axes "film", and "rail 0" and "medoid 0", …, by where they begin.
    Raises:
        ValueError: no thumbnails, too many medoids, or rows that are not clips.
    """
    colors = cluster_colors(assignment, medoids)
    rows = page.as_array(medoids, "medoids").astype(np.int64)
    if not thumbnails or len(rows) > 12:
        raise ValueError(f"{len(rows)} medoids, {len(thumbnails)} thumbnails: 1 to 12, and some")
    n = units_of(len(page.as_array(assignment, "assignment")), "assignment")
    size = np.bincount(page.as_array(assignment, "assignment").astype(np.int64))
    order = sorted(range(len(rows)), key=lambda c: tuple(clip_units(n)[rows[c]]))
    width = page.WIDTH - LEFT - page.EDGE
    slots, high = strip_slots(thumbnails, width, STRIP)
    head = page.heading(title, "the whole film, and under it each medoid from its start to its end")
    tall = head.height + 0.1 + (1 + len(rows)) * (high + GAP) + FOOT
    spans = {c: clip_units(n)[rows[c]] * duration / n for c in order}
    said = {c: f"{s[0]:.1f} to {s[0] + s[1]:.1f} s" for c, s in spans.items()}
    alt = f"{title}. " + "; ".join(f"{said[c]}, for {size[c]} clips" for c in order) + "."
    picture = dark_page(head, tall, alt=alt)
    top = tall - head.height - 0.1 - high
    film = panel(picture, (LEFT, top, width, high), "film")
    draw_strip(film, thumbnails, slots, (0, duration))
    _name(film, {0.5: ("the film", HAZE)})
    for place, c in enumerate(order):
        top -= high + GAP
        axes = panel(picture, (LEFT, top, width, high), f"rail {place}")
        axes.set(xlim=(0, duration), ylim=(0, 1), facecolor=RAIL, xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        _name(axes, {0.7: (said[c], CHALK), 0.27: (f"for {size[c]} clips", HAZE)})
        start, end = float(spans[c][0]), float(spans[c].sum())
        _draw(picture, axes, thumbnails, (start, end), f"medoid {place}", colors[c])
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    sheet.time_axis(axes)
    return picture


def _draw(
    picture: page.Picture,
    rail: Axes,
    thumbnails: Sequence[Thumbnail],
    span: Span,
    name: str,
    color: str,
) -> None:
    """The thumbnails of a part of the film, where this part lies, in a frame."""
    box, (_, whole) = rail.get_position(), rail.get_xlim()
    left, right = (box.x0 + box.width * time / whole for time in span)
    axes = picture.add_axes((left, box.y0, right - left, box.height), label=name)
    middle = sum(span) / 2
    inside = [item for item in thumbnails if span[0] <= item[0] < span[1]]
    inside = inside or [(middle, min(thumbnails, key=lambda item: abs(item[0] - middle))[1])]
    width, height = axes.bbox.size
    draw_strip(axes, inside, max(1, min(len(inside), math.ceil(width / height - 0.15))), span)
    look: dict[str, Any] = {"fill": False, "ec": color, "lw": 3.0, "clip_on": False}
    axes.add_patch(Rectangle((span[0], 0), span[1] - span[0], 1, label="frame", zorder=5, **look))


def _name(axes: Axes, words: Mapping[float, tuple[str, str]]) -> None:
    """Words beside a row, each at a share of its height and in a colour."""
    for y, (text, color) in words.items():
        written = page.write(axes, text, (0, y), (-8, 0), at="axes fraction", color=color)
        written.set(ha="right", va="center", size=10.5)
