"""The same numbers computed twice: one against the other, and how far they are apart."""

from __future__ import annotations

import numpy as np
import seaborn as sns

from prvr_lite.plots import page

MOST = 3000  # dots that are drawn


@page.house_style
def agreement(first: object, second: object, *, names: tuple[str, str], title: str) -> page.Picture:
    """Draws a dot per pair of scores; where both ways agree, all dots lie on the diagonal.

    Args:
        first, second: [N] scores, pairwise. names: of the two ways.
    Returns:
        a Figure with one axes, "agreement", whose parts are "diagonal" and "numbers".
    Raises:
        ValueError: if they don't pair up or are not finite.
    """
    x = page.finite(first, "first")
    y = page.finite(second, "second", shape=x.shape)
    size = f"{len(x):,} numbers; the largest difference is {np.abs(x - y).max():.2g}"
    alt = f"{title}. {' against '.join(names)}: {size}."
    picture, panels = page.panels(page.heading(title, size), [["agreement"]], 2.8, alt=alt)
    axes, step = panels["agreement"], -(-len(x) // MOST)
    low, high = np.min([x, y]), np.max([x, y])
    axes.axline((low, low), slope=1, color=page.SOFT, lw=1.2, ls=":", label="diagonal")
    look = {"s": 9, "alpha": 0.35, "color": page.BLUE, "lw": 0, "label": "numbers", "legend": False}
    sns.scatterplot(x=x[::step], y=y[::step], ax=axes, **look)
    room = 0.05 * (high - low) or 1.0
    axes.set(xlim=(low - room, high + room), ylim=(low - room, high + room), aspect="equal")
    axes.set(xlabel=f"score, {names[0]}", ylabel=f"score, {names[1]}")
    return picture
