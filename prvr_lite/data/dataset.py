"""The feature file: one HDF5 file per data set, columns instead of objects, ragged data end to end.

Frames of all videos lie in one matrix, words of all queries in another; offsets say where each
video's or query's rows start and end, so that a whole split is one read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from prvr_lite.data.checks import check_finite, check_structure, check_values
from prvr_lite.data.columns import (
    ATTRIBUTES,
    BIG,
    COLUMNS,
    FORMAT,
    VERSION,
    Array,
    FeatureColumns,
    FeatureFileError,
    Projection,
    fault,
)
from prvr_lite.files import fault_text

AGAIN = "copy or download the file again, or write it anew"
CHECK_ROWS = 2**14  # rows that Dataset.check holds in memory at a time


@dataclass(kw_only=True, eq=False, repr=False)
class Dataset(FeatureColumns):
    """An open feature file: the small columns in memory, frames and words read when asked for.

    `open_features` makes one. Its fields are those of `FeatureColumns` (integers as int64, times as
    float32 seconds); the columns that a `FeatureTable` has beside them, frames, words and
    thumbnails, have methods. It is a context manager, and can be pickled: the copy opens the file
    again, so that loader processes share none.

    Attributes:
        path: of the file.
        visual_dim, query_dim: length of a frame's and of a word's features, Dv and Dw.
    """

    path: Path
    visual_dim: int
    query_dim: int
    _file: h5py.File | None
    _columns: dict[str, h5py.Dataset | None] = field(init=False, default_factory=dict)

    def frames(self, video: int) -> Array:
        """Features of one video's frames, [T, Dv] float32. Raises as `frames_of`."""
        return self.frames_of([video])[0]

    def words(self, query: int) -> Array:
        """Features of one query's words, [L, Dw] float32. Raises as `words_of`."""
        return self.words_of([query])[0]

    def frames_of(self, videos: Sequence[int] | Array) -> list[Array]:
        """Features of several videos, a list of [T, Dv] float32 in the order asked for.

        One read for each run of neighbouring videos, in whatever order they are given. The arrays
        of a run share memory: copy one before changing it.

        Raises:
            FeatureFileError: a feature is not finite, or the file is damaged there.
            IndexError, TypeError: no such video, or rows that are no integers.
            ValueError: the data set is closed.
        """
        return self._ragged("frames/feature", self.frame_offset, videos, "video", self.video_id)

    def words_of(self, queries: Sequence[int] | Array) -> list[Array]:
        """Features of several queries, a list of [L, Dw] float32. Otherwise as `frames_of`."""
        return self._ragged("words/feature", self.word_offset, queries, "query", self.query_id)

    def thumbnails(self, video: int) -> list[bytes]:
        """JPEG or WebP bytes of each of the T frames, b"" where there is none. Raises as frames."""
        (row,) = _valid_rows([video], len(self.video_id), "video").tolist()
        start, stop = self.frame_offset[row : row + 2].tolist()
        if self._column("frames/thumbnail") is None:
            return [b""] * (stop - start)
        return [picture.tobytes() for picture in self._read("frames/thumbnail", start, stop)]

    def videos_in(self, split: str) -> Array:
        """Rows of the videos in "train", "val" or "test", [·] int64.

        Raises:
            FeatureFileError: the file has no such split.
        """
        if split not in self.splits:
            there = ", ".join(self.splits)
            raise fault(self.path, f"splits/{split}", "is missing", f"use one of: {there}")
        return self.splits[split]

    def queries_in(self, split: str) -> Array:
        """Rows of the queries whose video is in the split, [·] int64. Raises as `videos_in`."""
        return np.flatnonzero(np.isin(self.query_video, self.videos_in(split)))

    def steps(self, query: int) -> Array:
        """Start and end of each step of a query's moment, [S, 2] s; empty for a single step."""
        (row,) = _valid_rows([query], len(self.query_id), "query").tolist()
        if self.step_query is None or self.step_span is None:
            return np.zeros((0, 2), np.float32)
        first, last = np.searchsorted(self.step_query, [row, row + 1])
        return self.step_span[first:last]

    def check(self) -> None:
        """Reads every feature and thumbnail as well.

        Raises:
            FeatureFileError: for the first that is not finite or can't be read, by column and row.
        """
        for name in BIG:
            column = self._column(name)
            for start in range(0, 0 if column is None else len(column), CHECK_ROWS):
                block = read_rows(self.path, column, start, start + CHECK_ROWS)
                if name != "frames/thumbnail":
                    check_finite(self.path, name, block, start)

    def close(self) -> None:
        """Closes the file; the small columns stay. Closing twice does nothing."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_columns": {}}

    def __repr__(self) -> str:
        splits = ", ".join(f"{split} {len(rows)}" for split, rows in self.splits.items())
        counts = f"{len(self.video_id)} videos, {len(self.query_id)} queries"
        return f"Dataset({self.name!r}: {counts}; videos in {splits})"

    def _column(self, name: str) -> h5py.Dataset | None:
        """A big column. It stays open, because closing one drops its cache of unpacked chunks."""
        if self._file is None:  # just unpickled
            self._file = open_hdf5(self.path)
        if not self._file:
            raise ValueError(f"{self.path}: this data set is closed. Open it again to read.")
        if name not in self._columns:
            self._columns[name] = self._file.get(name)
        return self._columns[name]

    def _read(self, name: str, start: int, stop: int) -> Array:
        return read_rows(self.path, self._column(name), start, stop)

    def _ragged(
        self, column: str, offset: Array, rows: Sequence[int] | Array, owner: str, ids: list[str]
    ) -> list[Array]:
        asked = _valid_rows(rows, len(ids), owner)
        wanted = np.unique(asked)
        found: dict[int, Array] = {}
        for run in np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1) if len(asked) else []:
            start, stop = int(offset[run[0]]), int(offset[run[-1] + 1])
            block = self._read(column, start, stop).astype(np.float32, copy=False)
            pieces = np.split(block, offset[run[1:]] - start)
            for row, feature in zip(run.tolist(), pieces, strict=True):
                whose = f" ({owner} '{ids[row]}')"
                check_finite(self.path, column, feature, int(offset[row]), whose)
                found[row] = feature
        return [found[row] for row in asked.tolist()]


def _valid_rows(rows: Sequence[int] | Array, limit: int, owner: str) -> Array:
    found = np.asarray(rows)
    if found.size and (found.ndim != 1 or found.dtype.kind not in "iu"):
        raise TypeError(f"Rows of a {owner} must be a list of integers, not {rows!r}.")
    outside = found[(found < 0) | (found >= limit)]
    if outside.size:
        raise IndexError(f"There is no {owner} {outside[0]}: rows go from 0 to {limit - 1}.")
    return found.astype(np.int64)


def open_features(path: str | os.PathLike[str]) -> Dataset:
    """Opens a feature file and checks all of it but the big matrices (for those: `Dataset.check`).

    Args:
        path: an HDF5 file that `write_features` made, or one with the same columns.

    Returns:
        The open data set. Close it, or use it in a `with` statement.

    Raises:
        FileNotFoundError: there is no such file.
        FeatureFileError: it is no feature file, it is truncated or newer than this version of
            prvr_lite, or a column has a fault. The message names file, column and row.
    """
    path = Path(path)
    file = open_hdf5(path)
    try:
        return _dataset(path, file)
    except BaseException:
        file.close()
        raise


def _dataset(path: Path, file: h5py.File) -> Dataset:
    attributes = read_attributes(path, file)
    column = read_columns(path, file)
    held: dict[str, Any] = {}
    for part in fields(FeatureColumns):
        values = {name: column[name] for name in part.metadata if name in column}
        if part.name == "splits":
            held["splits"] = {name.split("/")[1]: rows for name, rows in values.items()}
        elif part.name == "projection":
            held["projection"] = Projection(*values.values()) if values else None
        elif len(values) > 1:
            held[part.name] = np.stack(list(values.values()), axis=1)  # [R, 2]
        else:
            held[part.name] = next(iter(values.values()), None)
    return Dataset(
        path=path,
        visual_dim=column["frames/feature"].shape[1],
        query_dim=column["words/feature"].shape[1],
        _file=file,
        **{**held, **attributes},
    )


def open_hdf5(path: Path) -> h5py.File:
    """The file, open for reading.

    Raises:
        FileNotFoundError: there is no such file.
        FeatureFileError: it is truncated or no HDF5 file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such feature file. Check the path.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        problem = f"can't be read as HDF5, it is truncated or of another kind ({error})"
        raise FeatureFileError(fault_text(path, problem, AGAIN)) from error


