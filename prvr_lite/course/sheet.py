"""What several lesson pictures put on their page: rows of panels, names, the time, a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from prvr_lite.plots import page, strip
from prvr_lite.plots.page import CHALK, HAZE
from prvr_lite.plots.strip import Span, Thumbnail


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
