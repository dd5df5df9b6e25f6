"""Files written whole or not at all, records in such files, and the one family of file errors."""

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
    """A file that is not what it should be; the message says which, what is wrong, and what to do.

    Every error about the content of a file is one of these: `FeatureFileError`, `VideoError`, …
    """


def damaged(path: str | os.PathLike[str], problem: str, fix: str) -> FileFormatError:
    """The error that names a file, what is wrong in it, and how to fix it."""
    return FileFormatError(fault_text(path, problem, fix))


def fault_text(path: str | os.PathLike[str], problem: str, fix: str) -> str:
    """The message of an error about the content of a file."""
    return f"{path}: {problem}. To mend it: {fix}."


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives the path of a new file in the folder of ``path``, which replaces it after the block.

    An error in the block removes the new file and leaves the old one as it was. An interruption of
    any kind leaves the old file or the new one, never half of one: the new file has a name that no
    other process uses, and is on the disk before it is renamed. What killed runs on this machine
    left in the folder is removed.
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
    """Renames a finished file to ``target`` once it is on the disk, whatever was there before."""
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
    """Write ``record``; an interruption leaves the old file or the new, never half of one."""
    import torch  # takes seconds to load, and a feature file is read and written without it

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        torch.save({"format": kind, **record}, part)


def load_plain(path: str | os.PathLike[str]) -> Any:
    """Tensors and plain values of a torch file, onto the CPU: anything else is refused by torch.

    Raises:
        ValueError: a tar file, torch's format before 0.1.10: up to 2.5 a tar file can make torch
            run code even where only tensors are allowed (CVE-2025-32434); no such file is needed.
        Exception: of any kind, where torch can't read it.
    """
    import torch

    if tarfile.is_tarfile(path):
        raise ValueError("a tar file, which torch has not written since 2017")
    return torch.load(path, map_location="cpu", weights_only=True)


def load_record(path: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """Read a record, onto the CPU. Only tensors and plain values are accepted: nothing can run.

    Raises:
        FileNotFoundError: no such file.
        FileFormatError: damaged, of another kind, or holding more than tensors and plain values.
    """
    try:
        record = load_plain(path)
    except FileNotFoundError:
        raise
    except Exception as error:  # damaged bytes make the unpickler fail in any way it can
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(
            f"{path}: can't be read as {kind!r} ({reason}): write it anew, or delete it"
        ) from error
    found = record.get("format") if isinstance(record, dict) else None
    if found != kind:
        raise FileFormatError(f"{path}: is {found!r}, expected {kind!r}: give the right file")
    return record  # type: ignore[no-any-return]
