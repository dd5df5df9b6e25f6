"""Curves over a number, with the spread of the seeds around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, Panel, line_panels, ticks_at
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
    curves = _check(panels, logarithmic)
    names = list(dict.fromkeys(name for panel in curves.values() for name in panel))
    colors = dict(zip(names, page.CYCLE * len(names), strict=False))
    height = 2.9 if len(curves) == 1 else 1.9
    rows = {
        unit: Panel(unit, [_line(name, colors[name], panel[name]) for name in panel], height)
        for unit, panel in curves.items()
    }
    picture, axes = line_panels(
        page.heading(title, _about(curves, about, chosen)),
        rows,
        alt=_alt(curves, xlabel),
        xlabel=xlabel,
        mark=None if chosen is None else ("chosen", chosen),
        named=len(names) > 1,
        logarithmic=logarithmic,
    )
    lines = [line for row in rows.values() for line in row.lines]
    ticks_at(axes[list(rows)[-1]], np.unique(np.concatenate([line.x for line in lines])))
    return picture


def _check(
    panels: Mapping[str, Mapping[str, Curve]], logarithmic: bool
) -> dict[str, dict[str, dict[float, page.Array]]]:
    """Checks the panels; returns them with x sorted, and an array of seeds at each x."""
    if not panels or not all(panel and all(panel.values()) for panel in panels.values()):
        raise ValueError("panels must hold a panel, each panel a curve and each curve an x")
    checked: dict[str, dict[str, dict[float, page.Array]]] = {}
    for unit, panel in panels.items():
        checked[unit] = {}
        for name, curve in panel.items():
            if not np.isfinite(list(curve)).all() or (logarithmic and min(curve) <= 0):
                limit = " and above 0" if logarithmic else ""
                raise ValueError(f"{name!r}, {unit!r}: every x must be finite{limit}")
            checked[unit][name] = {
                float(x): seeds_of(curve[x], f"{name!r}, {unit!r} at {x:g}") for x in sorted(curve)
            }
    return checked


def _line(name: str, color: str, curve: Mapping[float, page.Array]) -> Line:
    """Returns a curve with all its seeds as a line."""
    x = np.repeat(list(curve), [len(seeds) for seeds in curve.values()])
    return Line(name, color, x, np.concatenate(list(curve.values())))


def _about(
    curves: Mapping[str, Mapping[str, Mapping[float, page.Array]]], about: str, chosen: float | None
) -> str:
    """Returns how to read the picture."""
    several = any(
        len(seeds) > 1
        for panel in curves.values()
        for curve in panel.values()
        for seeds in curve.values()
    )
    parts = ["band: ± standard deviation over seeds (small dots)"] if several else []
    parts += [f"dotted: {chosen:g} in use"] if chosen is not None else []
    return "; ".join([*parts, about] if about else parts)


def _alt(curves: Mapping[str, Mapping[str, Mapping[float, page.Array]]], xlabel: str) -> str:
    """Returns the alt text: every mean in words."""
    parts: Sequence[str] = [
        f"{unit}, {name}: " + ", ".join(f"{s.mean():.3g} at {x:g}" for x, s in curve.items())
        for unit, panel in curves.items()
        for name, curve in panel.items()
    ]
    return f"Means over seeds against {xlabel}. {'; '.join(parts)}."
