"""One query on one film, twice: the map of listed clips, and the bump that a unit stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_of
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail

MARGIN = 1.2  # inches for the names of the rows
ROWS = {"map": 2.0, "film": 0.62, "units": 0.85, "clip": 0.85}  # inches


@page.house_style
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
    clips, units, mixed = _check(clip_score, unit_score, share, duration)
    n = len(units)
    if key_clip is not None and not 0 <= key_clip < len(clips):
        raise ValueError(f"key_clip must be a row 0..{len(clips) - 1}, but is {key_clip}")
    lit, step = known_span(moment, duration, "moment"), duration / n
    half = [edge * step for edge in half_height(mixed)]
    rows = {name: high for name, high in ROWS.items() if thumbnails or name != "film"}
    settings: dict[str, Any] = {"sharex": True, "height_ratios": list(rows.values())}
    picture, axes = page.panels(
        page.heading(title, about),
        [[name] for name in rows],
        sum(rows.values()) + 0.08 * len(rows) + 0.7,
        alt=_alt(clips, units, half, lit, key_clip, step),
        dark=True,
        left=MARGIN,
        **settings,
    )
    _draw_units(axes["units"], _middles(n, step), units, frame_score)
    _draw_share(axes["clip"], _middles(n, step), mixed, half)
    _draw_map(axes["map"], clips, n, step, key_clip)
    for panel in axes.values():
        panel.set(xlim=(0, duration), yticks=[])
        panel.spines[:].set_visible(False)
        panel.tick_params(bottom=False)
    _outline(axes, lit)
    named = {
        "map": f"all {len(clips)}\nclips",
        "film": "film",
        "units": f"{n} units;\ndashed: $S_f$" if frame_score is not None else f"{n} units",
        "clip": "inside the\nbest unit",
    }
    for name, panel in axes.items():
        _name(panel, named[name])
    sheet.time_axis(axes["clip"])
    if thumbnails:
        sheet.show_film(picture, axes["film"], thumbnails, duration, lit)
    return picture


_MARK: dict[str, Any] = {"mfc": page.CHALK, "mec": page.NIGHT, "zorder": 6}


def _middles(n: int, step: float) -> page.Array:
    return np.asarray((np.arange(n) + 0.5) * step, dtype=np.float64)


def half_height(share: page.Array) -> tuple[int, int]:
    """The units around the peak that hold at least half of it: [first, last + 1]."""
    first = last = int(share.argmax())
    level = share[first] / 2
    while first > 0 and share[first - 1] >= level:
        first -= 1
    while last + 1 < len(share) and share[last + 1] >= level:
        last += 1
    return first, last + 1


def _name(panel: Axes, name: str) -> None:
    style: dict[str, Any] = {"ha": "right", "va": "center", "size": 10.5, "color": page.CHALK}
    text = panel.annotate(
        name,
        (0, 0.5),
        xycoords="axes fraction",
        xytext=(-7, 0),
        textcoords="offset points",
        annotation_clip=False,
        **style,
    )
    text.set_in_layout(False)


def _draw_map(axes: Axes, clips: page.Array, n: int, step: float, key_clip: int | None) -> None:
    """The triangle of all clips, bright where they match, with a star at the key clip."""
    draw_clips(axes, n, step, array=clips, cmap=EMBER, edgecolors=page.NIGHT, linewidths=0.4)
    axes.set_facecolor(page.NIGHT)
    if key_clip is not None:
        first, size = clip_units(n)[key_clip] * step
        star(axes, first + size / 2, size)


def _outline(axes: Mapping[str, Axes], moment: Span | None) -> None:
    """The true moment: a tent over the map, and a frame through the rows below it."""
    if moment:
        draw_tent(axes["map"], *moment, lw=2.2, zorder=5)
    for name, panel in axes.items():
        if moment and name != "map":
            panel.axvspan(*moment, fill=False, ec=page.SPOT, lw=1.8, label="moment", zorder=4)


def _draw_units(axes: Axes, time: page.Array, units: page.Array, frame_score: float | None) -> None:
    """The scores of the units, a dot at the best, and the film's frame score as a level."""
    best = int(units.argmax())
    _draw_curve(axes, time, units, "units")
    axes.plot(time[best], units[best], "o", ms=7, label="best", **_MARK)
    if frame_score is not None:
        axes.axhline(frame_score, color=page.CHALK, lw=1.2, ls="--", label="frame score")
        low, high = axes.get_ylim()
        air = 0.08 * (high - low)
        axes.set_ylim(min(low, frame_score - air), max(high, frame_score + air))


def _draw_share(axes: Axes, time: page.Array, share: page.Array, half: Sequence[float]) -> None:
    """What the best unit holds, the level of an even mixture, and a bar at half height."""
    high = float(share.max())
    _draw_curve(axes, time, share, "share", 0.0)
    axes.axhline(1 / len(share), color=page.HAZE, lw=1, ls=":", label="even")
    axes.barh(-0.12 * high, half[1] - half[0], 0.12 * high, half[0], color=page.CHALK)
    axes.set_ylim(-0.22 * high, 1.12 * high)


def _draw_curve(
    axes: Axes, time: page.Array, values: page.Array, label: str, foot: float | None = None
) -> None:
    low, high = float(values.min()), float(values.max())
    air = 0.12 * (high - low) or 0.1
    axes.set(ylim=(low - air, high + air), facecolor=page.RAIL)
    axes.fill_between(
        time, values, low - air if foot is None else foot, color=page.GLOW, alpha=0.3, lw=0
    )
    axes.plot(time, values, color=page.GLOW, lw=1.6, label=label)


def _check(
    clip_score: object, unit_score: object, share: object, duration: float
) -> tuple[page.Array, page.Array, page.Array]:
    """Returns the scores and the shares as arrays that fit each other."""
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be above 0 s, but is {duration:g}")
    clips = page.as_array(clip_score, "clip_score")
    units, mixed = page.as_array(unit_score, "unit_score"), page.as_array(share, "share")
    n = units_of(len(clips))
    for name, values in (("unit_score", units), ("share", mixed)):
        if len(values) != n:
            raise ValueError(f"{name} has {len(values)} values, but clip_score has {n} units")
    if not (np.isfinite(clips).all() and np.isfinite(units).all() and np.isfinite(mixed).all()):
        raise ValueError("clip_score, unit_score and share must be finite")
    if (mixed < 0).any() or not mixed.max() > 0:
        raise ValueError("share must not be negative, and not 0 everywhere")
    return clips, units, mixed


def _alt(
    clips: page.Array,
    units: page.Array,
    half: Sequence[float],
    moment: Span | None,
    key_clip: int | None,
    step: float,
) -> str:
    """Returns the alt text: where both models look, and how wide."""
    n, best = len(units), int(units.argmax())
    row = int(clips.argmax()) if key_clip is None else key_clip
    first, size = clip_units(n)[row] * step
    true = f" The true moment is {moment[0]:.0f}–{moment[1]:.0f} s." if moment else ""
    return (
        f"Above, the scores of all {len(clips)} clips of a film as a triangle; the key clip covers "
        f"{first:.0f}–{first + size:.0f} s. Below, the scores of the {n} units, best at "
        f"{(best + 0.5) * step:.0f} s; this unit holds most of {half[0]:.0f}–{half[1]:.0f} s, at "
        f"half height.{true}"
    )
