"""Little video files for lesson 11, rendered from the thumbnails of the sample's films."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any, Final

from PIL import Image

from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.ranked_video import video_thumbnails
from prvr_lite.plots.strip import decode

TICK: Final = Fraction(1, 1000)  # s, the clock of a rendered file
SIDE: Final = 160  # pixels, as the films that were drawn; thumbnails have 64
STILL: Final = 0.25  # s: the last picture is written again this long before the end


def render_film(
    dataset: Dataset,
    video: int,
    path: str | os.PathLike[str],
    *,
    keep: Sequence[int] | None = None,
    rotation: int = 0,
) -> list[float]:
    """Writes a film's thumbnails as an MP4 file of the film's length; returns their times.

    Each picture is held until the next one, so that the frame rate varies, as that of telephones
    and screen recordings does. The last one is written twice, to tell the file's length.

    Args:
        video: row of a film that has thumbnails.
        keep: which of its thumbnails are written, ascending; None: all.
        rotation: degrees counterclockwise that a player must turn the stored pictures by.

    Returns:
        Seconds from which each frame is shown, the first from 0.

    Raises:
        ValueError: the film has no thumbnails.
        ModuleNotFoundError: PyAV is not installed.
    """
    pictures = video_thumbnails(dataset, video)
    if not pictures:
        raise ValueError(f"{dataset.video_id[video]} has no thumbnails: take a film of val or test")
    pictures = pictures if keep is None else [pictures[i] for i in keep]
    end = max(float(dataset.duration[video]), pictures[-1][0] + 2 * STILL)
    pictures = [(0.0, pictures[0][1]), *pictures[1:], (end - STILL, pictures[-1][1])]
    av: Any = import_module("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": "18"}
        stream.time_base = stream.codec_context.time_base = TICK
        if rotation:
            stream.set_display_rotation(rotation)
        for thumbnail in pictures:
            image = Image.fromarray(decode(thumbnail)).resize(
                (SIDE, SIDE), Image.Resampling.LANCZOS
            )
            frame = av.VideoFrame.from_image(image.rotate(-rotation))  # against the player's
            frame.pts, frame.time_base = round(thumbnail[0] / TICK), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return [round(time, 3) for time, _ in pictures]
