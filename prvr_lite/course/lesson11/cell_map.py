"""Cells of an inverted file on a plane: which of them a query opens, and what it misses."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from prvr_lite.plots import page

GRID: Final = 400  # points a side at which borders are looked for


@page.house_style
def cell_map(points: object, centre: object, query: object, *, probes: int) -> page.Picture:
    """Draws points in the cell of their nearest centre; the ``probes`` nearest cells are open.

    Args:
        points: [N, 2]. centre: [C, 2]. query: [2]. probes: how many cells are opened.
    Returns:
        a Figure with the axes "cells"; its lines are "open", "closed" and "best", the nearest
        point of all.
    Raises:
        ValueError: not of two dimensions, or as many probes as there aren't cells.
    """
    point, middle = page.finite(points, "points", ndim=2), page.finite(centre, "centre", ndim=2)
    asked, cells = page.finite(query, "query", shape=(2,)), len(middle)
    page.finite(probes, "probes", ndim=0, low=1, high=cells)
    opened = _distance(asked[None], middle)[0].argsort()[:probes]
    inside = np.isin(_distance(point, middle).argmin(1), opened)  # [N]
    best = int(_distance(asked[None], point).argmin())
    share = f"{probes} of {cells} cells, {inside.sum():,} of {len(point):,} clips"
    hit, seen = ("among them", "found") if inside[best] else ("not among them", "missed")
    title = "Only the clips of a few cells are looked at"
    about = f"star: query; ring: nearest clip ({seen}); blue: {share}"
    alt = f"Clips on a plane in {cells} cells. The query opens {share}; the best is {hit}."
    picture, panels = page.panels(page.heading(title, about), [["cells"]], 4.6, alt=alt)
    axes = panels["cells"]
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=page.GREY)
    dots: dict[str, Any] = {"ls": "", "marker": "s", "ms": 2, "mew": 0, "antialiased": False}
    axes.plot(*point[~inside].T, color="#C3C8D1", label="closed", **dots)
    axes.plot(*point[inside].T, color=page.BLUE, label="open", **dots)
    axes.plot(*middle.T, "P", ms=6, mfc="white", mec=page.INK, label="centres")
    axes.plot(*point[best], "o", ms=20, mfc="none", mec=page.INK, mew=1.4, label="best")
    axes.plot(*asked, "*", ms=14, color=page.VERMILION, mec="white", zorder=3, label="query")
    x, y = (np.linspace(*limits, GRID) for limits in (axes.get_xlim(), axes.get_ylim()))
    owner = _distance(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2), middle).argmin(1)
    ground = np.isin(owner, opened).reshape(GRID, GRID)
    axes.contourf(x, y, ground, levels=[0.5, 1.5], colors=["#D9EAF5"], zorder=0)
    for cell in range(cells):
        border = (owner == cell).reshape(GRID, GRID)
        axes.contour(x, y, border, levels=[0.5], colors=[page.SOFT], linewidths=0.7, zorder=2)
    return picture


def _distance(points: page.Array, centres: page.Array) -> page.Array:
    """Returns squared distances: [A, 2], [B, 2] -> [A, B]."""
    return np.asarray(((points[:, None] - centres) ** 2).sum(-1))
