"""What an answer's process may not do: read elsewhere, write, start programs, use the network.

Python's audit events say what code is about to do, and a hook that raises stops it; it can't be
removed. On Linux the kernel closes the same files too (Landlock, from 5.13 on), so that no library
gets around the hook. Neither decides a verdict: that is made in another process.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

COURSE = Path(__file__).resolve().parents[1]
DEVICES = ("/dev/null", "/dev/urandom", "/dev/random", "/usr/share/zoneinfo", "/etc/localtime")
MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system")  # what torch reads by itself
CLOSED_EVENTS = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.kill",
    "os.startfile", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.chmod", "os.chown", "os.truncate", "os.putenv", "os.listdir", "os.scandir", "shutil.",
    "pty.spawn", "signal.pthread_kill", "socket.", "ctypes.", "winreg.", "syslog.", "mmap.",
    "gc.get_", "sys._current_frames", "sqlite3.", "ftplib.", "smtplib.", "urllib.", "http.",
)  # fmt: skip
UNSEEN = ("pidfd_open", "pidfd_send_signal")
READ, FILE, EVERYTHING = 0b1100, 0b110, 0b1111111111110  # Landlock's rights
START = 0b1  # a program: nobody may
CREATE, ADD, RESTRICT, NO_NEW_PRIVILEGES = 444, 445, 446, 38


def readable() -> list[str]:
    """Returns the folders of Python, its libraries and this package."""
    libraries = [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    system = ["/usr", "/lib", "/lib64", "/System/Library", os.environ.get("SYSTEMROOT", "")]
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, *libraries, *system]
    real = {os.path.realpath(p) for p in [*folders, str(COURSE.parent)] if p and Path(p).exists()}
    return sorted(path for path in real if Path(path).parent != Path(path))


def close(scratch: str) -> None:
    """Closes all files but those of Python, its libraries and the package, without the course.

    Args:
        scratch: a folder in which this process may write; files of the course are not read again.
    """
    folders, home = readable(), os.path.realpath(scratch)
    with suppress(OSError, AttributeError):  # another system, or an older kernel
        _landlock(folders, home)
    for name in ("os", "posix", "signal", "_signal"):  # Python has no events for these
        for function in UNSEEN:
            vars(sys.modules.get(name, sys)).pop(function, None)
    sys.addaudithook(_hook(folders, home))


def _hook(folders: list[str], scratch: str) -> Callable[[str, tuple[Any, ...]], None]:
    """Returns the audit hook; it still works if an answer changes the modules that it uses."""
    same, resolved, text = os.path.normcase, os.path.realpath, os.fspath
    inside = tuple(same(f"{path}{os.sep}") for path in folders)
    own, closed = same(f"{scratch}{os.sep}"), same(f"{COURSE}{os.sep}")
    write, devices, events = os.O_WRONLY | os.O_RDWR | os.O_CREAT, DEVICES, CLOSED_EVENTS

    def real(path: str) -> str:
        return same(resolved(path))

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = values
            if isinstance(path, int):
                return
            name = path.decode() if isinstance(path, bytes) else text(path)
            place = real(name)
            if place.startswith(own) or place in devices or name == os.devnull:
                return
            writes = any(letter in str(mode) for letter in "wax+") or (flags or 0) & write
            if writes or not place.startswith(inside) or place.startswith(closed):
                raise PermissionError(f"{name} is closed while answers are graded")
        elif event.startswith(events) and not event.startswith(("ctypes.set_", "mmap.__new__")):
            if event == "os.listdir" and real(str(values[0] or ".")).startswith(inside):
                return  # what is imported is looked for
            raise PermissionError(f"{event} is closed while answers are graded")

    return hook


def _landlock(folders: Iterable[str], scratch: str) -> None:
    """Asks the Linux kernel to close all other files to this process, for good.

    Raises:
        OSError, AttributeError: it can't.
    """
    if sys.platform != "linux":
        raise OSError("not Linux")
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(CREATE, None, ctypes.c_size_t(0), 1)
    # what is closed: files; TCP, from version 4 on; sockets and signals to others, from 6 on
    words = [EVERYTHING | START] + [0b11] * (version >= 4) + [0b11] * (version >= 6)
    rights = ctypes.create_string_buffer(struct.pack(f"={len(words)}Q", *words))
    rules = call(CREATE, rights, ctypes.c_size_t(8 * len(words)), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "Landlock is not there")
    try:
        for path in [*_open_parts(folders), *DEVICES, *MACHINE]:
            _allow(call, rules, path, READ | (0b10 if path == "/dev/null" else 0))
        _allow(call, rules, scratch, EVERYTHING)
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if call(RESTRICT, rules, 0) < 0:
            raise OSError(ctypes.get_errno(), "the kernel's Landlock did not restrict this process")
    finally:
        os.close(rules)


def _open_parts(folders: Iterable[str]) -> list[str]:
    """Returns the folders; one that contains the course is replaced by its other contents."""
    parts, waiting = [], [Path(folder) for folder in folders]
    while waiting:
        path = waiting.pop()
        if path == COURSE:
            continue
        if COURSE.is_relative_to(path):
            waiting += path.iterdir()
        else:
            parts.append(str(path))
    return parts


def _allow(call: Callable[..., int], rules: int, path: str, rights: int) -> None:
    with suppress(OSError):  # what isn't there needs no rule
        where = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = rights if Path(path).is_dir() else rights & FILE
            rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, where))
            call(ADD, rules, 1, rule, 0)
        finally:
            os.close(where)


def limit(seconds: float, megabytes: int) -> None:
    """Limits the CPU time and memory of this process, and the size of its files, where possible."""
    try:
        import resource
    except ImportError:  # Windows: the parent ends what takes too long
        return
    spent = int(time.process_time()) + 1
    bounds = {
        "RLIMIT_CPU": spent + int(seconds),
        "RLIMIT_FSIZE": 16 * 2**20,
        "RLIMIT_CORE": 0,
        "RLIMIT_DATA": _used() + megabytes * 2**20,
    }
    for name, bound in bounds.items():
        with suppress(ValueError, OSError, AttributeError):
            hard = bound + 1 if name == "RLIMIT_CPU" else bound
            resource.setrlimit(getattr(resource, name), (bound, hard))


def _used() -> int:
    """Returns the bytes of memory that already count towards RLIMIT_DATA; 0 if unknown."""
    try:
        words = Path("/proc/self/status").read_text().split()
        return int(words[words.index("VmData:") + 1]) * 1024
    except (OSError, ValueError):
        return 0
