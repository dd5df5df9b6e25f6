"""The KKZ start, choice by choice: how badly each point is served, and whom that makes the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course import sheet
from prvr_lite.plots import page

LEAST, MOST = 12.0, 340.0  # areas of discs, in square points


@page.house_style
def kkz_steps(points: object, k: int = 4, *, title: str = "KKZ, choice by choice") -> page.Picture:
    """Points in a plane before each of ``k`` choices; the larger a disc, the more it is due.

    Before the first choice a disc shows the point's norm, later its distance to the nearest medoid.

    Args:
        points: [N, 2]. k: choices, 1 to 6.
    Returns:
        a Figure with the axes "choice 1", "choice 2", …
    Raises:
        ValueError: points that are not [N, 2], or a k that does not fit.
    """
    places = page.as_array(points, "points", ndim=2)
    if places.shape[1] != 2 or not 1 <= k <= min(6, len(places)):
        raise ValueError(f"points {list(places.shape)} and k={k}: [N, 2] and 1 to 6 are drawn")
    due, chosen = np.linalg.norm(places, axis=1), list[int]()
    steps: list[tuple[page.Array, list[int], int]] = []
    for _ in range(k):
        due[chosen] = -1.0  # no row twice
        following = int(due.argmax())
        steps.append((due.clip(0), list(chosen), following))
        chosen.append(following)
        apart = np.linalg.norm(places[:, None] - places[chosen], axis=-1)  # [N, medoids]
        due = apart.min(1)
    names = [f"choice {i + 1}" for i in range(k)]
    mosaic = sheet.in_rows(names, 2)
    about = "disc: norm (first), then distance to the nearest medoid; ring: the next choice"
    alt = f"{title}. Rows chosen: {chosen}."
    height = len(mosaic) * (0.7 * page.WIDTH / len(mosaic[0]) + 0.32)
    picture, axes = page.panels(page.heading(title, about), mosaic, height, alt=alt, gap=0.2)
    for i, (name, step) in enumerate(zip(names, steps, strict=True)):
        rule = "the largest norm" if i == 0 else "the farthest from its nearest medoid"
        axes[name].set_title(f"{i + 1}: {rule}", size=10.5)
        _draw(axes[name], places, *step)
    return picture


def _draw(
    axes: Axes, places: page.Array, due: page.Array, chosen: list[int], following: int
) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=page.RULE)
    axes.margins(0.16)
    area = LEAST + (MOST - LEAST) * (due / max(due.max(), 1e-12)) ** 2
    x, y = places.T
    axes.scatter(x, y, s=area, c=page.SKY, ec="white", lw=0.6, alpha=0.8, label="due")
    ring: dict[str, Any] = {"facecolors": "none", "edgecolors": page.VERMILION, "lw": 2.4}
    axes.scatter(x[following], y[following], s=MOST + 190, label="next", **ring)
    if chosen:
        axes.scatter(x[chosen], y[chosen], s=170, c=page.INK, label="medoids", zorder=3)
    ink: dict[str, Any] = {"color": "white", "size": 10, "weight": "bold", "zorder": 4}
    for number, row in enumerate(chosen, start=1):
        axes.text(x[row], y[row], f"{number}", ha="center", va="center_baseline", **ink)
