"""Where a lesson stands in the whole system: the picture at the head of each."""

from __future__ import annotations

from typing import Any, Final

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
    head, high = page.heading(f"Where lesson {lesson} is", about), 2 * LINE + HIGH
    picture, panels = page.panels(head, [["roadmap"]], high + 0.3, alt="")
    axes, room = panels["roadmap"], page.WIDTH - 2 * page.EDGE
    axes.set(xlim=(0, room), ylim=(high + 0.06, -0.06))
    axes.axis("off")
    wide = (room - 5 * GAP) / 6
    path, here = [], []
    for name, (column, row, lessons) in PARTS.items():
        lit = lesson in lessons or lesson in BEYOND
        box: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.08", "clip_on": False}
        box |= {"fc": page.BLUE if lit else "white", "ec": page.BLUE if lit else page.RULE}
        x, y = column * (wide + GAP), row * LINE
        axes.add_patch(FancyBboxPatch((x, y), wide, HIGH, lw=1.4, label=name, **box))
        words: dict[str, Any] = {"color": "white" if lit else page.SOFT, "va": "center"}
        words |= {"y": y + HIGH / 2, "linespacing": 1.05}
        axes.text(x + 0.07, s=name, size=9, weight="bold" if lit else "normal", **words)
        numbers = "\n".join(map(str, lessons))  # of its lessons, in the corner
        axes.text(x + wide - 0.06, s=numbers, size=8, ha="right", **words)
        part = " ".join(name.replace("$", "").split())
        path += [part] if row == 0 else []
        here += [part] if lesson in lessons else []
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": page.SOFT, "lw": 1.2, "shrinkA": 0}
    for column, row in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)):
        x, y = column * (wide + GAP) + wide, row * LINE + HIGH / 2
        axes.annotate("", (x + GAP, y), (x, y), arrowprops=arrow)
    arrow["connectionstyle"] = "angle,angleA=0,angleB=90,rad=0"  # right, then up to the key clip
    axes.annotate("", (4.5 * wide + 4 * GAP, HIGH), (x + wide + GAP, y), arrowprops=arrow)
    foot = 2 * LINE + HIGH / 2
    axes.text(0, foot, "what scores are for:", va="center", size=9.5, color=page.SOFT)
    picture.set_label(
        f"Roadmap of the course. {' → '.join(path)}. The encoded sentence is compared with the key "
        "clip. The scores are for losses, training, a ranking with maps, and moments. "
        f"Lesson {lesson}: {BEYOND.get(lesson, ', '.join(here))}."
    )
    return picture
