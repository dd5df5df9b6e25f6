"""The α sweep: from frames alone (α = 0) to clips alone (α = 1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, Panel, line_panels


@page.house_style
def alpha_sweep(
    alpha: object,
    metrics: Mapping[str, object],
    *,
    chosen: float | None = 0.7,
    title: str = "How much should the clips count?",
) -> page.Picture:
    """Metrics against the weight α of the clip scale, one panel each, with the best α marked.

    Args:
        alpha: [A] in [0, 1]. metrics: name -> [A] values, higher better.
        chosen: the α in use, drawn as a dotted line; None for none.
    Returns:
        a Figure with one axes for each metric, labelled with its name.
    Raises:
        ValueError: naming what does not fit.
    """
    x, lines = _check(alpha, metrics)
    dotted = "" if chosen is None else f"; dotted: α = {chosen:g} in use"
    panels = {
        name: Panel(name, [Line(name, color, x, y)], height=1.15)
        for (name, y), color in zip(lines.items(), page.CYCLE * len(lines), strict=False)
    }
    best = "; ".join(
        f"{name} is best, {y.max():.1f}, at {x[y.argmax()]:g}" for name, y in lines.items()
    )
    picture, axes = line_panels(
        page.heading(title, f"score = α · clip + (1 − α) · frame{dotted}"),
        panels,
        alt=f"Metrics against the clip weight alpha: {best}.",
        xlabel="α, the weight of the clip scale",
        mark=None if chosen is None else ("chosen", chosen),
        named=False,
    )
    for name, panel in panels.items():
        _mark_best(axes[name], panel.lines[0])
    last = axes[list(lines)[-1]]
    last.set_xlim(-0.03, 1.03)
    style = {"va": "top", "ha": "center", "color": page.SOFT}
    for end, name in ((0, "frames only"), (1, "clips only")):
        page.write(last, name, (end, 0), (0, -25), at=("data", "axes fraction"), **style)
    return picture


def _mark_best(axes: Axes, line: Line) -> None:
    """Marks the highest point of a line, and writes its value."""
    peak = int(line.y.argmax())
    x, y = line.x[peak], line.y[peak]
    axes.plot(x, y, "o", ms=10, mfc="white", mec=line.color, mew=2.5, label="best")
    axes.margins(y=0.3)
    style = {"ha": "center", "weight": "bold", "color": line.color}
    page.write(
        axes, f"{y:.1f}", (x, y), (0, 9), bbox={"fc": "white", "ec": "none", "pad": 0.5}, **style
    )


def _check(
    alpha: object, metrics: Mapping[str, object]
) -> tuple[page.Array, dict[str, page.Array]]:
    """Returns α in ascending order and each metric in the same order, after a check."""
    x = page.as_array(alpha, "alpha")
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("alpha must lie in [0, 1]")
    if not metrics:
        raise ValueError("metrics must name at least one metric")
    lines = {name: page.as_array(y, f"metric {name!r}") for name, y in metrics.items()}
    for name, y in lines.items():
        if y.shape != x.shape or not np.isfinite(y).all():
            raise ValueError(f"metric {name!r} must hold a finite value for each of {len(x)} α")
    order = np.argsort(x)
    return x[order], {name: y[order] for name, y in lines.items()}
