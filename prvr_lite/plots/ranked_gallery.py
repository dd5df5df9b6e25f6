"""The ranked gallery: what a query found, video by video."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, RAIL, SPOT
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span, Thumbnail, dark_page, draw_strip, strip_slots

LEFT: Final = 1.95  # inches for rank, name and score
ROOM: Final = page.WIDTH - LEFT - page.EDGE - 0.1  # inches for the video
STRIP, LANE, PAD = 0.54, 0.1, 0.1  # of the strip, of a bar under it, and around a row


@dataclass(frozen=True)
class RankedVideo:
    """One video of a ranking: rank from 1, score, and what is known of it.

    `duration`, `key_span` and `moment` are in seconds (NaN or None if unknown); `thumbnails` are
    (time in s, image bytes), see `timed_thumbnails`. Of the `chosen` one a map follows below.
    """

    rank: int
    video_id: str
    score: float
    correct: bool = False
    duration: float = math.nan
    thumbnails: Sequence[Thumbnail] = ()
    key_span: Span | None = None
    moment: Span | None = None
    chosen: bool = False


@page.house_style
def ranked_gallery(
    query: str,
    results: Sequence[RankedVideo],
    *,
    top: int = 5,
    num_videos: int | None = None,
    title: str | None = None,
    height: float | None = None,
) -> page.Picture:
    """Draws the videos that a query found, best first, each with its strip, score and key clip.

    The right video is framed; if it is not among the `top`, it follows below with its true rank.

    Args:
        query: named above the gallery. title: a headline instead of the query.
        results: the ranking, or as much of it as is known, in any order.
        top: how many videos to show. num_videos: size of the whole collection, if known.
        height: of the page in inches, which the videos share; None: as high as they need.
    Returns:
        a Figure with the axes "video 1", "score 1", "video 2", … named by rank.
    Raises:
        ValueError: for no results, a repeated rank, or a score or span that makes no sense.
    """
    shown = _choose(results, top)
    about = _verdict(results, num_videos)
    head = page.heading(title or f"“{query}”", f"“{query}” {about}" if title else about)
    strip = max(strip_slots(video.thumbnails, ROOM, STRIP)[1] for video in shown)
    ranks = [shown[0].rank - 1, *(video.rank for video in shown)]
    gaps = [0.3 if rank > before + 1 else 0.0 for before, rank in pairwise(ranks)]
    rest = head.height + 0.14 + sum(gaps) + 0.45
    row = max(strip + 2 * LANE + 0.04, 0.62) + 2 * PAD
    row = max(0.8, (height - rest) / len(shown)) if height else row
    page_height = rest + row * len(shown)
    picture = dark_page(head, page_height, alt=_alt(query, shown, about))
    low = min(0.0, *(video.score for video in shown))
    reach = max(video.score for video in shown) - low
    y = page_height - head.height - 0.14
    for video, gap in zip(shown, gaps, strict=True):
        if gap:
            dots = _write(picture, "· · ·", page.WIDTH / 2, y - gap / 2, color=HAZE)
            dots.set(ha="center", va="center")
        y -= gap + row
        _draw_row(picture, video, y, row, (video.score - low) / (reach or 1.0))
    _legend(picture, shown)
    return picture


def _choose(results: Sequence[RankedVideo], top: int) -> list[RankedVideo]:
    """Returns the best `top` videos, and the right one if it is not among them."""
    if not results or top < 1:
        raise ValueError("results must hold at least one video, and top must be 1 or more")
    ranking = sorted(results, key=lambda video: video.rank)
    for i, video in enumerate(ranking):
        if video.rank < 1 or (i and video.rank == ranking[i - 1].rank):
            raise ValueError(
                f"{video.video_id}: rank {video.rank} is repeated or below 1. To fix it: give "
                "each video a rank of its own, from 1."
            )
        if not math.isfinite(video.score):
            raise ValueError(
                f"{video.video_id}: score {video.score} is not finite. To fix it: give a finite "
                "score, or leave the video out."
            )
        if video.duration <= 0 or math.isinf(video.duration):
            raise ValueError(
                f"{video.video_id}: duration must be above 0 s, or NaN if unknown, "
                f"but is {video.duration:g}"
            )
    shown = ranking[:top]
    right = [video for video in ranking if video.correct]
    if right and right[0] not in shown:
        shown.append(right[0])
    return shown


def _verdict(results: Sequence[RankedVideo], num_videos: int | None) -> str:
    """Returns in words at which rank the right video is."""
    right = min((video.rank for video in results if video.correct), default=None)
    among = f" of {num_videos:,} videos" if num_videos else ""
    if right is None:
        return f"the best matches{among and ' out' + among}"
    return f"the right video is ranked {right}{among}"


def _alt(query: str, shown: Sequence[RankedVideo], about: str) -> str:
    """Returns the alt text: the gallery in words."""
    videos = []
    for video in shown:
        line = f"{video.rank}. {video.video_id}, score {video.score:.2f}"
        line += ", right" if video.correct else ""
        if video.moment and not math.isnan(sum(video.moment)):
            line += ", true moment {:.1f}–{:.1f} s".format(*video.moment)
        videos.append(line + (", its map below" if video.chosen else ""))
    return f"Videos ranked for the query “{query}”: {about}. {'; '.join(videos)}."


def _draw_row(
    picture: page.Picture, video: RankedVideo, y: float, row: float, share: float
) -> None:
    """Draws one video, `y` inches above the page's foot; its score bar has the length `share`."""
    page_height = picture.get_figheight()
    if video.correct:
        _draw_frame(picture, y / page_height, row / page_height)
    _draw_video(picture, video, y + PAD, row - 2 * PAD)
    if video.chosen:  # a mark at the left edge
        bar = Rectangle(
            (0, y / page_height), 0.07 / page.WIDTH, row / page_height, color=GLOW, label="chosen"
        )
        picture.add_artist(bar)
        _write(picture, "map ↓", 0.44, y + 0.1, ha="center", size=10, color=GLOW)
    _write_beside(picture, video, y + row / 2, share)


