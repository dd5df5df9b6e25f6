"""A film as a model reads it: its thumbnails, and under each frame that frame's numbers."""

from __future__ import annotations

import numpy as np

from prvr_lite.plots import page
from prvr_lite.plots.strip import CHALK, HAZE, NIGHT, Thumbnail, draw_strip, strip_slots

HIGH, AXIS = 2.0, 0.6  # inches of the numbers, and of the time axis


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
        features: [T, D], one row a frame. duration: of the film, in s.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`. title: a headline.
    Returns:
        a Figure with the axes "film" and "numbers" (D rows, T columns).
    Raises:
        ValueError: features that are no matrix, or a duration that is unknown.
    """
    rows = page.as_array(features, "features", ndim=2)
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be seconds above 0, but is {duration:g}")
    count, dim = rows.shape
    about = f"each column: the {dim} numbers of one of {count} frames (blue below 0, red above)"
    head = page.heading(title, about)
    room = page.WIDTH - 2 * page.EDGE
    slots, high = strip_slots(thumbnails, room, 0.62)
    page_height = head.height + 0.15 + high + 0.06 + HIGH + AXIS
    alt = f"{title}: thumbnails of a film of {duration:.1f} s, and under them, {about}."
    picture = page.new_picture(page.WIDTH, page_height, alt=alt, facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    left, width = page.EDGE / page.WIDTH, room / page.WIDTH
    foot = (AXIS + HIGH + 0.06) / page_height
    film = picture.add_axes((left, foot, width, high / page_height), label="film")
    draw_strip(film, thumbnails, slots, (0, duration))
    axes = picture.add_axes((left, AXIS / page_height, width, HIGH / page_height), label="numbers")
    most = float(np.quantile(np.abs(rows), 0.98))
    axes.imshow(
        rows.T,
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
        aspect="auto",
        interpolation="none",
        extent=(0, duration, dim, 0),
    )
    axes.set(yticks=[])
    axes.set_xlabel("time in the film (s)", color=CHALK)
    axes.tick_params(axis="x", colors=HAZE, labelcolor=CHALK)
    return picture
