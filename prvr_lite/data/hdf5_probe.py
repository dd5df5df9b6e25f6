"""Examines an HDF5 file of unknown origin, in a process of its own, before anything is read.

A damaged HDF5 file can crash the HDF5 library, keep it busy for ever, or ask for more memory than a
machine has; and one that was made for the purpose reads other files, or waits for a pipe. So
`prvr_lite.files.open_hdf5` starts this examination as a process, which may die.

It opens every object and its attributes, as far as hard links reach. It refuses, by name: links to
other files, external storage, virtual data sets, filters that h5py does not bring along, soft links
that lead nowhere, and data sets that are larger than the file can hold. It reads whatever is
compressed or of varying length, up to some megabytes; plain numbers can't do harm.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

AGAIN: Final = "copy or download the file again, or write it again"
COPY: Final = "store the values themselves in this file"
DEPTH: Final = 16  # groups in groups
ATTRIBUTE: Final = 1 << 20  # bytes
READ: Final = 16 << 20  # bytes of a data set that is read
READ_IN_ALL: Final = 256 << 20
ROWS: Final = 256  # of varying length, read at a time
PACKED: Final = 1100  # times that a chunk may grow; deflate's limit is 1032
MEMORY: Final = 8 << 30  # bytes of addresses that the process may use
PLAIN: Final = {h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}  # filters that keep the size
FILTERS: Final = PLAIN | {
    *(h5z.FILTER_DEFLATE, h5z.FILTER_SZIP, h5z.FILTER_NBIT, h5z.FILTER_SCALEOFFSET, h5z.FILTER_LZF)
}
SoftLink: TypeAlias = tuple[str, Any, bytes]  # its name in the file; its group, its name there


class RefusedError(Exception):
    """What is wrong with the file, and how to fix it."""

    def __init__(self, problem: str, fix: str = AGAIN) -> None:
        super().__init__(problem, fix)
        self.problem, self.fix = problem, fix


def main(path: str) -> None:
    """Prints the verdict on a file as a line of JSON."""
    with suppress(ImportError, ValueError, OSError):  # Windows and macOS have no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps(verdict(path)))


def verdict(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns ``problem`` and ``fix``, or ``errno`` and ``text`` of an OSError, or nothing."""
    try:
        examine(path)
    except RefusedError as error:
        return {"problem": error.problem, "fix": error.fix}
    except OSError as error:  # of opening the file, or of the disk
        return {"errno": error.errno, "text": str(error)}
    except Exception as error:  # h5py fails in any way it can
        reason = " ".join(str(error).split()) or type(error).__name__
        return {"problem": f"can't be read as HDF5, it is damaged ({reason})", "fix": AGAIN}
    return {}


def examine(path: str | os.PathLike[str]) -> None:
    """Opens every object of a file.

    Raises:
        RefusedError: an object is unsafe or damaged.
        OSError: the file can't be opened, or the disk fails.
    """
    size, left = os.path.getsize(path), READ_IN_ALL
    with h5py.File(path, "r") as file:
        soft: list[SoftLink] = []
        for name, thing in _objects(file, soft):
            with _named(name):
                _check_attributes(thing, size)
                if isinstance(thing, h5d.DatasetID):
                    wanted = _check_dataset(name, thing, size)
                    if 0 < wanted <= min(left, READ):
                        left -= _read(name, h5py.Dataset(thing), size)
        for name, group, link in soft:
            try:
                h5o.open(group, link)
            except Exception as error:  # RuntimeError, KeyError, …
                problem = f"'{name}' is a link that leads nowhere, or in a circle"
                raise RefusedError(problem, "remove it, or let it lead to a data set") from error


def _objects(file: h5py.File, soft: list[SoftLink]) -> Iterator[tuple[str, Any]]:
    """Yields every object that hard links reach, once; fills the list of soft links."""
    with _named("/"):
        root = h5o.open(file.id, b"/")
    yield "/", root
    seen: set[int] = set()
    groups: list[tuple[str, Any, tuple[int, ...]]] = [("", root, (h5o.get_info(root).addr,))]
    while groups:
        folder, group, above = groups.pop()
        for link, kind in _links(folder, group):
            name = folder + link.decode(errors="replace")
            if kind == h5l.TYPE_SOFT:
                soft.append((name, group, link))
                continue
            if kind != h5l.TYPE_HARD:
                raise RefusedError(f"'{name}' is a link to another file", COPY)
            with _named(name):
                thing = h5o.open(group, link)
                place = h5o.get_info(thing).addr
            if place in above or len(above) > DEPTH:
                raise RefusedError(f"group '{name}' lies in itself, or too deep in other groups")
            if place not in seen:
                seen.add(place)
                yield name, thing
                if isinstance(thing, h5g.GroupID):
                    groups.append((f"{name}/", thing, (*above, place)))


