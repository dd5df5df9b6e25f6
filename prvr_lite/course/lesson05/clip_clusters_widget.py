"""Lesson 5: the clusters of a film's clips, by their number, with and without the length code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from prvr_lite.course.lesson05.cluster_triangles import cluster_triangles
from prvr_lite.course.slider import controls
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.plots import page

KS = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
CODED = {True: "with the code", False: "without"}


def clip_clusters(
    units: Tensor,
    *,
    values: Sequence[int] = KS,
    start: int = 16,
    static: Sequence[int] = (4, 16, 32),
    title: str = "Clusters of all clips of one film",
) -> Any:
    """A slider over K and a switch of the length code, above the triangle of clusters.

    Args:
        units: [n, H] of one film, as an encoder gives them.
        values: numbers of medoids that the slider steps through. start: the first one shown.
        static: numbers that are drawn where no slider can be driven, with the code and without.
        title: of the picture.
    Returns:
        an ipywidgets box, or a ``Picture``.
    Raises:
        ValueError: a ``start`` that is not among the values, or a K beyond the number of clips.
    """

    def draw(*chosen: tuple[int, bool]) -> page.Picture:
        panels: dict[str, tuple[object, object]] = {}
        for k, coded in chosen:
            medoids, assignment = cluster_clips(units[None], k, length_aware=coded)
            panels[f"K = {k}, {CODED[coded]}"] = (assignment[0], medoids[0])
        return cluster_triangles(panels, title=title)

    return controls(
        lambda k, coded: draw((k, coded)),
        {"K": {k: str(k) for k in values}, "": CODED},
        static=lambda: draw(*((k, coded) for coded in CODED for k in static)),
        start=(start, True),
    )
