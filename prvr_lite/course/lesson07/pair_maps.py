"""Pairs of queries and films (or queries): their scores, and which of them a loss pushes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from prvr_lite.course.pictures.heat_maps import heat_maps
from prvr_lite.plots import page

# Orange is pushed down, blue is pulled up: distinct in every kind of colour vision.
PUSHES = LinearSegmentedColormap.from_list("pushes", [page.ORANGE, "#FFFFFF", page.BLUE])


@page.house_style
def pair_maps(
    panels: Mapping[str, object],
    positive: object,
    *,
    title: str,
    about: str,
    unit: str = "",
    columns: str = "film",
    signed: bool = False,
) -> page.Picture:
    """Draws a table per panel: a row per query, a column per film (or query), positives outlined.

    Args:
        panels: name -> [Q, C] numbers, all of one shape; each panel has its own scale if `signed`.
        positive: [Q, C] true where the pair belongs together.
        title, about: heading. unit: of the numbers. columns: what a column is.
        signed: white is 0, blue above (pulled together), orange below (pushed apart).
    Returns:
        a Figure with axes named after the panels, and "scale".
    Raises:
        ValueError: naming the panel that does not fit.
    """
    own = np.array(positive, bool)
    tables = {n: page.finite(t, repr(n), ndim=2, shape=own.shape) for n, t in panels.items()}
    shares = {name: table / (np.abs(table).max() or 1.0) for name, table in tables.items()}
    names: dict[str, Any] = {"title": title, "about": about, "xlabel": columns, "ylabel": "query"}
    limits = (-1, 1) if signed else None
    picture = heat_maps(shares if signed else tables, unit=unit, limits=limits, **names)
    parts = []
    for (name, table), axes in zip(tables.items(), picture.axes, strict=False):
        axes.set_title(page.wrap(name, 6 / len(tables), 11, weight="bold", lines=1), size=11)
        if signed:
            axes.collections[0].set_cmap(PUSHES)
            up, down = (table > 1e-9).sum(), (table < -1e-9).sum()
            parts.append(f"{name}: {up} pairs pulled up, {down} pushed down, of {table.size}")
        else:
            mean, rest = table[own].mean(), table[~own].mean()
            parts.append(f"{name}: mean {mean:.2f} of positives, {rest:.2f} of all others")
        for row, column in np.argwhere(own):
            frame = Rectangle((column, row), 1, 1, fill=False, label="positive")
            axes.add_patch(frame).set(ec=page.INK if signed else "white", lw=1.3)
    if signed:  # a new colour map sets the scale's ticks anew
        picture.axes[-1].set_yticks([-1, 0, 1], ["pushed\ndown", "left\nalone", "pulled\nup"])
    rows, width = own.shape
    picture.set_label(f"{title}. Tables of {rows} queries by {width}; {'; '.join(parts)}.")
    return picture
