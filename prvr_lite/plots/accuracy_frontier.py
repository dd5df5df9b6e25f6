"""What accuracy costs: every model by its index size and its query time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import log_ticks
from prvr_lite.plots.point_names import LEADER, place_names
from prvr_lite.plots.seeds import Value, deviation, seeds_of

HIGH = 4.75  # inches of the panels, with their axes
HALO: Final = withStroke(linewidth=2.5, foreground="white")
TRAIL: Final = "#B9C0CC"
NAME_WIDTH, NAME_SIZE = 1.45, 10.0
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
        """Returns the index's "size" in bytes and a query's "time" in s (NaN if unknown)."""
        time = np.nan if self.query_ms is None else self.query_ms / 1000
        return {"size": float(self.index_bytes), "time": float(time)}


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
    _check(models, ours)
    headline = _headline(models, ours, metric, level_with)
    head = page.heading(title or headline, _how_to_read(models, headline if title is None else ""))
    labels = {"size": "index size per video", "time": page.plain(time_label)}
    if not any(np.isfinite(p.costs["time"]) for p in models):
        del labels["time"]
    picture, panels = page.panels(
        head, [list(labels)], HIGH, alt=_in_words(models, metric, headline), gap=0.2, sharey=True
    )
    for name, axes in panels.items():
        _dress(axes, models, name, labels[name])
    panels["size"].set_ylabel(page.plain(metric))
    page.settle(picture)
    for name, axes in panels.items():
        _draw(axes, models, name, ours)
    return picture


def _dress(axes: Axes, models: Sequence[ModelCost], field: str, label: str) -> None:
    """Limits with room for names, and ticks in plain units, both from all models."""
    x = np.array([p.costs[field] for p in models])
    low, high = np.log10([np.nanmin(x), np.nanmax(x)])
    margin = max(0.2 * (high - low), 0.4)
    spread = np.nan_to_num([p.spread for p in models])
    mean = np.array([p.mean for p in models])
    bottom, top = float((mean - spread).min()), float((mean + spread).max())
    air = 0.2 * (top - bottom) or 1.0
    axes.set(xscale="log", xlim=(10 ** (low - margin), 10 ** (high + margin)), xlabel=label)
    axes.set_ylim(max(bottom - air, min(0.0, bottom)), top + air)
    log_ticks(axes.xaxis, UNITS[field], short=20.0)
    axes.grid(which="major")


def _draw(axes: Axes, models: Sequence[ModelCost], field: str, ours: str | None) -> None:
    """Draws the dots, their whiskers and names, and the line of the best models."""
    shown = [p for p in models if np.isfinite(p.costs[field])]
    x, y = np.array([[p.costs[field], p.mean] for p in shown]).T
    best = pareto_best(x, y)
    across, up = (np.repeat(np.sort(one[best]), 2) for one in (x, y))
    ends = np.append(across[1:], axes.get_xlim()[1])  # a line keeps its height until the next
    trail = np.stack([ends, up], axis=1)  # [2B, 2]
    axes.plot(*trail.T, color=TRAIL, lw=1.6, zorder=1.2, label="best")
    others = itertools.cycle(page.OTHERS)
    names: list[Annotation] = []
    drawn = [trail]
    look: dict[str, Any] = {"fmt": "o", "mew": 1.8, "elinewidth": 1.8}
    text: dict[str, Any] = {"arrowprops": LEADER, "size": NAME_SIZE, "path_effects": [HALO]}
    for point, spot, is_best in zip(shown, x, best, strict=True):
        is_ours = point.name == ours
        color, dot, weight = (page.BLUE, 10.0, "bold") if is_ours else (next(others), 7.5, "normal")
        look |= {"color": color, "mfc": color if is_best else "white", "ms": dot}
        whisker = np.nan_to_num(point.spread)
        bar = axes.errorbar(spot, point.mean, yerr=whisker, zorder=3 + is_ours, **look)
        bar.set_label(page.plain(point.name))
        drawn += [segment for line in bar.lines[2] for segment in line.get_segments()]
        dark = color if is_ours else sns.blend_palette([color, page.INK], 3)[1]  # thin letters
        style: dict[str, Any] = {"color": dark, "weight": weight, "parse_math": False, "zorder": 5}
        name = _broken(point.name, weight)
        names.append(axes.annotate(name, (spot, point.mean), **text, **style))
    place_names(axes, names, drawn)


def _broken(name: str, weight: str) -> str:
    """Returns the name on one or two lines, broken at spaces or after hyphens."""
    free = re.sub(r"(?<=\w)-(?=\w)", "-\u00ad ", name)
    text = page.wrap(free, NAME_WIDTH, NAME_SIZE, weight=weight, lines=2)
    return text.replace("\u00ad ", "").replace("\u00ad", "")


def _how_to_read(models: Sequence[ModelCost], headline: str) -> str:
    """Returns how to read the picture, and what “level” means if its headline has that word."""
    level = " (“level”: they do not separate the two)" if " is level with " in headline else ""
    whisker = f"whisker: ± standard deviation over seeds{level}; "
    several = any(np.isfinite(p.spread) for p in models)
    return f"{whisker if several else ''}line: the best result at that cost"


def _headline(
    models: Sequence[ModelCost], ours: str | None, metric: str, level_with: Collection[str]
) -> str:
    """Returns the headline: how `ours` compares with the best other model, and at what cost."""
    short = re.sub(r"\s*\([^)]*\)", "", metric)
    ranked = sorted(models, key=lambda p: -p.mean)
    we = next((p for p in ranked if p.name == ours), ranked[0])
    rival = next((p for p in ranked if p is not we), None)
    if rival is None:
        return f"{we.name}: {short} {we.mean:.1f}"
    ahead, cost = we.mean - rival.mean, _cost_against(we, rival)
    if we.mean == rival.mean or rival.name in level_with:
        both = f"{short} {we.mean:.1f} and {rival.mean:.1f}"
        return f"{we.name} is level with {rival.name} ({both}){cost}"
    if ahead > 0:
        return f"{we.name} is ahead: {short} {we.mean:.1f}, {rival.name} {rival.mean:.1f}{cost}"
    return f"{rival.name} is ahead: {short} {rival.mean:.1f}; {we.name} has {we.mean:.1f}{cost}"


def _cost_against(we: ModelCost, rival: ModelCost) -> str:
    """Returns our cost as parts or multiples of the rival's cost, as the end of a sentence."""
    names = {"size": "index", "time": "query time"}
    ratios = {name: we.costs[key] / rival.costs[key] for key, name in names.items()}
    parts = [_share(ratio, name) for name, ratio in ratios.items() if np.isfinite(ratio)]
    return f", with {' and '.join(parts)}"


