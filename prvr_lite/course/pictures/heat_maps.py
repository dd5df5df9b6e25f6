"""Heat maps side by side: cosines between frames, attention of heads, batches with padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import beyond

COLORS = "cividis"  # the same for every kind of colour vision, and in grey
GAP, BAR = 0.3, 0.9  # inches between panels; for the scale on the right, about
NAMED = 16  # more rows or columns than this are numbered, not named
WRITTEN, SIZE = 60, 10.0  # cells of a panel whose numbers are written out, in points


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
    """Draws matrices as colours, one panel each, on one scale; NaN is left blank.

    Where cells are few, wide and high enough, each holds its number. The scale has a pointed end
    where numbers lie beyond its limits.

    Args:
        panels: name of each panel -> [rows, columns] numbers; all of one shape.
        title, about: heading. xlabel, ylabel: of columns and rows.
        columns, rows: their names, written out where there are at most 16.
        unit: of the colours; without it no number is written.
        limits: of the scale; by default from the least to the most.
        square: cells are squares; otherwise a panel is about 2.6 inches high.
    Returns:
        a Figure with axes named after the panels, and "scale".
    Raises:
        ValueError: naming the panel or the names that do not fit.
    """
    matrices = _matrices(panels)
    shape = next(iter(matrices.values())).shape
    down, across = _labels(rows, "rows", shape[0]), _labels(columns, "columns", shape[1])
    values = np.stack(list(matrices.values()))
    ends = np.nanmin(values), np.nanmax(values)
    low, high = limits or ends
    width = (page.WIDTH - 0.9 - BAR - _room(down) - GAP * (len(matrices) - 1)) / len(matrices)
    height = min(width * shape[0] / shape[1], 4.6) if square else 2.6
    free = (1.15 if len(matrices) > 1 else 0.93) + 0.72 * _room(across)
    names = rows or range(shape[0]), columns or range(shape[1])
    alt, head = _alt(title, matrices, *names, unit), page.heading(title, about)
    tall, mosaic = height + free, [list(matrices)]
    picture, axes = page.panels(head, mosaic, tall, alt=alt, gap=0.2, sharey=True)
    whole = bool((values[np.isfinite(values)] % 1 == 0).all())
    form, cell_width, cell_height = ".0f" if whole else ".2f", width / shape[1], height / shape[0]
    fits = cell_width > 1.1 * max(page.text_width(f"{end:{form}}", SIZE) for end in ends)
    written = bool(unit) and fits and cell_height > 0.2 and values[0].size <= WRITTEN
    # Between long cells, white lines keep equal steps from running together.
    lined = min(cell_width, cell_height) > 0.12 and (written or not square)
    look = {"cmap": COLORS, "vmin": low, "vmax": high, "cbar": False, "linewidths": 0.6 * lined}
    look |= {"annot": written, "fmt": form, "annot_kws": {"size": SIZE}}
    for name, panel in axes.items():
        sns.heatmap(matrices[name], ax=panel, xticklabels=across, yticklabels=down, **look)
        _dress(panel, across, (low + high) / 2)
        if len(matrices) > 1:
            short = page.wrap(name, width, 11, weight="bold", lines=1)
            panel.set_title(short, size=11, pad=5, parse_math=False)
        panel.set_xlabel(page.plain(xlabel), color=page.SOFT)
    first = picture.axes[0]
    first.set_ylabel(page.plain(ylabel), color=page.SOFT)
    cells, label = first.collections[0], page.plain(unit)
    scale = page.color_scale(picture, cells, picture.axes, label, extend=beyond(cells, values))
    scale.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole))
    return picture


def _dress(axes: Axes, across: list[str] | int, middle: float) -> None:
    """Slants the names of columns, and writes numbers below `middle` in white, on dark cells."""
    for text in axes.texts:
        text.set_color("white" if float(text.get_text()) < middle else page.INK)
    axes.set_facecolor(page.RULE)
    axes.tick_params(length=0, labelrotation=0)
    if isinstance(across, list):
        slanted: dict[str, Any] = {"rotation": 48, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xticks(axes.get_xticks(), across, **slanted)


def _alt(
    title: str,
    matrices: Mapping[str, page.Array],
    rows: Sequence[object],
    columns: Sequence[object],
    unit: str,
) -> str:
    """Returns the alt text: of each panel its size, its range, and where the most is."""
    parts = []
    for name, matrix in matrices.items():
        row, column = map(int, np.unravel_index(np.nanargmax(matrix), matrix.shape))
        reach = f"from {np.nanmin(matrix):.2g} to {matrix[row, column]:.2g} {unit}"
        where = f"(most at row {rows[row]}, column {columns[column]})"
        parts.append(f"{name}, {len(rows)} by {len(columns)}, {reach} {where}")
    return f"Heat map: {title} {'; '.join(parts)}."


def _matrices(panels: Mapping[str, object]) -> dict[str, page.Array]:
    """Returns the panels as arrays, after a check that they have one shape and hold numbers."""
    matrices = {name: page.as_array(one, repr(name), ndim=2) for name, one in panels.items()}
    page.require(matrices, "panels must hold a matrix")
    shape = next(iter(matrices.values())).shape
    for name, matrix in matrices.items():
        fits = f"{name!r} has shape {matrix.shape}, but the first panel has {shape}. To fix it: "
        page.require(matrix.shape == shape, fits + "give all panels one shape.")
        page.require(np.isfinite(matrix).any(), f"{name!r} holds no number")
    return matrices


def _labels(names: Sequence[str] | None, what: str, count: int) -> list[str] | int:
    """Returns the names of rows or columns if they are few; else the step of their numbers."""
    given = count if names is None else len(names)
    fits = f"{what} holds {given} names, but the panels have {count} {what}. To fix it: "
    page.require(given == count, f"{fits}give one name for each of the {what}.")
    if names is not None and count <= NAMED:
        return [page.plain(name) for name in names]
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, count) if count <= 7 * step)


def _room(labels: list[str] | int) -> float:
    """Returns how many inches wider than a number the widest name is; 0 if no names are shown."""
    names = [] if isinstance(labels, int) else labels
    return max([0.0, *(page.text_width(name, 10.5) - 0.25 for name in names)])
