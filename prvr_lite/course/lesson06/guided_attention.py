"""Pictures of the attention of clips over the time of their film: some clips, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail


@page.night_style
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
) -> page.Picture:
    """Draws a row per clip: the bar is what the clip covers, the curve how it weighs the frames.

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
    weights = _check(weight, spans)
    row_names = list(map(_seconds, spans)) if names is None else names
    truths = [moment] * len(spans) if moments is None else moments
    lit = [known_span(truth, duration, "moment") for truth in truths]
    true = f" The true moment is {_seconds(moment)}." if moment else ""
    if moments is not None:
        listed = ", ".join(_seconds(span) if span else "unknown" for span in lit)
        true = f" The true moments of the rows: {listed}."
    alt = _alt(weights, spans, row_names, duration) + true
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": moment}
    rows = dict.fromkeys(["film", *(f"clip {i}" for i in range(len(spans)))], sheet.FILM)
    picture, axes = sheet.timeline(page.heading(title, about), rows, alt=alt, **film)
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    shares = weights / weights.max()
    for i, (name, (start, end), share, truth) in enumerate(
        zip(row_names, spans, shares, lit, strict=True)
    ):
        panel = axes[f"clip {i}"]
        panel.barh(-0.14, end - start, left=start, height=0.16, color=page.CHALK, label="clip")
        panel.fill_between(time, share, color=page.GLOW, alpha=0.35, lw=0)
        panel.plot(time, share, color=page.GLOW, lw=1.6, label="attention")
        panel.set_ylim(-0.26, 1.12)
        sheet.names(panel, {page.wrap(name, 1.15, 10.5, lines=2): 0.5})
        sheet.outline(panel, truth)
    return picture


@page.night_style
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
) -> page.Picture:
    """Draws every clip of a film as a row of attention, sorted by the middle of the clip.

    Args:
        weight: [K, T] attention over the T real frames. spans: K times [start, end] in s.
        key: row of the key clip, marked with a star; None for none.
        duration, moment, thumbnails: see :func:`guided_attention`.
    Returns:
        a Figure with the axes "film" (where there are thumbnails) and "clips".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    weights, lit = _check(weight, spans), known_span(moment, duration, "moment")
    order = sorted(range(len(spans)), key=lambda i: (sum(spans[i]), spans[i][0]))
    alt = _alt(weights, spans, list(map(_seconds, spans)), duration)
    alt += f" The true moment is {_seconds(lit)}." if lit else ""
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "moment": lit}
    rows = {"film": sheet.FILM, "clips": 0.115 * len(spans) + 0.3}
    picture, axes = sheet.timeline(page.heading(title, about), rows, alt=alt, **film)
    panel = axes["clips"]
    edges, norm = np.linspace(0, duration, weights.shape[1] + 1), PowerNorm(0.5, 0, None)
    levels, (start, end) = np.arange(len(order) + 1), np.array(spans)[order].T
    panel.pcolormesh(edges, levels, weights[order], cmap=EMBER, norm=norm, label="attention")
    panel.hlines(levels[:-1] + 0.5, start, end, page.CHALK, lw=1, alpha=0.9, label="clips")
    if key is not None:
        row = order.index(key) + 0.5
        look: dict[str, Any] = {"mfc": page.CHALK, "mec": page.NIGHT, "clip_on": False}
        panel.plot(0, row, "*", ms=13, label="key", **look)
        sheet.names(panel, {"key clip ": 1 - row / len(order)})
    panel.set(ylim=(len(order), 0), facecolor=page.NIGHT)
    for row_axes in axes.values():
        sheet.outline(row_axes, lit)
    return picture


def _check(weight: object, spans: Sequence[Span]) -> page.Array:
    """Returns the weights as an array with a row for each clip, the least 0 and the most above."""
    weights = page.finite(weight, "weight (without padded frames)", ndim=2, low=0)
    fits = len(weights) == len(spans) and weights.max() > 0
    page.require(fits, f"weight has {len(weights)} rows for {len(spans)} spans, or only zeros")
    return weights


def _seconds(span: Span) -> str:
    return f"{span[0]:.0f}–{span[1]:.0f} s"


def _alt(weights: page.Array, spans: Sequence[Span], names: Sequence[str], duration: float) -> str:
    """Returns the alt text: where each clip looks."""
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    parts = [
        f"{name} ({_seconds(span)}) looks most at {time[row.argmax()]:.0f} s and gives "
        f"{100 * row[(time >= span[0]) & (time < span[1])].sum() / row.sum():.0f} % of its "
        "attention to frames of its own"
        for name, span, row in zip(names, spans, weights, strict=True)
    ]
    shown = parts if len(parts) <= 8 else [*parts[:7], f"and {len(parts) - 7} more"]
    return f"Attention of {len(parts)} clips over a film: {'; '.join(shown)}."