def _share(ratio: float, name: str) -> str:
    """Returns a ratio of costs in words: 1/17 of its index, 1.3 times its query time."""
    if 0.95 <= ratio <= 1.05:
        return f"the same {name}"
    if ratio < 1:
        return f"{f'1/{1 / ratio:.0f}' if ratio < 0.55 else f'{ratio:.1f}'} of its {name}"
    return f"{ratio:.{int(ratio < 9.5)}f} times its {name}"


def _check(models: Sequence[ModelCost], ours: str | None) -> None:
    page.require(models, "models must hold at least one model")
    names = [model.name for model in models]
    for model in models:
        page.require(names.count(model.name) == 1, f"two models are named {model.name!r}")
        seeds_of(model.accuracy, f"accuracy of {model.name!r}")
        costs = [model.index_bytes, *([] if model.query_ms is None else [model.query_ms])]
        page.finite(costs, f"{model.name!r}: index_bytes and query_ms", above=0)
    page.require(ours in [None, *names], f"ours is {ours!r}, but no model has that name")


def pareto_best(cost: page.Array, accuracy: page.Array) -> NDArray[np.bool_]:
    """Returns which points no other beats, [P] bool.

    Another beats a point if it costs no more, is as accurate, and is better in one of the two.

    Args:
        cost, accuracy: [P]; a NaN cost is never best.
    """
    cheaper = cost[:, None] <= cost
    better = accuracy[:, None] >= accuracy
    differs = (cost[:, None] < cost) | (accuracy[:, None] > accuracy)
    return np.asarray(np.isfinite(cost) & ~(cheaper & better & differs).any(0))


def _in_words(models: Sequence[ModelCost], metric: str, headline: str) -> str:
    """Returns the alt text: every model's three numbers in words."""
    parts = []
    for p in models:
        spread = f" ± {p.spread:.1f}" if np.isfinite(p.spread) else ""
        told = [
            f", {UNITS[field](float(f'{cost:.3g}'))} a {'video' if field == 'size' else 'query'}"
            for field, cost in p.costs.items()
            if np.isfinite(cost)
        ]
        parts.append(f"{p.name} {p.mean:.1f}{spread}{''.join(told)}")
    return f"{metric} against index size and query time. {headline}. {'; '.join(parts)}."
