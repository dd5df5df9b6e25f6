"""What goes wrong with damaged files, two programs at once, full disks and kills.

    python -m benchmarks.faults [--full] [SECTION ...]

Every section is drawn from ``--seed``, and kept in ``--work`` when it is done, so that the same
command goes on where it was stopped. Without ``--full`` a sample of a few minutes is drawn. What
counts as wrong: a traceback or an error that nobody expected, a crash, a hang, a file of more than
16 GiB of memory, a changed answer of a format with checksums, an output that is lost or can't be
read, files left behind. Writes ``faults.csv`` (``--full`` only).
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from benchmarks import fault_damage, fault_events
from benchmarks.fault_events import ROOM, Job, tried
from benchmarks.fault_inputs import TESTS, Format, make_inputs
from benchmarks.fault_worker import Outcome, Worker
from benchmarks.measure import Row, options, save, table

FULL = {
    "random": 2000,
    "structured": 1500,
    "races": 300,
    "disk": 60,
    "kills": 100,
    "trainings": 200,
}
SAMPLE = {"random": 600, "structured": 900, "races": 60, "disk": 30, "kills": 40, "trainings": 10}
SHOWN = 3  # examples of what went wrong, per row


class Bench:
    """The inputs, two workers, and a folder for damaged copies and outputs."""

    def __init__(self, folder: Path, counts: dict[str, int], seed: int) -> None:
        self.folder, self.counts, self.seed = folder, counts, seed
        (folder / "whole").mkdir()
        self.formats = make_inputs(folder / "whole")
        self.workers = Worker(), Worker()
        self.answers: dict[str, list[Outcome]] = {}

    def commands(self, form: Format, bad: Path) -> list[Outcome]:
        for name in form.clean:
            (form.whole.parent / name).unlink(missing_ok=True)
        filled = [[a.replace("{bad}", str(bad)) for a in command] for command in form.commands]
        return [self.workers[0].run(arguments) for arguments in filled]

    def verdict(self, name: str, bad: Path) -> tuple[str, str]:
        """What a damaged copy came to, and what was said."""
        form = self.formats[name]
        if name not in self.answers:
            whole = form.copy(bad.with_name(f"whole {bad.name}"))
            self.answers[name] = [masked(end, whole) for end in self.commands(form, whole)]
            assert all(end.kind == "done" for end in self.answers[name]), self.answers[name]
        ends = [masked(end, bad) for end in self.commands(form, bad)]
        for end in ends:
            if end.kind not in ("done", "refused"):
                return end.kind, end.error
        if any(end.kind == "refused" for end in ends):
            return "refused", ""
        if form.checked and ends != self.answers[name]:
            return "silent", "another answer"
        return "done", ""

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()


def masked(end: Outcome, path: Path) -> Outcome:
    """The answer without the name of the copy."""
    return Outcome(end.kind, end.out.replace(str(path), "PATH"), end.error)


def random_damage(bench: Bench) -> Iterator[Row]:
    """Bytes flipped, lost, repeated, zeroed; files cut."""
    each = bench.counts["random"] // len(bench.formats)
    for name, form in bench.formats.items():
        counts, examples = Counter[str](), list[str]()
        for number in range(each):
            draw = random.Random(f"{bench.seed} {name} {number}")
            bad = form.copy(bench.folder / f"bad{form.whole.suffix}")
            place = draw.choice(form.damaged).relative_to(form.whole)
            how = fault_damage.at_random(bad / place, draw)
            kind, said = bench.verdict(name, bad)
            note(counts, examples, kind, f"{how}: {said}")
        yield row(f"random damage, {name}", counts, examples)


def structured_damage(bench: Bench) -> Iterator[Row]:
    """One part of the content is missing, of another type, not finite, huge, a link, …"""
    for name, form in bench.formats.items():
        work = [
            (file.relative_to(form.whole), i)
            for file in form.damaged
            for i, _ in enumerate(fault_damage.structured(file))
        ]
        random.Random(bench.seed).shuffle(work)
        counts, examples = Counter[str](), list[str]()
        for place, i in work[: max(1, bench.counts["structured"] // len(bench.formats))]:
            bad = form.copy(bench.folder / f"bad{form.whole.suffix}")
            what, damage = list(fault_damage.structured(bad / place))[i]
            damage()
            kind, said = bench.verdict(name, bad)
            kind = "done" if kind == "silent" else kind  # a whole file with other content
            note(counts, examples, kind, f"{place}: {what}: {said}")
        if work:
            yield row(f"structured damage, {name}", counts, examples)


def note(counts: Counter[str], examples: list[str], kind: str, text: str) -> None:
    counts[kind] += 1
    if kind not in ("done", "refused"):
        examples.append(f"{kind}: {text}")


def row(what: str, counts: Counter[str], examples: list[str]) -> Row:
    kinds = ("refused", "done", "unexpected", "crash", "hang", "silent")
    return {"what": what, "tries": sum(counts.values()), **{kind: counts[kind] for kind in kinds},
            "examples": " | ".join(example[:160] for example in examples[:SHOWN])}  # fmt: skip


def jobs(bench: Bench) -> dict[str, Job]:
    whole = bench.folder / "whole"
    films, model = str(whole / "films.h5"), str(whole / "model.pt")
    data = ("--data", films, "--device", "cpu")
    train = ("train", "--checkpoint", "{out}", "--epochs", "2", "--model", "mean-pool", *data)
    convert = ("convert", str(whole / "bigfile"), "tvr", "--out", "{out}")
    build = ("index", "build", model, "--out", "{out}", *data)
    append = ("index", "append", "{out}", "--split", "train", "--skip", *data)
    rows = ("experiments", "--seeds", "1", "--epochs", "1", "--folder", "{out}", "--csv",
            "{out}/e.csv", "--workers", "1", *data)  # fmt: skip
    return {
        "train": Job(train, (train, (*train, "--seed", "1")), ("evaluate", "{out}", *data)),
        "convert": Job(convert, (convert, (*convert, "--dtype", "float16")), ("features", "{out}")),
        "index build": Job(build, (build, append), ("index", "check", "{out}")),
        "experiments": Job(
            (*rows, "mean-pool"),
            ((*rows, "mean-pool"), (*rows, "attention-pool")),
            ("experiments", "--list", "--folder", "{out}", *data),
        ),
    }


def races(bench: Bench) -> Iterator[Row]:
    """Two commands on one output at the same moment."""
    works = jobs(bench)
    for name, job in works.items():

        def work(draw: random.Random, name: str = name, job: Job = job) -> str:
            with fresh(bench.folder / "race") as folder:
                return fault_events.race(
                    job, draw.choice(job.rivals), bench.workers, folder / "out"
                )

        yield events(
            f"two at once, {name}", *tried(bench.counts["races"] // len(works), bench.seed, work)
        )


def disk(bench: Bench) -> Iterator[Row]:
    """An output on a small disk, where an earlier one lies already."""
    works = jobs(bench)
    del works["experiments"], works["index build"]
    whole = {
        "train": bench.folder / "whole" / "model.pt",
        "convert": bench.folder / "whole" / "films.h5",
    }
    for name, job in works.items():
        again = Job((*job.arguments, *(("--restart",) if name == "train" else ())), (), job.check)

        def work(draw: random.Random, name: str = name, job: Job = again) -> str | None:
            room = draw.choice(ROOM) + draw.randrange(40)
            folder = bench.folder / "disk"
            return fault_events.on_full_disk(
                job, whole[name], bench.workers[0], folder / "out", room
            )

        yield events(
            f"full disk, {name}", *tried(bench.counts["disk"] // len(works), bench.seed, work)
        )


def kills(bench: Bench) -> Iterator[Row]:
    """A command is killed at a random moment, and started again."""
    works = jobs(bench)
    for name, job in works.items():

        def work(draw: random.Random, job: Job = job) -> str:
            with fresh(bench.folder / "kill") as folder:
                delay = draw.uniform(0.0, 1.2)
                return fault_events.killed(job, bench.workers[0], folder / "out", delay)

        yield events(
            f"kill -9, {name}", *tried(bench.counts["kills"] // len(works), bench.seed, work)
        )


def trainings(bench: Bench) -> Iterator[Row]:
    """Two processes of torchrun train; rank 1 does its work, raises, is killed, or stays silent."""
    sys.path.insert(0, str(TESTS / "training"))
    torchrun = import_module("test_parallel").torchrun
    works = ("runs", "raise", "die", "hush")

    def work(draw: random.Random) -> str:
        job = draw.choice(works)
        with fresh(bench.folder / "train") as folder:
            shutil.copyfile(bench.formats["feature file"].whole, folder / "toy.h5")
            try:
                status, said, _ = torchrun(
                    str(TESTS / "torchrun_job.py"), job, str(folder), limit=90
                )
            except subprocess.TimeoutExpired:
                return f"{job}: hangs"
        return (
            "" if (status == 0) == (job == "runs") else f"{job}: exit code {status}: {said[-100:]}"
        )

    yield events("two processes of torchrun", *tried(bench.counts["trainings"], bench.seed, work))


def events(what: str, tries: int, wrong: list[str]) -> Row:
    examples = " | ".join(text[:160] for text in wrong[:SHOWN])
    return {"what": what, "tries": tries, "unexpected": len(wrong), "examples": examples}


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "random": random_damage,
    "structured": structured_damage,
    "races": races,
    "disk": disk,
    "kills": kills,
    "trainings": trainings,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--full", action="store_true", help="all counts; about an hour")
    parser.add_argument("--work", type=Path, help="folder that keeps finished sections")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections; 1 where anything went wrong."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add_options)
    counts = (
        FULL
        if chosen.full
        else {k: max(4, v // 15) * (k != "trainings") for k, v in SAMPLE.items()}
        if chosen.quick
        else SAMPLE
    )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), counts, chosen.seed)
        try:
            for name in chosen.sections or SECTIONS:
                rows += section(name, bench, chosen)
        finally:
            bench.close()
    print(table(rows))
    if chosen.full and not chosen.sections:
        save("faults", rows, chosen)
    return int(
        any(row.get(kind) for row in rows for kind in ("unexpected", "crash", "hang", "silent"))
    )


def section(name: str, bench: Bench, chosen: argparse.Namespace) -> list[Row]:
    """The rows of a section; those of an earlier call with the same counts and seed, if kept."""
    kept = (
        None
        if chosen.work is None
        else chosen.work / f"{name}-{bench.counts[name]}-{bench.seed}.json"
    )
    if kept is not None and kept.exists():
        rows: list[Row] = json.loads(kept.read_text(encoding="utf-8"))
        return rows
    rows = []
    for line in SECTIONS[name](bench):
        rows.append(line)
        print(table([line]), file=sys.stderr, flush=True)  # minutes go by between them
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(rows), encoding="utf-8")
    return rows


if __name__ == "__main__":
    sys.exit(main())
