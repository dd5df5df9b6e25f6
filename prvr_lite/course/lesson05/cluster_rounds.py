"""k-medoids at work: points in a plane, medoids, and which point belongs to which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from prvr_lite.course import sheet
from prvr_lite.plots import page

MARKS = "osD^vP"


@page.house_style
def cluster_rounds(
    points: object,
    panels: Mapping[str, tuple[object, object | None]],
    *,
    title: str,
    about: str = "large: medoid, with its number; thin: to the medoid it belongs to",
    columns: int = 3,
) -> page.Picture:
    """Points in a plane as one panel after the other finds their clusters.

    Args:
        points: [N, 2].
        panels: name -> (medoids [k] as rows, assignment [N] to 0..k-1, or None: not yet assigned).
        title, about: heading. columns: panels side by side.
    Returns:
        a Figure with one axes for each panel, labelled with its name.
    Raises:
        ValueError: naming the panel that does not fit.
    """
    places = page.as_array(points, "points", ndim=2)
    if places.shape[1] != 2:
        raise ValueError(f"points must be [N, 2], but are {list(places.shape)}")
    rounds = {name: _check(name, len(places), *panel) for name, panel in panels.items()}
    if not rounds:
        raise ValueError("panels must hold a step")
    mosaic = sheet.in_rows(list(rounds), columns)
    centres = "; ".join(f"{name}: medoids {rows.tolist()}" for name, (rows, _) in rounds.items())
    alt = f"{title} {len(places)} points. {centres}."
    height = len(mosaic) * (0.86 * page.WIDTH / len(mosaic[0]) + 0.32)
    picture, axes = page.panels(page.heading(title, about), mosaic, height, alt=alt, gap=0.2)
    for name, (medoids, assignment) in rounds.items():
        axes[name].set_title(name, size=11)
        _draw(axes[name], places, medoids, assignment)
    return picture


def _check(
    name: str, count: int, medoids: object, assignment: object | None
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    rows = page.as_array(medoids, f"medoids of {name!r}").astype(np.int64)
    if rows.min() < 0 or rows.max() >= count:
        raise ValueError(f"{name!r}: medoids must be rows 0..{count - 1}")
    if assignment is None:
        return rows, None
    cluster = page.as_array(assignment, f"assignment of {name!r}").astype(np.int64)
    if len(cluster) != count or cluster.min() < 0 or cluster.max() >= len(rows):
        raise ValueError(f"{name!r}: assignment must be {count} numbers 0..{len(rows) - 1}")
    return rows, cluster


def _draw(
    axes: Axes, places: page.Array, medoids: NDArray[np.int64], assignment: NDArray[np.int64] | None
) -> None:
    """Points in the colour and shape of their cluster, medoids large."""
    import seaborn as sns

    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=page.RULE)
    axes.margins(0.18)
    axes.set_aspect("equal", adjustable="datalim")
    k = len(medoids)
    colors = [page.CYCLE[cluster % len(page.CYCLE)] for cluster in range(k)]
    if assignment is None:
        look: dict[str, Any] = {"color": page.SOFT, "alpha": 0.6}
    else:
        ends = np.stack([places, places[medoids[assignment]]], axis=1)  # [N, 2, 2]
        paint = [colors[cluster] for cluster in assignment]
        lines = LineCollection(list(ends), colors=paint, lw=0.8, alpha=0.5, label="to their medoid")
        axes.add_collection(lines)
        marks = dict(zip(range(k), MARKS * k, strict=False))
        look = {"hue": assignment, "style": assignment, "palette": colors, "markers": marks}
        look |= {"hue_order": range(k), "style_order": range(k)}
    sns.scatterplot(x=places[:, 0], y=places[:, 1], s=32, legend=False, ax=axes, **look)
    axes.collections[-1].set_label("points")
    x, y = places[medoids].T
    axes.scatter(x, y, s=256, c=colors, ec=page.INK, lw=1.6, label="medoids")
    ink: dict[str, Any] = {"color": "white", "size": 10.5, "weight": "bold"}
    for cluster in range(k):
        axes.text(x[cluster], y[cluster], f"{cluster}", ha="center", va="center_baseline", **ink)
