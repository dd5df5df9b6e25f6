"""Growth curves: how time and memory grow with videos, clips or clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from prvr_lite.plots import page
from prvr_lite.plots.draw_lines import Line, label_ends


@page.house_style
def growth_curves(
    series: Mapping[str, tuple[object, object]],
    *,
    xlabel: str,
    ylabel: str,
    title: str | None = None,
) -> page.Picture:
    """How a cost grows: one line a series on logarithmic axes, with its growth exponent.

    The exponent is the slope of the least-squares line through the logarithms: 1 is linear growth,
    2 quadratic.

    Args:
        series: name -> (xs, ys), as many of each, all above 0.
        xlabel, ylabel: such as "videos V" and "time (s)". title: a headline.
    Raises:
        ValueError: naming the series that does not fit.
    """
    lines = _check(series)
    told = [_exponent(line) for line in lines]
    head = page.heading(
        title or f"{ylabel} by {xlabel}", "exponent 1: doubles with x; 2: quadruples"
    )
    picture = page.new_picture(page.WIDTH, head.height + 4.1, alt=_alt(lines, told, xlabel, ylabel))
    head.draw(picture)
    top = head.height + 0.2
    axes = page.stack(picture, {"growth": 3.3}, top=top, left=0.95, right=2.05, gap=0.0)["growth"]
    for name, color, x, y in lines:
        axes.plot(x, y, color=color, marker="o", ms=6, label=name)
    axes.set(xscale="log", yscale="log", xlabel=page.plain(xlabel), ylabel=page.plain(ylabel))
    axes.grid(which="major")
    _tick(axes, lines)
    names = [page.wrap(line[0], 1.8, 11, weight="bold", lines=2) for line in lines]
    named = [(f"{n}\n{t}", *line[1:]) for n, t, line in zip(names, told, lines, strict=True)]
    label_ends(axes, named)
    return picture


def _check(series: Mapping[str, tuple[object, object]]) -> list[Line]:
    """The series as lines, left to right."""
    if not series:
        raise ValueError("series must name at least one line")
    lines: list[Line] = []
    for i, (name, (xs, ys)) in enumerate(series.items()):
        x, y = page.as_array(xs, f"xs of {name!r}"), page.as_array(ys, f"ys of {name!r}")
        if x.shape != y.shape or not (np.isfinite(x * y) & (x > 0) & (y > 0)).all():
            raise ValueError(f"{name!r}: xs and ys must pair up, and all be finite and above 0")
        order = np.argsort(x)
        lines.append((name, page.CYCLE[i % len(page.CYCLE)], x[order], y[order]))
    return lines


def _exponent(line: Line) -> str:
    """The growth exponent in words, if the line has one."""
    _, _, x, y = line
    if x[0] == x[-1]:
        return ""
    slope = np.polyfit(np.log(x), np.log(y), 1)[0]
    return f"exponent {slope:.1f}"


def _alt(lines: Sequence[Line], told: Sequence[str], xlabel: str, ylabel: str) -> str:
    parts = [
        f"{name} from {y[0]:.3g} at {x[0]:g} to {y[-1]:.3g} at {x[-1]:g} ({exponent})"
        for (name, _, x, y), exponent in zip(lines, told, strict=True)
    ]
    return f"{ylabel} against {xlabel} on logarithmic axes: {'; '.join(parts)}."


def _tick(axes: Axes, lines: Sequence[Line]) -> None:
    """Ticks in plain numbers: at the measured xs where there is room, at round ys."""
    spots = np.unique(np.concatenate([x for _, _, x, _ in lines]))
    low, high = np.log(axes.get_xlim())
    kept: list[float] = []
    for spot in map(float, spots):
        if not kept or np.log(spot / kept[-1]) > 0.13 * (high - low):
            kept.append(spot)
    axes.set_xticks(kept, labels=[f"{spot:,g}" for spot in kept])
    bottom, top = axes.get_ylim()
    subs = (1.0,) if top / bottom > 100 else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
