"""How every frame, or unit, of a film attends the others, for windows of several widths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER
from prvr_lite.plots.scene import known_span
from prvr_lite.plots.strip import Span

MOST, GAP = 4, 0.14  # panels side by side; inches between two


@page.house_style
def width_maps(
    panels: Mapping[str, object],
    *,
    duration: float,
    moment: Span | None = None,
    title: str = "What each width looks at",
    about: str = "row: who looks, from the start down; column: who is seen; bright: more weight",
) -> page.Picture:
    """Draws an attention matrix per width, all on one scale, with the true moment on both axes.

    Args:
        panels: name of each width, up to four -> [L, L] weights, none negative; all of one shape.
        duration: of the film in s. moment: true [start, end] in s, outlined as rows and columns.
        title, about: heading.
    Returns:
        a Figure with axes named after the panels, and "scale".
    Raises:
        ValueError: naming the panel or the argument that does not fit.
    """
    weights = _check(panels, duration)
    lit = known_span(moment, duration, "moment")
    wide = (page.WIDTH - 1.6 - GAP * (len(weights) - 1)) / len(weights)
    picture, axes = page.panels(
        page.heading(title, about),
        [list(weights)],
        min(wide, 4.2) + 0.85,
        alt=_alt(title, weights, lit, duration),
        dark=True,
        gap=GAP,
        sharey=True,
    )
    top = max(float(weight.max()) for weight in weights.values())
    for name, panel in axes.items():
        edges = np.linspace(0, duration, len(weights[name]) + 1)
        mesh = panel.pcolormesh(
            edges, edges, weights[name], cmap=EMBER, norm=PowerNorm(0.5, 0, top)
        )
        mesh.set_label("attention")
        panel.set(xlim=(0, duration), ylim=(duration, 0), facecolor=page.NIGHT)
        panel.set_aspect("equal", anchor="N")
        panel.spines[:].set_visible(False)
        panel.tick_params(colors=page.HAZE, labelcolor=page.CHALK, length=2)
        panel.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        short = page.wrap(name, wide, 11, weight="bold", lines=1)
        panel.set_title(short, size=11, pad=5, color=page.CHALK, parse_math=False)
        sheet.time_axis(panel, "seen (s)")
        if lit:
            look: dict[str, Any] = {"fill": False, "ec": page.SPOT, "lw": 1.2, "zorder": 4}
            panel.axvspan(*lit, label="moment", **look)
            panel.axhspan(*lit, label="moment", **look)
    first = axes[next(iter(axes))]
    first.set_ylabel("looks (s)", color=page.CHALK)
    bar = picture.colorbar(mesh, ax=list(axes.values()), aspect=22, pad=0.02, shrink=0.9)
    bar.ax.set_label("scale")
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=page.HAZE, labelcolor=page.CHALK, labelsize=10, length=2)
    bar.ax.yaxis.set_major_locator(MaxNLocator(3))
    return picture


def _check(panels: Mapping[str, object], duration: float) -> dict[str, page.Array]:
    """Returns the panels as arrays, after a check that they are square and of one shape."""
    if not 1 <= len(panels) <= MOST:
        raise ValueError(f"{len(panels)} panels: 1 to {MOST} fit side by side")
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be above 0 s, but is {duration:g}")
    weights = {name: page.as_array(value, repr(name), ndim=2) for name, value in panels.items()}
    shape = (len(next(iter(weights.values()))),) * 2
    for name, weight in weights.items():
        if weight.shape != shape:
            raise ValueError(f"{name!r} has shape {weight.shape}, but must have {shape}")
        if not np.isfinite(weight).all() or (weight < 0).any() or not weight.max() > 0:
            raise ValueError(f"{name!r} must be finite and not negative, and not 0 everywhere")
    return weights


def _alt(
    title: str, weights: Mapping[str, page.Array], moment: Span | None, duration: float
) -> str:
    """Returns the alt text: how far away each width looks on the mean."""
    parts = []
    for name, weight in weights.items():
        step, place = duration / len(weight), np.arange(len(weight))
        away = np.abs(place[:, None] - place) * step
        mean = float((weight * away).sum() / weight.sum())
        parts.append(f"{name}: on the mean {mean:.1f} s away, largest weight {weight.max():.2f}")
    true = f" The true moment is {moment[0]:.0f}–{moment[1]:.0f} s." if moment else ""
    return f"{title}. Attention over a film of {duration:.0f} s; {'; '.join(parts)}.{true}"
