"""Growth curves: how time and memory grow with videos, clips or clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, label_ends, plain_numbers, ticks_at


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
    lines = _check(series)
    exponents = [_exponent(line) for line in lines]
    head = page.heading(
        title or f"{ylabel} by {xlabel}", "exponent 1: doubles with x; 2: quadruples"
    )
    alt = _alt(lines, exponents, xlabel, ylabel)
    picture, panels = page.panels(head, [["growth"]], 4.1, alt=alt)
    axes = panels["growth"]
    for line in lines:
        axes.plot(line.x, line.y, color=line.color, marker="o", ms=6, label=line.name)
    axes.set(xscale="log", yscale="log", xlabel=page.plain(xlabel), ylabel=page.plain(ylabel))
    axes.grid(which="major")
    ticks_at(axes, np.unique(np.concatenate([line.x for line in lines])), 0.13)
    plain_numbers(axes.yaxis)
    named = [
        replace(line, name=f"{page.wrap(line.name, 1.8, 11, weight='bold', lines=2)}\n{exponent}")
        for line, exponent in zip(lines, exponents, strict=True)
    ]
    label_ends(picture, {axes: named})
    return picture


def _check(series: Mapping[str, tuple[object, object]]) -> list[Line]:
    """Returns the series as lines, from left to right, after a check."""
    if not series:
        raise ValueError("series must name at least one line")
    lines: list[Line] = []
    for i, (name, (xs, ys)) in enumerate(series.items()):
        x, y = page.as_array(xs, f"xs of {name!r}"), page.as_array(ys, f"ys of {name!r}")
        if x.shape != y.shape or not (np.isfinite(x * y) & (x > 0) & (y > 0)).all():
            raise ValueError(
                f"{name!r}: xs and ys do not fit, or a value is not finite and above 0. To fix "
                "it: give one y for each x, all finite and above 0."
            )
        order = np.argsort(x)
        lines.append(Line(name, page.CYCLE[i % len(page.CYCLE)], x[order], y[order]))
    return lines


def _exponent(line: Line) -> str:
    """Returns the growth exponent in words; "" if the line has only one x."""
    if line.x[0] == line.x[-1]:
        return ""
    slope = np.polyfit(np.log(line.x), np.log(line.y), 1)[0]
    return f"exponent {slope:.1f}"


def _alt(lines: Sequence[Line], exponents: Sequence[str], xlabel: str, ylabel: str) -> str:
    """Returns the alt text: both ends of each line, and its exponent."""
    parts = [
        f"{line.name} from {line.y[0]:.3g} at {line.x[0]:g} to {line.y[-1]:.3g} at "
        f"{line.x[-1]:g} ({exponent})"
        for line, exponent in zip(lines, exponents, strict=True)
    ]
    return f"{ylabel} against {xlabel} on logarithmic axes: {'; '.join(parts)}."
