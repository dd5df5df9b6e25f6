"""All clips of a film as a triangle: chosen clips lit up, or each clip's row number written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes

from prvr_lite.plots import page
from prvr_lite.plots.page import GLOW, HAZE, NIGHT, RAIL
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent
from prvr_lite.plots.strip import Thumbnail, draw_strip, strip_slots, veil

CELL, INSIDE = "#2C3A63", "#3F6C8C"  # any clip; one that lies within the chosen clip
GAP, NAMES, UNITS, STRIP = 0.28, 0.52, 0.16, 0.5  # inches
ABOUT: Final = "a clip stands above the middle of its units, as high as it is long"


@page.night_style
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
    page.require(1 <= len(clips) <= 4, f"{len(clips)} clips: 1 to 4 triangles fit side by side")
    page.finite(clips, f"clips of {n} units", low=0, high=n * (n + 1) // 2 - 1)
    page.require(duration or not thumbnails, "thumbnails need the film's duration in s")
    width = (page.WIDTH - 2 * page.EDGE - GAP * (len(clips) - 1)) / len(clips)
    strip = strip_slots(thumbnails, width, STRIP)[1]
    rows = {"clip": min(width, 2.6), "units": UNITS} | ({"film": strip} if strip else {})
    names = {row: _in_words(row, n, duration) for row in clips}
    picture, axes = page.panels(
        page.heading(title, ABOUT),
        [[f"{part} {row}" for row in clips] for part in rows],
        sum(rows.values()) + NAMES + 0.08 * len(rows) + 0.1,
        alt=f"{title}. {'; '.join(map(' '.join, names.values()))}.",
        dark=True,
        beside=GAP,
        height_ratios=list(rows.values()),
    )
    for row, (name, about) in names.items():
        triangle, units = axes[f"clip {row}"], axes[f"units {row}"]
        triangle.set_title(name, size=11, pad=20)
        below = page.write(triangle, about, (0, 1), (0, 6), at="axes fraction", color=HAZE)
        below.set(size=10.5, in_layout=False)
        line = 0.4 if width > 4 else 0.0  # edges of small cells would only flicker
        _light(triangle, n, row, line)
        first, size = map(int, clip_units(n)[row])
        lit = [GLOW if first <= unit < first + size else RAIL for unit in range(n)]
        units.bar(range(n), 1, 0.88, align="edge", color=lit)
        units.set(xlim=(-0.06, n - 0.06), ylim=(0, 1))
    for panel in axes.values():
        panel.axis("off")
    page.settle(picture)
    whole = float(duration or n)
    for row in clips if strip else ():
        first, size = clip_units(n)[row] * whole / n
        film, span = axes[f"film {row}"], (float(first), float(first + size))
        draw_strip(film, thumbnails, None, (0, whole), span)
        veil(film, span, whole)
    return picture


@page.night_style
def numbered_clips(n: int = 6, *, title: str = "The clips in their order") -> page.Picture:
    """Draws the triangle of a few units, with each clip's row and its span written into it.

    Returns:
        a Figure with the axes "clips".
    Raises:
        ValueError: n is not 2..8, so that the writing would not fit.
    """
    page.require(2 <= n <= 8, f"n={n}: the writing fits for 2 to 8 units")
    about = "the row of each clip, and under it its start and end, [start, end)"
    words = f"{title}. {n * (n + 1) // 2} clips of {n} units: {about}, shorter clips first."
    high = 0.58 * (n + 1) + 0.65
    picture, panels = page.panels(
        page.heading(title, about), [["clips"]], high, alt=words, dark=True
    )
    axes = panels["clips"]
    _draw_cells(axes, n, [CELL] * (n * (n + 1) // 2), line=2.0)
    for row, (first, size) in enumerate(clip_units(n)):
        x, y = first + size / 2, float(size) if size > 1 else 0.85
        axes.text(x, y, f"{row}", ha="center", va="bottom", weight="bold", size=12)
        span = f"[{first}, {first + size})"
        axes.text(x, y - 0.06, span, ha="center", va="top", color=HAZE, size=10)
    axes.set_axis_on()
    axes.set(xticks=range(n + 1), xlabel="boundary between units")
    axes.set(yticks=range(1, n + 1), ylabel="length")
    axes.tick_params(length=0)
    return picture


def _in_words(row: int, n: int, duration: float | None) -> tuple[str, str]:
    first, size = map(int, clip_units(n)[row])
    seconds = f", {size * duration / n:.1f} s" if duration else ""
    units = f"unit {first}" if size == 1 else f"units {first} to {first + size - 1}"
    return f"row {row}", f"{units}{seconds}"


def _draw_cells(axes: Axes, n: int, colors: Sequence[str], line: float = 0.4) -> None:
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
    _draw_cells(axes, n, colors, line)
    draw_tent(axes, first, first + size, lw=1.8, label="tent")
    middle = first + size / 2
    axes.plot(middle, max(size, 0.9), "o", ms=9, mfc=GLOW, mec=NIGHT, mew=1.4, label="chosen")
