"""Lines that are named where they end, instead of in a legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from prvr_lite.plots import page

Line = tuple[str, str, page.Array, page.Array]  # name, colour, x, y


def draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """The lines on a light grid; on a log axis where they differ twentyfold."""
    for name, color, x, y in lines:
        axes.plot(x, y, color=color, label=name, marker="o" if len(x) == 1 else "")
    values = np.concatenate([line[3] for line in lines])
    if values.min() > 0 and values.max() > 20 * values.min():
        axes.set_yscale("log")
        if values.max() < 100 * values.min():  # powers of ten alone would leave one tick
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y")


def label_ends(axes: Axes, lines: Sequence[Line], *, size: float = 11) -> None:
    """Name each line at its right end, moved apart where names would overlap.

    Call it when the axes have their final place and limits.
    """
    ends = [axes.transData.transform((line[2][-1], line[3][-1]))[1] for line in lines]
    box = axes.bbox
    tallest = max(1 + line[0].count("\n") for line in lines)
    gap = (1.2 * tallest + 0.15) * size / 72 / axes_inches(axes)
    heights = page.apart([(y - box.y0) / box.height for y in ends], gap, 0.0, 1.0)
    for (name, color, _, _), y in zip(lines, heights, strict=True):
        axes.annotate(
            name,
            (1, y),
            xycoords="axes fraction",
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=color,
            size=size,
            weight="bold",
            annotation_clip=False,
            parse_math=False,
        )


def axes_inches(axes: Axes) -> float:
    """Height of the panel in inches."""
    figure = axes.get_figure()
    assert figure is not None
    return float(axes.get_position().height * figure.bbox.height / figure.dpi)
