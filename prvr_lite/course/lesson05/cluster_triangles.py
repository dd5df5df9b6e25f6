"""Clusters of the clips of a film: the triangle of all clips in the colours of their clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from prvr_lite.course import sheet
from prvr_lite.course.pictures.triangles import draw_cells
from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, HAZE, NIGHT
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import Thumbnail

YELLOW: Final = "#F0E442"
PAINTS = [page.ORANGE, page.SKY, page.GREEN, YELLOW, page.PURPLE, page.BLUE, page.VERMILION]
Rows = NDArray[np.int64]


@page.house_style
def cluster_triangles(
    panels: Mapping[str, tuple[object, object]],
    *,
    title: str,
    about: str = "one colour: one cluster (colours repeat); dot: its medoid",
    columns: int = 3,
    duration: float | None = None,
    thumbnails: Sequence[Thumbnail] = (),
) -> page.Picture:
    """The clips of a film in the colours of their clusters, one triangle for each clustering.

    Args:
        panels: name -> (assignment [N] of clips to clusters 0..K-1, medoids [K] as rows).
        title, about: heading. columns: panels side by side.
        duration: of the film in s; None: the axes count units.
        thumbnails: (time in s, image bytes), for a pale strip of the film under each triangle.
    Returns:
        a Figure with one axes for each panel, labelled with its name, and "film NAME" for strips.
    Raises:
        ValueError: naming the panel that does not fit; thumbnails without a duration.
    """
    if not panels or (thumbnails and duration is None):
        raise ValueError("panels must hold a clustering; thumbnails need the duration in s")
    clusterings = {name: _clustering(name, *panel) for name, panel in panels.items()}
    across = min(page.WIDTH / min(columns, len(clusterings)) - 0.3, 3.4)
    rows = sheet.in_rows(list(clusterings), columns)
    mosaic, heights = [], []
    for row in rows:
        mosaic.append(row)
        heights.append(across)
        if thumbnails:
            mosaic.append([name if name == "." else f"film {name}" for name in row])
            heights.append(min(0.42, across / 5))
    height = sum(heights) + len(rows) * (0.36 + 0.12 * bool(thumbnails)) + 0.5
    alt = _cluster_alt(title, clusterings)
    head = page.heading(title, about)
    picture, axes = page.panels(
        head, mosaic, height, alt=alt, dark=True, gap=0.14, height_ratios=heights
    )
    whole = duration or units_of(len(next(iter(clusterings.values()))[0]))
    unit = "units" if duration is None else "s"
    for row in rows:
        for name in filter(clusterings.__contains__, row):
            axes[name].set_title(page.plain(name), size=11, color=CHALK)
            _draw(axes[name], *clusterings[name])
            foot = axes[f"film {name}" if thumbnails else name]
            _dress(axes[name], foot, whole, unit, name == row[0])
    for name in clusterings if thumbnails else ():
        film = axes[f"film {name}"]
        sheet.show_film(picture, film, thumbnails, whole)
        film.axvspan(0, whole, color=NIGHT, alpha=0.3, lw=0, zorder=5)
        film.set_axis_on()
    return picture


def _dress(axes: Axes, foot: Axes, whole: float, unit: str, first: bool) -> None:
    """How long a clip is, and where its middle lies: the latter under the lowest panel, foot."""
    ticks = [
        t for t in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, whole) if 0 <= t <= whole
    ]
    n, names = axes.get_xlim()[1], [f"{tick:g}" for tick in ticks]
    axes.set_axis_on()
    axes.set(facecolor=NIGHT, xticks=[], yticks=[])
    if foot is not axes:
        foot.set(facecolor=NIGHT, xlim=(0, whole), yticks=[])
    foot.set_xticks([tick * foot.get_xlim()[1] / whole for tick in ticks], names)
    foot.set_xlabel(f"middle of the clip ({unit})", color=HAZE, size=10.5)
    if first:
        axes.set_yticks([tick * n / whole for tick in ticks], names)
        axes.set_ylabel(f"length ({unit})", color=HAZE, size=10.5)
    for panel in {axes, foot}:
        panel.spines[:].set_visible(False)
        panel.tick_params(colors=HAZE, labelcolor=HAZE, length=2, labelsize=10, pad=2)


def cluster_colors(assignment: object, medoids: object) -> list[str]:
    """The colour that each cluster has in the triangle, [K]."""
    cluster, rows = _clustering("clusters", assignment, medoids)
    return [PAINTS[paint] for paint in _paint(units_of(len(cluster)), cluster, len(rows))]


def _draw(axes: Axes, assignment: Rows, medoids: Rows) -> None:
    """One triangle: cells in colours, a dot for each medoid."""
    n = units_of(len(assignment))
    paints = cluster_colors(assignment, medoids)
    draw_cells(axes, n, [paints[c] for c in assignment], line=0.0)
    first, size = clip_units(n)[medoids].T
    height = np.where(size == 1, 0.9, size)
    look: dict[str, Any] = {"mfc": CHALK, "mec": NIGHT, "mew": 1.1, "clip_on": False}
    axes.plot(first + size / 2, height, "o", ms=5, label="medoids", **look)


def _clustering(name: str, assignment: object, medoids: object) -> tuple[Rows, Rows]:
    cluster = page.as_array(assignment, f"assignment of {name!r}").astype(np.int64)
    rows = page.as_array(medoids, f"medoids of {name!r}").astype(np.int64)
    units_of(len(cluster), f"assignment of {name!r}")
    if cluster.min() < 0 or cluster.max() >= len(rows):
        raise ValueError(f"{name!r}: clusters must be 0..{len(rows) - 1}, one for each medoid")
    if rows.min() < 0 or rows.max() >= len(cluster):
        raise ValueError(f"{name!r}: medoids must be rows 0..{len(cluster) - 1}")
    return cluster, rows


def _paint(n: int, assignment: Rows, k: int) -> list[int]:
    """Give each cluster a colour that differs from its neighbours' colours, where possible."""
    border = _borders(n, assignment, k)
    paints = np.full(k, -1)
    for cluster in np.argsort(-(border > 0).sum(1), kind="stable"):
        cost = [float(border[cluster][paints == p].sum()) for p in range(len(PAINTS))]
        used = [int((paints == p).sum()) for p in range(len(PAINTS))]
        paints[cluster] = min(range(len(PAINTS)), key=lambda p: (cost[p], used[p]))
    return [int(p) for p in paints]


def _borders(n: int, assignment: Rows, k: int) -> Rows:
    """Count the touching cells of each pair of clusters, [k, k]."""
    place = {(int(s), int(size)): i for i, (s, size) in enumerate(clip_units(n))}
    border = np.zeros((k, k), dtype=np.int64)
    for (start, size), i in place.items():
        for near in ((start, size + 1), (start - 1, size + 1), (start + 1, size)):
            if near in place:
                a, b = assignment[i], assignment[place[near]]
                border[a, b] += 1
                border[b, a] += 1
    np.fill_diagonal(border, 0)
    return border


def _cluster_alt(title: str, clusterings: Mapping[str, tuple[Rows, Rows]]) -> str:
    parts = []
    for name, (assignment, medoids) in clusterings.items():
        size = np.bincount(assignment, minlength=len(medoids))
        parts.append(f"{name}: {len(medoids)} clusters of {size.min()} to {size.max()} clips")
    return f"{title} {'; '.join(parts)}."
