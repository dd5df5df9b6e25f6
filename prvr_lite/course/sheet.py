"""What several lesson pictures put on their page: rows of panels, names, the time, a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from prvr_lite.plots import page, strip
from prvr_lite.plots.page import CHALK, HAZE
from prvr_lite.plots.strip import Span, Thumbnail


def in_rows(names: Sequence[str], columns: int) -> list[list[str]]:
    """Returns the mosaic of equal panels, `columns` side by side; the last row may have gaps."""
    across = min(columns, len(names))
    padded = [*names, *["."] * (-len(names) % across)]
    return [padded[i : i + across] for i in range(0, len(padded), across)]


def names(axes: Axes, places: Mapping[str, float]) -> None:
    """Writes names to the left of a dark panel, each at a share of its height; no panel moves."""
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
    """Fills a panel with a film's thumbnails; call it last, as it needs the panel's final size.

    Args:
        extent: length of the time axis. moment: what the thumbnails should show, if they can.
    """
    picture.draw_without_rendering()
    width, height = axes.get_window_extent().size
    slots, _ = strip.strip_slots(thumbnails, width, 0.9 * height)
    strip.draw_strip(axes, thumbnails, slots, (0, extent), moment)
