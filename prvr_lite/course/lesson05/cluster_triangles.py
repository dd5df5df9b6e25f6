"""Clusters of the clips of a film: the triangle of all clips in the colours of their clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.course.pictures.triangles import GAP, draw_cells, name_panel, panel
from prvr_lite.plots.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH,
    Picture,
    as_array,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import EDGE, heading
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import CHALK, HAZE, NIGHT

PAINTS: Final = (ORANGE, SKY, GREEN, "#F0E442", PURPLE, BLUE, VERMILION)
Rows = NDArray[np.int64]


@house_style
def cluster_triangles(
    panels: Mapping[str, tuple[object, object]],
    *,
    title: str,
    about: str = "one colour: one cluster (colours repeat); dot: its medoid",
    columns: int = 3,
) -> Picture:
    """The clips of a film in the colours of their clusters, one triangle for each clustering.

    Args:
        panels: name -> (assignment [N] of clips to clusters 0..K-1, medoids [K] as rows).
        title, about: heading. columns: panels side by side.
    Returns:
        a Figure with one axes a panel, labelled with its name.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    if not panels:
        raise ValueError("panels must hold a clustering")
    found = {name: _clustering(name, *panel) for name, panel in panels.items()}
    across = min(columns, len(found))
    down = -(-len(found) // across)
    head = heading(title, about)
    width = (WIDTH - 2 * EDGE - GAP * (across - 1)) / across
    high = min(width, 3.4)
    page = head.height + 0.1 + down * (high + 0.4) + 0.1
    picture = new_picture(WIDTH, page, alt=_cluster_alt(title, found), facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    for i, (name, (assignment, medoids)) in enumerate(found.items()):
        left = EDGE + i % across * (width + GAP)
        top = page - head.height - 0.1 - i // across * (high + 0.4) - 0.3
        name_panel(picture, left, top, name)
        _draw(panel(picture, (left, top - high, width, high), name), assignment, medoids)
    return picture


def _draw(axes: Axes, assignment: Rows, medoids: Rows) -> None:
    """One triangle: cells in colours, a dot for each medoid."""
    n = units_of(len(assignment))
    paints = _paint(n, assignment, len(medoids))
    draw_cells(axes, n, [PAINTS[paints[c]] for c in assignment], line=0.0)
    first, size = clip_units(n)[medoids].T
    axes.plot(
        first + size / 2,
        np.where(size == 1, 0.9, size),
        "o",
        ms=5,
        mfc=CHALK,
        mec=NIGHT,
        mew=1.1,
        label="medoids",
        clip_on=False,
    )


def _clustering(name: str, assignment: object, medoids: object) -> tuple[Rows, Rows]:
    cluster = as_array(assignment, f"assignment of {name!r}").astype(np.int64)
    rows = as_array(medoids, f"medoids of {name!r}").astype(np.int64)
    units_of(len(cluster), f"assignment of {name!r}")
    if cluster.min() < 0 or cluster.max() >= len(rows):
        raise ValueError(f"{name!r}: clusters must be 0..{len(rows) - 1}, one for each medoid")
    if rows.min() < 0 or rows.max() >= len(cluster):
        raise ValueError(f"{name!r}: medoids must be rows 0..{len(cluster) - 1}")
    return cluster, rows


def _paint(n: int, assignment: Rows, k: int) -> list[int]:
    """A colour for each cluster, other than those of the clusters beside it where that can be."""
    border = _borders(n, assignment, k)
    paints = np.full(k, -1)
    for cluster in np.argsort(-(border > 0).sum(1), kind="stable"):
        cost = [float(border[cluster][paints == p].sum()) for p in range(len(PAINTS))]
        used = [int((paints == p).sum()) for p in range(len(PAINTS))]
        paints[cluster] = min(range(len(PAINTS)), key=lambda p: (cost[p], used[p]))
    return [int(p) for p in paints]


def _borders(n: int, assignment: Rows, k: int) -> Rows:
    """How many cells of each two clusters touch, [k, k]."""
    place = {(int(s), int(size)): i for i, (s, size) in enumerate(clip_units(n))}
    border = np.zeros((k, k), dtype=np.int64)
    for (start, size), i in place.items():
        for near in ((start, size + 1), (start - 1, size + 1), (start + 1, size)):
            if near in place:
                a, b = assignment[i], assignment[place[near]]
                border[a, b] += 1
                border[b, a] += 1
    np.fill_diagonal(border, 0)
    return border


def _cluster_alt(title: str, found: Mapping[str, tuple[Rows, Rows]]) -> str:
    parts = []
    for name, (assignment, medoids) in found.items():
        size = np.bincount(assignment, minlength=len(medoids))
        parts.append(f"{name}: {len(medoids)} clusters of {size.min()} to {size.max()} clips")
    return f"{title} {'; '.join(parts)}."
