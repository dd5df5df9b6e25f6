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

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, NIGHT, RAIL, SPOT
from prvr_lite.plots.scene import in_order, known_span
from prvr_lite.plots.strip import Span, Thumbnail, draw_strip

LEFT: Final = 1.95  # inches for rank, name and score
ROOM: Final = page.WIDTH - LEFT - page.EDGE - 0.1  # inches for the video
ROW, LANES, PAD = 0.94, 0.2, 0.1  # of a row, of the bars in it, and around strip and bars
NAME: Final = 0.78  # inches to the left of a name and its score


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


@page.night_style
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
        a Figure with the axes "page", in inches, and "video 1", "spans 1", … named by rank.
    Raises:
        ValueError: for no results, or a score or span that makes no sense.
    """
    some = results and top >= 1
    page.require(some, "results must hold at least one video, and top must be 1 or more")
    for video in results:
        page.finite(video.score, f"{video.video_id}: score", ndim=0)
    ranking = sorted(results, key=lambda video: video.rank)
    right = [video for video in ranking if video.correct][:1]
    shown = ranking[:top] + [video for video in right if video not in ranking[:top]]
    among = f"of {num_videos:,} videos" if num_videos else ""
    about = f"the right video is ranked {right[0].rank}" if right else "the best matches"
    about += f"{'' if right else ' out'} {among}" if among else ""
    head = page.heading(title or f"“{query}”", f"“{query}” {about}" if title else about)
    ranks = [shown[0].rank - 1, *(video.rank for video in shown)]
    gaps = [0.3 * (rank > before + 1) for before, rank in pairwise(ranks)]
    rest = head.height + 0.14 + sum(gaps) + 0.45
    row = max(0.8, (height - rest) / len(shown)) if height else ROW
    high = rest + row * len(shown)
    alt = f"Videos ranked for the query “{query}”: {about}. {'; '.join(map(_in_words, shown))}."
    picture = page.new_picture(page.WIDTH, high, alt=alt, facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    sheet = page.panel(picture, (0, 0, page.WIDTH, high), "page")
    sheet.set(xlim=(0, page.WIDTH), ylim=(0, high))
    sheet.axis("off")
    low = min(0.0, *(video.score for video in shown))
    reach = max(video.score for video in shown) - low
    y = high - head.height - 0.14
    for video, gap in zip(shown, gaps, strict=True):
        if gap:
            sheet.text(page.WIDTH / 2, y - gap / 2, "· · ·", color=HAZE, ha="center", va="center")
        y -= gap + row
        _draw_video(picture, video, y + PAD, row - 2 * PAD)
        _draw_row(sheet, video, y, row, (video.score - low) / (reach or 1.0))
    keys = {"score": GLOW}
    if any(video.key_span for video in shown):
        keys["key clip"] = CHALK
    if any(video.moment for video in shown):
        keys["true moment"] = SPOT
    lines = [Line2D([], [], color=color, lw=5, label=name) for name, color in keys.items()]
    spacing: dict[str, Any] = {"borderpad": 0, "borderaxespad": 1.2, "columnspacing": 1.4}
    sheet.legend(handles=lines, ncols=3, loc="lower left", handlelength=1.1, **spacing)
    return picture


def _in_words(video: RankedVideo) -> str:
    """Returns one video of the ranking in words."""
    words = f"{video.rank}. {video.video_id}, score {video.score:.2f}"
    words += ", right" if video.correct else ""
    if video.moment and not math.isnan(sum(video.moment)):
        words += ", true moment {:.1f}–{:.1f} s".format(*video.moment)
    return words + (", its map below" if video.chosen else "")


def _draw_row(sheet: Axes, video: RankedVideo, y: float, row: float, share: float) -> None:
    """Draws what stands around a video, `y` inches above the page's foot.

    That is its rank, name, score (a bar of the length `share`) and a note, and the frame of the
    right one.
    """
    color, soft, note = CHALK, HAZE, []
    if video.correct:
        color, soft, note = SPOT, SPOT, ["right video"]
        look: dict[str, Any] = {"fc": "#10233F", "ec": SPOT, "lw": 2, "label": "right video"}
        place, style = (0.14, y + 0.08), "round,pad=0.04,rounding_size=0.09"
        sheet.add_patch(FancyBboxPatch(place, page.WIDTH - 0.28, row - 0.16, style, **look))
    if video.chosen:  # a mark at the left edge
        sheet.add_patch(Rectangle((0, y), 0.07, row, color=GLOW, label="chosen"))
        sheet.text(0.44, y + 0.1, "map ↓", ha="center", size=10, color=GLOW)
    note += [] if math.isnan(video.duration) else [f"{video.duration:.1f} s"]
    middle = y + row / 2 + 0.085 * (len(note) - 1)
    bold: dict[str, Any] = {"color": color, "weight": "bold", "parse_math": False}
    size = 22 if video.rank < 100 else 15 if video.rank < 1000 else 9
    sheet.text(0.44, y + row / 2, f"{video.rank}", ha="center", va="center", size=size, **bold)
    name = page.wrap(video.video_id, 1.05, 11, weight="bold", lines=1)
    sheet.text(NAME, middle + 0.12, name, **bold)
    sheet.barh(middle, 0.55, left=NAME, height=0.12, color=RAIL)
    label = f"score {video.rank}"
    sheet.barh(middle, 0.55 * share, left=NAME, height=0.12, color=GLOW, label=label)
    sheet.text(NAME + 0.6, middle, f"{video.score:.2f}", va="center")
    below: dict[str, Any] = {"va": "top", "size": 10, "color": soft, "linespacing": 1.1}
    sheet.text(NAME, middle - 0.11, "\n".join(note), **below)


def _draw_video(picture: page.Picture, video: RankedVideo, y: float, height: float) -> None:
    """Draws the video's strip and, below it, a bar for the key clip and one for the true moment.

    Its foot is `y` inches above the page's; it is `height` inches high.
    """
    known = not math.isnan(video.duration)
    extent = float(video.duration) if known else max(1.0, float(len(video.thumbnails)))
    key = known_span(video.key_span, video.duration, f"{video.video_id}: key_span")
    moment = known_span(video.moment, video.duration, f"{video.video_id}: moment")
    under = page.panel(picture, (LEFT, y, ROOM, LANES), f"spans {video.rank}")
    under.set(xlim=(0, extent), ylim=(0, 2))
    under.axis("off")
    for name, span, lane, color in (("key clip", key, 1.35, CHALK), ("moment", moment, 0.5, SPOT)):
        if span:
            under.barh(lane, span[1] - span[0], 0.66, span[0], color=color, label=name)
    axes = page.panel(picture, (LEFT, y + LANES, ROOM, height - LANES), f"video {video.rank}")
    items = in_order(video.thumbnails, extent, known)  # of an unknown length, the order is known
    shown = draw_strip(axes, items, None, (0, extent), moment)
    lit = [edges for time, *edges in shown if moment and moment[0] <= time < moment[1]]
    if lit:  # what shows the moment
        frame = axes.axvspan(lit[0][0], lit[-1][1], fill=False, ec=SPOT, lw=2, label="outline")
        frame.set_clip_on(False)
    if not items:
        words = page.write(axes, "no thumbnails", (0.5, 0.5), at="axes fraction", color=HAZE)
        words.set(ha="center", va="center", size=10)
