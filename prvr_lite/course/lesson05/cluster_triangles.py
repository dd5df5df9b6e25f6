"""Clusters of the clips of a film: the triangle of all clips in the colours of their clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, HAZE, NIGHT
from prvr_lite.plots.pyramid import clip_units, draw_clips, units_of
from prvr_lite.plots.strip import Thumbnail

YELLOW: Final = "#F0E442"
PAINTS = [page.ORANGE, page.SKY, page.GREEN, YELLOW, page.PURPLE, page.BLUE, page.VERMILION]


@page.night_style
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
    clusterings = {name: clustering(*panel, of=f" of {name!r}") for name, panel in panels.items()}
    page.require(duration or not thumbnails, "thumbnails need the film's duration in s")
    across = min(page.WIDTH / min(columns, len(clusterings)) - 0.3, 3.4)
    rows, mosaic = sheet.in_rows(list(clusterings), columns), []
    for row in rows:
        films = [name if name == "." else f"film {name}" for name in row]
        mosaic += [row, films] if thumbnails else [row]
    heights = [across, min(0.42, across / 5)] * len(rows) if thumbnails else [across] * len(rows)
    foot = 0.86 if thumbnails else 0.38  # inches of a row for its title and its axis
    high = sum(heights) + foot * len(rows) + 0.3
    settings: dict[str, Any] = {"dark": True, "gap": 0.14, "height_ratios": heights}
    alt = _cluster_alt(title, clusterings)
    picture, axes = page.panels(page.heading(title, about), mosaic, high, alt=alt, **settings)
    for name, (assignment, medoids) in clusterings.items():
        unit = (duration or units_of(len(assignment))) / units_of(len(assignment))
        axes[name].set_title(page.plain(name), size=11)
        _draw(axes[name], assignment, medoids, unit)
        lowest = axes[f"film {name}" if thumbnails else name]
        names = "units" if duration is None else "s"
        lowest.set_xlabel(f"middle of the clip ({names})", color=HAZE, size=10.5)
        first = any(row[0] == name for row in rows)
        axes[name].set_ylabel(f"length ({names})" if first else "", color=HAZE, size=10.5)
        axes[name].tick_params(labelleft=first, left=first)
        if thumbnails:
            axes[name].tick_params(labelbottom=False, bottom=False)
            lowest.set(xlim=axes[name].get_xlim(), yticks=[])
        for panel in (axes[name], lowest):
            panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            panel.tick_params(labelcolor=HAZE, labelsize=10, pad=2)
    for name in clusterings if thumbnails else ():
        film, whole = axes[f"film {name}"], axes[name].get_xlim()[1]
        sheet.show_film(picture, film, thumbnails, whole)
        film.axvspan(0, whole, color=NIGHT, alpha=0.3, lw=0, zorder=5)
        film.set_axis_on()
    return picture


def cluster_colors(assignment: object, medoids: object) -> list[str]:
    """The colour that each cluster has in the triangle, [K]."""
    cluster, rows = clustering(assignment, medoids)
    return [PAINTS[paint] for paint in _paint(units_of(len(cluster)), cluster, len(rows))]


def clustering(assignment: object, medoids: object, of: str = "") -> tuple[sheet.Rows, sheet.Rows]:
    """Returns the cluster of each clip [N] and the medoids [K], after a check of both."""
    count = len(page.as_array(assignment, f"assignment{of}"))
    units_of(count, f"assignment{of}")
    rows = page.finite(medoids, f"medoids{of}", low=0, high=count - 1).astype(int)
    clusters = page.finite(assignment, f"assignment{of}", low=0, high=len(rows) - 1).astype(int)
    return clusters, rows


def _draw(axes: Axes, assignment: sheet.Rows, medoids: sheet.Rows, unit: float) -> None:
    """One triangle: cells in colours, a dot for each medoid."""
    n, paints = units_of(len(assignment)), cluster_colors(assignment, medoids)
    cells: dict[str, Any] = {"edgecolors": NIGHT, "lw": 0.0, "antialiased": False}  # no seams
    draw_clips(axes, n, unit, facecolors=[paints[c] for c in assignment], **cells)
    first, size = clip_units(n)[medoids].T
    height = unit * np.where(size == 1, 0.9, size)
    look: dict[str, Any] = {"mfc": CHALK, "mec": NIGHT, "mew": 1.1, "clip_on": False}
    axes.plot(unit * (first + size / 2), height, "o", ms=5, label="medoids", **look)


def _paint(n: int, assignment: sheet.Rows, k: int) -> list[int]:
    """Give each cluster a colour that differs from its neighbours' colours, where possible."""
    border = _borders(n, assignment, k)
    paints = np.full(k, -1)
    for cluster in np.argsort(-(border > 0).sum(1), kind="stable"):
        cost = [float(border[cluster][paints == p].sum()) for p in range(len(PAINTS))]
        used = [int((paints == p).sum()) for p in range(len(PAINTS))]
        paints[cluster] = min(range(len(PAINTS)), key=lambda p: (cost[p], used[p]))
    return [int(p) for p in paints]


def _borders(n: int, assignment: sheet.Rows, k: int) -> sheet.Rows:
    """Count the touching cells of each pair of clusters, [k, k]."""
    place = {(int(start), int(size)): i for i, (start, size) in enumerate(clip_units(n))}
    border = np.zeros((k, k), dtype=np.int64)
    for (start, size), i in place.items():
        for near in ((start, size + 1), (start - 1, size + 1), (start + 1, size)):
            if near in place:
                border[assignment[i], assignment[place[near]]] += 1
    border += border.T
    np.fill_diagonal(border, 0)
    return border


def _cluster_alt(title: str, clusterings: Mapping[str, tuple[sheet.Rows, sheet.Rows]]) -> str:
    parts = []
    for name, (assignment, medoids) in clusterings.items():
        size = np.bincount(assignment, minlength=len(medoids))
        parts.append(f"{name}: {len(medoids)} clusters of {size.min()} to {size.max()} clips")
    return f"{title} {'; '.join(parts)}."
