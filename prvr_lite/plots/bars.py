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
BAR: Final[dict[str, Any]] = {"saturation": 1, "errorbar": None, "gap": 0.08}
DOT: Final[dict[str, Any]] = {  # of a seed
    "edgecolor": page.INK,
    "linewidth": 1,
    "size": 4.5,
    "dodge": True,
    "jitter": False,
}


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
    for name, row in {**rows, "counts": counts or names}.items():
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
    page.require(rows and groups, "rows must hold at least one model with at least one value")
    seeds = {
        model: [
            _seeds(value, f"{model!r}, {group!r}") for value, group in zip(row, groups, strict=True)
        ]
        for model, row in rows.items()
    }
    several = any(len(one) > 1 for row in seeds.values() for one in row)
    head = page.heading(title, "bar: mean, dot: one training seed" if several else "")
    names = [page.plain(page.wrap(model, WIDE / 2 - 0.5, 11, lines=1)) for model in rows]
    columns = max(1, int(WIDE / (0.6 + max(page.text_width(name, 11) for name in names))))
    height = 3.6 + 0.26 * -(-len(names) // columns) + 0.25 * bool(xlabel)
    picture, panels = page.panels(head, [["bars"]], height, alt=_alt(seeds, groups, metric))
    axes = panels["bars"]
    _draw(axes, seeds, several)
    _number(axes, seeds)
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


def _draw(axes: Axes, seeds: Mapping[str, Sequence[page.Array]], several: bool) -> None:
    """Draws the bars of means and, where there are several seeds, a dot for each."""
    rows = [
        (j, value, model, len(one) > 1)
        for model, row in seeds.items()
        for j, one in enumerate(row)
        for value in one
    ]
    others = page.OTHERS * len(seeds)
    colors = [*others[: len(seeds) - 1], page.BLUE]
    order = range(len(next(iter(seeds.values()))))
    shared = {"order": order, "hue_order": list(seeds), "ax": axes, "legend": False}
    x, y, hue, _ = zip(*rows, strict=True)
    sns.barplot(x=x, y=y, hue=hue, palette=colors, **shared, **BAR)
    for box, model in zip(axes.containers, seeds, strict=False):
        box.set_label(page.plain(model))
    if several:
        x, y, hue, _ = zip(*(row for row in rows if row[3]), strict=True)
        sns.stripplot(x=x, y=y, hue=hue, palette=["white"] * len(seeds), **shared, **DOT)


def _seeds(value: Value, name: str) -> page.Array:
    """Returns the finite values of one bar, one per seed; none if the value is unknown."""
    seeds = page.as_array(np.atleast_1d(np.asarray(value, dtype=float)), name)
    seeds = seeds[~np.isnan(seeds)]
    return page.finite(seeds, name, low=0) if len(seeds) else seeds


def _number(axes: Axes, seeds: Mapping[str, Sequence[page.Array]]) -> None:
    """Writes each bar's number above it, in the longest form that fits all bars, if one does."""
    models, groups = len(seeds), len(next(iter(seeds.values())))
    bars = [
        (j + 0.8 * ((i + 0.5) / models - 0.5), one)
        for i, row in enumerate(seeds.values())
        for j, one in enumerate(row)
        if len(one)
    ]
    for digits, size in ((1, 11), (0, 11), (0, 9)):
        texts = [f"{one.mean():.{digits}f}" for _, one in bars]
        width = max(page.text_width(text, size, "bold") for text in texts)
        if width <= 0.9 * WIDE / groups / models:
            style: dict[str, Any] = {"ha": "center", "size": size, "weight": "bold"}
            for (x, one), text in zip(bars, texts, strict=True):
                page.write(axes, text, (x, one.max()), (0, 6 if len(one) > 1 else 3), **style)
            return


def _alt(seeds: Mapping[str, Sequence[page.Array]], groups: Sequence[str], metric: str) -> str:
    """Returns the alt text: every bar in words."""
    parts = []
    for j, group in enumerate(groups):
        bars = [f"{m} {row[j].mean():.1f}" for m, row in seeds.items() if len(row[j])]
        parts.append(f"{' '.join(group.split())}: {', '.join(bars)}")
    return f"Bars of {metric}. {'; '.join(parts)}."
