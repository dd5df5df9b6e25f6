"""How the frames of a film fall into units: one ribbon for each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from prvr_lite.plots import page

ABOUT = "frames above, units below; orange: a frame used once more; ×: a frame left out"


@dataclass(frozen=True)
class Windows:
    """T frames and the windows [start, stop) over them; an empty window takes frame `start`."""

    total: int
    spans: tuple[tuple[int, int], ...]

    @property
    def again(self) -> list[bool]:
        """Returns for each window whether one of its frames was in an earlier window too."""
        reached = [0, *(stop for _, stop in self.spans)]
        return [a < before for (a, _), before in zip(self.spans, reached, strict=False)]

    @property
    def unused(self) -> list[int]:
        """Returns the frames that lie in no window."""
        used = {frame for start, stop in self.spans for frame in range(start, stop)}
        return [frame for frame in range(self.total) if frame not in used]

    def tell(self) -> str:
        """Returns in words how many frames are left out, and how many windows repeat a frame."""
        lost, again = len(self.unused), sum(self.again)
        left_out = "every frame enters" if not lost else f"{lost} left out (×)"
        return f"{left_out}, {again} repeated" if again else left_out


@page.house_style
def pooling_windows(
    panels: Mapping[str, tuple[int, Sequence[int]]],
    *,
    title: str = "Which frames become which unit?",
    about: str = ABOUT,
) -> page.Picture:
    """Draws frames above, units below, and a ribbon from each window to its unit.

    Args:
        panels: name -> (number of frames T, bounds b_0..b_n as integers).
        title, about: heading.
    Returns:
        a Figure with one axes for each panel.
    Raises:
        ValueError: bounds that fall, leave the film, or make no window; names the panel.
    """
    films = {name: _windows(name, total, bounds) for name, (total, bounds) in panels.items()}
    parts = [
        f"{name}: {film.total} frames into {len(film.spans)} units, {film.tell()}"
        for name, film in films.items()
    ]
    alt, mosaic = f"{title} {'; '.join(parts)}.", [[name] for name in films]
    picture, axes = page.panels(
        page.heading(title, about), mosaic, 1.2 * len(films) + 0.15, alt=alt
    )
    for name, film in films.items():
        _draw(axes[name], film)
        axes[name].set_title(name, size=11, parse_math=False)
        axes[name].set_title(film.tell(), loc="right", size=10.5, weight="normal", color=page.SOFT)
    return picture


def _windows(name: str, total: int, bounds: Sequence[int]) -> Windows:
    whole = [int(b) for b in bounds]
    spans = tuple((a, max(z, a + 1)) for a, z in pairwise(whole))
    falls = any(z < a for a, z in pairwise(whole))
    if not spans or falls or whole[0] < 0 or whole[-1] > total or whole[-2] >= total:
        raise ValueError(
            f"{name!r}: bounds {whole} make no windows of {total} frames. To fix it: give two or "
            f"more numbers from 0 to {total}, none smaller than the one before it, and begin the "
            f"last window before {total}."
        )
    return Windows(total, spans)


def _draw(axes: Axes, film: Windows) -> None:
    """Boxes of frames and units over the same width, and what joins them."""
    start, stop = np.array(film.spans).T / film.total
    units = np.arange(len(start) + 1) / len(start)
    colors = [
        page.ORANGE if again else (page.BLUE, page.SKY)[i % 2] for i, again in enumerate(film.again)
    ]
    box: dict[str, Any] = {"align": "edge", "ec": "white", "lw": 0.6}
    places = np.arange(film.total) / film.total
    frames = axes.bar(places, 0.22, 1 / film.total, 0.78, fc=page.RULE, **box)
    axes.bar(start, 0.22, stop - start, 0.78, color=colors, alpha=0.55, **box)
    boxes = axes.bar(units[:-1], 0.22, 1 / len(start), color=colors, **box)
    corners = np.stack([start, stop, units[1:], units[:-1]], axis=1)  # [units, 4]
    heights = np.broadcast_to([0.78, 0.78, 0.22, 0.22], corners.shape)
    ribbons = PolyCollection(
        list(np.stack([corners, heights], axis=2)), fc=colors, lw=0, alpha=0.4, label="windows"
    )
    axes.add_collection(ribbons)
    for frame in film.unused:
        middle = (frame + 0.5) / film.total
        axes.plot(middle, 0.89, "x", ms=7, mew=2, color=page.VERMILION, label="left out")
    for bars, skipped, color in ((frames, film.unused, page.INK), (boxes, [], "white")):
        if len(bars) <= 24:
            numbers = ["" if i in skipped else str(i) for i in range(len(bars))]
            axes.bar_label(bars, numbers, label_type="center", size=10, color=color)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
