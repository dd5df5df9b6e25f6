"""One film: its thumbnails along the time axis, and under them its captioned moments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, NIGHT, RAIL, SPOT
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail, dark_page, draw_strip, strip_slots

COLORS: Final = (SPOT, page.ORANGE, page.GREEN, page.PURPLE, GLOW, page.VERMILION)
ROOM: Final = page.WIDTH - 2 * page.EDGE  # inches for the film
STRIP, AXIS, ROW, TEXT = 0.62, 0.6, 0.45, 10.5  # inches of strip, axis and row; points of captions


@page.house_style
def film_strip(
    video_id: str,
    duration: float,
    thumbnails: Sequence[Thumbnail],
    *,
    moments: Sequence[tuple[str, Span]] = (),
    title: str | None = None,
    kind: str = "captioned moment",
    ranked: bool = False,
) -> page.Picture:
    """Draws a film along its time axis, with one bar for each captioned moment.

    Args:
        duration: of the film, in s. thumbnails: (time in s, image bytes), see `timed_thumbnails`.
        moments: (caption, [start, end] in s), in any order. title: a headline instead of the id.
        kind: what the bars are, in the singular.
        ranked: the bars keep the order given, such as that of guesses, and each place its color;
            the rail below the film stays empty, where overlapping bars would hide each other.
    Returns:
        a Figure with the axes "film" (thumbnails) and "moments" (bars, labelled "moment 1", …).
    Raises:
        ValueError: for an unknown duration or a moment outside the film, naming it.
    """
    if not (math.isfinite(duration) and duration > 0):
        raise ValueError(f"{video_id}: duration must be seconds above 0, but is {duration:g}")
    placed = _placed(moments, duration, video_id)
    placed = placed if ranked else sorted(placed, key=lambda item: item[1])
    head = page.heading(
        title or video_id, _about(video_id if title else "", duration, placed, kind)
    )
    slots, high = strip_slots(thumbnails, ROOM, STRIP)
    high = high or STRIP
    page_height = head.height + 0.14 + high + AXIS + ROW * len(placed) + 0.1
    picture = dark_page(head, page_height, alt=_alt(video_id, duration, placed, kind))
    foot = page_height - head.height - 0.14 - high
    film = page.panel(picture, (page.EDGE, foot, ROOM, high), "film")
    draw_strip(film, thumbnails, slots, (0, duration))
    under = AXIS + ROW * len(placed)
    bars = page.panel(picture, (page.EDGE, foot - under, ROOM, under), "moments")
    _draw_moments(bars, placed, duration, under, not ranked)
    return picture


def _placed(
    moments: Sequence[tuple[str, Span]], duration: float, video_id: str
) -> list[tuple[str, Span]]:
    pairs = [(text, known_span(s, duration, f"{video_id}: {text!r}")) for text, s in moments]
    return [(text, span) for text, span in pairs if span]


def _about(name: str, duration: float, moments: Sequence[tuple[str, Span]], kind: str) -> str:
    """Returns in words the film's length, the number of moments, and what each covers."""
    parts = [name, f"{duration:.1f} s"] if name else [f"{duration:.1f} s"]
    if moments:
        share = [100 * (end - start) / duration for _, (start, end) in moments]
        many = f"{len(moments)} {kind}s" if len(moments) > 1 else f"1 {kind}"
        low, high = f"{min(share):.0f}", f"{max(share):.0f}"
        span = low if low == high else f"{low} to {high}"
        each = "each " if len(moments) > 1 else ""
        parts.append(f"{many}, {each}covering {span} % of the film")
    return " · ".join(parts)


def _alt(video_id: str, duration: float, moments: Sequence[tuple[str, Span]], kind: str) -> str:
    spans = "; ".join(f"{a:.1f} to {b:.1f} s, “{text}”" for text, (a, b) in moments)
    about = f"{kind}s: {spans}" if spans else f"no {kind}"
    return f"Film {video_id}, {duration:.1f} s, as thumbnails along its time axis; {about}."


def _draw_moments(
    axes: Axes,
    moments: Sequence[tuple[str, Span]],
    duration: float,
    height: float,
    on_rail: bool,
) -> None:
    """Draws the time axis, and a row for each moment: its caption above its bar.

    y is in inches, counted downwards.
    """
    axes.set(xlim=(0, duration), ylim=(height, 0))
    axes.axis("off")
    for tick in MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(0, 0.97 * duration):
        if tick < 0.97 * duration:
            side = "center" if tick else "left"
            axes.text(tick, 0.34, f"{tick:g} s", size=10.5, color=HAZE, ha=side, va="center")
    axes.barh(0.09, duration, height=0.1, color=RAIL)
    for i, (text, (start, end)) in enumerate(moments):
        color, y = COLORS[i % len(COLORS)], AXIS + ROW * i + 0.24
        if on_rail:
            axes.barh(0.09, end - start, left=start, height=0.1, color=color)
        axes.barh(y, end - start, left=start, height=0.12, color=color, label=f"moment {i + 1}")
        for edge in (start, end):  # up to the film
            axes.plot([edge, edge], [0.14, y], color=color, lw=0.8, alpha=0.35, zorder=0)
        caption = page.wrap(text, ROOM, TEXT, lines=1)
        room = page.text_width(caption, TEXT) * duration / ROOM  # in seconds
        place = max(0.0, min(start, duration - room))
        words = axes.text(place, y - 0.11, page.plain(caption), size=TEXT, color=CHALK)
        words.set(va="bottom", ha="left", bbox={"fc": NIGHT, "ec": "none", "pad": 0.4})
