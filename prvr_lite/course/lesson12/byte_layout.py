"""Where the numbers of a table lie in a file that has no header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    RULE,
    SKY,
    SOFT,
    WIDTH,
    Picture,
    house_style,
    new_picture,
    text_width,
)
from prvr_lite.plots.heading import heading

ROW, LEFT, RIGHT, MOST = 0.4, 2.2, 1.25, 8  # inches; rows that are drawn
NUMBER = 4  # bytes


@house_style
def byte_layout(
    ids: Sequence[str], dim: int, *, row: int, shown: int = 6, title: str = "", about: str = ""
) -> Picture:
    """The rows of a BigFile one under the other: id, numbers, and the byte where each row begins.

    Args:
        ids: of the first rows, at most eight. dim: numbers a row. row: the one that is pointed out.
        shown: how many numbers of a row are drawn as boxes; the rest is "…".
    Returns:
        a Figure with one axes, "bytes".
    Raises:
        ValueError: no rows or too many, or a row that is none of them.
    """
    if not 1 <= len(ids) <= MOST or row not in range(len(ids)) or dim < 1 or shown < 1:
        raise ValueError(
            f"{len(ids)} ids, row {row}, dim {dim}, shown {shown}: give 1 to {MOST} ids, one of "
            "their rows, and at least one number"
        )
    head = heading(
        title or "A table without a header", about or f"row r begins at byte r · {dim} · 4"
    )
    high = ROW * len(ids)
    picture = new_picture(WIDTH, head.height + 0.5 + high + 0.2, alt=_alt(ids, dim, row))
    head.draw(picture)
    page = picture.get_figheight()
    wide = WIDTH - LEFT - RIGHT
    box = (LEFT / WIDTH, 0.2 / page, wide / WIDTH, high / page)
    axes = picture.add_axes(box, label="bytes")
    boxes = min(shown, dim)
    columns = boxes + (dim > boxes)
    axes.set(xlim=(0, columns), ylim=(len(ids) - 0.5, -0.5))
    axes.axis("off")
    for place, name in enumerate(ids):
        _draw_row(axes, place, boxes, columns, marked=place == row)
        _name_row(axes, place, name, dim, columns, marked=place == row)
    for column in range(boxes):
        axes.text(column + 0.5, -0.75, str(column), ha="center", size=10, color=SOFT)
    if dim > boxes:
        axes.text(boxes + 0.5, -0.75, f"{dim - 1:,}", ha="center", size=10, color=SOFT)
    return picture


def _draw_row(axes: Axes, place: int, boxes: int, columns: int, *, marked: bool) -> None:
    """A box for each number that is shown, and "…" where there are more."""
    for column in range(columns):
        frame = Rectangle(
            (column + 0.04, place - 0.38),
            0.92,
            0.76,
            lw=1,
            ec="white",
            fc=(SKY if marked else RULE) if column < boxes else "none",
            label=f"row {place}",
        )
        axes.add_patch(frame)
    if columns > boxes:
        axes.text(boxes + 0.5, place, "…", ha="center", va="center", color=SOFT)


def _name_row(axes: Axes, place: int, name: str, dim: int, columns: int, *, marked: bool) -> None:
    """The id before a row, and behind it the byte where it begins."""
    weight = "bold" if marked else "normal"
    ink: dict[str, Any] = {"color": BLUE if marked else INK, "weight": weight, "size": 11}
    axes.annotate(
        _ending(name, LEFT - 0.45, weight),
        (0, place),
        xytext=(-10, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        parse_math=False,
        annotation_clip=False,
        **ink,
    )
    axes.annotate(
        f"byte {place * dim * NUMBER:,}",
        (columns, place),
        xytext=(6, 0),
        va="center",
        textcoords="offset points",
        annotation_clip=False,
        **ink,
    )


def _ending(name: str, inches: float, weight: str) -> str:
    """The end of a name that is too long: there ids of frames differ."""
    told = " ".join(name.split())
    while text_width(told, 11, weight) > inches:
        told = "…" + told.removeprefix("…")[1:]
    return told


def _alt(ids: Sequence[str], dim: int, row: int) -> str:
    return (
        f"The first {len(ids)} rows of a table of {dim} numbers a row, 4 bytes each. Row {row}, "
        f"{ids[row]}, begins at byte {row * dim * NUMBER:,}."
    )
