"""k-medoids at work: points in a plane, medoids, and which point belongs to which."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.plots.canvas import (
    CYCLE,
    INK,
    RULE,
    SOFT,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import EDGE, heading

MARKS = "osD^vP"
GAP = 0.2  # inches


@house_style
def cluster_rounds(
    points: object,
    panels: Mapping[str, tuple[object, object | None]],
    *,
    title: str,
    about: str = "large: medoid, with its number; thin: to the medoid it belongs to",
    columns: int = 3,
) -> Picture:
    """Points in a plane as one panel after the other finds their clusters.

    Args:
        points: [N, 2].
        panels: name -> (medoids [k] as rows, assignment [N] to 0..k-1, or None: not yet assigned).
        title, about: heading. columns: panels side by side.
    Returns:
        a Figure with one axes a panel, labelled with its name.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    places = as_array(points, "points", ndim=2)
    if places.shape[1] != 2:
        raise ValueError(f"points must be [N, 2], but are {list(places.shape)}")
    found = {name: _check(name, len(places), *panel) for name, panel in panels.items()}
    if not found:
        raise ValueError("panels must hold a step")
    across = min(columns, len(found))
    down = -(-len(found) // across)
    head = heading(title, about)
    width = (WIDTH - 2 * EDGE - GAP * (across - 1)) / across
    high = 0.86 * width
    page = head.height + 0.1 + down * (high + 0.42)
    told = "; ".join(f"{name}: medoids {m.tolist()}" for name, (m, _) in found.items())
    picture = new_picture(WIDTH, page, alt=f"{title} {len(places)} points. {told}.")
    head.draw(picture)
    for i, (name, (medoids, assignment)) in enumerate(found.items()):
        left = EDGE + i % across * (width + GAP)
        foot = page - head.height - 0.1 - (i // across + 1) * (high + 0.42) + 0.1
        box = (left / WIDTH, foot / page, width / WIDTH, high / page)
        axes = picture.add_axes(box, label=name)
        axes.set_title(name, size=11, pad=4)
        _draw(axes, places, medoids, assignment)
    return picture


def _check(
    name: str, count: int, medoids: object, assignment: object | None
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    rows = as_array(medoids, f"medoids of {name!r}").astype(np.int64)
    if rows.min() < 0 or rows.max() >= count:
        raise ValueError(f"{name!r}: medoids must be rows 0..{count - 1}")
    if assignment is None:
        return rows, None
    cluster = as_array(assignment, f"assignment of {name!r}").astype(np.int64)
    if len(cluster) != count or cluster.min() < 0 or cluster.max() >= len(rows):
        raise ValueError(f"{name!r}: assignment must be {count} numbers 0..{len(rows) - 1}")
    return rows, cluster


def _draw(
    axes: Axes, places: Array, medoids: NDArray[np.int64], assignment: NDArray[np.int64] | None
) -> None:
    """Points in the colour and shape of their cluster, medoids large."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=RULE)
    axes.margins(0.18)
    axes.set_aspect("equal", adjustable="datalim")
    if assignment is None:
        axes.plot(*places.T, "o", ms=5, color=SOFT, alpha=0.6, label="points")
    else:
        for cluster, medoid in enumerate(medoids):
            color, mark = CYCLE[cluster % len(CYCLE)], MARKS[cluster % len(MARKS)]
            own = places[assignment == cluster]
            for place in own:
                axes.plot(*np.stack([place, places[medoid]]).T, color=color, lw=0.8, alpha=0.5)
            axes.plot(*own.T, mark, ms=5.5, color=color, label=f"cluster {cluster}")
    for cluster, medoid in enumerate(medoids):
        color = CYCLE[cluster % len(CYCLE)]
        axes.plot(*places[medoid], "o", ms=16, mfc=color, mec=INK, mew=1.6, label="medoid")
        axes.annotate(
            f"{cluster}",
            places[medoid],
            ha="center",
            va="center",
            color="white",
            size=10.5,
            weight="bold",
        )
