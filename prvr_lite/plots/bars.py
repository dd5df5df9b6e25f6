"""Grouped bars: models compared, with every seed shown as a dot."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value

FEW: Final = 6  # names at most that have room side by side below the axis
WIDE: Final = page.WIDTH - 0.95  # inches of the panel, about
BAR: Final = {"saturation": 1, "gap": 0.08, "errorbar": None}
DOT: Final = {"edgecolor": page.INK, "linewidth": 1, "size": 4.5, "jitter": False}


@page.house_style
def recall_bars(
    rows: Mapping[str, Mapping[str, Value]],
    *,
    metric: str = "R@1 (%)",
    title: str = "Which model finds the right video?",
) -> page.Picture:
    """Draws one metric of several models, for all queries and for kinds of queries.

    Args:
        rows: model -> kind of query ("all", "single-step", "two-step", …) -> value in %, or one
            value a seed: then the bar is their mean and every seed a dot. A kind may lack models.
        metric, title: named on the axis and above.
    Returns:
        a Figure with the axes "bars"; each model's bars are one container with its name.
    Raises:
        ValueError: naming the model and kind that does not fit.
    """
    groups = list(dict.fromkeys(group for row in rows.values() for group in row))
    values = [
        (model, group, seed)
        for model, row in rows.items()
        for group in groups
        for seed in page.as_array(np.atleast_1d(row.get(group, np.nan)), f"{model!r}, {group!r}")
    ]
    seeds = pd.DataFrame(values, columns=["model", "group", "value"]).dropna()
    page.require(len(seeds), "rows must hold at least one model with at least one value")
    by_bar = seeds.groupby(["model", "group"], sort=False)["value"]
    for (model, group), one in by_bar:
        page.finite(one, f"{model!r}, {group!r}", low=0)
    bars = by_bar.agg(["mean", "min", "max", "size"]).reset_index()
    several = seeds[by_bar.transform("size") > 1]
    head = page.heading(title, "bar: mean, dot: one training seed" if len(several) else "")
    models = list(bars["model"].unique())
    names = [page.plain(page.wrap(model, WIDE / 2 - 0.5, 11, lines=1)) for model in models]
    columns = max(1, int(WIDE / (0.6 + max(page.text_width(name, 11) for name in names))))
    single = len(groups) == 1 and len(models) <= FEW  # then every bar has its name below it
    x, ticks = ("model", models) if single else ("group", groups)
    height = 3.6 + 0.26 * (0 if single else -(-len(names) // columns))
    picture, panels = page.panels(head, [["bars"]], height, alt=_alt(bars, groups, metric))
    axes = panels["bars"]
    others = itertools.cycle((page.BLUE,) if single else page.OTHERS)
    colors = dict(zip(rows, [*itertools.islice(others, len(rows) - 1), page.BLUE], strict=True))
    how: dict[str, Any] = {"x": x, "y": "value", "hue": "model", "hue_order": models}
    how |= {"ax": axes, "order": ticks, "dodge": not single, "legend": False}
    sns.barplot(seeds, palette=colors, **how, **BAR)
    if len(several):
        sns.stripplot(several, palette=["white"] * len(models), **how, **DOT)
    for box, name in zip(axes.containers, names, strict=True):
        box.set_label(name)
    _number(axes, bars, 0.75 * WIDE / len(groups) / len(models))
    axes.set_xticks(range(len(ticks)), _broken(ticks), parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel=page.plain(metric), xlabel=page.plain(groups[0]) if single else "")
    axes.set(xlim=(-0.5, len(ticks) - 0.5), ylim=(0, 1.12 * axes.dataLim.y1 or 1))
    axes.grid(axis="y")
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.03), "borderaxespad": 0}
    if not single:  # row by row, though a legend is filled column by column
        handles = [box for i in range(columns) for box in axes.containers[i::columns]]
        axes.legend(handles=handles, ncols=columns, handlelength=1, **above)
    return picture


def _broken(ticks: list[str]) -> list[str]:
    """Returns the names below the axis, each in lines that fit beside the others."""
    room = 0.96 * WIDE / len(ticks)
    return ["\n".join(page.wrap(line, room, 11) for line in t.split("\n")) for t in ticks]


@page.house_style
def ratio_bars(
    rows: Mapping[str, Sequence[Value]],
    *,
    groups: Sequence[str],
    counts: Sequence[int] | None = None,
    metric: str = "R@1 (%)",
    title: str = "How short may the moment be?",
) -> page.Picture:
    """Draws one metric of several models by how much of its video the moment fills.

    Args:
        rows: model -> [G] values in %, each a number or one per seed (bar = mean, dots = seeds).
        groups: [G] names of moment-to-video ratio, such as "≤ .08". counts: [G] queries in each.
        metric, title: named on the axis and above.
    Raises:
        ValueError: naming the model that does not fit.
    """
    names = list(groups)
    for name, row in [*rows.items(), ("counts", names if counts is None else counts)]:
        fits = len(row) == len(names) == len(set(names))
        page.require(fits, f"{name!r} has {len(row)} values for {len(set(names))} groups")
    if counts is not None:
        names = [f"{g}\n{n:,} queries" for g, n in zip(names, counts, strict=True)]
    bars = {model: dict(zip(names, row, strict=True)) for model, row in rows.items()}
    picture = recall_bars(bars, metric=metric, title=title)
    picture.axes[0].set_xlabel("moment length / video length")
    return picture


def _number(axes: Axes, bars: pd.DataFrame, room: float) -> None:
    """Writes each bar's number above it, in the longest form that fits all bars, if one does.

    The number of a wide bar with seeds stands at its foot, where they leave it room.

    Args:
        room: inches for a number.
    """
    middles = [bar.get_x() + bar.get_width() / 2 for box in axes.containers for bar in box]
    for digits, size in ((1, 11), (0, 11), (0, 9)):
        texts = [f"{mean:.{digits}f}" for mean in bars["mean"]]
        if max(page.text_width(text, size, "bold") for text in texts) <= room:
            for text, x, bar in zip(texts, middles, bars.itertuples(), strict=True):
                at_foot = size > 9 and bar.size > 1 and bar.min > 0.12 * axes.dataLim.y1
                spot, up = (x, 0 if at_foot else bar.max), 4 if bar.size > 1 else 1.5
                page.write(axes, text, spot, (0, up), size=size, va="bottom", **page.NUMBER)
            return


def _alt(bars: pd.DataFrame, groups: Sequence[str], metric: str) -> str:
    """Returns the alt text: every bar in words."""
    parts = []
    for group in groups:
        row = [f"{bar.model} {bar.mean:.1f}" for bar in bars.itertuples() if bar.group == group]
        parts.append(f"{' '.join(group.split())}: {', '.join(row)}")
    return f"Bars of {metric}. {'; '.join(parts)}."
