"""Curves over a number, with the spread of the seeds around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from prvr_lite.plots import page
from prvr_lite.plots.draw_lines import Line, draw_lines, label_ends
from prvr_lite.plots.seeds import Value, deviation, seeds_of

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
    """Means over seeds against a number, in one panel or several above each other.

    The band is ± one standard deviation, the small dots are seeds. A panel whose values differ
    more than twentyfold is logarithmic.

    Args:
        panels: unit of y, such as "R@1 (%)" -> name of a curve -> {x: one number, or one a seed}.
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
    head = page.heading(title, _about(curves, about, chosen))
    rows = {unit: 2.9 if len(curves) == 1 else 1.9 for unit in curves}
    page_height = head.height + 0.25 + sum(rows.values()) + 0.22 * (len(rows) - 1) + 0.68
    picture = page.new_picture(page.WIDTH, page_height, alt=_alt(curves, xlabel))
    head.draw(picture)
    labels = {name: page.wrap(name, 1.9, 11, weight="bold", lines=3) for name in names}
    broken = [line for label in labels.values() for line in label.split("\n")]
    right = 0.35 + (len(names) > 1) * max(page.text_width(line, 11, "bold") for line in broken)
    axes = page.stack(picture, rows, top=head.height + 0.25, left=0.95, right=right, gap=0.22)
    colors = {name: page.CYCLE[i % len(page.CYCLE)] for i, name in enumerate(names)}
    spots = np.unique([x for panel in curves.values() for curve in panel.values() for x in curve])
    for unit, panel in curves.items():
        lines = _draw(axes[unit], panel, colors, chosen)
        axes[unit].set_ylabel(page.plain(unit))
        _tick(axes[unit], spots, logarithmic)
        axes[unit].tick_params(labelbottom=unit == list(curves)[-1])
        if len(names) > 1:
            label_ends(axes[unit], [(labels[line[0]], *line[1:]) for line in lines])
    axes[list(curves)[-1]].set_xlabel(page.plain(xlabel))
    return picture


def _check(
    panels: Mapping[str, Mapping[str, Curve]], logarithmic: bool
) -> dict[str, dict[str, dict[float, page.Array]]]:
    """The panels with seeds as arrays and x ascending."""
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


def _draw(
    axes: Axes,
    panel: Mapping[str, Mapping[float, page.Array]],
    colors: Mapping[str, str],
    chosen: float | None,
) -> list[Line]:
    """The curves of one panel, each with its band and its seeds; returns their means."""
    lines: list[Line] = []
    for name, curve in panel.items():
        mean = np.array([seeds.mean() for seeds in curve.values()])
        lines.append((name, colors[name], np.array(list(curve)), mean))
    draw_lines(axes, lines)
    for name, color, x, mean in lines:
        spread = np.nan_to_num([deviation(seeds) for seeds in panel[name].values()])
        axes.plot(x, mean, "o", ms=6, color=color, zorder=3, label="_means")
        axes.fill_between(
            x, mean - spread, mean + spread, color=color, alpha=0.18, lw=0, label="_spread"
        )
        for spot, seeds in panel[name].items():
            if len(seeds) > 1:
                axes.plot(
                    [spot] * len(seeds),
                    seeds,
                    "o",
                    ms=3.5,
                    mfc="white",
                    mec=color,
                    mew=1,
                    label="_seeds",
                )
    if chosen is not None:
        axes.axvline(chosen, color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label="chosen")
    return lines


def _tick(axes: Axes, spots: page.Array, logarithmic: bool) -> None:
    """Ticks at the measured x, as many as have room, in plain numbers."""
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    scaled = np.log(spots) if logarithmic else spots
    span = float(scaled[-1] - scaled[0]) or 1.0
    kept: list[int] = []
    for i, place in enumerate(scaled):
        if not kept or place - scaled[kept[-1]] > 0.09 * span:
            kept.append(i)
    axes.set_xticks(spots[kept], labels=[f"{x:,g}" for x in spots[kept]])
    if axes.get_yscale() == "log":
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _about(
    curves: Mapping[str, Mapping[str, Mapping[float, page.Array]]], about: str, chosen: float | None
) -> str:
    """How to read the picture."""
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
    """Every mean in words."""
    parts: Sequence[str] = [
        f"{unit}, {name}: " + ", ".join(f"{s.mean():.3g} at {x:g}" for x, s in curve.items())
        for unit, panel in curves.items()
        for name, curve in panel.items()
    ]
    return f"Means over seeds against {xlabel}. {'; '.join(parts)}."
