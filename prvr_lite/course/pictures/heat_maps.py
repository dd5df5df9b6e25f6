"""Heat maps side by side: cosines between frames, attention of heads, batches with padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page

COLORS = "cividis"  # the same for every kind of colour vision, and in grey
GAP, BAR = 0.3, 0.9  # inches between panels; for the scale on the right, about
NAMED = 16  # more rows or columns than this are numbered, not named


@page.house_style
def heat_maps(
    panels: Mapping[str, object],
    *,
    title: str,
    about: str = "",
    xlabel: str = "",
    ylabel: str = "",
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    unit: str = "",
    limits: tuple[float, float] | None = None,
    square: bool = True,
) -> page.Picture:
    """Matrices as colours, one panel each, on one scale; NaN is left blank.

    Args:
        panels: name of each panel -> [rows, columns] numbers; all of one shape.
        title, about: heading. xlabel, ylabel: of columns and rows.
        columns, rows: their names, written out where there are at most 16.
        unit: of the colours. limits: of the scale; by default from the least to the most.
        square: cells are squares; otherwise a panel is about 2.6 inches high.
    Returns:
        a Figure with axes named after the panels, and "scale".
    Raises:
        ValueError: naming the panel or the names that do not fit.
    """
    matrices = {name: page.as_array(one, repr(name), ndim=2) for name, one in panels.items()}
    shape = _shape(matrices, rows, columns)
    values = np.stack(list(matrices.values()))
    low, high = limits or (np.nanmin(values), np.nanmax(values))
    free = page.WIDTH - 0.9 - BAR - _room(rows, shape[0]) - GAP * (len(matrices) - 1)
    width = free / len(matrices)
    height = min(width * shape[0] / shape[1], 4.6) if square else 2.6
    names = 0.3 if len(matrices) > 1 else 0.08
    picture, axes = page.panels(
        page.heading(title, about),
        [list(matrices)],
        0.85 + names + height + 0.72 * _room(columns, shape[1]),
        alt=_alt(title, matrices, rows, columns, unit),
        gap=0.2,
        sharey=True,
    )
    first = next(iter(axes.values()))
    look = {"cmap": COLORS, "vmin": low, "vmax": high, "cbar": False}
    look |= {"xticklabels": _labels(columns, shape[1]), "yticklabels": _labels(rows, shape[0])}
    slanted = columns is not None and shape[1] <= NAMED
    for name, panel in axes.items():
        sns.heatmap(matrices[name], ax=panel, **look)
        panel.set_facecolor(page.RULE)
        panel.tick_params(length=0, labelrotation=0)
        for label in panel.get_xticklabels() if slanted else ():
            label.set(rotation=48, ha="right", rotation_mode="anchor")
        if len(matrices) > 1:
            short = page.wrap(name, width, 11, weight="bold", lines=1)
            panel.set_title(short, size=11, pad=5, parse_math=False)
        panel.set_xlabel(page.plain(xlabel), color=page.SOFT)
    first.set_ylabel(page.plain(ylabel), color=page.SOFT)
    mesh = first.collections[0]
    scale = page.color_scale(picture, mesh, list(axes.values()), page.plain(unit))
    scale.yaxis.set_major_locator(MaxNLocator(4, integer=bool((values % 1 == 0).all())))
    return picture


def _shape(
    matrices: Mapping[str, page.Array], rows: Sequence[str] | None, columns: Sequence[str] | None
) -> tuple[int, ...]:
    """Returns the one shape of all panels, after a check that it and the names fit."""
    page.require(matrices, "panels must hold a matrix")
    shape = next(iter(matrices.values())).shape
    for name, matrix in matrices.items():
        fits = f"{name!r} has shape {matrix.shape}, but the first panel has {shape}. To fix it: "
        page.require(matrix.shape == shape, fits + "give all panels one shape.")
        page.require(np.isfinite(matrix).any(), f"{name!r} holds no number")
    for what, given, count in (("rows", rows, shape[0]), ("columns", columns, shape[1])):
        names = count if given is None else len(given)
        fits = f"{what} holds {names} names, but the panels have {count} {what}. To fix it: "
        page.require(names == count, f"{fits}give one name for each of the {what}.")
    return shape


def _room(names: Sequence[str] | None, count: int) -> float:
    """Inches that written names take beyond what numbers take."""
    if names is None or count > NAMED:
        return 0.0
    return max(0.0, max(page.text_width(name, 10.5) for name in names) - 0.25)


def _labels(names: Sequence[str] | None, count: int) -> list[str] | int:
    """Returns the names of rows or columns if they are few; else the step of their numbers."""
    if names is not None and count <= NAMED:
        return [page.plain(name) for name in names]
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, count) if count <= 7 * step)


def _alt(
    title: str,
    matrices: Mapping[str, page.Array],
    rows: Sequence[str] | None,
    columns: Sequence[str] | None,
    unit: str,
) -> str:
    """Returns the alt text: the heading, and each panel's range and brightest cell."""
    parts = []
    for name, matrix in matrices.items():
        row, column = map(int, np.unravel_index(np.nanargmax(matrix), matrix.shape))
        where = f"row {rows[row] if rows else row}, column {columns[column] if columns else column}"
        low, high = float(np.nanmin(matrix)), float(np.nanmax(matrix))
        size = f"{matrix.shape[0]} by {matrix.shape[1]}"
        parts.append(f"{name}, {size}, from {low:.2g} to {high:.2g} {unit} (most at {where})")
    return f"Heat map: {title} {'; '.join(parts)}."