def _links(folder: str, group: Any) -> list[tuple[bytes, int]]:
    """Returns name and kind of each link of a group."""
    links: list[tuple[bytes, int]] = []
    with _named(folder or "/"):
        group.links.iterate(lambda link, info: links.append((link, info.type)), info=True)
    return links


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Says which object h5py fails at; it fails in any way it can."""
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # the disk, not the file
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RefusedError(f"'{name}' can't be read, it is damaged ({reason[:200]})") from error


def _check_attributes(thing: Any, size: int) -> None:
    if not h5a.get_num_attrs(thing):
        return
    for index in range(h5a.get_num_attrs(thing)):
        attribute = h5a.open(thing, index=index)
        if attribute.get_space().get_simple_extent_type() == h5s.NULL:
            continue  # it has no value, nor a size
        if (stored := attribute.get_storage_size()) > min(size, ATTRIBUTE):
            raise RefusedError(f"an attribute has {stored:,} bytes, more than is safe to read")
    holder = {h5d.DatasetID: h5py.Dataset, h5g.GroupID: h5py.Group}.get(type(thing), h5py.Datatype)
    list(holder(thing).attrs.values())


def _check_dataset(name: str, thing: h5d.DatasetID, size: int) -> int:
    """Checks where the values of a data set are; returns how many bytes of them are to be read."""
    made = thing.get_create_plist()  # asked first: a virtual data set opens its sources elsewhere
    layout, kind = made.get_layout(), thing.get_type()
    if layout == h5d.VIRTUAL:
        raise RefusedError(f"'{name}' is a virtual data set, whose values are in other files", COPY)
    if made.get_external_count():
        raise RefusedError(f"'{name}' is in external storage: its values are in other files", COPY)
    filters = {made.get_filter(place)[0] for place in range(made.get_nfilters())}
    if unknown := filters - FILTERS:
        problem = f"'{name}' needs filter {min(unknown)}, which h5py does not bring along"
        raise RefusedError(problem, "write it again with gzip, or without a filter")
    wanted = math.prod(thing.shape or (0,)) * int(kind.get_size())  # no shape: it has no values
    if not wanted:
        return 0
    if layout == h5d.CHUNKED:
        _check_chunks(name, thing, made.get_chunk(), size, packed=not filters <= PLAIN)
        return wanted
    start = thing.get_offset() if layout == h5d.CONTIGUOUS else 0
    if start is None or start + wanted > size or thing.get_storage_size() < wanted:
        held = 0 if start is None else max(0, min(size - start, thing.get_storage_size()))
        raise RefusedError(f"'{name}' needs {wanted:,} bytes, but the file holds {held:,} of them")
    return 0 if kind.get_class() in (h5t.FLOAT, h5t.INTEGER) else wanted


def _check_chunks(
    name: str, thing: h5d.DatasetID, chunk: tuple[int, ...], size: int, *, packed: bool
) -> None:
    counts = [-(-length // step) for length, step in zip(thing.shape, chunk, strict=True)]
    raw = math.prod(chunk) * thing.get_type().get_size()
    least = raw / PACKED if packed else raw
    held, places = thing.get_num_chunks(), list[Any]()
    if held == math.prod(counts) and hasattr(thing, "chunk_iter"):  # else it isn't worth a walk
        thing.chunk_iter(places.append)
    elif held == math.prod(counts):  # HDF5 before 1.12.3, where this is slow
        places = [thing.get_chunk_info(number) for number in range(held)]
    if len(places) != math.prod(counts):
        parts = f"the file holds {held:,} of its {math.prod(counts):,} chunks"
        raise RefusedError(f"'{name}' lacks parts: {parts}")
    for place in places:
        if place.byte_offset + place.size > size or place.size < least:
            there = max(0, min(place.size, size - place.byte_offset))
            parts = f"should have {raw:,} bytes, but the file holds only {there:,}"
            raise RefusedError(f"a chunk of '{name}' {parts}: the file is damaged")


def _read(name: str, column: h5py.Dataset, size: int) -> int:
    """Reads what is compressed or of varying length, as numbers and texts; returns the bytes."""
    dtype = column.dtype
    if not dtype.hasobject:
        with suppress(OSError):  # damaged values, which a reader names with their row
            return np.asarray(column[()]).nbytes if dtype.kind in "fiuS" else 0
        return 0
    if h5py.check_string_dtype(dtype) is None and h5py.check_vlen_dtype(dtype) is None:
        return 0  # references and records, of which the package reads none
    total = 0
    for start in range(0, len(column) if column.shape else 1, ROWS):
        rows = column[start : start + ROWS] if column.shape else [column[()]]
        total += sum(len(value) for value in np.ravel(np.asarray(rows, dtype=object)))
        if total > size:
            raise RefusedError(f"'{name}' needs more bytes than the file holds")
    return total
