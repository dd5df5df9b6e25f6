"""Panels of curves, one under the other, whose lines are named where they end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import seaborn as sns
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis

from prvr_lite.plots import page

AFTER: Final = 1.03  # where the names stand, as a share of the panel's width
LEADER: Final = {"arrowstyle": "-", "lw": 0.9, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 4}
NAME: Final[dict[str, Any]] = {"va": "center", "weight": "bold", "parse_math": False}
FEW: Final = 24  # places of x at most that have a dot and, where there is room, a tick


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

    def best(self) -> tuple[float, float]:
        """Returns the point of the highest mean, the first such one."""
        return max(self.means().items(), key=lambda point: point[1])

    def hides(self, other: Line) -> bool:
        """Returns whether it lies on another line: most of the means at the same x are the same."""
        ours, theirs = self.means(), other.means()
        same = [np.isclose(ours[x], theirs[x], rtol=0.01) for x in ours.keys() & theirs.keys()]
        return bool(sum(same) > max(1, 0.7 * len(same)))

    def in_words(self) -> str:
        """Returns the means, of many only the ends and the highest, and the note."""
        points = [f"{y:.3g} at {x:g}" for x, y in self.means().items()]
        if len(points) > FEW:
            highest = "highest {1:.3g} at {0:g}".format(*self.best())
            points = [f"from {points[0]} to {points[-1]}", highest]
        return f"{self.name}: {', '.join(points)}{f' ({self.note})' if self.note else ''}"


def line_panels(
    head: page.Heading,
    panels: Mapping[str, Sequence[Line]],
    *,
    alt: str,
    xlabel: str,
    mark: tuple[str, float | None] = ("", None),
    logarithmic: bool = False,
    steep: float = 20.0,
) -> page.Picture:
    """Returns a page of panels over one x axis.

    Lines are named at their right end, unless all have one name and no note.

    Args:
        alt: how the alt text begins; the lines in words follow.
        panels: by what stands on their y axis, from the top down; so their axes are labelled.
        mark: label and x of a dotted line through all panels, if there is such an x.
        logarithmic: x on a logarithmic axis. steep: y too, where values differ that many times.
    """
    rows, high = [[name] for name in panels], 2.7 + 1.12 * len(panels)  # inches
    told = [f"{name}, {line.in_words()}" for name, row in panels.items() for line in row]
    alt = f"{alt} {'; '.join(told)}."
    picture, axes = page.panels(head, rows, high, alt=alt, sharex=True)
    lines = [line for row in panels.values() for line in row]
    names = dict.fromkeys(line.name for line in lines)
    colors = dict(zip(names, itertools.cycle(page.CYCLE), strict=False))
    named = len(colors) > 1 or any(line.note for line in lines)
    label, spot = mark
    for name, row in panels.items():
        for i, line in enumerate(row):
            dashed = any(line.hides(other) for other in row[:i])
            _draw(axes[name], line, line.color or colors[line.name], dashed, named)
        axes[name].set_ylabel(page.plain(name))
        axes[name].grid(axis="y")
        values = np.concatenate([line.y for line in row])
        if values.min() > 0 and values.max() >= steep * values.min():
            axes[name].set_yscale("log")
            tiny = values.min() < 1e-4
            log_ticks(axes[name].yaxis, ticker.LogFormatterMathtext() if tiny else "{x:,.10g}")
        if spot is not None:
            mark_spot(axes[name], spot, label)
    last = axes[name]
    last.set(xlabel=page.plain(xlabel), xscale="log" if logarithmic else "linear")
    spots = np.unique(np.concatenate([line.x for line in lines]))
    if logarithmic or len(spots) <= FEW:
        _mark_spots(last, spots)
    if named:
        page.settle(picture)
        for name in panels:
            stand = partial(_move_apart, names=list(axes[name].texts))
            stand(axes[name])
            axes[name].callbacks.connect("ylim_changed", stand)  # names follow their lines
    return picture


def mark_spot(axes: Axes, x: float, label: str) -> None:
    """Draws a dotted line at x, from the bottom to the top of the panel."""
    axes.axvline(x, color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label=label)


def _draw(axes: Axes, line: Line, color: str, dashed: bool, named: bool) -> None:
    """Draws means as a line, ± one standard deviation as a band, and seeds as dots.

    Through a dashed line, another one is seen below it.
    """
    spots, index, count = np.unique(line.x, return_inverse=True, return_counts=True)
    several = count[index] > 1
    style: dict[str, Any] = {"label": line.name, "color": color, "markeredgewidth": 0, "zorder": 3}
    style |= {"marker": "o" if len(spots) <= FEW else "", "ls": (0, (2, 2)) if dashed else "-"}
    band = {"label": "_spread", "alpha": 0.18, "lw": 0}
    error = "sd" if several.any() else None
    sns.lineplot(x=line.x, y=line.y, ax=axes, legend=False, errorbar=error, err_kws=band, **style)
    if several.any():
        seeds: dict[str, Any] = {"ms": 3.5, "mfc": "white", "mec": color, "mew": 1}
        axes.plot(line.x[several], line.y[several], "o", zorder=2.5, label="_seeds", **seeds)
    if named:
        name = page.wrap(line.name, 1.9, 11, weight="bold", lines=2 if line.note else 3)
        end = list(line.means().items())[-1]
        style = NAME | {"color": page.letters(color), "arrowprops": LEADER | {"color": color}}
        place = (AFTER, 0.5), "data", "axes fraction"
        axes.annotate(f"{name}\n{line.note}".strip(), end, *place, annotation_clip=False, **style)


def log_ticks(axis: Axis, style: ticker.Formatter | str, short: float = 100.0) -> None:
    """Writes numbers on a logarithmic axis: powers of ten, and more where it spans `short` only."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(
        ticker.LogLocator(subs=(1.0,) if high > short * low else (1.0, 2.0, 5.0))
    )
    axis.set_major_formatter(style)
    axis.set_minor_formatter(ticker.NullFormatter())


def _mark_spots(axes: Axes, spots: page.Array) -> None:
    """Puts ticks of x at the measured spots, at as many as have room side by side."""
    names = [f"{spot:,g}" for spot in spots]
    places = axes.transScale.transform([(spot, 1.0) for spot in spots])[:, 0]
    room = (0.03 + max(page.text_width(name, 11) for name in names) / 5) * np.ptp(places)
    kept = [0]
    for i, place in enumerate(places):
        if place - places[kept[-1]] > room:
            kept.append(i)
    axes.set_xticks(spots[kept], labels=[names[i] for i in kept])
    axes.xaxis.set_minor_locator(ticker.NullLocator())


def _move_apart(axes: Axes, names: Sequence[Any]) -> None:
    """Moves the names to the ends of their lines, and as little as needed to lie apart."""
    ends = (axes.transData - axes.transAxes).transform([name.xy for name in names])[:, 1]
    tall = [1.35 + 1.2 * name.get_text().count("\n") for name in names]  # in lines of text
    heights = np.array(tall) * 11 / 72 * page.SCREEN_DPI / axes.bbox.height
    order = np.argsort(-ends, kind="stable")  # from the top down
    middles = heights[order].cumsum() - heights[order] / 2  # of names without room between them
    shift = 1 - ends[order] - middles
    down, up = np.maximum.accumulate(shift), np.minimum.accumulate(shift[::-1])[::-1]
    shift = ((down + up) / 2).clip(0, max(0, 1 - heights.sum()))  # all in the panel, if they fit
    for i, y in zip(order, 1 - middles - shift, strict=True):
        names[i].set_position((AFTER, y))
