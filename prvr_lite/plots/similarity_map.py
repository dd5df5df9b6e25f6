"""The similarity map: how well every clip of one video matches one query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import draw_map
from prvr_lite.plots.page import GLOW, NIGHT, RAIL, SPOT
from prvr_lite.plots.pyramid import clip_units, units_of
from prvr_lite.plots.scene import Scene, in_order, known_span
from prvr_lite.plots.strip import Span, Thumbnail, decode, draw_strip, name_row, veil

GAP, AXIS = 0.07, 0.7  # inches between rows, and for the time axis and the page's foot


@page.night_style
def similarity_map(
    clip_score: object,
    *,
    duration: float,
    query: str,
    video_id: str,
    moment: Span | None = None,
    steps: Sequence[Span] | None = None,
    key_clip: int | None = None,
    medoids: object | None = None,
    frame_attention: object | None = None,
    thumbnails: Sequence[Thumbnail] | None = None,
    limits: Span | None = None,
    height: float | None = None,
) -> page.Picture:
    """Draws all clips of one video, each above what it covers, coloured by its score for the query.

    A cell stands over the middle of its clip, as high as the clip is long. The true moment is a
    tent: clips inside the moment lie under it, and its tip is the clip that is the moment. The
    moment's own frames are enlarged below, or the key clip's where no moment is given.

    Args:
        clip_score: [N] scores in clip order (n windows of one unit, n − 1 of two, …), N = n(n+1)/2;
            NaN where a clip has none.
        duration: of the video in s; NaN if unknown, then the axes count units.
        query, video_id: named above the map.
        moment, steps: true [start, end] in s of the moment, and of its steps; NaN if unknown.
        key_clip, medoids: row, rows [K] among the N clips.
        frame_attention: [T] weight of each frame; frames are evenly spaced.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`.
        limits: scores of the darkest and the brightest colour; None: the lowest and the highest.
        height: of the page in inches; None: as high as its parts need.
    Returns:
        a Figure whose axes are labelled "map", "spans", "video", "attention" and "close-up".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    score = page.as_array(clip_score, "clip_score")
    fits = np.isfinite(score).any() and not np.isinf(score).any()
    page.require(fits, "clip_score must hold at least one number, and no infinite one")
    n, known = units_of(len(score)), math.isfinite(duration)
    extent = float(page.finite(duration, "duration", ndim=0, above=0)) if known else float(n)
    spans = [(float(a), float(b)) for a, b in clip_units(n).cumsum(1) * (extent / n)]

    def chosen(rows: object, name: str) -> list[Span]:
        return [spans[int(row)] for row in page.finite(rows, name, low=0, high=len(spans) - 1)]

    truth, weight = known_span(moment, duration, "moment"), frame_attention
    parts = [known_span(step, duration, "steps") for step in (() if steps is None else steps)]
    key = None if key_clip is None else chosen([key_clip], "key_clip")[0]
    scene = Scene(
        score,
        extent,
        known,
        moment=truth,
        steps=[span for span in parts if span],
        key_clip=key,
        medoids=[] if medoids is None else chosen(medoids, "medoids"),
        attention=None if weight is None else page.finite(weight, "frame_attention", low=0),
        thumbnails=in_order(thumbnails or (), extent, known),
    )
    length = f"{extent:.1f} s" if known else "unknown length"
    about = f"in video {video_id}: {length}, {len(score)} clips of {n} units"
    alt = (
        f"Similarity map of the query “{query}” with all {len(score)} clips of video {video_id}: "
        "a pyramid of cells over the time axis, longer clips higher. The brightest clip covers "
        f"{scene.in_words(spans[int(np.nanargmax(score))])}, score {np.nanmax(score):.2f}."
    )
    alt += f" The true moment is {scene.in_words(truth)}." if truth else ""
    alt += f" The key clip covers {scene.in_words(key)}." if key else ""
    return _draw(scene, page.heading(f"“{query}”", about), height, limits, alt)


def _draw(
    scene: Scene, head: page.Heading, height: float | None, limits: Span | None, alt: str
) -> page.Picture:
    """Returns the page: the map, below it rows on one time axis, and the close-up."""
    shown = scene.close_up()
    inches = {
        "map": 3.3,
        "spans": 0.17 * len(scene.marks),
        "video": 0.56 if scene.thumbnails else 0.0,
        "attention": 0.0 if scene.attention is None else 0.5,
        "close-up": 0.95 if shown else 0.0,
        ".": 0.1 if shown else 0.0,  # a margin below the frame of the close-up
    }
    rows = {name: high for name, high in inches.items() if high}
    tall = sum(rows.values()) + GAP * len(rows) + AXIS
    if height:
        grown = max(height - head.height - tall, 1.5 - rows["map"])
        rows["map"], tall = rows["map"] + grown, tall + grown
    settings: dict[str, Any] = {"dark": True, "gap": GAP, "height_ratios": list(rows.values())}
    picture, axes = page.panels(head, [[name] for name in rows], tall, alt=alt, **settings)
    last = [row for name, row in axes.items() if name != "close-up"][-1]
    for name, row in axes.items():
        row.set_xlim(0, scene.extent)
        row.tick_params(bottom=row is last, labelbottom=row is last)
        if name != "map":
            row.set(yticks=[], facecolor=RAIL)
        if name in ("video", "attention"):
            name_row(row, 0.5, name)
    last.set_xlabel("time in the video (s)" if scene.known else "unit")
    draw_map(axes["map"], scene, limits)
    if "spans" in axes:
        _draw_spans(axes["spans"], scene)
    if (weight := scene.attention) is not None:
        row, time = axes["attention"], (np.arange(len(weight)) + 0.5) * scene.extent / len(weight)
        row.fill_between(time, weight, color=GLOW, alpha=0.35, lw=0)
        row.plot(time, weight, color=GLOW, lw=1.6, label="attention")
        row.set_ylim(0, 1.12 * max(float(weight.max()), 1e-12))
    page.settle(picture)
    if "video" in axes:
        draw_strip(axes["video"], scene.thumbnails, None, (0, scene.extent), scene.moment)
        veil(axes["video"], scene.moment, scene.extent)
        axes["video"].set_axis_on()
    if scene.moment:
        low, top = last.get_position(), axes["map"].get_position()
        look: dict[str, Any] = {"fill": False, "ec": SPOT, "lw": 2, "clip_on": False, "zorder": 5}
        last.axvspan(*scene.moment, 0, (top.y0 - low.y0) / low.height, label="moment", **look)
    if shown:
        _look_closer(axes["close-up"], last, scene, shown)
    return picture


def _draw_spans(axes: Axes, scene: Scene) -> None:
    """Draws bars on the time axis for the true moment with its steps and for the key clip."""
    for row, (name, ((start, end), color)) in enumerate(scene.marks.items()):
        axes.barh(row, scene.extent, height=0.62, color=RAIL)
        axes.barh(row, end - start, left=start, height=0.62, color=color, label=name)
        name_row(axes, (row + 0.5) / len(scene.marks), name)
    if scene.moment:
        axes.vlines([start for start, _ in scene.steps[1:]], -0.31, 0.31, NIGHT, lw=2, label="step")
    axes.set(ylim=(-0.5, len(scene.marks) - 0.5), facecolor=NIGHT)


def _look_closer(axes: Axes, above: Axes, scene: Scene, shown: Sequence[Thumbnail]) -> None:
    """Draws the frames of the moment (or key clip) enlarged, under a beam from the time axis."""
    name, (span, color) = next(iter(scene.marks.items()))
    rows, columns, _ = decode(shown[0]).shape
    box, base = axes.get_position(), above.get_position()
    width = box.width * min(1, len(shown) * axes.bbox.height * columns / rows / axes.bbox.width)
    left, right = (base.x0 + base.width * time / scene.extent for time in span)
    start = min(max((left + right - width) / 2, base.x0), base.x1 - width)
    axes.set_position((start, box.y0, width, box.height))
    axes.set_zorder(3)
    name_row(axes, 0.5, name)
    items = [(i + 0.5, image) for i, (_, image) in enumerate(shown)]  # side by side
    disc = {"boxstyle": "circle,pad=0.2", "fc": SPOT, "ec": NIGHT}
    for place, _, edge in draw_strip(axes, items, None, (0, len(shown))):
        for number, (begin, end) in enumerate(scene.steps, start=1):
            if begin <= shown[int(place)][0] < end:  # the step's number, in the lower right corner
                text = page.write(axes, f"{number}", (edge, 0), (-11, 11), ha="center")
                text.set(va="center", size=10.5, weight="bold", color=NIGHT, zorder=5, bbox=disc)
    axes.axvspan(0, len(shown), fill=False, ec=color, lw=2, clip_on=False)
    corners = [(left, base.y0), (right, base.y0), (start + width, box.y1), (start, box.y1)]
    beam: dict[str, Any] = {"fc": color, "alpha": 0.13, "lw": 0, "zorder": -1, "label": "beam"}
    above.figure.add_artist(Polygon(corners, transform=above.figure.transFigure, **beam))
