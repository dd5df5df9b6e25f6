"""What accuracy costs: every model by its index size and its query time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import log_ticks
from prvr_lite.plots.point_names import NAME, place_names
from prvr_lite.plots.seeds import Value, deviation, seeds_of

HIGH = 4.75  # inches of the panels, with their axes
TRAIL: Final = "#B9C0CC"
NAME_WIDTH, NAME_SIZE = 1.45, 10.0
DOT: Final[dict[str, Any]] = {"fmt": "o", "mew": 1.8, "elinewidth": 1.8}
UNITS: Final = {"size": EngFormatter("B"), "time": EngFormatter("s")}  # of bytes and of seconds


@dataclass(frozen=True)
class ModelCost:
    """One model: how accurate it is and what a search with it costs.

    Attributes:
        name: as written beside its point.
        accuracy: in the metric's unit, one number or one per seed.
        index_bytes: bytes that the index keeps of a video, above 0.
        query_ms: time to search for one query in ms, above 0; None if unknown.
    """

    name: str
    accuracy: Value
    index_bytes: float
    query_ms: float | None = None

    @property
    def mean(self) -> float:
        """Returns the mean accuracy over the seeds."""
        return float(np.mean(self.accuracy))

    @property
    def spread(self) -> float:
        """Returns the standard deviation over the seeds; NaN for a single one."""
        return deviation(np.atleast_1d(self.accuracy))

    @property
    def costs(self) -> dict[str, float]:
        """Returns the index's "size" in bytes and, if it is known, a query's "time" in s."""
        time = {} if self.query_ms is None else {"time": self.query_ms / 1000}
        return {"size": float(self.index_bytes), **time}


@page.house_style
def accuracy_frontier(
    models: Sequence[ModelCost],
    *,
    ours: str | None = "MS-SL++",
    level_with: Collection[str] = (),
    metric: str = "R@1 (%)",
    time_label: str = "query time",
    title: str | None = None,
) -> page.Picture:
    """Draws accuracy against index size and against query time; every model is named on both.

    A dot is a mean over seeds, its whisker ± one standard deviation. The stepped line joins the
    models that no other beats at the same cost or less; the others are hollow.

    Args:
        models: one or more, each name once.
        ours: the name of the model drawn in the method's colour and described in the headline.
        level_with: names of models that the seeds do not separate from it (``lab.is_level``).
        metric: named on the axis, its unit in brackets; higher is better.
        time_label: named below the second panel.
        title: a headline instead of the one drawn from the numbers.
    Returns:
        a Figure with the axes "size" and, if any query time is known, "time".
    Raises:
        ValueError: naming the model that does not fit.
    """
    page.require(models, "models must hold at least one model")
    names = [model.name for model in models]
    for model in models:
        page.require(names.count(model.name) == 1, f"two models are named {model.name!r}")
        seeds_of(model.accuracy, f"accuracy of {model.name!r}")
        costs = list(model.costs.values())
        page.finite(costs, f"{model.name!r}: index_bytes and query_ms", above=0)
    page.require(ours in [None, *names], f"ours is {ours!r}, but no model has that name")
    headline, about = _headline(models, ours, metric, level_with), ""
    if any(np.isfinite(model.spread) for model in models):
        level = title is None and " is level with " in headline
        what = " (“level”: they do not separate the two)" if level else ""
        about = f"whisker: ± standard deviation over seeds{what}; "
    labels = {"size": "index size per video", "time": page.plain(time_label)}
    fields = [field for field in labels if any(field in model.costs for model in models)]
    shown = [[(m.costs[field], m.mean) for m in models if field in m.costs] for field in fields]
    beaten = not all(pareto_best(*np.array(spots).T).all() for spots in shown)
    about += f"line: the best result at that cost{'; hollow: beaten at that cost' * beaten}"
    head = page.heading(title or headline, about)
    alt = _in_words(models, metric, headline)
    picture, panels = page.panels(head, [fields], HIGH, alt=alt, gap=0.2, sharey=True)
    for field, axes in panels.items():
        _draw(axes, models, field, ours)
        axes.set_xlabel(labels[field])
    panels["size"].set_ylabel(page.plain(metric))
    page.settle(picture)
    for axes in panels.values():
        place_names(axes)
    return picture


def _draw(axes: Axes, models: Sequence[ModelCost], field: str, ours: str | None) -> None:
    """Draws the dots with their whiskers and names, and the line of the best models."""
    shown = [model for model in models if field in model.costs]
    x, y = np.array([[model.costs[field], model.mean] for model in shown]).T
    low, high = np.log10([x.min(), x.max()])
    margin = max(0.2 * (high - low), 0.4)
    axes.set(xscale="log", xlim=(10 ** (low - margin), 10 ** (high + margin)))
    log_ticks(axes.xaxis, UNITS[field], short=20.0)
    axes.grid(which="major")
    best = pareto_best(x, y)
    across, up = (np.repeat(np.sort(one[best]), 2) for one in (x, y))
    ends = np.append(across[1:], axes.get_xlim()[1])  # a line keeps its height until the next
    (trail,) = axes.plot(ends, up, color=TRAIL, lw=1.6, zorder=1.2, label="best")
    trail.sticky_edges.y.append(0)  # no room is left below an accuracy of 0
    axes.margins(y=0.2)
    others = itertools.cycle(page.OTHERS)
    for model, spot, is_best in zip(shown, zip(x, y, strict=True), best, strict=True):
        is_ours = model.name == ours
        color, dot, weight = (page.BLUE, 10.0, "bold") if is_ours else (next(others), 7.5, "normal")
        look = DOT | {"color": color, "mfc": color if is_best else "white", "ms": dot}
        bar = axes.errorbar(*spot, np.nan_to_num(model.spread), zorder=3 + is_ours, **look)
        bar.set_label(page.plain(model.name))
        look = NAME | {"size": NAME_SIZE, "weight": weight}
        page.write(axes, _broken(model.name, weight), spot, color=page.letters(color), **look)


def _broken(name: str, weight: str) -> str:
    """Returns the name on one or two lines, broken at spaces or after hyphens."""
    free = re.sub(r"(?<=\w)-(?=\w)", "-\u00ad ", name)
    text = page.wrap(free, NAME_WIDTH, NAME_SIZE, weight=weight, lines=2)
    return text.replace("\u00ad ", "").replace("\u00ad", "")


def _headline(
    models: Sequence[ModelCost], ours: str | None, metric: str, level_with: Collection[str]
) -> str:
    """Returns the headline: how `ours` compares with the best other model, and at what cost."""
    short = re.sub(r"\s*\([^)]*\)", "", metric)
    ranked = sorted(models, key=lambda model: -model.mean)
    we = next((model for model in ranked if model.name == ours), ranked[0])
    rival = next((model for model in ranked if model is not we), None)
    if rival is None:
        return f"{we.name}: {short} {we.mean:.1f}"
    us, them = (f"“{model.name}”" if "," in model.name else model.name for model in (we, rival))
    names = {"size": "index", "time": "query time"}
    known = [field for field in we.costs if field in rival.costs]
    parts = [_share(we.costs[field] / rival.costs[field], names[field]) for field in known]
    cost = f", with {' and '.join(parts)}"
    if we.mean == rival.mean or rival.name in level_with:
        both = f"{short} {we.mean:.1f} and {rival.mean:.1f}"
        return f"{us} is level with {them} ({both}){cost}"
    if we.mean > rival.mean:
        return f"{us} is ahead: {short} {we.mean:.1f}, {them} {rival.mean:.1f}{cost}"
    return f"{them} is ahead: {short} {rival.mean:.1f}; {us} has {we.mean:.1f}{cost}"


def _share(ratio: float, name: str) -> str:
    """Returns a ratio of costs in words: 1/17 of its index, 1.3 times its query time."""
    if 0.95 <= ratio <= 1.05:
        return f"the same {name}"
    if ratio < 1:
        return f"{f'1/{1 / ratio:.0f}' if ratio < 0.55 else f'{ratio:.1f}'} of its {name}"
    return f"{ratio:.{int(ratio < 9.5)}f} times its {name}"


def pareto_best(cost: page.Array, accuracy: page.Array) -> NDArray[np.bool_]:
    """Returns which points no other beats, [P] bool.

    Another beats a point if it costs no more, is as accurate, and is better in one of the two.

    Args:
        cost, accuracy: [P]; a NaN cost is never best.
    """
    as_good = (cost[:, None] <= cost) & (accuracy[:, None] >= accuracy)
    better = (cost[:, None] < cost) | (accuracy[:, None] > accuracy)
    return np.asarray(np.isfinite(cost) & ~(as_good & better).any(0))


def _in_words(models: Sequence[ModelCost], metric: str, headline: str) -> str:
    """Returns the alt text: every model's three numbers in words."""
    parts = []
    for model in models:
        spread = f" ± {model.spread:.1f}" if np.isfinite(model.spread) else ""
        costs = [UNITS[field](float(f"{cost:.3g}")) for field, cost in model.costs.items()]
        each = [f"{cost} a {one}" for cost, one in zip(costs, ("video", "query"), strict=False)]
        parts.append(", ".join([f"{model.name} {model.mean:.1f}{spread}", *each]))
    return f"{metric} against index size and query time. {headline}. {'; '.join(parts)}."
