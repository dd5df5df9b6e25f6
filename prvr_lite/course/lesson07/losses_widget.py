"""One query among candidates: what each costs in both losses, and how hard it is pushed.

Sliders move the margin, and the numbers of negatives and positives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from matplotlib.axes import Axes

from prvr_lite.course.slider import controls
from prvr_lite.plots import page
from prvr_lite.training.losses import info_nce_loss

MARGINS: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
EDGES: Final = 0.07  # what the axis of scores shows beyond the outermost score
DOT: Final = 0.055  # positives nearer to each other than this share of the axis are stacked


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

    def draw(*cases: tuple[float, int, int]) -> page.Picture:
        pulls = [
            Pull(np.array(positives[:own]), np.array(negatives[:against]), margin, scale)
            for margin, against, own in cases
        ]
        return loss_columns(pulls)

    against, own = len(negatives), len(positives)
    cases = dict.fromkeys([(0.2, against, own), (0.4, against, own), (0.2, against, 1)])
    choices: dict[str, Sequence[float]] = {
        "margin": MARGINS,
        "negatives": range(1, against + 1),
        "positives": range(1, own + 1),
    }
    return controls(
        lambda *case: draw(case),
        {label: {value: str(value) for value in values} for label, values in choices.items()},
        static=lambda: draw(*cases),
        start=(0.2, against, own),
    )


@dataclass(frozen=True)
class Pull:
    """The candidates of one query, or the queries of one film, and what both losses do to them.

    Attributes:
        positives, negatives: cosines of what belongs to it, and of what does not.
        margin: of the triplet loss. scale: raw inner product = scale x cosine, for infoNCE.
    """

    positives: page.Array
    negatives: page.Array
    margin: float
    scale: float

    def hinge(self, score: page.Array) -> page.Array:
        """Returns what negatives with these scores cost: max(0, margin + s - mean positive)."""
        cost: page.Array = np.maximum(0.0, self.margin + score - self.positives.mean())
        return cost

    @cached_property
    def info_nce(self) -> tuple[float, page.Array, page.Array]:
        """Returns infoNCE, and how it pulls positives and negatives; above 0: up.

        The pull is minus the gradient with the raw score.
        """
        count = len(self.positives)
        score = torch.from_numpy(np.concatenate([self.positives, self.negatives]))[None]
        raw = (self.scale * score).requires_grad_()
        loss = info_nce_loss(raw, torch.arange(raw.shape[1])[None] < count)
        pull = -torch.autograd.grad(loss, raw)[0][0].numpy()
        return loss.item(), pull[:count], pull[count:]


@page.house_style
def loss_columns(pulls: Sequence[Pull]) -> page.Picture:
    """Draws a column per case: above, the triplet loss; below, infoNCE's gradient at each score.

    Above, the line is what a negative costs at each score; the positives' mean sets where it bends.
    Positives cost nothing; those with nearly the same score are stacked, for the eye alone.
    Below, a bar up pulls the score up, a bar down pushes it down, by |d loss / d raw score|.

    Returns:
        a Figure with the axes "triplet 0", "infoNCE 0", "triplet 1", ….
    """
    title, parts = "Two losses, the same scores", []
    about = "above: what a negative costs at its score; below: how hard infoNCE pulls at each"
    mosaic = [[f"{loss} {i}" for i in range(len(pulls))] for loss in ("triplet", "infoNCE")]
    layout: dict[str, Any] = {"height_ratios": [1.55, 1.35], "sharex": True, "gap": 0.16}
    picture, axes = page.panels(page.heading(title, about), mosaic, 4.5, alt=title, **layout)
    scores = np.concatenate([[*pull.positives, *pull.negatives] for pull in pulls])
    low = min(scores.min(), *(pull.positives.mean() - pull.margin for pull in pulls))
    for i, pull in enumerate(pulls):
        upper, lower = axes[f"triplet {i}"], axes[f"infoNCE {i}"]
        if i:
            upper.sharey(axes["triplet 0"])
            lower.sharey(axes["infoNCE 0"])
        _triplet(upper, pull, (low - EDGES, scores.max() + EDGES))
        _info_nce(lower, pull)
        for panel in (upper, lower):
            panel.tick_params(length=0, labelleft=i == 0)
            panel.yaxis.set_major_formatter("{x:.2f}")  # as wide for every margin
        cost, count = pull.hinge(pull.negatives), len(pull.negatives)
        case = f"{len(pull.positives)} pos., {count} neg., margin {pull.margin:g}"
        losses = f"hardest {cost.max():.2f}, infoNCE {pull.info_nce[0]:.2f}"
        upper.set_title(f"{case}\n{losses}", size=10, weight="normal", linespacing=1.3)
        parts.append(f"{case}, {losses}; {(cost > 0).sum()} of {count} negatives cost something")
    picture.set_label(f"{title}. {'; '.join(parts)}.")
    axes["triplet 0"].set(ylabel="triplet loss")
    axes["infoNCE 0"].set(ylabel="infoNCE pull")
    keys = axes["triplet 0"].get_legend_handles_labels()
    picture.legend(*keys, loc="outside lower left", ncols=5, handletextpad=0.4, columnspacing=1.2)
    return picture


def stacked(score: page.Array, near: float) -> page.Array:
    """Returns the level of each dot, [C], so that no dot hides another; 0 is the bottom."""
    level, last = np.zeros(len(score)), list[float]()  # the score of the last dot on each level
    for i in np.argsort(score, kind="stable"):
        free = next((k for k, s in enumerate(last) if score[i] - s >= near), len(last))
        last[free : free + 1] = [float(score[i])]
        level[i] = free
    return level


def _triplet(axes: Axes, pull: Pull, span: tuple[float, float]) -> None:
    """Draws the hinge, the margin, and every candidate on the hinge."""
    mean, cost = pull.positives.mean(), pull.hinge(pull.negatives)
    line = np.array([span[0], mean - pull.margin, span[1]])
    axes.axvspan(mean - pull.margin, mean, color=page.RULE, lw=0, label="margin")
    axes.plot(line, pull.hinge(line), color=page.SOFT, lw=1.4, label="_hinge")
    axes.axvline(mean, color=page.BLUE, lw=1.4, ls=":", label="mean of positives")
    axes.plot(pull.negatives, cost, "o", ms=6, color=page.ORANGE, label="negatives")
    ring: dict[str, Any] = {"ms": 12, "mfc": "none", "mec": page.ORANGE, "mew": 1.8}
    axes.plot(pull.negatives.max(), cost.max(), "o", label="hardest", **ring)
    level = stacked(pull.positives, DOT * (span[1] - span[0]))
    height = 0.1 * pull.hinge(line).max() * level
    axes.plot(pull.positives, height, "o", ms=7, color=page.BLUE, mec="white", label="positives")
    axes.set_xlim(span)


def _info_nce(axes: Axes, pull: Pull) -> None:
    """Draws a stem for each candidate: how strongly it is pulled up or pushed down."""
    _, up, down = pull.info_nce
    sides = (pull.positives, up, page.BLUE), (pull.negatives, down, page.ORANGE)
    for score, pulled, color in sides:
        axes.vlines(score, 0, pulled, color=color, lw=2.2)
        axes.plot(score, pulled, "o", ms=6, color=color, mec="white")
    axes.axhline(0, color=page.SOFT, lw=0.8)
    axes.margins(y=0.1)
    axes.set_xlabel("score (cosine)")
