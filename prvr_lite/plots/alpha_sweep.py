"""The α sweep: from frames alone (α = 0) to clips alone (α = 1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page


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
    head = page.heading(title, f"score = α · clip + (1 − α) · frame{dotted}")
    rows = {name: 1.15 for name in lines}
    page_height = head.height + 0.25 + sum(rows.values()) + 0.22 * (len(rows) - 1) + 0.72
    told = "; ".join(
        f"{name} is best, {y.max():.1f}, at {x[y.argmax()]:g}" for name, y in lines.items()
    )
    picture = page.new_picture(
        page.WIDTH, page_height, alt=f"Metrics against the clip weight alpha: {told}."
    )
    head.draw(picture)
    axes = page.stack(picture, rows, top=head.height + 0.25, left=0.95, right=0.45, gap=0.22)
    for (name, y), color in zip(lines.items(), page.CYCLE * len(lines), strict=False):
        _draw(axes[name], name, x, y, color, chosen)
    _name_axis(axes[list(lines)[-1]])
    return picture


def _draw(
    axes: Axes, name: str, x: page.Array, y: page.Array, color: str, chosen: float | None
) -> None:
    """One metric, with its best α and the α in use."""
    peak = int(y.argmax())
    axes.plot(x, y, color=color, marker="o", ms=4, label=name)
    axes.plot(x[peak], y[peak], "o", ms=10, mfc="white", mec=color, mew=2.5, label="best")
    axes.margins(y=0.3)
    axes.set(xlim=(-0.03, 1.03), ylabel=page.plain(name))
    axes.annotate(
        f"{y[peak]:.1f}",
        (x[peak], y[peak]),
        xytext=(0, 9),
        textcoords="offset points",
        ha="center",
        weight="bold",
        color=color,
        annotation_clip=False,
        bbox={"fc": "white", "ec": "none", "pad": 0.5},
    )
    axes.grid(axis="y")
    axes.tick_params(labelbottom=False)
    if chosen is not None:
        axes.axvline(chosen, color=page.SOFT, lw=1.3, ls=":", zorder=0.9, label="chosen")


def _name_axis(axes: Axes) -> None:
    """What α is, and what its two ends mean, under the last panel."""
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("α, the weight of the clip scale")
    for end, name in ((0, "frames only"), (1, "clips only")):
        axes.annotate(
            name,
            (end, 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -25),
            va="top",
            textcoords="offset points",
            ha="center",
            color=page.SOFT,
            annotation_clip=False,
        )


def _check(
    alpha: object, metrics: Mapping[str, object]
) -> tuple[page.Array, dict[str, page.Array]]:
    """α ascending, and each metric in the same order."""
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
