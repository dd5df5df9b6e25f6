"""Pairs of queries and films (or queries): their scores, and which of them a loss pushes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    ORANGE,
    SOFT,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
    plain,
    wrap,
)
from prvr_lite.plots.heading import heading

Mask = NDArray[np.bool_]
LEFT, BAR, GAP, FOOT, NAME = 0.75, 1.0, 0.3, 0.62, 0.34  # inches
TALLEST = 4.4  # inches of a panel

# Orange is pushed down, blue is pulled up: told apart by every kind of colour vision.
PUSHES = LinearSegmentedColormap.from_list("pushes", [ORANGE, "#FFFFFF", BLUE])


@house_style
def pair_maps(
    panels: Mapping[str, object],
    positive: object,
    *,
    title: str,
    about: str = "",
    unit: str = "score",
    columns: str = "film",
    signed: bool = False,
) -> Picture:
    """A table for each panel: a row a query, a column a film (or a query), positives outlined.

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
    own = as_array(positive, "positive", ndim=2) > 0
    tables = _check(panels, own)
    head = heading(title, about)
    width = (WIDTH - LEFT - BAR - GAP * (len(tables) - 1)) / len(tables)
    height = min(TALLEST, max(1.6, width * own.shape[0] / own.shape[1]))
    page = head.height + 0.1 + NAME + height + FOOT
    picture = new_picture(WIDTH, page, alt=_alt(title, tables, own, signed=signed))
    head.draw(picture)
    top = max(float(np.abs(table).max()) for table in tables.values()) or 1.0
    low = min(float(table.min()) for table in tables.values())
    for i, (name, table) in enumerate(tables.items()):
        x = LEFT + i * (width + GAP)
        box = (x / WIDTH, FOOT / page, width / WIDTH, height / page)
        axes = picture.add_axes(box, label=name)
        reach = (float(np.abs(table).max()) or 1.0) if signed else top
        axes.imshow(
            table,
            cmap=PUSHES if signed else "cividis",
            aspect="auto",
            interpolation="none",
            vmin=-reach if signed else low,
            vmax=reach,
        )
        _outline(axes, own, INK if signed else "white")
        axes.set_title(wrap(name, width, 11, weight="bold", lines=1), size=11, pad=5)
        axes.set_xlabel(plain(columns), color=SOFT)
        axes.tick_params(length=0, labelleft=i == 0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, integer=True))
    picture.axes[0].set_ylabel("query", color=SOFT)
    _scale(picture, (WIDTH - BAR + 0.18, height), (low, top), unit, signed=signed)
    return picture


def _check(panels: Mapping[str, object], own: Mask) -> dict[str, Array]:
    """The panels as finite arrays of the shape of `positive`."""
    if not panels:
        raise ValueError("panels must hold a table")
    tables = {name: as_array(table, repr(name), ndim=2) for name, table in panels.items()}
    for name, table in tables.items():
        if table.shape != own.shape:
            raise ValueError(f"{name!r} has shape {table.shape}, positive has {own.shape}")
        if not np.isfinite(table).all():
            raise ValueError(f"{name!r} must be finite")
    return tables


def _outline(axes: Axes, own: Mask, color: str) -> None:
    """A frame around each positive."""
    for row, column in zip(*np.nonzero(own), strict=True):
        frame = Rectangle(
            (column - 0.5, row - 0.5), 1, 1, fill=False, ec=color, lw=1.3, label="positive"
        )
        axes.add_patch(frame)


def _scale(
    picture: Picture,
    place: tuple[float, float],
    span: tuple[float, float],
    unit: str,
    *,
    signed: bool,
) -> None:
    """The colours on the right; a signed one in words, for each panel has its own."""
    x, height = place
    page = picture.get_figheight()
    axes = picture.add_axes((x / WIDTH, FOOT / page, 0.14 / WIDTH, height / page), label="scale")
    image = picture.axes[0].images[0]
    if not signed:
        image.set_norm(Normalize(*span))
    bar = picture.colorbar(image, cax=axes)
    bar.outline.set_visible(False)
    if signed:
        low, high = image.get_clim()
        bar.set_ticks([low, 0, high], labels=["pushed\ndown", "left\nalone", "pulled\nup"])
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(4))
        bar.set_label(plain(unit))


def _alt(title: str, tables: Mapping[str, Array], own: Mask, *, signed: bool) -> str:
    """Each panel in words."""
    parts = []
    for name, table in tables.items():
        if signed:
            up, down = int((table > 1e-9).sum()), int((table < -1e-9).sum())
            parts.append(f"{name}: {up} pairs pulled up, {down} pushed down, of {table.size}")
        else:
            mean, rest = table[own].mean(), table[~own].mean()
            parts.append(f"{name}: mean {mean:.2f} of positives, {rest:.2f} of all others")
    return f"{title}. Tables of {own.shape[0]} queries by {own.shape[1]}; {'; '.join(parts)}."
