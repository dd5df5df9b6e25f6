"""Reads the frames of a release, from a BigFile or from an HDF5 file of videos."""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from prvr_lite.files import damaged, hdf5_error, open_hdf5
from prvr_lite.paper.bigfile import STORED, BigFile, Float, check_finite_rows, existing
from prvr_lite.paper.frame_lists import NAME, read_frame_lists
from prvr_lite.text import canonical_name


class FrameSource(Protocol):
    """Frames of videos that are read one video at a time; ids as `canonical_name` has them."""

    path: Path
    dim: int
    counts: dict[str, int]  # frames of every video

    def frames(self, video: str) -> Float:
        """Reads the frames of a video in order of time, [T, dim]."""
        ...

    def close(self) -> None:
        """Closes the file."""
        ...


class BigFileFrames:
    """Frames in a BigFile with its ``video2frames.txt``.

    Args:
        folder: the folder of both.
        videos: the videos whose frame lists are kept; None: all.

    Raises:
        FileNotFoundError: a file is missing.
        FileFormatError: a file is damaged, or a list names a frame that has no features.
    """

    def __init__(
        self, folder: str | os.PathLike[str], videos: Container[str] | None = None
    ) -> None:
        self.path = Path(folder)
        self.file = BigFile.open(folder)
        self.dim = self.file.dim
        self._rows: dict[str, NDArray[np.int64]] = {}
        for listed, names in read_frame_lists(self.path / NAME):
            video = canonical_name(listed)
            if video in self._rows:
                fix = "leave out one of its lists"
                raise damaged(self.path / NAME, f"video '{video}' is duplicated", fix)
            if videos is None or video in videos:
                try:
                    self._rows[video] = self.file.row_of(names)
                except KeyError as error:
                    problem = f"video '{video}' has frame '{error.args[0]}', which id.txt has not"
                    fix = "take both files from one release"
                    raise damaged(self.path / NAME, problem, fix) from None
        self.counts = {video: len(rows) for video, rows in self._rows.items()}

    def frames(self, video: str) -> Float:
        return self.file.at(self._rows[video])

    def close(self) -> None:
        """Does nothing: no file stays open."""


class Hdf5Frames:
    """Frames in an HDF5 file with a matrix [T, dim] per video, as in later releases.

    Raises:
        FileNotFoundError, FileFormatError: as :class:`BigFileFrames`.
    """

    def __init__(self, path: str | os.PathLike[str], videos: Container[str] | None = None) -> None:
        self.path = Path(path)
        self._file = open_hdf5(existing(self.path, "the frames of every video"))
        names = canonical_names(self.path, self._file)
        self._names = {v: stored for v, stored in names.items() if videos is None or v in videos}
        counts, self.dim, _ = table_sizes(
            self.path, self._file, list(self._names.values()), "video", "frame"
        )
        self.counts = dict(zip(self._names, counts, strict=True))
        if not self.counts:
            raise damaged(self.path, "has none of the videos asked for", "give another file")

    def frames(self, video: str) -> Float:
        return read_table(self.path, self._file, self._names[video], "video", "frame")

    def close(self) -> None:
        self._file.close()


def open_frames(path: Path, videos: Container[str] | None = None) -> FrameSource:
    """Opens a BigFile folder or an HDF5 file of videos, whichever ``path`` is."""
    return BigFileFrames(path, videos) if path.is_dir() else Hdf5Frames(path, videos)


def canonical_names(path: Path, file: h5py.File) -> dict[str, str]:
    """Returns `canonical_name` -> stored name of everything in a file.

    Raises:
        FileFormatError: two names look the same.
    """
    names: dict[str, str] = {}
    for stored in file:
        if names.setdefault(canonical_name(stored), stored) != stored:
            problem = f"has the name '{canonical_name(stored)}' twice, spelled in different bytes"
            raise damaged(path, problem, "leave out one of them")
    return names


def table_sizes(
    path: Path, file: h5py.File, names: Sequence[str], owner: str, item: str
) -> tuple[list[int], int, list[int | None]]:
    """Returns the number of rows of each name's matrix, the length that all rows have, and places.

    A place is the byte at which the values of a matrix begin in the file, one after the other as
    `STORED`; None where they are stored in another way.

    Args:
        owner, item: what a name and a row stand for, in messages: "video" and "frame".

    Raises:
        FileFormatError: a name has no matrix, or its rows have another length.
    """
    counts, length, places = [], 0, []
    for name in names:
        table = _open_table(path, file, name, owner)
        count, dim = table.shape
        if length not in (0, dim):
            problem = f"{owner} '{name}' has {item}s of length {dim}, the others of length {length}"
            raise damaged(path, problem, "take all features from one model")
        length = dim
        counts.append(count)
        places.append(table.get_offset() if table.dtype == STORED else None)
    return counts, length, places


def read_table(path: Path, file: h5py.File, name: str, owner: str, item: str) -> Float:
    """Reads the matrix of a name, [n, dim] float32.

    Raises:
        FileFormatError: the matrix is missing, can't be read, or holds NaN or infinity.
    """
    table = _open_table(path, file, name, owner)
    rows = np.empty(table.shape, np.float32)
    try:
        table.read(h5py.h5s.ALL, h5py.h5s.ALL, rows)
    except Exception as error:  # damaged bytes make h5py fail in any way it can
        if isinstance(error, OSError) and error.errno:
            raise hdf5_error(path, error) from error
        problem = f"{owner} '{name}' can't be read ({' '.join(str(error).split())})"
        raise damaged(path, problem, "copy or download it again") from error
    check_finite_rows(path, rows, lambda row: f"{owner} '{name}', {item} {row}")
    return rows


def _open_table(path: Path, file: h5py.File, name: str, owner: str) -> h5py.h5d.DatasetID:
    """Opens a matrix by h5py's low level, in a third of the time of the high level."""
    fix = "take captions and features from one release, a matrix of floats for each"
    try:
        table = h5py.h5d.open(file.id, name.encode())
        shape, dtype = table.shape or (), table.dtype
    except Exception as error:  # it is missing, or a group, or damaged
        raise damaged(path, f"{owner} '{name}' has no features here", fix) from error
    if len(shape) != 2 or 0 in shape or dtype.kind != "f":
        problem = f"{owner} '{name}' has {dtype} features of shape {list(shape)}"
        raise damaged(path, f"{problem}, not [n, dim]", fix)
    return table
