"""Where the clips of a video stand: a pyramid of start and length above the time axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from prvr_lite.plots import page


def units_of(num_clips: int, name: str = "clip_score") -> int:
    """Returns n, the number of units whose windows are N = n(n+1)/2 clips.

    Raises:
        ValueError: if no n gives `num_clips`.
    """
    n = (math.isqrt(8 * num_clips + 1) - 1) // 2
    page.require(
        num_clips > 0 and n * (n + 1) // 2 == num_clips,
        f"{name} has {num_clips} values, but all clips of n units are n(n+1)/2 "
        f"(528 for n = 32); pass one score for every clip, NaN where there is none",
    )
    return n


def clip_units(n: int) -> NDArray[np.int64]:
    """Returns the first unit and the number of units of each clip, [N, 2], shortest clips first."""
    return np.array([(s, size) for size in range(1, n + 1) for s in range(n - size + 1)])


def units_in_words(first: int, size: int) -> str:
    """Returns the units of a clip in words."""
    return f"unit {first}" if size == 1 else f"units {first} to {first + size - 1}"


def cells(n: int, unit: float) -> page.Array:
    """Returns the outline of every clip's cell, [N, 5, 2] (time, clip length), in units of `unit`.

    A cell is a diamond around (middle of the clip, length of the clip), so that a clip stands
    above what it covers and the clips inside any span fill the tent over that span. Cells of
    length 1 reach down to the axis.
    """
    first, size = clip_units(n).T
    middle = first + size / 2
    foot = np.where(size == 1, 0.5, 0.0)  # the lowest cells are houses, not diamonds
    x = np.stack([middle - 0.5, middle - foot, middle + foot, middle + 0.5, middle])
    y = np.stack([size, size - 1, size - 1, size, size + 1])
    return np.asarray(np.stack([x.T, y.T], axis=-1) * unit)  # [N, 5, 2]


def draw_clips(axes: Axes, n: int, unit: float = 1.0, **style: Any) -> PolyCollection:
    """Draws the cell of every clip of `n` units; `style` is that of a collection."""
    clips = PolyCollection(list(cells(n, unit)), label="clips", **style)
    axes.add_collection(clips)
    axes.set(xlim=(0, n * unit), ylim=(0, (n + 1) * unit))
    return clips


def draw_tent(axes: Axes, start: float, end: float, **style: Any) -> None:
    """Draws the tent over [start, end], a triangle; `style` is that of a patch.

    Every clip within the span lies under it, and its tip is where a clip of exactly this span would
    stand.
    """
    corners = [(start, 0.0), ((start + end) / 2, end - start), (end, 0.0)]
    usual: dict[str, Any] = {"fill": False, "ec": page.SPOT, "label": "moment", "clip_on": False}
    axes.add_patch(Polygon(corners, **usual | style))
