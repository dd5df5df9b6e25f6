"""The medoids of a film's clips as what they are: parts of the film, with a start and an end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from prvr_lite.course import sheet
from prvr_lite.course.lesson05.cluster_triangles import cluster_colors, clustering
from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip

HIGH = 0.4  # inches of a row


@page.night_style
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
        assignment: [N] of clips to clusters 0..K-1. medoids: [K] as rows, about 12 at most.
        duration: of the film in s. thumbnails: (time in s, image bytes), at least one.
    Returns:
        a Figure with the axes "film", and "rail 0" and "medoid 0", …, by where they begin.
    Raises:
        ValueError: rows that are not clips.
    """
    colors, (clusters, rows) = cluster_colors(assignment, medoids), clustering(assignment, medoids)
    n, sizes = units_of(len(clusters)), np.bincount(clusters)
    lengths = clip_units(n)[rows] * duration / n  # start and length in s
    order = np.lexsort(lengths.T[::-1])
    spans = [(float(start), float(start + length)) for start, length in lengths]
    said = [f"{start:.1f} to {end:.1f} s" for start, end in spans]
    alt = f"{title}. " + "; ".join(f"{said[c]}, for {sizes[c]} clips" for c in order) + "."
    head = page.heading(title, "the whole film, and under it each medoid from its start to its end")
    shown = dict.fromkeys(["film", *(f"rail {place}" for place in range(len(rows)))], HIGH)
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails}
    picture, axes = sheet.timeline(head, shown, alt=alt, left=1.35, **film)
    page.settle(picture)
    for place, c in enumerate(order):
        rail = axes[f"rail {place}"]
        sheet.names(rail, {said[c]: 0.7, f"for {sizes[c]} clips": 0.27})
        rail.texts[-1].set_color(page.HAZE)
        _draw(picture, rail, thumbnails, spans[c], f"medoid {place}", colors[c])
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
    box, (start, end), (_, whole) = rail.get_position(), span, rail.get_xlim()
    left, wide = box.x0 + box.width * start / whole, box.width * (end - start) / whole
    axes = picture.add_axes((left, box.y0, wide, box.height), label=name)
    middle = (start + end) / 2
    inside = [item for item in thumbnails if start <= item[0] < end]
    inside = inside or [(middle, min(thumbnails, key=lambda item: abs(item[0] - middle))[1])]
    slots = math.ceil(axes.bbox.width / axes.bbox.height - 0.15)
    draw_strip(axes, inside, max(1, min(len(inside), slots)), span)
    look: dict[str, Any] = {"fill": False, "ec": color, "lw": 3.0, "clip_on": False}
    axes.add_patch(Rectangle((start, 0), end - start, 1, label="frame", zorder=5, **look))
