"""The right video's lead over its rival at clip and frame scale, and the line of ties at alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns

from prvr_lite.plots import page

# where the right video is ahead: the bits are the clip and the frame scale
CORNERS = ("at neither", "by frames only", "by clips only", "at both")


@page.house_style
def lead_plane(clip: object, frame: object, *, alpha: float) -> page.Picture:
    """Draws a mark per query: how far its right video leads its best rival, at both scales.

    The rival is the best of all other videos under the fused score. Then the fused lead is
    alpha x clip lead + (1 - alpha) x frame lead, and a query is answered where that is above 0:
    right of, or above, a line through the middle that turns with alpha.

    Args:
        clip, frame: [Q] score of the right video minus that of its rival, at each scale.
        alpha: weight of the clip scale, 0..1.
    Returns:
        a Figure with the axes "leads"; its parts are "queries" and "alpha".
    Raises:
        ValueError: leads of different number or not finite, or alpha outside 0..1.
    """
    x = page.finite(clip, "clip")
    y = page.finite(frame, "frame", shape=x.shape)
    page.finite(alpha, "alpha", ndim=0, low=0, high=1)
    ahead = alpha * x + (1 - alpha) * y > 0  # [Q]
    title = "Two opinions, and the line that settles them"
    about = f"square: a query whose film is found, cross: not found; thick: a tie at α = {alpha:g}"
    alt = (
        "The lead of each query's right film over its rival, clip scale across, frame scale up, "
        f"and the line of ties at alpha {alpha:g}"
    )
    picture, panels = page.panels(page.heading(title, about), [["leads"]], 4.3, alt=alt)
    axes = panels["leads"]
    # without smoothing, a picture has half the size
    look: dict[str, Any] = {"lw": 0, "antialiased": False, "legend": False, "label": "queries"}
    look |= {"palette": {True: page.BLUE, False: page.VERMILION}, "sizes": {True: 6.5, False: 14}}
    look |= {"markers": {True: "s", False: "X"}}
    sns.scatterplot(x=x, y=y, hue=ahead, style=ahead, size=ahead, ax=axes, **look)
    reach = 1.08 * float(np.quantile(np.abs([x, y]), 0.995)) or 1.0
    axes.axhline(0, color=page.SOFT, lw=1)
    axes.axvline(0, color=page.SOFT, lw=1)
    # alpha x + (1 - alpha) y = 0 points along (1 - alpha, -alpha)
    ends = 2 * reach / max(alpha, 1 - alpha) * np.array([-1.0, 1.0])
    axes.plot((1 - alpha) * ends, -alpha * ends, color=page.INK, lw=2.4, label="alpha", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set(xlabel="lead at the clip scale", ylabel="lead at the frame scale")
    for place, where in enumerate(CORNERS):
        right, above = divmod(place, 2)
        inside = ((x > 0) == right) & ((y > 0) == above)
        text = f"ahead {where}: {(inside & ahead).sum():,} of {inside.sum():,} found"
        away, side = (0, 6 if above else -46), "right" if right else "left"
        page.write(axes, text, (right, above), away, at="axes fraction", ha=side)
        alt += f"; {text}"
    picture.set_label(f"{alt}.")
    return picture
