"""Bars that are made of parts, in one panel or several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page

COLORS = {page.BLUE: "white", page.ORANGE: page.INK, page.SKY: page.INK, page.GREEN: "white"}
Rows = Mapping[str, Mapping[str, float]]  # row -> part -> value


@page.house_style
def stacked_rows(panels: Mapping[str, Rows], *, title: str, about: str = "") -> page.Picture:
    """Draws horizontal bars, one per name in each panel, made of up to four numbered parts.

    Args:
        panels: unit -> row -> part -> value, 0 or more; all panels have the same rows, and each
            its own parts and its own scale.
    Returns:
        a Figure with one axes for each panel, labelled with its unit.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    names, parts = list(next(iter(panels.values()))), []
    head, high = page.heading(title, about), 0.46 * len(names) + 0.85
    picture, axes = page.panels(head, [list(panels)], high, alt=title, gap=0.24, sharey=True)
    for unit, rows in panels.items():
        page.require(list(rows) == names, f"{unit!r} has other rows than {', '.join(names)}")
        _draw(axes[unit], rows, unit)
        for name, row in rows.items():
            values = [f"{part} {value:,.6g}" for part, value in row.items()]
            parts.append(f"{unit}, {name}: {', '.join(values)}")
    picture.set_label(f"{title}. {'; '.join(parts)}.")
    picture.axes[0].set_yticks(range(len(names)), names, weight="bold")
    picture.axes[0].invert_yaxis()
    picture.draw_without_rendering()  # to know how large bars and numbers are
    for panel in picture.axes:
        for number, bar in zip(panel.texts, panel.patches, strict=True):
            room = bar.get_window_extent().width - number.get_window_extent().width
            number.set_visible(room > 0.04 * page.SCREEN_DPI)
    return picture


def _draw(axes: Axes, rows: Rows, unit: str) -> None:
    """Draws the bars of one panel with their numbers, and above them the names of the parts."""
    values = page.finite([list(row.values()) for row in rows.values()], repr(unit), ndim=2, low=0)
    digits = ",.0f" if (values % 1 == 0).all() else ",.4g"
    start, parts = np.zeros(len(rows)), next(iter(rows.values()))
    for part, (color, ink), widths in zip(parts, COLORS.items(), values.T, strict=False):
        look: dict[str, Any] = {"color": color, "ec": "white", "label": part}
        bars = axes.barh(range(len(rows)), widths, 0.66, start, **look)
        numbers = [format(width, digits) for width in widths]
        axes.bar_label(bars, numbers, label_type="center", color=ink, size=10, weight="bold")
        start += widths
    axes.set(xlim=(0, start.max()), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(unit, pad=22)
    place: dict[str, Any] = {"bbox_to_anchor": (0, 1), "borderaxespad": 0, "borderpad": 0.2}
    place |= {"handlelength": 0.7, "handletextpad": 0.3, "columnspacing": 0.7}
    axes.legend(loc="lower left", ncols=4, fontsize=10, **place)
