"""A video as a strip of thumbnails along its time axis."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from prvr_lite.plots import page

Thumbnail = tuple[float, bytes]  # when (s), and the JPEG, PNG or WebP file as bytes
Span = tuple[float, float]  # [start, end] in seconds


def timed_thumbnails(thumbnails: Sequence[bytes], duration: float) -> list[Thumbnail]:
    """Returns each frame's thumbnail with its time, without the frames that have none.

    Args:
        thumbnails: one entry per frame, `b""` where there is none (as `Dataset.thumbnails` gives).
        duration: of the video, in s; NaN if unknown (then times count frames).
    Returns:
        (time in s, image bytes) of each frame that has one; frame i of T lies at (i + ½)/T.
    """
    count = len(thumbnails)
    step = duration / count if count and math.isfinite(duration) else 1.0
    return [((i + 0.5) * step, image) for i, image in enumerate(thumbnails) if image]


def decode(thumbnail: Thumbnail) -> NDArray[np.uint8]:
    """Returns the pixels [height, width, 3] of one thumbnail.

    Raises:
        ValueError: if the bytes are not an image, naming the thumbnail's time.
    """
    time, data = thumbnail
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, TypeError) as error:
        raise ValueError(f"the thumbnail at {time:g} s is not a picture: {error}") from error


def draw_strip(
    axes: Axes,
    thumbnails: Sequence[Thumbnail],
    slots: int | None,
    span: Span,
    moment: Span | None = None,
) -> list[tuple[float, float, float]]:
    """Draws the strip over [start, end] of `span`, cut into equal slots.

    A slot shows the thumbnail nearest its middle (one of the `moment`, if it has one), as near its
    time as it can, or stays empty if the video has none there.

    Args:
        slots: None: as many as fit into the panel, whose layout must be settled.
    Returns:
        (time, left edge, right edge) of each thumbnail that is shown.
    """
    width, height = axes.bbox.size
    if slots is None:
        rows, columns, _ = decode(thumbnails[0]).shape if thumbnails else (1, 1, 3)
        slots = max(1, min(len(thumbnails), round(width / height * rows / columns)))
    (first, last), shown = moment or span, []
    axes.axvspan(*span, color=page.RAIL, lw=0, zorder=-1)
    for start, end in pairwise(np.linspace(*span, slots + 1).tolist()):
        inside = [item for item in thumbnails if start <= item[0] < end]
        inside = [item for item in inside if first <= item[0] < last] or inside
        if not inside:
            continue
        middle = (start + end) / 2
        time, _ = chosen = min(inside, key=lambda item: abs(item[0] - middle))
        image = decode(chosen)
        rows, columns, _ = image.shape
        scale = min(width / slots / columns, height / rows)  # the whole thumbnail, never cropped
        half_x = 0.985 * columns * scale * slots / width * (end - start) / 2  # a hair apart
        half_y = rows * scale / height / 2
        if half_x < 0.45 * (end - start):  # room to stand where it belongs
            middle = min(max(time, start + half_x), end - half_x)
        box = middle - half_x, middle + half_x, 0.5 - half_y, 0.5 + half_y
        axes.imshow(image, extent=box, aspect="auto", interpolation="antialiased")
        shown.append((time, *box[:2]))
    axes.set(xlim=span, ylim=(0, 1))
    axes.axis("off")
    return shown


def veil(axes: Axes, lit: Span | None, extent: float) -> None:
    """Darkens a strip outside the span that is `lit`; does nothing if there is none."""
    for start, end in ((0.0, lit[0]), (lit[1], extent)) if lit else ():
        # a little beyond the strip, whose images are rounded outwards to whole pixels
        axes.axvspan(start, end, -0.03, 1.03, color=page.NIGHT, alpha=0.62, lw=0, clip_on=False)


def outline(axes: Axes, moment: Span | None) -> None:
    """Frames the true moment on a dark panel; does nothing if it is unknown."""
    if moment:
        axes.axvspan(*moment, fill=False, ec=page.SPOT, lw=1.8, label="moment", zorder=4)


def name_row(axes: Axes, y: float, name: str) -> None:
    """Writes the name of a row in the left margin."""
    style = {"ha": "right", "va": "center", "size": 10.5, "color": page.CHALK}
    page.write(axes, name, (0, y), (-7, 0), at="axes fraction", **style)
