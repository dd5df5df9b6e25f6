"""Panels of curves, one under the other, whose lines are named where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, FuncFormatter, LogLocator, NullFormatter, NullLocator

from prvr_lite.plots import page


@dataclass(frozen=True)
class Line:
    """A curve: x and y, [P]; an x that stands several times has a value for each seed.

    The `note` stands below the name.
    """

    name: str
    color: str
    x: page.Array
    y: page.Array
    note: str = ""

    def means(self) -> dict[float, float]:
        """Returns the mean of the values at each x, from left to right."""
        return {float(x): float(self.y[self.x == x].mean()) for x in np.unique(self.x)}

    def in_words(self) -> str:
        """Returns where the line begins and ends."""
        means = [f"{y:.3g} at {x:g}" for x, y in self.means().items()]
        return f"{self.name} from {means[0]} to {means[-1]}"

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
    mark: tuple[str, float] | None = None,
    named: bool = True,
    dots: bool = True,
    logarithmic: bool = False,
    steep: float = 20.0,
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a page of panels over one x axis, and the axes of the panels by name.

    Args:
        panels: by the label of their axes, from the top down.
        mark: label and x of a dotted line through all panels.
        named: lines are named at their right end. dots: a dot at every x.
        logarithmic: x on a logarithmic axis. steep: y too, where values differ that many times.
    """
    heights = [panel.height for panel in panels.values()]
    high = sum(heights) + 0.22 * len(panels) + 0.7
    layout: dict[str, Any] = {"height_ratios": heights, "sharex": True}
    picture, axes = page.panels(head, [[name] for name in panels], high, alt=alt, **layout)
    for name, panel in panels.items():
        _draw_lines(axes[name], panel.lines, dots, steep)
        axes[name].set_ylabel(page.plain(panel.unit))
        if mark:
            axes[name].axvline(mark[1], color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label=mark[0])
    last = axes[list(panels)[-1]]
    last.set(xlabel=page.plain(xlabel), xscale="log" if logarithmic else "linear")
    lines = [line for panel in panels.values() for line in panel.lines]
    _mark_spots(last, np.unique(np.concatenate([line.x for line in lines])))
    if named:
        _name_ends(picture, {axes[name]: panel.lines for name, panel in panels.items()})
    return picture, axes


def _draw_lines(axes: Axes, lines: Sequence[Line], dots: bool, steep: float) -> None:
    """Draws means as lines, ± one standard deviation as a band, and seeds as dots."""
    for line in lines:
        spots, index, count = np.unique(line.x, return_inverse=True, return_counts=True)
        several = count[index] > 1
        sns.lineplot(
            x=line.x,
            y=line.y,
            ax=axes,
            color=line.color,
            label=line.name,
            errorbar="sd" if several.any() else None,
            err_kws={"label": "_spread", "alpha": 0.18, "lw": 0},
            marker="o" if dots or len(spots) == 1 else "",
            markeredgewidth=0,
            zorder=3,
            legend=False,
        )
        if several.any():
            style: dict[str, Any] = {"ms": 3.5, "mfc": "white", "mec": line.color, "mew": 1}
            axes.plot(line.x[several], line.y[several], "o", zorder=2.5, label="_seeds", **style)
    values = np.concatenate([line.y for line in lines])
    if values.min() > 0 and values.max() >= steep * values.min():
        axes.set_yscale("log")
        log_ticks(axes.yaxis, FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(axis="y")


def log_ticks(axis: Axis, style: Formatter, short: float = 100.0) -> None:
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


def _name_ends(picture: page.Picture, panels: Mapping[Axes, Sequence[Line]]) -> None:
    """Names each line at its right end, moved apart where names would overlap; settles the page."""
    style: dict[str, Any] = {"at": "axes fraction", "va": "center", "weight": "bold"}
    for axes, lines in panels.items():
        for line in lines:
            name = page.wrap(line.name, 1.9, 11, weight="bold", lines=2 if line.note else 3)
            text = f"{name}\n{line.note}".strip()
            page.write(axes, text, (1, 0.5), (8, 0), color=line.color, **style)
    page.settle(picture)
    for axes, lines in panels.items():
        names: list[Any] = axes.texts[-len(lines) :]
        ends = [axes.transData.transform(list(line.means().items())[-1])[1] for line in lines]
        tallest = max(1 + text.get_text().count("\n") for text in names)
        gap = (1.2 * tallest + 0.15) * 11 / 72 * picture.dpi / axes.bbox.height
        spots = [(end - axes.bbox.y0) / axes.bbox.height for end in ends]
        for written, y in zip(names, page.apart(spots, gap, 0.0, 1.0), strict=True):
            written.xy = (1, y)
