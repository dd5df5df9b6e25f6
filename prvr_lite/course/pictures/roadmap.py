"""Where a lesson stands in the whole system: the picture at the head of each."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.patches import FancyBboxPatch

from prvr_lite.plots import page

HIGH, GAP, LINE = 0.6, 0.18, 0.86  # inches of a box, between two, and from one row to the next
SIZE: Final = 13  # points: legible where the page is shown 400 pixels wide
# Column and row of each part, the lessons that build it, and those that come back to it later.
PARTS: Final[dict[str, tuple[int, int, tuple[int, ...], tuple[int, ...]]]] = {
    "film:\nframes": (0, 0, (2,), (11, 12, 13)),
    "frame\nencoder": (1, 0, (3,), (13,)),
    "528\nclips": (2, 0, (4,), ()),
    "32\nmedoids": (3, 0, (5,), ()),
    "key clip,\nits frames": (4, 0, (6,), ()),
    "score $S$": (5, 0, (1, 9), (11, 13)),
    "sentence:\nwords": (0, 1, (2,), (11, 12, 13)),
    "word\nencoder": (1, 1, (3,), (13,)),
    "losses": (2, 2, (7,), (13,)),
    "training": (3, 2, (8,), (12, 13)),
    "ranking,\nmaps": (4, 2, (1, 9), (11, 13)),
    "moments": (5, 2, (10,), (13,)),
}
BEYOND: Final = {
    11: "this system on your own videos, and on many of them",
    12: "this system on the paper's data sets",
    13: "the same path without listing clips: Gaussian windows",
}
ANOTHER_PATH: Final = 13  # this lesson does without the parts that it does not come back to
LESSONS: Final = 13


@page.house_style
def roadmap(lesson: int) -> page.Picture:
    """Draws the path from film and sentence to a score, with the parts of one lesson lit.

    Args:
        lesson: its number, 1..13. Lessons beyond the path light the parts that they come back to,
            and cross out those that they do without.
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
    axes.set(xlim=(0, room), ylim=(high + 0.06, -0.14))
    axes.axis("off")
    wide = (room - 5 * GAP) / 6
    words: dict[str, Any] = {"size": SIZE, "linespacing": 1.05, "va": "center"}
    path, here = [], []
    for name, (column, row, built, later) in PARTS.items():
        lit = lesson in built + later
        fill, edge, ink = (
            (page.BLUE, page.BLUE, "white") if lit else ("white", page.RULE, page.SOFT)
        )
        x, y = column * (wide + GAP), row * LINE
        look: dict[str, Any] = {"fc": fill, "ec": edge, "lw": 1.4}
        look |= {"boxstyle": "round,pad=0,rounding_size=0.08", "clip_on": False}
        axes.add_patch(FancyBboxPatch((x, y), wide, HIGH, label=name, **look))
        if lesson == ANOTHER_PATH and not lit:
            axes.plot([x, x + wide], [y + HIGH, y], color=page.GREY, lw=1, label="crossed out")
        axes.text(x + wide / 2, y + HIGH / 2 + 0.04, name, color=ink, ha="center", **words)
        # The lessons that build the part, on the upper edge of its box.
        tag = {"boxstyle": "round,pad=0.12", "fc": "white", "ec": edge}
        number: dict[str, Any] = {"color": page.BLUE if lit else ink, "ha": "right", "bbox": tag}
        axes.text(x + wide - 0.08, y, ", ".join(map(str, built)), **number, **words)
        part = " ".join(name.replace("$", "").split())
        path += [part] if row == 0 else []
        here += [part] if lit else []
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": page.SOFT, "lw": 1.2, "shrinkA": 0}
    for column, row in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)):
        x, y = column * (wide + GAP) + wide, row * LINE + HIGH / 2
        axes.annotate("", (x + GAP, y), (x, y), arrowprops=arrow)
    arrow["connectionstyle"] = "angle,angleA=0,angleB=90,rad=0"  # right, then up to the key clip
    axes.annotate("", (4.5 * wide + 4 * GAP, HIGH), (x + wide + GAP, y), arrowprops=arrow)
    axes.text(0, 2 * LINE + HIGH / 2, "what scores are for:", color=page.SOFT, **words)
    here += [BEYOND[lesson]] if lesson in BEYOND else []
    picture.set_label(
        f"Roadmap of the course. {' → '.join(path)}. The encoded sentence is compared with the key "
        "clip. The scores are for losses, training, a ranking with maps, and moments. "
        f"Lesson {lesson}: {'; '.join(here)}."
        + (" The other parts are crossed out." if lesson == ANOTHER_PATH else "")
    )
    return picture
