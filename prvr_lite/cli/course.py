"""``prvr-lite course``: the folder of an nbgrader course, and what is handed in."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import Commands, Number, say

LESSON = Number(1, 99)
SHOWN = 10  # ids of students in a line


def add(commands: Commands) -> None:
    parser = commands.add_parser("course", help="give a course with nbgrader")
    actions = parser.add_subparsers(required=True, metavar="action")
    for add_action in (_add_make, _add_collect):
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
