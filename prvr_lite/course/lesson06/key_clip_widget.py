"""Lesson 6: the attention of clips over the time of their film: of some, of all, or of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.colors import PowerNorm

from prvr_lite.course import sheet
from prvr_lite.course.slider import slider
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER, star
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail, outline

ALL: Final = "All clips, ahead of any query"
ABOUT: Final = "a row is a clip: the line is what it covers, bright is where it looks"
CURVES: Final = "curve: each frame's weight; white bar: the clip"


@page.night_style
def guided_attention(
    weight: object,
    spans: Sequence[Span],
    *,
    names: Sequence[str],
    moments: Sequence[Span | None],
    duration: float,
    thumbnails: Sequence[Thumbnail] = (),
    title: str,
) -> page.Picture:
    """Draws a row per clip: the bar is what the clip covers, the curve how it weighs the frames.

    All rows share one scale, so that a sharp look stands out from a vague one.

    Args:
        weight: [C, T] attention over the T real frames, evenly spaced in time.
        spans: C times [start, end] in s. names: of the rows. duration: of the film in s.
        moments: a true [start, end] in s for each row (None: unknown), outlined in it; one that all
            rows share is also what the thumbnails show, where they can.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`.
    Returns:
        a Figure with the axes "film" (where there are thumbnails) and "clip 0", "clip 1", ….
    Raises:
        ValueError: naming the argument that does not fit.
    """
    weights, time, looks = _attention(weight, spans, names, duration)
    lit = [known_span(moment, duration, "moment") for moment in moments]
    shared = lit[0] if len(set(lit)) == 1 else None
    told = ", ".join(_seconds(span) if span else "unknown" for span in lit)
    true = f"moment is {_seconds(shared)}" if shared else f"moments of the rows: {told}"
    alt = f"{looks} The true {true}." if any(lit) else looks
    head = page.heading(title, f"{CURVES}; blue box: the true moment" if any(lit) else CURVES)
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": shared}
    rows = dict.fromkeys(["film", *(f"clip {i}" for i in range(len(spans)))], sheet.FILM)
    picture, axes = sheet.timeline(head, rows, alt=alt, **film)
    for i, share in enumerate(weights / weights.max()):
        panel, (start, end) = axes[f"clip {i}"], spans[i]
        panel.barh(-0.14, end - start, left=start, height=0.16, color=page.CHALK, label="clip")
        panel.fill_between(time, share, color=page.GLOW, alpha=0.35, lw=0)
        panel.plot(time, share, color=page.GLOW, lw=1.6, label="attention")
        panel.set_ylim(-0.26, 1.12)
        sheet.names(panel, {page.wrap(names[i], 1.15, 10.5, lines=2): 0.5})
        outline(panel, lit[i])
    return picture


@page.night_style
def attention_table(
    weight: object,
    spans: Sequence[Span],
    *,
    duration: float,
    key: int,
    moment: Span | None = None,
    thumbnails: Sequence[Thumbnail] = (),
) -> page.Picture:
    """Draws every clip of a film as a row of attention, sorted by the middle of the clip.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip, marked with a star. moment: true [start, end] in s, outlined.
        duration, thumbnails: see :func:`guided_attention`.
    Returns:
        a Figure with the axes "film" (where there are thumbnails) and "clips".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    weights, _, alt = _attention(weight, spans, list(map(_seconds, spans)), duration)
    lit, order = known_span(moment, duration, "moment"), _in_time(spans)
    alt += f" The true moment is {_seconds(lit)}." if lit else ""
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": lit}
    rows = {"film": sheet.FILM, "clips": 0.115 * len(spans) + 0.3}
    picture, axes = sheet.timeline(page.heading(ALL, ABOUT), rows, alt=alt, **film)
    panel = axes["clips"]
    edges, norm = np.linspace(0, duration, weights.shape[1] + 1), PowerNorm(0.5, 0, None)
    levels, (start, end) = np.arange(len(order) + 1), np.array(spans)[order].T
    panel.pcolormesh(edges, levels, weights[order], cmap=EMBER, norm=norm, label="attention")
    panel.hlines(levels[:-1] + 0.5, start, end, page.CHALK, lw=1, alpha=0.9, label="clips")
    row = order.index(key) + 0.5
    star(panel, 0, row)
    sheet.names(panel, {"key clip ": 1 - row / len(order)})
    panel.set(ylim=(len(order), 0), facecolor=page.NIGHT)
    for row_axes in axes.values():
        outline(row_axes, lit)
    return picture


def clip_guide(
    weight: object, spans: Sequence[Span], *, key: int, moment: Span | None = None, **film: Any
) -> Any:
    """Returns a slider through the clips of a film, early ones first; it starts at the key clip.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip. moment: the true [start, end] in s.
        film: its duration in s and its thumbnails, see ``guided_attention``.
    Returns:
        an ipywidgets box; where no slider can be driven a ``Picture`` of the key clip, an early
        one, a late one, and the longest.
    Raises:
        ValueError: a key clip that is not a row of ``weight``.
    """
    order, values = _in_time(spans), np.asarray(weight)
    seconds = [f"{start:.1f}–{end:.1f} s" for start, end in spans]
    longest = max(order, key=lambda i: spans[i][1] - spans[i][0])
    telling = dict.fromkeys([key, order[len(order) // 6], order[-len(order) // 6], longest])

    def draw(*clips: int) -> page.Picture:
        return guided_attention(
            values[list(clips)],
            [spans[clip] for clip in clips],
            names=[seconds[clip] + (", the key clip" if clip == key else "") for clip in clips],
            moments=[moment] * len(clips),
            title="Choose a clip, and see where it looks",
            **film,
        )

    return slider(
        draw,
        values=order,
        label="clip",
        static=lambda: draw(*telling),
        start=key,
        in_words=lambda clip: seconds[clip] + (" (key)" if clip == key else ""),
    )


def _in_time(spans: Sequence[Span]) -> list[int]:
    """Returns the rows of clips by their middles, early ones first."""
    return sorted(range(len(spans)), key=lambda i: (sum(spans[i]), spans[i][0]))


def _seconds(span: Span) -> str:
    return f"{span[0]:.0f}–{span[1]:.0f} s"


def _attention(
    weight: object, spans: Sequence[Span], names: Sequence[str], duration: float
) -> tuple[page.Array, page.Array, str]:
    """Returns the weights [C, T], the times of the frames [T] in s, and in words where clips look.

    Raises:
        ValueError: weights that do not fit the clips, one below 0, or none above.
    """
    weights = page.finite(weight, "weight (without padded frames)", ndim=2, low=0)
    fits = len(weights) == len(spans) and weights.max() > 0
    page.require(fits, f"weight has {len(weights)} rows for {len(spans)} spans, or only zeros")
    time, parts = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1], []
    for name, span, row in zip(names, spans, weights, strict=True):
        inside = 100 * row[(time >= span[0]) & (time < span[1])].sum() / row.sum()
        where = f"{name} ({_seconds(span)}) looks most at {time[row.argmax()]:.0f} s"
        parts.append(f"{where} and gives {inside:.0f} % of its attention to frames of its own")
    shown = parts if len(parts) <= 8 else [*parts[:7], f"and {len(parts) - 7} more"]
    return weights, time, f"Attention of {len(parts)} clips over a film: {'; '.join(shown)}."
