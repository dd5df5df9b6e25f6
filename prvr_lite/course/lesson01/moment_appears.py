"""One film's frame scores after more and more training: the moment appears by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, RAIL, SPOT
from prvr_lite.plots.strip import Span, Thumbnail

STRIP, ROW = 0.62, 0.62  # inches


@page.house_style
def moment_appears(
    curves: Mapping[str, object],
    *,
    query: str,
    duration: float,
    moment: Span,
    thumbnails: Sequence[Thumbnail] = (),
) -> page.Picture:
    """The score of every frame of one film, a row for each state of the training.

    Args:
        curves: "untrained", "1 epoch", … -> the query's score of each frame, [T].
        query: a sentence about the film. duration: of the film in s.
        moment: the true start and end in s. thumbnails: (time in s, image bytes).
    Returns:
        a Figure with the axes "film", where there are thumbnails, and one for each curve.
    Raises:
        ValueError: no curves, or scores that are not finite.
    """
    scores = {name: page.as_array(curve, f"curve {name!r}") for name, curve in curves.items()}
    if not scores or not all(np.isfinite(score).all() for score in scores.values()):
        raise ValueError("curves must hold at least one curve of finite scores")
    best = {name: (score.argmax() + 0.5) * duration / len(score) for name, score in scores.items()}
    inside = {name: moment[0] <= time < moment[1] for name, time in best.items()}
    where = "; ".join(f"{n}: {t:.1f} s, {_where(inside[n])}" for n, t in best.items())
    alt = f"Frame scores for the query “{query}”. Best frame, {where}."
    rows = ["film"] * bool(thumbnails) + list(scores)
    heights = [STRIP] * bool(thumbnails) + [ROW] * len(scores)
    about = "dot: the best frame; blue: the true moment, which training never saw"
    picture, axes = page.panels(
        page.heading(f"“{query}”", about),
        [[name] for name in rows],
        sum(heights) + 0.09 * len(rows) + 0.62,
        alt=alt,
        dark=True,
        left=1.0,
        height_ratios=heights,
    )
    low, high = min(s.min() for s in scores.values()), max(s.max() for s in scores.values())
    limits = low - 0.08 * (high - low), high + 0.2 * (high - low)
    for name, score in scores.items():
        _draw(axes[name], name, score, (best[name], inside[name]), moment, duration)
        axes[name].set_ylim(limits)
    last = axes[rows[-1]]
    last.tick_params(labelbottom=True)
    sheet.time_axis(last)
    if thumbnails:
        axes["film"].set(xlim=(0, duration), xticks=[], yticks=[])
        sheet.names(axes["film"], {"film": 0.5})
        axes["film"].texts[-1].set(color=HAZE)
        sheet.show_film(picture, axes["film"], thumbnails, duration, moment)
    return picture


def _where(inside: bool) -> str:
    return "inside" if inside else "outside"


def _draw(
    axes: Axes,
    name: str,
    score: page.Array,
    best: tuple[float, bool],
    moment: Span,
    duration: float,
) -> None:
    """One curve; its best frame, (time, inside the moment?), as a dot."""
    time, inside = best
    color = SPOT if inside else GLOW
    axes.set(xlim=(0, duration), yticks=[], facecolor=RAIL)
    axes.axvspan(*moment, color=SPOT, alpha=0.28, lw=0, label="moment")
    edges = np.linspace(0, duration, len(score) + 1)
    axes.stairs(score, edges, baseline=None, color=CHALK, lw=1.5, label="score")
    look: dict[str, Any] = {"ms": 9, "mec": page.NIGHT, "label": "best frame", "clip_on": False}
    axes.plot(time, score.max(), "o", color=color, **look)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelbottom=False)
    sheet.names(axes, {name: 0.62, f"best: {_where(inside)}": 0.3})
    axes.texts[-1].set(color=color, size=10)
    axes.texts[-2].set(weight="bold", size=11)
