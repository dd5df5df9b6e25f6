"""One query on one film, twice: the map of listed clips, and the bump that a unit stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_of
from prvr_lite.plots.strip import Span, Thumbnail, outline

KEYS: Final = ("key clip", "true moment", "best unit", "≥ half high")
ROWS = {"map": 2.0, "film": sheet.FILM, "units": 0.85, "clip": 0.85}  # inches


@page.night_style
def implicit_clip(
    clip_score: object,
    unit_score: object,
    share: object,
    *,
    duration: float,
    key_clip: int,
    frame_score: float,
    moment: Span,
    thumbnails: Sequence[Thumbnail],
    about: str,
) -> page.Picture:
    """Draws the scores of all listed clips above those of the units, and what the best unit is.

    The lowest curve is how much of each input unit the best unit holds. The bar under it is where
    it holds at least half as much as at its peak: the nearest thing to a span that it has.

    Args:
        clip_score: [N] of all N = n(n+1)/2 clips, in clip order. unit_score: [n] of the units.
        share: [n] of the input units in the unit with the highest score; not negative.
        duration: of the film in s. key_clip: row among the N, marked with a star.
        frame_score: of the whole film, a dashed level beside the units.
        moment: true [start, end] in s. thumbnails: (time in s, image bytes). about: the query.
    Returns:
        a Figure with the axes "map", "film" (where there are thumbnails), "units" and "clip".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    clips = page.finite(clip_score, "clip_score")
    n = units_of(len(clips))
    units = page.finite(unit_score, "unit_score", shape=(n,))
    shares = page.finite(share, "share", shape=(n,), low=0)
    step, best = duration / n, (int(units.argmax()) + 0.5) * duration / n
    start, end = (edge * step for edge in half_height(shares))
    first, size = clip_units(n)[key_clip] * step
    alt = (
        f"Above, the scores of all {len(clips)} clips of a film as a triangle; the key clip covers "
        f"{first:.0f}–{first + size:.0f} s. Below, the scores of the {n} units, best at "
        f"{best:.0f} s; this unit holds most of {start:.0f}–{end:.0f} s, at half height. "
        f"The true moment is {moment[0]:.0f}–{moment[1]:.0f} s."
    )
    head = page.heading("A clip with edges, and a clip without", about)
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": moment}
    picture, axes = sheet.timeline(head, ROWS, alt=alt, **film)
    upper, middle, lower = axes["map"], axes["units"], axes["clip"]
    draw_clips(upper, n, step, array=clips, cmap=EMBER, edgecolors=page.NIGHT, linewidths=0.4)
    draw_tent(upper, *moment, lw=2.2, zorder=5)
    star(upper, first + size / 2, size)
    upper.set_facecolor(page.NIGHT)
    mark: dict[str, Any] = {"ms": 7, "mfc": page.CHALK, "mec": page.NIGHT, "zorder": 6}
    _draw_curve(middle, units, step, "units", min(units.min(), frame_score))
    (dot,) = middle.plot(best, units.max(), "o", label="best", **mark)
    middle.axhline(frame_score, color=page.CHALK, lw=1.2, ls="--", label="frame score")
    _draw_curve(lower, shares, step, "share", 0.0)
    lower.axhline(1 / n, color=page.HAZE, lw=1, ls=":", label="even")
    bar = 0.12 * shares.max()
    (half,) = lower.barh(-bar, end - start, bar, start, color=page.CHALK)
    marks = upper.lines[0], upper.patches[-1], dot, half
    upper.legend(marks, KEYS, loc="upper right", borderaxespad=0, handlelength=1)
    sheet.names(upper, {f"all {len(clips)}\nclips": 0.5})
    sheet.names(middle, {f"{n} units;\ndashed: $S_f$": 0.5})
    middle.texts[-1].set_parse_math(True)
    sheet.names(lower, {"inside the\nbest unit": 0.5})
    for panel in picture.axes[1:]:
        outline(panel, moment)
    return picture


def half_height(share: page.Array) -> tuple[int, int]:
    """Returns [first, last + 1] of the units around the peak that are at least half as high."""
    peak = int(share.argmax())
    low = np.flatnonzero(share < share[peak] / 2)
    before, after = low[low < peak], low[low > peak]
    return max(before, default=-1) + 1, min(after, default=len(share))


def _draw_curve(axes: Axes, values: page.Array, step: float, label: str, foot: float) -> None:
    time = (np.arange(len(values)) + 0.5) * step
    axes.fill_between(time, values, foot, color=page.GLOW, alpha=0.3, lw=0)
    axes.plot(time, values, color=page.GLOW, lw=1.6, label=label)
    axes.margins(y=0.12)
