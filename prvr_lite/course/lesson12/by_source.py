"""Published numbers on one scale, each marked by who says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RULE,
    SOFT,
    VERMILION,
    WIDTH,
    Picture,
    house_style,
    new_picture,
    plain,
    text_width,
    wrap,
)
from prvr_lite.plots.heading import heading

ROW, RIGHT, FOOT = 0.34, 0.5, 0.6  # inches
STYLES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PURPLE, "D"), (VERMILION, "v"))


@dataclass(frozen=True)
class Told:
    """A number and who says so.

    Attributes:
        name: of the model. value: what it reaches. source: who says so. strong: told in bold.
    """

    name: str
    value: float
    source: str
    strong: bool = False


@house_style
def by_source(rows: Sequence[Told], *, metric: str, title: str, about: str = "") -> Picture:
    """A row a number, lowest first, with the source's own mark and colour.

    Args:
        rows: at least one, of up to five sources.
    Returns:
        a Figure with one axes, named after the metric; a source's dots carry its name.
    Raises:
        ValueError: no rows, too many sources, or a number that is not finite.
    """
    sources = list(dict.fromkeys(row.source for row in rows))
    if not rows or len(sources) > len(STYLES):
        raise ValueError(
            f"{len(rows)} rows of {len(sources)} sources: give 1 row, 5 sources at most"
        )
    if not np.isfinite([row.value for row in rows]).all():
        raise ValueError("every value must be finite: leave out what nobody tells")
    order = sorted(rows, key=lambda row: row.value)
    labels = [wrap(row.name, 2.3, 11, weight="bold", lines=1) for row in order]
    left = 0.22 + max(text_width(label, 11, "bold") for label in labels) + 0.15
    head = heading(title, about)
    top = head.height + 0.15 + 0.26 * _lines(sources)
    picture = new_picture(WIDTH, top + ROW * len(rows) + FOOT, alt=_alt(order, metric))
    head.draw(picture)
    page = picture.get_figheight()
    box = (left / WIDTH, FOOT / page, (WIDTH - left - RIGHT) / WIDTH, ROW * len(rows) / page)
    axes = picture.add_axes(box, label=metric)
    _draw(axes, order, sources)
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=plain(metric))
    axes.set_yticks(range(len(rows)), [plain(label) for label in labels])
    for tick, row in zip(axes.get_yticklabels(), order, strict=True):
        tick.set_fontweight("bold" if row.strong else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=-(-len(sources) // _lines(sources)),
        borderpad=0,
        borderaxespad=0.2,
        handletextpad=0.2,
        columnspacing=1.2,
    )
    return picture


def _lines(sources: Sequence[str]) -> int:
    """How many lines the legend takes."""
    return int(np.ceil(sum(text_width(source, 11) + 0.45 for source in sources) / (WIDTH - 2)))


def _draw(axes: Axes, rows: Sequence[Told], sources: Sequence[str]) -> None:
    """A thin line to each dot, its number beside it."""
    values = [row.value for row in rows]
    room = 0.08 * (max(values) - min(values)) or 1.0
    low = min(values) - room
    axes.set_xlim(low, max(values) + room)
    axes.hlines(range(len(rows)), low, values, color=RULE, lw=1.2, label="_lines")
    for source, (color, mark) in zip(sources, STYLES, strict=False):
        places = [place for place, row in enumerate(rows) if row.source == source]
        axes.plot(
            [values[p] for p in places], places, mark, ms=7.5, color=color, label=plain(source)
        )
    for place, row in enumerate(rows):
        axes.annotate(
            f"{row.value:.1f}",
            (row.value, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            size=10,
            weight="bold" if row.strong else "normal",
            color=INK if row.strong else SOFT,
            annotation_clip=False,
        )


def _alt(rows: Sequence[Told], metric: str) -> str:
    told = "; ".join(f"{row.name} {row.value:.1f} ({row.source})" for row in rows)
    return f"{metric} by who says so, lowest first: {told}."
