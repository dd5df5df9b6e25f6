"""The similarity map: how well every clip of one video matches one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from prvr_lite.plots import page
from prvr_lite.plots.clip_map import draw_map
from prvr_lite.plots.page import CHALK, GLOW, HAZE, NIGHT, RAIL, SPOT
from prvr_lite.plots.scene import Scene, make_scene
from prvr_lite.plots.strip import (
    Span,
    Thumbnail,
    dark_page,
    decode,
    draw_strip,
    name_row,
    strip_slots,
    veil,
)

LEFT, RIGHT, GAP, AXIS = 0.95, 0.25, 0.07, 0.55  # inches
ROOM = page.WIDTH - LEFT - RIGHT


@page.house_style
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
    scene = make_scene(
        clip_score,
        duration,
        moment=moment,
        steps=steps,
        key_clip=key_clip,
        medoids=medoids,
        frame_attention=frame_attention,
        frame_time=frame_time,
        thumbnails=thumbnails,
    )
    about = _about(scene, video_id)
    head = page.heading(title or f"“{query}”", f"“{query}” {about}" if title else about)
    slots, strip = strip_slots(scene.thumbnails, ROOM, 0.56)
    closer, zoomed = strip_slots(scene.close_up(), ROOM, 0.95)
    rows = _rows(scene, strip)
    rest = head.height + 0.2 + sum(rows.values()) + GAP * 3 + AXIS + (zoomed and zoomed + 0.2)
    rows["map"] = max(1.5, height - rest) if height else 3.3
    page_height = rest + rows["map"]
    picture = dark_page(head, page_height, alt=_alt(scene, query, video_id))
    axes = page.stack(picture, rows, top=head.height + 0.2, left=LEFT, right=RIGHT, gap=GAP)
    draw_map(axes["map"], scene, limits)
    _draw_rows(axes, scene, slots)
    _shine(picture, list(axes.values()), scene)
    if closer:
        _look_closer(picture, list(axes.values())[-1], scene, closer, zoomed)
    return picture


def _rows(scene: Scene, strip: float) -> dict[str, float]:
    """Returns the height of each row of the picture in inches; the map's is 0 and set later."""
    return {
        "map": 0.0,
        "spans": 0.17 * ((scene.key_clip is not None) + (scene.moment is not None)),
        "video": strip,
        "attention": 0.0 if scene.attention is None else 0.5,
    }


def _about(scene: Scene, video_id: str) -> str:
    length = f"{scene.extent:.1f} s" if scene.known else "unknown length"
    return f"in video {video_id}: {length}, {len(scene.score)} clips of {scene.n} units"


def _alt(scene: Scene, query: str, video_id: str) -> str:
    """Returns the alt text: the map in words."""
    best = scene.span(scene.best())
    text = (
        f"Similarity map of the query “{query}” with all {len(scene.score)} clips of video "
        f"{video_id}: a pyramid of cells over the time axis, longer clips higher. "
        f"The brightest clip covers {scene.tell(best)}, score {np.nanmax(scene.score):.2f}."
    )
    if scene.moment:
        text += f" The true moment is {scene.tell(scene.moment)}."
    if scene.key_clip is not None:
        text += f" The key clip covers {scene.tell(scene.span(scene.key_clip))}."
    return text


def _draw_rows(axes: Mapping[str, Axes], scene: Scene, slots: int) -> None:
    """Draws the rows below the map, those that there are."""
    if "spans" in axes:
        _draw_spans(axes["spans"], scene)
    if "video" in axes:
        draw_strip(axes["video"], scene.thumbnails, slots, (0, scene.extent), scene.moment)
        veil(axes["video"], scene.moment, scene.extent)
        name_row(axes["video"], 0.5, "video")
    if "attention" in axes:
        _draw_attention(axes["attention"], scene)


def _draw_spans(axes: Axes, scene: Scene) -> None:
    """Bars on the time axis for the key clip and the true moment with its steps."""
    key = None if scene.key_clip is None else scene.span(scene.key_clip)
    named = (("key clip", key, CHALK), ("moment", scene.moment, SPOT))
    bars = [(name, span, color) for name, span, color in named if span]
    for row, (name, (start, end), color) in enumerate(bars):
        y = len(bars) - row - 0.5
        axes.barh(y, scene.extent, height=0.62, color=RAIL)
        axes.barh(y, end - start, left=start, height=0.62, color=color, label=name)
        name_row(axes, y / len(bars), name)
        if name == "moment":
            for step in scene.steps[1:]:
                axes.plot([step[0]] * 2, [y - 0.31, y + 0.31], color=NIGHT, lw=2, label="step")
    axes.set(xlim=(0, scene.extent), ylim=(0, len(bars)))
    axes.axis("off")


