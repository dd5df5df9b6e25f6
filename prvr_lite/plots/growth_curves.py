"""Growth curves: how time and memory grow with videos, clips or clusters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, line_panels


@page.house_style
def growth_curves(
    series: Mapping[str, tuple[object, object]],
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
) -> page.Picture:
    """Draws how a cost grows: a line per series on logarithmic axes, with its growth exponent.

    The exponent is the slope of the least-squares line through the logarithms: 1 is linear growth,
    2 quadratic.

    Args:
        series: name -> (xs, ys), as many of each, all above 0.
        xlabel, ylabel: such as "videos V" and "time (s)". title: a headline.
    Raises:
        ValueError: naming the series that does not fit.
    """
    page.require(series, "series must name at least one line")
    lines = []
    for name, (xs, ys) in series.items():
        x = page.finite(xs, f"xs of {name!r}", above=0)
        y = page.finite(ys, f"ys of {name!r}", shape=x.shape, above=0)
        # "+ 0" turns -0.0 into 0.0.
        power = np.polyfit(np.log(x), np.log(y), 1)[0].round(1) + 0 if np.ptp(x) else None
        lines.append(Line(name, x, y, "" if power is None else f"exponent {power:.1f}"))
    about = "exponent 1: twice the x, twice the cost; 2: four times"
    picture = line_panels(
        page.heading(title or f"{ylabel} by {xlabel}", about),
        {ylabel: lines},
        alt=f"{ylabel} against {xlabel} on logarithmic axes.",
        xlabel=xlabel,
        logarithmic=True,
        steep=1,
    )
    picture.axes[0].grid(axis="x")
    return picture
