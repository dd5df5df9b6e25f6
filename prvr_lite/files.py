"""Writes files so that an interruption never leaves half of one, and names the errors of files.

A training, a conversion or an index takes long to make and may be stopped at any moment. Whatever
is written here is written beside its target first, and takes the target's place when it is
complete.
"""

from __future__ import annotations

import os
import platform
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

# The temporary files of `replacing`: machine and process that write them, then letters by chance
PART = re.compile(r"\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.part", re.DOTALL)


class FileFormatError(ValueError):
    """A file has wrong content; the message says which file, what is wrong, and how to fix it.

    Every error about the content of a file is of this kind: `FeatureFileError`, `VideoError`, …
    """


def damaged(path: str | os.PathLike[str], problem: str, fix: str) -> FileFormatError:
    """Returns the error that names a file, what is wrong in it, and how to fix it."""
    return FileFormatError(fault_text(path, problem, fix))


def fault_text(path: str | os.PathLike[str], problem: str, fix: str) -> str:
    """Returns the message of an error about the content of a file."""
    return f"{path}: {problem}. To fix it: {fix}."


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields the path of a new file in the folder of ``path``, which it replaces after the block.

    An error in the block removes the new file and leaves the old one as it was. An interruption
    leaves the complete old file or the complete new one: the new file has a name that no other
    process uses, and it is on the disk before it is renamed. New files that killed runs on this
    machine left in the folder are removed.
    """
    target = Path(path)
    _remove_left_behind(target.parent.absolute())
    part = target.with_name(f".{target.name}.{_machine()}-{os.getpid()}-{uuid4().hex[:8]}.part")
    try:
        yield part
        put_in_place(part, target)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(new: Path, target: Path) -> None:
    """Renames a finished file to ``target`` once it is on the disk; replaces an old ``target``."""
    with new.open("r+b") as file:
        os.fsync(file.fileno())
    os.replace(new, target)


@cache
def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


@cache  # once in a run: a folder may hold a file for each of many videos
def _remove_left_behind(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        name = PART.fullmatch(part.name)
        if name and name[1] == _machine() and not _runs(int(name[2])):
            part.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process of this machine still runs; True where that is unknown."""
    if os.name != "posix":  # signal 0 would end it
        return True
    with suppress(PermissionError):  # it runs, as another user
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


def save_record(path: str | os.PathLike[str], kind: str, record: dict[str, Any]) -> None:
    """Writes ``record``; an interruption leaves the complete old file or the complete new one."""
    import torch  # takes seconds to load, and a feature file is read and written without it

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        torch.save({"format": kind, **record}, part)


def load_plain(path: str | os.PathLike[str], *, mmap: bool = False) -> Any:
    """Reads the tensors and plain values of a torch file onto the CPU; torch refuses anything else.

    Raises:
        ValueError: the file is a tar file, torch's format before 0.1.10. Up to version 2.5 torch
            can run code from a tar file even where only tensors are allowed (CVE-2025-32434).
        Exception: of any kind, where torch can't read the file.
    """
    import torch

    if tarfile.is_tarfile(path):
        raise ValueError("a tar file, which torch has not written since 2017")
    return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def load_record(path: str | os.PathLike[str], kind: str, *, mmap: bool = False) -> dict[str, Any]:
    """Reads a record onto the CPU. Only tensors and plain values are accepted, so no code can run.

    With ``mmap`` tensors stay in the file, and are read where they are used.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is damaged, is of another kind, or holds more than tensors and
            plain values.
    """
    try:
        record = load_plain(path, mmap=mmap)
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged bytes make the unpickler fail in any way it can
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(
            f"{path}: can't be read as {kind!r} ({reason}): write it again, or delete it"
        ) from error
    written = record.get("format") if isinstance(record, dict) else None
    if written != kind:
        raise FileFormatError(f"{path}: is {written!r}, expected {kind!r}: give the right file")
    return record  # type: ignore[no-any-return]
