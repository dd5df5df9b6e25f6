"""What a model costs and how it stands to the others, in numbers and in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prvr_lite.plots.bars import Value
from prvr_lite.plots.canvas import Array
from prvr_lite.plots.seeds import deviation, mean_interval, seeds_of


@dataclass(frozen=True)
class ModelCost:
    """One model: how accurate it is and what a search with it costs.

    Attributes:
        name: as written beside its point.
        accuracy: in the metric's unit, one number or one a seed.
        index_bytes: bytes that the index keeps of a video, above 0.
        query_ms: time to search for one query in ms, above 0; None if unknown.
    """

    name: str
    accuracy: Value
    index_bytes: float
    query_ms: float | None = None


@dataclass(frozen=True)
class Point:
    """A model with its seeds summed up."""

    name: str
    mean: float
    spread: float  # NaN for a single seed
    seeds: tuple[float, ...]
    size: float
    time: float  # NaN if unknown


def how_to_read(points: Sequence[Point], told: str) -> str:
    """How to read the picture, and what its headline means by level."""
    level = " (“level”: they do not tell the two apart)" if " is level with " in told else ""
    whisker = f"whisker: ± standard deviation over seeds{level}; "
    several = any(np.isfinite(p.spread) for p in points)
    return f"{whisker if several else ''}line: the best to be had at that cost"


def headline(points: Sequence[Point], ours: str | None, metric: str) -> str:
    """How the model `ours` stands to the best of the others, and at what cost.

    "Level" is said where the 95 % interval of the difference, seed by seed, reaches 0.
    """
    short = re.sub(r"\s*\([^)]*\)", "", metric)
    ranked = sorted(points, key=lambda p: -p.mean)
    we = next((p for p in ranked if p.name == ours), ranked[0])
    rival = next((p for p in ranked if p is not we), None)
    if rival is None:
        return f"{we.name}: {short} {we.mean:.1f}"
    ahead, cost = we.mean - rival.mean, _cost_against(we, rival)
    if _level(we, rival):
        both = f"{short} {we.mean:.1f} and {rival.mean:.1f}"
        return f"{we.name} is level with {rival.name} ({both}){cost}"
    if ahead > 0:
        return f"{we.name} is ahead: {short} {we.mean:.1f}, {rival.name} {rival.mean:.1f}{cost}"
    return f"{rival.name} is ahead: {short} {rival.mean:.1f}; {we.name} has {we.mean:.1f}{cost}"


def _level(we: Point, rival: Point) -> bool:
    """Whether the seeds leave open which of the two is better; unpaired ones by the larger sd."""
    if len(we.seeds) == len(rival.seeds) > 1:
        low, high = mean_interval(np.subtract(we.seeds, rival.seeds))
        return low <= 0 <= high
    return bool(abs(we.mean - rival.mean) <= np.nanmax([we.spread, rival.spread, 0.0]))


def _cost_against(we: Point, rival: Point) -> str:
    """What we cost in parts or multiples of the rival's cost, as the end of a sentence."""
    ratios = {"index": we.size / rival.size, "query time": we.time / rival.time}
    parts = [_share(ratio, name) for name, ratio in ratios.items() if np.isfinite(ratio)]
    return f", with {' and '.join(parts)}"


def _share(ratio: float, name: str) -> str:
    """A part of the rival's cost as one says it: 1/17 of its index, 1.3 times its query time."""
    if 0.95 <= ratio <= 1.05:
        return f"the same {name}"
    if ratio < 1:
        return f"{f'1/{1 / ratio:.0f}' if ratio < 0.55 else f'{ratio:.1f}'} of its {name}"
    return f"{ratio:.{int(ratio < 9.5)}f} times its {name}"


def summed_up(models: Sequence[ModelCost]) -> list[Point]:
    """The models with their seeds summed up, in the order given."""
    if not models:
        raise ValueError("models must hold at least one model")
    points: dict[str, Point] = {}
    for model in models:
        if model.name in points:
            raise ValueError(f"two models are named {model.name!r}")
        seeds = seeds_of(model.accuracy, f"accuracy of {model.name!r}")
        time = float("nan") if model.query_ms is None else float(model.query_ms)
        size = float(model.index_bytes)
        if not (np.isfinite(size) and size > 0) or time <= 0 or np.isinf(time):
            raise ValueError(
                f"{model.name!r}: index_bytes and query_ms must be above 0 and finite, but are "
                f"{size:g} and {time:g}"
            )
        told = (float(seeds.mean()), deviation(seeds), tuple(seeds.tolist()))
        points[model.name] = Point(model.name, *told, size, time)
    return list(points.values())


def pareto_best(cost: Array, accuracy: Array) -> NDArray[np.bool_]:
    """Which points no other beats, [P] bool: none is as accurate for less, or more so for as much.

    Args:
        cost, accuracy: [P]; a NaN cost is never best.
    """
    cheaper = cost[:, None] <= cost
    better = accuracy[:, None] >= accuracy
    other = (cost[:, None] < cost) | (accuracy[:, None] > accuracy)
    return np.asarray(np.isfinite(cost) & ~(cheaper & better & other).any(0))


def bytes_text(value: float) -> str:
    """A number of bytes in the largest unit that leaves it above 1: 768 B, 49 kB, 1 MB."""
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def time_text(value: float) -> str:
    """A time in ms with its unit: 50 µs, 9 ms, 2 s."""
    if value < 0.9995:
        return f"{1000 * value:.3g} µs"
    return f"{value:.3g} ms" if value < 999.5 else f"{value / 1000:.3g} s"


def in_words(points: Sequence[Point], metric: str, told: str) -> str:
    """Every model's three numbers in words."""
    parts = []
    for p in points:
        spread = f" ± {p.spread:.1f}" if np.isfinite(p.spread) else ""
        time = f", {time_text(p.time)} a query" if np.isfinite(p.time) else ""
        parts.append(f"{p.name} {p.mean:.1f}{spread}, {bytes_text(p.size)} a video{time}")
    return f"{metric} against index size and query time. {told}. {'; '.join(parts)}."
