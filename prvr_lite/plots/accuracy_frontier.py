"""What accuracy costs: every model by its index size and its query time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import NullFormatter

from prvr_lite.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH,
    Array,
    Picture,
    house_style,
    new_picture,
    plain,
    wrap,
)
from prvr_lite.plots.heading import heading
from prvr_lite.plots.model_cost import (
    ModelCost,
    Point,
    bytes_text,
    headline,
    how_to_read,
    in_words,
    pareto_best,
    summed_up,
    time_text,
)
from prvr_lite.plots.name_points import Named, name_points

LEFT, RIGHT, GAP, HIGH = 0.85, 0.2, 0.3, 3.9  # inches
OTHERS: Final = (GREY, ORANGE, GREEN, SKY, PURPLE, VERMILION, INK)  # as in the bars
TRAIL: Final = "#B9C0CC"
NAME_WIDTH, NAME_SIZE = 1.45, 10.0


@house_style
def accuracy_frontier(
    models: Sequence[ModelCost],
    *,
    ours: str | None = "MS-SL++",
    metric: str = "R@1 (%)",
    time_label: str = "query time",
    title: str | None = None,
) -> Picture:
    """Accuracy against index size and, beside it, against query time; every model named on both.

    A dot is a mean over seeds, its whisker ± one standard deviation. The stepped line joins the
    models that no other beats at the same cost or less; the others are hollow.

    Args:
        models: one or more, each name once.
        ours: the name of the model drawn in the method's colour and told of in the headline.
        metric: named on the axis, its unit in brackets; higher is better.
        time_label: named below the second panel.
        title: a headline instead of the one drawn from the numbers.
    Returns:
        a Figure with the axes "size" and, if any query time is known, "time".
    Raises:
        ValueError: naming the model that does not fit.
    """
    points = summed_up(models)
    if ours is not None and ours not in {p.name for p in points}:
        raise ValueError(f"ours is {ours!r}, but no model has that name")
    told = headline(points, ours, metric)
    head = heading(title or told, how_to_read(points, told if title is None else ""))
    top = head.height + 0.2
    picture = new_picture(WIDTH, top + HIGH + 0.65, alt=in_words(points, metric, told))
    head.draw(picture)
    panels = {"size": "index size per video", "time": plain(time_label)}
    if not any(np.isfinite(p.time) for p in points):
        del panels["time"]
    wide = (WIDTH - LEFT - RIGHT + GAP) / len(panels) - GAP
    for i, (name, label) in enumerate(panels.items()):
        page = picture.get_figheight()
        x, y = LEFT + i * (wide + GAP), page - top - HIGH
        box = (x / WIDTH, y / page, wide / WIDTH, HIGH / page)
        axes = picture.add_axes(box, label=name)
        _dress(axes, points, name, label)
        _draw(axes, points, name, ours)
        axes.tick_params(labelleft=i == 0)
    picture.axes[0].set_ylabel(plain(metric))
    return picture


def _dress(axes: Axes, points: Sequence[Point], field: str, label: str) -> None:
    """Limits with room for names, and ticks in plain units, both from all models."""
    x = np.array([getattr(p, field) for p in points])
    x = x[np.isfinite(x)]
    low, high = np.log10(x.min()), np.log10(x.max())
    margin = max(0.09 * (high - low), 0.15)
    axes.set_xscale("log")
    axes.set_xlim(10 ** (low - margin), 10 ** (high + margin))
    spread = np.nan_to_num([p.spread for p in points])
    mean = np.array([p.mean for p in points])
    bottom, top = float((mean - spread).min()), float((mean + spread).max())
    air = 0.1 * (top - bottom) or 1.0
    axes.set_ylim(max(bottom - air, min(0.0, bottom)), top + air)
    ticks = 10 ** _ticks(low - margin, high + margin, np.log10(x))
    text = bytes_text if field == "size" else time_text
    axes.set_xticks(ticks, labels=[text(tick) for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.grid(which="major")


def _ticks(low: float, high: float, x: Array) -> Array:
    """Logarithms of round numbers within the limits, as many as have room; else of the ends."""
    span, decades = high - low, np.arange(np.floor(low), np.ceil(high) + 1)
    if span > 1.3:
        round_ones = decades[:: 1 + int(span // 5)]
    else:
        round_ones = (decades[:, None] + np.log10([1, 2, 5])).ravel()
    inside = (round_ones > low + 0.04 * span) & (round_ones < high - 0.04 * span)
    if inside.sum() > 1:
        return np.asarray(round_ones[inside])
    return np.array([x.min(), x.max()] if np.ptp(x) > 0.3 * span else [x.min()])


def _draw(axes: Axes, points: Sequence[Point], field: str, ours: str | None) -> None:
    """The dots, their whiskers and names, and the line of the best, on dressed axes."""
    shown = [p for p in points if np.isfinite(getattr(p, field))]
    x, y = np.array([[getattr(p, field), p.mean] for p in shown]).T
    best = pareto_best(x, y)
    trail = _stairs(np.sort(x[best]), np.sort(y[best]), axes.get_xlim()[1])
    axes.plot(*trail.T, color=TRAIL, lw=1.6, zorder=1.2, label="best")
    others = itertools.cycle(OTHERS)
    named = []
    for point, spot, is_best in zip(shown, x, best, strict=True):
        mine = point.name == ours
        color, dot, weight = (BLUE, 10.0, "bold") if mine else (next(others), 7.5, "normal")
        axes.errorbar(
            spot, point.mean, yerr=np.nan_to_num(point.spread), fmt="o", ms=dot, color=color,
            mfc=color if is_best else "white", mew=1.8, elinewidth=1.8, zorder=3 + mine,
            label=plain(point.name),
        )  # fmt: skip
        named.append(
            Named(
                _broken(point.name, weight), spot, point.mean, color if mine else _dark(color),
                whisker=float(np.nan_to_num(point.spread)), size=NAME_SIZE, weight=weight,
            )
        )  # fmt: skip
    name_points(axes, named, lines=np.concatenate([trail[:-1], trail[1:]], axis=1))


def _stairs(x: Array, y: Array, end: float) -> Array:
    """Corners of the line [2B, 2] that keeps each height until the next point, and on to `end`."""
    return np.stack([np.append(np.repeat(x, 2)[1:], end), np.repeat(y, 2)], axis=1)


def _broken(name: str, weight: str) -> str:
    """The name on one or two lines, broken at spaces or after hyphens."""
    free = re.sub(r"(?<=\w)-(?=\w)", "-\u00ad ", name)
    text = wrap(free, NAME_WIDTH, NAME_SIZE, weight=weight, lines=2)
    return text.replace("\u00ad ", "").replace("\u00ad", "")


def _dark(color: str) -> tuple[float, float, float]:
    """The colour mixed with ink, so that thin letters keep their contrast on white."""
    red, green, blue = (
        0.55 * c + 0.45 * ink for c, ink in zip(to_rgb(color), to_rgb(INK), strict=True)
    )
    return red, green, blue
