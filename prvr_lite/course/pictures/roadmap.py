"""Where a lesson stands in the whole system: the picture at the head of each."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from prvr_lite.plots import page

HIGH, GAP, LINE = 0.46, 0.2, 0.68  # inches of a box, between two, and from one row to the next
# Column and row of each part, and the lessons that are about it.
PARTS: Final[dict[str, tuple[int, int, tuple[int, ...]]]] = {
    "film:\nframes": (0, 0, (2,)),
    "frame\nencoder": (1, 0, (3,)),
    "528\nclips": (2, 0, (4,)),
    "32\nmedoids": (3, 0, (5,)),
    "key clip,\nits frames": (4, 0, (6,)),
    "score $S$": (5, 0, (1, 9)),
    "sentence:\nwords": (0, 1, (2,)),
    "word\nencoder": (1, 1, (3,)),
    "losses": (2, 2, (7,)),
    "training": (3, 2, (8,)),
    "ranking,\nmaps": (4, 2, (1, 9)),
    "moments": (5, 2, (10,)),
}
BEYOND: Final = {
    11: "this system on your own videos, and on many of them",
    12: "this system on the paper's data sets",
    13: "the same path without listing clips: Gaussian windows",
}
LESSONS: Final = 13


@page.house_style
def roadmap(lesson: int) -> page.Picture:
    """The path from film and sentence to a score, with the parts of one lesson lit.

    Args:
        lesson: its number, 1..13. Lessons beyond the path light all of it.
    Returns:
        a Figure with the axes "roadmap".
    Raises:
        ValueError: no lesson has this number.
    """
    known = 1 <= lesson <= LESSONS
    page.require(known, f"there is no lesson {lesson}: they go from 1 to {LESSONS}")
    about = BEYOND.get(lesson, "the numbers are those of the lessons that build each part")
    head = page.heading(f"Where lesson {lesson} is", about)
    high = 2 * LINE + HIGH
    picture, panels = page.panels(head, [["roadmap"]], high + 0.3, alt=_alt(lesson))
    axes, room = panels["roadmap"], page.WIDTH - 2 * page.EDGE
    axes.set(xlim=(0, room), ylim=(high + 0.06, -0.06))
    axes.axis("off")
    wide = (room - 5 * GAP) / 6
    for name, (column, row, lessons) in PARTS.items():
        lit = lesson in lessons or lesson in BEYOND
        face, edge, ink = (
            (page.BLUE, page.BLUE, "white") if lit else ("white", page.RULE, page.SOFT)
        )
        x, y = column * (wide + GAP), row * LINE
        style: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.08", "clip_on": False}
        box = FancyBboxPatch((x, y), wide, HIGH, fc=face, ec=edge, lw=1.4, label=name, **style)
        axes.add_patch(box)
        look: dict[str, Any] = {"color": ink, "linespacing": 1.05, "va": "center"}
        weight, middle = "bold" if lit else "normal", y + HIGH / 2
        axes.text(x + 0.07, middle, name, size=9, weight=weight, **look)
        numbers = "\n".join(map(str, lessons))  # of its lessons, in the corner
        axes.text(x + wide - 0.06, middle, numbers, size=8, ha="right", **look)
    for column, row in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)):
        start = column * (wide + GAP) + wide, row * LINE + HIGH / 2
        _arrow(axes, start, (start[0] + GAP, start[1]))
    turn = 4.5 * wide + 4 * GAP, LINE + HIGH / 2  # the query goes right, then up to the key clip
    axes.plot([2 * wide + GAP, turn[0]], [turn[1]] * 2, color=page.SOFT, lw=1.2)
    _arrow(axes, turn, (turn[0], HIGH))
    words: dict[str, Any] = {"va": "center", "size": 9.5, "color": page.SOFT}
    axes.text(0, 2 * LINE + HIGH / 2, "what scores are for:", **words)
    return picture


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": page.SOFT, "lw": 1.2, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", end, start, arrowprops=style, annotation_clip=False)


def _alt(lesson: int) -> str:
    """The path in words, and what of it is lit."""
    names = {" ".join(name.replace("$", "").split()): part for name, part in PARTS.items()}
    path = " → ".join(name for name, (_, row, _) in names.items() if row == 0)
    lit = ", ".join(name for name, (*_, lessons) in names.items() if lesson in lessons)
    return (
        f"Roadmap of the course. {path}. The encoded sentence is compared with the key clip. The "
        f"scores are for losses, training, a ranking with maps, and moments. Lesson {lesson}: "
        f"{BEYOND.get(lesson, lit)}."
    )
