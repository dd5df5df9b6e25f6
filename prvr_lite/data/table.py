"""Writes a `FeatureTable`, which is a whole data set in memory, as a feature file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from prvr_lite.data.checks import check_finite, check_structure, check_values
from prvr_lite.data.columns import ATTRIBUTES, COLUMNS, FORMAT, VERSION, Array, FeatureTable, fault
from prvr_lite.files import replacing, trust_hdf5

CHUNK_BYTES = 2**18  # small enough to read one video without waste, large enough to stream a split
STORED = {"integers": "<i8", "floats": "<f4"}  # "<": the same bytes on every machine


def write_features(path: str | os.PathLike[str], table: FeatureTable) -> None:
    """Checks the table, then writes it as a feature file that replaces `path` in one step.

    Integers are stored as int64, times as float32, features in the precision that they have.
    The file is written beside `path` first: after a fault or on a full disk, the old `path` stays.

    Args:
        path: the file to write; its folder must exist.
        table: the data set.

    Raises:
        FeatureFileError: the table has a fault; the message uses the column names of the file.
        OSError: the file can't be written.
    """
    path = Path(path)
    columns = checked_columns(path, table)
    for name in ("frames/feature", "words/feature"):
        check_finite(path, name, columns[name])
    image = _file_image(table, columns)
    with replacing(path) as draft:
        draft.write_bytes(image)
    trust_hdf5(path)


def _file_image(table: FeatureTable, columns: Mapping[str, Array]) -> bytes:
    """Makes the file in memory: where a disk is full, HDF5 itself would end the whole process."""
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        write_attributes(file, table)
        for name, values in columns.items():
            write_column(file, name, values)
        file.flush()
        return bytes(file.id.get_file_image())


def write_attributes(file: h5py.File, table: FeatureTable) -> None:
    """Writes the format, the version, and the names of the data set and its models."""
    file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
    for key in ATTRIBUTES:
        file.attrs[key] = getattr(table, key)


def write_column(file: h5py.File, name: str, values: Array) -> None:
    """Writes one column; features are stored in packed chunks."""
    if COLUMNS[name].kind != "float16 or float32" or not len(values):
        file.create_dataset(name, data=values)
        return
    rows = min(len(values), max(1, CHUNK_BYTES // values[0].nbytes))
    chunks = (rows, values.shape[1])
    file.create_dataset(name, data=values, chunks=chunks, compression="gzip", shuffle=True)


def checked_columns(path: Path, table: FeatureTable) -> dict[str, Array]:
    """Returns the table by the column names of the file, in its order.

    All is checked but the features' values.

    Raises:
        FeatureFileError: the table has a fault; names the first.
    """
    for key in ATTRIBUTES:
        _encoded(path, f"attribute {key}", [getattr(table, key)])
    columns = _columns(path, table)
    check_structure(path, columns)
    columns = {name: columns[name] for name in COLUMNS if name in columns}  # the file's order
    for name, values in columns.items():
        if (kind := COLUMNS[name].kind) in ("integers", "floats"):
            columns[name] = values.astype(STORED[kind])
    ids = {"videos/id": list(table.video_id), "queries/id": list(table.query_id)}
    check_values(path, columns, ids)
    return columns


def _columns(path: Path, table: FeatureTable) -> dict[str, Array]:
    """Returns the table by the column names of the file, without the columns that are None."""
    columns: dict[str, Array] = {}
    for part in fields(table):
        value = getattr(table, part.name)
        if value is None:
            continue
        if part.name == "splits":
            columns |= {f"splits/{split}": _rows(rows) for split, rows in value.items()}
        elif part.name == "relevant":
            columns["relevant/query"], columns["relevant/video"] = _pairs(path, value)
        elif part.name == "projection":
            columns |= {
                name: np.asarray(getattr(value, name.removeprefix("projection/")))
                for name in part.metadata
            }
        else:  # one column; none for the name of the data set and the like
            columns |= {name: _values(path, name, value) for name in part.metadata}
    return columns


def _values(path: Path, name: str, values: Any) -> Array:
    kind = COLUMNS[name].kind
    if kind == "text":
        return _text(path, name, values)
    if kind == "variable-length bytes":
        return _pictures(path, name, values)
    return np.asarray(values)


def _pairs(path: Path, relevant: Array) -> tuple[Array, Array]:
    pairs = np.asarray(relevant)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        problem = f"the table's pairs have shape {list(pairs.shape)}, not [R, 2]"
        raise fault(path, "relevant/query", problem, "store one (query, video) pair per row")
    return pairs[:, 0], pairs[:, 1]


def _rows(rows: Sequence[int] | Array) -> Array:
    """Returns rows as integers, also if there are none: numpy makes floats of an empty list."""
    checked = np.asarray(rows)
    return checked if checked.size else checked.astype(np.int64)


def _text(path: Path, column: str, texts: Sequence[str]) -> Array:
    """Returns texts as strings of one length, which HDF5 reads faster.

    100,000 captions are read in 10 ms, of varying length in 70.

    If a few very long texts would make the column four times as large as its content, the length
    varies all the same.
    """
    encoded = _encoded(path, column, texts)
    longest = max(map(len, encoded), default=0)
    if longest * len(encoded) > 4 * sum(map(len, encoded)) + 2**20:
        return np.array(encoded, dtype=h5py.string_dtype())
    fixed = np.array(encoded, dtype=f"S{max(1, longest)}")
    return fixed.astype(h5py.string_dtype("utf-8", fixed.itemsize))


def _encoded(path: Path, column: str, texts: Sequence[str]) -> list[bytes]:
    """Returns texts as UTF-8; refuses what HDF5 can't hold: not a str, NUL, a lone surrogate."""
    encoded = []
    for row, text in enumerate(texts):
        if not isinstance(text, str) or "\0" in text:
            raise fault(path, column, f"{text!r} is not plain text", "store a str without NUL", row)
        try:
            encoded.append(text.encode())
        except UnicodeEncodeError as error:
            raise fault(path, column, f"{text!r}: {error}", "store valid Unicode", row) from error
    return encoded


def _pictures(path: Path, name: str, pictures: Sequence[bytes]) -> Array:
    column = np.empty(len(pictures), dtype=h5py.vlen_dtype(np.uint8))
    for row, picture in enumerate(pictures):
        if not isinstance(picture, bytes):
            problem = f"holds {type(picture).__name__}"
            raise fault(path, name, problem, 'store bytes, b"" for none', row)
        column[row] = np.frombuffer(picture, dtype=np.uint8)
    return column
