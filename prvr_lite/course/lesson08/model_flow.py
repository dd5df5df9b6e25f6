"""MS-SL++ in one picture: what becomes of words, units and frames, with their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from prvr_lite.plots import page

WIDE, HIGH, LINE = 1.18, 0.62, 1.12  # inches of a box, and from one row to the next
STEP: Final = (page.WIDTH - 2 * page.EDGE - WIDE) / 4  # inches from one column to the next
Place = tuple[float, float]
BOXES: Final = {  # column and row on the page, colour
    "words": (0, 0, page.ORANGE),
    "query": (1, 0, page.ORANGE),
    "unit inputs": (0, 1, page.BLUE),
    "units": (1, 1, page.BLUE),
    "medoid clips": (2, 1, page.BLUE),
    "frame inputs": (0, 2, page.GREEN),
    "frames": (1, 2, page.GREEN),
    "attended": (2, 2, page.GREEN),
    "S_c, key clip": (3, 1, page.PURPLE),
    "S_f": (3, 2, page.PURPLE),
    "S": (4, 1.5, page.PURPLE),
}
WAYS: Final = (
    "words → query → S_c, key clip → S_f → S",
    "unit inputs → units → medoid clips → S_c, key clip → S",
    "frame inputs → frames → attended → S_f",
    "medoid clips → attended",
)
ARROWS: Final = [pair for way in WAYS for pair in pairwise(way.split(" → "))]
MATHS: Final = {"S_c, key clip": "$S_c$, key clip", "S_f": "$S_f$", "S": "$S$"}


@page.house_style
def model_flow(shapes: Mapping[str, Sequence[int]]) -> page.Picture:
    """Draws the whole model as boxes and arrows, with the shape of each box below its name.

    Args:
        shapes: name of a box (see ``BOXES``) -> its shape; boxes without one are drawn pale.
    Returns:
        a Figure with the axes "flow".
    Raises:
        ValueError: a name that is not in ``BOXES``.
    """
    for name in shapes:
        page.require(name in BOXES, f"{name!r} is not a box: choose from {', '.join(BOXES)}")
    boxes = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
    arrows = ", ".join(f"{start} to {end}" for start, end in ARROWS)
    alt = f"Flow of MS-SL++. Shapes: {boxes}. Arrows: {arrows}."
    about = "rows: the query, the clip scale, the frame scale; both scales compare with the query"
    head, high = page.heading("MS-SL++, from features to scores", about), 2 * LINE + HIGH + 0.1
    picture, axes = page.panels(head, [["flow"]], high + 0.4, alt=alt)
    flow = axes["flow"]
    flow.set(xlim=(0, 4 * STEP + WIDE), ylim=(high, 0))
    flow.axis("off")
    corner = {name: (x * STEP, 0.05 + row * LINE) for name, (x, row, _) in BOXES.items()}
    for start, end in ARROWS:
        _arrow(flow, corner[start], corner[end])
    centred: dict[str, Any] = {"ha": "center", "va": "center", "size": 10}
    for name, (x, y) in corner.items():
        known, middle = name in shapes, x + WIDE / 2
        patch = FancyBboxPatch((x, y), WIDE, HIGH, "round,pad=0,rounding_size=0.08", label=name)
        patch.set(fc="white", ec=BOXES[name][2], lw=1 + known, alpha=0.5 + 0.5 * known)
        flow.add_patch(patch).set(zorder=2, clip_on=False)
        title = y + (0.2 if known else HIGH / 2)
        flow.text(middle, title, MATHS.get(name, name), weight="bold", **centred)
        shape = " × ".join(map(str, shapes.get(name, ())))
        flow.text(middle, y + 0.43, shape, color=page.SOFT, **centred)
    return picture


def _arrow(axes: Axes, start: Place, end: Place) -> None:
    """Draws an arrow from one box to another.

    It goes from the right edge to the left one; down within a column; from a far column to the top.
    """
    look: dict[str, Any] = {"arrowstyle": "-|>", "color": page.SOFT, "lw": 1.3}
    tail, tip = (start[0] + WIDE, start[1] + HIGH / 2), (end[0] + WIDE / 2, end[1])
    if start[0] == end[0]:
        tail = start[0] + WIDE / 2, start[1] + HIGH
    elif end[0] - start[0] > 2 * WIDE:
        look["connectionstyle"] = "angle,angleA=0,angleB=90,rad=8"
    else:
        tip = end[0], end[1] + HIGH / 2
    axes.annotate("", tip, tail, zorder=1, arrowprops=look | {"shrinkA": 0, "shrinkB": 0})
