"""The bag-score explorer: from the mean of a film's frame scores to their maximum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from prvr_lite.course import sheet
from prvr_lite.course.slider import slider
from prvr_lite.plots import page
from prvr_lite.plots.strip import Span, Thumbnail

TEMPERATURES: Final = (math.inf, 1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.0)
STRIP, CURVE, ROW = 0.46, 0.62, 0.24  # inches
GOLD: Final = LinearSegmentedColormap.from_list("gold", [page.RAIL, page.GLOW])


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
    films: Mapping[str, Bag], *, query: str, static: Sequence[float] = (math.inf, 0.1, 0.0)
) -> Any:
    """Shows which film wins as a slider moves from mean to maximum; see ``bag_picture``.

    Args:
        films: name -> bag. query: named above.
        static: the temperatures that are drawn where there is no slider.
    Returns:
        a slider with its picture, or one picture; make it the last expression of a cell.
    """
    return slider(
        lambda temperature: bag_picture(films, [temperature], query=query),
        values=TEMPERATURES,
        label="temperature",
        static=lambda: bag_picture(films, static, query=query),
        in_words=in_words,
    )


def bag_score(score: page.Array, temperature: float) -> tuple[float, page.Array]:
    """Returns a bag's score, between mean and maximum, and how much each frame counts in it, [T].

    The score is temperature x log of the mean of e^(frame's score / temperature).

    Args:
        score: [T]. temperature: infinity gives the mean, 0 the maximum.
    Returns:
        the bag's score, and its derivative by each frame's score [T], which sums to 1.
    """
    top = score.max()
    sharp = np.exp((score - top) / temperature) if temperature else np.equal(score, top) * 1.0
    soft = score.mean() if math.isinf(temperature) else top + temperature * np.log(sharp.mean())
    return float(soft), sharp / sharp.sum()  # the largest of sharp [T] is 1


def in_words(temperature: float) -> str:
    """Returns a temperature in words: "mean" if it is infinite, "max" if it is 0, or "τ = …"."""
    ends = {math.inf: "mean", 0.0: "max"}
    return ends.get(temperature, f"τ = {temperature:g}")


@page.night_style
def bag_picture(
    films: Mapping[str, Bag], temperatures: Sequence[float], *, query: str
) -> page.Picture:
    """Draws each film's frame scores and, per temperature, the frames' weights and its score.

    Returns:
        a Figure with the axes "strip NAME", "frames NAME", "weights NAME", "scores NAME" by film.
    Raises:
        ValueError: scores that are not finite.
    """
    scores = {name: page.finite(bag.score, f"score of {name!r}") for name, bag in films.items()}
    bags = {name: [bag_score(s, t) for t in temperatures] for name, s in scores.items()}
    values = {name: [value for value, _ in bag] for name, bag in bags.items()}
    table = pd.DataFrame(values, index=[in_words(t) for t in temperatures])
    wins = "; ".join(f"{row}: {name} wins" for row, name in table.idxmax(axis=1).items())
    rows = {"strip": STRIP, "frames": CURVE, "weights": ROW * len(temperatures)}
    if not any(bag.thumbnails for bag in films.values()):
        del rows["strip"]
    mosaic = [
        [f"{part} {name}", f"scores {name}" if part == "weights" else "."]
        for name in films
        for part in rows
    ]
    settings: dict[str, Any] = {"dark": True, "gap": 0.06, "left": 0.3, "width_ratios": [4.5, 1.4]}
    settings |= {"height_ratios": list(rows.values()) * len(films), "alt": _alt(table, query)}
    high = len(films) * (sum(rows.values()) + 0.55) + 0.3
    picture, axes = page.panels(page.heading(f"“{query}”", wins), mosaic, high, **settings)
    for panel in axes.values():
        panel.tick_params(length=0, labelsize=10.5)
        panel.set(xlim=(0, 1), xticks=[], yticks=[])
    limits = min(s.min() for s in scores.values()), max(s.max() for s in scores.values())
    for name, bag in films.items():
        label = page.wrap(name, 4.4, 11.5, lines=1) + (", the right film" if bag.right else "")
        color, top = page.SPOT if bag.right else page.CHALK, axes[f"{next(iter(rows))} {name}"]
        top.set_title(label, size=11.5, color=color, parse_math=False)
        _draw_frames(axes[f"frames {name}"], scores[name], limits, bag)
        _draw_weights(axes[f"weights {name}"], [weight for _, weight in bags[name]], table)
        _draw_scores(axes[f"scores {name}"], name, table)
    about = "curve: score of each frame · gold: how much it counts · right: score of the film"
    picture.supxlabel(about, x=page.EDGE / page.WIDTH, ha="left", size=10, color=page.HAZE)
    for name, bag in films.items() if "strip" in rows else ():
        sheet.show_film(picture, axes[f"strip {name}"], bag.thumbnails, 1, bag.moment)
    return picture


def _alt(table: pd.DataFrame, query: str) -> str:
    films = f"Frame scores of {table.shape[1]} films for the query “{query}”"
    rows = [
        f"{temperature}: " + ", ".join(f"{name} {score:.3f}" for name, score in row.items())
        for temperature, row in table.iterrows()
    ]
    return f"{films}, and the score of each film by temperature. {'; '.join(rows)}."


def _draw_frames(axes: Axes, score: page.Array, limits: tuple[float, float], bag: Bag) -> None:
    """Draws the frames' scores [T] as steps, and the moment, if known, as a band behind them."""
    low, high = limits
    pad = 0.08 * ((high - low) or 1.0)
    axes.set_ylim(low - pad, high + pad)
    axes.set_yticks([low, high], [f"{low:.2f}", f"{high:.2f}"])
    if bag.moment:
        axes.axvspan(*bag.moment, color=page.SPOT, alpha=0.25, lw=0, label="moment")
    axes.axhline(0, color=page.HAZE, lw=0.6, alpha=0.6)  # where 0 is in between
    edges = np.linspace(0, 1, len(score) + 1)
    axes.stairs(score, edges, baseline=None, color=page.CHALK, lw=1.4, label="score")


def _draw_weights(axes: Axes, weights: Sequence[page.Array], table: pd.DataFrame) -> None:
    """Draws one row per temperature, in which a frame that counts more is brighter gold."""
    weight = np.stack(weights)  # [temperatures, T]
    most = weight.max(1, keepdims=True)
    share = weight / most * np.minimum(1.0, 0.35 + most)  # an even spread stays dim
    edges, levels = np.linspace(0, 1, share.shape[1] + 1), np.arange(len(table) + 1)
    axes.pcolormesh(edges, levels, share, cmap=GOLD, vmin=0, vmax=1)
    axes.hlines(levels, -0.1, 1.1, page.NIGHT, lw=72 * 0.38 * ROW)  # rows stand apart
    axes.set_ylim(len(table), 0)
    sheet.names(axes, {name: 1 - (i + 0.5) / len(table) for i, name in enumerate(table.index)})


def _draw_scores(axes: Axes, name: str, table: pd.DataFrame) -> None:
    """Draws one row per temperature: the film's score as a bar, on all films' scale, and a number.

    Both are gold where the film wins.
    """
    low, high = table.min(axis=1).clip(upper=0), table.max(axis=1).clip(lower=0)
    rows, wins = range(len(table)), table[name] == table.max(axis=1)
    colors = np.where(wins, page.GLOW, page.HAZE)
    rails = axes.barh(rows, 0.6, 0.5, color=page.RAIL)
    numbers = axes.bar_label(rails, [f"{score:.3f}" for score in table[name]], padding=4, size=10.5)
    for number, color, won in zip(numbers, colors, wins, strict=True):
        number.set(color=color, weight="bold" if won else "normal")
    long = 0.6 * (table[name] - low) / (high - low)
    axes.barh(rows, long, 0.5, color=colors, label="score")
    axes.set_ylim(len(table) - 0.5, -0.5)
