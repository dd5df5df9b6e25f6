"""How much of their videos moments cover: a histogram with the means of other data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import seaborn as sns

from prvr_lite.plots import page


@page.house_style
def ratio_histogram(
    ratio: object, *, name: str, others: Mapping[str, float], limits: Sequence[float] = ()
) -> page.Picture:
    """Draws a histogram of moment-to-video ratios, their mean, and the means of other data sets.

    Args:
        ratio: [Q] in 0..1. name: of the data set.
        others: data set -> mean ratio. limits: of groups of ratios, drawn as dotted lines.
    Returns:
        a Figure with the axes "means" (one dot per data set) above "histogram".
    Raises:
        ValueError: for a ratio outside 0..1.
    """
    values = page.finite(ratio, "ratio (length of a moment / of its video)", low=0, high=1)
    means = {name: float(values.mean()), **others}
    short = 100 * float((values < 0.2).mean())
    about = f"{name}: {len(values):,} queries; {short:.0f} % of their moments cover under a fifth"
    named = ", ".join(f"{key} {mean:.3f}" for key, mean in means.items())
    alt = f"Histogram of moment-to-video ratios: {short:.0f} % lie under a fifth. Means: {named}."
    head = page.heading("How much of its video does a moment cover?", about)
    settings: dict[str, Any] = {"height_ratios": [1.1, 2.3], "sharex": True}
    picture, axes = page.panels(head, [["means"], ["histogram"]], 4.2, alt=alt, **settings)
    chart, top = axes["histogram"], axes["means"]
    bins = {"binwidth": 0.05, "binrange": (0, 1), "color": page.SKY, "alpha": 1, "ec": "w"}
    sns.histplot(x=values, ax=chart, **bins)
    chart.set(xlim=(0, 1), xlabel="moment-to-video ratio", ylabel="queries")
    chart.grid(axis="y")
    for limit in limits:
        chart.axvline(limit, color=page.SOFT, ls=":", lw=1.4)
    chart.axvline(means[name], color=page.VERMILION, lw=2, label="mean")
    top.set_ylim(len(means) - 0.5, -0.5)
    top.axis("off")
    for place, (key, mean) in enumerate(sorted(means.items(), key=lambda item: item[1])):
        color, weight = (page.VERMILION, "bold") if key == name else (page.BLUE, "normal")
        top.plot(mean, place, "o", ms=8, color=color, label=key, clip_on=False)
        text = f"{mean:.3f}  mean of {page.wrap(key, 1.6, 11, lines=1)}"
        away, side = ((9, 0), "left") if mean < 0.5 else ((-9, 0), "right")
        page.write(top, text, (mean, place), away, ha=side, va="center", weight=weight)
    return picture
