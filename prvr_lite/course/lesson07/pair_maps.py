"""Pairs of queries and films (or queries): their scores, and which of them a loss pushes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from prvr_lite.plots import page

Mask = NDArray[np.bool_]
LEFT, BAR, GAP, FOOT, NAME = 0.75, 1.0, 0.3, 0.62, 0.34  # inches
TALLEST = 4.4  # inches of a panel

# Orange is pushed down, blue is pulled up: told apart by every kind of colour vision.
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
    own = page.as_array(positive, "positive", ndim=2) > 0
    tables = _check(panels, own)
    head = page.heading(title, about)
    width = (page.WIDTH - LEFT - BAR - GAP * (len(tables) - 1)) / len(tables)
    height = min(TALLEST, max(1.6, width * own.shape[0] / own.shape[1]))
    page_height = head.height + 0.1 + NAME + height + FOOT
    picture = page.new_picture(page.WIDTH, page_height, alt=_alt(title, tables, own, signed=signed))
    head.draw(picture)
    top = max(float(np.abs(table).max()) for table in tables.values()) or 1.0
    low = min(float(table.min()) for table in tables.values())
    for i, (name, table) in enumerate(tables.items()):
        x = LEFT + i * (width + GAP)
        box = (x / page.WIDTH, FOOT / page_height, width / page.WIDTH, height / page_height)
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
        _outline(axes, own, page.INK if signed else "white")
        axes.set_title(page.wrap(name, width, 11, weight="bold", lines=1), size=11, pad=5)
        axes.set_xlabel(page.plain(columns), color=page.SOFT)
        axes.tick_params(length=0, labelleft=i == 0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, integer=True))
    picture.axes[0].set_ylabel("query", color=page.SOFT)
    _scale(picture, (page.WIDTH - BAR + 0.18, height), (low, top), unit, signed=signed)
    return picture


def _check(panels: Mapping[str, object], own: Mask) -> dict[str, page.Array]:
    """The panels as finite arrays of the shape of `positive`."""
    if not panels:
        raise ValueError("panels must hold a table")
    tables = {name: page.as_array(table, repr(name), ndim=2) for name, table in panels.items()}
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
    picture: page.Picture,
    place: tuple[float, float],
    span: tuple[float, float],
    unit: str,
    *,
    signed: bool,
) -> None:
    """The colours on the right; a signed one in words, for each panel has its own."""
    x, height = place
    page_height = picture.get_figheight()
    axes = picture.add_axes(
        (x / page.WIDTH, FOOT / page_height, 0.14 / page.WIDTH, height / page_height), label="scale"
    )
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
        bar.set_label(page.plain(unit))


def _alt(title: str, tables: Mapping[str, page.Array], own: Mask, *, signed: bool) -> str:
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
