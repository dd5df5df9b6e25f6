"""Names beside points: each on the side, and as near, where it hides nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

from prvr_lite.plots import page

Rows = tuple[NDArray[np.int64], NDArray[np.int64]]  # names, and a place of each

DOT: Final = 7.0  # points around a dot that names keep free
AIR, STEP = 4.0, 7.0  # points: between a name and what it keeps free, between two distances
SIDES: Final = np.stack([f(np.arange(16) * np.pi / 8) for f in (np.cos, np.sin)], axis=1)  # [16, 2]
DISTANCES: Final = 12
STARTS, ROUNDS = 16, 4  # at most so many starts; how often all names choose after each
HIDDEN: Final = 100.0  # the cost of a line that a name hides; a step away costs 1
LEADER: Final[dict[str, Any]] = {"arrowstyle": "-", "color": page.SOFT, "lw": 0.9, "shrinkB": 4}


def place_names(axes: Axes, names: Sequence[Annotation], lines: Sequence[page.Array]) -> None:
    """Moves names to where they hide no point, no line and no other name, inside the panel.

    Every name has the same places to choose from: 16 sides of its point, at several distances. The
    names choose in turn, from several starts, the nearest place that hides nothing. A name that is
    not directly beside its point keeps its leader line, which crosses no name and no other point.

    Args:
        names: each at its point, with a leader line, of `axes.annotate`.
        lines: corners [P, 2] in data units.
    """
    to_pixels = axes.transData
    spots = to_pixels.transform([name.xy for name in names])
    sizes = np.array([Text.get_window_extent(name).size for name in names])
    drawn = np.concatenate([_along(to_pixels.transform(line)) for line in lines])
    places = _Places.around(spots, sizes, drawn, axes)
    rng = np.random.default_rng(0)
    tries: list[tuple[Rows, float]] = []
    while len(tries) < STARTS and not any(costs < len(names) / 4 for _, costs in tries):
        tries.append(places.choose(rng))
    chosen, _ = min(tries, key=lambda each: each[1])
    for name, middle, far in zip(names, places.middles[chosen], places.far[chosen], strict=True):
        name.set(position=to_pixels.inverted().transform(middle), ha="center", va="center")
        if far == 0 and name.arrow_patch:
            name.arrow_patch.set_visible(False)


@dataclass(frozen=True)
class _Places:
    """The places where N names may stand, W places for each name; all in pixels.

    Attributes:
        middles: [N, W, 2]. low, high: corners of the boxes, with some air, [N, W, 2].
        far: steps away from the point, 0: directly beside it, [N, W].
        leaders: points on the leader lines [N, W, L, 2].
        cost: of each place alone [N, W].
    """

    middles: page.Array
    low: page.Array
    high: page.Array
    far: NDArray[np.int64]
    leaders: page.Array
    cost: page.Array

    @classmethod
    def around(cls, spots: page.Array, sizes: page.Array, drawn: page.Array, axes: Axes) -> _Places:
        """Returns places for names of these sizes [N, 2]; they should not hide `drawn` [F, 2]."""
        dot, air, step = (points * axes.figure.dpi / 72 for points in (DOT, AIR, STEP))
        side, far = np.tile(SIDES, (DISTANCES, 1)), np.repeat(np.arange(DISTANCES), len(SIDES))
        away = (
            side * (dot + air + step * far)[:, None]
            + np.clip(1.5 * side, -1, 1) * sizes[:, None] / 2
        )
        middles = spots[:, None] + away
        half = sizes[:, None] / 2 + air / 2
        low, high = middles - half, middles + half
        leaders = spots[:, None, None] + np.linspace(0, 1, 12)[:, None] * away[:, :, None]
        dots = spots + dot * np.array([[[-1, -1]], [[1, 1]]])
        out = ((low - axes.bbox.min < air) | (axes.bbox.max - high < air)).any(-1)
        hidden = _inside(drawn, low[:, :, None], high[:, :, None]).sum(-1).clip(max=5)
        hidden += _meet(low[:, :, None], high[:, :, None], *dots).sum(-1)
        others = np.abs(spots[:, None] - spots).max(-1) > 2 * dot  # [N, N]: dots side by side
        crossed = _inside(leaders[:, :, None], *dots[:, :, None]).any(-1)
        cost = far + 30 * (crossed & others[:, None]).sum(-1) + HIDDEN * hidden + 1e4 * out
        return cls(middles, low, high, np.broadcast_to(far, cost.shape), leaders, cost)

    def choose(self, rng: np.random.Generator) -> tuple[Rows, float]:
        """Chooses a place for each name; returns the places as an index, and their total cost."""
        count = len(self.cost)
        places = rng.integers(0, self.cost.shape[1], count)
        costs = np.zeros(count)
        for i in [i for _ in range(ROUNDS) for i in rng.permutation(count)]:
            rest = np.delete(np.arange(count), i)
            cost = self.cost[i] + HIDDEN * self._clashes(i, (rest, places[rest]))
            places[i], costs[i] = cost.argmin(), cost.min()
        return (np.arange(count), places), float(costs.sum())

    def _clashes(self, i: int, rest: Rows) -> page.Array:
        """Returns how much each place of name `i` is in conflict with the names `rest`, [W].

        That one name lies over another counts ten times as much as a leader line that does.
        """
        low, high, leaders = (part[i][:, None] for part in (self.low, self.high, self.leaders))
        start, end = self.low[rest], self.high[rest]
        over = 10.0 * _meet(low, high, start, end)
        over += _inside(leaders, start[:, None], end[:, None]).any(-1)
        over += _inside(self.leaders[rest], low[:, None], high[:, None]).any(-1)
        return np.asarray(over.sum(-1))


def _inside(points: page.Array, low: page.Array, high: page.Array) -> NDArray[np.bool_]:
    return np.asarray(((points > low) & (points < high)).all(-1))


def _meet(
    low: page.Array, high: page.Array, start: page.Array, end: page.Array
) -> NDArray[np.bool_]:
    """Returns whether boxes from `low` to `high` overlap boxes from `start` to `end`."""
    return np.asarray(((low < end) & (high > start)).all(-1))


def _along(line: page.Array) -> page.Array:
    """Returns points [P, 2] on a line through corners [C, 2], at most 8 pixels apart."""
    parts = [
        np.linspace(one, two, 2 + int(np.hypot(*(two - one)) / 8))
        for one, two in itertools.pairwise(line)
    ]
    return np.concatenate(parts)
