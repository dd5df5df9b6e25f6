"""The road of learning from bags: frames, their scores, pooling, one label, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, RAIL, SPOT
from prvr_lite.plots.strip import Thumbnail, draw_strip

TITLE: Final = "One label for a bag: which frames learn?"
ABOUT: Final = "white: from the frames to the loss; gold: the gradient, the way back"
FOOT, POOL, FILM, LOSS, HIGH = 1.95, 1.24, 0.62, 0.18, 2.6  # heights on the road, in inches
Place = tuple[float, float]


@page.night_style
def bag_diagram(
    score: object,
    weights: Mapping[str, object],
    *,
    duration: float,
    thumbnails: Sequence[Thumbnail],
) -> page.Picture:
    """How a film gets one score, and how the loss goes back to its frames, for some bag scores.

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
        f"{name}: film {float(frames @ count):.2f}, gradient to {int((count > 1e-6).sum())} frames"
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
        height_ratios=list(heights.values()),
    )
    for name, count in counts.items():
        axes[f"film {name}"].set_title(f"a bag, pooled by the {name}", size=11.5)
        _draw(axes[f"road {name}"], frames, count, name)
    page.settle(picture)
    for name in counts:
        draw_strip(axes[f"film {name}"], thumbnails, len(frames), (0, duration))
    return picture


def _draw(axes: Axes, frames: page.Array, count: page.Array, name: str) -> None:
    """Bars of the frames' scores, a box that pools them, the film's score, label and loss."""
    axes.set(xlim=(0, 1), ylim=(0, HIGH))
    axes.axis("off")
    places = (np.arange(len(frames)) + 0.5) / len(frames)
    bars = axes.bar(places, 0.6 * frames + 0.02, 0.5 / len(frames), FOOT, color=CHALK)
    bars.set_label("score")
    for x, value, share in zip(places, frames, count, strict=True):
        axes.text(x, FOOT - 0.04, f"{value:.1f}", color=HAZE, size=10, ha="center", va="top")
        target = 0.5 + 0.62 * (x - 0.5)
        _arrow(axes, (x, FOOT - 0.2), (target, POOL + 0.16), CHALK, 0.8, 0.35)
        if share > 1e-6:
            back = 1.0 + 4.0 * float(share)
            _arrow(axes, (target + 0.02, POOL + 0.16), (x + 0.02, FOOT - 0.2), GLOW, back, 0.95)
    for start, end, color in (
        ((0.39, POOL - 0.16), (0.39, FILM + 0.16), CHALK),
        ((0.43, FILM + 0.16), (0.43, POOL - 0.16), GLOW),
        ((0.27, FILM - 0.15), (0.42, LOSS + 0.1), CHALK),
        ((0.78, FILM - 0.15), (0.65, LOSS + 0.1), SPOT),
        ((0.5, LOSS + 0.15), (0.4, FILM - 0.15), GLOW),
    ):
        _arrow(axes, start, end, color, 2.6 if color == GLOW else 1.4, 0.9)
    for place, text, color in (
        ((0.5, POOL), f"pooling: {name}", CHALK),
        ((0.34, FILM), f"film {float(frames @ count):.2f}", CHALK),
        ((0.78, FILM), "label: yes", SPOT),
        ((0.53, LOSS), "loss", GLOW),
    ):
        box = {"boxstyle": "round,pad=0.35", "fc": RAIL, "ec": color, "lw": 1.2}
        style: dict[str, Any] = {"ha": "center", "va": "center", "size": 10.5, "bbox": box}
        axes.text(*place, page.plain(text), color=color, **style)


def _arrow(axes: Axes, start: Place, end: Place, color: str, width: float, alpha: float) -> None:
    look = {"arrowstyle": "-|>", "color": color, "lw": width, "alpha": alpha, "shrinkA": 1}
    axes.annotate("", end, start, arrowprops=look | {"shrinkB": 1, "mutation_scale": 7 + width})
