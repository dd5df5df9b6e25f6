"""How every frame, or unit, of a film attends the others, for windows of several widths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.clip_map import EMBER
from prvr_lite.plots.strip import Span


@page.night_style
def width_maps(
    panels: Mapping[str, Any], *, duration: float, moment: Span, title: str
) -> page.Picture:
    """Draws an attention matrix per width, all on one scale, with the true moment on both axes.

    Args:
        panels: name of each width, about four -> [L, L] weights, none negative; all of one shape.
        duration: of the film in s. moment: true [start, end] in s, outlined as rows and columns.
        title: a headline.
    Returns:
        a Figure with axes named after the panels, and "scale".
    Raises:
        ValueError: naming the panel that does not fit.
    """
    weights = {
        name: page.finite(value, repr(name), ndim=2, shape=(len(value), len(value)), low=0)
        for name, value in panels.items()
    }
    parts = []
    for name, weight in weights.items():
        place = np.arange(len(weight)) * duration / len(weight)
        mean = float((weight * np.abs(place[:, None] - place)).sum() / weight.sum())
        parts.append(f"{name}: on the mean {mean:.1f} s away, largest weight {weight.max():.2f}")
    true = "The true moment is {:.0f}–{:.0f} s.".format(*moment)
    alt = f"{title}. Attention over a film of {duration:.0f} s; {'; '.join(parts)}. {true}"
    head = page.heading(
        title, "row: who looks, from the start down; column: who is seen; bright: more weight"
    )
    mosaic = sheet.in_rows(list(weights), 2)
    settings: dict[str, Any] = {"dark": True, "gap": 0.14, "sharex": True, "sharey": True}
    picture, axes = page.panels(head, mosaic, 2.7 * len(mosaic) + 0.6, alt=alt, **settings)
    norm = PowerNorm(0.5, 0, max(float(weight.max()) for weight in weights.values()))
    frame: dict[str, Any] = {"fill": False, "ec": page.SPOT, "lw": 1.2, "zorder": 4}
    for name, panel in axes.items():
        edges = np.linspace(0, duration, len(weights[name]) + 1)
        mesh = panel.pcolormesh(edges, edges, weights[name], cmap=EMBER, norm=norm)
        mesh.set_label("attention")
        panel.set(xlim=(0, duration), ylim=(duration, 0))
        panel.set_aspect("equal", anchor="N")
        panel.locator_params(nbins=4, integer=True)
        panel.set_title(name, size=11, pad=5)
        panel.axvspan(*moment, label="moment", **frame)
        panel.axhspan(*moment, label="moment", **frame)
        panel.set(xlabel="seen (s)", ylabel="looks (s)")
        panel.label_outer()
    page.color_scale(picture, mesh, list(axes.values()), "weight (square-root scale)")
    return picture