def _write_beside(picture: page.Picture, video: RankedVideo, y: float, share: float) -> None:
    """Writes rank, name, score and a note to the left of a video, around `y` inches."""
    note = ["right video"] if video.correct else []
    if not math.isnan(video.duration):
        note.append(f"{video.duration:.1f} s")
    middle = y + 0.085 * (len(note) - 1)
    color = SPOT if video.correct else CHALK
    size = 22 if video.rank < 100 else 15 if video.rank < 1000 else 9
    rank = _write(picture, f"{video.rank}", 0.44, y, color=color, size=size, weight="bold")
    rank.set(ha="center", va="center")
    name = page.wrap(video.video_id, 1.05, 11, weight="bold", lines=1)
    _write(picture, name, 0.78, middle + 0.12, color=color, size=11, weight="bold")
    _draw_score(picture, video, 0.78, middle - 0.06, share)
    color = SPOT if video.correct else HAZE
    about = _write(picture, "\n".join(note), 0.78, middle - 0.11, va="top", size=10, color=color)
    about.set_linespacing(1.1)


def _write(picture: page.Picture, text: str, x: float, y: float, **style: Any) -> Text:
    """Write a text `x`, `y` inches from the page's lower left corner."""
    wide, tall = picture.get_size_inches()
    return picture.text(x / wide, y / tall, text, parse_math=False, **style)


def _draw_frame(picture: page.Picture, y: float, height: float) -> None:
    """Draws the frame around the right video; `y` and `height` are shares of the page."""
    gap = 0.04 / picture.get_figheight()
    frame = FancyBboxPatch(
        (0.1 / page.WIDTH, y + gap),
        1 - 0.2 / page.WIDTH,
        height - 2 * gap,
        fc="#10233F",
        ec=SPOT,
        lw=2,
        boxstyle="round,pad=0,rounding_size=0.012",
        mutation_aspect=page.WIDTH / picture.get_figheight(),
        label="right video",
        zorder=-1,
    )
    picture.add_artist(frame)


def _draw_score(
    picture: page.Picture, video: RankedVideo, x: float, y: float, share: float
) -> None:
    """Draws the score as a bar at `x`, `y` inches, and writes it as a number."""
    bar = page.panel(picture, (x, y, 0.55, 0.12), f"score {video.rank}")
    bar.barh(0, 1, height=1, color=RAIL)
    bar.barh(0, share, height=1, color=GLOW, label="score")
    bar.set(xlim=(0, 1), ylim=(-0.5, 0.5))
    bar.axis("off")
    _write(picture, f"{video.score:.2f}", x + 0.6, y + 0.06, va="center", size=11, color=CHALK)


def _draw_video(picture: page.Picture, video: RankedVideo, y: float, height: float) -> None:
    """Draws the video's strip and, below it, a bar for the key clip and one for the true moment.

    Its foot is `y` inches above the page's; it is `height` inches high.
    """
    known = not math.isnan(video.duration)
    extent = float(video.duration) if known else max(1.0, float(len(video.thumbnails)))
    key = known_span(video.key_span, extent if known else None, f"{video.video_id}: key_span")
    moment = known_span(video.moment, extent if known else None, f"{video.video_id}: moment")
    box = (LEFT, y + 2 * LANE, ROOM, height - 2 * LANE)
    axes = page.panel(picture, box, f"video {video.rank}")
    slots, _ = strip_slots(video.thumbnails, ROOM, STRIP)
    items = video.thumbnails
    if not known:  # times cannot be placed on an axis of unknown length, the order can
        items = [(i + 0.5, image) for i, (_, image) in enumerate(sorted(items))]
    draw_strip(axes, items, slots, (0, extent), moment, outline=SPOT)
    under = page.panel(picture, (LEFT, y, ROOM, 2 * LANE), f"spans {video.rank}")
    under.set(xlim=(0, extent), ylim=(0, 2))
    under.axis("off")
    _bar(under, 1.35, key, CHALK, "key clip")
    _bar(under, 0.5, moment, SPOT, "moment")
    if not slots:
        words = page.write(axes, "no thumbnails", (0.5, 0.5), at="axes fraction", color=HAZE)
        words.set(ha="center", va="center", size=10)


def _bar(axes: Axes, y: float, span: Span | None, color: str, name: str) -> None:
    if span:
        axes.barh(y, span[1] - span[0], left=span[0], height=0.66, color=color, label=name)


def _legend(picture: page.Picture, shown: Sequence[RankedVideo]) -> None:
    """Draws a legend of the bars below the videos."""
    keys = [Line2D([], [], color=GLOW, lw=5, label="score")]
    if any(video.key_span for video in shown):
        keys.append(Line2D([], [], color=CHALK, lw=5, label="key clip"))
    if any(video.moment for video in shown):
        keys.append(Line2D([], [], color=SPOT, lw=5, label="true moment"))
    x = page.EDGE / page.WIDTH
    picture.legend(
        handles=keys,
        loc="lower left",
        ncols=3,
        bbox_to_anchor=(x, 0.06 / picture.get_figheight()),
        labelcolor=CHALK,
        handlelength=1.1,
        borderaxespad=0,
        columnspacing=1.4,
    )
