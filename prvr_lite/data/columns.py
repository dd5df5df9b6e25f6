"""The columns of a feature file, their kinds and shapes, and the error that names a fault.

Columns go by their names inside the HDF5 file ("videos/id", "queries/moment", …).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from prvr_lite.files import FileFormatError, fault_text

Array = NDArray[Any]
FORMAT, VERSION = "prvr-lite features", 1
ATTRIBUTES = ("name", "description", "license", "visual_model", "text_model")
SPLITS = ("train", "val", "test")


class FeatureFileError(FileFormatError):
    """A fault of a feature file. The message names file, column and row, and how to fix it."""


def fault(
    path: Path, column: str, problem: str, fix: str, row: int | None = None
) -> FeatureFileError:
    """The error that names a file, a column (and row), what is wrong there, and how to fix it."""
    where = column if column.startswith("attribute") else f"column '{column}'"
    where += "" if row is None else f", row {row}"
    return FeatureFileError(fault_text(path, f"{where}: {problem}", fix))


@dataclass(frozen=True)
class Column:
    """What a column holds. A letter in `shape` is a length that all columns using it share."""

    kind: Literal["text", "integers", "floats", "float16 or float32", "variable-length bytes"]
    shape: tuple[str | int, ...]
    optional: bool = False


# In the order of writing and checking: the first column with a letter sets the letter's length.
COLUMNS: dict[str, Column] = {
    "videos/id": Column("text", ("V",)),
    "videos/duration": Column("floats", ("V",)),
    "videos/frame_offset": Column("integers", ("V+1",)),
    "videos/group": Column("integers", ("V",), optional=True),
    "frames/feature": Column("float16 or float32", ("F", "Dv")),
    "frames/thumbnail": Column("variable-length bytes", ("F",), optional=True),
    "queries/id": Column("text", ("Q",)),
    "queries/text": Column("text", ("Q",)),
    "queries/video": Column("integers", ("Q",)),
    "queries/moment": Column("floats", ("Q", 2)),
    "queries/word_offset": Column("integers", ("Q+1",)),
    "words/feature": Column("float16 or float32", ("W", "Dw")),
    "relevant/query": Column("integers", ("R",), optional=True),
    "relevant/video": Column("integers", ("R",), optional=True),
    "steps/query": Column("integers", ("S",), optional=True),
    "steps/span": Column("floats", ("S", 2), optional=True),
    **{f"splits/{split}": Column("integers", (split,), optional=True) for split in SPLITS},
    "projection/visual_mean": Column("floats", ("Rv",), optional=True),
    "projection/visual_basis": Column("floats", ("Rv", "Dv"), optional=True),
    "projection/text_mean": Column("floats", ("Rw",), optional=True),
    "projection/text_basis": Column("floats", ("Rw", "Dw"), optional=True),
}
WHOLE_GROUPS = ("relevant", "steps", "projection")  # all of their columns or none
BIG = ("frames/feature", "words/feature", "frames/thumbnail")  # not read when a file is opened

_IS_KIND: dict[str, Callable[[np.dtype[Any]], bool]] = {
    "text": lambda dtype: dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None,
    "integers": lambda dtype: dtype.kind in "iu",
    "floats": lambda dtype: dtype.kind == "f",
    "float16 or float32": lambda dtype: dtype.kind == "f" and dtype.itemsize in (2, 4),
    "variable-length bytes": lambda dtype: h5py.check_vlen_dtype(dtype) == np.uint8,
}


def check_structure(path: Path, columns: Mapping[str, Any]) -> None:
    """Columns present, kinds and shapes of arrays or HDF5 datasets; reads no values.

    Raises:
        FeatureFileError: for the first column that is missing or has the wrong kind or shape.
    """
    present = {name.split("/")[0] for name in columns}
    sizes: dict[str, int] = {}
    for name, column in COLUMNS.items():
        if name in columns:
            found = columns[name]
            if not _IS_KIND[column.kind](found.dtype):
                raise fault(path, name, f"holds {found.dtype}", f"store {column.kind}")
            _check_shape(path, name, found.shape or (), column.shape, sizes)
        elif not column.optional:
            raise fault(path, name, "is missing", "write the file again with this column")
        elif (group := name.split("/")[0]) in WHOLE_GROUPS and group in present:
            fix = f"write it, or leave out the whole group '{group}'"
            raise fault(path, name, f"is missing although '{group}' has other columns", fix)
    if "splits" not in present:
        raise fault(path, "splits/train", "is missing, as are val and test", "write one split")
    for name in columns:
        if name.startswith("splits/") and name not in COLUMNS:
            raise fault(path, name, "is not a known split", f"name it one of {', '.join(SPLITS)}")


def _check_shape(
    path: Path,
    name: str,
    found: tuple[int, ...],
    expected: tuple[str | int, ...],
    sizes: dict[str, int],
) -> None:
    symbols = "[" + ", ".join(map(str, expected)) + "]"
    if len(found) != len(expected):
        raise fault(path, name, f"has shape {list(found)}, not {symbols}", f"store it as {symbols}")
    for axis, (length, symbol) in enumerate(zip(found, expected, strict=True)):
        if isinstance(symbol, int):
            wanted = symbol
        elif symbol.endswith("+1"):
            wanted = sizes[symbol[:-2]] + 1
        else:
            wanted = sizes.setdefault(symbol, length)
        if length != wanted:
            problem = f"has shape {list(found)}, but axis {axis} of {symbols} must be {wanted} long"
            row = min(length, wanted) if axis == 0 else None  # the first row too many or missing
            raise fault(path, name, problem, "write all columns from the same table", row)
        # no query is no fault: a collection that nobody captioned can be searched
        if length == 0 and symbol in ("V", "Dv", "Dw", "Rv", "Rw"):
            raise fault(
                path, name, "is empty", "store at least one video, of features above size 0"
            )
