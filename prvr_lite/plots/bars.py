"""Grouped bars: models compared, with every seed shown as a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value

LEFT, RIGHT = 0.75, 0.2  # inches
BARS_WIDTH = page.WIDTH - LEFT - RIGHT
SPREAD = 0.84  # how much of a group's width its bars fill


@page.house_style
def recall_bars(
    rows: Mapping[str, Mapping[str, Value]],
    *,
    metric: str = "R@1 (%)",
    title: str = "Which model finds the right video?",
) -> page.Picture:
    """One metric of several models, for all queries and for kinds of queries.

    Args:
        rows: model -> kind of query ("all", "single-step", "two-step", …) -> value in %, or one
            value a seed: then the bar is their mean and every seed a dot. A kind may lack models.
        metric, title: named on the axis and above.
    Returns:
        a Figure with the axes "bars"; each model's bars are one container with its name.
    Raises:
        ValueError: naming the model and kind that does not fit.
    """
    kinds = list(dict.fromkeys(kind for row in rows.values() for kind in row))
    values = {model: [row.get(kind, np.nan) for kind in kinds] for model, row in rows.items()}
    return _picture(values, kinds, metric, title)


@page.house_style
def ratio_bars(
    rows: Mapping[str, Sequence[Value]],
    *,
    groups: Sequence[str],
    counts: Sequence[int] | None = None,
    metric: str = "R@1 (%)",
    title: str = "How short may the moment be?",
) -> page.Picture:
    """One metric of several models by how much of its video the moment fills.

    Args:
        rows: model -> [G] values in %, each a number or one a seed (bar = mean, dots = seeds).
        groups: [G] names of moment-to-video ratio, such as "≤ .08". counts: [G] queries in each.
        metric, title: named on the axis and above.
    Raises:
        ValueError: naming the model that does not fit.
    """
    for model, row in rows.items():
        if len(row) != len(groups):
            raise ValueError(f"{model!r} has {len(row)} values for {len(groups)} groups")
    if counts is not None and len(counts) != len(groups):
        raise ValueError(f"counts has {len(counts)} values for {len(groups)} groups")
    names = list(groups)
    if counts is not None:
        names = [f"{g}\n{n:,} queries" for g, n in zip(groups, counts, strict=True)]
    label = "moment length / video length"
    return _picture({model: list(row) for model, row in rows.items()}, names, metric, title, label)


def _picture(
    rows: Mapping[str, Sequence[Value]],
    groups: Sequence[str],
    metric: str,
    title: str,
    xlabel: str = "",
) -> page.Picture:
    """Grouped bars: one group for each of `groups`, one bar in it for each model."""
    if not rows or not groups:
        raise ValueError("rows must hold at least one model with at least one value")
    seeds = {
        model: [_seeds(value, model, group) for value, group in zip(row, groups, strict=True)]
        for model, row in rows.items()
    }
    several = any(len(one) > 1 for row in seeds.values() for one in row)
    head = page.heading(title, "bar: mean, dot: one training seed" if several else "")
    names = [page.wrap(model, BARS_WIDTH / 2 - 0.5, 11, lines=1) for model in rows]
    columns = _columns(names)
    top = head.height + 0.22 + 0.26 * -(-len(names) // columns)
    foot = 0.35 + 0.19 * max(group.count("\n") for group in groups) + 0.25 * bool(xlabel)
    picture = page.new_picture(page.WIDTH, top + 2.9 + foot, alt=_alt(seeds, groups, metric))
    head.draw(picture)
    axes = page.stack(picture, {"bars": 2.9}, top=top, left=LEFT, right=RIGHT, gap=0.0)["bars"]
    for i, color in enumerate(_colors(len(rows))):
        _draw_model(axes, i, len(rows), names[i], list(seeds.values())[i], color)
    _number(axes, list(seeds.values()))
    _dress(axes, groups, metric, xlabel)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.03),
        ncols=columns,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.0,
        columnspacing=1.6,
    )
    return picture


def _columns(names: Sequence[str]) -> int:
    """The most columns of a legend of `names` that fit the page."""
    for columns in range(len(names), 1, -1):
        widths = [
            max(page.text_width(name, 11) for name in names[column::columns])
            for column in range(columns)
        ]
        if sum(widths) + 0.6 * columns < BARS_WIDTH:
            return columns
    return 1


def _dress(axes: Axes, groups: Sequence[str], metric: str, xlabel: str) -> None:
    """Names under the groups, a light grid, and room for the numbers."""
    room = 0.96 * BARS_WIDTH / len(groups)
    broken = ["\n".join(page.wrap(line, room, 11) for line in g.split("\n")) for g in groups]
    axes.set_xticks(range(len(groups)), [name.replace("$", r"\$") for name in broken])
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel=page.plain(metric), xlabel=xlabel, xlim=(-0.5, len(groups) - 0.5))
    axes.set_ylim(0, 1.12 * axes.dataLim.y1 or 1)
    axes.grid(axis="y")


def _seeds(value: Value, model: str, group: str) -> page.Array:
    """The finite values of one bar, one a seed; none where the value is unknown."""
    seeds = page.as_array(np.atleast_1d(np.asarray(value, dtype=float)), f"{model!r}, {group!r}")
    seeds = seeds[~np.isnan(seeds)]
    if np.isinf(seeds).any() or (seeds < 0).any():
        raise ValueError(f"{model!r}, {group!r}: a value is negative or infinite")
    return seeds


def _colors(models: int) -> list[str]:
    """One colour a model; the last one, by custom ours, is the strongest."""
    return [page.OTHERS[i % len(page.OTHERS)] for i in range(models - 1)] + [page.BLUE]


def _places(i: int, models: int, groups: int) -> page.Array:
    """Where the bars of model i of `models` stand, [groups]; a group is 1 wide."""
    return np.arange(groups, dtype=np.float64) + SPREAD * ((i + 0.5) / models - 0.5)


def _draw_model(
    axes: Axes, i: int, models: int, name: str, row: Sequence[page.Array], color: str
) -> None:
    """The bars of model i of `models`, and their seeds."""
    width = SPREAD / models
    places = _places(i, models, len(row))
    means = [float(seeds.mean()) if len(seeds) else np.nan for seeds in row]
    axes.bar(places, means, width=0.92 * width, color=color, label=page.plain(name))
    for place, seeds in zip(places, row, strict=True):
        if len(seeds) > 1:
            spots = place + 0.22 * width * np.linspace(-1, 1, len(seeds))
            axes.plot(spots, seeds, "o", ms=4.5, mfc="white", mec=page.INK, mew=1, label="_seeds")


def _number(axes: Axes, rows: Sequence[Sequence[page.Array]]) -> None:
    """Each bar's number above it, all in the longest form that fits the bars, if one does."""
    room = 1.12 * BARS_WIDTH / len(rows[0]) * SPREAD / len(rows)
    bars = [
        (place, seeds)
        for i, row in enumerate(rows)
        for place, seeds in zip(_places(i, len(rows), len(row)), row, strict=True)
        if len(seeds)
    ]
    for digits, size in ((1, 11), (0, 11), (0, 9)):
        texts = [f"{seeds.mean():.{digits}f}" for _, seeds in bars]
        if texts and max(page.text_width(text, size, "bold") for text in texts) <= room:
            for (place, seeds), text in zip(bars, texts, strict=True):
                axes.annotate(
                    text,
                    (place, seeds.max()),
                    xytext=(0, 6 if len(seeds) > 1 else 3),
                    textcoords="offset points",
                    ha="center",
                    size=size,
                    weight="bold",
                    color=page.INK,
                )
            return


def _alt(seeds: Mapping[str, Sequence[page.Array]], groups: Sequence[str], metric: str) -> str:
    """Every bar in words."""
    parts = []
    for j, group in enumerate(groups):
        bars = [f"{m} {row[j].mean():.1f}" for m, row in seeds.items() if len(row[j])]
        parts.append(f"{' '.join(group.split())}: {', '.join(bars)}")
    return f"Bars of {metric}. {'; '.join(parts)}."
