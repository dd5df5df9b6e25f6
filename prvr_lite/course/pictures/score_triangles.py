"""Scores of all clips for several queries, or in several films: where each triangle shines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_in_words, units_of
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip

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
    films = {name: items for name, items in (films or {}).items() if items}
    below = [f"film {name}" if name in films else "." for name in panels]
    mosaic, heights = ([list(panels), below], [HIGH, STRIP]) if films else ([list(panels)], [HIGH])
    settings: dict[str, Any] = {"dark": True, "beside": GAP, "height_ratios": heights}
    head, high = page.heading(title, about), NAMES + sum(heights) + FOOT
    picture, axes = page.panels(head, mosaic, high, alt="", **settings)
    for panel in axes.values():
        panel.axis("off")
    parts = []
    for name, score in scores.items():
        n = units_of(len(score), repr(name))
        look: dict[str, Any] = {"cmap": EMBER, "clim": limits, "antialiased": False, "lw": 0}
        grid, moment = draw_clips(axes[name], n, array=score, **look), panels[name][1]
        if moment is not None:
            fits = 0 <= moment[0] < moment[1] <= n
            page.require(fits, f"{name!r}: moment {moment} lies outside the {n} units")
            draw_tent(axes[name], *moment, lw=2.2)
        first, size = map(int, clip_units(n)[score.argmax()])
        x, y = first + size / 2, max(float(size), 0.9)
        if size < n / 12:  # the star would hide the clip: it hovers above it
            foot, y = y, y + 0.1 * n
            axes[name].plot([x, x], [foot, y], color=page.CHALK, lw=1.2, label="to the clip")
        star(axes[name], x, y)
        best = units_in_words(first, size)
        parts.append(f"“{name}” from {score.min():.2g} to {score.max():.2g}, most at {best}")
        short = page.wrap(name, page.WIDTH / count - 0.4, 11, lines=2)
        axes[name].set_title(short, size=11, weight="normal", parse_math=False)
    picture.set_label(f"{title}. Scores of all clips: {'; '.join(parts)}.")
    place: dict[str, Any] = {"location": "bottom", "aspect": 22, "shrink": 0.35, "pad": 0.04}
    scale = page.color_scale(picture, grid, list(axes.values()), **place)
    scale.set_ylabel("score", rotation=0, ha="right", va="center")
    page.settle(picture)
    for name, items in films.items():
        draw_strip(axes[f"film {name}"], items, None, axes[name].get_xlim(), panels[name][1])
    return picture
