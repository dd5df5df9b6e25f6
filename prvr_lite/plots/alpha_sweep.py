"""The α sweep: from frames alone (α = 0) to clips alone (α = 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    x = page.finite(alpha, "alpha", low=0, high=1)
    page.require(metrics, "metrics must name at least one metric")
    lines = [
        Line(name, x, page.finite(y, f"metric {name!r}", shape=x.shape))
        for name, y in metrics.items()
    ]
    peaks = {line.name: line.best() for line in lines}
    best = "; ".join(f"{name} is best, {y:.1f}, at {x:g}" for name, (x, y) in peaks.items())
    dotted = "" if chosen is None else f"; dotted: α = {chosen:g} in use"
    picture, axes = line_panels(
        page.heading(title, f"score = α · clip + (1 − α) · frame{dotted}"),
        {line.name: Panel(line.name, [line], height=1.15) for line in lines},
        alt=f"Metrics against the clip weight alpha: {best}.",
        xlabel="α, the weight of the clip scale (0: frames only, 1: clips only)",
        mark=("chosen", chosen),
        named=False,
    )
    for name, peak in peaks.items():
        color = axes[name].lines[0].get_color()
        axes[name].plot(*peak, "o", ms=10, mfc="white", mec=color, mew=2.5, label="best")
        axes[name].margins(y=0.3)
        style: dict[str, Any] = {"ha": "center", "weight": "bold", "color": color}
        patch = {"fc": "white", "ec": "none", "pad": 0.5}
        page.write(axes[name], f"{peak[1]:.1f}", peak, (0, 9), bbox=patch, **style)
        axes[name].set_xlim(-0.03, 1.03)
    return picture