def _draw_attention(axes: Axes, scene: Scene) -> None:
    """Draws the frame attention as a curve from zero up."""
    assert scene.attention is not None
    assert scene.attention_time is not None
    axes.fill_between(scene.attention_time, scene.attention, color=GLOW, alpha=0.35, lw=0)
    axes.plot(scene.attention_time, scene.attention, color=GLOW, lw=1.6, label="attention")
    axes.set(ylim=(0, 1.12 * max(float(scene.attention.max()), 1e-12)), yticks=[])
    axes.set_facecolor(RAIL)
    axes.spines["left"].set_visible(False)
    name_row(axes, 0.5, "attention")


def _shine(picture: page.Picture, panels: list[Axes], scene: Scene) -> None:
    """Draws the moment as a band through all panels, and one time axis at the bottom."""
    for axes in panels:
        axes.set_xlim(0, scene.extent)
        axes.tick_params(bottom=False, labelbottom=False)
    last, base = panels[-1], panels[0].get_position()
    last.set_axis_on()
    if last is not panels[0]:
        last.set(yticks=[], facecolor=RAIL)
        last.spines["left"].set_visible(False)
        low = last.get_position().y0
        band = picture.add_axes((base.x0, low, base.width, base.y0 - low), label="band", zorder=3)
        band.set(xlim=(0, scene.extent), ylim=(0, 1))
        band.axis("off")
        if scene.moment:
            band.axvspan(*scene.moment, fill=False, ec=SPOT, lw=2, label="moment", clip_on=False)
    last.tick_params(axis="x", bottom=True, labelbottom=True, colors=HAZE, labelcolor=CHALK)
    last.set_xlabel("time in the video (s)" if scene.known else "unit", color=CHALK)


def _look_closer(
    picture: page.Picture, above: Axes, scene: Scene, slots: int, height: float
) -> None:
    """Draws the frames of the moment (or key clip) enlarged below the time axis, with a beam."""
    assert scene.telling is not None
    name, color = ("moment", SPOT) if scene.moment else ("key clip", CHALK)
    page_height, base = picture.get_figheight(), above.get_position()
    shown = scene.close_up()
    rows, columns, _ = decode(shown[0]).shape
    width = min(base.width, slots * height * columns / rows / page.WIDTH)
    left, right = (base.x0 + base.width * t / scene.extent for t in scene.telling)
    start = min(max((left + right - width) / 2, base.x0), base.x1 - width)
    box = (start, 0.2 / page_height, width, height / page_height)
    axes = picture.add_axes(box, label="close-up", zorder=3)
    shown = tuple(shown[(2 * i + 1) * len(shown) // (2 * slots)] for i in range(slots))
    draw_strip(axes, [(i + 0.5, image) for i, (_, image) in enumerate(shown)], slots, (0, slots))
    name_row(axes, 0.5, name)
    for i, (time, _) in enumerate(shown):
        for number, (begin, end) in enumerate(scene.steps, start=1):
            if begin <= time < end:
                _badge(axes, i + 1, number)
    top = box[1] + box[3]
    corners = [(left, base.y0), (right, base.y0), (start + width, top), (start, top)]
    beam = Polygon(
        corners, fc=color, alpha=0.13, lw=0, transform=picture.transFigure, zorder=-1, label="beam"
    )
    picture.add_artist(beam)
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, ec=color, lw=2, clip_on=False)
    )


def _badge(axes: Axes, right: float, number: int) -> None:
    """Writes the number of a step in the lower right corner of a thumbnail."""
    disc = {"boxstyle": "circle,pad=0.2", "fc": SPOT, "ec": NIGHT}
    text = page.write(axes, f"{number}", (right, 0), (-11, 11), ha="center", va="center")
    text.set(size=10.5, weight="bold", color=NIGHT, zorder=5, bbox=disc)
