"""Opens and reads a feature file: one HDF5 file per data set.

The frames of all videos lie in one matrix, the words of all queries in another, one after the
other. Offsets say where the rows of each video or query start and end. So a whole split can be
read at once, however different its videos are in length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from prvr_lite import files
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
from prvr_lite.files import AGAIN, FileFormatError

CHECK_ROWS = 2**14  # rows that Dataset.check holds in memory at a time


@dataclass(kw_only=True, eq=False, repr=False)
class Dataset(FeatureColumns):
    """An open feature file: small columns are in memory, frames and words are read on request.

    `open_features` returns one. Its fields are those of `FeatureColumns` (integers as int64, times
    as float32 seconds); frames, words and thumbnails are read by methods. A Dataset works in a
    `with` statement. It can be pickled: the copy opens the file again, so that loader processes
    don't share an open file.

    Attributes:
        path: path of the file.
        visual_dim, query_dim: Dv and Dw, the lengths of a frame's and of a word's feature.
    """

    path: Path
    visual_dim: int
    query_dim: int
    _file: h5py.File | None
    _columns: dict[str, h5py.Dataset | None] = field(init=False, default_factory=dict)

    def frames(self, video: int) -> Array:
        """Reads one video's frame features, [T, Dv] float32. Raises the errors of `frames_of`."""
        return self.frames_of([video])[0]

    def words(self, query: int) -> Array:
        """Reads one query's word features, [L, Dw] float32. Raises the errors of `words_of`."""
        return self.words_of([query])[0]

    def frames_of(self, videos: Sequence[int] | Array) -> list[Array]:
        """Reads the frames of several videos: a list of [T, Dv] float32, in the order asked for.

        Videos that are neighbours in the file are read at once, in whatever order they are asked
        for. Their arrays share memory: copy one before you change it.

        Raises:
            FeatureFileError: a feature is not finite, or the file is damaged there.
            IndexError: there is no such video.
            TypeError: the rows are not integers.
            ValueError: the data set is closed.
        """
        return self._ragged("frames/feature", self.frame_offset, videos, "video", self.video_id)

    def words_of(self, queries: Sequence[int] | Array) -> list[Array]:
        """Reads the words of several queries, a list of [L, Dw] float32. Works like `frames_of`."""
        return self._ragged("words/feature", self.word_offset, queries, "query", self.query_id)

    def thumbnails(self, video: int) -> list[bytes]:
        """Reads the JPEG or WebP bytes of each of the T frames, b"" for a frame without a picture.

        Raises the errors of `frames_of`.
        """
        (row,) = _valid_rows([video], len(self.video_id), "video").tolist()
        start, stop = self.frame_offset[row : row + 2].tolist()
        if self._column("frames/thumbnail") is None:
            return [b""] * (stop - start)
        return [picture.tobytes() for picture in self._read("frames/thumbnail", start, stop)]

    def videos_in(self, split: str) -> Array:
        """Returns the rows of the videos in "train", "val" or "test", [·] int64.

        Raises:
            FeatureFileError: the file has no such split.
        """
        if split not in self.splits:
            splits = ", ".join(self.splits)
            raise fault(self.path, f"splits/{split}", "is missing", f"use one of: {splits}")
        return self.splits[split]

    def queries_in(self, split: str) -> Array:
        """Returns the rows of the queries whose video is in the split, [·] int64.

        Raises the errors of `videos_in`.
        """
        return np.flatnonzero(np.isin(self.query_video, self.videos_in(split)))

    def steps(self, query: int) -> Array:
        """Returns start and end of each step of a query's moment, [S, 2] s; S = 0 for one step."""
        (row,) = _valid_rows([query], len(self.query_id), "query").tolist()
        if self.step_query is None or self.step_span is None:
            return np.zeros((0, 2), np.float32)
        first, last = np.searchsorted(self.step_query, [row, row + 1])
        return self.step_span[first:last]

    def check(self) -> None:
        """Reads every feature and thumbnail, to check those too.

        Raises:
            FeatureFileError: one is not finite or can't be read; names its column and row.
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

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_columns": {}}

    def __repr__(self) -> str:
        splits = ", ".join(f"{split} {len(rows)}" for split, rows in self.splits.items())
        counts = f"{len(self.video_id)} videos, {len(self.query_id)} queries"
        return f"Dataset({self.name!r}: {counts}; videos in {splits})"

    def _column(self, name: str) -> h5py.Dataset | None:
        """Returns a big column, kept open: closing it would drop its cache of unpacked chunks."""
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
        ascending = np.unique(asked)
        features: dict[int, Array] = {}
        runs = np.split(ascending, np.flatnonzero(np.diff(ascending) != 1) + 1)
        for run in runs if len(asked) else ():
            start, stop = int(offset[run[0]]), int(offset[run[-1] + 1])
            block = self._read(column, start, stop).astype(np.float32, copy=False)
            pieces = np.split(block, offset[run[1:]] - start)
            for row, feature in zip(run.tolist(), pieces, strict=True):
                whose = f" ({owner} '{ids[row]}')"
                check_finite(self.path, column, feature, int(offset[row]), whose)
                features[row] = feature
        return [features[row] for row in asked.tolist()]


def _valid_rows(rows: Sequence[int] | Array, limit: int, owner: str) -> Array:
    checked = np.asarray(rows)
    if checked.size and (checked.ndim != 1 or checked.dtype.kind not in "iu"):
        raise TypeError(f"Rows of a {owner} must be a list of integers, not {rows!r}.")
    outside = checked[(checked < 0) | (checked >= limit)]
    if outside.size:
        valid = f"rows go from 0 to {limit - 1}" if limit else f"the file has no {owner}"
        raise IndexError(f"There is no {owner} {outside[0]}: {valid}.")
    return checked.astype(np.int64)


def open_features(path: str | os.PathLike[str]) -> Dataset:
    """Opens a feature file and checks all of it except its features (see `Dataset.check`).

    Args:
        path: an HDF5 file that `write_features` made, or one with the same columns.

    Returns:
        The open data set. Close it, or use it in a `with` statement.

    Raises:
        FileNotFoundError: there is no such file.
        FeatureFileError: the file is not a feature file, is truncated, is newer than this version
            of prvr_lite, or has a fault in a column. The message names file, column and row.
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
    held |= attributes
    visual, query = (column[name].shape[1] for name in ("frames/feature", "words/feature"))
    return Dataset(path=path, visual_dim=visual, query_dim=query, _file=file, **held)


