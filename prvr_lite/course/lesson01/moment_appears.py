"""One film's frame scores after more and more training: the moment appears by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.strip import Span, Thumbnail

ABOUT: Final = "dot: the best frame; blue: the true moment, which training never saw"


@page.night_style
def moment_appears(
    curves: Mapping[str, object],
    *,
    query: str,
    duration: float,
    moment: Span,
    thumbnails: Sequence[Thumbnail] = (),
) -> page.Picture:
    """Draws the scores of all frames of one film, one row per state of the training.

    Args:
        curves: "untrained", "1 epoch", … -> the query's score of each frame, [T].
        query: a sentence about the film. duration: of the film in s.
        moment: the true start and end in s. thumbnails: (time in s, image bytes).
    Returns:
        a Figure with the axes "film", where there are thumbnails, and one for each curve.
    Raises:
        ValueError: scores that are not finite.
    """
    scores = {name: page.finite(curve, f"curve {name!r}") for name, curve in curves.items()}
    best = {name: (score.argmax() + 0.5) * duration / len(score) for name, score in scores.items()}
    inside = {name: moment[0] <= time < moment[1] for name, time in best.items()}
    where = {name: "inside" if lit else "outside" for name, lit in inside.items()}
    told = "; ".join(f"{name}: {time:.1f} s, {where[name]}" for name, time in best.items())
    head, alt = page.heading(f"“{query}”", ABOUT), f"Frame scores for the query “{query}”."
    rows = dict.fromkeys(["film", *scores], sheet.FILM)
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": moment}
    picture, axes = sheet.timeline(head, rows, alt=f"{alt} Best frame, {told}.", left=1.0, **film)
    low, high = min(s.min() for s in scores.values()), max(s.max() for s in scores.values())
    dot: dict[str, Any] = {"ms": 9, "mec": page.NIGHT, "label": "best frame", "clip_on": False}
    for name, score in scores.items():
        panel, color = axes[name], page.SPOT if inside[name] else page.GLOW
        panel.set_ylim(low - 0.08 * (high - low), high + 0.2 * (high - low))
        panel.axvspan(*moment, color=page.SPOT, alpha=0.28, lw=0, label="moment")
        edges = np.linspace(0, duration, len(score) + 1)
        panel.stairs(score, edges, baseline=None, color=page.CHALK, lw=1.5, label="score")
        panel.plot(best[name], score.max(), "o", color=color, **dot)
        sheet.names(panel, {name: 0.62, f"best: {where[name]}": 0.3})
        panel.texts[-1].set(color=color, size=10)
        panel.texts[-2].set(weight="bold", size=11)
    return picture
