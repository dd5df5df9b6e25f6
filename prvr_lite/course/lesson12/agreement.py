"""The same numbers computed twice: one against the other, and how far they are apart."""

from __future__ import annotations

import numpy as np

from prvr_lite.plots import page

MOST = 3000  # dots that are drawn


@page.house_style
def agreement(
    first: object, second: object, *, names: tuple[str, str], title: str, unit: str = "score"
) -> page.Picture:
    """A dot a number on the plane of both; where they agree, all lie on the diagonal.

    Args:
        first, second: [N] numbers, pairwise. names: of the two ways. unit: of the numbers.
    Returns:
        a Figure with one axes, "agreement", whose parts are "diagonal" and "numbers".
    Raises:
        ValueError: if they don't pair up or are not finite.
    """
    x, y = page.as_array(first, "first"), page.as_array(second, "second")
    if x.shape != y.shape:
        raise ValueError(f"first and second must pair up: {len(x)} and {len(y)} numbers")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("first and second must be finite")
    apart = float(np.abs(x - y).max())
    told = f"{len(x):,} numbers; the largest difference is {apart:.2g}"
    head = page.heading(title, told)
    picture = page.new_picture(
        page.WIDTH, head.height + 4.4, alt=f"{title}. {' against '.join(names)}: {told}."
    )
    head.draw(picture)
    side = (page.WIDTH - 3.5) / 2
    rows = {"agreement": 3.5}
    axes = page.stack(picture, rows, top=head.height + 0.2, left=side, right=side, gap=0)[
        "agreement"
    ]
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    room = 0.05 * (high - low) or 1.0
    ends = [low - room, high + room]
    axes.plot(ends, ends, color=page.SOFT, lw=1.2, ls=":", label="diagonal")
    step = -(-len(x) // MOST)
    axes.plot(x[::step], y[::step], "o", ms=3, alpha=0.35, color=page.BLUE, mew=0, label="numbers")
    axes.set(xlim=ends, ylim=ends)
    axes.set(xlabel=page.plain(f"{unit}, {names[0]}"), ylabel=page.plain(f"{unit}, {names[1]}"))
    return picture
