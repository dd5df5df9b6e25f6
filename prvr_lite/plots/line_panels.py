"""Panels of curves, one under the other, whose lines are named where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from prvr_lite.plots import page


@dataclass(frozen=True)
class Line:
    """A curve: x and y, [P]; an x that stands several times has a value for each seed."""

    name: str
    color: str
    x: page.Array
    y: page.Array

    def end(self) -> tuple[float, float]:
        """Returns the last x, and the mean of the line's values there."""
        last = float(self.x.max())
        return last, float(self.y[self.x == last].mean())


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
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a page of panels over one x axis, and the axes of the panels by name.

    Args:
        panels: by the label of their axes, from the top down.
        mark: label and x of a dotted line through all panels.
        named: lines are named at their right end. dots: a dot at every x.
        logarithmic: x on a logarithmic axis.
    """
    heights = [panel.height for panel in panels.values()]
    picture, axes = page.panels(
        head,
        [[name] for name in panels],
        sum(heights) + 0.22 * len(panels) + 0.7,
        alt=alt,
        height_ratios=heights,
        sharex=True,
    )
    for name, panel in panels.items():
        _draw_lines(axes[name], panel.lines, dots)
        axes[name].set_ylabel(page.plain(panel.unit))
        if mark:
            axes[name].axvline(mark[1], color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label=mark[0])
    last = axes[list(panels)[-1]]
    last.set(xlabel=page.plain(xlabel), xscale="log" if logarithmic else "linear")
    if named:
        label_ends(picture, {axes[name]: panel.lines for name, panel in panels.items()})
    return picture, axes


def _draw_lines(axes: Axes, lines: Sequence[Line], dots: bool) -> None:
    """Draws means as lines, ± one standard deviation as a band, and seeds as dots.

    The y axis is logarithmic if its values span more than 20-fold.
    """
    for line in lines:
        spots = np.unique(line.x)
        sns.lineplot(
            x=line.x,
            y=line.y,
            ax=axes,
            color=line.color,
            label=line.name,
            errorbar="sd" if len(spots) < len(line.x) else None,
            err_kws={"label": "_spread", "alpha": 0.18, "lw": 0},
            marker="o" if dots or len(spots) == 1 else "",
            markeredgewidth=0,
            zorder=3,
            legend=False,
        )
        for x in spots:
            seeds = line.y[line.x == x]
            if len(seeds) > 1:
                page.seed_dots(axes, [x] * len(seeds), seeds, line.color)
    values = np.concatenate([line.y for line in lines])
    if values.min() > 0 and values.max() > 20 * values.min():
        axes.set_yscale("log")
        plain_numbers(axes.yaxis)
    axes.grid(axis="y")


def plain_numbers(axis: Axis) -> None:
    """Writes plain numbers on a logarithmic axis: powers of ten; more of them on a short axis."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


def ticks_at(axes: Axes, spots: Sequence[float] | page.Array, room: float = 0.09) -> None:
    """Ticks of x at the measured spots, as many as lie `room` of the axis apart."""
    places = axes.transScale.transform([(spot, 1.0) for spot in spots])[:, 0]
    kept: list[int] = []
    for i, place in enumerate(places):
        if not kept or place - places[kept[-1]] > room * (places[-1] - places[0]):
            kept.append(i)
    axes.set_xticks([spots[i] for i in kept], labels=[f"{spots[i]:,g}" for i in kept])
    axes.xaxis.set_minor_locator(NullLocator())


def label_ends(
    picture: page.Picture, panels: Mapping[Axes, Sequence[Line]], *, inches: float = 1.9
) -> None:
    """Name each line at its right end, moved apart where names would overlap; settles the page."""
    names = {
        axes: [
            page.write(
                axes,
                "\n".join(page.wrap(n, inches, 11, weight="bold") for n in line.name.split("\n")),
                (1, 0.5),
                (8, 0),
                at="axes fraction",
                va="center",
                color=line.color,
                weight="bold",
            )
            for line in lines
        ]
        for axes, lines in panels.items()
    }
    page.settle(picture)
    for axes, texts in names.items():
        ends = [axes.transData.transform(line.end())[1] for line in panels[axes]]
        tallest = max(1 + text.get_text().count("\n") for text in texts)
        gap = (1.2 * tallest + 0.15) * 11 / 72 * picture.dpi / axes.bbox.height
        spots = [(end - axes.bbox.y0) / axes.bbox.height for end in ends]
        for text, y in zip(texts, page.apart(spots, gap, 0.0, 1.0), strict=True):
            text.xy = (1, y)
