"""One run among the seeds of others: is it like them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots.bars import Value
from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    RULE,
    SOFT,
    VERMILION,
    WIDTH,
    Array,
    Picture,
    house_style,
    new_picture,
    plain,
    text_width,
    wrap,
)
from prvr_lite.plots.heading import heading
from prvr_lite.plots.seeds import deviation, seeds_of, student_t

Runs = Mapping[str, Mapping[str, Value]]  # model -> metric -> value, or one a seed
ROW, FOOT, GAP, RIGHT = 0.62, 0.62, 0.3, 0.3  # inches


def run_band(seeds: Value | Array) -> tuple[float, float]:
    """Where one further run of the same kind lies, 19 times out of 20: (low, high).

    Student's prediction interval, mean ± t s √(1 + 1/S): wider than the interval of the mean, as
    it holds the luck of the new run as well.

    Args:
        seeds: a value a seed, at least two.
    Raises:
        ValueError: fewer than two, or one that is not finite.
    """
    values = seeds_of(np.asarray(seeds).tolist(), "seeds")
    if len(values) < 2:
        raise ValueError(f"a band needs at least two seeds, not {len(values)}")
    half = student_t(len(values) - 1) * deviation(values) * np.sqrt(1 + 1 / len(values))
    return float(values.mean() - half), float(values.mean() + half)


@house_style
def seed_band(
    seeds: Runs, own: Mapping[str, Mapping[str, float]], *, title: str = "One run among others"
) -> Picture:
    """Where a run of one's own lies among the seeds of others, for models and metrics.

    Each row is drawn around the mean of its seeds: dots are seeds, the bar is their ``run_band``, a
    diamond is the own run, blue within the bar and vermilion outside it.

    Args:
        seeds: model -> metric -> values, one a seed. own: model -> metric -> value; it may lack
            models and metrics. title: a headline.
    Returns:
        a Figure with an axes for each metric, named after it.
    Raises:
        ValueError: naming the model and metric that does not fit.
    """
    metrics = list(dict.fromkeys(metric for row in seeds.values() for metric in row))
    if not metrics:
        raise ValueError("seeds must hold a model with a metric")
    rows = {model: {m: _checked(row, model, m) for m in metrics} for model, row in seeds.items()}
    about = "dots: seeds, 0: their mean; bar: where 19 of 20 further runs lie; diamond: your run"
    head = heading(title, about)
    names = {model: wrap(model, 2.0, 11, weight="bold", lines=2) for model in rows}
    left = 0.35 + max(
        text_width(line, 11, "bold") for name in names.values() for line in name.split("\n")
    )
    high = ROW * len(rows)
    page = head.height + 0.42 + high + FOOT
    picture = new_picture(WIDTH, page, alt=_alt(rows, own))
    head.draw(picture)
    wide = (WIDTH - left - RIGHT - GAP * (len(metrics) - 1)) / len(metrics)
    for i, metric in enumerate(metrics):
        box = ((left + i * (wide + GAP)) / WIDTH, FOOT / page, wide / WIDTH, high / page)
        axes = picture.add_axes(box, label=metric)
        axes.set(ylim=(len(rows) - 0.5, -0.5), yticks=[], xlabel="points from the mean")
        axes.set_title(plain(metric), pad=6)
        axes.spines["left"].set_visible(False)
        for place, (model, values) in enumerate(rows.items()):
            _draw(axes, place, values[metric], own.get(model, {}).get(metric))
            if i == 0:
                axes.annotate(
                    names[model],
                    (0, place),
                    xycoords=("figure fraction", "data"),
                    xytext=(14, 0),
                    textcoords="offset points",
                    va="center",
                    weight="bold",
                    parse_math=False,
                    annotation_clip=False,
                )
        axes.margins(x=0.08)
    return picture


def _checked(row: Mapping[str, Value], model: str, metric: str) -> Array:
    if metric not in row:
        raise ValueError(f"{model!r} has no {metric!r}, which another model has")
    values = seeds_of(row[metric], f"{model!r}, {metric!r}")
    if len(values) < 2:
        raise ValueError(f"{model!r}, {metric!r}: a band needs at least two seeds")
    return values


def _draw(axes: Axes, place: int, values: Array, own: float | None) -> None:
    """Band, seeds, own run and its number, in one row."""
    mean, (low, high) = float(values.mean()), run_band(values)
    axes.barh(place, high - low, left=low - mean, height=0.34, color=RULE, zorder=0.5, label="band")
    axes.plot(
        values - mean, np.full(len(values), place), "o", ms=6, mfc="white", mec=INK, label="seeds"
    )
    axes.plot([0, 0], [place - 0.17, place + 0.17], color=SOFT, lw=1.2, zorder=0.9, label="mean")
    if own is None:
        return
    color = BLUE if low <= own <= high else VERMILION
    axes.plot(own - mean, place, "D", ms=8, color=color, mec="white", mew=1, label="own")
    axes.annotate(
        f"{own:.1f}",
        (own - mean, place),
        xytext=(0, 11),
        textcoords="offset points",
        ha="center",
        weight="bold",
        color=color,
    )


def _alt(rows: Mapping[str, Mapping[str, Array]], own: Mapping[str, Mapping[str, float]]) -> str:
    parts: Sequence[str] = [
        f"{model}, {metric}: seeds from {v.min():.1f} to {v.max():.1f}, band {run_band(v)[0]:.1f} "
        f"to {run_band(v)[1]:.1f}"
        + (f", own run {own[model][metric]:.1f}" if metric in own.get(model, {}) else "")
        for model, row in rows.items()
        for metric, v in row.items()
    ]
    return f"One run among seeds. {'; '.join(parts)}."
