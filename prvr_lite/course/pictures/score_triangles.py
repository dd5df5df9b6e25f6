"""Scores of all clips for several queries, or in several films: where each triangle shines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.page import CHALK
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_of
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip, strip_slots

GAP, NAMES, FOOT, HIGH, STRIP = 0.4, 0.52, 0.7, 2.4, 0.5  # inches


@page.night_style
def score_triangles(
    panels: Mapping[str, tuple[object, Span | None]],
    *,
    title: str,
    about: str = "outline: the true moment; star: the key clip",
    films: Mapping[str, Sequence[Thumbnail]] | None = None,
) -> page.Picture:
    """Draws a triangle of scores for each query (or film), all on one scale.

    Args:
        panels: name -> (score of all clips [N], true moment as [start, end] in units or None);
            one to three.
        title, about: heading.
        films: name -> (time in units, image bytes) of the film below its triangle.
    Returns:
        a Figure with one axes per name, labelled with it, "film NAME" below, and the axes "scale".
    Raises:
        ValueError: naming the panel that does not fit.
    """
    count = len(panels)
    page.require(1 <= count <= 3, f"{count} panels: 1 to 3 triangles fit side by side")
    scores = {name: page.finite(one, f"score of {name!r}") for name, (one, _) in panels.items()}
    limits = min(map(np.min, scores.values())), max(map(np.max, scores.values()))
    width = (page.WIDTH - 2 * page.EDGE - GAP * (count - 1)) / count
    films = films or {}
    strip = max((strip_slots(items, width, STRIP)[1] for items in films.values()), default=0.0)
    below = [f"film {name}" if films.get(name) else "." for name in panels]
    picture, axes = page.panels(
        page.heading(title, about),
        [list(panels), *([below] if strip else [])],
        NAMES + HIGH + strip + FOOT,
        alt=_alt(title, scores),
        dark=True,
        beside=GAP,
        height_ratios=[HIGH, strip] if strip else [HIGH],
    )
    for panel in axes.values():
        panel.axis("off")
    for name, score in scores.items():
        grid = _draw(axes[name], score, panels[name][1], limits)
        short = page.wrap(name, width, 11, lines=2)
        axes[name].set_title(short, size=11, weight="normal", parse_math=False)
    place: dict[str, Any] = {"location": "bottom", "aspect": 22, "shrink": 0.35, "pad": 0.04}
    scale = page.color_scale(picture, grid, list(axes.values()), **place)
    scale.set_ylabel("score", rotation=0, ha="right", va="center")
    page.settle(picture)
    for name in films:
        span = axes[name].get_xlim()
        draw_strip(axes[f"film {name}"], films[name], None, span, panels[name][1])
    return picture


def _draw(
    axes: Axes, score: page.Array, moment: Span | None, limits: tuple[float, float]
) -> PolyCollection:
    """Draws one triangle with the tent of the moment and the star of the best clip."""
    n = units_of(len(score), repr(axes.get_label()))
    look: dict[str, Any] = {"cmap": EMBER, "clim": limits, "antialiased": False, "linewidths": 0.0}
    grid = draw_clips(axes, n, array=score, **look)
    if moment is not None:
        start, end = moment
        fits = 0 <= start < end <= n
        page.require(fits, f"{axes.get_label()!r}: moment {moment} lies outside the {n} units")
        draw_tent(axes, start, end, lw=2.2)
    first, size = clip_units(n)[int(score.argmax())]
    x, y = first + size / 2, max(float(size), 0.9)
    if size < n / 12:  # the star would hide the clip: it hovers above it
        foot, y = y, y + 0.1 * n
        axes.plot([x, x], [foot, y], color=CHALK, lw=1.2, label="to the clip")
    star(axes, x, y)
    return grid


def _alt(title: str, scores: Mapping[str, page.Array]) -> str:
    parts = []
    for name, score in scores.items():
        first, size = clip_units(units_of(len(score), repr(name)))[int(np.argmax(score))]
        best = f"units {first} to {first + size - 1}" if size > 1 else f"unit {first}"
        parts.append(f"“{name}” from {score.min():.2g} to {score.max():.2g}, most at {best}")
    return f"{title}. Scores of all clips: {'; '.join(parts)}."
