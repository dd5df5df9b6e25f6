"""Small real video files, made with PyAV, whose every frame shows its own number."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

av: Any = pytest.importorskip("av")
WIDTH, HEIGHT, BITS = 96, 64, 8  # stripes of 12 pixels: they survive any compression
TICK = Fraction(1, 1000)  # s
Pixels = NDArray[np.uint8]


def picture(number: int) -> Pixels:
    """RGB [64, 96, 3]: eight stripes, bright where the bit of ``number`` is set, red at the top.

    The upper quarter is red, so that a turned picture can be told from an upright one.
    """
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8)
    row = np.repeat(20 + 200 * bits, WIDTH // BITS).astype(np.uint8)  # [96]
    pixels = np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)).copy()
    pixels[: HEIGHT // 4] = [220, 20, 20]
    return pixels


def number_of(pixels: Pixels) -> int:
    """The number that :func:`picture` drew, read off the stripes."""
    middle = pixels[HEIGHT // 2 :, :, 1].mean(0).reshape(BITS, -1)  # [8, 12] green
    return sum(1 << bit for bit, stripe in enumerate(middle[:, 3:-3].mean(1)) if stripe > 120)


def make_video(
    path: Path,
    times: Sequence[float],
    *,
    codec: str = "libx264",
    rotation: int = 0,
    matrix: Sequence[int] | None = None,
    aspect: Fraction | None = None,
    offset: float = 0.0,
    sound: bool = False,
    pictures: Sequence[Pixels] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video whose frame i is shown from ``times[i]`` seconds on.

    Args:
        rotation: degrees counterclockwise, written as display matrix.
        matrix: the whole display matrix, instead of a rotation; not every PyAV can write it.
        aspect: width of a pixel / its height.
        offset: seconds at which the file's clock starts.
        pictures: other pictures than the numbered ones, of even width and height.
        options: of the container, such as movflags.
    """
    pictures = [picture(i) for i in range(len(times))] if pictures is None else pictures
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TICK
        if rotation:
            stream.set_display_rotation(rotation)
        if matrix is not None:
            stream.set_display_matrix(matrix)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "crf": "18"}
        else:
            stream.options = {"deadline": "realtime", "cpu-used": "8", "crf": "20"}
        track = container.add_stream("aac", rate=16_000) if sound else None
        for time, pixels in zip(times, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round((time + offset) / TICK), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None:
            _add_sound(container, track, times[-1])
    return path


def make_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file with sound and no pictures."""
    with av.open(str(path), "w") as container:
        _add_sound(container, container.add_stream("aac", rate=16_000), seconds)
    return path


def _add_sound(container: Any, track: Any, seconds: float) -> None:
    tone = np.sin(np.arange(1024) * 0.2).astype(np.float32)[None]  # [1, 1024]
    for block in range(int(seconds * 16_000 / 1024) + 1):
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, block * 1024, Fraction(1, 16_000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def even_times(seconds: float, fps: float) -> list[float]:
    """Times of the frames of a film with a constant rate."""
    return [i / fps for i in range(round(seconds * fps))]
