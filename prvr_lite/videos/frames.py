"""Reads the frames of a video file at a chosen rate, through PyAV (FFmpeg), one frame at a time.

PyAV is optional: ``pip install "prvr-lite[video]"``.
"""

from __future__ import annotations

import math
import os
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from prvr_lite.files import FileFormatError, needed
from prvr_lite.videos.clock import Clock
from prvr_lite.videos.matroska import is_whole_matroska

Pixels = NDArray[np.uint8]
FPS: Final = 0.001, 1000.0  # frames per second: the least and the most
SHORTFALL: Final = 2.0, 0.1  # seconds, share of the declared length that may be missing at the end
LEAST_ASPECT: Final = Fraction(1, 10)  # of a pixel; a narrower one, or a flatter one, is an error


class VideoError(FileFormatError):
    """A file gives no frames, or not all of them; the message says in one line which and why.

    Attributes:
        reason: the message without the path.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[VideoError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


class VideoWarning(UserWarning):
    """A file's frames were read, but not all as the file says; the message says what and where."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about its pictures; nothing is decoded for it.

    Attributes:
        duration: seconds; NaN where the file does not say.
        width, height: pixels as stored, before any rotation.
        codec: its name in FFmpeg.
    """

    duration: float
    width: int
    height: int
    codec: str


def probe_video(path: str | os.PathLike[str]) -> VideoInfo:
    """Reads a video's duration in s, its width and height in pixels, and its codec.

    Raises the errors of :func:`read_frames`.
    """
    with _opened(Path(path)) as (container, stream):
        context = stream.codec_context
        seconds = _stream_seconds(container, stream)
        if math.isnan(seconds):
            seconds = _container_seconds(container)
        return VideoInfo(seconds, context.width, context.height, context.name)


def read_frames(path: str | os.PathLike[str], fps: float = 1.0) -> Iterator[tuple[float, Pixels]]:
    """Yields the frames shown at 0, 1/fps, 2/fps, … seconds, up to the end of the video.

    The frame shown at t is the last one whose presentation time is not after t, also where the rate
    of the file varies. Where the file has fewer than ``fps`` frames per second, frames repeat. Time
    0 is the first frame, also if the file's clock starts elsewhere. Where the clock steps back, as
    in two recordings that were joined, or jumps ahead, as where a camera's time was set, the frames
    after it follow on (:class:`Clock` says when); a ``VideoWarning`` says so once, at the end.

    Frames are as a viewer shows them: turned and mirrored as the file says (its display matrix),
    and with square pixels: where it says that its pixels are twice as wide as high, a frame becomes
    twice as wide. Frames are decoded when they are asked for, so a file of any length needs the
    memory of a few frames.

    Args:
        path: a file that FFmpeg can read.
        fps: how many frames per second to take.

    Yields:
        Seconds since the first frame, and the frame, RGB [height, width, 3] uint8.

    Raises:
        FileNotFoundError: there is no such file.
        VideoError: the file is empty, is damaged, is not a video, or has sound but no pictures;
            while iterating also: it ends before its declared end.
        ValueError: ``fps`` is outside ``FPS``.
        ModuleNotFoundError: PyAV is not installed.
    """
    check_fps(fps)
    return _frames(Path(path), fps)


def check_fps(fps: float) -> None:
    """Raises a ValueError where a video can't be read at so many frames per second."""
    low, high = FPS
    if not low <= fps <= high:
        raise ValueError(f"fps={fps}: give a number above 0, from {low} to {high} per second")


def _frames(path: Path, fps: float) -> Iterator[tuple[float, Pixels]]:
    rate = Fraction(fps).limit_denominator(10**6)  # exact: a frame due at 1 s is not late by 1e-16
    with _opened(path) as (container, stream):
        clock = Clock(1 / Fraction(stream.average_rate or stream.guessed_rate or 25))
        shown: Any = None  # the frame on the screen until `start`, when the next one comes
        start, taken = Fraction(0), 0
        for frame, start in _timed(path, container, stream, clock):
            if shown is not None and taken / rate < start:
                pixels = _as_shown(shown, stream.sample_aspect_ratio)
                while taken / rate < start:
                    yield float(taken / rate), pixels
                    taken += 1
            shown = frame
        if not start:
            raise VideoError(path, "no frame could be decoded: it is damaged, or is not a video")
        _check_end(path, container, stream, clock)
        for note in clock.notes():
            warnings.warn(f"{path}: {note}", VideoWarning, stacklevel=2)


def _timed(path: Path, container: Any, stream: Any, clock: Clock) -> Iterator[tuple[Any, Fraction]]:
    """Yields frames, each with the second from which it is shown; at last None and the end."""
    try:
        for packet in container.demux([stream, *container.streams.audio[:1]]):
            if packet.stream.index != stream.index:
                if packet.pts is not None:
                    unit = Fraction(packet.time_base)
                    clock.hear(packet.pts * unit, (packet.duration or 0) * unit)
                continue
            for frame in packet.decode():
                unit = Fraction(frame.time_base or stream.time_base)
                time = None if frame.pts is None else frame.pts * unit
                yield frame, clock.start(time, (frame.duration or 0) * unit)
    except _ffmpeg_error() as error:
        where = f"can't be decoded past {float(clock.end):.1f} s"
        raise VideoError(path, f"{where} ({_ffmpeg_reason(error)}): copy it again") from error
    yield None, clock.finish()