def read_rows(path: Path, column: h5py.Dataset, start: int, stop: int) -> Array:
    """Rows of a column as stored; a damaged chunk becomes a FeatureFileError."""
    try:
        rows: Array = column[start:stop]
    except OSError as error:
        problem = f"the rows up to {stop} can't be read ({error})"
        raise fault(path, column.name.lstrip("/"), problem, AGAIN, start) from error
    return rows


def read_attributes(path: Path, file: h5py.File) -> dict[str, str]:
    """Name, description, license and models. First of all, is this a feature file we can read?

    Raises:
        FeatureFileError: another format, a newer version, or an attribute missing or no text.
    """
    if file.attrs.get("format") != FORMAT:
        problem = f"is {file.attrs.get('format')!r}, not '{FORMAT}'"
        raise fault(path, "attribute format", problem, "give a file that write_features made")
    version = file.attrs.get("version")
    if not isinstance(version, (int, np.integer)) or version < 1:
        raise fault(path, "attribute version", f"is {version!r}", f"write it as {VERSION}")
    if version > VERSION:
        problem = f"is {version}, but this prvr_lite reads versions up to {VERSION}"
        raise fault(path, "attribute version", problem, "install a newer prvr_lite")
    attributes = {}
    for key in ATTRIBUTES:
        text = file.attrs.get(key)
        if not isinstance(text, str):
            problem = "is missing" if text is None else f"is {text!r}, no text"
            raise fault(path, f"attribute {key}", problem, "write it as text, empty if unknown")
        attributes[key] = text
    return attributes


