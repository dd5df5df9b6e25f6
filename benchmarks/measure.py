"""What all benchmarks use: timing of two sides in turn, peak memory, options, tables.

Time: all sides run in turn in one process (slow, fast, slow, fast, ...), the fast ones after one
run that is not timed. So other work on the machine slows all of them; a ratio is the median of the
rounds' ratios. Beside other work, ``--threads 1`` disturbs the ratio least.

Memory: a side runs once in a fresh process. Counted is by how much the process's resident memory
rose at most while it ran (Linux: VmHWM of /proc/self/status, reset first; macOS: ru_maxrss;
Windows: not measured, NaN). Libraries are loaded before.

Everything is measured on the CPU.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

Row = dict[str, str | int | float]
Work = Callable[[], object]
RESULTS = Path(__file__).parent / "results"
Table = list[dict[str, str]]
BUSY = "beside_other_work"  # column of figures that were taken on a busy machine
STATUS = Path("/proc/self/status")


@dataclass
class Race:
    """Seconds of each run of each side, in order."""

    times: dict[str, list[float]]

    def median(self, side: str) -> float:
        return statistics.median(self.times[side])

    def ratio(self, slow: str, fast: str) -> float:
        """How many times faster ``fast`` is: the median over the rounds."""
        pairs = zip(self.times[slow], self.times[fast], strict=True)
        return statistics.median(s / f for s, f in pairs)


def seconds(work: Work) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def race(sides: dict[str, Work], repeats: int, *, warm: Sequence[str]) -> Race:
    """Times all sides in turn, ``repeats`` rounds; those in ``warm`` run once before, not timed."""
    for side in warm:
        sides[side]()
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side, work in sides.items():
            times[side].append(seconds(work))
    return Race(times)


def product_rate() -> float:
    """Multiplications and additions per second of processor time, in a product as encoders make."""
    left, right = torch.randn(4096, 3072), torch.randn(3072, 384)
    spent = []
    for _ in range(5):
        start = time.process_time()
        left @ right
        spent.append(time.process_time() - start)
    return 2 * left.numel() * right.shape[1] / min(spent)


def extra_mib(make: Callable[..., Work], *arguments: object) -> float:
    """By how many MiB memory rises at most in the work that ``make(*arguments)`` prepares.

    ``make`` must be a function of a module and its arguments plain values: a new process calls it.
    """
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pool:
        return pool.submit(_rise, torch.get_num_threads(), make, arguments).result() / 2**20


def once_in_a_process(make: Callable[..., Work], *arguments: object) -> tuple[float, float]:
    """Seconds that the work takes once in a fresh process, and that process's peak memory in MiB.

    The memory includes libraries and inputs. ``make`` is as in :func:`extra_mib`.
    """
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pool:
        return pool.submit(_once, torch.get_num_threads(), make, arguments).result()


def _once(
    threads: int, make: Callable[..., Work], arguments: tuple[object, ...]
) -> tuple[float, float]:
    torch.set_num_threads(threads)
    return seconds(make(*arguments)), _resident("VmHWM") / 2**20


def _rise(threads: int, make: Callable[..., Work], arguments: tuple[object, ...]) -> float:
    torch.set_num_threads(threads)
    work = make(*arguments)
    for kind in (torch.float32, torch.float64):  # load the libraries, start the threads
        torch.randn(3, 300, 300, dtype=kind).baddbmm(*torch.ones(2, 3, 300, 300, dtype=kind))
    with suppress(OSError, AttributeError, TypeError):  # only where the C library is glibc
        ctypes.CDLL(None).malloc_trim(0)  # else freed memory would be reused, and not counted
    with suppress(OSError):
        STATUS.with_name("clear_refs").write_text("5")  # forget the peak of making the inputs
    before = _resident("VmRSS")
    work()
    return _resident("VmHWM") - before


def _resident(field: str) -> float:
    """Bytes of this process's memory now (VmRSS) or at its highest (VmHWM)."""
    if STATUS.exists():
        lines = STATUS.read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(field))) * 1024
    if sys.platform == "darwin":
        import resource  # this module is missing on Windows

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return math.nan


def options(
    description: str,
    argv: Sequence[str] | None,
    add: Callable[[argparse.ArgumentParser], object] | None = None,
) -> argparse.Namespace:
    """The options of every benchmark, and what ``add`` adds; sets seed and number of threads."""
    parser = argparse.ArgumentParser(description=description)
    if add is not None:
        add(parser)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, a few seconds")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each side")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--beside-other-work", action="store_true", help="say in the CSV that the machine was busy"
    )
    parser.add_argument("--out", type=Path, help=f"folder for the CSV (default {RESULTS.name}/)")
    chosen = parser.parse_args(argv)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    return chosen


def save(name: str, rows: list[Row], chosen: argparse.Namespace) -> None:
    """Print the rows as a table, and write them as CSV with where and when they were measured.

    A quick run does not measure anything real: it writes only where ``--out`` says.
    """
    print(f"\n{name}\n{table(rows)}")
    folder = chosen.out or (None if chosen.quick else RESULTS)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    context = where_and_when()
    if chosen.beside_other_work:
        rows = [{**row, BUSY: "True"} for row in rows]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*context, *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**context, **row} for row in rows)


def measure_and_save(
    name: str, measure: Callable[[], list[Row]], chosen: argparse.Namespace
) -> int:
    """Saves what ``measure`` returns, or prints why a side failed; the status of the command."""
    try:
        rows = measure()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    save(name, rows, chosen)
    return 0


def read(name: str) -> Table:
    """The rows of a benchmark's CSV."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is not in results/: run python -m benchmarks.{name}")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pick(rows: Table, **where: str) -> dict[str, Any]:
    """The first row with these values; cells that are numbers as numbers."""
    row = next(row for row in rows if all(row[key] == value for key, value in where.items()))
    return {key: number(value) for key, value in row.items()}


def number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def where_and_when() -> Row:
    """Date, kind of device, threads and versions; nothing that names this machine."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "device": f"{platform.machine()} CPU",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def table(rows: list[Row]) -> str:
    """Rows as aligned text, numbers to four digits."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_text(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    )


def _text(value: str | int | float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
