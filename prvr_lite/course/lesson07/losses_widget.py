"""Lesson 7: move the margin, the negatives and the positives, and see what both losses do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prvr_lite.course.lesson07.loss_columns import Pull, hinge, info_nce_of, loss_columns
from prvr_lite.course.slider import controls
from prvr_lite.plots import page

MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
Case = tuple[float, int, int]  # margin, number of negatives, number of positives


def loss_explorer(
    positives: Sequence[float], negatives: Sequence[float], *, scale: float = 6.0
) -> Any:
    """Returns three sliders (margin, number of negatives, of positives) over both losses of a row.

    Args:
        positives, negatives: cosines; the sliders take the first 1, 2, … of each, as given.
        scale: raw inner product = scale x cosine, for infoNCE.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of three telling cases.
    """
    against, own = len(negatives), len(positives)
    cases = dict.fromkeys([(0.2, against, own), (0.4, against, own), (0.2, against, 1)])

    def draw(*cases: Case) -> page.Picture:
        return draw_losses(positives, negatives, cases, scale=scale)

    return controls(
        lambda *case: draw(case),
        {
            "margin": {margin: str(margin) for margin in MARGINS},
            "negatives": {count: str(count) for count in range(1, against + 1)},
            "positives": {count: str(count) for count in range(1, own + 1)},
        },
        static=lambda: draw(*cases),
        start=(0.2, against, own),
    )


def draw_losses(
    positives: Sequence[float], negatives: Sequence[float], cases: Sequence[Case], *, scale: float
) -> page.Picture:
    """Draws a column for each case."""
    pulls = []
    for margin, against, count in cases:
        score = np.array([*positives[:count], *negatives[:against]])
        positive = np.arange(len(score)) < count
        cost = hinge(score, positive, margin)[~positive].max()
        case = f"{count} pos., {against} neg., margin {margin:g}"
        losses = f"hardest {cost:.2f}, infoNCE {info_nce_of(score, positive, scale):.2f}"
        pulls.append(Pull(f"{case}\n{losses}", score, positive, margin, scale))
    about = "above: what a negative costs at its score; below: how hard infoNCE pulls at each"
    return loss_columns(pulls, title="Two losses, the same scores", about=about)
