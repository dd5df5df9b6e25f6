"""The α sweep: from frames alone (α = 0) to clips alone (α = 1)."""

from __future__ import annotations

from collections.abc import Mapping

from prvr_lite.plots import page
from prvr_lite.plots.spread_curves import spread_curves


@page.house_style
def alpha_sweep(
    alpha: object,
    metrics: Mapping[str, object],
    *,
    chosen: float | None = 0.7,
    title: str = "How much should the clips count?",
) -> page.Picture:
    """Draws metrics against the weight α of the clip scale, one panel each, with the best α marked.

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
    curves = {
        name: page.finite(y, f"metric {name!r}", shape=x.shape) for name, y in metrics.items()
    }
    picture = spread_curves(
        {name: {"score": dict(zip(x, y, strict=True))} for name, y in curves.items()},
        xlabel="α, the weight of the clip scale (0: frames only, 1: clips only)",
        title=title,
        about="score = α · clip + (1 − α) · frame",
        chosen=chosen,
    )
    told = page.alt_text(picture)
    for axes, (name, y) in zip(picture.axes, curves.items(), strict=True):
        best, highest = x[y.argmax()], y.max()
        told += f" {name} is best, {highest:.1f}, at {best:g}."
        axes.plot(best, highest, "o", ms=10, mfc="white", mec=page.BLUE, mew=2.5, label="best")
        page.write(axes, f"{highest:.1f}", (best, highest), (0, 9), color=page.BLUE, **page.NUMBER)
        axes.set(xlim=(-0.03, 1.03), ymargin=0.3)
    picture.set_label(told)
    return picture
