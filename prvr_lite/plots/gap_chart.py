"""What each change is worth: differences to one model, with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value, seeds_of

NAMES = 2.6  # inches to the left of the panel
ROW, TITLE, AIR = 0.26, 0.28, 0.12  # height of a line, of a group's title, and air above it
UNSURE: Final = page.INK
SEEDS: Final[dict[str, Any]] = {
    "orient": "h",
    "native_scale": True,
    "legend": False,
    "jitter": False,
    "size": 3.5,
    "color": "white",
    "linewidth": 1,
    "zorder": 2.5,
}

Change = tuple[Value, tuple[float, float]]  # differences, and the interval of their mean


@dataclass(frozen=True)
class _Row:
    """One change: its name as broken for the page, and where it stands."""

    label: str
    name: str
    seeds: page.Array
    place: float  # inches below the top of the panel
    low: float  # of the interval; NaN for a single seed
    high: float

    @property
    def color(self) -> str:
        """Returns vermilion for a change that surely costs, blue if it surely helps, else ink."""
        return page.VERMILION if self.high < 0 else page.BLUE if self.low > 0 else UNSURE


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
    rows, titles, high = _lay_out(groups)
    picture, panels = page.panels(
        page.heading(title or _headline(rows, against, metric), _about(rows, against, metric)),
        [["gaps"]],
        high + 0.8,
        alt=_alt(rows, groups, against, metric),
    )
    axes = panels["gaps"]
    axes.axvline(0, color=page.INK, lw=1.4, zorder=1, label="zero")
    for row in rows:
        _draw(axes, row)
    axes.set(xlabel=f"{page.plain(metric)}, difference to {page.plain(against)}", ylim=(high, 0))
    names = {row.place: row.label for row in rows}
    places, labels = zip(*({**names, **titles}).items(), strict=True)
    axes.set_yticks(places, labels=[label.replace("$", r"\$") for label in labels])
    for place, label in zip(places, axes.get_yticklabels(), strict=True):
        name = place in names
        label.set(size=10 if name else 11, weight="normal" if name else "bold", linespacing=1.05)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.margins(x=0.06)
    return picture


def _lay_out(
    groups: Mapping[str, Mapping[str, Change]],
) -> tuple[list[_Row], dict[float, str], float]:
    """Returns the rows, the groups' titles by their height, and the total height, in inches."""
    rows: list[_Row] = []
    titles: dict[float, str] = {}
    y = 0.0
    for group, changes in groups.items():
        y += AIR if titles else 0.0
        if group and changes:
            titles[y + TITLE / 2] = page.wrap(group, NAMES, 11, weight="bold", lines=1)
            y += TITLE
        for name, (value, interval) in changes.items():
            seeds = seeds_of(value, f"{name!r}, {group!r}")
            label = page.wrap(name, NAMES, 10, lines=2)
            high = ROW + 0.17 * label.count("\n")
            rows.append(_Row(label, name, seeds, y + high / 2, *interval))
            y += high
    if not rows:
        raise ValueError("groups must hold at least one change")
    return rows, titles, y + 0.06


def _draw(axes: Axes, row: _Row) -> None:
    """Draws the dot, interval and seeds of one change, and its number to the right of the panel."""
    mean, sure, color = float(row.seeds.mean()), row.color != UNSURE, row.color
    at = [row.place] * len(row.seeds)
    if np.isfinite(row.low):
        ends = [row.low, row.high]
        axes.plot(ends, [row.place] * 2, color=color, lw=1.8, zorder=2, label="interval")
        sns.stripplot(x=row.seeds, y=at, edgecolor=color, ax=axes, **SEEDS)
    (dot,) = axes.plot(mean, row.place, "o", color=color, label=page.plain(row.name), zorder=3)
    dot.set(markersize=7.5, markerfacecolor=color if sure else "white", markeredgewidth=1.8)
    style = {"color": color, "weight": "bold" if sure else "normal", "size": 10.5}
    spot, at_edge = (1, row.place), ("axes fraction", "data")
    page.write(axes, signed(mean), spot, (44, 0), at=at_edge, ha="right", va="center", **style)


def signed(value: float) -> str:
    """Returns a difference as text with its sign and one decimal: +1.5, −12.4, 0.0."""
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def _about(rows: Sequence[_Row], against: str, metric: str) -> str:
    """Returns how to read the picture."""
    if not any(np.isfinite(row.low) for row in rows):
        return f"{metric} minus that of {against}, one seed each"
    return (
        "mean over paired seeds with its 95 % interval; filled: 0 lies outside (by chance in 1 of "
        "20); small dots: seeds"
    )


def _headline(rows: Sequence[_Row], against: str, metric: str) -> str:
    """Returns the headline: how many changes surely cost or surely help, and the worst change."""
    known = [row for row in rows if np.isfinite(row.low)]
    worse = [row for row in known if row.high < 0]
    better = sum(row.low > 0 for row in known)
    if not known:
        return f"How each change of {against} affects {metric}"
    most = ""
    if worse:
        worst = min(worse, key=lambda row: row.seeds.mean())
        most = f", {worst.name} most ({signed(float(worst.seeds.mean()))})"
    lower = "lowers" if len(worse) == 1 else "lower"
    rise = "raise" if better > 1 else "raises"
    return (
        f"{len(worse)} of {len(known)} changes {lower} {metric}{most}; {better or 'none'} {rise} it"
    )


def _alt(
    rows: Sequence[_Row], groups: Mapping[str, Mapping[str, Change]], against: str, metric: str
) -> str:
    """Returns the alt text: every difference and its interval, group by group."""
    parts, left = [], iter(rows)
    for group, changes in groups.items():
        changes_in_words = []
        for _ in changes:
            row = next(left)
            sure = f" [{signed(row.low)}, {signed(row.high)}]" if np.isfinite(row.low) else ""
            changes_in_words.append(f"{row.name} {signed(float(row.seeds.mean()))}{sure}")
        parts.append(f"{group or 'changes'}: {', '.join(changes_in_words)}")
    return f"Difference in {metric} to {against}, with 95 % intervals. {'; '.join(parts)}."
