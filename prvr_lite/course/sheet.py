"""What several lesson pictures share: panels in rows, names, a film and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from prvr_lite.plots import page, strip
from prvr_lite.plots.strip import Span, Thumbnail

Rows = NDArray[np.int64]
FILM = 0.62  # inches: the height of a film on a page, and of a row of it


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


def timeline(
    head: page.Heading,
    rows: Mapping[str, float],
    *,
    alt: str,
    duration: float,
    thumbnails: Sequence[Thumbnail] = (),
    moment: Span | None = None,
    left: float = 1.2,
) -> tuple[page.Picture, dict[str, Axes]]:
    """Returns a dark page of panels on one time axis, among them the film as thumbnails.

    Its callers have the night style.

    Args:
        rows: height of each panel in inches; "film" is left out if there are no thumbnails.
        duration: of the film in s. thumbnails: (time in s, image bytes).
        moment: what the thumbnails should show. left: inches for the names of the rows.
    """
    heights = {name: high for name, high in rows.items() if thumbnails or name != "film"}
    picture, axes = page.panels(
        head,
        [[name] for name in heights],
        sum(heights.values()) + 0.08 * len(heights) + 0.7,
        alt=alt,
        dark=True,
        left=left,
        sharex=True,
        height_ratios=list(heights.values()),
    )
    for panel in axes.values():
        panel.set(xlim=(0, duration), yticks=[], facecolor=page.RAIL)
        panel.tick_params(bottom=False)
    picture.axes[-1].set_xlabel("time in the film (s)")
    if "film" in axes:
        names(axes["film"], {"film": 0.5})
        show_film(picture, axes["film"], thumbnails, duration, moment)
    return picture, axes


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
    strip.draw_strip(axes, thumbnails, None, (0, extent), moment)
