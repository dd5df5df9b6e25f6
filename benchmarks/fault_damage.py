"""Damages files: at random, or one part of their content at a time."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

Damage = tuple[str, Callable[[], object]]  # what it does, and the deed
PIECE = 64  # bytes that are lost, or written twice


def at_random(path: Path, draw: random.Random) -> str:
    """Damages the bytes of a file in place; says how."""
    content = bytearray(path.read_bytes())
    ways = ("flip a bit", "change bytes", "cut", "lose a piece", "zeros", "piece twice")
    way, size = draw.choice(ways), max(1, len(content))
    at = draw.randrange(size)
    if not content or way == "cut":
        content = content[:at]
    elif way == "flip a bit":
        content[at] ^= 1 << draw.randrange(8)
    elif way == "change bytes":
        content[at : at + 4] = draw.randbytes(4)
    elif way == "lose a piece":
        del content[at : at + PIECE]
    elif way == "zeros":
        content[at : at + PIECE] = bytes(len(content[at : at + PIECE]))
    else:
        content[at:at] = content[at : at + PIECE]
    path.write_bytes(content)
    return f"{way} at byte {at} of {path.name}"


def structured(path: Path) -> Iterator[Damage]:
    """Every damage of one part of a file's content; each is to be done to a fresh copy."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"\x89HDF"):
        yield from _hdf5(path)
    elif head.startswith(b"PK"):
        yield from _record(path)
    elif path.suffix in (".json", ".jsonl"):
        yield from _json(path)
    elif path.suffix in (".csv", ".tsv", ".txt"):
        yield from _text(path)


WRONG: tuple[Any, ...] = (None, "text", -1, 10**30, float("nan"), True, [], {}, [[[]]])


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every part of nested dicts and lists, at most three of each list."""
    keys = tree.keys() if isinstance(tree, dict) else range(min(3, len(tree)))
    for key in list(keys)[:12]:
        yield (*path, key)
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key], (*path, key))


def _put(tree: Any, place: tuple[Any, ...], value: Any) -> None:
    for key in place[:-1]:
        tree = tree[key]
    if value is _GONE:
        del tree[place[-1]]
    else:
        tree[place[-1]] = value


_GONE = object()


def _record(path: Path) -> Iterator[Damage]:
    record = torch.load(path, weights_only=True)
    tensors: tuple[Any, ...] = (torch.zeros(2, 3), torch.tensor(float("nan")))

    def write(place: tuple[Any, ...], value: Any) -> None:
        wrong = copy.deepcopy(record)
        _put(wrong, place, value)
        torch.save(wrong, path)

    for place in _places(record):
        for value in (_GONE, *WRONG, *tensors):
            shown = "gone" if value is _GONE else repr(value)[:20]
            yield f"{place} is {shown}", partial(write, place, value)


def _json(path: Path) -> Iterator[Damage]:
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line] if path.suffix == ".jsonl" else None
    whole = rows if rows is not None else json.loads("\n".join(lines))

    def write(text: str) -> None:
        path.write_text(text, encoding="utf-8")

    def dumped(tree: Any) -> str:
        return "\n".join(map(json.dumps, tree)) if rows is not None else json.dumps(tree)

    for place in _places(whole):
        for value in (_GONE, *WRONG, "\ud800", "\x1b[31mred"):
            wrong = copy.deepcopy(whole)
            _put(wrong, place, value)
            text = dumped(wrong)
            yield f"{place} is {value!r:.20}", partial(write, text)
    for text in ("[" * 100_000, "1" * 5000, '{"a": ' * 5000, "", "null", "\ufeff", "\x00" * 9):
        yield f"text {text[:6]!r}", partial(write, text)


def _text(path: Path) -> Iterator[Damage]:
    lines = path.read_text(encoding="utf-8").split("\n")
    pieces = ('"', "\x00", "\u2028", "\r", "x" * 200_000, "\x1b[31m", ",", "\t", "#", "-1", "nan")

    def write(text: str) -> None:
        path.write_text(text, encoding="utf-8", newline="")

    for i, line in enumerate(lines[:4]):
        for piece in pieces:
            for where in (0, len(line) // 2, len(line)):
                changed = [*lines[:i], line[:where] + piece + line[where:], *lines[i + 1 :]]
                text = "\n".join(changed)
                yield f"{piece[:6]!r} in line {i + 1}", partial(write, text)
        yield (
            f"line {i + 1} twice",
            partial(write, "\n".join([*lines[: i + 1], *lines[i:]])),
        )
    for data in ("\n".join(lines).encode("utf-16"), b"\xff\xfe\xfd", b""):
        yield f"bytes {data[:4]!r}", partial(path.write_bytes, data)


def _hdf5(path: Path) -> Iterator[Damage]:
    names: list[str] = []
    with h5py.File(path) as file:
        file.visit(names.append)
        attributes = list(file.attrs)
    for name in names[:40]:
        for way in HDF5:
            yield f"{name}: {way}", partial(_change, path, name, HDF5[way])
    for key in attributes:
        for value in (None, 7, np.zeros(3), "\x1b[31m"):
            yield f"attribute {key} is {value!r:.10}", partial(_attribute, path, key, value)


def _change(path: Path, name: str, make: Callable[[h5py.File, str], object]) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        make(file, name)


def _attribute(path: Path, key: str, value: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file.attrs[key]
        if value is not None:
            file.attrs[key] = value


def _virtual(file: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", shape=(4,))
    file.create_virtual_dataset(name, layout)


HDF5: dict[str, Callable[[h5py.File, str], object]] = {
    "gone": lambda file, name: None,
    "null": lambda file, name: file.create_dataset(name, data=h5py.Empty("f4")),
    "scalar": lambda file, name: file.create_dataset(name, data=3.0),
    "text": lambda file, name: file.create_dataset(name, data="text"),
    "empty": lambda file, name: file.create_dataset(name, data=np.zeros((0, 3), "f4")),
    "not finite": lambda file, name: file.create_dataset(name, data=np.full((4, 3), np.nan, "f4")),
    "negative": lambda file, name: file.create_dataset(name, data=np.full(4, -7)),
    "huge": lambda file, name: file.create_dataset(name, (1 << 40,), "f4", chunks=(1 << 20,)),
    "huge rows": lambda file, name: file.create_dataset(
        name, (1 << 20, 1 << 14), "f4", chunks=(1 << 10, 1 << 8)
    ),
    "group": lambda file, name: file.create_group(name),
    "soft cycle": lambda file, name: file.__setitem__(name, h5py.SoftLink(f"/{name}")),
    "dangling": lambda file, name: file.__setitem__(name, h5py.SoftLink("/nothing")),
    "external link": lambda file, name: file.__setitem__(name, h5py.ExternalLink("/etc/x", "/a")),
    "external storage": lambda file, name: file.create_dataset(
        name, (4,), "f4", external=[("/etc/hostname", 0, 16)]
    ),
    "virtual": _virtual,
}
