"""k-medoids at work: points in a plane, medoids, and which point belongs to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from prvr_lite.course import sheet
from prvr_lite.plots import page

ABOUT = "large: medoid, with its number; thin line: from a point to its medoid"
MARKS = list("osD^vP")


@page.house_style
def cluster_rounds(
    points: Any, panels: Mapping[str, tuple[object, object | None]], *, title: str
) -> page.Picture:
    """Draws points in a plane, one panel per step, with their medoids and clusters.

    Args:
        points: [N, 2].
        panels: name -> (medoids [k] as rows, assignment [N] to 0..k-1, or None: not yet assigned).
    Returns:
        a Figure with one axes for each panel, labelled with its name.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    places = page.finite(points, "points", ndim=2, shape=(len(points), 2))
    medoids = {
        name: page.finite(rows, f"medoids of {name!r}", low=0, high=len(places) - 1).astype(int)
        for name, (rows, _) in panels.items()
    }
    told = "; ".join(f"{name}: medoids {rows.tolist()}" for name, rows in medoids.items())
    alt = f"{title} {len(places)} points. {told}."
    picture, axes = plane_panels(page.heading(title, ABOUT), list(panels), 3, 0.86, alt)
    for name, rows in medoids.items():
        axes[name].set_title(name, size=11)
        _draw(axes[name], places, rows, panels[name][1])
    return picture


def _draw(axes: Axes, places: page.Array, rows: sheet.Rows, assignment: object | None) -> None:
    """Draws points [N, 2] in the colour and shape of their cluster, and large medoids.

    A thin line joins each point to its medoid. Without an assignment, all points look alike.
    """
    axes.set_aspect("equal", adjustable="datalim")
    clusters, colors = range(len(rows)), np.resize(page.CYCLE, len(rows)).tolist()
    look: dict[str, Any] = {"color": page.SOFT, "alpha": 0.6}
    if assignment is not None:
        name, high = f"assignment of {axes.get_label()!r}", len(rows) - 1
        own = page.finite(assignment, name, shape=(len(places),), low=0, high=high).astype(int)
        ends = np.stack([places, places[rows[own]]], axis=1)  # [N, 2, 2]
        paint: dict[str, Any] = {"colors": [colors[c] for c in own], "label": "to their medoid"}
        axes.add_collection(LineCollection(list(ends), lw=0.8, alpha=0.5, **paint))
        look = {"hue": own, "palette": colors, "hue_order": clusters}
        look |= {
            "style": own,
            "style_order": clusters,
            "markers": np.resize(MARKS, len(rows)).tolist(),
        }
    sns.scatterplot(x=places[:, 0], y=places[:, 1], s=32, legend=False, ax=axes, **look)
    axes.collections[-1].set_label("points")
    mark_medoids(axes, places[rows], colors, 256)


def plane_panels(
    head: page.Heading, names: Sequence[str], columns: int, share: float, alt: str
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a page and its framed panels without ticks, about `share` times as high as wide."""
    mosaic = sheet.in_rows(names, columns)
    height = len(mosaic) * (share * page.WIDTH / len(mosaic[0]) + 0.32)
    picture, axes = page.panels(head, mosaic, height, alt=alt, gap=0.2)
    for panel in axes.values():
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set(visible=True, color=page.RULE)
        panel.margins(0.18)
    return picture, axes


def mark_medoids(axes: Axes, places: page.Array, colors: str | Sequence[str], size: float) -> None:
    """Draws medoids [k, 2] as large discs with their numbers, from 0."""
    x, y = places.T
    axes.scatter(x, y, s=size, c=colors, ec=page.INK, lw=1.6, label="medoids", zorder=3)
    look: dict[str, Any] = {"size": 10.5, "weight": "bold", "zorder": 4}
    for row, paint in enumerate(np.resize(colors, len(places))):
        ink = "white" if paint in (page.BLUE, page.INK) else page.INK
        axes.text(x[row], y[row], f"{row}", color=ink, ha="center", va="center_baseline", **look)
