"""Pairs of queries and films (or queries): their scores, and which of them a loss pushes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from prvr_lite.plots import page

Mask = NDArray[np.bool_]
TALLEST = 4.4  # inches of a panel

# Orange is pushed down, blue is pulled up: distinct in every kind of colour vision.
PUSHES = LinearSegmentedColormap.from_list("pushes", [page.ORANGE, "#FFFFFF", page.BLUE])


@page.house_style
def pair_maps(
    panels: Mapping[str, object],
    positive: object,
    *,
    title: str,
    about: str = "",
    unit: str = "score",
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
    import seaborn as sns

    outlined = page.as_array(positive, "positive", ndim=2) > 0
    tables = _check(panels, outlined)
    width = (page.WIDTH - 1.75) / len(tables) - 0.3
    height = min(TALLEST, max(1.6, width * outlined.shape[0] / outlined.shape[1]))
    alt, mosaic = _alt(title, tables, outlined, signed=signed), [[*tables, "scale"]]
    settings: dict[str, Any] = {"gap": 0.2, "width_ratios": [width] * len(tables) + [0.14]}
    picture, axes = page.panels(
        page.heading(title, about), mosaic, height + 1.05, alt=alt, **settings
    )
    values = np.stack(list(tables.values()))
    for i, (name, table) in enumerate(tables.items()):
        reach = float(np.abs(table if signed else values).max()) or 1.0
        low = -reach if signed else float(values.min())
        look = {"cmap": PUSHES if signed else "cividis", "vmin": low, "vmax": reach}
        sns.heatmap(table, ax=axes[name], cbar=i == 0, cbar_ax=axes["scale"], **look)
        for row, column in np.argwhere(outlined):
            frame = Rectangle((column, row), 1, 1, fill=False, label="positive")
            axes[name].add_patch(frame).set(ec=page.INK if signed else "white", lw=1.3)
        label = page.wrap(name, width, 11, weight="bold", lines=1)
        axes[name].set_title(label, size=11)
        axes[name].set_xlabel(page.plain(columns), color=page.SOFT)
        axes[name].tick_params(length=0, labelleft=i == 0, labelrotation=0)
    picture.axes[0].set_ylabel("query", color=page.SOFT)
    if signed:
        low, high = axes["scale"].get_ylim()
        axes["scale"].set_yticks([low, 0, high], ["pushed\ndown", "left\nalone", "pulled\nup"])
    else:
        axes["scale"].set_ylabel(page.plain(unit))
    return picture


def _check(panels: Mapping[str, object], outlined: Mask) -> dict[str, page.Array]:
    """Returns the panels as arrays, after a check that they are finite and fit `positive`."""
    if not panels:
        raise ValueError("panels must hold a table")
    tables = {name: page.as_array(table, repr(name), ndim=2) for name, table in panels.items()}
    for name, table in tables.items():
        if table.shape != outlined.shape:
            raise ValueError(
                f"{name!r} has shape {table.shape}, but positive has {outlined.shape}. To fix it: "
                "give both the same shape."
            )
        if not np.isfinite(table).all():
            raise ValueError(f"{name!r} must be finite")
    return tables


def _alt(title: str, tables: Mapping[str, page.Array], outlined: Mask, *, signed: bool) -> str:
    """Returns the alt text: each panel in words."""
    parts = []
    for name, table in tables.items():
        if signed:
            up, down = int((table > 1e-9).sum()), int((table < -1e-9).sum())
            parts.append(f"{name}: {up} pairs pulled up, {down} pushed down, of {table.size}")
        else:
            mean, rest = table[outlined].mean(), table[~outlined].mean()
            parts.append(f"{name}: mean {mean:.2f} of positives, {rest:.2f} of all others")
    rows, columns = outlined.shape
    return f"{title}. Tables of {rows} queries by {columns}; {'; '.join(parts)}."
