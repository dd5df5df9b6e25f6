"""Names beside points: each on the side, and as near, where it hides nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray

from prvr_lite.plots import page

DOT: Final = 7.0  # points around a dot that names keep free
AIR, STEP = 4.0, 7.0  # points: between a name and what it keeps free, between two distances
SIDES: Final = np.stack([f(np.arange(16) * np.pi / 8) for f in (np.cos, np.sin)], axis=1)  # [16, 2]
DISTANCES = 12
TRIES = 24  # orders in which the names choose their places
HIDDEN: Final = 100.0  # the cost of a line that a name hides; a step away costs 1
LEADER: Final = {"arrowstyle": "-", "color": page.SOFT, "lw": 0.9, "shrinkB": 4}
HALO: Final = withStroke(linewidth=2.5, foreground="white")
# How a name is written at its point, before it has a place.
NAME: Final[dict[str, Any]] = {"arrowprops": LEADER, "path_effects": [HALO], "in_layout": False}


def place_names(axes: Axes) -> None:
    """Moves the names in a panel to where they hide no point, no line and no other name.

    Every name has the same places to choose from: 16 sides of its point, at several distances. The
    names choose in turn the nearest place that hides nothing, in several orders; the best is kept.
    That one name lies over another counts ten times as much as a leader line that does. A name
    that is not directly beside its point keeps its leader line, which crosses no name and no other
    point.

    Args:
        axes: with one name or more, each written at its point by `page.write`, in the style NAME.
    """
    names = [text for text in axes.texts if isinstance(text, Annotation)]
    lines = [np.asarray(line.get_xydata()) for line in axes.lines]
    whiskers = [one for one in axes.collections if isinstance(one, LineCollection)]
    lines += [segment for one in whiskers for segment in one.get_segments()]
    to_pixels, scale = axes.transData, axes.figure.dpi / 72
    dot, air = DOT * scale, AIR * scale
    spots = to_pixels.transform([name.xy for name in names])  # [N, 2]
    sizes = np.array([Text.get_window_extent(name).size for name in names])
    drawn = [Path(to_pixels.transform(line)).interpolated(100).vertices for line in lines]
    drawn += [spots + dot * np.array([x, y]) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    side, far = np.tile(SIDES, (DISTANCES, 1)), np.repeat(np.arange(DISTANCES), len(SIDES))
    away = side * (dot + air + STEP * scale * far)[:, None]
    away = away + np.clip(1.5 * side, -1, 1) * sizes[:, None] / 2  # [N, W, 2]
    middles, half = spots[:, None] + away, sizes[:, None] / 2 + air / 2
    low, high = middles - half, middles + half
    leaders = spots[:, None, None] + np.linspace(0, 1, 12)[:, None] * away[:, :, None]
    out = ((low - axes.bbox.min < air) | (axes.bbox.max - high < air)).any(-1)
    hidden = _inside(np.concatenate(drawn), low[:, :, None], high[:, :, None]).sum(-1).clip(max=5)
    crossed = _inside(leaders[:, :, None], (spots - dot)[:, None], (spots + dot)[:, None]).any(-1)
    cost = far + 30 * crossed.sum(-1) + HIDDEN * hidden + 1e4 * out  # [N, W]
    rng, least, places = np.random.default_rng(0), np.inf, dict[int, int]()
    for _ in range(TRIES):
        total, chosen = 0.0, dict[int, int]()
        for i in rng.permutation(len(names)).tolist():
            free = cost[i].copy()  # [W]
            for j, place in chosen.items():
                start, end = low[j, place], high[j, place]
                free += 10 * HIDDEN * ((low[i] < end) & (high[i] > start)).all(-1)
                free += HIDDEN * _inside(leaders[i], start, end).any(-1)
                around = _inside(leaders[j, place], low[i][:, None], high[i][:, None])
                free += HIDDEN * around.any(-1)
            chosen[i], total = int(free.argmin()), total + free.min()
        if total < least:
            least, places = total, chosen
    for i, place in places.items():
        names[i].set(position=away[i, place] / scale, ha="center", va="center")
        if far[place] == 0 and (leader := names[i].arrow_patch):
            leader.set_visible(False)


def _inside(points: page.Array, low: page.Array, high: page.Array) -> NDArray[np.bool_]:
    return np.asarray(((points > low) & (points < high)).all(-1))
