"""MS-SL++ in one picture: what becomes of words, units and frames, with their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from prvr_lite.plots.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SOFT,
    WIDTH,
    Picture,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import EDGE, heading

WIDE, HIGH, LINE = 1.18, 0.62, 1.12  # inches of a box, and from one row to the next


class _Box(NamedTuple):
    """A tensor: its column and row on the page, its colour."""

    column: float
    row: float
    color: str


BOXES: Final = {
    "words": _Box(0, 0, ORANGE),
    "query": _Box(1, 0, ORANGE),
    "unit inputs": _Box(0, 1, BLUE),
    "units": _Box(1, 1, BLUE),
    "medoid clips": _Box(2, 1, BLUE),
    "frame inputs": _Box(0, 2, GREEN),
    "frames": _Box(1, 2, GREEN),
    "attended": _Box(2, 2, GREEN),
    "S_c, key clip": _Box(3, 1, PURPLE),
    "S_f": _Box(3, 2, PURPLE),
    "S": _Box(4, 1.5, PURPLE),
}
# from, to
ARROWS: Final = (
    ("words", "query"),
    ("query", "S_c, key clip"),
    ("unit inputs", "units"),
    ("units", "medoid clips"),
    ("medoid clips", "S_c, key clip"),
    ("medoid clips", "attended"),
    ("frame inputs", "frames"),
    ("frames", "attended"),
    ("attended", "S_f"),
    ("S_c, key clip", "S_f"),
    ("S_c, key clip", "S"),
    ("S_f", "S"),
)

MATHS: Final = {"S_c, key clip": "$S_c$, key clip", "S_f": "$S_f$", "S": "$S$"}


@house_style
def model_flow(
    shapes: Mapping[str, Sequence[int]], *, title: str = "MS-SL++, from features to scores"
) -> Picture:
    """The whole model as boxes and arrows; below each name the shape that it has here.

    Args:
        shapes: name of a box (see ``BOXES``) -> its shape; boxes without one are drawn pale.
        title: a headline.
    Returns:
        a Figure with the axes "flow".
    Raises:
        ValueError: a name that is no box.
    """
    unknown = [name for name in shapes if name not in BOXES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no box: choose from {', '.join(BOXES)}")
    head = heading(
        title,
        "rows: the query, the clip scale, the frame scale; both scales compare with the query",
    )
    high = 2 * LINE + HIGH + 0.1
    page = head.height + 0.25 + high + 0.15
    picture = new_picture(WIDTH, page, alt=_alt(shapes))
    head.draw(picture)
    room = WIDTH - 2 * EDGE
    axes = picture.add_axes((EDGE / WIDTH, 0.15 / page, room / WIDTH, high / page), label="flow")
    axes.set(xlim=(0, room), ylim=(high, 0))
    axes.axis("off")
    step = (room - WIDE) / 4
    corner = {n: (b.column * step, 0.05 + b.row * LINE) for n, b in BOXES.items()}
    for one, other in ARROWS:
        _arrow(axes, corner[one], corner[other])
    for name, (x, y) in corner.items():
        _box(axes, x, y, name, BOXES[name].color, shapes.get(name))
    return picture


def _box(
    axes: Axes, x: float, y: float, name: str, color: str, shape: Sequence[int] | None
) -> None:
    known = shape is not None
    patch = FancyBboxPatch(
        (x, y),
        WIDE,
        HIGH,
        boxstyle="round,pad=0,rounding_size=0.08",
        fc="white",
        ec=color,
        lw=2.0 if known else 1.0,
        alpha=1 if known else 0.5,
        zorder=2,
        label=name,
        clip_on=False,
    )
    axes.add_patch(patch)
    middle = x + WIDE / 2
    axes.text(
        middle,
        y + (0.2 if known else HIGH / 2),
        MATHS.get(name, name),
        ha="center",
        va="center",
        size=10,
        weight="bold",
        color=INK,
        zorder=3,
    )
    if shape is not None:
        told = " × ".join(map(str, shape))
        axes.text(middle, y + 0.43, told, ha="center", va="center", size=10, color=SOFT, zorder=3)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the right edge to the left one; down within a column; from a far column to the top."""
    bend: dict[str, str] = {}
    if abs(start[0] - end[0]) < WIDE / 2:
        tail, tip = (start[0] + WIDE / 2, start[1] + HIGH), (end[0] + WIDE / 2, end[1])
    elif end[0] - start[0] > 2 * WIDE:
        tail, tip = (start[0] + WIDE, start[1] + HIGH / 2), (end[0] + WIDE / 2, end[1])
        bend = {"connectionstyle": "angle,angleA=0,angleB=90,rad=8"}
    else:
        tail, tip = (start[0] + WIDE, start[1] + HIGH / 2), (end[0], end[1] + HIGH / 2)
    axes.annotate(
        "",
        tip,
        tail,
        zorder=1,
        arrowprops={
            "arrowstyle": "-|>",
            "color": SOFT,
            "lw": 1.3,
            "shrinkA": 0,
            "shrinkB": 0,
            **bend,
        },
    )


def _alt(shapes: Mapping[str, Sequence[int]]) -> str:
    told = [f"{name} {list(shape)}" for name, shape in shapes.items()]
    ways = [f"{one} to {other}" for one, other in ARROWS]
    return f"Flow of MS-SL++. Shapes: {', '.join(told)}. Arrows: {', '.join(ways)}."
