"""Records on disk: dictionaries of tensors and plain values, written whole or not at all."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import torch


class FileFormatError(ValueError):
    """A file that is not what it should be; the message says which, and how to mend it."""


def save_record(path: str | os.PathLike[str], kind: str, record: dict[str, Any]) -> None:
    """Write ``record``; an interruption leaves the old file or the new, never half of one."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        torch.save({"format": kind, **record}, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def load_plain(path: str | os.PathLike[str]) -> Any:
    """Tensors and plain values of a torch file, onto the CPU: anything else is refused by torch.

    Raises:
        ValueError: a tar file, torch's format before 0.1.10: up to 2.5 a tar file can make torch
            run code even where only tensors are allowed (CVE-2025-32434); no such file is needed.
        Exception: of any kind, where torch can't read it.
    """
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
