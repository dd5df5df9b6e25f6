"""The similarity map: how well every clip of one video matches one query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import draw_map
from prvr_lite.plots.page import CHALK, GLOW, NIGHT, RAIL, SPOT
from prvr_lite.plots.pyramid import units_of
from prvr_lite.plots.scene import Scene, attention_curve, in_order, known_span
from prvr_lite.plots.strip import Span, Thumbnail, decode, draw_strip, name_row, strip_slots, veil

GAP, AXIS = 0.07, 0.6  # inches between rows, and for the time axis
ROOM = page.WIDTH - 1.37  # inches for the video


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
    frame_time: object | None = None,
    thumbnails: Sequence[Thumbnail] | None = None,
    limits: Span | None = None,
    title: str | None = None,
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
        query, video_id: named above the map. title: a headline instead of the query.
        moment, steps: true [start, end] in s of the moment, and of its steps; NaN if unknown.
        key_clip, medoids: row, rows [K] among the N clips.
        frame_attention: [T] weight of each frame. frame_time: [T] s, by default evenly spaced.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`.
        limits: scores of the darkest and the brightest colour; None: the lowest and the highest.
        height: of the page in inches; None: as high as its parts need.
    Returns:
        a Figure whose axes are labelled "map", "spans", "video" and "attention".
    Raises:
        ValueError: naming the argument that does not fit.
    """
    score = page.as_array(clip_score, "clip_score")
    fits = np.isfinite(score).any() and not np.isinf(score).any()
    page.require(fits, "clip_score must hold at least one number, and no infinite one")
    n, known = units_of(len(score)), duration is not None and math.isfinite(duration)
    extent = float(page.finite(duration, "duration", ndim=0, above=0)) if known else float(n)
    seconds = extent if known else None
    lit = known_span(moment, seconds, "moment")
    spans = [known_span(step, seconds, "steps") for step in (() if steps is None else steps)]
    when = frame_time if known else None
    scene = Scene(
        score,
        n,
        extent,
        known,
        moment=lit,
        steps=[span for span in spans if span],
        key_clip=None if key_clip is None else _rows([key_clip], "key_clip", score)[0],
        medoids=[] if medoids is None else _rows(medoids, "medoids", score),
        attention=attention_curve(frame_attention, when, extent),
        thumbnails=in_order(thumbnails or (), extent, known),
    )
    length = f"{extent:.1f} s" if known else "unknown length"
    about = f"in video {video_id}: {length}, {len(score)} clips of {n} units"
    head = page.heading(title or f"“{query}”", f"“{query}” {about}" if title else about)
    zoomed = strip_slots(scene.close_up(), ROOM, 0.95)[1]
    picture, axes = _lay_out(head, scene, zoomed, height, _alt(scene, query, video_id))
    draw_map(axes["map"], scene, limits)
    _draw_rows(picture, list(axes.values()), scene)
    if zoomed:
        _look_closer(picture, list(axes.values())[-1], scene, zoomed)
    return picture


