"""A film as a model reads it: its thumbnails, and under each frame that frame's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from prvr_lite.course import sheet
from prvr_lite.plots import page
from prvr_lite.plots.strip import Thumbnail

TITLE: Final = "The same film, for us and for the model"


@page.night_style
def film_numbers(
    features: object, duration: float, thumbnails: Sequence[Thumbnail]
) -> page.Picture:
    """Draws thumbnails along the time axis, and under them the features as colours.

    Args:
        features: [T, D], one row per frame. duration: of the film, in s.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`.
    Returns:
        a Figure with the axes "film" and "numbers" (D rows, T columns).
    Raises:
        ValueError: features that are not a matrix of numbers.
    """
    rows = page.finite(features, "features", ndim=2)
    count, dim = rows.shape
    about = f"each column: the {dim} numbers of one of {count} frames (blue below 0, red above)"
    alt = f"{TITLE}: thumbnails of a film of {duration:.1f} s, and under them, {about}."
    head, shown = page.heading(TITLE, about), {"film": sheet.FILM, "numbers": 2.4}
    film: dict[str, Any] = {"duration": duration, "thumbnails": thumbnails, "left": 0.5}
    picture, axes = sheet.timeline(head, shown, alt=alt, **film)
    most = float(np.quantile(np.abs(rows), 0.98))
    look: dict[str, Any] = {"vmin": -most, "vmax": most, "aspect": "auto", "interpolation": "none"}
    axes["numbers"].imshow(rows.T, "RdBu_r", extent=(0, duration, dim, 0), **look)
    return picture
