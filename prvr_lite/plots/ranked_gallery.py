"""The ranked gallery: what a query found, video by video."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from prvr_lite.plots import page
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
    strip_slots,
)

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
    """The videos a query found, best first, each with its strip, its score and its key clip.

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
    picture = page.new_picture(
        page.WIDTH, page_height, alt=_alt(query, shown, about), facecolor=NIGHT
    )
    head.draw(picture, color=CHALK, soft=HAZE)
    low = min(0.0, *(video.score for video in shown))
    reach = max(video.score for video in shown) - low
    y = page_height - head.height - 0.14
    for video, gap in zip(shown, gaps, strict=True):
        if gap:
            picture.text(
                0.5, (y - gap / 2) / page_height, "· · ·", ha="center", va="center", color=HAZE
            )
        y -= gap + row
        _draw_row(picture, video, y, row, (video.score - low) / (reach or 1.0))
    _legend(picture, shown)
    return picture


def _choose(results: Sequence[RankedVideo], top: int) -> list[RankedVideo]:
    """The best `top` videos, and the right one if it is not among them."""
    if not results or top < 1:
        raise ValueError("results must hold at least one video, and top must be 1 or more")
    ranking = sorted(results, key=lambda video: video.rank)
    for i, video in enumerate(ranking):
        if video.rank < 1 or (i and video.rank == ranking[i - 1].rank):
            raise ValueError(f"{video.video_id}: rank {video.rank} is repeated or below 1")
        if not math.isfinite(video.score):
            raise ValueError(f"{video.video_id}: score {video.score} is not finite")
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
    """How the ranking went, in words."""
    right = min((video.rank for video in results if video.correct), default=None)
    among = f" of {num_videos:,} videos" if num_videos else ""
    if right is None:
        return f"the best matches{among and ' out' + among}"
    return f"the right video is ranked {right}{among}"


def _alt(query: str, shown: Sequence[RankedVideo], about: str) -> str:
    """The gallery in words."""
    videos = []
    for video in shown:
        told = f"{video.rank}. {video.video_id}, score {video.score:.2f}"
        told += ", right" if video.correct else ""
        if video.moment and not math.isnan(sum(video.moment)):
            told += ", true moment {:.1f}–{:.1f} s".format(*video.moment)
        videos.append(told + (", its map below" if video.chosen else ""))
    return f"Videos ranked for the query “{query}”: {about}. {'; '.join(videos)}."


def _draw_row(
    picture: page.Picture, video: RankedVideo, y: float, row: float, share: float
) -> None:
    """One video, `y` inches above the page's foot; `share` is its score bar's length, 0 to 1."""
    page_height = picture.get_figheight()
    if video.correct:
        _draw_frame(picture, y / page_height, row / page_height)
    box = (
        LEFT / page.WIDTH,
        (y + PAD) / page_height,
        ROOM / page.WIDTH,
        (row - 2 * PAD) / page_height,
    )
    _draw_video(picture, video, box, row - 2 * PAD)
    if video.chosen:  # a mark at the left edge
        bar = Rectangle(
            (0, y / page_height), 0.07 / page.WIDTH, row / page_height, color=GLOW, label="chosen"
        )
        picture.add_artist(bar)
        picture.text(
            0.44 / page.WIDTH, (y + 0.1) / page_height, "map ↓", ha="center", size=10, color=GLOW
        )
    _write_beside(picture, video, y + row / 2, share)


def _write_beside(picture: page.Picture, video: RankedVideo, y: float, share: float) -> None:
    """Rank, name, score and a note, around the height `y` in inches, to the left of a video."""
    page_height = picture.get_figheight()
    note = ["right video"] if video.correct else []
    if not math.isnan(video.duration):
        note.append(f"{video.duration:.1f} s")
    middle = y + 0.085 * (len(note) - 1)
    color = SPOT if video.correct else CHALK
    picture.text(
        0.44 / page.WIDTH,
        y / page_height,
        f"{video.rank}",
        ha="center",
        va="center",
        weight="bold",
        color=color,
        size=22 if video.rank < 100 else 15 if video.rank < 1000 else 9,
    )
    name = page.wrap(video.video_id, 1.05, 11, weight="bold", lines=1)
    x = 0.78 / page.WIDTH
    picture.text(
        x,
        (middle + 0.12) / page_height,
        name,
        va="baseline",
        size=11,
        weight="bold",
        color=color,
        parse_math=False,
    )
    _draw_score(
        picture,
        video,
        (x, (middle - 0.06) / page_height, 0.55 / page.WIDTH, 0.12 / page_height),
        share,
    )
    picture.text(
        x,
        (middle - 0.11) / page_height,
        "\n".join(note),
        va="top",
        size=10,
        linespacing=1.1,
        color=SPOT if video.correct else HAZE,
    )


def _draw_frame(picture: page.Picture, y: float, height: float) -> None:
    """The frame around the right video; `y` and `height` as shares of the page."""
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
    picture: page.Picture, video: RankedVideo, box: tuple[float, float, float, float], share: float
) -> None:
    """The score as a bar and as a number."""
    bar = picture.add_axes(box, label=f"score {video.rank}")
    bar.barh(0, 1, height=1, color=RAIL)
    bar.barh(0, share, height=1, color=GLOW, label="score")
    bar.set(xlim=(0, 1), ylim=(-0.5, 0.5))
    bar.axis("off")
    x, y, width, height = box
    picture.text(
        x + width + 0.05 / page.WIDTH,
        y + height / 2,
        f"{video.score:.2f}",
        va="center",
        size=11,
        color=CHALK,
    )


def _draw_video(
    picture: page.Picture, video: RankedVideo, box: tuple[float, float, float, float], inner: float
) -> None:
    """The video's strip with, under it, one bar for the key clip and one for the true moment."""
    known = not math.isnan(video.duration)
    extent = float(video.duration) if known else max(1.0, float(len(video.thumbnails)))
    key = known_span(video.key_span, extent if known else None, f"{video.video_id}: key_span")
    moment = known_span(video.moment, extent if known else None, f"{video.video_id}: moment")
    x, y, width, height = box
    lanes = 2 * LANE / inner * height
    axes = picture.add_axes((x, y + lanes, width, height - lanes), label=f"video {video.rank}")
    slots, _ = strip_slots(video.thumbnails, ROOM, STRIP)
    items = video.thumbnails
    if not known:  # times cannot be placed on an axis of unknown length, the order can
        items = [(i + 0.5, image) for i, (_, image) in enumerate(sorted(items))]
    draw_strip(axes, items, slots, (0, extent), video.moment)
    under = picture.add_axes((x, y, width, lanes), label=f"spans {video.rank}")
    under.set(xlim=(0, extent), ylim=(0, 2))
    under.axis("off")
    _bar(under, 1.35, key, CHALK, "key clip")
    _bar(under, 0.5, moment, SPOT, "moment")
    if not slots:
        axes.text(
            0.5,
            0.5,
            "no thumbnails",
            transform=axes.transAxes,
            ha="center",
            va="center",
            color=HAZE,
            size=10,
        )


def _bar(axes: Axes, y: float, span: Span | None, color: str, name: str) -> None:
    if span:
        axes.barh(y, span[1] - span[0], left=span[0], height=0.66, color=color, label=name)


def _legend(picture: page.Picture, shown: Sequence[RankedVideo]) -> None:
    """What the bars under the videos mean."""
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
