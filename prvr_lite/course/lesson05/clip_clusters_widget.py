"""Lesson 5: the clusters of a film's clips, by their number, with and without the length code."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from torch import Tensor

from prvr_lite.course.lesson05.cluster_triangles import cluster_triangles
from prvr_lite.course.slider import can_slide, image_html
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
    if start not in values:
        raise ValueError(f"K can't start at {start}: it is not among {list(values)}")
    if not can_slide():
        return draw_clusters(units, [(k, coded) for coded in CODED for k in static], title=title)
    widgets = import_module("ipywidgets")
    control = widgets.SelectionSlider(
        options=list(values),
        value=start,
        description="K",
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"margin": "2px"},
    )
    switch = widgets.ToggleButtons(options=[(name, coded) for coded, name in CODED.items()])
    view = widgets.HTML()

    def show(_: object = None) -> None:
        chosen = [(control.value, switch.value)]
        view.value = image_html(draw_clusters(units, chosen, title=title))

    for choice in (control, switch):
        choice.observe(show, names="value")
    show()
    return widgets.VBox([control, switch, view])


def draw_clusters(units: Tensor, chosen: Sequence[tuple[int, bool]], *, title: str) -> page.Picture:
    """One triangle for each (K, with the length code?); units [n, H]."""
    panels: dict[str, tuple[object, object]] = {}
    for k, coded in chosen:
        medoids, assignment = cluster_clips(units[None], k, length_aware=coded)
        panels[f"K = {k}, {CODED[coded]}"] = (assignment[0], medoids[0])
    return cluster_triangles(panels, title=title)
