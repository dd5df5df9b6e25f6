"""What happens to outputs while they are written: two at once, a full disk, a kill."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_worker import Outcome, Worker

ROOM = (40, 90, 160, 260, 400, 700)  # kB of a small disk


@dataclass(frozen=True)
class Job:
    """A command that writes an output.

    Attributes:
        arguments: "{out}" stands for the output.
        rivals: other commands of the same output, to run at the same time.
        check: a command that reads the output, whose answer is compared.
    """

    arguments: tuple[str, ...]
    rivals: tuple[tuple[str, ...], ...]
    check: tuple[str, ...]


def fill(arguments: Sequence[str], out: Path) -> list[str]:
    return [argument.replace("{out}", str(out)) for argument in arguments]


def left_behind(folder: Path, out: Path) -> list[str]:
    """What lies beside an output; an unfinished conversion is kept to go on from."""
    kept = {out.name, f"{out.name}.part", f"{out.name}.part.log", f"{out.name}.parts"}
    return sorted(path.name for path in folder.iterdir() if path.name not in kept)


def race(job: Job, rival: Sequence[str], pair: tuple[Worker, Worker], out: Path) -> str:
    """Runs two commands on one output at the same time; what is wrong afterwards, or ""."""
    for worker in pair:
        worker.start()
    pair[0].send(fill(job.arguments, out))
    pair[1].send(fill(rival, out))
    ends = [worker.receive(120) for worker in pair]
    wrong = [end for end in ends if end.kind not in ("done", "refused")]
    if wrong or not any(end.kind == "done" for end in ends):
        return f"{[end.kind for end in ends]}: {[end.error for end in ends]}"
    refused = [end for end in ends if end.kind == "refused"]
    said = (
        "has been working on it",
        "another process",
        "belongs to another run",
        "has a",
        "no such collection",
    )
    if refused and not any(words in refused[0].error for words in said):
        return f"refused for another reason: {refused[0].error}"
    checked = pair[0].run(fill(job.check, out))
    if checked.kind != "done":
        return f"the output can't be read: {checked.error}"
    beside = left_behind(out.parent, out)
    return f"left behind: {beside}" if beside else ""


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    """A tmpfs of this size where root may mount one; says whether."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={kilobytes}k"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    with suppress(OSError):
        if os.name == "posix" and not subprocess.run(mount, capture_output=True).returncode:
            try:
                yield True
            finally:
                subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
            return
    yield False


def on_full_disk(job: Job, whole: Path, worker: Worker, out: Path, kilobytes: int) -> str | None:
    """Runs a command on a small disk that holds an earlier output; what is wrong, or ""."""
    with small_disk(out.parent, kilobytes) as small:
        if not small:
            return None
        try:
            (shutil.copytree if whole.is_dir() else shutil.copyfile)(whole, out)
        except OSError:
            return None  # not even the earlier output fits
        end = worker.run(fill(job.arguments, out))
        if end.kind == "done":
            return ""
        if end.kind != "refused":
            return f"{end.kind}: {end.error}"
        if worker.run(fill(job.check, out)).kind != "done":
            return "the earlier output is lost"
        beside = left_behind(out.parent, out)
        return f"left behind: {beside}" if beside else ""


def killed(job: Job, worker: Worker, out: Path, delay: float) -> str:
    """Kills a command in its work and starts it again; what is wrong afterwards, or ""."""
    worker.start()
    worker.send(fill(job.arguments, out))
    time.sleep(delay)
    worker.kill()
    for _ in range(2):  # it goes on, and a second time it has nothing to lose
        end = worker.run(fill(job.arguments, out), 120)
    if end.kind != "done" and "has a" not in end.error:
        return f"started again: {end.kind}, {end.error}"
    checked = worker.run(fill(job.check, out))
    if checked.kind != "done":
        return f"the output can't be read: {checked.error}"
    beside = left_behind(out.parent, out)
    return f"left behind: {beside}" if beside else ""


def tried(
    count: int, seed: int, work: Callable[[random.Random], str | None]
) -> tuple[int, list[str]]:
    """Runs ``work`` with draws of a seed; how often it could, and what went wrong."""
    results = [work(random.Random(f"{seed} {number}")) for number in range(count)]
    return sum(r is not None for r in results), [r for r in results if r]


__all__ = ["Job", "Outcome", "killed", "on_full_disk", "race", "tried"]
