"""One query among candidates: what each costs in both losses, and how hard it is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.plots import page

Mask = NDArray[np.bool_]
Limits = tuple[float, float]
KEYS: Final = ("positives", "negatives", "hardest", "margin")
RING: Final[dict[str, Any]] = {"marker": "o", "ls": "", "ms": 12, "mfc": "none", "mew": 1.8}
EDGES: Final = 0.07  # what the axis of scores shows beyond the outermost score
DOT: Final = 0.055  # positives nearer to each other than this share of the axis are stacked


@dataclass(frozen=True)
class Pull:
    """The candidates of one query, or the queries of one film.

    Attributes:
        name: above the column. score: [C] cosines. positive: [C] true where it belongs.
        margin: of the triplet loss. scale: raw inner product = scale x cosine, for infoNCE.
    """

    name: str
    score: object
    positive: object
    margin: float
    scale: float = 6.0


@page.house_style
def loss_columns(pulls: Sequence[Pull], *, title: str, about: str = "") -> page.Picture:
    """Draws a column per case: above, the triplet loss; below, infoNCE's gradient at each score.

    Above, the line is what a negative costs at each score; the positives' mean sets where it bends.
    Positives cost nothing; those with nearly the same score are stacked, for the eye alone.
    Below, a bar up pulls the score up, a bar down pushes it down, by |d loss / d raw score|.

    Returns:
        a Figure with the axes "triplet 0", "infoNCE 0", "triplet 1", ….
    Raises:
        ValueError: naming the case that does not fit.
    """
    cases = [_check(pull) for pull in pulls]
    parts = [
        f"{pull.name}: {int((cost > 0).sum())} of {len(cost)} negatives cost something, "
        f"the hardest {cost.max():.2f}; infoNCE {info_nce_of(*case, pull.scale):.2f}"
        for case, pull in zip(cases, pulls, strict=True)
        for cost in [hinge(*case, pull.margin)[~case[1]]]
    ]
    mosaic = [[f"{loss} {i}" for i in range(len(cases))] for loss in ("triplet", "infoNCE")]
    settings: dict[str, Any] = {"height_ratios": [1.55, 1.35], "sharex": True, "gap": 0.16}
    high = 4.3 + 0.2 * max(pull.name.count("\n") for pull in pulls)
    alt = f"{title}. {'; '.join(parts)}."
    picture, axes = page.panels(page.heading(title, about), mosaic, high, alt=alt, **settings)
    both = list(zip(cases, pulls, strict=True))
    steepest = max(np.abs(push(*case, pull.scale)).max() for case, pull in both)
    dearest = max(0.05, *(hinge(*case, pull.margin).max() for case, pull in both))
    lows = [min(s.min(), s[own].mean() - pull.margin) for (s, own), pull in both]
    span = (min(lows) - EDGES, max(s.max() for (s, _), _ in both) + EDGES)
    for i, (case, pull) in enumerate(both):
        upper, lower = axes[f"triplet {i}"], axes[f"infoNCE {i}"]
        _triplet(upper, *case, pull.margin, span, dearest)
        _info_nce(lower, *case, pull.scale, steepest)
        upper.set_title(pull.name, size=10, weight="normal", linespacing=1.3)
        for panel in (upper, lower):
            panel.tick_params(labelleft=i == 0, length=0)
            panel.yaxis.set_major_formatter("{x:.2f}")  # as wide for every margin
    axes["triplet 0"].set_ylabel("triplet loss")
    axes["infoNCE 0"].set_ylabel("infoNCE pull")
    marks, labels = axes["triplet 0"].get_legend_handles_labels()
    keys = [marks[labels.index(key)] for key in KEYS]
    picture.legend(keys, KEYS, loc="outside lower left", ncols=4, handletextpad=0.4)
    return picture


def hinge(score: page.Array, positive: Mask, margin: float) -> page.Array:
    """Returns the hinge of every candidate, [C]: max(0, margin + s - mean of the positives)."""
    cost: page.Array = np.maximum(0.0, margin + score - score[positive].mean())
    return cost


def push(score: page.Array, positive: Mask, scale: float) -> page.Array:
    """Minus the gradient of infoNCE with the raw scores: above 0 it pulls up, [C]."""
    every, among = (np.exp(scale * (score - top)) for top in (score.max(), score[positive].max()))
    pulled: page.Array = positive * among / among[positive].sum() - every / every.sum()
    return pulled


def info_nce_of(score: page.Array, positive: Mask, scale: float) -> float:
    """Returns infoNCE: -log of the positives' share in the sum of e^(scale s)."""
    raw = np.exp(scale * (score - score.max()))
    return float(-np.log(raw[positive].sum() / raw.sum()))


def stacked(score: page.Array, near: float) -> page.Array:
    """Returns the level of each dot, [C], so that no dot hides another; 0 is the bottom."""
    level, last = np.zeros(len(score)), list[float]()  # the score of the last dot on each level
    for i in np.argsort(score, kind="stable"):
        free = next((k for k, s in enumerate(last) if score[i] - s >= near), len(last))
        last[free : free + 1] = [float(score[i])]
        level[i] = free
    return level


def _check(pull: Pull) -> tuple[page.Array, Mask]:
    score = page.finite(pull.score, f"score of {pull.name!r}", low=-1.001, high=1.001)
    positive = page.finite(pull.positive, f"positive of {pull.name!r}", shape=score.shape) > 0
    both = positive.any() and not positive.all()
    page.require(both, f"{pull.name!r} needs at least one positive and one negative")
    return score, positive


def _triplet(
    axes: Axes, score: page.Array, positive: Mask, margin: float, span: Limits, top: float
) -> None:
    """Draws the hinge, the margin, and every candidate on the hinge."""
    mean, cost = float(score[positive].mean()), hinge(score, positive, margin)
    axes.axvspan(mean - margin, mean, color=page.RULE, lw=0, label="margin")
    line = np.array([span[0], mean - margin, span[1]])
    axes.plot(line, np.maximum(0, margin + line - mean), color=page.SOFT, lw=1.4, label="hinge")
    axes.axvline(mean, color=page.BLUE, lw=1.4, ls=":", label="mean of positives")
    axes.plot(score[~positive], cost[~positive], "o", ms=6, color=page.ORANGE, label="negatives")
    hardest = np.where(positive, -np.inf, score).argmax()
    axes.plot(score[hardest], cost[hardest], color=page.ORANGE, label="hardest", **RING)
    height = 0.1 * top * stacked(score[positive], DOT * (span[1] - span[0]))
    axes.plot(score[positive], height, "o", ms=7, color=page.BLUE, mec="white", label="positives")
    axes.set(xlim=span, ylim=(-0.08 * top, 1.12 * top))


def _info_nce(axes: Axes, score: page.Array, positive: Mask, scale: float, top: float) -> None:
    """Draws a stem for each candidate: how strongly it is pulled up or pushed down."""
    pulled = push(score, positive, scale)
    for rows, color in ((positive, page.BLUE), (~positive, page.ORANGE)):
        axes.vlines(score[rows], 0, pulled[rows], color=color, lw=2.2)
        axes.plot(score[rows], pulled[rows], "o", ms=6, color=color, mec="white")
    axes.axhline(0, color=page.SOFT, lw=0.8)
    axes.set(ylim=(-1.15 * top, 1.15 * top), xlabel="score (cosine)")
