"""Keeps the results of each video in a file, until the feature file of all videos is written."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.openai_clip import JointEncoder, OpenAIClipEncoder, resolved_name, unit_rows
from prvr_lite.files import replacing
from prvr_lite.videos.frames import (
    Pixels,
    VideoError,
    VideoWarning,
    check_fps,
    probe_video,
    read_frames,
)

VERSION: Final = 2  # of what a part holds and how it is computed
THUMBNAIL_SIDE: Final = 160  # pixels of the longer side
THUMBNAIL_QUALITY: Final = 75
DIGESTED: Final = 2**16  # bytes at either end of a file


@dataclass(frozen=True)
class VideoPart:
    """Holds the features of one video, as they are stored until all videos are done.

    Attributes:
        feature: [T, D] float16.
        thumbnail: T JPEG pictures.
        duration: seconds.
        notes: what was wrong with the file, a line each, although its frames could be read.
    """

    feature: NDArray[np.float16]
    thumbnail: list[bytes]
    duration: float
    notes: list[str]


def part_path(folder: Path, video: str, file: Path, **settings: Any) -> Path:
    """Returns the file of a video's results; another file when the video or any setting changes.

    A video counts as changed when its id, its time of change or its content differs.
    """
    key = json.dumps([VERSION, video, content_key(file), settings], sort_keys=True)
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def content_key(file: Path) -> tuple[int, int, str]:
    """Returns size and time of change of a file, and a digest of its beginning and its end."""
    stat = file.stat()
    with file.open("rb") as opened:
        digest = hashlib.sha256(opened.read(DIGESTED))
        opened.seek(max(stat.st_size - DIGESTED, 0))
        digest.update(opened.read(DIGESTED))
    return stat.st_size, stat.st_mtime_ns, digest.hexdigest()


def save_part(path: Path, part: VideoPart) -> None:
    """Writes the results of a video to a file, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = np.array([len(data) for data in part.thumbnail], np.int64)
    pictures = np.frombuffer(b"".join(part.thumbnail), np.uint8)
    notes = np.array(part.notes, np.str_)
    about = {"duration": np.float64(part.duration), "notes": notes}
    with replacing(path) as draft, draft.open("wb") as file:
        np.savez(file, feature=part.feature, size=sizes, picture=pictures, **about)


def load_part(path: Path) -> VideoPart | None:
    """Reads the results of a video; None if there is no file, or a damaged one."""
    try:
        with np.load(path) as stored:
            data, ends = stored["picture"].tobytes(), np.cumsum(stored["size"]).tolist()
            pictures = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
            duration, notes = float(stored["duration"]), stored["notes"].tolist()
            return VideoPart(stored["feature"], pictures, duration, notes)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


class PartMaker:
    """Finds the results of videos in a folder, or computes them; the model is loaded when needed.

    Args:
        folder: the folder in which the results are kept.
        model, fps, max_minutes, thumbnails, batch_size, device: as in ``extract_features``.

    Attributes:
        computed: how many videos had to be computed.

    Raises:
        ValueError: ``fps`` is outside ``FPS``, or ``max_minutes`` is not above 0.
    """

    def __init__(
        self,
        folder: Path,
        model: str | os.PathLike[str] | JointEncoder,
        *,
        fps: float,
        max_minutes: float = math.inf,
        thumbnails: bool = True,
        batch_size: int = 32,
        device: str = "auto",
    ) -> None:
        check_fps(fps)
        if not max_minutes > 0:
            raise ValueError(f"max_minutes={max_minutes}: give a number above 0")
        self.folder, self.computed = folder, 0
        self.fps, self.max_minutes, self.thumbnails = fps, max_minutes, thumbnails
        self._load: Callable[[], JointEncoder]
        if isinstance(model, str | os.PathLike):
            self.model = resolved_name(model)
            self._load = partial(OpenAIClipEncoder, model, device=device, batch_size=batch_size)
        else:
            self.model, self._load = model.name, lambda: model

    @cached_property
    def _model_key(self) -> list[tuple[str, tuple[int, int, str]]]:
        """Returns the files of a model's folder and their content; [] for a name of the hub."""
        folder = Path(self.model)
        files = (
            sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []
        )
        return [(file.name, content_key(file)) for file in files]

    @cached_property
    def encoder(self) -> JointEncoder:
        """Returns the model. Raises the errors of ``OpenAIClipEncoder``."""
        return self._load()

    def part(self, video: str, file: Path) -> VideoPart:
        """Returns the features of a video with an id, from an earlier run or computed.

        Raises:
            VideoError: the video can't be read, has no frames, is too long, or has a name that
                can't be stored; or the model gives numbers that are not finite.
        """
        try:
            str(file).encode()
        except UnicodeEncodeError as error:
            raise VideoError(file, "its name is not valid Unicode: rename it") from error
        model = [self.model, self._model_key]
        settings = {"model": model, "fps": self.fps, "thumbnails": self.thumbnails}
        try:
            place = part_path(self.folder, video, file, **settings)
        except OSError as error:
            reason = f"can't be read ({error.strerror}): check who may read it, and its disk"
            raise VideoError(file, reason) from error
        part = load_part(place)
        if part is None:
            part = self._compute(file)
            save_part(place, part)
            self.computed += 1
        self._check_length(file, part.duration)
        return part

    def _compute(self, file: Path) -> VideoPart:
        declared = probe_video(file).duration
        self._check_length(file, declared)
        pictures: list[bytes] = []

        def watched() -> Iterator[Pixels]:
            for seconds, pixels in read_frames(file, self.fps):
                self._check_length(file, seconds)
                pictures.append(_jpeg(pixels) if self.thumbnails else b"")
                yield pixels

        encoder = self.encoder
        with _video_warnings() as notes:
            rows = encoder.images(watched())  # [T, D]
        if not np.isfinite(rows).all():
            first = int(np.flatnonzero(~np.isfinite(rows).all(1))[0]) / self.fps
            what = f"the model gives its frame at {first:.1f} s numbers that are not finite"
            raise VideoError(file, f"{what}: use other weights, or convert the video again")
        feature = unit_rows(rows).astype(np.float16)
        # what is declared may include sound that goes on; the last frame is shown once at least
        longest = len(feature) / self.fps
        duration = longest if notes or math.isnan(declared) else min(declared, longest)
        duration = max(duration, (len(feature) - 1) / self.fps)
        reasons = [note.removeprefix(f"{file}: ") for note in notes]
        return VideoPart(feature, pictures, duration, reasons)

    def _check_length(self, file: Path, seconds: float) -> None:
        if seconds > 60 * self.max_minutes:  # never where the length is unknown
            limit = f"{self.max_minutes:g} minutes"
            raise VideoError(file, f"is longer than {limit}: cut it, or raise --max-minutes")


@contextmanager
def _video_warnings() -> Iterator[list[str]]:
    """Collects the messages of ``VideoWarning`` in the list; other warnings are shown as usual."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", VideoWarning)
        yield notes
    for one in caught:
        if issubclass(one.category, VideoWarning):
            notes.append(str(one.message))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _jpeg(pixels: Pixels) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY)
    return buffer.getvalue()
