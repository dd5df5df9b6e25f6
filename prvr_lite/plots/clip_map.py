"""The pyramid of clips, drawn: scores, medoids, key clip, and the tents of the true moment."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D

from prvr_lite.plots.page import CHALK, HAZE, NIGHT, RAIL, SPOT
from prvr_lite.plots.pyramid import draw_clips, draw_tent
from prvr_lite.plots.scene import Scene
from prvr_lite.plots.strip import Span

# Inferno without its black end, so that low scores stay visible on the night.
EMBER: Final = ListedColormap(colormaps["inferno"](np.linspace(0.12, 1, 256)), name="ember")
HELP: Final = "Every cell is one clip.\nIt stands above its middle;\nlonger clips stand higher."


def draw_map(axes: Axes, scene: Scene, limits: Span | None = None) -> None:
    """Draws the pyramid of clips, with medoids, key clip and the moment's tent.

    Args:
        limits: scores of the darkest and the brightest colour; None: the lowest and the highest.
    """
    score, colors = np.ma.masked_invalid(scene.score), EMBER.with_extremes(bad=RAIL)
    line = 0.6 if scene.n <= 64 else 0.0
    look: dict[str, Any] = {"array": score, "cmap": colors, "edgecolors": NIGHT, "linewidths": line}
    grid = draw_clips(axes, scene.n, scene.unit, clim=limits, **look)
    if scene.medoids:
        spans = np.array([scene.span(m) for m in scene.medoids])  # [K, 2]
        (dots,) = axes.plot(spans.mean(1), spans[:, 1] - spans[:, 0], "o", label="medoids")
        dots.set(ms=3.4, mfc=CHALK, mec=NIGHT, mew=0.6, zorder=4)
    if scene.key_clip is not None:
        start, end = scene.span(scene.key_clip)
        star(axes, (start + end) / 2, end - start)
    for step in scene.steps:
        draw_tent(axes, *step, lw=1.3, ls=(0, (3, 2)), label="step", zorder=5, clip_on=True)
    if scene.moment:
        shade = patheffects.Stroke(linewidth=5.5, foreground=NIGHT, alpha=0.75)
        outline = draw_tent(axes, *scene.moment, lw=2.6, joinstyle="round", zorder=5)
        outline.set_path_effects([shade, patheffects.Normal()])
    axes.set_ylabel(f"clip length ({'s' if scene.known else 'units'})")
    axes.locator_params(axis="y", nbins=5, steps=[1, 2, 5, 10])
    _explain(axes, scene, grid)


def star(axes: Axes, x: float, y: float) -> None:
    """Draws a star that marks the key clip at (x, y)."""
    style: dict[str, Any] = {"ms": 15, "mfc": CHALK, "mec": NIGHT, "mew": 1.3, "zorder": 6}
    axes.plot([x], [y], "*", label="key clip", clip_on=False, **style)


def _explain(axes: Axes, scene: Scene, grid: ScalarMappable) -> None:
    """Writes how to read the map, and its legend, in the corners that the pyramid leaves free."""
    style: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "size": 10.5}
    axes.text(0.015, 0.985, HELP, color=HAZE, linespacing=1.3, **style)
    bar = axes.inset_axes((0.80, 0.955, 0.2, 0.03), label="scores")
    axes.figure.colorbar(grid, cax=bar, orientation="horizontal").outline.set_visible(False)
    bar.locator_params(nbins=3)
    bar.tick_params(labelsize=10, pad=2)
    axes.text(0.784, 0.99, "score", ha="right", **style)
    keys: dict[str, tuple[object, dict[str, Any]]] = {
        "true moment": (scene.moment, {"color": SPOT, "marker": "^", "ms": 11, "mfc": "none"}),
        "key clip": (scene.key_clip is not None, {"color": CHALK, "marker": "*", "ms": 13}),
        "medoid": (scene.medoids, {"color": CHALK, "marker": "o", "ms": 4}),
    }
    signs = [
        Line2D([], [], ls="", mew=2, label=n, **look) for n, (shown, look) in keys.items() if shown
    ]
    place: dict[str, Any] = {"loc": "upper right", "bbox_to_anchor": (1.01, 0.87)}
    if signs:
        axes.legend(handles=signs, borderpad=0, borderaxespad=0, fontsize=10.5, **place)
