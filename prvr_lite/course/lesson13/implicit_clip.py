"""One query on one film, twice: the map of listed clips, and the bump that a unit stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_of
from prvr_lite.plots.strip import Span, Thumbnail

ROWS = {"map": 2.0, "film": sheet.FILM, "units": 0.85, "clip": 0.85}  # inches


@page.night_style
def implicit_clip(
    clip_score: object,
    unit_score: object,
    share: object,
    *,
    duration: float,
    key_clip: int | None = None,
    frame_score: float | None = None,
    moment: Span | None = None,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "A clip with edges, and a clip without",
    about: str = "",
) -> page.Picture:
    """Draws the scores of all listed clips above those of the units, and what the best unit is.

    The lowest curve is how much of each input unit the best unit holds. The bar under it is where
    it holds at least half as much as at its peak: the nearest thing to a span that it has.

    Args:
        clip_score: [N] of all N = n(n+1)/2 clips, in clip order. unit_score: [n] of the units.
        share: [n] of the input units in the unit with the highest score; not negative.
        duration: of the film in s. key_clip: row among the N, marked with a star.
        frame_score: of the whole film, a dashed level beside the units.
        moment: true [start, end] in s. thumbnails: (time in s, image bytes).
    Returns:
        a Figure with the axes "map", "film" (where there are thumbnails), "units" and "clip".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    clips = page.finite(clip_score, "clip_score")
    n = units_of(len(clips))
    units = page.finite(unit_score, "unit_score", shape=(n,))
    shares = page.finite(share, "share", shape=(n,), low=0)
    step, best = duration / n, int(units.argmax())
    start, end = (edge * step for edge in half_height(shares))
    first, size = clip_units(n)[int(clips.argmax()) if key_clip is None else key_clip] * step
    true = f" The true moment is {moment[0]:.0f}–{moment[1]:.0f} s." if moment else ""
    alt = (
        f"Above, the scores of all {len(clips)} clips of a film as a triangle; the key clip covers "
        f"{first:.0f}–{first + size:.0f} s. Below, the scores of the {n} units, best at "
        f"{(best + 0.5) * step:.0f} s; this unit holds most of {start:.0f}–{end:.0f} s, at "
        f"half height.{true}"
    )
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": moment}
    picture, axes = sheet.timeline(page.heading(title, about), ROWS, alt=alt, **film)
    look: dict[str, Any] = {"cmap": EMBER, "edgecolors": page.NIGHT, "linewidths": 0.4}
    draw_clips(axes["map"], n, step, array=clips, **look)
    axes["map"].set_facecolor(page.NIGHT)
    if key_clip is not None:
        star(axes["map"], first + size / 2, size)
    _draw_units(axes["units"], units, step, frame_score)
    _draw_share(axes["clip"], shares, step, (start, end))
    dashed = ";\ndashed: $S_f$" if frame_score is not None else ""
    sheet.names(axes["map"], {f"all {len(clips)}\nclips": 0.5})
    sheet.names(axes["units"], {f"{n} units{dashed}": 0.5})
    axes["units"].texts[-1].set_parse_math(True)
    sheet.names(axes["clip"], {"inside the\nbest unit": 0.5})
    if moment:
        draw_tent(axes["map"], *moment, lw=2.2, zorder=5)
    for panel in picture.axes[1:]:
        sheet.outline(panel, moment)
    return picture


def half_height(share: page.Array) -> tuple[int, int]:
    """The units around the peak that hold at least half of it: [first, last + 1]."""
    peak = int(share.argmax())
    low = np.flatnonzero(share < share[peak] / 2)
    before, after = low[low < peak], low[low > peak]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(share)


def _draw_units(axes: Axes, units: page.Array, step: float, frame_score: float | None) -> None:
    """The scores of the units, a dot at the best, and the film's frame score as a level."""
    best, level = int(units.argmax()), units if frame_score is None else [*units, frame_score]
    low, high = float(np.min(level)), float(np.max(level))
    air = 0.12 * (high - low) or 0.1
    _draw_curve(axes, units, step, "units", low - air)
    axes.set_ylim(low - air, high + air)
    mark: dict[str, Any] = {"ms": 7, "mfc": page.CHALK, "mec": page.NIGHT, "zorder": 6}
    axes.plot((best + 0.5) * step, units[best], "o", label="best", **mark)
    if frame_score is not None:
        axes.axhline(frame_score, color=page.CHALK, lw=1.2, ls="--", label="frame score")


def _draw_share(axes: Axes, share: page.Array, step: float, half: Span) -> None:
    """What the best unit holds, the level of an even mixture, and a bar at half height."""
    high = float(share.max())
    _draw_curve(axes, share, step, "share", 0.0)
    axes.axhline(1 / len(share), color=page.HAZE, lw=1, ls=":", label="even")
    axes.barh(-0.12 * high, half[1] - half[0], 0.12 * high, half[0], color=page.CHALK)
    axes.set_ylim(-0.22 * high, 1.12 * high)


def _draw_curve(axes: Axes, values: page.Array, step: float, label: str, foot: float) -> None:
    time = (np.arange(len(values)) + 0.5) * step
    axes.fill_between(time, values, foot, color=page.GLOW, alpha=0.3, lw=0)
    axes.plot(time, values, color=page.GLOW, lw=1.6, label=label)
