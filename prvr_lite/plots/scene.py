"""What a similarity map shows, checked and brought onto the axis of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units
from prvr_lite.plots.strip import Span, Thumbnail


@dataclass(frozen=True)
class Scene:
    """One video's clips as one query sees them. Times are seconds, or units if `known` is False."""

    score: page.Array  # [N]
    n: int
    extent: float  # length of the time axis
    known: bool  # the video's duration is known
    moment: Span | None
    steps: Sequence[Span]
    key_clip: int | None
    medoids: Sequence[int]
    attention: tuple[page.Array, page.Array] | None  # times and weights, [T] each
    thumbnails: Sequence[Thumbnail]

    @property
    def unit(self) -> float:
        """Returns the length of one unit on the time axis: in s, or 1 if the axis counts units."""
        return self.extent / self.n

    def span(self, clip: int) -> Span:
        """Returns start and end of a clip on the time axis."""
        first, size = clip_units(self.n)[clip]
        return float(first * self.unit), float((first + size) * self.unit)

    def in_words(self, span: Span) -> str:
        """Returns a span in words, in seconds or in units."""
        start, end = span
        return f"{start:.1f}–{end:.1f} s" if self.known else f"units {start:g}–{end:g}"

    @property
    def telling(self) -> Span | None:
        """Returns the span to enlarge: the true moment, else the key clip; None if too long."""
        span = self.moment or (None if self.key_clip is None else self.span(self.key_clip))
        return span if span and span[1] - span[0] <= 0.8 * self.extent else None

    def close_up(self) -> Sequence[Thumbnail]:
        """Thumbnails inside the telling span; of a key clip that has none, the nearest one."""
        if not self.telling:
            return ()
        start, end = self.telling
        inside = [item for item in self.thumbnails if start <= item[0] < end]
        if not inside and not self.moment:
            inside = sorted(self.thumbnails, key=lambda item: abs(2 * item[0] - start - end))[:1]
        return inside


def known_span(span: Span | None, duration: float | None, name: str) -> Span | None:
    """Returns a [start, end] in s inside the video; None if it is unknown (None or NaN).

    Args:
        duration: of the video in s; None if unknown, when no span can be placed on its axis.
    Raises:
        ValueError: if it is reversed, lies outside the video, or the duration is unknown.
    """
    if span is None or np.isnan(values := page.as_array(span, name)).any():
        return None
    page.require(
        values.shape == (2,), f"{name} must be [start, end] in s, not {len(values)} values"
    )
    unknown = f"{name} is in seconds, but the video's duration is unknown. To fix it: leave {name} "
    if duration is None:
        raise ValueError(f"{unknown}out, or give the duration.")
    start, end = map(float, values)
    slack = 0.02 * duration + 0.5  # annotations often run past the end a little
    page.require(
        0 <= start < end <= duration + slack and start < duration,
        f"{name} [{start:g}, {end:g}] s is reversed or outside the video's 0–{duration:g} s",
    )
    return start, min(end, duration)


def attention_curve(
    weight: object | None, when: object | None, extent: float
) -> tuple[page.Array, page.Array] | None:
    """Returns the times and weights of a frame attention, [T] each, evenly spaced by default."""
    if weight is None:
        return None
    attention = page.finite(weight, "frame_attention", low=0)
    if when is None:
        return (np.arange(len(attention)) + 0.5) * extent / len(attention), attention
    times = page.finite(when, "frame_time", shape=attention.shape)
    page.require((np.diff(times) >= 0).all(), "frame_time must be ascending")
    return times, attention


def in_order(
    thumbnails: Sequence[Thumbnail], extent: float, known: bool = False
) -> list[Thumbnail]:
    """Thumbnails in time order; evenly spaced if the video's duration is not known."""
    ordered = sorted((item for item in thumbnails if item[1]), key=lambda item: item[0])
    step = extent / max(1, len(ordered))
    return ordered if known else [((i + 0.5) * step, item[1]) for i, item in enumerate(ordered)]