def open_hdf5(path: Path) -> h5py.File:
    """Opens an HDF5 file for reading, as `prvr_lite.files.open_hdf5` does.

    Raises:
        FileNotFoundError: there is no such file.
        FeatureFileError: the file is truncated or damaged, is not HDF5, or refers to other files.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such feature file. Check the path.")
    try:
        return files.open_hdf5(path)
    except FileFormatError as error:
        raise FeatureFileError(str(error)) from error


def read_rows(path: Path, column: h5py.Dataset, start: int, stop: int) -> Array:
    """Reads rows of a column as stored; raises FeatureFileError where the file is damaged."""
    try:
        rows: Array = column[start:stop]
    except Exception as error:  # damaged bytes make h5py fail in any way it can
        if isinstance(error, OSError) and error.errno:
            raise files.hdf5_error(path, error) from error
        problem = f"the rows up to {stop} can't be read ({' '.join(str(error).split())})"
        raise fault(path, column.name.lstrip("/"), problem, AGAIN, start) from error
    return rows


def read_attributes(path: Path, file: h5py.File) -> dict[str, str]:
    """Reads name, description, license and models, after checking format and version of the file.

    Raises:
        FeatureFileError: the format is another, the version is newer, or an attribute is missing
            or is not text.
    """
    written = file.attrs.get("format")
    if not isinstance(written, str) or written != FORMAT:
        problem = f"is {_brief(written)}, not '{FORMAT}'"
        raise fault(path, "attribute format", problem, "give a file that write_features made")
    version = file.attrs.get("version")
    if not isinstance(version, (int, np.integer)) or version < 1:
        raise fault(path, "attribute version", f"is {_brief(version)}", f"write it as {VERSION}")
    if version > VERSION:
        problem = f"is {version}, but this prvr_lite reads versions up to {VERSION}"
        raise fault(path, "attribute version", problem, "install a newer prvr_lite")
    attributes = {}
    for key in ATTRIBUTES:
        text = file.attrs.get(key)
        if not isinstance(text, str):
            problem = "is missing" if text is None else f"is {_brief(text)}, not text"
            fix = "write it as text; leave the text empty if it is unknown"
            raise fault(path, f"attribute {key}", problem, fix)
        attributes[key] = text
    return attributes


def _brief(value: object) -> str:
    """Returns a value on one line, for a message; it may be an array of any size."""
    return " ".join(repr(value).split())[:80]


def read_columns(path: Path, file: h5py.File) -> dict[str, Any]:
    """Checks all columns and reads the small ones.

    Returns:
        Columns by name: int64 and float32 arrays, lists of text, and for the `BIG` columns HDF5
        datasets.

    Raises:
        FeatureFileError: a column has a fault; names the first.
    """
    columns = _find_columns(path, file)
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
            with np.errstate(over="ignore"):  # too large for float32: infinite, and refused below
                values[name] = rows.astype(np.int64 if kind == "integers" else np.float32)
    check_values(path, values, text)
    return values | text


def _find_columns(path: Path, file: h5py.File) -> dict[str, Any]:
    """Returns the HDF5 datasets of known columns and of all splits, by name.

    Unknown columns are ignored.
    """
    splits = file.get("splits")
    extra = [f"splits/{name}" for name in splits] if isinstance(splits, h5py.Group) else []
    by_name = {name: file.get(name) for name in dict.fromkeys([*COLUMNS, *extra])}
    columns = {name: stored for name, stored in by_name.items() if isinstance(stored, h5py.Dataset)}
    for name, stored in columns.items():
        try:
            _ = stored.dtype
        except Exception as error:
            problem = f"has a number type that NumPy can't read ({error})"
            kind = COLUMNS[name].kind if name in COLUMNS else "integers"
            raise fault(path, name, problem, f"write this column as {kind}") from error
    return columns


def _decode(path: Path, column: str, raw: Array) -> list[str]:
    texts = raw.tolist()
    try:
        return list(map(bytes.decode, texts))  # two thirds of the time of a comprehension
    except UnicodeDecodeError as error:
        row = texts.index(error.object)
        raise fault(path, column, f"is not UTF-8 ({error})", "store UTF-8", row) from error
