"""Features of whole films: computed by several processes, kept in a folder."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from prvr_lite.files import replacing
from prvr_lite.videos.efficientnet import EfficientNetFrames

from .backbones import Floats
from .canvas import SIDE
from .film import DRAWING_VERSION, render
from .script import Film

THUMBNAIL_SIDE = 64  # pixels
THUMBNAIL_QUALITY = 35
PLACES = 16  # a strip of a film with so many places, or fewer, has a thumbnail for each


@dataclass(frozen=True)
class FilmFeatures:
    """Raw features [T, 1280] float32 and, for each frame, a WebP thumbnail or b""."""

    frame: Floats
    thumbnail: list[bytes]


def thumbnail_frames(film: Film) -> set[int]:
    """The frames that get a thumbnail: the middle of each step, and evenly spaced ones between.

    Any window as long as one of `PLACES` equal parts of the film has one of them.
    """
    reach = max(1, film.length // PLACES)  # frames from one thumbnail to the next, at most
    edges = [-1, film.length]
    for moment in film.moments:
        start = moment.start
        for length in moment.lengths:
            edges.append(start + length // 2)
            start += length
    edges.sort()
    chosen = set(edges[1:-1])
    for before, after in pairwise(edges):
        parts = -(-(after - before) // reach)
        chosen |= {before + round(i * (after - before) / parts) for i in range(1, parts)}
    return chosen


def _webp(image: Image.Image) -> bytes:
    small = image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=THUMBNAIL_QUALITY, method=6)
    return buffer.getvalue()


def thumbnails(film: Film, frames: Sequence[Image.Image]) -> list[bytes]:
    """A WebP picture for each frame that gets a thumbnail, b"" for the others."""
    chosen = thumbnail_frames(film)
    return [_webp(frame) if index in chosen else b"" for index, frame in enumerate(frames)]


def film_features(film: Film, backbone: EfficientNetFrames) -> FilmFeatures:
    """Render a film and run the backbone on it."""
    frames = list(render(film))
    return FilmFeatures(backbone(frames), thumbnails(film, frames))


def cache_path(cache: Path, film: Film) -> Path:
    """A file name that changes with the film's script, the drawing, its size, the thumbnails."""
    content = f"{film.id} {film.seed} {film.scenes!r} {SIDE} {DRAWING_VERSION} {PLACES}"
    return cache / f"{film.id}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"


def save(path: Path, features: FilmFeatures) -> None:
    """Writes a film's features to a file, as a whole or not at all."""
    sizes = np.array([len(data) for data in features.thumbnail])
    data = np.frombuffer(b"".join(features.thumbnail), np.uint8)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, frame=features.frame, size=sizes, data=data)


def _load(path: Path) -> FilmFeatures:
    with np.load(path) as stored:
        data, ends = stored["data"].tobytes(), np.cumsum(stored["size"]).tolist()
        return FilmFeatures(
            stored["frame"], [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        )


class _Worker:
    """The backbone of one process."""

    backbone: EfficientNetFrames

    @classmethod
    def start(cls) -> None:
        torch.set_num_threads(1)
        cls.backbone = EfficientNetFrames()

    @classmethod
    def work(cls, task: tuple[Film, Path]) -> None:
        film, path = task
        save(path, film_features(film, cls.backbone))


def all_features(films: Sequence[Film], cache: Path, workers: int) -> Iterator[FilmFeatures]:
    """The features of all films in order; those found in ``cache`` are not computed again."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = [cache_path(cache, film) for film in films]
    tasks = [(film, path) for film, path in zip(films, paths, strict=True) if not path.exists()]
    if tasks:
        context = multiprocessing.get_context("spawn")
        with context.Pool(max(1, workers), _Worker.start) as pool:
            done = pool.imap_unordered(_Worker.work, tasks)
            for _ in tqdm(done, total=len(tasks), desc="films", unit="film", dynamic_ncols=True):
                pass
    return (_load(path) for path in paths)
