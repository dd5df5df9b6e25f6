"""Whole films as MP4 files that browsers play, smoother than the frames that have features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from prvr_lite.files import replacing

from .canvas import SIDE
from .film import render
from .script import FPS, Film

FINER = 6  # pictures for each frame; every sixth is the frame itself
QUALITY = "33"  # libx264's crf: about 3 kB a second
CHOSEN = ("test_000a", "test_001b", "test_016a", "test_035c", "test_046a")


def write_movie(path: Path, film: Film) -> None:
    """Renders a film and writes it as an MP4 file, as a whole or not at all.

    Raises:
        ValueError: this PyAV has no encoder for H.264.
    """
    import av  # the feature file does not need it

    if "libx264" not in av.codecs_available:
        raise ValueError("PyAV was built without libx264; to fix it: pip install av")
    settings = {"crf": QUALITY, "preset": "veryslow", "tune": "animation", "threads": "1"}
    start = {"movflags": "faststart"}  # what a browser reads first comes first
    with replacing(path) as part, av.open(str(part), "w", format="mp4", options=start) as file:
        stream = file.add_stream("libx264", rate=round(FPS * FINER), options=settings)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for picture in render(film, FINER):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def write_poster(path: Path, film: Film) -> None:
    """Writes the middle frame of a film's first moment, which browsers show until it plays."""
    moment = film.moments[0]
    middle = moment.start + moment.length // 2
    with replacing(path) as part:
        next(islice(render(film), middle, None)).save(part, "WEBP", quality=70, method=6)


def write_movies(films: Sequence[Film], folder: Path) -> None:
    """Writes those of the films that travel whole, with their posters, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for film in tqdm([film for film in films if film.id in CHOSEN], unit="film", desc="movies"):
        write_movie(folder / f"{film.id}.mp4", film)
        write_poster(folder / f"{film.id}.webp", film)
