"""Why cumulative sums give every mean: a clip's mean is the slope of a chord."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Final

import numpy as np

from prvr_lite.plots import page

TITLE: Final = "A clip's mean is the slope of a chord"


@page.house_style
def running_total(values: object, spans: Sequence[tuple[int, int]]) -> page.Picture:
    """Draws a number of each unit as bars, and their running total with a chord for each clip.

    Args:
        values: [n]. spans: [start, end) of the clips that are drawn.
    Returns:
        a Figure with the axes "units" and "total".
    Raises:
        ValueError: a span outside the units.
    """
    units = page.finite(values, "values")
    n = len(units)
    for s, e in spans:
        page.require(0 <= s < e <= n, f"span [{s}, {e}) does not lie within the {n} units")
    total = np.concatenate([[0.0], units.cumsum()])
    about = "total[end] − total[start] is the sum of the clip's units"
    means = {(start, end): units[start:end].mean() for start, end in spans}
    slopes = "; ".join(f"[{s}, {e}) has mean {mean:.2f}" for (s, e), mean in means.items())
    alt = f"{TITLE}: {n} units, their running total up to {total[-1]:.2f}; {slopes}."
    head, rows = page.heading(TITLE, about), [["units"], ["total"]]
    picture, axes = page.panels(head, rows, 4.5, alt=alt, height_ratios=[1.4, 2.3], sharex=True)
    axes["units"].bar(np.arange(n) + 0.5, units, width=0.86, color=page.SOFT, alpha=0.45)
    axes["total"].plot(range(n + 1), total, "o-", color=page.BLUE, ms=5, lw=1.6, label="total")
    for ((start, end), mean), color in zip(means.items(), cycle(page.CYCLE[1:]), strict=False):
        axes["units"].plot([start, end], [mean, mean], color=color, lw=3.2, label="mean")
        ends = total[[start, end]]
        label = f"clip [{start}, {end}): {ends[1] - ends[0]:.2f} / {end - start} = {mean:.2f}"
        label = label.replace("-", "−")
        axes["total"].plot([start, end], ends, "o-", color=color, ms=7, lw=2.6, label=label)
    for panel, name in ((axes["units"], "value\nof the unit"), (axes["total"], "running total")):
        panel.grid(axis="y")
        panel.set(ylabel=name, xlim=(0, n), xticks=range(0, n + 1, max(1, n // 8)))
    axes["units"].axhline(0, color=page.SOFT, lw=0.8, label="zero")
    axes["total"].set_xlabel("boundary between units")
    axes["total"].legend(handles=axes["total"].lines[1:], loc="best")
    return picture
