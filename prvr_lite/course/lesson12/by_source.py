"""Published numbers on one scale, each marked by who says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import seaborn as sns

from prvr_lite.plots import page

COLORS = (page.BLUE, page.ORANGE, page.GREEN, page.PURPLE, page.VERMILION)
MARKS = "os^Dv"


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
def by_source(rows: Sequence[Told], *, metric: str, title: str) -> page.Picture:
    """Draws one row for each number, lowest first, with the source's own mark and colour.

    Args:
        rows: at least one, of up to five sources.
    Returns:
        a Figure with one axes, named after the metric; its part "numbers" are the dots.
    Raises:
        ValueError: no rows, or a number that is not finite.
    """
    order = sorted(rows, key=lambda row: row.value)
    values = page.finite([row.value for row in order], "value")
    parts = "; ".join(f"{row.name} {row.value:.1f} ({row.source})" for row in order)
    alt, high = f"{metric} by who says so, lowest first: {parts}.", 0.34 * len(rows) + 1.1
    picture, panel = page.panels(page.heading(title), [[metric]], high, alt=alt)
    axes, own = panel[metric], [row.source for row in order]
    sources = dict.fromkeys(row.source for row in rows)
    look: dict[str, Any] = {"hue": own, "palette": dict(zip(sources, COLORS, strict=False))}
    look |= {"style": own, "markers": dict(zip(sources, MARKS, strict=False))}
    sns.scatterplot(x=values, y=range(len(order)), s=90, ax=axes, **look)
    axes.collections[-1].set_label("numbers")
    axes.grid(axis="y", ls=":")  # no bars: the axis does not begin at 0
    axes.margins(x=0.08)
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=metric)
    names = [page.plain(page.wrap(row.name, 2.3, 11, lines=1)) for row in order]
    axes.set_yticks(range(len(order)), names)
    for place, (label, row) in enumerate(zip(axes.get_yticklabels(), order, strict=True)):
        weight, color = ("bold", page.INK) if row.strong else ("normal", page.SOFT)
        label.set_fontweight(weight)
        number: dict[str, Any] = {"va": "center", "weight": weight, "color": color}
        page.write(axes, f"{row.value:.1f}", (row.value, place), (8, 0), **number)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    columns = -(-len(sources) // 2)
    sns.move_legend(axes, "lower right", bbox_to_anchor=(1, 1), ncols=columns, columnspacing=1.2)
    return picture