def _check_end(path: Path, container: Any, stream: Any, clock: Clock) -> None:
    """Refuses a file whose pictures end before the file says, in the file's own times."""
    if not _is_declared(container):
        return
    begins = _begins(container, stream)
    end, declared = float(clock.pictures_end) - begins, _stream_seconds(container, stream)
    if math.isnan(declared):  # then sound may be what ends last
        end = max(end, float(clock.sound_end) - begins)
        declared = _container_seconds(container)
    seconds, share = SHORTFALL
    if end < declared - max(seconds, share * declared) and not is_whole_matroska(path):
        raise VideoError(path, f"breaks off at {end:.1f} s of {declared:.1f} s: copy it again")


def _as_shown(frame: Any, aspect: Fraction | None) -> Pixels:
    """Returns the frame as a viewer shows it: upright RGB [height, width, 3] of square pixels.

    Args:
        aspect: width of a stored pixel / its height; None: unknown, so they are square.
    """
    if not aspect or not LEAST_ASPECT <= aspect <= 1 / LEAST_ASPECT:
        aspect = Fraction(1)
    square = frame.reformat(width=max(round(frame.width * aspect), 1), format="rgb24")
    return oriented(square.to_ndarray(), frame.side_data.get("DISPLAYMATRIX"))


def oriented(pixels: Pixels, matrix: Any) -> Pixels:
    """Turns and mirrors a picture [height, width, 3] as a display matrix says; None: not at all.

    The matrix has nine integers, a b u, c d v, x y w: the pixel in column p and row q is shown in
    column a p + c q and row b p + d q. All that cameras write are the eight ways to lay a sheet on
    a table with its edges parallel to the table's; others are rounded to one of these.
    """
    if matrix is None:
        return pixels
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, a, d = pixels.swapaxes(0, 1), c, b  # column q becomes row p
    columns, rows = (slice(None, None, -1 if number < 0 else 1) for number in (a, d))
    return np.ascontiguousarray(pixels[rows, columns])


def _stream_seconds(container: Any, stream: Any) -> float:
    """Returns the second at which the file says the pictures end; NaN where it does not say so."""
    if _is_matroska(container):  # FFmpeg gives the length of the whole file for the stream's
        said = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", _duration_tag(stream))
        return float(said[1]) * 3600 + float(said[2]) * 60 + float(said[3]) if said else math.nan
    return float(stream.duration * stream.time_base) if stream.duration else math.nan


def _duration_tag(stream: Any) -> str:
    """Returns what FFmpeg ("DURATION") and mkvmerge ("DURATION-eng") note about a stream."""
    return next((v for k, v in stream.metadata.items() if k.upper().startswith("DURATION")), "")


def _container_seconds(container: Any) -> float:
    """Returns the length of the file in seconds; NaN where it does not say so.

    FFmpeg counts it in microseconds.
    """
    return float(container.duration / 1_000_000) if container.duration else math.nan


def _begins(container: Any, stream: Any) -> float:
    """Returns the time of the file, in seconds, from which it counts its lengths."""
    if _is_matroska(container) or stream.start_time is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _is_matroska(container: Any) -> bool:
    return "matroska" in container.format.name


def _is_declared(container: Any) -> bool:
    """Returns whether the file states its lengths; else FFmpeg derives them from the last times."""
    return container.format.name not in ("mpegts", "mpeg", "ogg")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yields the container and its first stream of moving pictures."""
    av = _pyav()
    if path.is_dir():
        raise VideoError(path, "is a folder, not a video file")
    if path.stat().st_size == 0:
        raise VideoError(path, "is empty")
    try:
        container = av.open(str(path))
    except _ffmpeg_error() as error:
        reason = f"is damaged, cut off, or no video ({_ffmpeg_reason(error)})"
        raise VideoError(path, reason) from error
    with container:
        # a song's cover is a stream of one picture, marked so
        streams = [s for s in container.streams.video if not _is_cover(s)]
        if not streams:
            what = "has sound but no pictures" if container.streams.audio else "has no pictures"
            raise VideoError(path, what)
        stream = streams[0]
        if stream.codec_context is None:
            raise VideoError(path, "its codec is unknown to this FFmpeg: convert it to H.264")
        stream.thread_type = "AUTO"
        yield container, stream


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(stream.disposition).lower()


def _pyav() -> Any:
    with needed('reading video files needs PyAV: pip install "prvr-lite[video]"'):
        return import_module("av")


def _ffmpeg_error() -> type[Exception]:
    return _pyav().error.FFmpegError  # type: ignore[no-any-return]


def _ffmpeg_reason(error: Exception) -> str:
    """Returns the reason that FFmpeg gives, without its error number and the path."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
