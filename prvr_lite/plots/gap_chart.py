"""What each change is worth: differences to one model, with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value, seeds_of

LEFT, RIGHT = 2.85, 0.75  # inches: names to the left of the panel, numbers to its right
ROW, TITLE, AIR = 0.26, 0.28, 0.12  # height of a line, of a group's title, and air above it
UNSURE: Final = page.INK

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
        """Vermilion where the change surely costs, blue where it surely helps."""
        return page.VERMILION if self.high < 0 else page.BLUE if self.low > 0 else UNSURE


@page.house_style
def gap_chart(
    groups: Mapping[str, Mapping[str, Change]],
    *,
    against: str = "MS-SL++",
    metric: str = "SumR",
    title: str | None = None,
) -> page.Picture:
    """How much a metric changes with each change of a model: a dot, its interval, a zero line.

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
    head = page.heading(title or _headline(rows, against, metric), _about(rows, against, metric))
    top = head.height + 0.12
    picture = page.new_picture(
        page.WIDTH, top + high + 0.68, alt=_alt(rows, groups, against, metric)
    )
    head.draw(picture)
    page_height = picture.get_figheight()
    box = (
        LEFT / page.WIDTH,
        0.68 / page_height,
        (page.WIDTH - LEFT - RIGHT) / page.WIDTH,
        high / page_height,
    )
    axes = picture.add_axes(box, label="gaps")
    axes.set(
        ylim=(high, 0),
        yticks=[],
        xlabel=f"{page.plain(metric)}, difference to {page.plain(against)}",
    )
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.axvline(0, color=page.INK, lw=1.4, zorder=1, label="zero")
    for row in rows:
        _draw(axes, row)
    for name, place in titles.items():
        axes.annotate(
            page.wrap(name, LEFT - 0.3, 11, weight="bold", lines=1),
            (0, place),
            xycoords=("figure fraction", "data"),
            xytext=(16, 0),
            textcoords="offset points",
            va="center",
            weight="bold",
            parse_math=False,
            annotation_clip=False,
        )
    axes.margins(x=0.06)
    return picture


def _lay_out(
    groups: Mapping[str, Mapping[str, Change]],
) -> tuple[list[_Row], dict[str, float], float]:
    """The rows, where the titles of the groups stand, and the height of it all, in inches."""
    rows: list[_Row] = []
    titles: dict[str, float] = {}
    y = 0.0
    for group, changes in groups.items():
        y += AIR if titles else 0.0
        if group and changes:
            titles[group] = y + TITLE / 2
            y += TITLE
        for name, (value, interval) in changes.items():
            seeds = seeds_of(value, f"{name!r}, {group!r}")
            label = page.wrap(name, LEFT - 0.4, 10, lines=2)
            high = ROW + 0.17 * label.count("\n")
            rows.append(_Row(label, name, seeds, y + high / 2, *interval))
            y += high
    if not rows:
        raise ValueError("groups must hold at least one change")
    return rows, titles, y + 0.06


def _draw(axes: Axes, row: _Row) -> None:
    """Dot, whisker and seeds of one change, and its name and number beside them."""
    mean, sure = float(row.seeds.mean()), row.color != UNSURE
    if np.isfinite(row.low):
        axes.plot(
            [row.low, row.high],
            [row.place] * 2,
            color=row.color,
            lw=1.8,
            zorder=2,
            label="interval",
        )
        axes.plot(
            row.seeds,
            [row.place] * len(row.seeds),
            "o",
            ms=3.5,
            mfc="white",
            mec=row.color,
            mew=1,
            zorder=2.5,
            label="_seeds",
        )
    axes.plot(
        mean,
        row.place,
        "o",
        ms=7.5,
        color=row.color,
        mfc=row.color if sure else "white",
        mew=1.8,
        zorder=3,
        label=page.plain(row.name),
    )
    _write(axes, row, mean, "bold" if sure else "normal")


def _write(axes: Axes, row: _Row, mean: float, weight: str) -> None:
    """The name of a change to the left of the panel, its number to the right."""
    axes.annotate(
        row.label,
        (0, row.place),
        xycoords=("axes fraction", "data"),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=10,
        linespacing=1.05,
        parse_math=False,
        annotation_clip=False,
    )
    axes.annotate(
        signed(mean),
        (1, row.place),
        xycoords=("axes fraction", "data"),
        xytext=(44, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=10.5,
        color=row.color,
        weight=weight,
        annotation_clip=False,
    )


def signed(value: float) -> str:
    """A difference with its sign, to a tenth: +1.5, −12.4, 0.0."""
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def _about(rows: Sequence[_Row], against: str, metric: str) -> str:
    """How to read the picture."""
    if not any(np.isfinite(row.low) for row in rows):
        return f"{metric} minus that of {against}, one seed each"
    return (
        "mean over paired seeds with its 95 % interval; filled: 0 lies outside (by chance in 1 of "
        "20); small dots: seeds"
    )


def _headline(rows: Sequence[_Row], against: str, metric: str) -> str:
    """How many changes surely cost and how many surely help, and the worst of them."""
    told = [row for row in rows if np.isfinite(row.low)]
    worse = [row for row in told if row.high < 0]
    better = sum(row.low > 0 for row in told)
    if not told:
        return f"What each change of {against} makes of {metric}"
    most = ""
    if worse:
        worst = min(worse, key=lambda row: row.seeds.mean())
        most = f", {worst.name} most ({signed(float(worst.seeds.mean()))})"
    lower = "lowers" if len(worse) == 1 else "lower"
    rise = "raise" if better > 1 else "raises"
    return (
        f"{len(worse)} of {len(told)} changes {lower} {metric}{most}; {better or 'none'} {rise} it"
    )


def _alt(
    rows: Sequence[_Row], groups: Mapping[str, Mapping[str, Change]], against: str, metric: str
) -> str:
    """Every difference and its interval in words, group by group."""
    parts, left = [], iter(rows)
    for group, changes in groups.items():
        told = []
        for _ in changes:
            row = next(left)
            sure = f" [{signed(row.low)}, {signed(row.high)}]" if np.isfinite(row.low) else ""
            told.append(f"{row.name} {signed(float(row.seeds.mean()))}{sure}")
        parts.append(f"{group or 'changes'}: {', '.join(told)}")
    return f"Difference in {metric} to {against}, with 95 % intervals. {'; '.join(parts)}."
