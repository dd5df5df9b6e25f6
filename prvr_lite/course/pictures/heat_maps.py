"""Heat maps side by side: cosines between frames, attention of heads, batches with padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page

COLORS = "cividis"  # the same for every kind of colour vision, and in grey
GAP, BAR = 0.3, 1.1  # inches between panels; for the scale on the right
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
    head = page.heading(title, about)
    left = 0.62 + _room(rows, shape[0])
    foot = 0.62 + 0.72 * _room(columns, shape[1])
    width = (page.WIDTH - left - BAR - GAP * (len(matrices) - 1)) / len(matrices)
    height = min(width * shape[0] / shape[1], 4.6) if square else 2.6
    names = 0.3 if len(matrices) > 1 else 0.08
    page_height = head.height + 0.15 + names + height + foot
    alt = _alt(title, matrices, rows, columns, unit)
    picture = page.new_picture(page.WIDTH, page_height, alt=alt)
    head.draw(picture)
    for i, (name, matrix) in enumerate(matrices.items()):
        box = (left + i * (width + GAP), foot, width, height)
        axes = _panel(picture, box, name)
        axes.set_facecolor(page.RULE)
        axes.imshow(matrix, cmap=COLORS, vmin=low, vmax=high, aspect="auto", interpolation="none")
        if len(matrices) > 1:
            label = page.wrap(name, width, 11, weight="bold", lines=1)
            axes.set_title(label, size=11, pad=5, parse_math=False)
        _dress(axes, shape, rows if i == 0 else [""] * shape[0], columns)
        axes.set(xlabel=page.plain(xlabel), ylabel=page.plain(ylabel) if i == 0 else "")
    box = (page.WIDTH - BAR + 0.15, foot, 0.14, height)
    bar = picture.colorbar(axes.images[0], cax=_panel(picture, box, "scale"))
    bar.outline.set_visible(False)
    whole = all(bool((matrix % 1 == 0).all()) for matrix in matrices.values())
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, integer=whole))
    bar.set_label(page.plain(unit))
    return picture


def _check(
    panels: Mapping[str, object], rows: Sequence[str] | None, columns: Sequence[str] | None
) -> dict[str, page.Array]:
    """The panels as arrays of one shape."""
    if not panels:
        raise ValueError("panels must hold a matrix")
    found = {name: page.as_array(matrix, repr(name), ndim=2) for name, matrix in panels.items()}
    shape = next(iter(found.values())).shape
    for name, matrix in found.items():
        if matrix.shape != shape:
            raise ValueError(f"{name!r} has shape {matrix.shape}, the first panel {shape}")
        if not np.isfinite(matrix).any():
            raise ValueError(f"{name!r} holds no number")
    for what, given, count in (("rows", rows, shape[0]), ("columns", columns, shape[1])):
        if given is not None and len(given) != count:
            raise ValueError(f"{what} names {len(given)}, but the panels have {count} of them")
    return found


def _range(matrices: Mapping[str, page.Array]) -> tuple[float, float]:
    low = min(float(np.nanmin(matrix)) for matrix in matrices.values())
    high = max(float(np.nanmax(matrix)) for matrix in matrices.values())
    return low, high if high > low else low + 1


def _room(names: Sequence[str] | None, count: int) -> float:
    """Inches that written names take beyond what numbers take."""
    if names is None or count > NAMED:
        return 0.0
    return max(0.0, max(page.text_width(name, 10.5) for name in names) - 0.25)


def _panel(picture: page.Picture, box: tuple[float, float, float, float], name: str) -> Axes:
    """Axes at a box in inches from the lower left."""
    page_height = picture.get_figheight()
    x, y, width, height = box
    return picture.add_axes(
        (x / page.WIDTH, y / page_height, width / page.WIDTH, height / page_height), label=name
    )


def _dress(
    axes: Axes, shape: tuple[int, ...], rows: Sequence[str] | None, columns: Sequence[str] | None
) -> None:
    """Names where there are few rows or columns, numbers where there are many."""
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for axis, names, count in ((axes.yaxis, rows, shape[0]), (axes.xaxis, columns, shape[1])):
        if names is not None and (count <= NAMED or not any(names)):
            axis.set_ticks(range(count), labels=[page.plain(name) for name in names], size=10.5)
        else:
            axis.set_major_locator(MaxNLocator(6, integer=True))
    if columns is not None and shape[1] <= NAMED:
        axes.tick_params(axis="x", labelrotation=48)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor", color=page.INK)
    axes.xaxis.label.set_color(page.SOFT)
    axes.yaxis.label.set_color(page.SOFT)


def _alt(
    title: str,
    matrices: Mapping[str, page.Array],
    rows: Sequence[str] | None,
    columns: Sequence[str] | None,
    unit: str,
) -> str:
    """The heading, and each panel's range and brightest cell in words."""
    parts = []
    for name, matrix in matrices.items():
        row, column = map(int, np.unravel_index(np.nanargmax(matrix), matrix.shape))
        where = f"row {rows[row] if rows else row}, column {columns[column] if columns else column}"
        low, high = float(np.nanmin(matrix)), float(np.nanmax(matrix))
        size = f"{matrix.shape[0]} by {matrix.shape[1]}"
        parts.append(f"{name}, {size}, from {low:.2g} to {high:.2g} {unit} (most at {where})")
    return f"Heat map: {title} {'; '.join(parts)}."
