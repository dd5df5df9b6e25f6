"""Clusters of the clips of a film: the triangle of all clips in the colours of their clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.course import sheet
from prvr_lite.course.pictures.triangles import draw_cells
from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, NIGHT
from prvr_lite.plots.pyramid import clip_units, units_of

YELLOW: Final = "#F0E442"
PAINTS = [page.ORANGE, page.SKY, page.GREEN, YELLOW, page.PURPLE, page.BLUE, page.VERMILION]
Rows = NDArray[np.int64]


@page.house_style
def cluster_triangles(
    panels: Mapping[str, tuple[object, object]],
    *,
    title: str,
    about: str = "one colour: one cluster (colours repeat); dot: its medoid",
    columns: int = 3,
) -> page.Picture:
    """The clips of a film in the colours of their clusters, one triangle for each clustering.

    Args:
        panels: name -> (assignment [N] of clips to clusters 0..K-1, medoids [K] as rows).
        title, about: heading. columns: panels side by side.
    Returns:
        a Figure with one axes for each panel, labelled with its name.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    if not panels:
        raise ValueError("panels must hold a clustering")
    clusterings = {name: _clustering(name, *panel) for name, panel in panels.items()}
    mosaic = sheet.in_rows(list(clusterings), columns)
    height = len(mosaic) * (min(page.WIDTH / len(mosaic[0]) - 0.3, 3.4) + 0.36) + 0.1
    alt = _cluster_alt(title, clusterings)
    picture, axes = page.panels(
        page.heading(title, about), mosaic, height, alt=alt, dark=True, gap=0.2
    )
    for name, clustering in clusterings.items():
        axes[name].set_title(page.plain(name), size=11, color=CHALK)
        _draw(axes[name], *clustering)
    return picture


def _draw(axes: Axes, assignment: Rows, medoids: Rows) -> None:
    """One triangle: cells in colours, a dot for each medoid."""
    n = units_of(len(assignment))
    paints = _paint(n, assignment, len(medoids))
    draw_cells(axes, n, [PAINTS[paints[c]] for c in assignment], line=0.0)
    first, size = clip_units(n)[medoids].T
    height = np.where(size == 1, 0.9, size)
    look: dict[str, Any] = {"mfc": CHALK, "mec": NIGHT, "mew": 1.1, "clip_on": False}
    axes.plot(first + size / 2, height, "o", ms=5, label="medoids", **look)


def _clustering(name: str, assignment: object, medoids: object) -> tuple[Rows, Rows]:
    cluster = page.as_array(assignment, f"assignment of {name!r}").astype(np.int64)
    rows = page.as_array(medoids, f"medoids of {name!r}").astype(np.int64)
    units_of(len(cluster), f"assignment of {name!r}")
    if cluster.min() < 0 or cluster.max() >= len(rows):
        raise ValueError(f"{name!r}: clusters must be 0..{len(rows) - 1}, one for each medoid")
    if rows.min() < 0 or rows.max() >= len(cluster):
        raise ValueError(f"{name!r}: medoids must be rows 0..{len(cluster) - 1}")
    return cluster, rows


def _paint(n: int, assignment: Rows, k: int) -> list[int]:
    """Give each cluster a colour that differs from its neighbours' colours, where possible."""
    border = _borders(n, assignment, k)
    paints = np.full(k, -1)
    for cluster in np.argsort(-(border > 0).sum(1), kind="stable"):
        cost = [float(border[cluster][paints == p].sum()) for p in range(len(PAINTS))]
        used = [int((paints == p).sum()) for p in range(len(PAINTS))]
        paints[cluster] = min(range(len(PAINTS)), key=lambda p: (cost[p], used[p]))
    return [int(p) for p in paints]


def _borders(n: int, assignment: Rows, k: int) -> Rows:
    """Count the touching cells of each pair of clusters, [k, k]."""
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


def _cluster_alt(title: str, clusterings: Mapping[str, tuple[Rows, Rows]]) -> str:
    parts = []
    for name, (assignment, medoids) in clusterings.items():
        size = np.bincount(assignment, minlength=len(medoids))
        parts.append(f"{name}: {len(medoids)} clusters of {size.min()} to {size.max()} clips")
    return f"{title} {'; '.join(parts)}."
