"""Reads the small columns of an HDF5 feature file and checks them; dataset.py is the way in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from prvr_lite.data.checks import check_values
from prvr_lite.data.columns import (
    ATTRIBUTES,
    BIG,
    COLUMNS,
    FORMAT,
    VERSION,
    Array,
    FeatureFileError,
    check_structure,
    fault,
)

AGAIN = "copy or download the file again, or write it anew"


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
        problem = f"{path}: can't be read as HDF5, it is truncated or of another kind ({error})"
        raise FeatureFileError(f"{problem}. To mend it: {AGAIN}.") from error


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


def read_columns(path: Path, file: h5py.File) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """All columns checked, the small ones read.

    Returns:
        Columns by name: int64 and float32 arrays, and the `BIG` ones as HDF5 datasets; and the
        text columns as lists.

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
    return values, text


def _find_columns(file: h5py.File) -> dict[str, Any]:
    """HDF5 datasets by name: the known ones, and whatever lies in splits. Others are let be."""
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
