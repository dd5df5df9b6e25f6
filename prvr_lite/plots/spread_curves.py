"""Curves over a number, with the spread of the seeds around them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, line_panels
from prvr_lite.plots.seeds import Value, seeds_of

Curve = Mapping[float, Value]


@page.house_style
def spread_curves(
    panels: Mapping[str, Mapping[str, Curve]],
    *,
    xlabel: str,
    title: str,
    about: str = "",
    logarithmic: bool = False,
    chosen: float | None = None,
) -> page.Picture:
    """Draws means over seeds against a number, in one panel or several above each other.

    The band is ± one standard deviation, the small dots are seeds. A panel whose values differ
    more than twentyfold is logarithmic.

    Args:
        panels: unit of y, such as "R@1 (%)" -> name of a curve -> {x: one number, or one per seed}.
            A curve may lack some x; where all panels hold but one curve, it is not named.
        xlabel, title: named below and above. about: a remark added to how the picture is read.
        logarithmic: x on a logarithmic axis.
        chosen: the x in use, drawn as a dotted line; None for none.
    Returns:
        a Figure with one axes for each panel, labelled with its unit; curves carry their names.
    Raises:
        ValueError: naming the curve that does not fit.
    """
    full = panels and all(panel and all(panel.values()) for panel in panels.values())
    page.require(full, "panels must hold a panel, each panel a curve and each curve an x")
    lines = {
        unit: [_line(name, curve, unit, logarithmic) for name, curve in panel.items()]
        for unit, panel in panels.items()
    }
    several = any(len(line.means()) < len(line.x) for row in lines.values() for line in row)
    notes = [
        "band: ± standard deviation over seeds (small dots)" if several else "",
        "" if chosen is None else f"dotted: {chosen:g} in use",
        about,
    ]
    return line_panels(
        page.heading(title, "; ".join(filter(None, notes))),
        lines,
        alt=f"{'Means over seeds' if several else 'Values'} against {xlabel}.",
        xlabel=xlabel,
        mark=("chosen", chosen),
        logarithmic=logarithmic,
    )


def _line(name: str, curve: Curve, unit: str, logarithmic: bool) -> Line:
    """Returns a curve with all its seeds as a line, after a check."""
    spots = sorted(curve)
    page.finite(spots, f"{name!r}, {unit!r}: every x", above=0 if logarithmic else -np.inf)
    seeds = [seeds_of(curve[x], f"{name!r}, {unit!r} at {x:g}") for x in spots]
    return Line(name, np.repeat(spots, list(map(len, seeds))), np.concatenate(seeds))
