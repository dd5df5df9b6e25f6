"""What a similarity map shows, checked and brought onto the axis of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.strip import Span, Thumbnail


@dataclass(frozen=True)
class Scene:
    """One video's clips as one query sees them. Times are seconds, or units if `known` is False."""

    score: page.Array  # [N]
    n: int
    extent: float  # length of the time axis
    known: bool  # the video's duration is known
    moment: Span | None
    steps: tuple[Span, ...]
    key_clip: int | None
    medoids: tuple[int, ...]
    attention: page.Array | None  # [T]
    attention_time: page.Array | None  # [T]
    thumbnails: tuple[Thumbnail, ...]

    @property
    def unit(self) -> float:
        """Returns the length of one unit on the time axis: in s, or 1 if the axis counts units."""
        return self.extent / self.n

    def span(self, clip: int) -> Span:
        """Returns start and end of a clip on the time axis."""
        first, size = clip_units(self.n)[clip]
        return float(first * self.unit), float((first + size) * self.unit)

    def tell(self, span: Span) -> str:
        """Returns a span in words, in seconds or in units."""
        start, end = span
        return f"{start:.1f}–{end:.1f} s" if self.known else f"units {start:g}–{end:g}"

    @property
    def telling(self) -> Span | None:
        """Returns the span to enlarge: the true moment, else the key clip; None if too long."""
        span = self.moment or (None if self.key_clip is None else self.span(self.key_clip))
        return span if span and span[1] - span[0] <= 0.8 * self.extent else None

    def close_up(self) -> tuple[Thumbnail, ...]:
        """Thumbnails inside the telling span; of a key clip that has none, the nearest one."""
        if not self.telling:
            return ()
        start, end = self.telling
        inside = [item for item in self.thumbnails if start <= item[0] < end]
        if not inside and not self.moment:
            inside = sorted(self.thumbnails, key=lambda item: abs(2 * item[0] - start - end))[:1]
        return tuple(inside)

    def best(self) -> int:
        """Returns the row of the clip with the highest score."""
        return int(np.nanargmax(self.score))


def make_scene(
    clip_score: object,
    duration: float,
    *,
    moment: Span | None,
    steps: Sequence[Span] | None,
    key_clip: int | None,
    medoids: object | None,
    frame_attention: object | None,
    frame_time: object | None,
    thumbnails: Sequence[Thumbnail] | None,
) -> Scene:
    """Returns the scene, after a check of the arguments, which `similarity_map` explains.

    Raises:
        ValueError: naming the argument that does not fit.
    """
    score = page.as_array(clip_score, "clip_score")
    n = units_of(len(score))
    if not np.isfinite(score).any() or np.isinf(score).any():
        raise ValueError("clip_score must hold at least one number, and no infinite one")
    known = duration is not None and math.isfinite(duration)
    if known and duration <= 0:
        raise ValueError(f"duration must be above 0 s, or NaN if unknown, but is {duration:g}")
    extent = float(duration) if known else float(n)
    attention, when = _attention(frame_attention, frame_time, extent, known)
    rows = [] if medoids is None else [_row(m, len(score), "medoids") for m in _rows(medoids)]
    return Scene(
        score=score,
        n=n,
        extent=extent,
        known=known,
        moment=known_span(moment, extent if known else None, "moment"),
        steps=tuple(
            span
            for step in (() if steps is None else steps)
            if (span := known_span(step, extent if known else None, "steps"))
        ),
        key_clip=None if key_clip is None else _row(key_clip, len(score), "key_clip"),
        medoids=tuple(rows),
        attention=attention,
        attention_time=when,
        thumbnails=_placed(thumbnails or (), extent, known),
    )


def known_span(span: Span | None, duration: float | None, name: str) -> Span | None:
    """Returns a [start, end] in s inside the video; None if it is unknown (None or NaN).

    Args:
        duration: of the video in s; None if unknown, when no span can be placed on its axis.
    Raises:
        ValueError: if it is reversed, lies outside the video, or the duration is unknown.
    """
    if span is None:
        return None
    values = page.as_array(span, name)
    if values.shape != (2,):
        raise ValueError(f"{name} must be [start, end] in s, but has {len(values)} values")
    start, end = map(float, values)
    if math.isnan(start) or math.isnan(end):
        return None
    if duration is None:
        raise ValueError(
            f"{name} is in seconds, but the video's duration is unknown. To fix it: leave {name} "
            "out, or give the duration."
        )
    slack = 0.02 * duration + 0.5  # annotations often run past the end a little
    if not (0 <= start < end <= duration + slack and start < duration):
        raise ValueError(
            f"{name} [{start:g}, {end:g}] s is reversed or outside the video's 0–{duration:g} s"
        )
    return start, min(end, duration)


def _attention(
    weight: object | None, when: object | None, extent: float, known: bool
) -> tuple[page.Array | None, page.Array | None]:
    """Returns the frame attention [T] and its times [T], after a check; None if not given."""
    if weight is None:
        return None, None
    attention = page.as_array(weight, "frame_attention")
    if not np.isfinite(attention).all() or (attention < 0).any():
        raise ValueError("frame_attention must be finite and not negative (drop padded frames)")
    if when is None or not known:
        return attention, (np.arange(len(attention)) + 0.5) * extent / len(attention)
    times = page.as_array(when, "frame_time")
    if times.shape != attention.shape:
        raise ValueError(
            f"frame_time has {len(times)} values, frame_attention {len(attention)}; pass one each"
        )
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError("frame_time must be finite and ascending")
    return attention, times


def _rows(medoids: object) -> Sequence[float]:
    return list(page.as_array(medoids, "medoids"))


def _row(row: float, count: int, name: str) -> int:
    if row != int(row) or not 0 <= row < count:
        raise ValueError(f"{name} must be rows 0..{count - 1} of clip_score, but one is {row:g}")
    return int(row)


def _placed(thumbnails: Sequence[Thumbnail], extent: float, known: bool) -> tuple[Thumbnail, ...]:
    """Thumbnails in time order; evenly spaced if the video's duration is unknown."""
    ordered = sorted((item for item in thumbnails if item[1]), key=lambda item: item[0])
    if known:
        return tuple(ordered)
    step = extent / max(1, len(ordered))
    return tuple(((i + 0.5) * step, image) for i, (_, image) in enumerate(ordered))
