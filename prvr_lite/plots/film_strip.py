"""One film: its thumbnails along the time axis, and under them its captioned moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prvr_lite.plots import page
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip

COLORS: Final = (page.SPOT, page.ORANGE, page.GREEN, page.PURPLE, page.GLOW, page.BLUE)
ROOM: Final = page.WIDTH - 2 * page.EDGE  # inches for the film
STRIP, AXIS, ROW, TEXT = 0.62, 0.6, 0.45, 10.5  # inches of strip, axis and row; points of captions


@page.night_style
def film_strip(
    video_id: str,
    duration: float,
    thumbnails: Sequence[Thumbnail],
    *,
    moments: Sequence[tuple[str, Span]] = (),
    title: str | None = None,
    kind: str = "captioned moment",
    about: str = "",
    ranked: bool = False,
) -> page.Picture:
    """Draws a film along its time axis, with one bar for each captioned moment.

    Args:
        duration: of the film, in s. thumbnails: (time in s, image bytes), see `timed_thumbnails`.
        moments: (caption, [start, end] in s), in any order. title: a headline instead of the id.
        kind: what the bars are, in the singular.
        about: the bars in words, in place of their number and how much of the film they cover.
        ranked: the bars keep the order given, such as that of guesses, and each place its color;
            the rail below the film stays empty, where overlapping bars would hide each other.
    Returns:
        a Figure with the axes "film" (thumbnails) and "moments" (bars, labelled "moment 1", …).
    Raises:
        ValueError: for an unknown duration or a moment outside the film, naming it.
    """
    page.finite(duration, f"{video_id}: duration", ndim=0, above=0)
    spans = [(text, known_span(s, duration, f"{video_id}: {text!r}")) for text, s in moments]
    placed = [(text, span) for text, span in spans if span]
    if not ranked:
        placed.sort(key=lambda item: item[1])
    listed = "; ".join(f"{a:.1f} to {b:.1f} s, “{text}”" for text, (a, b) in placed)
    bars = f"{kind}s: {listed}" if placed else f"no {kind}"
    about = about or _shares(placed, duration, kind)
    parts = [video_id if title else "", f"{duration:.1f} s", about]
    head = page.heading(title or video_id, " · ".join(filter(None, parts)))
    alt = f"Film {video_id}, {duration:.1f} s, as thumbnails along its time axis; {bars}."
    heights = [STRIP, AXIS + ROW * len(placed)]
    settings: dict[str, Any] = {"dark": True, "gap": 0.0, "height_ratios": heights}
    high, mosaic = sum(heights) + 0.2, [["film"], ["moments"]]
    picture, axes = page.panels(head, mosaic, high, alt=alt, **settings)
    for panel in axes.values():
        panel.axis("off")
    page.settle(picture)
    draw_strip(axes["film"], thumbnails, None, (0, duration))
    _draw_moments(axes["moments"], placed, duration, not ranked)
    return picture


def _shares(moments: Sequence[tuple[str, Span]], duration: float, kind: str) -> str:
    """Returns in words the number of moments, and how much of the film each covers."""
    shares = [f"{100 * (end - start) / duration:.0f}" for _, (start, end) in moments]
    if not shares:
        return ""
    low, high = min(shares, key=float), max(shares, key=float)
    many = f"{len(shares)} {kind}s, each" if len(shares) > 1 else f"1 {kind},"
    return f"{many} covering {low if low == high else f'{low} to {high}'} % of the film"


def _draw_moments(
    axes: Axes, moments: Sequence[tuple[str, Span]], duration: float, on_rail: bool
) -> None:
    """Draws the time axis, and a row for each moment: its caption above its bar.

    y is in inches, counted downwards.
    """
    axes.set(xlim=(0, duration), ylim=(AXIS + ROW * len(moments), 0))
    # The ground of words hides the lines from bars to the film.
    style: dict[str, Any] = {"size": TEXT, "bbox": {"fc": page.NIGHT, "ec": "none", "pad": 1}}
    limit = 0.97 * duration  # beyond it a label would leave the page
    for tick in MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(0, limit)[:-1]:
        side = "center" if tick else "left"
        axes.text(tick, 0.34, f"{tick:g} s", color=page.HAZE, ha=side, va="center", **style)
    axes.barh(0.09, duration, height=0.1, color=page.RAIL)
    for i, (text, (start, end)) in enumerate(moments):
        color, y = COLORS[i % len(COLORS)], AXIS + ROW * i + 0.24
        if on_rail:
            axes.barh(0.09, end - start, left=start, height=0.1, color=color)
        axes.barh(y, end - start, left=start, height=0.12, color=color, label=f"moment {i + 1}")
        axes.vlines([start, end], 0.14, y, color=color, lw=0.8, alpha=0.35, zorder=0)  # to the film
        caption = page.wrap(text, ROOM, TEXT, lines=1)
        room = page.text_width(caption, TEXT) * duration / ROOM  # in seconds
        place = max(0.0, min(start, duration - room))
        axes.text(place, y - 0.11, caption, va="bottom", parse_math=False, **style)
