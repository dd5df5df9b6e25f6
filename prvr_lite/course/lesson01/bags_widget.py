"""The bag-score explorer: from the mean of a film's frame scores to their maximum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course.slider import slider
from prvr_lite.plots.canvas import (
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
    wrap,
)
from prvr_lite.plots.heading import EDGE, heading
from prvr_lite.plots.strip import (
    CHALK,
    GLOW,
    HAZE,
    NIGHT,
    RAIL,
    SPOT,
    Span,
    Thumbnail,
    draw_strip,
    strip_slots,
)

TEMPERATURES: Final = (math.inf, 1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.0)
LEFT, RIGHT, NAME, STRIP, CURVE, ROW, GAP = 0.95, 1.75, 0.29, 0.44, 0.62, 0.24, 0.09  # inches
ROOM: Final = WIDTH - LEFT - RIGHT


@dataclass(frozen=True)
class Bag:
    """A film as one query sees it: a score for each frame.

    Attributes:
        score: [T]. thumbnails: (time, image bytes); moment: start and end; both times as shares of
            the film, 0 to 1. right: whether it is the film that the query belongs to.
    """

    score: object
    right: bool = False
    thumbnails: Sequence[Thumbnail] = ()
    moment: Span | None = None


def bag_explorer(
    films: Mapping[str, Bag],
    *,
    query: str = "",
    temperatures: Sequence[float] = TEMPERATURES,
    static: Sequence[float] = (math.inf, 0.1, 0.0),
) -> Any:
    """Step from mean to maximum and see which film of a few wins; see ``bag_picture``.

    Args:
        films: name -> bag. query: named above.
        temperatures: that the slider steps through. static: those drawn where there is no slider.
    Returns:
        a slider with its picture, or one picture; make it the last expression of a cell.
    """
    return slider(
        lambda temperature: bag_picture(films, [temperature], query=query),
        values=list(temperatures),
        label="temperature",
        static=lambda: bag_picture(films, list(static), query=query),
        told=told,
    )


def bag_score(score: Array, temperature: float) -> tuple[float, Array]:
    """Temperature x log of the mean of e^(score / temperature), and how much each frame counts.

    Args:
        score: [T]. temperature: infinity gives the mean, 0 the maximum.
    Returns:
        the bag's score, and its derivative by each frame's score [T], which sums to 1.
    """
    if math.isinf(temperature):
        return float(score.mean()), np.full(len(score), 1 / len(score))
    if temperature == 0:
        best = (score == score.max()).astype(float)
        return float(score.max()), best / best.sum()
    sharp = np.exp((score - score.max()) / temperature)  # [T]; the largest is 1
    return float(score.max() + temperature * np.log(sharp.mean())), sharp / sharp.sum()


def told(temperature: float) -> str:
    """A temperature in words."""
    ends = {math.inf: "mean", 0.0: "max"}
    return ends.get(temperature, f"τ = {temperature:g}")


@house_style
def bag_picture(
    films: Mapping[str, Bag], temperatures: Sequence[float], *, query: str = ""
) -> Picture:
    """Each film's frame scores, and for each temperature how much each frame counts and the score.

    Returns:
        a Figure with the axes "strip NAME", "frames NAME", "weights NAME", "scores NAME" by film.
    Raises:
        ValueError: no films or temperatures, a negative temperature, scores that are not finite.
    """
    scores = _check(films, temperatures)
    bags = {t: {name: bag_score(score, t) for name, score in scores.items()} for t in temperatures}
    winner = {t: max(row, key=lambda name: row[name][0]) for t, row in bags.items()}
    wins = "; ".join(f"{told(t)}: {name} wins" for t, name in winner.items())
    head = heading(f"“{query}”" if query else "Which film wins?", wins)
    strip = max(strip_slots(bag.thumbnails, ROOM, STRIP)[1] for bag in films.values())
    lane = NAME + strip + CURVE + ROW * len(temperatures) + 3 * GAP
    page = head.height + 0.1 + lane * len(films) + 0.3
    picture = new_picture(WIDTH, page, alt=_alt(bags, query), facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    limits = min(s.min() for s in scores.values()), max(s.max() for s in scores.values())
    for i, (name, bag) in enumerate(films.items()):
        top = page - head.height - 0.1 - lane * i
        color = SPOT if bag.right else CHALK
        label = wrap(name, 5.0, 11.5, weight="bold", lines=1)
        picture.text(
            EDGE / WIDTH,
            (top - 0.2) / page,
            label + (", the right film" if bag.right else ""),
            size=11.5,
            weight="bold",
            color=color,
            parse_math=False,
        )
        rows = _panels(picture, name, top - NAME, (strip, CURVE, ROW * len(temperatures)))
        if "strip" in rows:
            slots, _ = strip_slots(bag.thumbnails, ROOM, STRIP)
            draw_strip(rows["strip"], bag.thumbnails, slots, (0, 1), bag.moment)
        _draw_frames(rows["frames"], scores[name], limits, bag)
        for row, t in enumerate(temperatures):
            _draw_weights(rows["weights"], row, told(t), bags[t][name][1])
            every = [score for score, _ in bags[t].values()]
            _draw_score(rows["scores"], row, bags[t][name][0], every, name == winner[t])
    about = "curve: score of each frame · gold: how much it counts · right: score of the film"
    picture.text(EDGE / WIDTH, 0.12 / page, about, size=10, color=HAZE)
    return picture


def _check(films: Mapping[str, Bag], temperatures: Sequence[float]) -> dict[str, Array]:
    if not films or not temperatures:
        raise ValueError("films and temperatures must hold at least one of each")
    if not all(t >= 0 for t in temperatures):
        raise ValueError(f"temperatures must be 0 or more, but are {list(temperatures)}")
    scores = {name: as_array(bag.score, f"score of {name!r}") for name, bag in films.items()}
    for name, score in scores.items():
        if not np.isfinite(score).all():
            raise ValueError(f"score of {name!r} must be finite: leave padded frames out")
    return scores


def _alt(bags: Mapping[float, Mapping[str, tuple[float, Array]]], query: str) -> str:
    rows = [
        f"{told(t)}: " + ", ".join(f"{name} {score:.3f}" for name, (score, _) in row.items())
        for t, row in bags.items()
    ]
    asked = f" for the query “{query}”" if query else ""
    return f"Frame scores of {len(next(iter(bags.values())))} films{asked}, and the score of each \
film by temperature. {'; '.join(rows)}."


def _panels(
    picture: Picture, name: str, top: float, heights: tuple[float, float, float]
) -> dict[str, Axes]:
    """Panels of one film under each other, and the scores beside the last; inches."""
    page, axes = picture.get_figheight(), {}
    for part, height in zip(("strip", "frames", "weights"), heights, strict=True):
        top -= height
        if height:
            box = (LEFT / WIDTH, top / page, ROOM / WIDTH, height / page)
            axes[part] = picture.add_axes(box, label=f"{part} {name}")
            top -= GAP if part == "frames" else GAP / 3
    x, width = WIDTH - RIGHT + 0.12, RIGHT - 0.12 - EDGE
    box = (x / WIDTH, axes["weights"].get_position().y0, width / WIDTH, heights[2] / page)
    axes["scores"] = picture.add_axes(box, label=f"scores {name}")
    rows = heights[2] / ROW
    axes["weights"].set(xlim=(0, 1), ylim=(rows - 0.5, -0.5))
    axes["scores"].set(xlim=(0, 1), ylim=(rows - 0.5, -0.5))
    for panel in axes.values():
        panel.axis("off")
    return axes


def _draw_frames(axes: Axes, score: Array, limits: tuple[float, float], bag: Bag) -> None:
    """The score of each frame as a step, the moment lit behind it."""
    low, high = limits
    pad = 0.08 * ((high - low) or 1.0)
    axes.set(xlim=(0, 1), ylim=(low - pad, high + pad))
    if bag.moment:
        axes.axvspan(*bag.moment, color=SPOT, alpha=0.25, lw=0, label="moment")
    if low < 0 < high:
        axes.axhline(0, color=HAZE, lw=0.6, alpha=0.6)
    axes.stairs(
        score, np.linspace(0, 1, len(score) + 1), baseline=None, color=CHALK, lw=1.4, label="score"
    )
    for value in (low, high):
        axes.annotate(
            f"{value:.2f}",
            (0, value),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=10,
            color=HAZE,
            annotation_clip=False,
        )


def _draw_weights(axes: Axes, row: int, name: str, weight: Array) -> None:
    """How much each frame counts at one temperature: gold, the brighter the more."""
    axes.barh(row, 1, height=0.62, color=RAIL)
    share = weight / weight.max() * min(1.0, 0.35 + weight.max())  # an even spread stays dim
    for i, alpha in enumerate(share):
        axes.barh(
            row, 1 / len(weight), left=i / len(weight), height=0.62, color=GLOW, alpha=float(alpha)
        )
    axes.annotate(
        name,
        (0, row),
        xytext=(-7, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=10.5,
        color=CHALK,
        annotation_clip=False,
    )


def _draw_score(axes: Axes, row: int, score: float, every: Sequence[float], wins: bool) -> None:
    """The film's score at one temperature beside all films' scores, as a bar and a number."""
    low, high = min(0.0, *every), max(0.0, *every)
    share = 0.6 * (score - low) / ((high - low) or 1.0)
    axes.barh(row, 0.6, height=0.5, color=RAIL)
    axes.barh(row, share, height=0.5, color=GLOW if wins else HAZE, label=f"score {row}")
    axes.text(
        0.65,
        row,
        f"{score:.3f}",
        va="center",
        size=10.5,
        color=GLOW if wins else HAZE,
        weight="bold" if wins else "normal",
    )
