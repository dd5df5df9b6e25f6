"""Draws the KKZ start, choice by choice: each point's norm or distance, and which point is next."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from torch import from_numpy

from prvr_lite.course.lesson05.answers import kkz_start
from prvr_lite.course.lesson05.cluster_rounds import mark_medoids, plane_panels
from prvr_lite.plots import page

TITLE: Final = "KKZ, choice by choice"
ABOUT: Final = "disc: norm (first), then distance to the nearest medoid; ring: the next choice"
LEAST, MOST = 12.0, 340.0  # areas of discs, in square points


@page.house_style
def kkz_steps(points: Any) -> page.Picture:
    """Draws points in a plane before each of four choices; the point with the largest disc is next.

    Before the first choice a disc shows the point's norm, later its distance to the nearest medoid.

    Args:
        points: [N, 2], at least four.
    Returns:
        a Figure with the axes "choice 0", "choice 1", …
    Raises:
        ValueError: points that are not [N, 2].
    """
    places = page.finite(points, "points", ndim=2, shape=(len(points), 2))
    (x, y), norm = places.T, np.linalg.norm(places, axis=1)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)  # [N, N]
    chosen = kkz_start(from_numpy(distance), from_numpy(norm), 4).tolist()
    names, alt = [f"choice {i}" for i in range(4)], f"{TITLE}. Rows chosen: {chosen}."
    picture, axes = plane_panels(page.heading(TITLE, ABOUT), names, 2, 0.7, alt)
    ring: dict[str, Any] = {"facecolors": "none", "edgecolors": page.VERMILION, "lw": 2.4}
    for i, panel in enumerate(axes.values()):
        due = distance[:, chosen[:i]].min(1) if i else norm
        rule = "the farthest from its nearest medoid" if i else "the largest norm"
        panel.set_title(f"{i}: {rule}", size=10.5)
        area = LEAST + (MOST - LEAST) * (due / max(due.max(), 1e-12)) ** 2
        panel.scatter(x, y, s=area, c=page.SKY, ec="white", lw=0.6, alpha=0.8, label="due")
        panel.scatter(x[chosen[i]], y[chosen[i]], s=MOST + 190, label="next", **ring)
        mark_medoids(panel, places[chosen[:i]], page.INK, 170)
    return picture
