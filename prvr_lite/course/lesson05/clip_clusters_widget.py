"""Lesson 5: the triangle of all clips of a film in the colours of their clusters, and a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from prvr_lite.course import sheet
from prvr_lite.course.slider import controls
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units, draw_clips, units_of
from prvr_lite.plots.strip import Thumbnail

KS: Final = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
START, SHOWN = 16, (4, 16, 32)  # the slider's first K; those drawn where there is none
CODED: Final = {True: "with the code", False: "without"}
ABOUT: Final = "one colour: one cluster (colours repeat); dot: its medoid"
FILM: Final = 0.42  # inches: the height of a strip
YELLOW: Final = "#F0E442"
PAINTS = [page.ORANGE, page.SKY, page.GREEN, YELLOW, page.PURPLE, page.BLUE, page.VERMILION]


def clip_clusters(units: Tensor) -> Any:
    """Shows the triangle of clusters, under a slider over K and a switch of the length code.

    Args:
        units: [n, H] of one film, as an encoder gives them.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of six triangles.
    Raises:
        ValueError: a K beyond the number of clips.
    """

    def draw(*chosen: tuple[int, bool]) -> page.Picture:
        panels: dict[str, tuple[object, object]] = {}
        for k, coded in chosen:
            medoids, assignment = cluster_clips(units[None], k, length_aware=coded)
            panels[f"K = {k}, {CODED[coded]}"] = (assignment[0], medoids[0])
        return cluster_triangles(panels, title="Clusters of all clips of one film")

    return controls(
        lambda k, coded: draw((k, coded)),
        {"K": {k: str(k) for k in KS}, "": CODED},
        static=lambda: draw(*((k, coded) for coded in CODED for k in SHOWN)),
        start=(START, True),
    )


@page.night_style
def cluster_triangles(
    panels: Mapping[str, tuple[Any, object]],
    *,
    title: str,
    duration: float | None = None,
    thumbnails: Sequence[Thumbnail] = (),
) -> page.Picture:
    """Draws the clips of a film in the colours of their clusters, one triangle per clustering.

    Args:
        panels: name -> (assignment [N] of clips to clusters 0..K-1, medoids [K] as rows).
        title: a headline. duration: of the film in s; None: the axes count units.
        thumbnails: (time in s, image bytes), for a pale strip of the film under each triangle; only
            with a duration.
    Returns:
        a Figure with one axes for each panel, labelled with its name, and "film NAME" for strips.
    Raises:
        ValueError: naming the panel that does not fit; thumbnails without a duration.
    """
    page.require(duration or not thumbnails, "thumbnails need the film's duration in s")
    clusterings = {name: clustering(*panel, of=f" of {name!r}") for name, panel in panels.items()}
    mosaic = rows = sheet.in_rows(list(panels), 3)
    high = min(page.WIDTH / len(rows[0]) - 0.3, 3.4)
    heights = [high] * len(rows)
    if thumbnails:
        films = [[name if name == "." else f"film {name}" for name in row] for row in rows]
        mosaic, heights = [*chain(*zip(rows, films, strict=True))], [high, FILM] * len(rows)
    settings: dict[str, Any] = {"dark": True, "gap": 0.14, "height_ratios": heights}
    settings |= {"alt": _cluster_alt(title, clusterings)}
    head, inches = page.heading(title, ABOUT), sum(heights) + 0.38 * len(heights) + 0.4
    picture, axes = page.panels(head, mosaic, inches, **settings)
    for name, (assignment, medoids) in clusterings.items():
        n = units_of(len(assignment))
        axes[name].set_title(page.plain(name), size=11)
        _draw(axes[name], assignment, medoids, (duration or n) / n)
    for panel in axes.values():
        panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        panel.tick_params(labelcolor=page.HAZE, labelsize=10, pad=2)
        panel.label_outer(remove_inner_ticks=True)
    unit = "s" if duration else "units"
    picture.supxlabel(f"middle of the clip ({unit})", color=page.HAZE, size=10.5)
    picture.supylabel(f"length ({unit})", color=page.HAZE, size=10.5)
    for name in panels if thumbnails else ():
        film, whole = axes[f"film {name}"], axes[name].get_xlim()[1]
        sheet.show_film(picture, film, thumbnails, whole)
        film.axvspan(0, whole, color=page.NIGHT, alpha=0.3, lw=0, zorder=5)
        film.set_axis_on()
        film.set_yticks([])
    return picture


def cluster_colors(assignment: Any, medoids: Any) -> list[str]:
    """Returns a colour for each cluster [K]; neighbours get different ones as far as possible."""
    border, paints = _borders(np.asarray(assignment), len(medoids)), np.full(len(medoids), -1)
    for cluster in np.argsort(-(border > 0).sum(1), kind="stable"):
        painted = [paints == paint for paint in range(len(PAINTS))]
        cost = [(border[cluster][same].sum(), same.sum()) for same in painted]
        paints[cluster] = cost.index(min(cost))
    return [PAINTS[paint] for paint in paints]


def clustering(assignment: Any, medoids: object, of: str = "") -> tuple[sheet.Rows, sheet.Rows]:
    """Returns the cluster of each clip [N] and the medoids [K], after a check of both."""
    units_of(len(assignment), f"assignment{of}")
    rows = page.finite(medoids, f"medoids{of}", low=0, high=len(assignment) - 1).astype(int)
    clusters = page.finite(assignment, f"assignment{of}", low=0, high=len(rows) - 1).astype(int)
    return clusters, rows


def _draw(axes: Axes, assignment: sheet.Rows, medoids: sheet.Rows, unit: float) -> None:
    """Draws one triangle: clips as cells in their cluster's colour, and a dot for each medoid."""
    n, paints = units_of(len(assignment)), cluster_colors(assignment, medoids)
    cells: dict[str, Any] = {"edgecolors": page.NIGHT, "lw": 0.0, "antialiased": False}  # no seams
    draw_clips(axes, n, unit, facecolors=[paints[c] for c in assignment], **cells)
    first, size = clip_units(n)[medoids].T
    height = unit * np.where(size == 1, 0.9, size)
    look: dict[str, Any] = {"mfc": page.CHALK, "mec": page.NIGHT, "mew": 1.1, "clip_on": False}
    axes.plot(unit * (first + size / 2), height, "o", ms=5, label="medoids", **look)


def _borders(assignment: sheet.Rows, k: int) -> sheet.Rows:
    """Returns how many pairs of touching cells any two clusters have, [k, k]; 0 on the diagonal."""
    first, size = clip_units(units_of(len(assignment))).T
    grid = np.full((size.max() + 2, size.max() + 1), k)  # [size, first]; k: no clip
    grid[size, first] = assignment
    border = np.zeros((k + 1, k + 1), dtype=np.int64)
    for longer, later in ((1, 0), (1, -1), (0, 1)):
        np.add.at(border, (assignment, grid[size + longer, first + later]), 1)
    border += border.T
    np.fill_diagonal(border, 0)
    return border[:k, :k]


def _cluster_alt(title: str, clusterings: Mapping[str, tuple[sheet.Rows, sheet.Rows]]) -> str:
    parts = []
    for name, (assignment, medoids) in clusterings.items():
        size = np.bincount(assignment, minlength=len(medoids))
        parts.append(f"{name}: {len(medoids)} clusters of {size.min()} to {size.max()} clips")
    return f"{title} {'; '.join(parts)}."
