"""The road of learning from bags: frames, their scores, pooling, one label, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, RAIL, SPOT
from prvr_lite.plots.strip import Thumbnail, draw_strip

Point = tuple[float, float]
TITLE: Final = "One label for a bag: which frames learn?"
ABOUT: Final = "white: from the frames to the loss; gold: the gradient, the way back"
FOOT, POOL, LOSS, HIGH = 1.66, 0.95, 0.2, 2.26  # heights on the road, in inches
TALL, ASIDE = 0.3, 0.015  # of a box, in inches; from the middle of a way to its two lanes
FILM, LOSSES, LABEL = (0.02, 0.3), (0.45, 0.6), (0.72, 1.0)  # where boxes begin and end


@page.night_style
def bag_diagram(
    score: object,
    weights: Mapping[str, object],
    *,
    duration: float,
    thumbnails: Sequence[Thumbnail],
) -> page.Picture:
    """Draws how a film gets one score and how the loss goes back to its frames, per bag score.

    Args:
        score: [T] of the frames, 0 to 1.
        weights: name of a bag score -> how much each frame counts in it [T], in sum 1.
        duration: of the film in s. thumbnails: (time in s, image bytes).
    Returns:
        a Figure with the axes "film NAME" and "road NAME" for each bag score.
    Raises:
        ValueError: weights that are not as many as the scores.
    """
    frames = page.finite(score, "score")
    counts = {
        name: page.finite(weight, f"weights of {name!r}", shape=frames.shape)
        for name, weight in weights.items()
    }
    learned = "; ".join(
        f"{name}: film {float(frames @ count):.2f}, gradient to "
        f"{int((count > 1e-6).sum())} of {len(frames)} frames"
        for name, count in counts.items()
    )
    about = f"{len(frames)} frames, a score for each, one score and one label for the film."
    heights = {"film": 7.0 / len(counts) / len(frames), "road": HIGH}
    picture, axes = page.panels(
        page.heading(TITLE, ABOUT),
        [[f"{part} {name}" for name in counts] for part in heights],
        sum(heights.values()) + 0.45,
        alt=f"{TITLE} {about} {learned}.",
        dark=True,
        beside=0.3,
        height_ratios=list(heights.values()),
    )
    for name, count in counts.items():
        axes[f"film {name}"].set_title(f"a bag, pooled by the {name}", size=11.5)
        axes[f"film {name}"].axis("off")
        _draw(axes[f"road {name}"], frames, count, name)
    page.settle(picture)
    for name in counts:
        draw_strip(axes[f"film {name}"], thumbnails, len(frames), (0, duration))
    return picture


def _draw(axes: Axes, frames: page.Array, count: page.Array, name: str) -> None:
    """Draws frames' scores as bars, a box that pools them, the film's score, label and loss."""
    axes.set(xlim=(0, 1), ylim=(0, HIGH))
    axes.axis("off")
    places = (np.arange(len(frames)) + 0.5) / len(frames)
    axes.bar(places, 0.6 * frames + 0.02, 0.5 / len(frames), FOOT, color=CHALK, label="score")
    numbers, below, above = FOOT - 0.22, POOL - TALL / 2, POOL + TALL / 2
    for x, value, share in zip(places, frames, count, strict=True):
        axes.text(x, FOOT - 0.04, f"{value:.1f}", color=HAZE, size=10, ha="center", va="top")
        _arrow(axes, (x - ASIDE, numbers), (x - ASIDE, above), CHALK)
        if share > 1e-6:
            _arrow(axes, (x + ASIDE, above), (x + ASIDE, numbers), GLOW, 1 + 4 * share)
    for text, (left, right), y, color in (
        (f"pooling: {name}", (0, 1), POOL, CHALK),
        (f"film {float(frames @ count):.2f}", FILM, LOSS, CHALK),
        ("loss", LOSSES, LOSS, GLOW),
        ("label: yes", LABEL, LOSS, SPOT),
    ):
        look: dict[str, Any] = {"fc": RAIL, "ec": color, "lw": 1.2, "label": "box"}
        box = axes.barh(y, right - left, TALL, left, **look)
        axes.bar_label(box, [text], label_type="center", size=10.5, color=color)
    x, top = sum(FILM) / 2, LOSS + TALL / 2
    _arrow(axes, (x - ASIDE, below), (x - ASIDE, top), CHALK)
    _arrow(axes, (x + ASIDE, top), (x + ASIDE, below), GLOW, 2.6)
    _arrow(axes, (FILM[1], LOSS + 0.06), (LOSSES[0], LOSS + 0.06), CHALK)
    _arrow(axes, (LOSSES[0], LOSS - 0.06), (FILM[1], LOSS - 0.06), GLOW, 2.6)
    _arrow(axes, (LABEL[0], LOSS), (LOSSES[1], LOSS), SPOT)


def _arrow(axes: Axes, start: Point, end: Point, color: str, width: float = 1.2) -> None:
    """Draws an arrow from one point to another."""
    look = {"arrowstyle": "-|>", "mutation_scale": 7 + width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops={"color": color, "lw": width, **look})
