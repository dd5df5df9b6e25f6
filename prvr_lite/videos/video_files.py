"""Finds the video files of a folder, and gives each an id and a split."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from prvr_lite.data.columns import SPLITS
from prvr_lite.data.fingerprint import hash_fraction

ENDINGS: Final = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"),
    *(".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
)


def find_videos(folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Returns the video files of a folder and its subfolders by id, in the order of their paths.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: the folder holds no video file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder. Check the path.")
    paths = sorted(
        (path.relative_to(folder), path)
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file()
    )
    visible = [(short, path) for short, path in paths if short.parts[-1][0] != "."]
    if not visible:
        raise ValueError(f"{folder}: holds no video files; looked for {' '.join(ENDINGS)}")
    ids = Counter(short.with_suffix("").as_posix() for short, _ in visible)
    taken = ((short.with_suffix("").as_posix(), short, path) for short, path in visible)
    return {(name if ids[name] == 1 else short.as_posix()): path for name, short, path in taken}


def split_of(video: str, split: str | Sequence[float] | Mapping[str, str]) -> str:
    """Returns the split of a video: the one of all videos, a drawn one, or the one in a table.

    A draw depends on the id alone, so a video keeps its split when others are added.

    Raises:
        ValueError: the split is unknown, or the shares are not three numbers from 0, with a sum
            above 0.
    """
    if isinstance(split, Mapping):
        name = split.get(video, "none")
    elif isinstance(split, str):
        name = split
    else:
        shares = np.array(split, np.float64)
        if shares.shape != (len(SPLITS),) or not (shares >= 0).all() or not shares.sum() > 0:
            raise ValueError(f"split={split!r}: give three shares, of train, val and test")
        bounds = shares.cumsum() / shares.sum()
        name = SPLITS[int(np.searchsorted(bounds, hash_fraction(video), side="right"))]
    if name not in SPLITS:
        raise ValueError(f"video {video!r} is in split {name!r}: use one of {', '.join(SPLITS)}")
    return name
