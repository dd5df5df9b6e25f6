"""The pyramid of clips, drawn: scores, medoids, key clip, and the tents of the true moment."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D

from prvr_lite.plots.page import CHALK, HAZE, NIGHT, RAIL, SPOT, Array
from prvr_lite.plots.pyramid import draw_clips, draw_tent, units_of
from prvr_lite.plots.scene import Scene
from prvr_lite.plots.strip import Span

# Inferno without its black end, so that low scores stay visible on the night.
EMBER: Final = ListedColormap(colormaps["inferno"](np.linspace(0.12, 1, 256)), name="ember")
HELP: Final = "Every cell is one clip.\nIt stands above its middle;\nlonger clips stand higher."


def draw_map(axes: Axes, scene: Scene, limits: Span | None = None) -> None:
    """Draws the pyramid of clips, with medoids, key clip and the moment's tent, and how to read it.

    Args:
        limits: scores of the darkest and the brightest colour; None: the lowest and the highest.
    """
    n, colors = units_of(len(scene.score)), EMBER.with_extremes(bad=RAIL)
    look: dict[str, Any] = {"cmap": colors, "edgecolors": NIGHT, "lw": 0.6 if n <= 64 else 0.0}
    score = np.ma.masked_invalid(scene.score)
    grid = draw_clips(axes, n, scene.extent / n, array=score, clim=limits, **look)
    signs = []  # of the legend
    for step in scene.steps:
        draw_tent(axes, *step, lw=1.3, ls=(0, (3, 2)), label="step", zorder=5, clip_on=True)
    if scene.moment:
        shade = patheffects.Stroke(linewidth=5.5, foreground=NIGHT, alpha=0.75)
        effects = [shade, patheffects.Normal()]
        draw_tent(axes, *scene.moment, lw=2.6, joinstyle="round", zorder=5, path_effects=effects)
        sign: dict[str, Any] = {"color": SPOT, "marker": "^", "ms": 11, "mfc": "none", "mew": 2}
        signs.append(Line2D([], [], ls="", label="true moment", **sign))
    if scene.key_clip:
        start, end = scene.key_clip
        signs.append(star(axes, (start + end) / 2, end - start))
    if scene.medoids:
        start, end = np.transpose(scene.medoids)
        dots: dict[str, Any] = {"ms": 3.4, "mfc": CHALK, "mec": NIGHT, "mew": 0.6, "zorder": 4}
        signs += axes.plot((start + end) / 2, end - start, "o", label="medoids", **dots)
    axes.set_ylabel(f"clip length ({'s' if scene.known else 'units'})")
    axes.locator_params(axis="y", nbins=5, steps=[1, 2, 5, 10])
    # The pyramid leaves the upper corners free.
    style: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "size": 10.5}
    axes.text(0.015, 0.985, HELP, color=HAZE, linespacing=1.3, **style)
    axes.text(0.784, 0.99, "score", ha="right", **style)
    bar = axes.inset_axes((0.80, 0.955, 0.2, 0.03), label="scores")
    ends = beyond(grid, scene.score)
    scale = axes.figure.colorbar(grid, cax=bar, orientation="horizontal", extend=ends)
    scale.outline.set_visible(False)
    bar.locator_params(nbins=3)
    bar.tick_params(labelsize=10, pad=2)
    place: dict[str, Any] = {"loc": "upper right", "bbox_to_anchor": (1.01, 0.87)}
    axes.legend(handles=signs, borderpad=0, borderaxespad=0, fontsize=10.5, **place)


def beyond(shown: ScalarMappable, values: Array) -> str:
    """Returns at which ends `values` lie beyond a scale of colours, for a colour bar's `extend`."""
    low, high = shown.get_clim()
    hair = 1e-6 * (high - low)  # rounding puts a cosine above 1
    below, above = np.nanmin(values) < low - hair, np.nanmax(values) > high + hair
    return ("neither", "min", "max", "both")[int(below) + 2 * int(above)]


def star(axes: Axes, x: float, y: float) -> Line2D:
    """Draws a star that marks the key clip at (x, y), and returns it."""
    style: dict[str, Any] = {"ms": 15, "mfc": CHALK, "mec": NIGHT, "mew": 1.3, "zorder": 6}
    return axes.plot([x], [y], "*", label="key clip", clip_on=False, **style)[0]
