"""Frames of a video as bars in time, and below them the moments at which it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots.canvas import (
    BLUE,
    INK,
    ORANGE,
    WIDTH,
    Array,
    Picture,
    as_array,
    house_style,
    new_picture,
)
from prvr_lite.plots.heading import heading, stack

COLORS: Final = (BLUE, ORANGE)  # of frames, in turn
LEFT, RIGHT, SMALL = 0.95, 0.25, 0.17  # inches: margins, and the least bar that is numbered


@house_style
def frame_times(
    pictures: Sequence[object],
    shown: object,
    end: float,
    at: object,
    taken: object,
    *,
    title: str = "A frame stays on the screen until the next one comes",
) -> Picture:
    """Which frame each sample takes, with a thumbnail of each frame that has room for one.

    Args:
        pictures: of each of the T frames, RGB [h, w, 3], or None; empty: none are drawn.
        shown: [T] s, ascending, from which each frame is on the screen. end: of the video, s.
        at: [S] s, when the video is sampled. taken: [S] the frame that each sample takes.
    Returns:
        a Figure with the axes "frames" and "samples".
    Raises:
        ValueError: times that do not ascend, or numbers that do not pair up.
    """
    start, when, which = as_array(shown, "shown"), as_array(at, "at"), as_array(taken, "taken")
    if not (np.diff([*start, end]) > 0).all():
        raise ValueError("shown must ascend, and end after its last")
    if when.shape != which.shape or which.min() < 0 or which.max() >= len(start):
        raise ValueError(f"taken must name one of the {len(start)} frames for each of at")
    if len(pictures) not in (0, len(start)):
        raise ValueError(f"{len(pictures)} pictures for {len(start)} frames")
    alt = (
        f"{len(start)} frames from {start[0]:g} to {end:g} s, each on the screen until the next; "
        f"{len(when)} samples take the frames {', '.join(f'{f:.0f}' for f in which)}."
    )
    head = heading(title, "bar: a frame, as long as it is shown; dot: a sample and what it takes")
    picture = new_picture(WIDTH, head.height + 2.55, alt=alt)
    head.draw(picture)
    rows = {"frames": 1.2, "samples": 0.45}
    axes = stack(picture, rows, top=head.height + 0.2, left=LEFT, right=RIGHT, gap=0.05)
    _draw_frames(axes["frames"], pictures, start, end)
    colors = [COLORS[int(frame) % 2] for frame in which]
    axes["samples"].scatter(when, 0 * when, s=24, c=colors, label="samples", clip_on=False)
    for name, panel in axes.items():
        panel.set(xlim=(start[0], end), yticks=[])
        panel.spines["left"].set_visible(False)
        panel.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    axes["frames"].spines["bottom"].set_visible(False)
    axes["frames"].tick_params(bottom=False, labelbottom=False)
    axes["samples"].set(ylim=(-1, 1), xlabel="s")
    return picture


def _draw_frames(axes: Axes, pictures: Sequence[object], start: Array, end: float) -> None:
    """The bars, numbered, and above them the thumbnails."""
    wide = WIDTH - LEFT - RIGHT  # inches
    unit = wide / (end - start[0])  # inches a second
    length = np.diff([*start, end])
    colors = [COLORS[i % 2] for i in range(len(start))]
    axes.bar(start, 0.3, length, align="edge", color=colors, edgecolor="white", label="frames")
    axes.set_ylim(0, 1.2)  # inches, as high as the panel
    for i, (left, seconds) in enumerate(zip(start, length, strict=True)):
        room = seconds * unit
        if room >= SMALL:
            axes.text(
                left + seconds / 2,
                0.15,
                str(i),
                ha="center",
                va="center",
                size=10,
                color="white" if colors[i] == BLUE else INK,
            )
        if pictures and pictures[i] is not None and room >= 2 * SMALL:
            pixels = np.asarray(pictures[i])
            rows, columns, _ = pixels.shape
            size = min(0.8, (room - 0.03) * rows / columns)  # inches high
            half, middle = size * columns / rows / unit / 2, left + seconds / 2
            axes.imshow(
                pixels,
                extent=(middle - half, middle + half, 0.36, 0.36 + size),
                aspect="auto",
                interpolation="antialiased",
            )
