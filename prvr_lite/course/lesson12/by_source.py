"""Published numbers on one scale, each marked by who says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prvr_lite.plots import page

COLORS = (page.BLUE, page.ORANGE, page.GREEN, page.PURPLE, page.VERMILION)


@dataclass(frozen=True)
class Told:
    """A number and who says so.

    Attributes:
        name: of the model. value: what it reaches. source: who says so. strong: in bold.
    """

    name: str
    value: float
    source: str
    strong: bool = False


@page.house_style
def by_source(rows: Sequence[Told], *, metric: str, title: str, about: str = "") -> page.Picture:
    """Draws one row for each number, lowest first, with the source's own mark and colour.

    Args:
        rows: at least one, of up to five sources.
    Returns:
        a Figure with one axes, named after the metric; its part "numbers" are the dots.
    Raises:
        ValueError: no rows, too many sources, or a number that is not finite.
    """
    import seaborn as sns

    sources = list(dict.fromkeys(row.source for row in rows))
    if not rows or len(sources) > len(COLORS):
        raise ValueError(
            f"{len(rows)} rows of {len(sources)} sources can't be drawn. "
            f"To fix it: give at least 1 row, and rows of at most {len(COLORS)} sources."
        )
    if not np.isfinite([row.value for row in rows]).all():
        raise ValueError("every value must be finite: leave out numbers that are unknown")
    order = sorted(rows, key=lambda row: row.value)
    parts = "; ".join(f"{row.name} {row.value:.1f} ({row.source})" for row in order)
    alt = f"{metric} by who says so, lowest first: {parts}."
    picture, panel = page.panels(
        page.heading(title, about), [[metric]], 0.34 * len(rows) + 1.1, alt=alt
    )
    axes, values = panel[metric], [row.value for row in order]
    room = 0.08 * (values[-1] - values[0]) or 1.0
    places, low = range(len(order)), values[0] - room
    axes.grid(axis="y", ls=":")  # no bars: the axis does not begin at 0
    named, shown = [row.source for row in order], dict(zip(sources, COLORS, strict=False))
    look: dict[str, Any] = {"hue": named, "style": named, "hue_order": shown, "style_order": shown}
    marks = dict(zip(sources, "os^Dv", strict=False))
    sns.scatterplot(x=values, y=places, s=90, ax=axes, palette=shown, markers=marks, **look)
    axes.collections[-1].set_label("numbers")
    axes.set(xlim=(low, values[-1] + room), ylim=(-0.6, len(rows) - 0.4), xlabel=page.plain(metric))
    axes.set_yticks(places, [page.plain(page.wrap(row.name, 2.3, 11, lines=1)) for row in order])
    for tick, place, row in zip(axes.get_yticklabels(), places, order, strict=True):
        weight, color = ("bold", page.INK) if row.strong else ("normal", page.SOFT)
        tick.set_fontweight(weight)
        near: dict[str, Any] = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{row.value:.1f}", (row.value, place), weight=weight, color=color, **near)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    sns.move_legend(
        axes, "lower right", bbox_to_anchor=(1, 1), ncols=-(-len(sources) // 2), columnspacing=1.2
    )
    return picture
