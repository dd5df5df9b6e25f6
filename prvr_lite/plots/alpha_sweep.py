"""The α sweep: from frames alone (α = 0) to clips alone (α = 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prvr_lite.plots import page
from prvr_lite.plots.line_panels import Line, line_panels


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
    lines = {
        name: [Line("score", x, page.finite(y, f"metric {name!r}", shape=x.shape))]
        for name, y in metrics.items()
    }
    peaks = {name: line.best() for name, (line,) in lines.items()}
    best = "; ".join(f"{name} is best, {y:.1f}, at {x:g}" for name, (x, y) in peaks.items())
    dotted = "" if chosen is None else f"; dotted: α = {chosen:g} in use"
    picture = line_panels(
        page.heading(title, f"score = α · clip + (1 − α) · frame{dotted}"),
        lines,
        alt=f"Metrics against the clip weight alpha: {best}.",
        xlabel="α, the weight of the clip scale (0: frames only, 1: clips only)",
        mark=("chosen", chosen),
    )
    ring: dict[str, Any] = {"ms": 10, "mfc": "white", "mec": page.BLUE, "mew": 2.5}
    style: dict[str, Any] = {"ha": "center", "weight": "bold", "color": page.BLUE}
    style |= {"bbox": {"fc": "white", "ec": "none", "pad": 0.5}}
    for axes, peak in zip(picture.axes, peaks.values(), strict=True):
        axes.plot(*peak, "o", label="best", **ring)
        page.write(axes, f"{peak[1]:.1f}", peak, (0, 9), **style)
        axes.set(xlim=(-0.03, 1.03), ymargin=0.3)
    return picture
