"""The KKZ start, choice by choice: how badly each point is served, and whom that makes the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from prvr_lite.course.lesson05.cluster_rounds import mark_medoids, plane_panels
from prvr_lite.plots import page

LEAST, MOST = 12.0, 340.0  # areas of discs, in square points


@page.house_style
def kkz_steps(points: object, k: int = 4, *, title: str = "KKZ, choice by choice") -> page.Picture:
    """Points in a plane before each of ``k`` choices; the larger a disc, the more it is due.

    Before the first choice a disc shows the point's norm, later its distance to the nearest medoid.

    Args:
        points: [N, 2]. k: choices, 1 to N.
    Returns:
        a Figure with the axes "choice 1", "choice 2", …
    Raises:
        ValueError: points that are not [N, 2].
    """
    places = page.finite(points, "points", ndim=2)
    page.require(places.shape[1] == 2, f"points must be [N, 2], but are {list(places.shape)}")
    due, chosen, steps = np.linalg.norm(places, axis=1), list[int](), list[page.Array]()
    for _ in range(k):
        due[chosen] = -1.0  # no row twice
        steps.append(due.clip(0))
        chosen.append(int(due.argmax()))
        due = np.linalg.norm(places[:, None] - places[chosen], axis=-1).min(1)
    names = [f"choice {i + 1}" for i in range(k)]
    about = "disc: norm (first), then distance to the nearest medoid; ring: the next choice"
    alt = f"{title}. Rows chosen: {chosen}."
    picture, axes = plane_panels(page.heading(title, about), names, 2, 0.7, alt)
    x, y = places.T
    ring: dict[str, Any] = {"facecolors": "none", "edgecolors": page.VERMILION, "lw": 2.4}
    for i, (panel, step) in enumerate(zip(axes.values(), steps, strict=True)):
        rule = "the farthest from its nearest medoid" if i else "the largest norm"
        panel.set_title(f"{i + 1}: {rule}", size=10.5)
        area = LEAST + (MOST - LEAST) * (step / max(step.max(), 1e-12)) ** 2
        panel.scatter(x, y, s=area, c=page.SKY, ec="white", lw=0.6, alpha=0.8, label="due")
        panel.scatter(x[chosen[i]], y[chosen[i]], s=MOST + 190, label="next", **ring)
        if i:
            mark_medoids(panel, places[chosen[:i]], page.INK, 170, first=1)
    return picture
