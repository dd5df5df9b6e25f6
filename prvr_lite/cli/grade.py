"""``prvr-lite grade``: grades hand-ins of a lesson; every answer runs in a process of its own."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from prvr_lite.cli.shared import LESSON, SEED, Commands, Number, named, say

if TYPE_CHECKING:
    from prvr_lite.course.grading.varying import Varied

SECONDS = Number(1, 600)
MEGABYTES = Number(64, 1_000_000)


def add(commands: Commands) -> None:
    parser = commands.add_parser("grade", help="grade hand-ins of a lesson's exercises")
    parser.add_argument("lesson", type=LESSON, help="its number")
    parser.add_argument("handin", type=Path, nargs="+", help="notebooks, or folders of them")
    parser.add_argument("-o", "--out", type=Path, default=Path("grades.csv"), help="the table")
    parser.add_argument(
        "--ids",
        metavar="PATTERN",
        help="regular expression whose first group in a path is the student's id; default: the "
        "file's name, or the nearest folder's where the files' names repeat",
    )
    parser.add_argument("--column", help="name of the points' column; default: Lesson and number")
    parser.add_argument("--seed", type=SEED, help="of the inputs; default: one nobody can know")
    parser.add_argument(
        "--variants",
        metavar="SEED",
        help="the seed of `prvr-lite course variants`, which wrote the notebooks",
    )
    parser.add_argument(
        "--twists", type=Path, metavar="FILE", help="Python file of your own variants, as there"
    )
    parser.add_argument(
        "--seconds", type=SECONDS, default=5, help="computing time of one answer; default: 5"
    )
    parser.add_argument(
        "--megabytes", type=MEGABYTES, default=2048, help="memory of one answer; default: 2048"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from prvr_lite.course.handins.folder import notebooks, read_all, student_ids
    from prvr_lite.course.handins.grade import Grade, grade
    from prvr_lite.course.handins.report import write_details, write_pages, write_table
    from prvr_lite.course.handins.task import of_lesson

    if options.twists is not None and options.variants is None:
        raise ValueError("--twists needs the seed, too: add --variants SEED")
    names = [exercise.name for exercise in of_lesson(options.lesson)]
    if not names:
        raise ValueError(f"there is no lesson {options.lesson} with exercises")
    paths = notebooks(options.handin)
    hand_ins = read_all(paths, student_ids(paths, options.ids), options.lesson, names)

    variants = _variants(options)

    def watch(one: Grade) -> None:
        flags = sum(len(verdict.flags) for verdict in one.verdicts)
        note = f"  {flags} to look at" if flags else ""
        say(f"{one.hand_in.student}  {one.points} of {one.possible}{note}")

    with _ended_as_by_hand():
        given = named(options, "seed", "seconds", "megabytes")
        grades = grade(options.lesson, hand_ins, variants=variants, watch=watch, **given)
    out, column = options.out, options.column or f"Lesson {options.lesson}"
    details, pages = out.with_name(f"{out.stem}-answers.csv"), out.with_name(f"{out.stem}-pages")
    write_table(out, grades, column)
    write_details(details, grades)
    write_pages(pages, grades, options.lesson)
    say(f"wrote {out}, {details} and {pages / 'index.html'}")


def _variants(options: argparse.Namespace) -> dict[str, Varied]:
    from prvr_lite.course.grading.varying import draw_variants, variants_in

    if options.variants is None:
        return {}
    own = None if options.twists is None else variants_in(options.twists)
    return draw_variants(options.lesson, options.variants, own)


@contextmanager
def _ended_as_by_hand() -> Iterator[None]:
    """Lets SIGTERM stop this program as Ctrl-C does: answers' processes and files are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt
