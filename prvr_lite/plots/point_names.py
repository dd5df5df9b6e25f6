"""Names beside points: each on the side, and as near, where it hides nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

from prvr_lite.plots import page

DOT: Final = 7.0  # points around a dot that names keep free
AIR, STEP = 4.0, 7.0  # points: between a name and what it keeps free, between two distances
SIDES: Final = np.stack([f(np.arange(16) * np.pi / 8) for f in (np.cos, np.sin)], axis=1)  # [16, 2]
DISTANCES = 12
STARTS, ROUNDS = 16, 4  # at most so many starts; how often all names choose after each
HIDDEN: Final = 100.0  # the cost of a line that a name hides; a step away costs 1
LEADER: Final[dict[str, Any]] = {"arrowstyle": "-", "color": page.SOFT, "lw": 0.9, "shrinkB": 4}


def place_names(axes: Axes, names: Sequence[Annotation], lines: Sequence[page.Array]) -> None:
    """Moves names to where they hide no point, no line and no other name, inside the panel.

    Every name has the same places to choose from: 16 sides of its point, at several distances. The
    names choose in turn, from several starts, the nearest place that hides nothing. A
    name that is not directly beside its point keeps its leader line, which crosses no name and no
    other point.

    Args:
        names: each at its point, with a leader line, of `axes.annotate`.
        lines: corners [P, 2] in data units.
    """
    to_pixels, scale = axes.transData, axes.figure.dpi / 72
    dot, air = DOT * scale, AIR * scale
    spots = to_pixels.transform([name.xy for name in names])  # [N, 2]
    sizes = np.array([Text.get_window_extent(name).size for name in names])
    drawn = [_along(to_pixels.transform(line)) for line in lines]
    drawn += [spots + dot * np.array(at) for at in itertools.product((-1, 0, 1), repeat=2)]
    side, far = np.tile(SIDES, (DISTANCES, 1)), np.repeat(np.arange(DISTANCES), len(SIDES))
    away = side * (dot + air + STEP * scale * far)[:, None]
    away = away + np.clip(1.5 * side, -1, 1) * sizes[:, None] / 2  # [N, W, 2]
    middles, half = spots[:, None] + away, sizes[:, None] / 2 + air / 2
    low, high = middles - half, middles + half
    leaders = spots[:, None, None] + np.linspace(0, 1, 12)[:, None] * away[:, :, None]
    out = ((low - axes.bbox.min < air) | (axes.bbox.max - high < air)).any(-1)
    hidden = _inside(np.concatenate(drawn), low[:, :, None], high[:, :, None]).sum(-1).clip(max=5)
    others = np.abs(spots[:, None] - spots).max(-1) > 2 * dot  # [N, N]: not dots side by side
    crossed = _inside(leaders[:, :, None], (spots - dot)[:, None], (spots + dot)[:, None]).any(-1)
    cost = far + 30 * (crossed & others[:, None]).sum(-1) + HIDDEN * hidden + 1e4 * out  # [N, W]
    rng = np.random.default_rng(0)
    tries: list[tuple[dict[int, int], float]] = [({}, np.inf)]
    while len(tries) <= STARTS and tries[-1][1] > len(names) / 4:
        tries.append(_choose(rng, cost, low, high, leaders))
    chosen, _ = min(tries, key=lambda one: one[1])
    for i, name in enumerate(names):
        place = chosen[i]
        name.set(
            position=to_pixels.inverted().transform(middles[i, place]), ha="center", va="center"
        )
        if far[place] == 0 and name.arrow_patch:
            name.arrow_patch.set_visible(False)


def _choose(
    rng: np.random.Generator,
    cost: page.Array,
    low: page.Array,
    high: page.Array,
    leaders: page.Array,
) -> tuple[dict[int, int], float]:
    """Returns the place that each name chooses, in turn and again, and their total cost.

    That one name lies over another counts ten times as much as a leader line that does.
    """
    chosen = dict(enumerate(rng.integers(0, cost.shape[1], len(cost)).tolist()))
    costs: dict[int, float] = {}
    for i in [i for _ in range(ROUNDS) for i in rng.permutation(len(cost)).tolist()]:
        chosen.pop(i)
        free = cost[i].copy()  # [W]
        for j, place in chosen.items():
            start, end = low[j, place], high[j, place]
            over = 10.0 * ((low[i] < end) & (high[i] > start)).all(-1)
            over += _inside(leaders[i], start, end).any(-1)
            over += _inside(leaders[j, place], low[i][:, None], high[i][:, None]).any(-1)
            free += HIDDEN * over
        chosen[i], costs[i] = int(free.argmin()), float(free.min())
    return chosen, sum(costs.values())


def _inside(points: page.Array, low: page.Array, high: page.Array) -> NDArray[np.bool_]:
    return np.asarray(((points > low) & (points < high)).all(-1))


def _along(line: page.Array) -> page.Array:
    """Returns points [P, 2] on a line through corners [C, 2], at most 8 pixels apart."""
    return np.concatenate(
        [
            np.linspace(one, two, 2 + int(np.hypot(*(two - one)) / 8))
            for one, two in itertools.pairwise(line)
        ]
    )
