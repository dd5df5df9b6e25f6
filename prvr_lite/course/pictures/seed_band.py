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
Band = tuple[float, float]  # low, high
ROW: Final = 0.62  # inches


def run_band(seeds: Value | page.Array, *, name: str = "seeds") -> Band:
    """Returns (low, high), where one more run of the same kind lies 19 times out of 20.

    Student's prediction interval, mean ± t s √(1 + 1/S): wider than the interval of the mean, as
    it holds the luck of the new run as well.

    Args:
        seeds: a value a seed, at least two. name: what they are, for errors.
    Raises:
        ValueError: fewer than two, or one that is not finite.
    """
    values = seeds_of(np.asarray(seeds).tolist(), name)
    page.require(len(values) > 1, f"{name}: a band needs at least two seeds, not {len(values)}")
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
    about = "dots: seeds, 0: their mean; bar: where 19 of 20 further runs lie; diamond: your run"
    head, high = page.heading(title, about), ROW * len(seeds) + 1.1
    picture, panels = page.panels(head, [metrics], high, alt="", gap=0.2, sharey=True)
    parts = []
    for metric, axes in panels.items():
        for place, (model, row) in enumerate(seeds.items()):
            lacks = f"{model!r} has no {metric!r}, which another model has. To fix it: give all "
            page.require(metric in row, f"{lacks}models the same metrics.")
            band = run_band(row[metric], name=f"{model!r}, {metric!r}")
            own = yours.get(model, {}).get(metric)
            parts.append(f"{model}, {metric}: {_draw(axes, place, row[metric], band, own)}")
        axes.set(xlabel="points from the mean", ylim=(len(seeds) - 0.5, -0.5))
        axes.set_title(page.plain(metric), pad=6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.08)
    picture.set_label(f"One run among seeds. {'; '.join(parts)}.")
    names = [page.wrap(model, 2.0, 11, weight="bold", lines=2) for model in seeds]
    bold: dict[str, Any] = {"weight": "bold", "parse_math": False}
    picture.axes[0].set_yticks(range(len(seeds)), labels=names, **bold)
    return picture


def _draw(axes: Axes, place: int, seeds: Value, band: Band, own: float | None) -> str:
    """Draws the band, the mean, the seeds and your own run in one row; returns them in words."""
    (low, high), values, mean = band, np.asarray(seeds), np.mean(seeds)
    bar: dict[str, Any] = {"height": 0.34, "color": page.RULE, "zorder": 0.5, "label": "band"}
    axes.barh(place, high - low, left=low - mean, **bar)
    axes.vlines(0, place - 0.17, place + 0.17, color=page.SOFT, lw=1.2, zorder=0.9, label="mean")
    dots: dict[str, Any] = {"s": 36, "fc": "white", "ec": page.INK, "lw": 1, "zorder": 3}
    axes.scatter(values - mean, [place] * len(values), label="seeds", **dots)
    words = f"seeds from {values.min():.1f} to {values.max():.1f}, band {low:.1f} to {high:.1f}"
    if own is None:
        return words
    color, spot = page.BLUE if low <= own <= high else page.VERMILION, (own - mean, place)
    axes.plot(*spot, "D", ms=8, color=color, mec="white", mew=1, zorder=4, label="own")
    page.write(axes, f"{own:.1f}", spot, (0, 11), ha="center", weight="bold", color=color)
    return f"{words}, own run {own:.1f}"
