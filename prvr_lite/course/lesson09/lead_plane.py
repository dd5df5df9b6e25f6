"""Two scales of one score: the right video's lead at each, and the line that alpha draws."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    SOFT,
    VERMILION,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import heading, stack

HIGH: Final = 3.0  # inches
CORNERS: Final = {  # where the right film leads -> the corner that says so, left and top
    "ahead by frames only": (True, True),
    "ahead at both": (False, True),
    "ahead at neither": (True, False),
    "ahead by clips only": (False, False),
}


@house_style
def lead_plane(
    clip: object,
    frame: object,
    *,
    alpha: float,
    title: str = "Two opinions, and the line that settles them",
) -> Picture:
    """Each query as a mark: the lead of its right video over its rival, at both scales.

    The rival is the best of all other videos under the fused score. Then the fused lead is
    alpha x clip lead + (1 - alpha) x frame lead, and a query is answered where that is above 0:
    right of, or above, a line through the middle that turns with alpha.

    Args:
        clip, frame: [Q] score of the right video minus that of its rival, at each scale.
        alpha: weight of the clip scale, 0..1.
        title: a headline.
    Returns:
        a Figure with the axes "leads"; its lines are "found", "missed" and "alpha".
    Raises:
        ValueError: leads of different number or not finite, or alpha outside 0..1.
    """
    x, y = as_array(clip, "clip"), as_array(frame, "frame")
    if x.shape != y.shape or not np.isfinite(x + y).all():
        raise ValueError(f"clip and frame must be finite and pair up: {len(x)} and {len(y)} leads")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha:g}: it must lie in 0..1")
    found = alpha * x + (1 - alpha) * y > 0  # [Q]
    quadrants = {
        "ahead at both": (x > 0) & (y > 0),
        "ahead by frames only": (x <= 0) & (y > 0),
        "ahead by clips only": (x > 0) & (y <= 0),
        "ahead at neither": (x <= 0) & (y <= 0),
    }
    counts = {
        name: (int(inside.sum()), int((inside & found).sum())) for name, inside in quadrants.items()
    }
    about = f"square: a query whose film is found, cross: not found; thick: a tie at α = {alpha:g}"
    head = heading(title, about)
    picture = new_picture(WIDTH, head.height + HIGH + 1.25, alt=_alt(counts, alpha))
    head.draw(picture)
    top = head.height + 0.45
    axes = stack(picture, {"leads": HIGH}, top=top, left=0.95, right=0.25, gap=0.0)["leads"]
    _draw(axes, x, y, found, alpha)
    for name, (left, above) in CORNERS.items():
        every, hit = counts[name]
        axes.annotate(
            f"{name}: {hit:,} of {every:,} found",
            (0 if left else 1, 1 if above else 0),
            xycoords="axes fraction",
            xytext=(0, 6 if above else -46),
            textcoords="offset points",
            ha="left" if left else "right",
            color=INK,
            annotation_clip=False,
        )
    return picture


def _draw(axes: Axes, x: Array, y: Array, found: NDArray[np.bool_], alpha: float) -> None:
    """Marks, the two axes of the plane, and the line of alpha."""
    reach = 1.08 * float(np.quantile(np.abs(np.concatenate([x, y])), 0.995)) or 1.0
    crisp: dict[str, Any] = {"ls": "", "antialiased": False}  # half the size of a smooth picture
    axes.plot(x[found], y[found], marker="s", ms=2.5, mew=0, color=BLUE, label="found", **crisp)
    axes.plot(
        x[~found], y[~found], marker="x", ms=3.5, mew=1, color=VERMILION, label="missed", **crisp
    )
    axes.axhline(0, color=SOFT, lw=1)
    axes.axvline(0, color=SOFT, lw=1)
    # alpha x + (1 - alpha) y = 0 points along (1 - alpha, -alpha)
    ends = 2 * reach / max(alpha, 1 - alpha) * np.array([-1.0, 1.0])
    axes.plot((1 - alpha) * ends, -alpha * ends, color=INK, lw=2.4, label="alpha", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set(xlabel="lead at the clip scale", ylabel="lead at the frame scale")


def _alt(counts: dict[str, tuple[int, int]], alpha: float) -> str:
    parts = [f"{name}: {hit} of {every} found" for name, (every, hit) in counts.items()]
    return (
        f"The lead of each query's right film over its rival, clip scale across, frame scale up, "
        f"and the line of ties at alpha {alpha:g}. {'; '.join(parts)}."
    )
