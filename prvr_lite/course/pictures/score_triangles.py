"""Scores of all clips for several queries, or in several films: where each triangle shines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from prvr_lite.course.pictures.triangles import panel
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.page import CHALK
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_of
from prvr_lite.plots.strip import Span, Thumbnail, dark_page, draw_scale, draw_strip, strip_slots

GAP, NAMES, FOOT, HIGH, STRIP = 0.4, 0.52, 0.75, 2.4, 0.5  # inches


@page.house_style
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
    if not 1 <= len(panels) <= 3:
        raise ValueError(f"{len(panels)} panels: 1 to 3 triangles fit side by side")
    scores = {
        name: page.as_array(score, f"score of {name!r}") for name, (score, _) in panels.items()
    }
    low = min(float(score.min()) for score in scores.values())
    high = max(float(score.max()) for score in scores.values())
    head = page.heading(title, about)
    width = (page.WIDTH - 2 * page.EDGE - GAP * (len(panels) - 1)) / len(panels)
    strips = {name: strip_slots(items, width, STRIP) for name, items in (films or {}).items()}
    foot = FOOT + max((high for _, high in strips.values()), default=0.0)
    page_height = head.height + 0.12 + NAMES + HIGH + foot
    picture = dark_page(head, page_height, alt=_alt(title, scores))
    for i, (name, score) in enumerate(scores.items()):
        left = page.EDGE + i * (width + GAP)
        axes = panel(picture, (left, foot, width, HIGH), name)
        picture.text(
            left / page.WIDTH,
            (foot + HIGH + 0.1) / page_height,
            page.wrap(name, width, 11, lines=2),
            size=11,
            color=CHALK,
            va="bottom",
            parse_math=False,
        )
        grid = _draw(axes, score, panels[name][1], (low, high))
        if films and name in strips:
            slots, tall = strips[name]
            film = panel(picture, (left, foot - 0.06 - tall, width, tall), f"film {name}")
            draw_strip(film, films[name], slots, axes.get_xlim(), panels[name][1])
    bar = panel(picture, (page.WIDTH / 2 - 1.2, 0.42, 2.4, 0.11), "scale")
    draw_scale(picture, grid, bar, 0.05)
    bar.locator_params(nbins=5)
    return picture


def _draw(
    axes: Axes, score: page.Array, moment: Span | None, limits: tuple[float, float]
) -> PolyCollection:
    """Draws one triangle with the tent of the moment and the star of the best clip."""
    n = units_of(len(score), repr(axes.get_label()))
    look: dict[str, Any] = {"cmap": EMBER, "clim": limits, "antialiased": False, "linewidths": 0.0}
    grid = draw_clips(axes, n, array=score, **look)
    axes.axis("off")
    if moment is not None:
        start, end = moment
        if not 0 <= start < end <= n:
            raise ValueError(f"{axes.get_label()!r}: moment {moment} lies outside the {n} units")
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
