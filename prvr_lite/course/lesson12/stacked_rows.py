"""Bars that are made of parts, in one panel or several side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from prvr_lite.plots.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    SKY,
    WIDTH,
    Picture,
    as_array,
    house_style,
    new_picture,
    plain,
    text_width,
    wrap,
)
from prvr_lite.plots.heading import heading

COLORS = (BLUE, ORANGE, SKY, GREEN)
ROW, GAP, RIGHT, FOOT, LEGEND = 0.46, 0.34, 0.25, 0.2, 0.3  # inches
Rows = Mapping[str, Mapping[str, float]]  # row -> part -> value


@house_style
def stacked_rows(panels: Mapping[str, Rows], *, title: str, about: str = "") -> Picture:
    """Lying bars: a row a name, in each panel, made of up to four parts, each with its number.

    Args:
        panels: unit -> row -> part -> value, 0 or more; all panels have the same rows, and each
            its own parts and its own scale.
    Returns:
        a Figure with an axes a panel, labelled with its unit.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    names = _check(panels)
    head = heading(title, about)
    labels = [wrap(name, 1.6, 11, weight="bold", lines=1) for name in names]
    left = 0.22 + max(text_width(label, 11, "bold") for label in labels) + 0.12
    top, high = head.height + 0.18 + 0.3 + LEGEND, ROW * len(names)
    picture = new_picture(WIDTH, top + high + FOOT, alt=_alt(title, panels))
    head.draw(picture)
    page = picture.get_figheight()
    wide = (WIDTH - left - RIGHT + GAP) / len(panels) - GAP
    for i, (unit, rows) in enumerate(panels.items()):
        box = ((left + i * (wide + GAP)) / WIDTH, FOOT / page, wide / WIDTH, high / page)
        axes = picture.add_axes(box, label=unit)
        _draw(axes, rows, wide)
        axes.set_title(plain(wrap(unit, wide, 12, weight="bold", lines=1)), pad=72 * LEGEND)
        axes.set_yticks(range(len(names)), labels if i == 0 else [""] * len(names), weight="bold")
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
            values = as_array(list(row.values()), f"{unit!r}, {name!r}")
            if list(row) != parts or len(parts) > len(COLORS):
                raise ValueError(f"{unit!r}, {name!r}: parts are {list(row)}, not {parts}")
            if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
                raise ValueError(f"{unit!r}, {name!r}: values must be 0 or more, not all 0")
    return names


def _draw(axes: Axes, rows: Rows, wide: float) -> None:
    """The bars of one panel, numbers on them, and what the parts are above them."""
    longest = max(sum(row.values()) for row in rows.values())
    whole = all(float(v).is_integer() for row in rows.values() for v in row.values())
    parts = list(next(iter(rows.values())))
    start = np.zeros(len(rows))
    for part, color in zip(parts, COLORS, strict=False):
        values = np.array([row[part] for row in rows.values()], dtype=np.float64)
        axes.barh(range(len(rows)), values, 0.66, start, color=color, label=part, ec="white")
        dark = np.dot(to_rgb(color), (0.299, 0.587, 0.114)) < 0.5
        for place, (value, begin) in enumerate(zip(values, start, strict=True)):
            told = f"{value:,.0f}" if whole else f"{value:.3g}"
            if text_width(told, 10, "bold") + 0.08 < wide * value / longest:
                axes.text(
                    begin + value / 2,
                    place,
                    told,
                    ha="center",
                    va="center",
                    size=10,
                    weight="bold",
                    color="white" if dark else INK,
                )
        start += values
    axes.set(xlim=(0, longest), ylim=(len(rows) - 0.5, -0.5), xticks=[])
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=len(parts),
        borderpad=0.2,
        borderaxespad=0,
        handlelength=0.7,
        handletextpad=0.3,
        columnspacing=0.7,
        fontsize=10,
    )


def _alt(title: str, panels: Mapping[str, Rows]) -> str:
    """Every number in words."""
    told = [
        f"{unit}, {name}: " + ", ".join(f"{part} {value:,.6g}" for part, value in row.items())
        for unit, rows in panels.items()
        for name, row in rows.items()
    ]
    return f"{title}. {'; '.join(told)}."
