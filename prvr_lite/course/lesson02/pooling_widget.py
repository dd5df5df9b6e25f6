"""Lesson 2: how the frames of a film fall into units, for films of any length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from numpy.typing import NDArray

from prvr_lite.course.sheet import Rows
from prvr_lite.course.slider import slider
from prvr_lite.plots import page

TOTALS: Final = range(8, 111)  # frames of the films in the sample, and shorter ones
SHOWN: Final = (16, 32, 41, 110)  # frames of the films that are drawn where there is no slider
ABOUT: Final = "frames above, units below; orange: a frame used once more; ×: a frame left out"


def pooling_slider(bounds: Callable[[int, int], Any], *, count: int = 32) -> Any:
    """Shows which frames become which unit: a slider over the number of frames, or static panels.

    Args:
        bounds: (number of frames, count) -> the count + 1 bounds; your own function, for instance.
        count: units.
    """

    def draw(*totals: int) -> page.Picture:
        return pooling_windows(
            {f"{t} frames, {count} units": (t, bounds(t, count)) for t in totals}
        )

    return slider(draw, values=TOTALS, label="frames", static=lambda: draw(*SHOWN), start=SHOWN[0])


@page.house_style
def pooling_windows(
    panels: Mapping[str, tuple[int, Sequence[int]]],
    *,
    title: str = "Which frames become which unit?",
) -> page.Picture:
    """Draws frames above, units below, and a ribbon from each window to its unit.

    Args:
        panels: name -> (number of frames T, bounds b_0..b_n as integers).
    Returns:
        a Figure with one axes for each panel.
    Raises:
        ValueError: bounds that fall, leave the film, or make no window; names the panel.
    """
    films = {name: (total, _windows(name, total, b)) for name, (total, b) in panels.items()}
    said = {name: _in_words(*film) for name, film in films.items()}
    told = [
        f"{name}: {total} frames into {len(windows)} units, {said[name]}"
        for name, (total, windows) in films.items()
    ]
    head, mosaic, high = page.heading(title, ABOUT), [[name] for name in films], 1.2 * len(films)
    picture, axes = page.panels(head, mosaic, high + 0.15, alt=f"{title} {'; '.join(told)}.")
    for name, film in films.items():
        _draw(axes[name], *film)
        axes[name].set_title(name, size=11, parse_math=False)
        axes[name].set_title(said[name], loc="right", size=10.5, weight="normal", color=page.SOFT)
    return picture


def _windows(name: str, total: int, bounds: Sequence[int]) -> Rows:
    """Returns [start, stop) of each window, [n, 2]; an empty window takes frame `start`."""
    whole = np.array([int(bound) for bound in bounds])
    inside = len(whole) >= 2 and whole[0] >= 0 and whole[-1] <= total and whole[-2] < total
    page.require(
        inside and (np.diff(whole) >= 0).all(),
        f"{name!r}: bounds {whole.tolist()} make no windows of {total} frames. To fix it: give two "
        f"or more numbers from 0 to {total}, none smaller than the one before it, and begin the "
        f"last window before {total}.",
    )
    return np.stack([whole[:-1], np.maximum(whole[1:], whole[:-1] + 1)], axis=1)


def _repeated(windows: Rows) -> NDArray[np.bool_]:
    """Returns for each window whether one of its frames was in an earlier window too, [n]."""
    return np.array(windows[:, 0] < [0, *windows[:-1, 1]])


def _unused(total: int, windows: Rows) -> Rows:
    """Returns the frames that lie in no window."""
    return np.setdiff1d(range(total), np.concatenate([np.arange(*window) for window in windows]))


def _in_words(total: int, windows: Rows) -> str:
    """Returns in words how many frames are left out, and how many windows repeat a frame."""
    lost, again = len(_unused(total, windows)), _repeated(windows).sum()
    left_out = f"{lost} left out (×)" if lost else "every frame enters"
    return f"{left_out}, {again} repeated" if again else left_out


def _draw(axes: Axes, total: int, windows: Rows) -> None:
    """Draws frames above units over the same width, and joins each unit to its window of frames."""
    (start, stop), unused = windows.T / total, _unused(total, windows)
    units = np.arange(len(windows) + 1) / len(windows)
    turns = np.resize([page.BLUE, page.SKY], len(windows))
    colors = np.where(_repeated(windows), page.ORANGE, turns)
    box: dict[str, Any] = {"align": "edge", "ec": "white", "lw": 0.6}
    paints: list[Any] = [page.RULE] * total
    for (first, end), color in zip(windows, colors, strict=True):
        paints[first:end] = [to_rgba(color, 0.55)] * (end - first)
    frames = axes.bar(np.arange(total) / total, 0.22, 1 / total, 0.78, color=paints, **box)
    boxes = axes.bar(units[:-1], 0.22, 1 / len(windows), color=colors, **box)
    for i, color in enumerate(colors):
        left, right = (units[i], start[i]), (units[i + 1], stop[i])
        axes.fill_betweenx([0.22, 0.78], left, right, color=color, lw=0, alpha=0.4, label="window")
    for frame in unused:
        place = (frame + 0.5) / total
        cross: dict[str, Any] = {"ms": 7, "mew": 2, "color": page.VERMILION, "clip_on": False}
        axes.plot(place, 0.89, "x", label="left out", **cross)
    for bars, skipped in ((frames, unused), (boxes, [])):
        if len(bars) <= 24:
            numbers = ["" if i in skipped else str(i) for i in range(len(bars))]
            labels = axes.bar_label(bars, numbers, label_type="center", size=10)
            for label, bar in zip(labels, bars, strict=True):
                dark = bar.get_facecolor() == to_rgba(page.BLUE)
                label.set_color("white" if dark else page.INK)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
