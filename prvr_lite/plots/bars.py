"""Grouped bars: models compared, with every seed shown as a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value

WIDE: Final = page.WIDTH - 0.95  # inches of the panel, about
BAR: Final = {"saturation": 1, "gap": 0.08}
DOT: Final = {"edgecolor": page.INK, "linewidth": 1, "size": 4.5, "dodge": True, "jitter": False}

Bars = Sequence[tuple[int, str, page.Array]]  # of each bar: its group, its model, a value per seed


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
        fits = len(row) == len(names)
        page.require(fits, f"{name!r} has {len(row)} values for {len(names)} groups")
    if counts is not None:
        names = [f"{g}\n{n:,} queries" for g, n in zip(names, counts, strict=True)]
    return _picture(rows, names, metric, title, "moment length / video length")


def _picture(
    rows: Mapping[str, Sequence[Value]],
    groups: Sequence[str],
    metric: str,
    title: str,
    xlabel: str = "",
) -> page.Picture:
    """Draws grouped bars: one group for each of `groups`, one bar in it for each model."""
    seeds = [
        (j, model, _seeds(value, f"{model!r}, {group!r}"))
        for model, row in rows.items()
        for j, (value, group) in enumerate(zip(row, groups, strict=True))
    ]
    bars = [bar for bar in seeds if len(bar[2])]
    page.require(bars, "rows must hold at least one model with at least one value")
    several = any(len(one) > 1 for *_, one in bars)
    head = page.heading(title, "bar: mean, dot: one training seed" if several else "")
    names = [page.plain(page.wrap(model, WIDE / 2 - 0.5, 11, lines=1)) for model in rows]
    columns = max(1, int(WIDE / (0.6 + max(page.text_width(name, 11) for name in names))))
    height = 3.6 + 0.26 * -(-len(names) // columns) + 0.25 * bool(xlabel)
    picture, panels = page.panels(head, [["bars"]], height, alt=_alt(bars, groups, metric))
    axes = panels["bars"]
    _draw(axes, bars, list(rows), len(groups))
    _number(axes, bars, list(rows), len(groups))
    broken = [
        "\n".join(page.wrap(line, 0.96 * WIDE / len(groups), 11) for line in group.split("\n"))
        for group in groups
    ]
    axes.set_xticks(range(len(groups)), broken, parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel=page.plain(metric), xlabel=xlabel, xlim=(-0.5, len(groups) - 0.5))
    axes.set_ylim(0, 1.12 * axes.dataLim.y1 or 1)
    axes.grid(axis="y")
    shown = [(box[0], name) for box, name in zip(axes.containers, names, strict=False) if len(box)]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.03), "borderaxespad": 0}
    axes.legend(*zip(*shown, strict=True), ncols=columns, handlelength=1, **place)
    return picture


def _draw(axes: Axes, bars: Bars, models: Sequence[str], groups: int) -> None:
    """Draws the bars of means and, where there are several seeds, a dot for each."""
    colors = [*(page.OTHERS * len(models))[: len(models) - 1], page.BLUE]
    shared = {"order": range(groups), "hue_order": models, "ax": axes, "legend": False}
    means = [(j, one.mean(), model) for j, model, one in bars]
    dots = [(j, value, model) for j, model, one in bars if len(one) > 1 for value in one]
    for draw, points, palette, style in (
        (sns.barplot, means, colors, BAR),
        (sns.stripplot, dots, ["white"] * len(models), DOT),
    ):
        if points:
            x, y, hue = zip(*points, strict=True)
            draw(x=x, y=y, hue=hue, palette=palette, **shared, **style)
    for box, model in zip(axes.containers, models, strict=False):
        box.set_label(page.plain(model))


def _seeds(value: Value, name: str) -> page.Array:
    """Returns the finite values of one bar, one per seed; none if the value is unknown."""
    seeds = page.as_array(np.atleast_1d(np.asarray(value, dtype=float)), name)
    seeds = seeds[~np.isnan(seeds)]
    return page.finite(seeds, name, low=0) if len(seeds) else seeds


def _number(axes: Axes, bars: Bars, models: Sequence[str], groups: int) -> None:
    """Writes each bar's number above it, in the longest form that fits all bars, if one does."""
    for digits, size in ((1, 11), (0, 11), (0, 9)):
        texts = [f"{one.mean():.{digits}f}" for *_, one in bars]
        width = max(page.text_width(text, size, "bold") for text in texts)
        if width <= 0.75 * WIDE / groups / len(models):  # bars stand 0.8 of it apart
            style: dict[str, Any] = {"ha": "center", "size": size, "weight": "bold"}
            for (j, model, one), text in zip(bars, texts, strict=True):
                x = j + 0.8 * ((models.index(model) + 0.5) / len(models) - 0.5)
                page.write(axes, text, (x, one.max()), (0, 6 if len(one) > 1 else 3), **style)
            return


def _alt(bars: Bars, groups: Sequence[str], metric: str) -> str:
    """Returns the alt text: every bar in words."""
    told = {
        group: ", ".join(f"{model} {one.mean():.1f}" for i, model, one in bars if i == j)
        for j, group in enumerate(groups)
    }
    parts = "; ".join(f"{' '.join(group.split())}: {row}" for group, row in told.items())
    return f"Bars of {metric}. {parts}."
