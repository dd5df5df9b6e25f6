"""One query among candidates: what each costs in both losses, and how hard it is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from prvr_lite.plots.canvas import (
    BLUE,
    ORANGE,
    RULE,
    SOFT,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import EDGE, heading

LEFT, RIGHT, GAP, FOOT, NAME, LINE, KEYS = 0.85, 0.15, 0.18, 0.62, 0.3, 0.2, 0.36  # inches
HIGH, LOW = 1.55, 1.35  # inches of the upper and the lower panel
Mask = NDArray[np.bool_]
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


@house_style
def loss_columns(pulls: Sequence[Pull], *, title: str, about: str = "") -> Picture:
    """A column for each case: above, the triplet loss; below, how hard infoNCE pulls at each.

    Above, the line is what a negative costs at each score; the positives' mean sets where it bends.
    Positives cost nothing; those with nearly the same score are stacked, for the eye alone.
    Below, a bar up pulls the score up, a bar down pushes it down, by |d loss / d raw score|.

    Returns:
        a Figure with the axes "triplet 0", "infoNCE 0", "triplet 1", ….
    Raises:
        ValueError: naming the case that does not fit.
    """
    cases = [_check(pull) for pull in pulls]
    if not cases:
        raise ValueError("pulls must hold a case")
    head = heading(title, about)
    names = NAME + LINE * max(pull.name.count("\n") for pull in pulls)
    page = head.height + 0.1 + names + HIGH + GAP + LOW + FOOT + KEYS
    picture = new_picture(WIDTH, page, alt=_alt(title, pulls, cases))
    head.draw(picture)
    width = (WIDTH - LEFT - RIGHT - GAP * (len(cases) - 1)) / len(cases)
    foot = (KEYS + FOOT) / page
    both = list(zip(cases, pulls, strict=True))
    steepest = max(np.abs(push(*case, pull.scale)).max() for case, pull in both)
    dearest = max(0.05, *(hinge(*case, pull.margin).max() for case, pull in both))
    span = (
        min(min(s.min(), s[own].mean() - pull.margin) for (s, own), pull in both) - EDGES,
        max(s.max() for (s, _), _ in both) + EDGES,
    )
    for i, ((score, own), pull) in enumerate(both):
        x = (LEFT + i * (width + GAP)) / WIDTH
        upper = picture.add_axes(
            (x, foot + (LOW + GAP) / page, width / WIDTH, HIGH / page), label=f"triplet {i}"
        )
        lower = picture.add_axes((x, foot, width / WIDTH, LOW / page), label=f"infoNCE {i}")
        _triplet(upper, score, own, pull.margin, span, dearest)
        _info_nce(lower, score, own, pull.scale, span, steepest)
        upper.set_title(pull.name, size=10, pad=5, weight="normal", linespacing=1.3)
        for axes in (upper, lower):
            axes.tick_params(labelleft=i == 0, length=0)
    picture.axes[0].set_ylabel("triplet loss")
    picture.axes[1].set_ylabel("infoNCE pull")
    _keys(picture)
    return picture


def hinge(score: Array, own: Mask, margin: float) -> Array:
    """[margin + s - mean of the positives]+ of every candidate, [C]."""
    cost: Array = np.maximum(0.0, margin + score - score[own].mean())
    return cost


def push(score: Array, own: Mask, scale: float) -> Array:
    """Minus the gradient of infoNCE with the raw scores: above 0 it pulls up, [C]."""
    every, mine = np.exp(scale * (score - score.max())), np.exp(scale * (score - score[own].max()))
    pulled: Array = own * mine / mine[own].sum() - every / every.sum()
    return pulled


def info_nce_of(score: Array, own: Mask, scale: float) -> float:
    """-log of the share of the positives in the sum of e^(scale s)."""
    raw = np.exp(scale * (score - score.max()))
    return float(-np.log(raw[own].sum() / raw.sum()))


def stacked(score: Array, near: float) -> Array:
    """How far up each dot goes, so that none hides another: 0 at the bottom, [C]."""
    level, last = np.zeros(len(score)), list[float]()  # the score of the last dot on each level
    for i in np.argsort(score, kind="stable"):
        free = next((k for k, s in enumerate(last) if score[i] - s >= near), len(last))
        last[free : free + 1] = [float(score[i])]
        level[i] = free
    return level


def _check(pull: Pull) -> tuple[Array, Mask]:
    score, own = as_array(pull.score, pull.name), as_array(pull.positive, pull.name) > 0
    if score.shape != own.shape or not own.any() or own.all():
        raise ValueError(f"{pull.name!r}: score and positive must pair up, with some of each kind")
    if not (np.abs(score) <= 1.001).all():
        raise ValueError(f"{pull.name!r}: score must hold cosines, -1 to 1")
    return score, own


def _triplet(
    axes: Axes, score: Array, own: Mask, margin: float, span: tuple[float, float], top: float
) -> None:
    """The hinge, the margin, and every candidate on it."""
    mean = float(score[own].mean())
    axes.axvspan(mean - margin, mean, color=RULE, lw=0, label="margin")
    line = np.array([span[0], mean - margin, span[1]])
    axes.plot(line, np.maximum(0, margin + line - mean), color=SOFT, lw=1.4, label="hinge")
    axes.axvline(mean, color=BLUE, lw=1.4, ls=":", label="mean of positives")
    others = score[~own]
    axes.plot(others, hinge(score, own, margin)[~own], "o", ms=6, color=ORANGE, label="negatives")
    hardest = others.argmax()
    axes.plot(
        others[hardest],
        max(0.0, margin + others[hardest] - mean),
        "o",
        ms=12,
        mfc="none",
        mec=ORANGE,
        mew=1.8,
        label="hardest",
    )
    level = stacked(score[own], DOT * (span[1] - span[0]))
    axes.plot(
        score[own],
        0.1 * top * level,
        "o",
        ms=7,
        color=BLUE,
        mec="white",
        mew=0.7,
        label="positives",
        zorder=3,
    )
    axes.set(xlim=span, ylim=(-0.08 * top, 1.12 * top))
    axes.tick_params(labelbottom=False)


def _info_nce(
    axes: Axes, score: Array, own: Mask, scale: float, span: tuple[float, float], top: float
) -> None:
    """A stem for each candidate: how hard it is pulled up or pushed down."""
    for s, p, mine in zip(score, push(score, own, scale), own, strict=True):
        color, name = (BLUE, "positives") if mine else (ORANGE, "negatives")
        axes.plot([s, s], [0, p], color=color, lw=2.2)
        axes.plot(s, p, "o", ms=6, color=color, mec="white", mew=0.7, label=name)
    axes.axhline(0, color=SOFT, lw=0.8)
    axes.set(xlim=span, ylim=(-1.15 * top, 1.15 * top), xlabel="score (cosine)")


def _keys(picture: Picture) -> None:
    marks = [
        Line2D([], [], color=BLUE, marker="o", ls="", label="positive"),
        Line2D([], [], color=ORANGE, marker="o", ls="", label="negative"),
        Line2D([], [], color=ORANGE, marker="o", mfc="none", ms=11, ls="", label="the hardest"),
        Line2D([], [], color=RULE, lw=8, solid_capstyle="butt", label="margin"),
    ]
    picture.legend(
        handles=marks,
        loc="lower left",
        ncols=4,
        borderaxespad=0,
        handletextpad=0.4,
        bbox_to_anchor=(EDGE / WIDTH, 0.1 / picture.get_figheight()),
    )


def _alt(title: str, pulls: Sequence[Pull], cases: Sequence[tuple[Array, Mask]]) -> str:
    """Each column in words."""
    parts = []
    for (score, own), pull in zip(cases, pulls, strict=True):
        cost = hinge(score, own, pull.margin)[~own]
        parts.append(
            f"{pull.name}: {int((cost > 0).sum())} of {len(cost)} negatives cost something, "
            f"the hardest {cost.max():.2f}; infoNCE {info_nce_of(score, own, pull.scale):.2f}"
        )
    return f"{title}. {'; '.join(parts)}."
