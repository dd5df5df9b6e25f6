"""The page that lesson pictures begin with: a heading, and panels that matplotlib places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from prvr_lite.plots import page, strip
from prvr_lite.plots.strip import CHALK, HAZE, NIGHT, Span, Thumbnail


def lay_out(
    mosaic: Sequence[Sequence[str]],
    title: str,
    about: str,
    height: float,
    *,
    alt: str,
    dark: bool = False,
    gap: float = 0.08,
    left: float = 0.0,
    **settings: Any,
) -> tuple[page.Picture, dict[str, Axes]]:
    """Make a page with its heading and, below it, the panels of a mosaic.

    matplotlib's constrained layout leaves room for labels, titles and legends, whatever they say,
    so that the size of the page depends on the heading and on `height` alone.

    Args:
        mosaic: rows of panels by name, see ``Figure.subplot_mosaic``; "." is an empty place.
        title, about: the heading. height: inches below it. alt: the alt text.
        dark: a page for videos. gap: inches between two panels.
        left: inches beside the panels for `names`, on pages that follow a slider.
        settings: of ``Figure.subplot_mosaic``, such as height_ratios or sharex.
    """
    face, ink, soft = (NIGHT, CHALK, HAZE) if dark else ("white", page.INK, page.SOFT)
    head = page.heading(title, about)
    whole, edge = head.height + height, (page.EDGE - gap / 2) / page.WIDTH
    margin = left / page.WIDTH
    below = (edge + margin, 0.03 / whole, 1 - 2 * edge - margin, (height - 0.1) / whole)
    layout = ConstrainedLayoutEngine(w_pad=gap / 2, h_pad=gap / 2, hspace=0, wspace=0, rect=below)
    picture = page.new_picture(page.WIDTH, whole, alt=alt, facecolor=face, layout=layout)
    head.draw(picture, color=ink, soft=soft)
    return picture, picture.subplot_mosaic([list(row) for row in mosaic], **settings)


def in_rows(names: Sequence[str], columns: int) -> list[list[str]]:
    """The mosaic of panels of one size, `columns` side by side; the last row may have gaps."""
    across = min(columns, len(names))
    padded = [*names, *["."] * (-len(names) % across)]
    return [padded[i : i + across] for i in range(0, len(padded), across)]


def names(axes: Axes, places: Mapping[str, float]) -> None:
    """Write names left of a dark panel, at a share of its height each; they move no panel."""
    for name, y in places.items():
        strip.name_row(axes, y, name)
        axes.texts[-1].set_in_layout(False)


def time_axis(axes: Axes, label: str = "time in the film (s)") -> None:
    """Dress the time axis of a dark page."""
    axes.set_xlabel(label, color=CHALK)
    axes.tick_params(axis="x", colors=HAZE, labelcolor=CHALK)


def show_film(
    picture: page.Picture,
    axes: Axes,
    thumbnails: Sequence[Thumbnail],
    extent: float,
    moment: Span | None = None,
) -> None:
    """Fill a panel with a film's thumbnails: the last thing to draw, as it needs the panel's size.

    Args:
        extent: length of the time axis. moment: what the thumbnails should show, if they can.
    """
    picture.draw_without_rendering()
    width, height = axes.get_window_extent().size
    slots, _ = strip.strip_slots(thumbnails, width, 0.9 * height)
    strip.draw_strip(axes, thumbnails, slots, (0, extent), moment)
