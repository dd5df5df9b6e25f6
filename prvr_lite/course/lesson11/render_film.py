"""Little video files for lesson 11, rendered from the thumbnails of the sample's films."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prvr_lite.data.dataset import Dataset
from prvr_lite.plots.strip import Thumbnail, decode, timed_thumbnails

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
    duration = float(dataset.duration[video])
    pictures = timed_thumbnails(dataset.thumbnails(video), duration)
    if not pictures:
        raise ValueError(f"{dataset.video_id[video]} has no thumbnails: take a film of val or test")
    pictures = pictures if keep is None else [pictures[i] for i in keep]
    pictures.append((max(duration, pictures[-1][0] + 2 * STILL) - STILL, pictures[-1][1]))
    shown = [0.0, *(time for time, _ in pictures[1:])]  # the first from the start
    _write(Path(path), shown, [_stored(one, rotation) for one in pictures], rotation)
    return [round(time, 3) for time in shown]


def _stored(thumbnail: Thumbnail, rotation: int) -> NDArray[np.uint8]:
    """Returns the pixels as they lie in the file: turned against the rotation of the player."""
    picture = Image.fromarray(decode(thumbnail)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.rot90(np.asarray(picture), -rotation // 90))


def _write(
    path: Path, shown: Sequence[float], pictures: Sequence[NDArray[np.uint8]], rotation: int
) -> None:
    av: Any = import_module("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": "18"}
        stream.time_base = stream.codec_context.time_base = TICK
        if rotation:
            stream.set_display_rotation(rotation)
        for time, pixels in zip(shown, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(time / TICK), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
