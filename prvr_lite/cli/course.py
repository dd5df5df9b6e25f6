"""``prvr-lite course``: what an instructor makes for a course, from the lessons of this package."""

from __future__ import annotations

import argparse
import secrets
import shlex
from pathlib import Path

from prvr_lite.cli.shared import Commands, Number, say

LESSON = Number(1, 99)
LESSONS = Path(__file__).resolve().parents[2] / "notebooks" / "exercises"


def add(commands: Commands) -> None:
    parser = commands.add_parser("course", help="make what an instructor hands out")
    actions = parser.add_subparsers(required=True, metavar="action")
    _add_variants(actions)


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
        "--notebooks", type=Path, default=LESSONS, metavar="DIR", help="the exercise notebooks"
    )
    parser.set_defaults(run=write_variants)


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
