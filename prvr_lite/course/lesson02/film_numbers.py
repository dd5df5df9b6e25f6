"""A film as a model reads it: its thumbnails, and under each frame that frame's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.strip import Thumbnail, strip_slots


@page.house_style
def film_numbers(
    features: object,
    duration: float,
    thumbnails: list[Thumbnail],
    *,
    title: str = "The same film, for us and for the model",
) -> page.Picture:
    """Thumbnails along the time axis, and the features under them as colours.

    Args:
        features: [T, D], one row per frame. duration: of the film, in s.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`. title: a headline.
    Returns:
        a Figure with the axes "film" and "numbers" (D rows, T columns).
    Raises:
        ValueError: features that are not a matrix, or a duration that is unknown.
    """
    rows = page.as_array(features, "features", ndim=2)
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be seconds above 0, but is {duration:g}")
    count, dim = rows.shape
    about = f"each column: the {dim} numbers of one of {count} frames (blue below 0, red above)"
    alt = f"{title}: thumbnails of a film of {duration:.1f} s, and under them, {about}."
    _, high = strip_slots(thumbnails, page.WIDTH - 2 * page.EDGE, 0.62)
    settings: dict[str, Any] = {"alt": alt, "dark": True, "height_ratios": [1.05 * high + 0.01, 2]}
    picture, axes = page.panels(
        page.heading(title, about), [["film"], ["numbers"]], high + 3.0, **settings
    )
    most = float(np.quantile(np.abs(rows), 0.98))
    place = (0, duration, dim, 0)
    look: dict[str, Any] = {"cmap": "RdBu_r", "aspect": "auto", "interpolation": "none"}
    axes["numbers"].imshow(rows.T, vmin=-most, vmax=most, extent=place, **look)
    axes["numbers"].set(yticks=[])
    sheet.time_axis(axes["numbers"])
    sheet.show_film(picture, axes["film"], thumbnails, duration)
    return picture
