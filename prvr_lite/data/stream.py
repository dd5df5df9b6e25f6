"""Writes a feature file that is larger than memory, and goes on after an interruption.

`write_features` needs the whole data set in memory, and packs it. Here frames come one video at a
time and words one query at a time, and are stored unpacked: features of real networks hardly get
smaller by packing (their digits look like noise), and unpacked rows are read as fast as the disk
is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
from tqdm.auto import tqdm

from prvr_lite.data.checks import all_finite, check_finite
from prvr_lite.data.columns import ATTRIBUTES, Array, FeatureTable
from prvr_lite.data.table import checked_columns, write_attributes, write_column
from prvr_lite.files import DiskError, disk_errors, put_in_place, trust_hdf5

SPARE = 1 << 20  # bytes for the tables that HDF5 keeps beside the columns
BLOCK_BYTES = 16 << 20  # what is read, checked, written and recorded at a time
Read = Callable[[int], Array]


def unread(rows: int, dim: int, dtype: str) -> Array:
    """Returns a stand-in for a matrix [rows, dim] that is yet to be read; it takes no memory."""
    return np.broadcast_to(np.zeros(1, np.dtype(dtype).newbyteorder("<")), (rows, dim))


@dataclass(frozen=True)
class _Column:
    """A big column: `read(owner)` gives the rows from offset[owner] to offset[owner + 1]."""

    name: str
    offset: Array
    shape: tuple[int, int]
    dtype: np.dtype[np.generic]
    read: Read

    def blocks(self) -> Iterator[range]:
        """Yields ranges of neighbouring owners whose rows take about BLOCK_BYTES together."""
        first, row_bytes = 0, self.shape[1] * self.dtype.itemsize
        while first < len(self.offset) - 1:
            room = self.offset[first] + max(1, BLOCK_BYTES // row_bytes)
            last = max(first + 1, int(np.searchsorted(self.offset, room, side="right")) - 1)
            yield range(first, last)
            first = last

    def place(self, owners: range) -> tuple[int, int]:
        """Returns where the rows of owners lie in the column: first byte, number of bytes."""
        start, stop = self.offset[owners.start], self.offset[owners.stop]
        row_bytes = self.shape[1] * self.dtype.itemsize
        return int(start) * row_bytes, int(stop - start) * row_bytes

    def block(self, path: Path, owners: range) -> Array:
        """Reads the rows of owners, in the form in which they are stored."""
        start, stop = self.offset[owners.start], self.offset[owners.stop]
        block = np.empty((stop - start, self.shape[1]), self.dtype)
        with np.errstate(over="ignore"):  # too large for float16: infinite, and refused below
            for owner in owners:
                place = slice(self.offset[owner] - start, self.offset[owner + 1] - start)
                rows = self.read(owner)
                if rows.shape != block[place].shape:
                    raise ValueError(
                        f"{path}: column '{self.name}': item {owner} has features of shape "
                        f"{list(rows.shape)}, but its offsets in the table need "
                        f"{list(block[place].shape)}. To fix it: give features of that shape."
                    )
                block[place] = rows
        if not all_finite(block):
            check_finite(path, self.name, block, int(start))
        return block


def stream_features(
    path: str | os.PathLike[str],
    table: FeatureTable,
    frames: Read,
    words: Read,
    *,
    origin: str = "",
    progress: bool = False,
) -> None:
    """Writes the same file as `write_features`, with features read video by video, query by query.

    Memory holds the small columns and one block. The unfinished file lies beside `path` as
    ``<name>.part``, and ``<name>.part.log`` lists the blocks that are finished. Called again with
    the same table and origin after an interruption, the function checks the finished blocks and
    goes on from there. `path` is replaced at the very end, in one step.

    Args:
        path: the file to write; its folder must exist.
        table: the data set; its `frame` and `word` are `unread` matrices, which give the shapes
            and the precision to store.
        frames: gives the frames [T, Dv] of a video, from its row.
        words: gives the words [L, Dw] of a query, from its row.
        origin: a text that says where the features come from; with another text than before, an
            unfinished file is not used but started again.
        progress: whether to show a progress bar.

    Raises:
        FeatureFileError: the table has a fault, or features are not finite (the largest float16
            is 65,504).
        ValueError: a video or query has more or fewer rows than its offsets say.
        OSError: the file can't be written, or the disk has no room for it.
    """
    path = Path(path)
    columns = checked_columns(path, table)
    big = [
        _column("frames/feature", columns, "videos/frame_offset", frames),
        _column("words/feature", columns, "queries/word_offset", words),
    ]
    draft, log = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.log")
    head = _content_digest(table, columns, origin)
    work = [(column, owners) for column in big for owners in column.blocks()]
    with disk_errors(path):
        finished = _finished(draft, log, head)
        if finished is None:
            try:
                _begin(draft, table, columns, big)
            except OSError:  # there is nothing in it yet to go on from
                draft.unlink(missing_ok=True)
                raise
        _fill(path, draft, log, head, work, finished or [], progress)
        put_in_place(draft, path)
        trust_hdf5(path)
        log.unlink()


def _column(name: str, columns: dict[str, Array], offset: str, read: Read) -> _Column:
    values = columns[name]
    rows, dim = values.shape
    return _Column(name, columns[offset], (rows, dim), values.dtype, read)


def _content_digest(table: FeatureTable, columns: dict[str, Array], origin: str) -> str:
    """Returns a digest of the whole table except the values of its features."""
    digest = hashlib.sha256(repr([origin, *(getattr(table, key) for key in ATTRIBUTES)]).encode())
    for name, column in columns.items():
        digest.update(f"{name} {column.dtype} {column.shape}".encode())
        if column.dtype.hasobject:
            digest.update(repr(column.tolist()).encode())
        elif not name.endswith("/feature"):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _finished(draft: Path, log: Path, head: str) -> list[int] | None:
    """Returns checksums of blocks that an earlier call finished; None if it left no usable file."""
    if not (draft.exists() and log.exists()):
        return None
    lines = log.read_text(encoding="ascii", errors="replace").split("\n")[:-1]  # whole lines only
    if not lines or lines[0] != head:
        return None
    return [int(line) for line in lines[1:] if line.isdigit()]


def _begin(draft: Path, table: FeatureTable, columns: dict[str, Array], big: list[_Column]) -> None:
    """Creates the unfinished file: everything but the features, and empty room for those.

    Afterwards HDF5 does not write to the file any more, so an interruption can't leave its internal
    tables half written.
    """
    room = SPARE + sum(map(_bytes, columns.values()))
    if (free := shutil.disk_usage(draft.parent).free) < room:
        raise DiskError(
            f"{draft.parent}: {free / 2**30:.1f} GiB are free, the feature file needs "
            f"{room / 2**30:.1f}: free some space, or store float16"
        )
    with h5py.File(draft.name, "w", driver="core", backing_store=False) as file:
        file.flush()
        image = file.id.get_file_image()
    with draft.open("wb") as target:
        target.write(image)  # an empty file of HDF5
        if hasattr(os, "posix_fallocate"):  # where a disk is full, its library ends the process
            os.posix_fallocate(target.fileno(), 0, room)
    with h5py.File(draft, "r+") as file:
        write_attributes(file, table)
        for name, values in columns.items():
            if name not in {column.name for column in big}:
                write_column(file, name, values)
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        for column in big:
            file.create_dataset(column.name, column.shape, column.dtype, dcpl=layout)


def _bytes(column: Array) -> int:
    """Returns how many bytes a column takes in the file; each text has a length of its own."""
    if column.dtype.hasobject:
        return sum(len(str(text).encode(errors="replace")) + 32 for text in column.tolist())
    return int(np.prod(column.shape)) * column.dtype.itemsize


def _fill(
    path: Path,
    draft: Path,
    log: Path,
    head: str,
    work: list[tuple[_Column, range]],
    finished: list[int],
    progress: bool,
) -> None:
    """Writes the blocks that are not finished; after each, its checksum is added to the log."""
    with h5py.File(draft, "r") as file:
        start = {column.name: file[column.name].id.get_offset() for column, _ in work}
    places = [(start[c.name] + c.place(owners)[0], c.place(owners)[1]) for c, owners in work]
    with draft.open("r+b") as data:
        sound = _sound(data, places, finished)
        sizes = [size for _, size in places]
        done, look = sum(sizes[:sound]), {"unit": "B", "unit_scale": True, "disable": not progress}
        bar = tqdm(total=sum(sizes), initial=done, **look)
        with log.open("w", encoding="ascii", newline="\n") as notes, bar:
            notes.writelines(f"{line}\n" for line in (head, *finished[:sound]))
            notes.flush()
            for (column, owners), (byte, size) in zip(work[sound:], places[sound:], strict=True):
                block = column.block(path, owners)
                data.seek(byte)
                data.write(block.data)
                data.flush()
                notes.write(f"{zlib.crc32(block.data)}\n")
                notes.flush()
                bar.update(size)


def _sound(data: BinaryIO, places: list[tuple[int, int]], finished: list[int]) -> int:
    """Returns how many blocks in the log are really on the disk: a crash may have lost some."""
    for count, ((byte, size), checksum) in enumerate(zip(places, finished, strict=False)):
        data.seek(byte)
        if zlib.crc32(data.read(size)) != checksum:
            return count
    return min(len(finished), len(places))
