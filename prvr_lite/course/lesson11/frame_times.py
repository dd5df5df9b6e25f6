"""Frames of a video as bars in time, and below them the moments at which it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page

COLORS: Final = (page.BLUE, page.ORANGE)  # of frames, in turn
INK: Final = ("white", page.INK)  # of their numbers
SMALL: Final = 0.17  # inches of the shortest bar that is numbered


@page.house_style
def frame_times(
    pictures: Sequence[object],
    shown: object,
    end: float,
    at: object,
    taken: object,
    *,
    title: str = "A frame stays on the screen until the next one comes",
) -> page.Picture:
    """Draws which frame each sample takes, with the thumbnails that there is room for.

    Args:
        pictures: of each of the T frames, RGB [h, w, 3], or None; empty: none are drawn.
        shown: [T] s, ascending, from which each frame is on the screen. end: of the video, s.
        at: [S] s, when the video is sampled. taken: [S] the frame that each sample takes.
    Returns:
        a Figure with the axes "frames" and "samples".
    Raises:
        ValueError: times that do not ascend, or numbers that do not pair up.
    """
    start, when = page.as_array(shown, "shown"), page.as_array(at, "at")
    which = page.as_array(taken, "taken")
    if not (np.diff([*start, end]) > 0).all():
        raise ValueError("shown must ascend, and end must come after its last time")
    if when.shape != which.shape or which.min() < 0 or which.max() >= len(start):
        raise ValueError(f"taken must name one of the {len(start)} frames for each time in at")
    if len(pictures) not in (0, len(start)):
        raise ValueError(f"{len(pictures)} pictures for {len(start)} frames: give one each")
    alt = (
        f"{len(start)} frames from {start[0]:g} to {end:g} s, each on the screen until the next; "
        f"{len(when)} samples take the frames {', '.join(f'{f:.0f}' for f in which)}."
    )
    about = "bar: a frame, as long as it is shown; dot: a sample and what it takes"
    settings: dict[str, Any] = {"alt": alt, "height_ratios": [1.2, 0.45], "sharex": True}
    picture, axes = page.panels(
        page.heading(title, about), [["frames"], ["samples"]], 2.5, **settings
    )
    colors = [COLORS[int(frame) % 2] for frame in which]
    axes["samples"].scatter(when, 0 * when, s=24, c=colors, label="samples", clip_on=False)
    axes["samples"].set(ylim=(-1, 1), xlabel="s")
    axes["frames"].set_ylim(0, 1.2)
    for name, panel in axes.items():
        panel.set(xlim=(start[0], end), yticks=[])
        panel.spines["left"].set_visible(False)
        panel.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    axes["frames"].spines["bottom"].set_visible(False)
    axes["frames"].tick_params(bottom=False)
    picture.draw_without_rendering()  # what is written on a bar needs to know the bar's size
    _draw_frames(axes["frames"], pictures, start, end)
    return picture


def _draw_frames(axes: Axes, pictures: Sequence[object], start: page.Array, end: float) -> None:
    """Draws the numbered bars of the frames, and above them the thumbnails."""
    panel = axes.get_window_extent()
    per_second = panel.width / page.SCREEN_DPI / (end - start[0])  # inches
    per_level = panel.height / page.SCREEN_DPI / 1.2
    length = np.diff([*start, end])
    for parity, color in enumerate(COLORS):
        rows = np.arange(parity, len(start), 2)
        bars = axes.bar(start[rows], 0.3, length[rows], align="edge", color=color, ec="white")
        numbers = [str(i) if length[i] * per_second >= SMALL else "" for i in rows]
        axes.bar_label(bars, numbers, label_type="center", size=10, color=INK[parity])
    for i, shown in enumerate(pictures):
        room = length[i] * per_second  # inches
        if shown is not None and room >= 2 * SMALL:
            pixels = np.asarray(shown)
            rows, columns, _ = pixels.shape
            high = min(0.8, (room - 0.03) * rows / columns)  # inches
            half, middle = high * columns / rows / per_second / 2, start[i] + length[i] / 2
            place = (middle - half, middle + half, 0.36, 0.36 + high / per_level)
            axes.imshow(pixels, extent=place, aspect="auto", interpolation="antialiased")
