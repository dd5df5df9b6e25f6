"""Finds the video files of a folder, and gives each an id and a split."""

from __future__ import annotations

import math
import os
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from prvr_lite.data.columns import SPLITS
from prvr_lite.data.fingerprint import hash_fraction
from prvr_lite.text import canonical_name

ENDINGS: Final = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"),
    *(".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
)


def find_videos(folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Returns the video files of a folder and its subfolders by id, in the order of their paths.

    A video's id is its path in the folder, with "/" and with its ending: so no two videos share
    one, and a video keeps its id, and with it its split, when ``beach.webm`` joins ``beach.mp4``.
    An id is in Unicode's composed form (NFC), in which a name is the same on every system.

    Hidden files and folders, whose names begin with a dot, are left out. Links to folders are
    followed; a folder that can be reached in several ways is read once, without links if possible.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: the folder holds no video file, or two whose names differ only in how their
            letters are coded.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder. Check the path.")
    paths = sorted(
        path
        for inside in _folders(folder)
        for path in _visible(inside)
        if path.suffix.lower() in ENDINGS and path.is_file()
    )
    if not paths:
        raise ValueError(f"{folder}: holds no video files; looked for {' '.join(ENDINGS)}")
    files: dict[str, Path] = {}
    for path in paths:
        other = files.setdefault(canonical_name(path.relative_to(folder).as_posix()), path)
        if other != path:
            short = (ascii(file.relative_to(folder).as_posix()) for file in (other, path))
            raise ValueError(
                f"{folder}: {' and '.join(short)} are one name, coded in two ways. To fix it: "
                "rename one of the two"
            )
    return files


def distinct_names(names: Sequence[str]) -> list[str]:
    """Returns names for a message, in one line each; letters are escaped where two look alike."""
    looks = [unicodedata.normalize("NFKC", name).casefold() for name in names]
    return [
        (ascii(name) if looks.count(look) > 1 else repr(name))[1:-1]
        for name, look in zip(names, looks, strict=True)
    ]


def _folders(folder: Path) -> Iterator[Path]:
    """Yields a folder and all visible folders below it; links come last, each folder once."""
    waiting, links, seen = deque([folder]), deque[Path](), set[str]()
    while waiting or links:
        here = waiting.popleft() if waiting else links.popleft()
        real = os.path.realpath(here)
        if real not in seen:
            seen.add(real)
            yield here
            for path in _visible(here):
                if path.is_dir():
                    (links if path.is_symlink() else waiting).append(path)


def _visible(folder: Path) -> list[Path]:
    """Returns what is in a folder and not hidden; nothing if the folder may not be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except PermissionError:
        return []


def split_of(video: str, split: str | Sequence[float] | Mapping[str, str]) -> str:
    """Returns the split of a video: the one of all videos, a drawn one, or the one in a table.

    A draw depends on the id alone, so a video keeps its split when others are added.

    Raises:
        ValueError: the split is unknown; or as :func:`check_shares`.
    """
    if isinstance(split, Mapping):
        name = split.get(video, "none")
    elif isinstance(split, str):
        name = split
    else:
        bounds = np.cumsum(check_shares(split)) / sum(split)
        name = SPLITS[int(np.searchsorted(bounds, hash_fraction(video), side="right"))]
    if name not in SPLITS:
        raise ValueError(f"video {video!r} is in split {name!r}: use one of {', '.join(SPLITS)}")
    return name


def check_shares(shares: Sequence[float]) -> Sequence[float]:
    """Returns the shares of train, val and test; ValueError: they can't be shares of a whole."""
    good = len(shares) == len(SPLITS) and all(0 <= share < math.inf for share in shares)
    if not good or not 0 < sum(shares) < math.inf:
        raise ValueError(f"split={shares!r}: give three shares, of train, val and test, from 0")
    return shares
