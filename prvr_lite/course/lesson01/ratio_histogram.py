"""How much of their videos moments cover: a histogram with the means of other data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    SKY,
    SOFT,
    VERMILION,
    WIDTH,
    Picture,
    as_array,
    house_style,
    new_picture,
    plain,
    wrap,
)
from prvr_lite.plots.heading import heading, stack

EDGES = np.arange(0, 1.0001, 0.05)


@house_style
def ratio_histogram(
    ratio: object,
    *,
    name: str,
    others: Mapping[str, float] | None = None,
    limits: Sequence[float] = (),
    title: str = "How much of its video does a moment cover?",
) -> Picture:
    """Queries by moment-to-video ratio, the mean, and the means of other data sets.

    Args:
        ratio: [Q] in 0..1. name: of the data set.
        others: data set -> mean ratio. limits: of groups of ratios, drawn as dotted lines.
    Returns:
        a Figure with the axes "means" (a dot a data set) above "histogram".
    Raises:
        ValueError: for a ratio or mean outside 0..1.
    """
    values = as_array(ratio, "ratio")
    means = {name: float(values.mean()), **(others or {})}
    if not all(0 <= v <= 1 for v in (values.min(), values.max(), *means.values())):
        raise ValueError("ratios must lie in 0..1: length of a moment / duration of its video")
    half = 100 * float((values < 0.2).mean())
    head = heading(
        title, f"{name}: {len(values):,} queries; {half:.0f} % of their moments cover under a fifth"
    )
    picture = new_picture(WIDTH, head.height + 4.4, alt=_alt(means, half))
    head.draw(picture)
    rows = {"means": 1.1, "histogram": 2.3}
    axes = stack(picture, rows, top=head.height + 0.25, left=0.95, right=0.4, gap=0.1)
    top, chart = axes["means"], axes["histogram"]
    chart.hist(values, EDGES.tolist(), color=SKY, ec="white", lw=1, label=name)
    chart.set(xlim=(0, 1), xlabel="moment-to-video ratio", ylabel="queries")
    chart.grid(axis="y")
    for limit in limits:
        chart.axvline(limit, color=SOFT, ls=":", lw=1.4)
    top.set(xlim=(0, 1), ylim=(len(means) - 0.5, -0.5))
    top.axis("off")
    order = sorted(means, key=lambda key: means[key])
    for place, key in enumerate(order):
        mine = key == name
        color = VERMILION if mine else BLUE
        top.plot(means[key], place, "o", ms=8, color=color, label=key)
        text = f"{means[key]:.3f}  mean of {plain(wrap(key, 1.6, 11, lines=1))}"
        side, shift = ("left", 9) if means[key] < 0.5 else ("right", -9)
        top.annotate(
            text,
            (means[key], place),
            xytext=(shift, 0),
            textcoords="offset points",
            va="center",
            ha=side,
            size=11,
            weight="bold" if mine else "normal",
            color=INK,
            annotation_clip=False,
        )
    chart.axvline(means[name], color=VERMILION, lw=2, label="mean")
    return picture


def _alt(means: Mapping[str, float], half: float) -> str:
    told = ", ".join(f"{key} {mean:.3f}" for key, mean in means.items())
    return f"Histogram of moment-to-video ratios: {half:.0f} % lie under a fifth. Means: {told}."
