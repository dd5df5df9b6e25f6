"""Bars that are made of parts, in one panel or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from prvr_lite.course import sheet
from prvr_lite.plots import page

COLORS = (page.BLUE, page.ORANGE, page.SKY, page.GREEN)
Rows = Mapping[str, Mapping[str, float]]  # row -> part -> value


@page.house_style
def stacked_rows(panels: Mapping[str, Rows], *, title: str, about: str = "") -> page.Picture:
    """Horizontal bars, one per name in each panel, made of up to four parts with their numbers.

    Args:
        panels: unit -> row -> part -> value, 0 or more; all panels have the same rows, and each
            its own parts and its own scale.
    Returns:
        a Figure with one axes for each panel, labelled with its unit.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    names = _check(panels)
    height = 0.46 * len(names) + 0.85
    alt = _alt(title, panels)
    picture, axes = sheet.lay_out([list(panels)], title, about, height, alt=alt, gap=0.3)
    bars = {unit: _draw(axes[unit], rows, unit) for unit, rows in panels.items()}
    labels = [page.plain(page.wrap(name, 1.6, 11, weight="bold", lines=1)) for name in names]
    picture.axes[0].set_yticks(range(len(names)), labels, weight="bold")
    picture.draw_without_rendering()  # a number needs to know the size of its bar
    for unit, stack in bars.items():
        _number(axes[unit], stack)
    return picture


def _check(panels: Mapping[str, Rows]) -> list[str]:
    """The names of the rows, if all panels have the same and every number can be drawn."""
    names = list(next(iter(panels.values()), {}))
    if not names:
        raise ValueError("panels must hold a panel with a row")
    for unit, rows in panels.items():
        if list(rows) != names:
            raise ValueError(f"{unit!r} has the rows {list(rows)}, the first panel {names}")
        parts = list(next(iter(rows.values())))
        for name, row in rows.items():
            values = page.as_array(list(row.values()), f"{unit!r}, {name!r}")
            if list(row) != parts or len(parts) > len(COLORS):
                raise ValueError(f"{unit!r}, {name!r}: parts are {list(row)}, not {parts}")
            if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
                raise ValueError(f"{unit!r}, {name!r}: values must be 0 or more, not all 0")
    return names


def _draw(axes: Axes, rows: Rows, unit: str) -> list[BarContainer]:
    """The bars of one panel, and above them what the parts are."""
    start, bars = np.zeros(len(rows)), []
    for part, color in zip(next(iter(rows.values())), COLORS, strict=False):
        values = np.array([float(row[part]) for row in rows.values()])
        look: dict[str, Any] = {"color": color, "ec": "white", "label": part}
        bars.append(axes.barh(range(len(rows)), values, 0.66, start, **look))
        start += values
    axes.set(xlim=(0, start.max()), ylim=(len(rows) - 0.5, -0.5), xticks=[], yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(page.plain(page.wrap(unit, 1.6, 12, weight="bold", lines=1)), pad=22)
    space: dict[str, Any] = {
        "handlelength": 0.7,
        "handletextpad": 0.3,
        "columnspacing": 0.7,
        "borderpad": 0.2,
    }
    place: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1),
        "borderaxespad": 0,
        "ncols": 4,
    }
    axes.legend(fontsize=10, **space, **place)
    return bars


def _number(axes: Axes, stack: Sequence[BarContainer]) -> None:
    """Write its number on each bar that has room for it."""
    values = [bar.get_width() for bars in stack for bar in bars]
    whole = all(float(value).is_integer() for value in values)
    inches = axes.get_window_extent().width / page.SCREEN_DPI / axes.get_xlim()[1]
    for bars in stack:
        widths = [bar.get_width() for bar in bars]
        texts = [f"{width:,.0f}" if whole or width >= 1000 else f"{width:.3g}" for width in widths]
        fit = [
            text if page.text_width(text, 10, "bold") + 0.08 < inches * width else ""
            for text, width in zip(texts, widths, strict=True)
        ]
        dark = np.dot(bars[0].get_facecolor()[:3], (0.299, 0.587, 0.114)) < 0.5
        ink: dict[str, Any] = {"color": "white" if dark else page.INK, "size": 10, "weight": "bold"}
        axes.bar_label(bars, fit, label_type="center", **ink)


def _alt(title: str, panels: Mapping[str, Rows]) -> str:
    """Every number in words."""
    parts = [
        f"{unit}, {name}: " + ", ".join(f"{part} {value:,.6g}" for part, value in row.items())
        for unit, rows in panels.items()
        for name, row in rows.items()
    ]
    return f"{title}. {'; '.join(parts)}."
