"""One run among the seeds of others: is it like them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.lab.intervals import student_t
from prvr_lite.plots import page
from prvr_lite.plots.seeds import Value, deviation, seeds_of

Runs = Mapping[str, Mapping[str, Value]]  # model -> metric -> value, or one a seed
ROW: Final = 0.62  # inches


def run_band(seeds: Value | page.Array) -> tuple[float, float]:
    """Returns (low, high), where one more run of the same kind lies 19 times out of 20.

    Student's prediction interval, mean ± t s √(1 + 1/S): wider than the interval of the mean, as
    it holds the luck of the new run as well.

    Args:
        seeds: a value a seed, at least two.
    Raises:
        ValueError: fewer than two, or one that is not finite.
    """
    values = seeds_of(np.asarray(seeds).tolist(), "seeds")
    page.require(len(values) > 1, f"a band needs at least two seeds, not {len(values)}")
    half = student_t(len(values) - 1) * deviation(values) * np.sqrt(1 + 1 / len(values))
    return float(values.mean() - half), float(values.mean() + half)


@page.house_style
def seed_band(
    seeds: Runs, yours: Mapping[str, Mapping[str, float]], *, title: str = "One run among others"
) -> page.Picture:
    """Draws where your own run lies among the seeds of others, for models and metrics.

    Each row is drawn around the mean of its seeds: dots are seeds, the bar is their ``run_band``, a
    diamond is the own run, blue within the bar and vermilion outside it.

    Args:
        seeds: model -> metric -> values, one per seed. yours: model -> metric -> value; it may lack
            models and metrics. title: a headline.
    Returns:
        a Figure with an axes for each metric, named after it.
    Raises:
        ValueError: naming the model and metric that does not fit.
    """
    metrics = list(dict.fromkeys(metric for row in seeds.values() for metric in row))
    page.require(metrics, "seeds must hold a model with a metric")
    rows = {model: {m: _checked(row, model, m) for m in metrics} for model, row in seeds.items()}
    about = "dots: seeds, 0: their mean; bar: where 19 of 20 further runs lie; diamond: your run"
    told = "; ".join(
        f"{model}, {metric}: {_in_words(values, yours.get(model, {}).get(metric))}"
        for model, row in rows.items()
        for metric, values in row.items()
    )
    picture, panels = page.panels(
        page.heading(title, about),
        [metrics],
        ROW * len(rows) + 1.1,
        alt=f"One run among seeds. {told}.",
        gap=0.2,
        sharey=True,
    )
    for metric, axes in panels.items():
        for place, (model, values) in enumerate(rows.items()):
            _draw(axes, place, values[metric], yours.get(model, {}).get(metric))
        axes.set(xlabel="points from the mean", ylim=(len(rows) - 0.5, -0.5))
        axes.set_title(page.plain(metric), pad=6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.08)
    names = [page.wrap(model, 2.0, 11, weight="bold", lines=2) for model in rows]
    bold: dict[str, Any] = {"weight": "bold", "parse_math": False}
    panels[metrics[0]].set_yticks(range(len(rows)), labels=names, **bold)
    return picture


def _checked(row: Mapping[str, Value], model: str, metric: str) -> page.Array:
    lacks = f"{model!r} has no {metric!r}, which another model has. To fix it: give all models "
    page.require(metric in row, lacks + "the same metrics.")
    values = seeds_of(row[metric], f"{model!r}, {metric!r}")
    page.require(len(values) > 1, f"{model!r}, {metric!r}: a band needs at least two seeds")
    return values


def _draw(axes: Axes, place: int, values: page.Array, yours: float | None) -> None:
    """Draws the band, the mean, the seeds, your own run and its number in one row."""
    mean, (low, high) = float(values.mean()), run_band(values)
    band = axes.barh(place, high - low, left=low - mean, height=0.34, color=page.RULE, zorder=0.5)
    band.set_label("band")
    axes.vlines(0, place - 0.17, place + 0.17, color=page.SOFT, lw=1.2, zorder=0.9, label="mean")
    dots = axes.scatter(values - mean, [place] * len(values), label="seeds")
    dots.set(sizes=[36], facecolor="white", edgecolor=page.INK, linewidth=1, zorder=3)
    if yours is None:
        return
    color = page.BLUE if low <= yours <= high else page.VERMILION
    spot = (yours - mean, place)
    axes.plot(*spot, "D", ms=8, color=color, mec="white", mew=1, zorder=4, label="own")
    page.write(axes, f"{yours:.1f}", spot, (0, 11), ha="center", weight="bold", color=color)


def _in_words(values: page.Array, yours: float | None) -> str:
    low, high = run_band(values)
    own = "" if yours is None else f", own run {yours:.1f}"
    return f"seeds from {values.min():.1f} to {values.max():.1f}, band {low:.1f} to {high:.1f}{own}"
