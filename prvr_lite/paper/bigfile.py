"""Reads and writes BigFile, the format of the released features: a matrix, and the ids of its rows.

A folder holds ``feature.bin`` (float32, little-endian, row after row), ``id.txt`` (the ids in the
order of the rows, ISO-8859-1, separated by white space) and ``shape.txt`` (number of rows, and
length of a row). The released reader (HuiGuanLab/ms-sl-pp, utils/basic_utils.py:9-68) opens the
file again for every row; here neighbouring rows are read at once, others from a map of the file.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.checks import all_finite
from prvr_lite.files import damaged
from prvr_lite.text import canonical_name, read_text

Float = NDArray[np.float32]
VALUES, IDS, SHAPE = "feature.bin", "id.txt", "shape.txt"
STORED = np.dtype("<f4")
ENCODING = "iso-8859-1"


def existing(path: Path, what: str) -> Path:
    """Returns the path, if the file exists.

    Raises:
        FileNotFoundError: the file is missing; ``what`` says what it should hold.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: is missing ({what}). Check the path, or download it.")
    return path


def check_finite_rows(path: Path, rows: Float, owner: Callable[[int], str]) -> None:
    """Refuses NaN and infinity in rows [n, dim]; ``owner(i)`` is in words what row i belongs to."""
    if not all_finite(rows):
        row = int((~np.isfinite(rows).all(axis=1)).argmax())
        fix = "compute these features again, or download the file again"
        raise damaged(path, f"{owner(row)} holds NaN or infinity", fix)


