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
    axes.bar(places, 0.6 * frames + 0.02, 0.5 / len(frames), FOOT, color=CHALK, label="score")
    for x, value, share in zip(places, frames, count, strict=True):
        axes.text(x, FOOT - 0.04, f"{value:.1f}", color=HAZE, size=10, ha="center", va="top")
        frame, pool = (x, FOOT - 0.2), (0.5 + 0.62 * (x - 0.5), POOL + 0.16)
        axes.annotate("", pool, frame, arrowprops=_arrow(CHALK, 0.8, 0.35))
        if share > 1e-6:
            axes.annotate("", frame, pool, arrowprops=_arrow(GLOW, 1 + 4 * share))
    for text, place, target, color in (  # a box, and where its arrow leads
        (f"pooling: {name}", (0.5, POOL), (0.34, FILM + 0.16), CHALK),
        (f"film {float(frames @ count):.2f}", (0.34, FILM), (0.46, LOSS + 0.02), CHALK),
        ("label: yes", (0.78, FILM), (0.6, LOSS + 0.1), SPOT),
        ("loss", (0.53, LOSS), (0.38, FILM - 0.14), GLOW),
    ):
        box = {"boxstyle": "round,pad=0.35", "fc": RAIL, "ec": color, "lw": 1.2}
        style: dict[str, Any] = {"ha": "center", "va": "center", "size": 10.5, "bbox": box}
        arrow = _arrow(color, 2.6 if color == GLOW else 1.4)
        axes.annotate(text, target, place, color=color, arrowprops=arrow, **style)
    axes.annotate("", (0.46, POOL - 0.16), (0.4, FILM + 0.16), arrowprops=_arrow(GLOW, 2.6))


def _arrow(color: str, width: float, alpha: float = 0.9) -> dict[str, Any]:
    """Returns the look of an arrow, which bends: two that go to and fro lie beside each other."""
    look = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=0.2", "color": color, "alpha": alpha}
    return look | {"lw": width, "mutation_scale": 7 + width, "shrinkA": 1, "shrinkB": 1}
