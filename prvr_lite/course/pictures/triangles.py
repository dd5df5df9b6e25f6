"""All clips of a film as a triangle: chosen clips lit up, or each clip's row number written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from prvr_lite.plots import page
from prvr_lite.plots.page import CHALK, GLOW, HAZE, NIGHT, RAIL
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent
from prvr_lite.plots.strip import Thumbnail, dark_page, draw_strip, strip_slots, veil

CELL, INSIDE = "#2C3A63", "#3F6C8C"  # any clip; one that lies within the chosen clip
GAP, NAMES, AXIS, UNITS, STRIP = 0.28, 0.5, 0.52, 0.16, 0.5  # inches
AIR: Final = 0.08  # inches between a triangle, its units and its film
ABOUT: Final = "a clip stands above the middle of its units, as high as it is long"


@page.house_style
def lit_clips(
    clips: Sequence[int],
    *,
    n: int = 32,
    duration: float | None = None,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "Every clip is a place in the triangle",
) -> page.Picture:
    """Draws a triangle for each chosen clip; the clip, its units and its part of the film are lit.

    Args:
        clips: rows among the n(n+1)/2 clips, shown side by side, four at most.
        n: units. duration: of the film in s. thumbnails: (time in s, image bytes) of the film.
    Returns:
        a Figure with the axes "clip ROW", "units ROW" and, with thumbnails, "film ROW".
    Raises:
        ValueError: no clips, too many, or a row that does not exist; thumbnails without duration.
    """
    _check(clips, n, bool(thumbnails), duration)
    head = page.heading(title, ABOUT)
    width = (page.WIDTH - 2 * page.EDGE - GAP * (len(clips) - 1)) / len(clips)
    high = min(width, 2.6)
    slots, strip = strip_slots(thumbnails, width, STRIP)
    page_height = head.height + 0.1 + NAMES + high + UNITS + 2 * AIR + strip + 0.15
    labels = {row: _told(row, n, duration) for row in clips}
    alt = f"{title}. {'; '.join(' '.join(text.split()) for text in labels.values())}."
    picture = dark_page(head, page_height, alt=alt)
    top = page_height - head.height - 0.1 - NAMES
    foot = top - high - AIR - UNITS
    for i, row in enumerate(clips):
        left = page.EDGE + i * (width + GAP)
        name_panel(picture, left, top, labels[row])
        line = 0.4 if width > 4 else 0.0  # edges of small cells would only flicker
        _light(panel(picture, (left, top - high, width, high), f"clip {row}"), n, row, line)
        _draw_units(panel(picture, (left, foot, width, UNITS), f"units {row}"), n, row)
        if slots and duration:
            film = panel(picture, (left, foot - AIR - strip, width, strip), f"film {row}")
            _draw_film(film, thumbnails, slots, duration, clip_units(n)[row] * duration / n)
    return picture


@page.house_style
def numbered_clips(n: int = 6, *, title: str = "The clips in their order") -> page.Picture:
    """Draws the triangle of a few units, with each clip's row and its span written into it.

    Returns:
        a Figure with the axes "clips".
    Raises:
        ValueError: n is not 2..8, so that the writing would not fit.
    """
    if not 2 <= n <= 8:
        raise ValueError(f"n={n}: the writing fits for 2 to 8 units")
    about = "the row of each clip, and under it its start and end, [start, end)"
    head = page.heading(title, about)
    high = 0.58 * (n + 1)
    page_height = head.height + 0.15 + high + AXIS
    words = f"{title}. {n * (n + 1) // 2} clips of {n} units: {about}, shorter clips first."
    picture = dark_page(head, page_height, alt=words)
    axes = panel(picture, (0.7, AXIS, page.WIDTH - 0.92, high), "clips")
    draw_cells(axes, n, [CELL] * (n * (n + 1) // 2), line=2.0)
    for row, (first, size) in enumerate(clip_units(n)):
        x, y = first + size / 2, float(size) if size > 1 else 0.85
        axes.text(x, y, f"{row}", ha="center", va="bottom", color=CHALK, weight="bold", size=12)
        span = f"[{first}, {first + size})"
        axes.text(x, y - 0.06, span, ha="center", va="top", color=HAZE, size=10)
    axes.set_axis_on()
    axes.set(facecolor=NIGHT, xticks=range(n + 1), yticks=range(1, n + 1))
    axes.set_xlabel("boundary between units", color=CHALK)
    axes.set_ylabel("length", color=CHALK)
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=HAZE, labelcolor=CHALK, length=0)
    return picture


def _check(clips: Sequence[int], n: int, shown: bool, duration: float | None) -> None:
    if not 1 <= len(clips) <= 4:
        raise ValueError(f"{len(clips)} clips: 1 to 4 triangles fit side by side")
    count = n * (n + 1) // 2
    for row in clips:
        if not 0 <= row < count:
            raise ValueError(f"clip {row} does not exist: {n} units make rows 0..{count - 1}")
    if shown and not duration:
        raise ValueError("thumbnails need the film's duration in s")


def _told(row: int, n: int, duration: float | None) -> str:
    first, size = map(int, clip_units(n)[row])
    seconds = f", {size * duration / n:.1f} s" if duration else ""
    units = f"unit {first}" if size == 1 else f"units {first} to {first + size - 1}"
    return f"row {row}\n{units}{seconds}"


def name_panel(picture: page.Picture, left: float, top: float, text: str) -> None:
    """Writes a name above a panel, with its first line in bold."""
    page_height = picture.get_figheight()
    lines = text.split("\n")
    for i, line in enumerate(lines):
        y = top + 0.06 + 0.2 * (len(lines) - 1 - i)
        picture.text(
            left / page.WIDTH,
            y / page_height,
            page.plain(line),
            size=11 if i == 0 else 10.5,
            weight="bold" if i == 0 else "normal",
            color=CHALK if i == 0 else HAZE,
        )


def panel(picture: page.Picture, box: tuple[float, float, float, float], name: str) -> Axes:
    """Axes at a box in inches from the lower left."""
    axes = page.panel(picture, box, name)
    axes.set_facecolor(NIGHT)
    return axes


def draw_cells(axes: Axes, n: int, colors: Sequence[str], line: float = 0.4) -> None:
    look: dict[str, Any] = {"antialiased": line > 0}  # smoothed, bare cells show seams
    draw_clips(axes, n, facecolors=list(colors), edgecolors=NIGHT, linewidths=line, **look)
    axes.axis("off")


def _light(axes: Axes, n: int, row: int, line: float) -> None:
    """Draws the triangle with one clip lit, the clips within it dimly lit, and its tent."""
    spans = clip_units(n)
    first, size = map(int, spans[row])
    within = (spans[:, 0] >= first) & (spans.sum(1) <= first + size)
    colors = [INSIDE if inside else CELL for inside in within]
    colors[row] = GLOW
    draw_cells(axes, n, colors, line)
    draw_tent(axes, first, first + size, lw=1.8, label="tent")
    middle = first + size / 2
    axes.plot(middle, max(size, 0.9), "o", ms=9, mfc=GLOW, mec=NIGHT, mew=1.4, label="chosen")


def _draw_units(axes: Axes, n: int, row: int) -> None:
    first, size = map(int, clip_units(n)[row])
    for unit in range(n):
        lit = first <= unit < first + size
        axes.add_patch(Rectangle((unit + 0.06, 0), 0.88, 1, color=GLOW if lit else RAIL, lw=0))
    axes.set(xlim=(0, n), ylim=(0, 1))
    axes.axis("off")


def _draw_film(
    axes: Axes, thumbnails: Sequence[Thumbnail], slots: int, duration: float, lit: page.Array
) -> None:
    """Draws the film, dark except for the part of the clip, [start, length] in s."""
    span = float(lit[0]), float(lit[0] + lit[1])
    draw_strip(axes, thumbnails, slots, (0, duration), span)
    veil(axes, span, duration)
