"""What a similarity map shows, checked and brought onto the axis of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.strip import Span, Thumbnail, timed_thumbnails


@dataclass(frozen=True)
class Scene:
    """One video's clips as one query sees them. Times are seconds, or units if `known` is False."""

    score: page.Array  # [N]
    extent: float  # length of the time axis
    known: bool  # the video's duration is known
    moment: Span | None
    steps: Sequence[Span]
    key_clip: Span | None
    medoids: Sequence[Span]
    attention: page.Array | None  # [T], evenly spaced
    thumbnails: Sequence[Thumbnail]

    def in_words(self, span: Span) -> str:
        """Returns a span in words, in seconds or in units."""
        start, end = span
        return f"{start:.1f}–{end:.1f} s" if self.known else f"units {start:g}–{end:g}"

    @property
    def marks(self) -> dict[str, tuple[Span, str]]:
        """Returns name, span and colour of what is known, first what tells more about the query."""
        marks = {"moment": (self.moment, page.SPOT), "key clip": (self.key_clip, page.CHALK)}
        return {name: (span, color) for name, (span, color) in marks.items() if span}

    def close_up(self) -> Sequence[Thumbnail]:
        """Returns the thumbnails to enlarge: those in the true moment, else those in the key clip.

        For a key clip that holds none it is the nearest one. Nothing is enlarged where neither span
        is known, or where the span is longer than 80 % of the video.
        """
        (start, end), _ = next(iter(self.marks.values()), ((0.0, self.extent), ""))
        if end - start > 0.8 * self.extent:
            return ()
        inside = [item for item in self.thumbnails if start <= item[0] < end]
        if not inside and not self.moment:
            inside = sorted(self.thumbnails, key=lambda item: abs(2 * item[0] - start - end))[:1]
        return inside


def known_span(span: Span | None, duration: float, name: str) -> Span | None:
    """Returns a [start, end] in s inside the video; None if it is unknown (None or NaN).

    Args:
        duration: of the video in s; NaN if unknown, when no span can be placed on its axis.
    Raises:
        ValueError: if it is reversed, lies outside the video, or the duration is unknown.
    """
    if span is None or np.isnan(values := page.as_array(span, name)).any():
        return None
    count, limit = len(values), f"the video's 0–{duration:g} s"
    page.require(count == 2, f"{name} must be [start, end] in s, not {count} values")
    unknown = f"{name} is in seconds, but the video's duration is unknown. To fix it: leave {name} "
    page.require(math.isfinite(duration), f"{unknown}out, or give the duration.")
    start, end = map(float, values)
    slack = 0.02 * duration + 0.5  # annotations often run past the end a little
    inside = 0 <= start < end <= duration + slack and start < duration
    page.require(inside, f"{name} [{start:g}, {end:g}] s is reversed or outside {limit}")
    return start, min(end, duration)


def in_order(thumbnails: Sequence[Thumbnail], extent: float, known: bool) -> list[Thumbnail]:
    """Returns thumbnails in time order; evenly spaced if the video's duration is not `known`."""
    ordered = sorted(thumbnails)
    return ordered if known else timed_thumbnails([image for _, image in ordered], extent)
