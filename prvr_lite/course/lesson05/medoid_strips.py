"""The medoids of a film's clips as what they are: parts of the film, with a start and an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.transforms import Bbox

from prvr_lite.course import sheet
from prvr_lite.course.lesson05.clip_clusters_widget import cluster_colors, clustering
from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip

TITLE: Final = "A medoid is a real clip: it can be shown"
ABOUT: Final = "the whole film, and under it each medoid from its start to its end"
HIGH: Final = 0.4  # inches of a row


@page.night_style
def medoid_strips(
    assignment: object, medoids: object, *, duration: float, thumbnails: Sequence[Thumbnail]
) -> page.Picture:
    """Draws the film, and under it each medoid where it lies, in a frame of its cluster's colour.

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
    starts, lengths = clip_units(n)[rows].T * duration / n  # in s
    order = np.lexsort([lengths, starts])
    spans = list(zip(starts.tolist(), (starts + lengths).tolist(), strict=True))
    said = [f"{start:.1f} to {end:.1f} s" for start, end in spans]
    alt = f"{TITLE}. " + "; ".join(f"{said[c]}, for {sizes[c]} clips" for c in order) + "."
    shown = dict.fromkeys(["film", *(f"rail {place}" for place in range(len(rows)))], HIGH)
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "left": 1.35}
    picture, axes = sheet.timeline(page.heading(TITLE, ABOUT), shown, alt=alt, **film)
    page.settle(picture)
    for place, c in enumerate(order):
        rail = axes[f"rail {place}"]
        sheet.names(rail, {said[c]: 0.7, f"for {sizes[c]} clips": 0.27})
        rail.texts[-1].set_color(page.HAZE)
        inside = Bbox([(spans[c][0], 0), (spans[c][1], 1)])
        box = inside.transformed(rail.transData - picture.transFigure).bounds
        part = picture.add_axes(box, label=f"medoid {place}")
        draw_strip(part, _inside(thumbnails, spans[c]), None, spans[c])
        part.axvspan(*spans[c], fill=False, ec=colors[c], lw=3, clip_on=False, label="frame")
    return picture


def _inside(thumbnails: Sequence[Thumbnail], span: Span) -> list[Thumbnail]:
    """Returns the thumbnails of a part of the film, or the one nearest to its middle."""
    start, end = span
    middle = (start + end) / 2
    nearest = min(thumbnails, key=lambda item: abs(item[0] - middle))
    return [item for item in thumbnails if start <= item[0] < end] or [(middle, nearest[1])]
