"""How much of their videos moments cover: a histogram with the means of other data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prvr_lite.plots import page


@page.house_style
def ratio_histogram(
    ratio: object,
    *,
    name: str,
    others: Mapping[str, float] | None = None,
    limits: Sequence[float] = (),
    title: str = "How much of its video does a moment cover?",
) -> page.Picture:
    """Queries by moment-to-video ratio, the mean, and the means of other data sets.

    Args:
        ratio: [Q] in 0..1. name: of the data set.
        others: data set -> mean ratio. limits: of groups of ratios, drawn as dotted lines.
    Returns:
        a Figure with the axes "means" (one dot per data set) above "histogram".
    Raises:
        ValueError: for a ratio or mean outside 0..1.
    """
    import seaborn as sns

    values = page.as_array(ratio, "ratio")
    means = {name: float(values.mean()), **(others or {})}
    if not all(0 <= v <= 1 for v in (values.min(), values.max(), *means.values())):
        raise ValueError("ratios must lie in 0..1: length of a moment / duration of its video")
    short = 100 * float((values < 0.2).mean())
    about = f"{name}: {len(values):,} queries; {short:.0f} % of their moments cover under a fifth"
    named = ", ".join(f"{key} {mean:.3f}" for key, mean in means.items())
    alt = f"Histogram of moment-to-video ratios: {short:.0f} % lie under a fifth. Means: {named}."
    picture, axes = page.panels(
        page.heading(title, about),
        [["means"], ["histogram"]],
        4.2,
        alt=alt,
        height_ratios=[1.1, 2.3],
    )
    chart, top = axes["histogram"], axes["means"]
    sns.histplot(
        x=values, binwidth=0.05, binrange=(0, 1), color=page.SKY, alpha=1, ec="w", ax=chart
    )
    chart.set(xlim=(0, 1), xlabel="moment-to-video ratio", ylabel="queries")
    chart.grid(axis="y")
    for limit in limits:
        chart.axvline(limit, color=page.SOFT, ls=":", lw=1.4)
    chart.axvline(means[name], color=page.VERMILION, lw=2, label="mean")
    top.set(xlim=(0, 1), ylim=(len(means) - 0.5, -0.5))
    top.axis("off")
    for place, (key, mean) in enumerate(sorted(means.items(), key=lambda item: item[1])):
        color, weight = (page.VERMILION, "bold") if key == name else (page.BLUE, "normal")
        top.plot(mean, place, "o", ms=8, color=color, label=key, clip_on=False)
        text = f"{mean:.3f}  mean of {page.plain(page.wrap(key, 1.6, 11, lines=1))}"
        side: dict[str, Any] = {"xytext": (9, 0), "ha": "left"}
        side = side if mean < 0.5 else {"xytext": (-9, 0), "ha": "right"}
        offset = {"textcoords": "offset points", "va": "center", "weight": weight, **side}
        top.annotate(text, (mean, place), **offset)
    return picture
