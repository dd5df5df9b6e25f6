"""A process that runs commands of ``prvr-lite`` one after the other, and says what came of each.

Commands that may crash, hang or take all memory run here and not in the benchmark itself. The
parent, `Worker`, starts another one where one has ended.
"""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
import zlib
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT = 60.0  # seconds of one command
MEMORY = 16 << 30  # bytes of addresses; a file of some kB that asks for more is a bomb
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outcome:
    """What came of a command: "done", "refused", "unexpected", "crash" or "hang"."""

    kind: str
    out: str = ""
    error: str = ""


class Worker:
    """A process for commands; `send` and `receive` let two of them work at the same time."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, arguments: Sequence[str], limit: float = LIMIT) -> Outcome:
        self.send(arguments)
        return self.receive(limit)

    def send(self, arguments: Sequence[str]) -> None:
        self.start()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(list(arguments)).encode() + b"\n")
        self.process.stdin.flush()

    def start(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.fault_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            )
            assert self.process.stdout is not None
            self.process.stdout.readline()  # it has loaded what it needs

    def receive(self, limit: float = LIMIT) -> Outcome:
        assert self.process is not None
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        if not ready:
            self.kill()
            return Outcome("hang")
        line = self.process.stdout.readline()
        if not line:
            return Outcome("crash", error=f"exit code {self.process.wait()}")
        return Outcome(**json.loads(line))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def outcome(arguments: Sequence[str]) -> Outcome:
    """Runs a command in this process."""
    from prvr_lite.cli.main import main

    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        try:
            code = call(arguments) if arguments[0] in READERS else main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException as problem:
            return Outcome("unexpected", error=repr(problem)[:300])
    said = error.getvalue().strip()
    kind = "done" if code == 0 else "refused"
    lines = [line for line in said.splitlines() if line.startswith("prvr-lite")]
    if code != 0 and (len(lines) != 1 or "PRVR_LITE_DEBUG" in said or "Traceback" in said):
        kind = "unexpected"
    return Outcome(kind, out.getvalue(), said[-300:])


def call(arguments: Sequence[str]) -> int:
    """Reads a file by the function behind a command whose other parts take long."""
    try:
        print(READERS[arguments[0]](Path(arguments[1])))
    except (OSError, ValueError) as error:
        print(f"prvr-lite: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def captions(path: Path) -> Any:
    from prvr_lite.videos.caption_table import read_caption_table

    return read_caption_table(path)


def frames(path: Path) -> Any:
    from prvr_lite.videos import read_frames

    return [(time, zlib.crc32(rgb.tobytes())) for time, rgb in read_frames(path, fps=2)]


def features(path: Path) -> Any:
    from prvr_lite.data.dataset import open_features
    from prvr_lite.data.fingerprint import fingerprint

    with open_features(path) as dataset:
        total = sum(
            float(frames.sum()) for frames in dataset.frames_of(range(len(dataset.video_id)))
        )
        return fingerprint(dataset), total


READERS = {"captions": captions, "frames": frames, "features": features}


def serve() -> None:
    """Reads one command per line, and answers with one line each."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(vars(outcome(json.loads(line)))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
