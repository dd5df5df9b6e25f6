"""MS-SL++ in one picture: what becomes of words, units and frames, with their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from prvr_lite.plots import page

WIDE, HIGH, LINE = 0.98, 0.82, 1.16  # inches of a box, and from one row to the next
STEP: Final = (page.WIDTH - 2 * page.EDGE - WIDE) / 5  # inches from one column to the next
Place = tuple[float, float]
BOXES: Final = {  # column and row on the page, colour
    "unit inputs": (0, 0, page.BLUE),
    "units": (1, 0, page.BLUE),
    "all clips": (2, 0, page.BLUE),
    "medoid clips": (3, 0, page.BLUE),
    "words": (0, 1, page.ORANGE),
    "query": (1, 1, page.ORANGE),
    "frame inputs": (0, 2, page.GREEN),
    "frames": (1, 2, page.GREEN),
    "attended": (3, 2, page.GREEN),
    "S_c, key clip": (4, 0, page.PURPLE),
    "S_f": (4, 2, page.PURPLE),
    "S": (5, 1, page.PURPLE),
}
WAYS: Final = (
    "words → query → S_c, key clip → S_f → S",
    "query → S_f",
    "unit inputs → units → all clips → medoid clips → S_c, key clip → S",
    "frame inputs → frames → attended → S_f",
    "medoid clips → attended",
)
ARROWS: Final = [pair for way in WAYS for pair in pairwise(way.split(" → "))]
MATHS: Final = {"S_c, key clip": "$S_c$, key clip", "S_f": "$S_f$", "S": "$S$"}
SIZES: Final = {  # what the numbers of a shape count
    "words": "{} queries of at most {} words",
    "unit inputs": "{} films of {} units",
    "frame inputs": "at most {1} frames each",
}


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
    sizes = (text.format(*shapes[name]) for name, text in SIZES.items() if name in shapes)
    about = "; ".join(["above: clip scale; below: frame scale", *sizes])
    head, high = page.heading("MS-SL++, from features to scores", about), 2 * LINE + HIGH + 0.1
    picture, axes = page.panels(head, [["flow"]], high + 0.4, alt=alt)
    flow = axes["flow"]
    flow.set(xlim=(0, 5 * STEP + WIDE), ylim=(high, 0))
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
        title = MATHS.get(name, name).replace(" ", "\n", 1)
        flow.text(middle, y + (0.27 if known else HIGH / 2), title, weight="bold", **centred)
        shape = "×".join(map(str, shapes.get(name, ())))
        flow.text(middle, y + 0.64, shape, color=page.SOFT, **centred)
    return picture


def _arrow(axes: Axes, start: Place, end: Place) -> None:
    """Draws an arrow from one box to another: right within a row, down within a column.

    To another row and column it first goes right, then up or down into the box.
    """
    look: dict[str, Any] = {"arrowstyle": "-|>", "color": page.SOFT, "lw": 1.3}
    tail, tip = (start[0] + WIDE, start[1] + HIGH / 2), (end[0], end[1] + HIGH / 2)
    if start[0] == end[0]:
        tail, tip = (start[0] + 0.7 * WIDE, start[1] + HIGH), (end[0] + 0.7 * WIDE, end[1])
    elif start[1] != end[1]:
        look["connectionstyle"] = "angle,angleA=0,angleB=90,rad=8"
        tip = end[0] + 0.3 * WIDE, end[1] + HIGH * (end[1] < start[1])
    axes.annotate("", tip, tail, zorder=1, arrowprops=look | {"shrinkA": 0, "shrinkB": 0})
