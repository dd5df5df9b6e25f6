"""Frames of a video as bars in time, and below them the moments at which it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from prvr_lite.plots import page

COLORS: Final = (page.SKY, page.ORANGE)  # of frames, in turn
SMALL: Final = 0.17  # inches of the shortest bar that is numbered


@page.house_style
def frame_times(
    pictures: Sequence[Any], shown: object, end: float, at: object, taken: object, counted: object
) -> page.Picture:
    """Draws which frame each sample takes, by its time and by counting, below the thumbnails.

    A thumbnail is drawn where there is room for it.

    Args:
        pictures: of each of the T frames, RGB [h, w, 3], or None.
        shown: [T] s, ascending, from which each frame is on the screen. end: of the video, s.
        at: [S] s, when the video is sampled. taken: [S] the frame that each sample takes.
        counted: [S] the frame that counting would take; wrong ones are crosses.
    Returns:
        a Figure with the axes "frames" and "samples"; its dots are "samples" and "counted", the
        crosses "wrong".
    Raises:
        ValueError: times that do not ascend, or numbers that do not pair up.
    """
    start, when = page.finite(shown, "shown"), page.finite(at, "at")
    frames: dict[str, Any] = {"shape": when.shape, "low": 0, "high": len(start) - 1}
    which = page.finite(taken, "taken", **frames).astype(int)
    other = page.finite(counted, "counted", **frames).astype(int)
    wrong = other != which
    length = page.finite(np.diff([*start, end]), "time from a frame to the next", above=0)
    alt = (
        f"{len(start)} frames from {start[0]:g} to {end:g} s, each on the screen until the next; "
        f"{len(when)} samples take the frames {', '.join(map(str, which))}; "
        f"by counting, {wrong.sum()} of them take a wrong one."
    )
    head = page.heading(
        "A frame stays on the screen until the next one comes",
        "bar: a frame, as long as it is shown; dot: a sample's frame; ×: a wrong frame",
    )
    settings: dict[str, Any] = {"height_ratios": [1.2, 0.5], "sharex": True, "alt": alt}
    picture, axes = page.panels(head, [["frames"], ["samples"]], 2.6, **settings)
    film, samples = axes["frames"], axes["samples"]
    colors = np.array([COLORS[frame % 2] for frame in range(len(start))])
    dots = {"samples": (which, which >= 0), "counted": (other, ~wrong), "wrong": (other, wrong)}
    for label, (frame, here) in dots.items():
        look: dict[str, Any] = {
            "c": colors[frame[here]],
            "marker": "x" if label == "wrong" else "o",
        }
        row = np.full(here.sum(), label != "samples")
        samples.scatter(when[here], row, s=24, clip_on=False, label=label, **look)
    samples.set(xlim=(start[0], end), ylim=(1.7, -0.7), xlabel="time (s)")
    bars = film.bar(start, 0.3, length, align="edge", color=colors, ec="white")
    film.set(ylim=(0, 1.2), yticks=[0.6], yticklabels=["frames"])
    film.spines[:].set_visible(False)
    film.tick_params(length=0, pad=8)
    samples.set_yticks([0, 1], ["by time", "by counting"])
    samples.spines["left"].set_visible(False)
    samples.tick_params(axis="y", length=0, pad=8)
    picture.draw_without_rendering()  # what stands on a bar needs to know the bar's size
    inches = np.divide(film.get_window_extent().size, page.SCREEN_DPI)
    across, up = inches / (end - start[0], 1.2)  # of a second, and of a unit of y
    numbers = [str(i) if seconds * across >= SMALL else "" for i, seconds in enumerate(length)]
    film.bar_label(bars, numbers, label_type="center", size=10, color=page.INK)
    for pixels, begin, seconds in zip(pictures, start, length, strict=True):
        if pixels is not None and seconds * across >= 2 * SMALL:
            _draw_thumbnail(film, np.asarray(pixels), (begin, seconds), (across, up))
    return picture


def _draw_thumbnail(
    axes: Axes, rgb: page.Array, bar: tuple[float, float], inches: tuple[float, float]
) -> None:
    """Draws a thumbnail above the middle of its bar (start and length, s), as wide as fits.

    Args:
        inches: of a second, and of a unit of y.
    """
    (begin, seconds), (across, up) = bar, inches
    shape = rgb.shape[0] / rgb.shape[1]
    tall = min(0.8, (seconds * across - 0.03) * shape)
    half, middle = tall / shape / across / 2, begin + seconds / 2
    place = (middle - half, middle + half, 0.36, 0.36 + tall / up)
    axes.imshow(rgb, extent=place, aspect="auto", interpolation="antialiased")
