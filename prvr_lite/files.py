"""Writes files so that an interruption never leaves half of one, and opens those of others safely.

A training, a conversion or an index takes long to make and may be stopped at any moment. Whatever
is written here is written beside its target first, and takes the target's place when it is
complete. What is read may come from anywhere: nothing in it runs, and an HDF5 file is examined by a
process of its own first. Errors about the content of files are one family.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    import h5py

FULL = "the disk is full: free some space"
CLOSED = "this user may not write there: choose another folder"
NOT_WRITTEN = {  # number of an error -> what keeps a file from being written
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), CLOSED),
}
# The temporary files of `replacing`: machine and process that write them, then letters by chance
PART = re.compile(r"\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.part", re.DOTALL)
AGAIN = "copy or download the file again, or write it again"
PROBE = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); \
from prvr_lite.data.hdf5_probe import main; main(sys.argv[2])"
PROBE_SECONDS = 30  # that an examination may take; and one more per MB, up to ten minutes
_examined: set[tuple[int, ...]] = set()  # HDF5 files that are sound: `_identity` of each


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


def first_line(error: BaseException) -> str:
    """Returns what an error says in its first line, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def needed(message: str) -> Iterator[None]:
    """Says in one line what to install where an import in the block finds no package.

    Args:
        message: the line; ``{name}`` stands for the package, ``{error}`` for Python's own words.

    Raises:
        ModuleNotFoundError: with this message.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        problem = message.format(name=error.name, error=error)
        raise ModuleNotFoundError(problem, name=error.name) from error


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
        with disk_errors(path):
            yield part
            put_in_place(part, target)
    finally:
        with suppress(OSError):  # a folder that can't be written holds no new file
            part.unlink(missing_ok=True)


class DiskError(OSError):
    """A file can't be written; the message says which, why, and what to do."""


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns the errors of a full or a closed disk into one line about ``path``.

    Raises:
        DiskError: there is no room, or this user may not write there.
    """
    try:
        yield
    except OSError as error:
        problem = NOT_WRITTEN.get(error.errno or 0)
        if isinstance(error, DiskError) or problem is None:
            raise
        raise DiskError(
            f"{path}: can't be written, {problem}; what was there before is unchanged"
        ) from error


class BusyError(OSError):
    """Another program is working on the same output; the message says who and since when."""


@contextmanager
def held(path: str | os.PathLike[str], *, patience: float = 0.0) -> Iterator[None]:
    """Keeps every other program away from an output while this one works on it.

    A small file beside the output, ``.<name>.lock``, says who works on it. It is removed at the
    end. Where its program has died, on this machine, the next one takes it over.

    Args:
        path: of the output, a file or a folder.
        patience: seconds to wait for another program before giving up.

    Raises:
        BusyError: another program still works on the same output.
    """
    from filelock import SoftFileLock, Timeout

    target = Path(path)
    with disk_errors(path):
        target.parent.mkdir(parents=True, exist_ok=True)
    name = target.with_name(f".{target.name}.lock")
    lock = SoftFileLock(name, thread_local=False)
    try:
        with disk_errors(path):
            lock.acquire(timeout=patience)
    except Timeout as error:
        raise BusyError(f"{path}: {_holder(name)}") from error
    try:
        yield
    finally:
        lock.release()


def _holder(lock: Path) -> str:
    """Says who holds a lock, since when, and what can be done."""
    process = machine = began = "unknown"
    with suppress(OSError, ValueError):  # it was let go in the meantime
        process, machine = lock.read_text(encoding="utf-8").split("\n")[:2]
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(lock.stat().st_mtime))
    return (
        f"process {process} on machine {machine} has been working on it since {began}: wait until "
        f"it has ended, or choose another output. If it has died, delete {lock}"
    )


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
    """Returns whether a process of this machine still runs; True if that is unknown."""
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

    with disk_errors(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        try:
            torch.save({"format": kind, **record}, part)
        except RuntimeError as error:  # all that torch says about a disk that took no more
            if "inline_container" not in str(error):
                raise
            raise OSError(errno.ENOSPC, "the disk took no more") from error


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
    with warnings.catch_warnings():  # about a damaged file; the error says all there is to say
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def check_sums(path: str | os.PathLike[str]) -> None:
    """Compares the checksums in a torch file with its bytes, which torch itself does not.

    Raises:
        zipfile.BadZipFile: they differ, or the file is not of torch's format since 1.6.
    """
    with zipfile.ZipFile(path) as archive:
        part = archive.testzip()
    if part is not None:
        raise zipfile.BadZipFile(f"the checksum of its part {part} is wrong")


def load_record(
    path: str | os.PathLike[str], kind: str, *, mmap: bool = False, verify: bool = True
) -> dict[str, Any]:
    """Reads a record onto the CPU. Only tensors and plain values are accepted, so no code can run.

    Args:
        kind: the format that the record must have.
        mmap: leave tensors in the file, from which they are read where they are used.
        verify: read the whole file first, and compare its checksums.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is damaged, is of another kind, or holds more than tensors and
            plain values.
    """
    try:
        record = load_plain(path, mmap=mmap)
        if verify:
            check_sums(path)
    except Exception as error:  # damaged bytes make the unpickler fail in any way it can
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # it is missing, or can't be read at all; EINVAL: it is shorter than it says
        raise FileFormatError(
            f"{path}: can't be read as {kind!r} ({first_line(error)}): write it again, or delete it"
        ) from error
    written = record.get("format") if isinstance(record, dict) else None
    if written != kind:
        raise FileFormatError(f"{path}: is {written!r}, expected {kind!r}: give the right file")
    return record  # type: ignore[no-any-return]


def open_hdf5(path: str | os.PathLike[str]) -> h5py.File:
    """Opens an HDF5 file for reading, after another process has examined it (`data.hdf5_probe`).

    This is done once per process and file, and again when the file has changed. It took 0.2 s where
    it was measured, most of it the start of Python, and 12 s for a file with 100,000 data sets. A
    file that this process wrote is not examined (`trust_hdf5`).

    Raises:
        FileFormatError: the file is damaged, is not HDF5, or refers to other files.
        OSError: the file can't be opened for another reason: it is missing or locked, there is no
            permission, too many files are open, the disk fails.
    """
    import h5py

    path = Path(path)
    try:
        identity = _identity(path)
        if not path.is_file():
            raise damaged(path, "is not a file but a folder, a pipe or a device", "give a file")
        if identity not in _examined:
            _examine(path)
            _examined.add(identity)
        return h5py.File(path, "r")
    except OSError as error:
        raise hdf5_error(path, error) from error


def trust_hdf5(path: str | os.PathLike[str], sha256: str | None = None) -> None:
    """Lets this process open a file without examination, because it wrote the file or knows it.

    Args:
        sha256: the digest that a file must have which this process did not write.
    """
    file = Path(path)
    identity = _identity(file)
    if identity in _examined:
        return
    if sha256 is None or hashlib.sha256(file.read_bytes()).hexdigest() == sha256:
        _examined.add(identity)


def hdf5_error(path: Path, error: OSError) -> OSError | FileFormatError:
    """Returns an error that says what an OSError of h5py means, and how to fix it."""
    text, number = " ".join(str(error).split()), error.errno
    if isinstance(error, FileNotFoundError):
        return error
    if not number and "signature not found" in text:
        problem = "is not an HDF5 file; it is truncated or of another kind"
        return damaged(path, problem, "give an HDF5 file, or copy or download it again")
    if not number:
        problem = f"can't be read as HDF5, it is truncated or of another kind ({text})"
        return damaged(path, problem, AGAIN)
    problem, fix = (f"can't be read ({os.strerror(number)})", "check the disk or the network")
    locking = "unable to lock file" in text
    if locking and number in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES):
        problem, fix = "is locked, another program writes it", "wait for that program, or end it"
    elif locking:
        problem = f"can't be locked on this file system ({os.strerror(number)})"
        fix = "copy it to another disk, or set the environment variable HDF5_USE_FILE_LOCKING=FALSE"
    elif number in (errno.EACCES, errno.EPERM):
        problem, fix = "can't be read, there is no permission", "let its owner change that"
    elif number in (errno.EMFILE, errno.ENFILE):
        problem, fix = "can't be opened, too many files are open", "close some, or raise ulimit -n"
    clear = type(error)(fault_text(path, problem, fix))
    clear.errno = number
    return clear


def _identity(path: Path) -> tuple[int, ...]:
    """Returns numbers that differ when a file was changed or replaced."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _examine(path: Path) -> None:
    """Raises FileFormatError or OSError with what another process finds wrong with an HDF5 file."""
    verdict = _verdict(path)
    if "problem" in verdict:
        raise damaged(path, verdict["problem"], verdict["fix"])
    if verdict:
        raise OSError(*filter(None, (verdict["errno"], verdict["text"])))


def _verdict(path: Path) -> dict[str, Any]:
    """Returns what `data.hdf5_probe` finds in another process, with the libraries of this one."""
    seconds = min(600, PROBE_SECONDS + path.stat().st_size // 1_000_000)
    small = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # NumPy starts faster
    try:
        run = subprocess.run(
            [sys.executable, "-c", PROBE, json.dumps(list(map(str, sys.path))), str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **small},
            check=False,
            timeout=seconds,
        )
        verdict: dict[str, Any] = json.loads(run.stdout.strip().rpartition(b"\n")[2])
    except subprocess.TimeoutExpired:
        problem = f"keeps the HDF5 library busy for more than {seconds} s, it is damaged"
        return {"problem": problem, "fix": AGAIN}
    except ValueError:  # the process died before it printed anything
        last = run.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        problem = f"crashes the HDF5 library, it is damaged (status {run.returncode} {last}".strip()
        return {"problem": f"{problem})", "fix": AGAIN}
    return verdict
