"""Lesson 5: the clusters of a film's clips, by their number, with and without the length code."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor

from prvr_lite.course.lesson05.cluster_triangles import cluster_triangles
from prvr_lite.course.slider import controls
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.plots import page

KS: Final = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64)
START, SHOWN = 16, (4, 16, 32)  # the slider's first K; those drawn where there is none
CODED: Final = {True: "with the code", False: "without"}


def clip_clusters(units: Tensor) -> Any:
    """A slider over K and a switch of the length code, above the triangle of clusters.

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
