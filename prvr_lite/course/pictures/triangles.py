"""All clips of a film as a triangle: chosen clips lit up, or each clip's row number written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from prvr_lite.plots import page
from prvr_lite.plots.pyramid import clip_units, draw_clips, draw_tent, units_in_words
from prvr_lite.plots.strip import Thumbnail, draw_strip, veil

CELL, INSIDE = "#2C3A63", "#3F6C8C"  # any clip; one that lies within the chosen clip
GAP: Final = 0.28  # inches between two triangles
ABOUT: Final = "a clip stands above the middle of its units, as high as it is long"


@page.night_style
def lit_clips(
    clips: Sequence[int],
    *,
    duration: float,
    n: int = 32,
    thumbnails: Sequence[Thumbnail] = (),
    title: str = "Every clip is a place in the triangle",
) -> page.Picture:
    """Draws a triangle for each chosen clip; the clip, its units and its part of the film are lit.

    Args:
        clips: rows among the n(n+1)/2 clips, shown side by side, four at most.
        duration: of the film in s. n: units. thumbnails: (time in s, image bytes) of the film.
    Returns:
        a Figure with the axes "clip ROW", "units ROW" and, with thumbnails, "film ROW".
    Raises:
        ValueError: no clips, too many, or a row that does not exist.
    """
    page.require(1 <= len(clips) <= 4, f"{len(clips)} clips: 1 to 4 triangles fit side by side")
    page.finite(clips, f"clips of {n} units", low=0, high=n * (n + 1) // 2 - 1)
    width = (page.WIDTH - 2 * page.EDGE - GAP * (len(clips) - 1)) / len(clips)
    rows = {"clip": min(width, 2.6), "units": 0.16} | ({"film": 0.5} if thumbnails else {})
    units = clip_units(n)
    about = {
        row: f"{units_in_words(*units[row])}, {units[row, 1] * duration / n:.1f} s" for row in clips
    }
    alt = f"{title}. {'; '.join(f'row {row} {words}' for row, words in about.items())}."
    mosaic = [[f"{part} {row}" for row in clips] for part in rows]
    high = sum(rows.values()) + 0.08 * len(rows) + 0.62
    settings: dict[str, Any] = {"dark": True, "beside": GAP, "height_ratios": list(rows.values())}
    picture, axes = page.panels(page.heading(title, ABOUT), mosaic, high, alt=alt, **settings)
    for panel in axes.values():
        panel.axis("off")
    for row, words in about.items():
        triangle, (first, size) = axes[f"clip {row}"], map(int, units[row])
        triangle.set_title(f"row {row}", size=11, pad=20)
        below = page.write(triangle, words, (0, 1), (0, 6), at="axes fraction", color=page.HAZE)
        below.set(size=10.5, in_layout=False)
        within = (units[:, 0] >= first) & (units.sum(1) <= first + size)
        colors = [INSIDE if inside else CELL for inside in within]
        colors[row] = page.GLOW
        line = 0.4 if width > 4 else 0.0  # edges of small cells would only flicker, and show seams
        draw_clips(triangle, n, facecolors=colors, ec=page.NIGHT, lw=line, antialiased=line > 0)
        draw_tent(triangle, first, first + size, lw=1.8, label="tent")
        dot: dict[str, Any] = {"ms": 9, "mfc": page.GLOW, "mec": page.NIGHT, "mew": 1.4}
        triangle.plot(first + size / 2, max(size, 0.9), "o", label="chosen", **dot)
        lit = [page.GLOW if first <= unit < first + size else page.RAIL for unit in range(n)]
        axes[f"units {row}"].bar(range(n), 1, 0.88, align="edge", color=lit)
        axes[f"units {row}"].set(xlim=(-0.06, n - 0.06), ylim=(0, 1))
    page.settle(picture)
    for row in clips if thumbnails else ():
        start, end = map(float, units[row].cumsum() * duration / n)
        draw_strip(axes[f"film {row}"], thumbnails, None, (0, duration), (start, end))
        veil(axes[f"film {row}"], (start, end), duration)
    return picture


@page.night_style
def numbered_clips(n: int = 6) -> page.Picture:
    """Draws the triangle of a few units, with each clip's row and its span written into it.

    Returns:
        a Figure with the axes "clips".
    Raises:
        ValueError: n is not 2..8, so that the writing would not fit.
    """
    page.require(2 <= n <= 8, f"n={n}: the writing fits for 2 to 8 units")
    title, units = "The clips in their order", clip_units(n)
    about = "the row of each clip, and under it its start and end, [start, end)"
    alt = f"{title}. {len(units)} clips of {n} units: {about}, shorter clips first."
    head, high = page.heading(title, about), 0.58 * (n + 1) + 0.65
    picture, panels = page.panels(head, [["clips"]], high, alt=alt, dark=True)
    axes = panels["clips"]
    draw_clips(axes, n, facecolors=CELL, ec=page.NIGHT, lw=2.0)
    for row, (first, size) in enumerate(units):
        x, y = first + size / 2, float(size) if size > 1 else 0.85
        axes.text(x, y, f"{row}", ha="center", va="bottom", weight="bold", size=12)
        span = f"[{first}, {first + size})"
        axes.text(x, y - 0.06, span, ha="center", va="top", color=page.HAZE, size=10)
    axes.set(xticks=range(n + 1), xlabel="boundary between units")
    axes.set(yticks=range(1, n + 1), ylabel="length")
    axes.tick_params(length=0)
    return picture
