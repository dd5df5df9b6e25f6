"""``prvr-lite course``: an nbgrader course, what is handed in, and exercises with a twist."""

from __future__ import annotations

import argparse
import secrets
import shlex
from pathlib import Path

from prvr_lite.cli.shared import LESSON, Commands, say

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks" / "exercises"
SHOWN = 10  # ids of students in a line


def add(commands: Commands) -> None:
    parser = commands.add_parser("course", help="a course: nbgrader's folder, hand-ins, variants")
    actions = parser.add_subparsers(required=True, metavar="action")
    for add_action in (_add_make, _add_collect, _add_variants):
        add_action(actions)


def _add_make(actions: Commands) -> None:
    parser = actions.add_parser("make", help="make the folder of an nbgrader course")
    parser.add_argument(
        "folder", type=Path, help="a new one; in one that is there, what is missing"
    )
    parser.add_argument(
        "--lessons", type=LESSON, nargs="+", default=[], metavar="N", help="numbers; default: all"
    )
    parser.add_argument("--course-id", default="prvr", metavar="ID", help="default: prvr")
    parser.add_argument(
        "--notebooks", type=Path, help="folder of the lessons; default: the clone's"
    )
    parser.set_defaults(run=make)


def _add_collect(actions: Commands) -> None:
    parser = actions.add_parser("collect", help="put downloaded hand-ins into a course")
    parser.add_argument("folder", type=Path, help="of the course")
    parser.add_argument("lesson", type=LESSON, help="its number")
    parser.add_argument("handin", type=Path, nargs="+", help="notebooks, or folders of them")
    parser.add_argument("--ids", metavar="PATTERN", help="as of `prvr-lite grade`")
    parser.set_defaults(run=collect)


def _add_variants(actions: Commands) -> None:
    parser = actions.add_parser(
        "variants", help="write exercise notebooks in which some tasks have a twist"
    )
    parser.add_argument("lesson", type=LESSON, nargs="+", help="their numbers")
    parser.add_argument(
        "--seed", help="any text, which you keep: it decides which tasks change; default: a new one"
    )
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("variants"), help="folder; default: variants"
    )
    parser.add_argument(
        "--twists", type=Path, metavar="FILE", help="Python file of your own variants"
    )
    parser.add_argument(
        "--notebooks", type=Path, default=NOTEBOOKS, metavar="DIR", help="the exercise notebooks"
    )
    parser.set_defaults(run=write_variants)


def make(options: argparse.Namespace) -> None:
    from prvr_lite.course.classroom.folder import make_course

    made = make_course(options.folder, options.lessons, options.course_id, options.notebooks)
    for path in made.kept:
        say(f"kept {path}, which is not what would be written: delete it to have it made again")
    for name in made.assignments:
        say(f"{name}: {made.points[name]} points")
    if not made.assignments:
        say(f"{options.folder}: every assignment was there already; nothing was changed")
        return
    release = options.folder / "release"
    say(f"wrote {options.folder}. Hand out the notebooks in {release}; docs/teaching.md goes on.")


def collect(options: argparse.Namespace) -> None:
    from prvr_lite.course.classroom.collect import collect as put

    done = put(options.folder, options.lesson, options.handin, options.ids)
    parts = {"new": done.new, "replaced": done.replaced, "as they were": done.same}
    for what, ids in parts.items():
        if ids:
            more = ", …" if len(ids) > SHOWN else ""
            say(f"{len(ids)} {what}: {', '.join(ids[:SHOWN])}{more}")
    say(f"Now, in {options.folder}: nbgrader autograde {done.assignment}")


def write_variants(options: argparse.Namespace) -> None:
    from prvr_lite.course.grading.varying import draw_variants, variants_in
    from prvr_lite.course.handins.task import of_lesson
    from prvr_lite.course.handins.varied import notebook_of, write_varied

    seed = secrets.token_hex(8) if options.seed is None else options.seed
    own = None if options.twists is None else variants_in(options.twists)
    for lesson in options.lesson:
        if not of_lesson(lesson):
            raise ValueError(f"there is no lesson {lesson} with exercises")
        drawn = draw_variants(lesson, seed, own)
        if not drawn:
            raise ValueError(f"{options.twists} has no variant for lesson {lesson}")
        source = notebook_of(lesson, options.notebooks)
        target = options.out / source.name
        write_varied(source, target, lesson, drawn)
        twists = ", ".join(f"{name} ({one.variant.name})" for name, one in drawn.items())
        say(f"wrote {target}: {twists}")
    command = ["prvr-lite", "grade", "LESSON", "HANDINS", "--variants", seed]
    command += ["--twists", str(options.twists)] if options.twists else []
    say(f"keep the seed: {shlex.join(command)}")
