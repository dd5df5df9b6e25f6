"""Panels of curves, one under the other, whose lines are named where they end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, LogLocator, NullFormatter, NullLocator

from prvr_lite.plots import page


@dataclass(frozen=True)
class Line:
    """A curve: x and y, [P]; an x that stands several times has a value for each seed.

    The `note` stands below the name. Without a `color`, lines of one name have the same.
    """

    name: str
    x: page.Array
    y: page.Array
    note: str = ""
    color: str | None = None

    def means(self) -> dict[float, float]:
        """Returns the mean of the values at each x, from left to right."""
        return {float(x): float(self.y[self.x == x].mean()) for x in np.unique(self.x)}

    def points(self) -> list[str]:
        """Returns the means in words, from left to right."""
        return [f"{y:.3g} at {x:g}" for x, y in self.means().items()]

    def in_words(self) -> str:
        """Returns where the line begins and ends, and its note."""
        points = self.points()
        note = f" ({self.note})" if self.note else ""
        return f"{self.name} from {points[0]} to {points[-1]}{note}"

    def best(self) -> tuple[float, float]:
        """Returns the point of the highest value, the first such one."""
        return float(self.x[self.y.argmax()]), float(self.y.max())


@dataclass(frozen=True)
class Panel:
    """What stands on the y axis, the lines, and how many inches high the panel is."""

    unit: str
    lines: Sequence[Line]
    height: float = 1.9


def line_panels(
    head: page.Heading,
    panels: Mapping[str, Panel],
    *,
    alt: str,
    xlabel: str,
    mark: tuple[str, float | None] = ("", None),
    named: bool = True,
    dots: bool = True,
    logarithmic: bool = False,
    steep: float = 20.0,
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a page of panels over one x axis, and the axes of the panels by name.

    Args:
        panels: by the label of their axes, from the top down.
        mark: label and x of a dotted line through all panels, if there is such an x.
        named: lines are named at their right end. dots: a dot at every x.
        logarithmic: x on a logarithmic axis. steep: y too, where values differ that many times.
    """
    heights = [panel.height for panel in panels.values()]
    high = sum(heights) + 0.22 * len(panels) + 0.7
    layout: dict[str, Any] = {"height_ratios": heights, "sharex": True}
    picture, axes = page.panels(head, [[name] for name in panels], high, alt=alt, **layout)
    lines = [line for panel in panels.values() for line in panel.lines]
    names = dict.fromkeys(line.name for line in lines)
    colors = dict(zip(names, itertools.cycle(page.CYCLE), strict=False))
    label, spot = mark
    for name, panel in panels.items():
        for line in panel.lines:
            color = line.color or colors[line.name]
            _draw(axes[name], line, color, dots)
            if named:
                _name(axes[name], line, color)
        axes[name].set_ylabel(page.plain(panel.unit))
        axes[name].grid(axis="y")
        values = np.concatenate([line.y for line in panel.lines])
        if values.min() > 0 and values.max() >= steep * values.min():
            axes[name].set_yscale("log")
            log_ticks(axes[name].yaxis, "{x:,g}")
        if spot is not None:
            axes[name].axvline(spot, color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label=label)
    last = axes[list(panels)[-1]]
    last.set(xlabel=page.plain(xlabel), xscale="log" if logarithmic else "linear")
    _mark_spots(last, np.unique(np.concatenate([line.x for line in lines])))
    if named:
        page.settle(picture)
        for name, panel in panels.items():
            _move_apart(axes[name], panel.lines)
    return picture, axes


def _draw(axes: Axes, line: Line, color: str, dots: bool) -> None:
    """Draws means as a line, ± one standard deviation as a band, and seeds as dots."""
    spots, index, count = np.unique(line.x, return_inverse=True, return_counts=True)
    several = count[index] > 1
    style: dict[str, Any] = {"label": line.name, "color": color, "markeredgewidth": 0, "zorder": 3}
    style |= {"marker": "o" if dots or len(spots) == 1 else "", "legend": False}
    band = {"label": "_spread", "alpha": 0.18, "lw": 0}
    error = "sd" if several.any() else None
    sns.lineplot(x=line.x, y=line.y, ax=axes, errorbar=error, err_kws=band, **style)
    if several.any():
        seeds: dict[str, Any] = {"ms": 3.5, "mfc": "white", "mec": color, "mew": 1}
        axes.plot(line.x[several], line.y[several], "o", zorder=2.5, label="_seeds", **seeds)


def log_ticks(axis: Axis, style: Formatter | str, short: float = 100.0) -> None:
    """Writes numbers on a logarithmic axis: powers of ten, and more where it spans `short` only."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > short * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(style)
    axis.set_minor_formatter(NullFormatter())


def _mark_spots(axes: Axes, spots: page.Array) -> None:
    """Ticks of x at the measured spots, as many as have room side by side."""
    names = [f"{spot:,g}" for spot in spots]
    places = axes.transScale.transform([(spot, 1.0) for spot in spots])[:, 0]
    room = (0.03 + max(page.text_width(name, 11) for name in names) / 5) * np.ptp(places)
    kept = [0]
    for i, place in enumerate(places):
        if place - places[kept[-1]] > room:
            kept.append(i)
    axes.set_xticks(spots[kept], labels=[names[i] for i in kept])
    axes.xaxis.set_minor_locator(NullLocator())


def _name(axes: Axes, line: Line, color: str) -> None:
    """Writes the name of a line, and its note, at the right of the panel."""
    name = page.wrap(line.name, 1.9, 11, weight="bold", lines=2 if line.note else 3)
    style: dict[str, Any] = {"at": "axes fraction", "va": "center", "weight": "bold"}
    page.write(axes, f"{name}\n{line.note}".strip(), (1, 0.5), (8, 0), color=color, **style)


def _move_apart(axes: Axes, lines: Sequence[Line]) -> None:
    """Moves the names to the ends of their lines, and apart where they would overlap."""
    names: list[Any] = axes.texts[-len(lines) :]
    ends = [list(line.means().items())[-1] for line in lines]
    spots = (axes.transData - axes.transAxes).transform(ends)[:, 1]
    tallest = max(1 + name.get_text().count("\n") for name in names)
    gap = (1.2 * tallest + 0.15) * 11 / 72 * page.SCREEN_DPI / axes.bbox.height
    for name, y in zip(names, page.apart(spots, gap, 0.0, 1.0), strict=True):
        name.xy = (1, y)
