"""Cells of an inverted file on a plane: which of them a query opens, and what it misses."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from prvr_lite.plots import page

GRID: Final = 400  # points a side at which borders are looked for
HIGH: Final = 4.4  # inches


@page.house_style
def cell_map(
    points: object,
    centre: object,
    query: object,
    *,
    probes: int = 1,
    title: str = "Only the clips of a few cells are looked at",
) -> page.Picture:
    """Draws points in the cell of their nearest centre; the ``probes`` nearest cells are open.

    Args:
        points: [N, 2]. centre: [C, 2]. query: [2]. probes: how many cells are opened.
    Returns:
        a Figure with the axes "cells"; its lines are "open", "closed" and "best", the nearest
        point of all.
    Raises:
        ValueError: not of two dimensions, or as many probes as there aren't cells.
    """
    point, middle = page.as_array(points, "points", ndim=2), page.as_array(centre, "centre", ndim=2)
    asked = page.as_array(query, "query")
    if point.shape[1] != 2 or middle.shape[1] != 2 or asked.shape != (2,):
        raise ValueError("points, centre and query must have two coordinates")
    if not 1 <= probes <= len(middle):
        raise ValueError(f"probes is {probes}: it must lie in 1..{len(middle)}")
    opened = _distance(asked[None], middle)[0].argsort()[:probes]
    inside = np.isin(_distance(point, middle).argmin(1), opened)  # [N]
    best = int(_distance(asked[None], point).argmin())
    share = f"{probes} of {len(middle)} cells, {inside.sum():,} of {len(point):,} clips"
    hit = "among them" if inside[best] else "not among them"
    about = f"star: the query; blue: what it looks at, {share}; ring: the nearest clip, {hit}"
    alt = f"Clips on a plane in {len(middle)} cells. The query opens {share}; the best is {hit}."
    head = page.heading(title, about)
    picture = page.new_picture(page.WIDTH, head.height + HIGH + 0.4, alt=alt)
    head.draw(picture)
    top = head.height + 0.2
    axes = page.stack(picture, {"cells": HIGH}, top=top, left=0.22, right=0.22, gap=0.0)["cells"]
    low, high = np.quantile(point, 0.001, axis=0), np.quantile(point, 0.999, axis=0)
    low, high = np.minimum(low, asked), np.maximum(high, asked)
    margin = 0.05 * (high - low)
    axes.set(xlim=(low[0] - margin[0], high[0] + margin[0]), xticks=[], yticks=[])
    axes.set(ylim=(low[1] - margin[1], high[1] + margin[1]))
    crisp: dict[str, Any] = {"ls": "", "marker": "s", "ms": 2, "mew": 0, "antialiased": False}
    axes.plot(*point[~inside].T, color="#C3C8D1", label="closed", **crisp)
    axes.plot(*point[inside].T, color=page.BLUE, label="open", **crisp)
    x, y = np.linspace(*axes.get_xlim(), GRID), np.linspace(*axes.get_ylim(), GRID)
    place = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    owner = _distance(place, middle).argmin(1).reshape(GRID, GRID)
    for cell in range(len(middle)):
        axes.contour(x, y, owner == cell, levels=[0.5], colors=[page.SOFT], linewidths=0.7)
    axes.plot(*middle.T, ls="", marker="P", ms=6, mfc="white", mec=page.INK, label="centres")
    axes.plot(*asked, ls="", marker="*", ms=18, color=page.VERMILION, mec="white", label="query")
    axes.plot(*point[best], ls="", marker="o", ms=13, mfc="none", mec=page.INK, mew=2, label="best")
    for spine in axes.spines.values():
        spine.set(visible=True, color=page.GREY)
    return picture


def _distance(points: page.Array, centres: page.Array) -> page.Array:
    """Returns squared distances: [A, 2], [B, 2] -> [A, B]."""
    return np.asarray(((points[:, None] - centres) ** 2).sum(-1))