@dataclass(frozen=True)
class BigFile:
    """An open BigFile; its rows stay on disk until they are asked for.

    Attributes:
        folder: the folder of the BigFile.
        ids: the id of every row.
        dim: the length of a row.
    """

    folder: Path
    ids: list[str]
    dim: int
    _row: dict[str, int] = field(repr=False)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> BigFile:
        """Reads ids and shape, and checks that the three files fit each other; reads no features.

        Raises:
            FileNotFoundError: one of the three files is missing.
            FileFormatError: ``shape.txt`` is not two integers, there are more or fewer ids than
                rows, an id is duplicated, or the size of ``feature.bin`` does not fit its shape.
        """
        folder = Path(folder)
        count, dim = _read_shape(existing(folder / SHAPE, "the number of rows and their length"))
        ids = _read_ids(existing(folder / IDS, "the id of every row"), count)
        values, needed = existing(folder / VALUES, "the features"), count * dim * STORED.itemsize
        if (size := values.stat().st_size) != needed:
            problem = f"has {size} bytes, but {count} rows of {dim} float32 are {needed}"
            raise damaged(values, problem, f"copy or download it again, or correct {SHAPE}")
        return cls(folder, ids, dim, _rows_by_name(folder / IDS, ids))

    def __len__(self) -> int:
        return len(self.ids)

    def row_of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Returns the rows of ids, [n]. Raises KeyError with the first id that has no row."""
        rows = (self._row[name if name.isascii() else canonical_name(name)] for name in names)
        return np.fromiter(rows, np.int64, len(names))

    def rows(self, names: Sequence[str]) -> Float:
        """Reads features by id, [n, dim] float32, in the requested order, as a new, writable array.

        Raises:
            FileFormatError: no row has such an id, or a feature is NaN or infinite.
        """
        try:
            return self.at(self.row_of(names))
        except KeyError as error:
            problem = f"has no row '{error.args[0]}'"
            raise damaged(self.folder / IDS, problem, "ask for one of its ids") from None

    def at(self, rows: NDArray[np.int64]) -> Float:
        """Reads features by row, as :meth:`rows` reads them by id."""
        path, n = self.folder / VALUES, len(rows)
        if n and bool((np.diff(rows) == 1).all()):  # neighbours: read at once
            start = int(rows[0]) * self.dim * STORED.itemsize
            table = np.fromfile(path, STORED, n * self.dim, offset=start)
            if len(table) != n * self.dim:
                problem = f"ends within '{self.ids[rows[-1]]}' or before"
                raise damaged(path, problem, "copy or download it again")
            table = table.reshape(n, self.dim)
        else:
            # Mapped each time: pages of a lasting map would count as this process's memory.
            table = np.memmap(path, STORED, "r", shape=(len(self.ids), self.dim))[rows]
        features = np.asarray(table, np.float32)
        check_finite_rows(
            self.folder / VALUES, features, lambda i: f"row {rows[i]} ('{self.ids[rows[i]]}')"
        )
        return features


def _read_shape(path: Path) -> tuple[int, int]:
    line = read_text(path).split("\n")[0]
    words = line.split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        line = repr(line[:60]) if words else "nothing"
        raise damaged(path, f"line 1 is {line}, not two integers", "write '<rows> <length>'")
    count, dim = (int(word) if len(word) < 19 else 0 for word in words)
    if not count or not dim:
        problem = f"line 1 says {words[0][:30]} rows of {words[1][:30]} numbers"
        raise damaged(path, f"{problem}, which is empty or too large", "download it again")
    return count, dim


def _read_ids(path: Path, count: int) -> list[str]:
    raw = path.read_bytes().removeprefix(BOM_UTF8)
    ids = [name.decode(ENCODING) for name in raw.split()]  # at the white space of ASCII alone
    if len(ids) != count:
        problem = f"has {len(ids)} ids, but {SHAPE} says {count} rows"
        raise damaged(path, problem, "copy or download both again (an id must not contain a space)")
    if len(set(ids)) != count:
        seen: dict[str, int] = {}
        for row, name in enumerate(ids):
            if name in seen:
                problem = f"row {row}: id '{name}' is also the id of row {seen[name]}"
                raise damaged(path, problem, "give every row an id of its own")
            seen[name] = row
    return ids


def _rows_by_name(path: Path, ids: Sequence[str]) -> dict[str, int]:
    """Returns the row of each id; an id whose bytes are UTF-8 has this name too."""
    rows = {name: row for row, name in enumerate(ids)}
    for row, name in enumerate(ids):
        if name.isascii():
            continue
        with suppress(UnicodeDecodeError):
            utf8 = canonical_name(name.encode(ENCODING).decode())
            if rows.setdefault(utf8, row) != row:
                problem = f"row {row}: id '{utf8}' is also the id of row {rows[utf8]}"
                raise damaged(path, problem, "give every row an id of its own")
    return rows


def write_bigfile(folder: str | os.PathLike[str], ids: Sequence[str], features: Any) -> None:
    """Writes features as a BigFile; files in the folder are replaced, ``shape.txt`` last of all.

    Args:
        folder: the folder; it is made if it is missing.
        ids: one id per row, all different, without white space, in letters of ISO-8859-1.
        features: [n, dim], stored as float32.

    Raises:
        ValueError: an id can't be stored or is duplicated, or there is not one row per id.
    """
    folder, table = Path(folder), np.asarray(features)
    if table.ndim != 2 or len(table) != len(ids) or not table.size:
        shape = list(table.shape)
        raise ValueError(f"{folder}: {len(ids)} ids for features of shape {shape}: give [n, dim]")
    for name in ids:
        if name.split() != [name] or name.encode(ENCODING, "replace").decode(ENCODING) != name:
            raise ValueError(f"{folder}: id {name!r} has white space or letters beyond {ENCODING}")
    if len(set(ids)) != len(ids):
        raise ValueError(f"{folder}: an id is duplicated: give every row an id of its own")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SHAPE).unlink(missing_ok=True)  # whoever stops us here leaves no BigFile behind
    with (folder / VALUES).open("wb") as file:
        for start in range(0, len(table), 4096):
            file.write(np.ascontiguousarray(table[start : start + 4096], dtype=STORED).data)
    (folder / IDS).write_bytes("\n".join(ids).encode(ENCODING))
    (folder / SHAPE).write_text(f"{len(table)} {table.shape[1]}\n", encoding=ENCODING)
