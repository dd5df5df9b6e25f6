"""What each change is worth: differences to one model, with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value, seeds_of

NAMES = 2.6  # inches to the left of the panel
ROW = 0.31  # inches, the height of a change and of a group's title

Change = tuple[Value, tuple[float, float]]  # differences, and the interval of their mean


@dataclass(frozen=True)
class _Row:
    """One change: its group and name, and where it stands."""

    group: str
    name: str
    seeds: page.Array
    low: float  # of the interval; NaN for a single seed
    high: float
    place: int  # how many names stand above its name

    @property
    def mean(self) -> float:
        return float(self.seeds.mean())

    def in_words(self) -> str:
        sure = f" [{signed(self.low)}, {signed(self.high)}]" if np.isfinite(self.low) else ""
        return f"{self.name} {signed(self.mean)}{sure}"


@page.house_style
def gap_chart(
    groups: Mapping[str, Mapping[str, Change]],
    *,
    against: str = "MS-SL++",
    metric: str = "SumR",
    title: str | None = None,
) -> page.Picture:
    """Draws how much each change of a model changes a metric: a dot, its interval, a zero line.

    A dot is the mean of differences paired by seed, its whisker the 95 % interval of that mean
    (what other seeds could give, not other test queries), the small dots the seeds.

    Args:
        groups: group -> name of a change -> (difference to the unchanged model, changed minus
            unchanged, one number or one per seed; low and high end of the interval, NaN if
            unknown). ``lab.with_intervals`` makes them. Groups and changes are drawn in order.
        against: the unchanged model. metric: what is compared. title: a headline.
    Returns:
        a Figure with the axes "gaps", 0 where the change makes none.
    Raises:
        ValueError: naming the change that does not fit.
    """
    rows, labels, weights = list[_Row](), list[str](), list[str]()
    for group, changes in groups.items():
        if group and changes:
            labels.append(page.wrap(group, NAMES, 10, weight="bold", lines=1))
            weights.append("bold")
        for name, (value, interval) in changes.items():
            seeds = seeds_of(value, f"{name!r}, {group!r}")
            rows.append(_Row(group, name, seeds, *interval, place=len(labels)))
            labels.append(page.wrap(name, NAMES, 10, lines=2))
            weights.append("normal")
    page.require(rows, "groups must hold at least one change")
    known = [row for row in rows if np.isfinite(row.low)]
    about = f"{metric} minus that of {against}, one seed each"
    if known:
        about = "mean over paired seeds with its 95 % interval; filled: 0 lies outside (by chance "
        about += "in 1 of 20); small dots: seeds"
    parts = [
        f"{group or 'changes'}: {', '.join(row.in_words() for row in rows if row.group == group)}"
        for group in groups
    ]
    alt = f"Difference in {metric} to {against}, with 95 % intervals. {'; '.join(parts)}."
    head = page.heading(title or _headline(known, against, metric), about)
    picture, panels = page.panels(head, [["gaps"]], ROW * len(labels) + 0.8, alt=alt)
    axes = panels["gaps"]
    axes.axvline(0, color=page.INK, lw=1.4, zorder=1, label="zero")
    for row in rows:
        _draw(axes, row)
    axes.set(xlabel=f"{page.plain(metric)}, difference to {page.plain(against)}", xmargin=0.06)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    names: dict[str, Any] = {"size": 10, "linespacing": 1.05, "parse_math": False}
    axes.set_yticks(range(len(labels)), labels, **names)
    for tick, weight in zip(axes.get_yticklabels(), weights, strict=True):
        tick.set(weight=weight)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return picture


def _draw(axes: Axes, row: _Row) -> None:
    """Draws the dot, interval and seeds of one change, and its number to the right of the panel.

    Vermilion: the change surely costs; blue: it surely helps.
    """
    sure = row.high < 0 or row.low > 0
    color = page.INK if not sure else page.BLUE if row.low > 0 else page.VERMILION
    if np.isfinite(row.low):
        ends, at = [row.low, row.high], [row.place] * len(row.seeds)
        axes.plot(ends, [row.place] * 2, color=color, lw=1.8, zorder=2, label="interval")
        axes.scatter(row.seeds, at, s=12, color="white", edgecolor=color, lw=1, zorder=2.5)
    look: dict[str, Any] = {"ms": 7.5, "mfc": color if sure else "white", "mew": 1.8, "zorder": 3}
    axes.plot(row.mean, row.place, "o", color=color, label=page.plain(row.name), **look)
    style = {"color": page.letters(color), "weight": "bold" if sure else "normal", "size": 10.5}
    spot, at_edge = (1, row.place), ("axes fraction", "data")
    page.write(axes, signed(row.mean), spot, (44, 0), at=at_edge, ha="right", va="center", **style)


def signed(value: float) -> str:
    """Returns a difference as text with its sign and one decimal: +1.5, −12.4, 0.0."""
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def _headline(known: Sequence[_Row], against: str, metric: str) -> str:
    """Returns the headline: how many changes surely cost or surely help, and the worst change."""
    if not known:
        return f"How each change of {against} affects {metric}"
    worse = sorted((row for row in known if row.high < 0), key=lambda row: row.mean)
    better = sum(row.low > 0 for row in known)
    most = f", {worse[0].name} most ({signed(worse[0].mean)})" if worse else ""
    lower, rise = "lowers" if len(worse) == 1 else "lower", "raise" if better > 1 else "raises"
    count = f"{len(worse)} of {len(known)} changes"
    return f"{count} {lower} {metric}{most}; {better or 'none'} {rise} it"
