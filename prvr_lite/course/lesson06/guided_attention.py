"""Key clip guided attention over the time axis of a film: clip by clip, and all clips at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from prvr_lite.plots.canvas import WIDTH, Array, Picture, as_array, house_style, new_picture, wrap
from prvr_lite.plots.clip_map import EMBER
from prvr_lite.plots.heading import heading, stack
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import (
    CHALK,
    GLOW,
    HAZE,
    NIGHT,
    RAIL,
    SPOT,
    Span,
    Thumbnail,
    draw_strip,
    name_row,
    strip_slots,
)

LEFT, RIGHT, GAP, AXIS = 1.35, 0.25, 0.08, 0.6  # inches
ROW: Final = 0.62  # height of one clip's panel


@house_style
def guided_attention(
    weight: object,
    spans: Sequence[Span],
    *,
    duration: float,
    names: Sequence[str] | None = None,
    moment: Span | None = None,
    moments: Sequence[Span | None] | None = None,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "Where each clip looks",
    about: str = "",
) -> Picture:
    """One row a clip: the bar is what the clip covers, the curve how it weighs the frames.

    All rows share one scale, so that a sharp look stands out from a vague one.

    Args:
        weight: [C, T] attention over the T real frames, evenly spaced in time.
        spans: C times [start, end] in s. duration: of the film in s.
        names: of the rows; by default the seconds that each clip covers.
        moment: true [start, end] in s, outlined through all rows.
        moments: instead, a true [start, end] for each row (None: unknown), outlined in it alone.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`.
    Returns:
        a Figure with the axes "film" (where there are thumbnails) and "clip 0", "clip 1", ….
    Raises:
        ValueError: naming the argument that does not fit.
    """
    weights, covered = _check(weight, spans, duration)
    told = list(names) if names is not None else [_tell(span) for span in covered]
    if len(told) != len(covered):
        raise ValueError(f"names has {len(told)} entries for {len(covered)} clips; give one each")
    lit, own = known_span(moment, duration, "moment"), _own_moments(moments, moment, duration)
    if moments is not None and len(own) != len(covered):
        raise ValueError(f"moments has {len(own)} entries for {len(covered)} clips; give one each")
    slots, strip = strip_slots(thumbnails, WIDTH - LEFT - RIGHT, 0.62)
    rows = {"film": strip, **{f"clip {i}": ROW for i in range(len(covered))}}
    alt = _alt(weights, covered, told, lit, duration, own)
    picture, axes = _page(rows, title, about, alt)
    if strip:
        draw_strip(axes["film"], thumbnails, slots, (0, duration), lit)
        name_row(axes["film"], 0.5, "film")
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    for i, (name, span) in enumerate(zip(told, covered, strict=True)):
        panel = axes[f"clip {i}"]
        panel.barh(-0.14, span[1] - span[0], left=span[0], height=0.16, color=CHALK, label="clip")
        panel.fill_between(time, weights[i] / weights.max(), color=GLOW, alpha=0.35, lw=0)
        panel.plot(time, weights[i] / weights.max(), color=GLOW, lw=1.6, label="attention")
        panel.set(ylim=(-0.26, 1.12), yticks=[], facecolor=RAIL)
        name_row(panel, 0.5, wrap(name, LEFT - 0.2, 10.5, lines=2))
    _share_time(axes, duration, lit)
    for i, truth in enumerate(own):
        _outline(axes[f"clip {i}"], truth)
    return picture


@house_style
def attention_table(
    weight: object,
    spans: Sequence[Span],
    *,
    duration: float,
    key: int | None = None,
    moment: Span | None = None,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "All clips, ahead of any query",
    about: str = "a row is a clip: the line is what it covers, bright is where it looks",
) -> Picture:
    """Every clip of a film as a row of attention, sorted by where and how far it reaches.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip, marked with a star; None for none.
        duration, moment, thumbnails: see :func:`guided_attention`.
    Returns:
        a Figure with the axes "film" (where there are thumbnails) and "clips".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    weights, covered = _check(weight, spans, duration)
    if key is not None and not 0 <= key < len(covered):
        raise ValueError(f"key must be a row 0..{len(covered) - 1} of weight, but is {key}")
    lit = known_span(moment, duration, "moment")
    order = sorted(range(len(covered)), key=lambda i: (sum(covered[i]), covered[i][0]))
    slots, strip = strip_slots(thumbnails, WIDTH - LEFT - RIGHT, 0.62)
    rows = {"film": strip, "clips": 0.115 * len(covered) + 0.3}
    names = [_tell(span) for span in covered]
    picture, axes = _page(rows, title, about, _alt(weights, covered, names, lit, duration))
    if strip:
        draw_strip(axes["film"], thumbnails, slots, (0, duration), lit)
        name_row(axes["film"], 0.5, "film")
    panel = axes["clips"]
    edges = np.linspace(0, duration, weights.shape[1] + 1)
    panel.pcolormesh(
        edges,
        np.arange(len(order) + 1),
        weights[order],
        cmap=EMBER,
        norm=PowerNorm(0.5, 0, None),
        label="attention",
    )
    for row, i in enumerate(order):
        panel.plot(covered[i], [row + 0.5] * 2, color=CHALK, lw=1, alpha=0.9, label=f"clip {i}")
        if i == key:
            panel.plot(0, row + 0.5, "*", ms=13, mfc=CHALK, mec=NIGHT, clip_on=False, label="key")
            name_row(panel, 1 - (row + 0.5) / len(order), "key clip ")
    panel.set(ylim=(len(order), 0), yticks=[], facecolor=NIGHT)
    _share_time(axes, duration, lit)
    return picture


def _check(
    weight: object, spans: Sequence[Span], duration: float
) -> tuple[Array, list[tuple[float, float]]]:
    """Weights and the spans of the clips, checked against each other and the film."""
    weights = as_array(weight, "weight", ndim=2)
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.max() > 0:
        raise ValueError("weight must be finite and not negative (drop padded frames)")
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be above 0 s, but is {duration:g}")
    covered = [span for s in spans if (span := known_span(s, duration, "spans"))]
    if len(covered) != len(weights):
        raise ValueError(f"weight has {len(weights)} rows for {len(covered)} spans; give one each")
    return weights, covered


def _page(
    rows: dict[str, float], title: str, about: str, alt: str
) -> tuple[Picture, dict[str, Axes]]:
    """A dark page with its heading and panels."""
    head = heading(title, about)
    shown = [height for height in rows.values() if height > 0]
    page = head.height + 0.2 + sum(shown) + GAP * (len(shown) - 1) + AXIS
    picture = new_picture(WIDTH, page, alt=alt, facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    return picture, stack(picture, rows, top=head.height + 0.2, left=LEFT, right=RIGHT, gap=GAP)


def _share_time(axes: dict[str, Axes], duration: float, moment: Span | None) -> None:
    """One time axis at the bottom, and the moment outlined in every panel."""
    panels = list(axes.values())
    for panel in panels:
        panel.set_xlim(0, duration)
        panel.tick_params(bottom=panel is panels[-1], labelbottom=panel is panels[-1])
        for spine in panel.spines.values():
            spine.set_visible(False)
        _outline(panel, moment)
    panels[-1].tick_params(axis="x", colors=HAZE, labelcolor=CHALK)
    panels[-1].set_xlabel("time in the film (s)", color=CHALK)


def _outline(panel: Axes, moment: Span | None) -> None:
    if moment:
        panel.axvspan(*moment, fill=False, ec=SPOT, lw=1.8, label="moment", zorder=4)


def _own_moments(
    moments: Sequence[Span | None] | None, moment: Span | None, duration: float
) -> list[Span | None]:
    """The true span of each row; [] where all rows share one."""
    if moments is not None and moment is not None:
        raise ValueError("give either moment, for all rows, or moments, one a row")
    return [known_span(span, duration, "moments") for span in moments or ()]


def _tell(span: Span) -> str:
    return f"{span[0]:.0f}–{span[1]:.0f} s"


def _alt(
    weights: Array,
    spans: Sequence[Span],
    names: Sequence[str],
    moment: Span | None,
    duration: float,
    own: Sequence[Span | None] = (),
) -> str:
    """Where each clip looks, in words."""
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    parts = [
        f"{name} ({_tell(span)}) looks most at {time[row.argmax()]:.0f} s and gives "
        f"{100 * row[(time >= span[0]) & (time < span[1])].sum() / row.sum():.0f} % of its "
        "attention to frames of its own"
        for name, span, row in zip(names, spans, weights, strict=True)
    ]
    true = f" The true moment is {_tell(moment)}." if moment else ""
    if any(own):
        spans_told = ", ".join(_tell(span) if span else "unknown" for span in own)
        true = f" The true moments of the rows: {spans_told}."
    shown = parts if len(parts) <= 8 else [*parts[:7], f"and {len(parts) - 7} more"]
    return f"Attention of {len(parts)} clips over a film: {'; '.join(shown)}.{true}"