def _lay_out(
    head: page.Heading, scene: Scene, zoomed: float, height: float | None, alt: str
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns the page and its rows; below them it is free for the close-up, `zoomed` high."""
    bars = (scene.key_clip is not None) + (scene.moment is not None)
    strip = strip_slots(scene.thumbnails, ROOM, 0.56)[1]
    high = {"spans": 0.17 * bars, "video": strip, "attention": 0.5 * bool(scene.attention)}
    rows = {"map": 3.3} | {name: inches for name, inches in high.items() if inches}
    free = 0.2 + GAP * len(rows) + AXIS + (zoomed and zoomed + 0.2)
    if height:
        rows["map"] = max(1.5, height - head.height - free - sum(rows.values()) + rows["map"])
    tall = sum(rows.values()) + free
    names, heights = [[name] for name in rows], list(rows.values())
    if zoomed:
        names, heights = [*names, ["."]], [*heights, zoomed + 0.2]
    settings: dict[str, Any] = {"gap": GAP, "sharex": True, "height_ratios": heights}
    return page.panels(head, names, tall, alt=alt, dark=True, **settings)


def _rows(value: object, name: str, score: page.Array) -> list[int]:
    return [int(row) for row in page.finite(value, name, low=0, high=len(score) - 1)]


def _alt(scene: Scene, query: str, video_id: str) -> str:
    """Returns the alt text: the map in words."""
    best = scene.in_words(scene.span(int(np.nanargmax(scene.score))))
    text = (
        f"Similarity map of the query “{query}” with all {len(scene.score)} clips of video "
        f"{video_id}: a pyramid of cells over the time axis, longer clips higher. "
        f"The brightest clip covers {best}, score {np.nanmax(scene.score):.2f}."
    )
    if scene.moment:
        text += f" The true moment is {scene.in_words(scene.moment)}."
    if scene.key_clip is not None:
        text += f" The key clip covers {scene.in_words(scene.span(scene.key_clip))}."
    return text


def _draw_rows(picture: page.Picture, panels: Sequence[Axes], scene: Scene) -> None:
    """Draws the rows below the map, one time axis at the bottom, and the moment through them."""
    for axes in panels:
        axes.set_xlim(0, scene.extent)
        axes.tick_params(bottom=False, labelbottom=False)
    for axes in panels[1:]:
        axes.set(yticks=[], facecolor=RAIL)
        name = str(axes.get_label())
        if name == "spans":
            _draw_spans(axes, scene)
        elif name == "attention" and scene.attention:
            time, weight = scene.attention
            axes.fill_between(time, weight, color=GLOW, alpha=0.35, lw=0)
            axes.plot(time, weight, color=GLOW, lw=1.6, label="attention")
            axes.set(ylim=(0, 1.12 * max(float(weight.max()), 1e-12)))
        if name != "spans":
            name_row(axes, 0.5, name)
    last = panels[-1]
    last.set_xlabel("time in the video (s)" if scene.known else "unit")
    last.tick_params(axis="x", bottom=True, labelbottom=True)
    page.settle(picture)
    for axes in panels:
        if axes.get_label() == "video":
            draw_strip(axes, scene.thumbnails, None, (0, scene.extent), scene.moment)
            veil(axes, scene.moment, scene.extent)
            axes.set_axis_on()
    if scene.moment and last is not panels[0]:
        low, top = last.get_position(), panels[0].get_position()
        look: dict[str, Any] = {"fill": False, "ec": SPOT, "lw": 2, "clip_on": False, "zorder": 5}
        share = (top.y0 - low.y0) / low.height
        last.axvspan(*scene.moment, 0, share, label="moment", **look)


def _draw_spans(axes: Axes, scene: Scene) -> None:
    """Bars on the time axis for the key clip and the true moment with its steps."""
    key = None if scene.key_clip is None else scene.span(scene.key_clip)
    named = (("moment", scene.moment, SPOT), ("key clip", key, CHALK))
    bars = [(name, span, color) for name, span, color in named if span]
    for row, (name, (start, end), color) in enumerate(bars):
        axes.barh(row, scene.extent, height=0.62, color=RAIL)
        axes.barh(row, end - start, left=start, height=0.62, color=color, label=name)
        name_row(axes, (row + 0.5) / len(bars), name)
        for step in scene.steps[1:] if name == "moment" else ():
            axes.plot([step[0]] * 2, [row - 0.31, row + 0.31], color=NIGHT, lw=2, label="step")
    axes.set(ylim=(-0.5, len(bars) - 0.5), facecolor=NIGHT)


def _look_closer(picture: page.Picture, above: Axes, scene: Scene, height: float) -> None:
    """Draws the frames of the moment (or key clip) enlarged below the time axis, with a beam."""
    assert scene.telling is not None
    name, color = ("moment", SPOT) if scene.moment else ("key clip", CHALK)
    shown = scene.close_up()
    base, tall = above.get_position(), height / picture.get_figheight()
    slots = strip_slots(shown, ROOM, 0.95)[0]
    rows, columns, _ = decode(shown[0]).shape
    width = min(base.width, slots * height * columns / rows / page.WIDTH)
    left, right = (base.x0 + base.width * t / scene.extent for t in scene.telling)
    start = min(max((left + right - width) / 2, base.x0), base.x1 - width)
    foot = 0.2 / picture.get_figheight()
    axes = picture.add_axes((start, foot, width, tall), label="close-up", zorder=3)
    shown = [shown[(2 * i + 1) * len(shown) // (2 * slots)] for i in range(slots)]
    draw_strip(axes, [(i + 0.5, image) for i, (_, image) in enumerate(shown)], slots, (0, slots))
    name_row(axes, 0.5, name)
    disc = {"boxstyle": "circle,pad=0.2", "fc": SPOT, "ec": NIGHT}
    for i, (time, _) in enumerate(shown):
        for number, (begin, end) in enumerate(scene.steps, start=1):
            if begin <= time < end:  # the step's number, in the lower right corner
                text = page.write(axes, f"{number}", (i + 1, 0), (-11, 11), ha="center")
                text.set(va="center", size=10.5, weight="bold", color=NIGHT, zorder=5, bbox=disc)
    frame: dict[str, Any] = {"fill": False, "ec": color, "lw": 2, "clip_on": False}
    axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, **frame))
    top = foot + tall
    corners = [(left, base.y0), (right, base.y0), (start + width, top), (start, top)]
    beam: dict[str, Any] = {"fc": color, "alpha": 0.13, "lw": 0, "zorder": -1, "label": "beam"}
    picture.add_artist(Polygon(corners, transform=picture.transFigure, **beam))
