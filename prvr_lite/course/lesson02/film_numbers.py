"""A film as a model reads it: its thumbnails, and under each frame that frame's numbers."""

from __future__ import annotations

import numpy as np

from prvr_lite.plots.canvas import WIDTH, Picture, as_array, house_style, new_picture
from prvr_lite.plots.heading import EDGE, heading
from prvr_lite.plots.strip import CHALK, HAZE, NIGHT, Thumbnail, draw_strip, strip_slots

HIGH, AXIS = 2.0, 0.6  # inches of the numbers, and of the time axis


@house_style
def film_numbers(
    features: object,
    duration: float,
    thumbnails: list[Thumbnail],
    *,
    title: str = "The same film, for us and for the model",
) -> Picture:
    """Thumbnails along the time axis, and the features under them as colours.

    Args:
        features: [T, D], one row a frame. duration: of the film, in s.
        thumbnails: (time in s, image bytes), see `timed_thumbnails`. title: a headline.
    Returns:
        a Figure with the axes "film" and "numbers" (D rows, T columns).
    Raises:
        ValueError: features that are no matrix, or a duration that is unknown.
    """
    rows = as_array(features, "features", ndim=2)
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be seconds above 0, but is {duration:g}")
    count, dim = rows.shape
    about = f"each column: the {dim} numbers of one of {count} frames (blue below 0, red above)"
    head = heading(title, about)
    room = WIDTH - 2 * EDGE
    slots, high = strip_slots(thumbnails, room, 0.62)
    page = head.height + 0.15 + high + 0.06 + HIGH + AXIS
    alt = f"{title}: thumbnails of a film of {duration:.1f} s, and under them, {about}."
    picture = new_picture(WIDTH, page, alt=alt, facecolor=NIGHT)
    head.draw(picture, color=CHALK, soft=HAZE)
    left, width = EDGE / WIDTH, room / WIDTH
    foot = (AXIS + HIGH + 0.06) / page
    film = picture.add_axes((left, foot, width, high / page), label="film")
    draw_strip(film, thumbnails, slots, (0, duration))
    axes = picture.add_axes((left, AXIS / page, width, HIGH / page), label="numbers")
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
