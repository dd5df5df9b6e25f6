"""The road of learning from bags: frames, their scores, pooling, one label, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, RAIL, SPOT
from prvr_lite.plots.strip import Thumbnail, dark_page, draw_strip

GAP, LOW = 0.3, 2.72  # inches: between panels, and under a strip


@page.house_style
def bag_diagram(
    score: object,
    weights: Mapping[str, object],
    *,
    duration: float,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "One label for a bag: which frames learn?",
) -> page.Picture:
    """How a film gets one score, and how the loss goes back to its frames, for some bag scores.

    Args:
        score: [T] of the frames, 0 to 1.
        weights: name of a bag score -> how much each frame counts in it [T], in sum 1.
        duration: of the film in s. thumbnails: (time in s, image bytes).
        title: a headline.
    Returns:
        a Figure with the axes "film NAME" and "road NAME" for each bag score.
    Raises:
        ValueError: no bag score, or weights that are not as many as the scores.
    """
    frames = page.as_array(score, "score")
    counts = {name: page.as_array(w, f"weights of {name!r}") for name, w in weights.items()}
    if not counts or any(len(count) != len(frames) for count in counts.values()):
        raise ValueError(f"weights must hold, for each bag score, one for each of {len(frames)}")
    about = "white: from the frames to the loss; gold: the gradient, the way back"
    head = page.heading(title, about)
    wide = (page.WIDTH - 2 * page.EDGE - GAP * (len(counts) - 1)) / len(counts)
    high = wide / len(frames) if thumbnails else 0.0
    tall = head.height + 0.45 + high + LOW + 0.1
    learned = "; ".join(
        f"{name}: film {float(frames @ count):.2f}, gradient to {int((count > 1e-6).sum())} frames"
        for name, count in counts.items()
    )
    about = f"{len(frames)} frames, a score for each, one score and one label for the film."
    picture = dark_page(head, tall, alt=f"{title} {about} {learned}.")
    for i, (name, count) in enumerate(counts.items()):
        left = page.EDGE + i * (wide + GAP)
        if thumbnails:
            strip = page.panel(picture, (left, 0.1 + LOW, wide, high), f"film {name}")
            draw_strip(strip, thumbnails, len(frames), (0, duration))
        _write(picture, left, 0.1 + LOW + high + 0.14, f"a bag, pooled by the {name}")
        road = page.panel(picture, (left, 0.1, wide, LOW), f"road {name}")
        road.set(xlim=(0, wide), ylim=(0, LOW))
        road.axis("off")
        _draw(road, wide, frames, count, name)
    return picture


def _write(picture: page.Picture, x: float, y: float, text: str) -> None:
    style: dict[str, Any] = {"size": 11.5, "weight": "bold", "color": CHALK, "va": "center"}
    picture.text(x / page.WIDTH, y / picture.get_figheight(), page.plain(text), **style)


def _draw(axes: Axes, wide: float, frames: page.Array, count: page.Array, name: str) -> None:
    """Bars of the frames' scores, a box that pools them, the film's score, label and loss."""
    places = (np.arange(len(frames)) + 0.5) * wide / len(frames)
    foot, box_top, box_low = 1.95, 1.4, 1.08
    bar = 0.5 * wide / len(frames)
    axes.bar(places, 0.6 * frames + 0.02, bar, foot, color=CHALK, label="score")
    for x, value in zip(places, frames, strict=True):
        axes.text(x, foot - 0.04, f"{value:.1f}", color=HAZE, size=10, ha="center", va="top")
    middle = wide / 2
    targets = middle + (places - middle) * 0.62
    for x, target, share in zip(places, targets, count, strict=True):
        _arrow(axes, (x, foot - 0.2), (target, box_top), CHALK, 0.8, 0.35)
        if share > 1e-6:
            back = 1.0 + 4.0 * float(share)
            _arrow(axes, (target + 0.05, box_top), (x + 0.05, foot - 0.2), GLOW, back, 0.95)
    _box(axes, middle, (box_low + box_top) / 2, 0.74 * wide, f"pooling: {name}", CHALK)
    film = float(frames @ count)
    _arrow(axes, (middle - 0.06, box_low), (middle - 0.06, 0.8), CHALK, 1.4, 0.8)
    _arrow(axes, (middle + 0.06, 0.8), (middle + 0.06, box_low), GLOW, 2.6, 0.95)
    _box(axes, 0.27 * wide, 0.62, 0.5 * wide, f"film {film:.2f}", CHALK)
    _box(axes, 0.79 * wide, 0.62, 0.4 * wide, "label: yes", SPOT)
    _arrow(axes, (0.2 * wide, 0.47), (0.36 * wide, 0.28), CHALK, 1.4, 0.8)
    _arrow(axes, (0.79 * wide, 0.47), (0.66 * wide, 0.28), SPOT, 1.4, 0.8)
    _arrow(axes, (0.46 * wide, 0.33), (0.34 * wide, 0.46), GLOW, 2.6, 0.95)
    _box(axes, 0.52 * wide, 0.18, 0.3 * wide, "loss", GLOW)


def _box(axes: Axes, x: float, y: float, width: float, text: str, color: str) -> None:
    shape: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=0.08",
        "fc": RAIL,
        "ec": color,
        "lw": 1.2,
    }
    axes.add_patch(FancyBboxPatch((x - width / 2, y - 0.15), width, 0.3, **shape))
    axes.text(x, y, page.plain(text), color=color, size=10.5, ha="center", va="center")


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    width: float,
    alpha: float,
) -> None:
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 7 + width, "shrinkA": 1}
    look |= {"shrinkB": 1, "color": color, "lw": width, "alpha": alpha}
    axes.add_patch(FancyArrowPatch(start, end, **look))
