"""Lesson 7: move the margin, the negatives and the positives, and see what both losses do."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.course.lesson07.loss_columns import Pull, hinge, info_nce_of, loss_columns
from prvr_lite.course.slider import can_slide, image_html
from prvr_lite.plots import page

MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
Scores = NDArray[np.float64]


def loss_explorer(
    positives: Sequence[float], negatives: Sequence[float], *, scale: float = 6.0
) -> Any:
    """Returns three sliders (margin, number of negatives, of positives) over both losses of a row.

    Args:
        positives, negatives: cosines; the sliders take the first 1, 2, … of each, as given.
        scale: raw inner product = scale x cosine, for infoNCE.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of three telling cases.
    Raises:
        ValueError: no positive or no negative.
    """
    good, bad = np.asarray(positives, dtype=float), np.asarray(negatives, dtype=float)
    if not (good.size and bad.size):
        raise ValueError("loss_explorer needs at least one positive and one negative")
    everything = (0.2, len(bad), len(good))
    if not can_slide():
        cases = [everything, (0.4, *everything[1:]), (0.2, len(bad), 1)]
        return draw_losses(good, bad, list(dict.fromkeys(cases)), scale=scale)
    widgets = import_module("ipywidgets")
    settings = {"continuous_update": False, "layout": {"margin": "2px"}}
    controls = [
        widgets.SelectionSlider(options=MARGINS, value=0.2, description="margin", **settings),
        widgets.IntSlider(len(bad), 1, len(bad), description="negatives", **settings),
        widgets.IntSlider(len(good), 1, len(good), description="positives", **settings),
    ]
    view = widgets.HTML()

    def show(_: object = None) -> None:
        margin, against, count = (control.value for control in controls)
        picture = draw_losses(good, bad, [(margin, against, count)], scale=scale)
        view.value = image_html(picture)

    for control in controls:
        control.observe(show, names="value")
    show()
    return widgets.VBox([*controls, view])  # under each other there is room on any page


def draw_losses(
    positives: Scores, negatives: Scores, cases: Sequence[tuple[float, int, int]], *, scale: float
) -> page.Picture:
    """Draws a column for each case (margin, number of negatives, number of positives)."""
    pulls = []
    for margin, against, count in cases:
        score = np.concatenate([positives[:count], negatives[:against]])
        positive = np.arange(len(score)) < count
        cost = hinge(score, positive, margin)[~positive].max()
        case = f"{count} pos., {against} neg., margin {margin:g}"
        losses = f"hardest {cost:.2f}, infoNCE {info_nce_of(score, positive, scale):.2f}"
        pulls.append(Pull(f"{case}\n{losses}", score, positive, margin, scale))
    about = "above: what a negative costs at its score; below: how hard infoNCE pulls at each"
    return loss_columns(pulls, title="Two losses, the same scores", about=about)
