"""A whole data set in memory, and how it is written to a feature file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from prvr_lite.data.checks import check_finite, check_values
from prvr_lite.data.columns import (
    ATTRIBUTES,
    COLUMNS,
    FORMAT,
    VERSION,
    Array,
    check_structure,
    fault,
)
from prvr_lite.files import replacing

CHUNK_BYTES = 2**18  # small enough to read one video without waste, large enough to stream a split
STORED = {"integers": "<i8", "floats": "<f4"}  # "<": the same bytes on every machine


@dataclass(frozen=True)
class Projection:
    """How a raw backbone feature x became a stored one: (x / (|x| + 1e-5) - mean) @ basis.

    Attributes:
        visual_mean: [R] float32, R = length of the raw visual feature.
        visual_basis: [R, Dv] float32.
        text_mean: [Rw] float32, Rw = length of the raw word feature.
        text_basis: [Rw, Dw] float32.
    """

    visual_mean: Array
    visual_basis: Array
    text_mean: Array
    text_basis: Array


@dataclass
class FeatureTable:
    """A whole data set in memory, ready for `write_features`.

    V videos with F frames in all, Q queries with W words in all. Times are in seconds.

    Attributes:
        name, description, license: of the data set.
        visual_model, text_model: what computed the features.
        video_id: V ids, each once.
        duration: [V], NaN where unknown.
        frame_offset: [V+1]; video v has rows frame_offset[v] up to frame_offset[v+1] of `frame`.
        frame: [F, Dv] float16 or float32.
        query_id: Q ids, each once.
        query_text: Q captions.
        query_video: [Q] row of the video that each query is about.
        moment: [Q, 2] start and end, NaN where unknown.
        word_offset: [Q+1], as frame_offset.
        word: [W, Dw] float16 or float32.
        splits: "train", "val" or "test" -> rows of videos.
        thumbnail: one small JPEG or WebP picture a frame; b"" where there is none.
        group: [V] sibling group of each video (videos with one number are alike).
        relevant: [R, 2] (query row, video row): every video that truly answers a query.
        step_query: [S] query row of each step of an unfolding moment, ordered by query.
        step_span: [S, 2] start and end of each step, ordered by time within a query.
        projection: how new videos and typed queries get into this feature space.
    """

    name: str
    description: str
    license: str
    visual_model: str
    text_model: str
    video_id: list[str]
    duration: Array
    frame_offset: Array
    frame: Array
    query_id: list[str]
    query_text: list[str]
    query_video: Array
    moment: Array
    word_offset: Array
    word: Array
    splits: dict[str, Array]
    thumbnail: list[bytes] | None = None
    group: Array | None = None
    relevant: Array | None = None
    step_query: Array | None = None
    step_span: Array | None = None
    projection: Projection | None = None


def write_features(path: str | os.PathLike[str], table: FeatureTable) -> None:
    """Checks the table, then writes it as a feature file that replaces `path` in one go.

    Integers are stored as int64, times as float32, features in the precision they come in. The
    file is written beside `path` first: a fault or a full disk leaves what was there before.

    Args:
        path: the file to write; its folder must exist.
        table: the data set.

    Raises:
        FeatureFileError: the table has a fault; column names are those inside the file.
        OSError: the file can't be written.
    """
    path = Path(path)
    columns = checked_columns(path, table)
    for name in ("frames/feature", "words/feature"):
        check_finite(path, name, columns[name])
    with replacing(path) as draft, h5py.File(draft, "w") as file:
        write_attributes(file, table)
        for name in (name for name in COLUMNS if name in columns):
            write_column(file, name, columns[name])


def write_attributes(file: h5py.File, table: FeatureTable) -> None:
    """Format, version, and what the data set is called."""
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    for key in ATTRIBUTES:
        file.attrs[key] = getattr(table, key)


def write_column(file: h5py.File, name: str, values: Array) -> None:
    """One column; features in packed chunks."""
    if COLUMNS[name].kind != "float16 or float32" or not len(values):
        file.create_dataset(name, data=values)
        return
    rows = min(len(values), max(1, CHUNK_BYTES // values[0].nbytes))
    chunks = (rows, values.shape[1])
    file.create_dataset(name, data=values, chunks=chunks, compression="gzip", shuffle=True)


def checked_columns(path: Path, table: FeatureTable) -> dict[str, Array]:
    """The table under the column names of the file, checked but for the values of its features.

    Raises:
        FeatureFileError: for the first fault found.
    """
    for key in ATTRIBUTES:
        _encoded(path, f"attribute {key}", [getattr(table, key)])
    columns = _columns(path, table)
    check_structure(path, columns)
    for name, values in columns.items():
        if (kind := COLUMNS[name].kind) in ("integers", "floats"):
            columns[name] = values.astype(STORED[kind])
    ids = {"videos/id": list(table.video_id), "queries/id": list(table.query_id)}
    check_values(path, columns, ids)
    return columns


def _columns(path: Path, table: FeatureTable) -> dict[str, Array]:
    """The table under the column names of the file, None left out."""
    columns = {
        "videos/id": _text(path, "videos/id", table.video_id),
        "videos/duration": table.duration,
        "videos/frame_offset": table.frame_offset,
        "videos/group": table.group,
        "frames/feature": table.frame,
        "frames/thumbnail": _thumbnails(path, table.thumbnail),
        "queries/id": _text(path, "queries/id", table.query_id),
        "queries/text": _text(path, "queries/text", table.query_text),
        "queries/video": table.query_video,
        "queries/moment": table.moment,
        "queries/word_offset": table.word_offset,
        "words/feature": table.word,
        "steps/query": table.step_query,
        "steps/span": table.step_span,
        **{f"splits/{split}": _rows(rows) for split, rows in table.splits.items()},
    }
    if table.relevant is not None:
        pairs = np.asarray(table.relevant)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            problem = f"the table's pairs have shape {list(pairs.shape)}, not [R, 2]"
            raise fault(path, "relevant/query", problem, "store one (query, video) pair a row")
        columns["relevant/query"], columns["relevant/video"] = pairs[:, 0], pairs[:, 1]
    if table.projection is not None:
        for part in fields(table.projection):
            columns[f"projection/{part.name}"] = getattr(table.projection, part.name)
    return {name: np.asarray(column) for name, column in columns.items() if column is not None}


def _rows(rows: Sequence[int] | Array) -> Array:
    """An empty list would become floats."""
    found = np.asarray(rows)
    return found if found.size else found.astype(np.int64)


def _text(path: Path, column: str, texts: Sequence[str]) -> Array:
    """Strings of one length: 100,000 captions are read in 10 ms, variable-length ones in 70.

    Unless a few very long texts would make the column four times as large as its content.
    """
    encoded = _encoded(path, column, texts)
    longest = max(map(len, encoded), default=0)
    if longest * len(encoded) > 4 * sum(map(len, encoded)) + 2**20:
        return np.array(encoded, dtype=h5py.string_dtype())
    fixed = np.array(encoded, dtype=f"S{max(1, longest)}")
    return fixed.astype(h5py.string_dtype("utf-8", fixed.itemsize))


def _encoded(path: Path, column: str, texts: Sequence[str]) -> list[bytes]:
    """UTF-8 of texts that HDF5 can hold: str, without NUL characters or lone surrogates."""
    encoded = []
    for row, text in enumerate(texts):
        if not isinstance(text, str) or "\0" in text:
            raise fault(path, column, f"{text!r} is not plain text", "store a str without NUL", row)
        try:
            encoded.append(text.encode())
        except UnicodeEncodeError as error:
            raise fault(path, column, f"{text!r}: {error}", "store valid Unicode", row) from error
    return encoded


def _thumbnails(path: Path, thumbnails: Sequence[bytes] | None) -> Array | None:
    if thumbnails is None:
        return None
    column = np.empty(len(thumbnails), dtype=h5py.vlen_dtype(np.uint8))
    for row, picture in enumerate(thumbnails):
        if not isinstance(picture, bytes):
            problem = f"holds {type(picture).__name__}"
            raise fault(path, "frames/thumbnail", problem, 'store bytes, b"" for none', row)
        column[row] = np.frombuffer(picture, dtype=np.uint8)
    return column
