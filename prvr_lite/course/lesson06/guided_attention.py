"""Pictures of the attention of clips over the time of their film: some clips, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail

MARGIN = 1.15  # inches for the names of the rows


@page.house_style
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
    weights, covered = _check(weight, spans, duration)
    row_names = [_seconds(span) for span in covered] if names is None else list(names)
    if len(row_names) != len(covered):
        raise ValueError(f"names has {len(row_names)} entries for {len(covered)} clips")
    if moments is not None and moment is not None:
        raise ValueError("give either moment, for all rows, or moments, one for each row")
    lit = known_span(moment, duration, "moment")
    truths = [known_span(span, duration, "moments") for span in moments or ()]
    if moments is not None and len(truths) != len(covered):
        raise ValueError(f"moments has {len(truths)} entries for {len(covered)} clips")
    alt = _alt(weights, covered, row_names, lit, duration, truths)
    film = {"film": 0.62} if thumbnails else {}
    rows = {**film, **{f"clip {i}": 0.62 for i in range(len(covered))}}
    picture, axes = _page(rows, title, about, alt, duration)
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    for i, (name, (start, end)) in enumerate(zip(row_names, covered, strict=True)):
        panel = axes[f"clip {i}"]
        panel.barh(-0.14, end - start, left=start, height=0.16, color=page.CHALK, label="clip")
        panel.fill_between(time, weights[i] / weights.max(), color=page.GLOW, alpha=0.35, lw=0)
        panel.plot(time, weights[i] / weights.max(), color=page.GLOW, lw=1.6, label="attention")
        panel.set(ylim=(-0.26, 1.12), facecolor=page.RAIL)
        sheet.names(panel, {page.wrap(name, MARGIN, 10.5, lines=2): 0.5})
        _outline(panel, lit if moments is None else truths[i])
    if thumbnails:
        sheet.names(axes["film"], {"film": 0.5})
        _outline(axes["film"], lit)
        sheet.show_film(picture, axes["film"], thumbnails, duration, lit)
    return picture


@page.house_style
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
    weights, covered = _check(weight, spans, duration)
    if key is not None and not 0 <= key < len(covered):
        raise ValueError(f"key must be a row 0..{len(covered) - 1} of weight, but is {key}")
    lit = known_span(moment, duration, "moment")
    order = sorted(range(len(covered)), key=lambda i: (sum(covered[i]), covered[i][0]))
    names = [_seconds(span) for span in covered]
    alt = _alt(weights, covered, names, lit, duration)
    film = {"film": 0.62} if thumbnails else {}
    rows = {**film, "clips": 0.115 * len(covered) + 0.3}
    picture, axes = _page(rows, title, about, alt, duration)
    panel = axes["clips"]
    edges, norm = np.linspace(0, duration, weights.shape[1] + 1), PowerNorm(0.5, 0, None)
    levels, (start, end) = np.arange(len(order) + 1), np.array(covered)[order].T
    panel.pcolormesh(edges, levels, weights[order], cmap=EMBER, norm=norm, label="attention")
    panel.hlines(levels[:-1] + 0.5, start, end, page.CHALK, lw=1, alpha=0.9, label="clips")
    if key is not None:
        row = order.index(key) + 0.5
        look: dict[str, Any] = {"mfc": page.CHALK, "mec": page.NIGHT, "clip_on": False}
        panel.plot(0, row, "*", ms=13, label="key", **look)
        sheet.names(panel, {"key clip ": 1 - row / len(order)})
    panel.set(ylim=(len(order), 0), facecolor=page.NIGHT)
    _outline(panel, lit)
    if thumbnails:
        sheet.names(axes["film"], {"film": 0.5})
        _outline(axes["film"], lit)
        sheet.show_film(picture, axes["film"], thumbnails, duration, lit)
    return picture


def _check(
    weight: object, spans: Sequence[Span], duration: float
) -> tuple[page.Array, list[tuple[float, float]]]:
    """Weights and the spans of the clips, checked against each other and the film."""
    weights = page.as_array(weight, "weight", ndim=2)
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.max() > 0:
        raise ValueError("weight must be finite and not negative (drop padded frames)")
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be above 0 s, but is {duration:g}")
    covered = [span for s in spans if (span := known_span(s, duration, "spans"))]
    if len(covered) != len(weights):
        raise ValueError(f"weight has {len(weights)} rows for {len(covered)} spans; give one each")
    return weights, covered


def _page(
    rows: dict[str, float], title: str, about: str, alt: str, duration: float
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a dark page of panels that share the time axis of a film."""
    mosaic, height = [[name] for name in rows], sum(rows.values()) + 0.08 * len(rows) + 0.7
    settings: dict[str, Any] = {
        "sharex": True,
        "height_ratios": list(rows.values()),
        "left": MARGIN,
    }
    picture, axes = page.panels(
        page.heading(title, about), mosaic, height, alt=alt, dark=True, **settings
    )
    for panel in picture.axes:
        panel.set(xlim=(0, duration), yticks=[])
        panel.spines[:].set_visible(False)
        panel.tick_params(bottom=False)
    sheet.time_axis(picture.axes[-1])
    return picture, axes


def _outline(panel: Axes, moment: Span | None) -> None:
    if moment:
        panel.axvspan(*moment, fill=False, ec=page.SPOT, lw=1.8, label="moment", zorder=4)


def _seconds(span: Span) -> str:
    return f"{span[0]:.0f}–{span[1]:.0f} s"


def _alt(
    weights: page.Array,
    spans: Sequence[Span],
    names: Sequence[str],
    moment: Span | None,
    duration: float,
    truths: Sequence[Span | None] = (),
) -> str:
    """Returns the alt text: where each clip looks."""
    time = (np.arange(weights.shape[1]) + 0.5) * duration / weights.shape[1]
    parts = [
        f"{name} ({_seconds(span)}) looks most at {time[row.argmax()]:.0f} s and gives "
        f"{100 * row[(time >= span[0]) & (time < span[1])].sum() / row.sum():.0f} % of its "
        "attention to frames of its own"
        for name, span, row in zip(names, spans, weights, strict=True)
    ]
    true = f" The true moment is {_seconds(moment)}." if moment else ""
    if any(truths):
        listed = ", ".join(_seconds(span) if span else "unknown" for span in truths)
        true = f" The true moments of the rows: {listed}."
    shown = parts if len(parts) <= 8 else [*parts[:7], f"and {len(parts) - 7} more"]
    return f"Attention of {len(parts)} clips over a film: {'; '.join(shown)}.{true}"
