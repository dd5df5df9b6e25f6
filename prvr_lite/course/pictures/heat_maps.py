"""Heat maps side by side: cosines between frames, attention of heads, batches with padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
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
    matrices = _check(panels, rows, columns)
    shape = next(iter(matrices.values())).shape
    low, high = limits or _range(matrices)
    free = page.WIDTH - 0.9 - BAR - _room(rows, shape[0]) - GAP * (len(matrices) - 1)
    width = free / len(matrices)
    height = min(width * shape[0] / shape[1], 4.6) if square else 2.6
    names = 0.3 if len(matrices) > 1 else 0.08
    picture, panels = page.panels(
        page.heading(title, about),
        [list(matrices)],
        0.85 + names + height + 0.72 * _room(columns, shape[1]),
        alt=_alt(title, matrices, rows, columns, unit),
        gap=0.2,
        sharey=True,
    )
    labels = {
        "xticklabels": _labels(columns, shape[1]),
        "yticklabels": _labels(rows, shape[0]),
    }
    for name, axes in panels.items():
        cells = matrices[name]
        sns.heatmap(cells, ax=axes, cmap=COLORS, vmin=low, vmax=high, cbar=False, **labels)
        axes.set_facecolor(page.RULE)
        axes.tick_params(length=0, labelrotation=0)
        if columns is not None and shape[1] <= NAMED:
            for label in axes.get_xticklabels():
                label.set(rotation=48, ha="right", rotation_mode="anchor")
        if len(matrices) > 1:
            short = page.wrap(name, width, 11, weight="bold", lines=1)
            axes.set_title(short, size=11, pad=5, parse_math=False)
        axes.set_xlabel(page.plain(xlabel), color=page.SOFT)
    panels[next(iter(matrices))].set_ylabel(page.plain(ylabel), color=page.SOFT)
    whole = all(bool((matrix % 1 == 0).all()) for matrix in matrices.values())
    _draw_scale(picture, list(panels.values()), page.plain(unit), whole)
    return picture


def _draw_scale(picture: page.Picture, panels: Sequence[Axes], unit: str, whole: bool) -> None:
    """Draws the colour scale of all panels at their right.

    It has whole numbers only, if the panels have.
    """
    mesh = panels[0].collections[0]
    bar = picture.colorbar(mesh, ax=panels, label=unit, aspect=30, pad=0.02)
    bar.ax.set_label("scale")
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, integer=whole))


def _check(
    panels: Mapping[str, object], rows: Sequence[str] | None, columns: Sequence[str] | None
) -> dict[str, page.Array]:
    """Returns the panels as arrays, after a check that they have one shape."""
    if not panels:
        raise ValueError("panels must hold a matrix")
    matrices = {name: page.as_array(matrix, repr(name), ndim=2) for name, matrix in panels.items()}
    shape = next(iter(matrices.values())).shape
    for name, matrix in matrices.items():
        if matrix.shape != shape:
            raise ValueError(
                f"{name!r} has shape {matrix.shape}, but the first panel has {shape}. To fix it: "
                "give all panels one shape."
            )
        if not np.isfinite(matrix).any():
            raise ValueError(f"{name!r} holds no number")
    for what, given, count in (("rows", rows, shape[0]), ("columns", columns, shape[1])):
        if given is not None and len(given) != count:
            raise ValueError(
                f"{what} holds {len(given)} names, but the panels have {count} {what}. To fix it: "
                f"give one name for each of the {what}."
            )
    return matrices


def _range(matrices: Mapping[str, page.Array]) -> tuple[float, float]:
    low = min(float(np.nanmin(matrix)) for matrix in matrices.values())
    high = max(float(np.nanmax(matrix)) for matrix in matrices.values())
    return low, high if high > low else low + 1


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
