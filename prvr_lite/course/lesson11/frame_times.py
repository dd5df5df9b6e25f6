"""Frames of a video as bars in time, and below them the moments at which it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

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
    start, when = page.finite(shown, "shown"), page.finite(at, "at")
    which = page.finite(taken, "taken", shape=when.shape, low=0, high=len(start) - 1).astype(int)
    length = page.finite(np.diff([*start, end]), "time from a frame to the next", above=0)
    alt = (
        f"{len(start)} frames from {start[0]:g} to {end:g} s, each on the screen until the next; "
        f"{len(when)} samples take the frames {', '.join(map(str, which))}."
    )
    about = "bar: a frame, as long as it is shown; dot: a sample and what it takes"
    settings: dict[str, Any] = {"height_ratios": [1.2, 0.45], "sharex": True, "alt": alt}
    picture, axes = page.panels(
        page.heading(title, about), [["frames"], ["samples"]], 2.5, **settings
    )
    colors = [COLORS[frame % 2] for frame in which]
    axes["samples"].scatter(when, 0 * when, s=24, c=colors, label="samples", clip_on=False)
    axes["samples"].set(ylim=(-1, 1), xlabel="s")
    axes["frames"].set_ylim(0, 1.2)
    for name, panel in axes.items():
        panel.set(xlim=(start[0], end), yticks=[])
        panel.spines["left"].set_visible(False)
        panel.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    film = axes["frames"]
    film.spines["bottom"].set_visible(False)
    film.tick_params(bottom=False)
    picture.draw_without_rendering()  # what is written on a bar needs to know the bar's size
    wide, high = np.divide(film.get_window_extent().size, page.SCREEN_DPI)  # inches
    per_second = wide / (end - start[0])
    for i, (begin, seconds) in enumerate(zip(start, length, strict=True)):
        bars = film.bar(begin, 0.3, seconds, align="edge", color=COLORS[i % 2], ec="white")
        if seconds * per_second >= SMALL:
            film.bar_label(bars, [str(i)], label_type="center", size=10, color=INK[i % 2])
        if pictures and pictures[i] is not None and seconds * per_second >= 2 * SMALL:
            pixels = np.asarray(pictures[i])
            shape = pixels.shape[0] / pixels.shape[1]
            tall = min(0.8, (seconds * per_second - 0.03) * shape)  # inches
            half, middle = tall / shape / per_second / 2, begin + seconds / 2
            place = (middle - half, middle + half, 0.36, 0.36 + 1.2 * tall / high)
            film.imshow(pixels, extent=place, aspect="auto", interpolation="antialiased")
    return picture