def read_columns(path: Path, file: h5py.File) -> dict[str, Any]:
    """All columns checked, the small ones read.

    Returns:
        Columns by name: int64 and float32 arrays, lists of text, and the `BIG` ones as HDF5
        datasets.

    Raises:
        FeatureFileError: for the first fault found.
    """
    columns = _find_columns(file)
    check_structure(path, columns)
    values: dict[str, Any] = {}
    text: dict[str, list[str]] = {}
    for name, column in columns.items():
        kind = COLUMNS[name].kind
        if name in BIG:
            values[name] = column
        elif kind == "text":
            text[name] = _decode(path, name, read_rows(path, column, 0, len(column)))
        else:
            rows = read_rows(path, column, 0, len(column))
            values[name] = rows.astype(np.int64 if kind == "integers" else np.float32)
    check_values(path, values, text)
    return values | text


def _find_columns(file: h5py.File) -> dict[str, Any]:
    """HDF5 datasets by name: the known ones, and whatever lies in splits. Others are ignored."""
    splits = file.get("splits")
    extra = [f"splits/{name}" for name in splits] if isinstance(splits, h5py.Group) else []
    found = {name: file.get(name) for name in dict.fromkeys([*COLUMNS, *extra])}
    return {name: column for name, column in found.items() if isinstance(column, h5py.Dataset)}


def _decode(path: Path, column: str, raw: Array) -> list[str]:
    texts = raw.tolist()
    try:
        return list(map(bytes.decode, texts))  # two thirds of the time of a comprehension
    except UnicodeDecodeError as error:
        row = texts.index(error.object)
        raise fault(path, column, f"is not UTF-8 ({error})", "store UTF-8", row) from error
