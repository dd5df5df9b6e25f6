"""Makes the folder of an nbgrader course: settings, assignments, and what students are given.

``source/`` is made of the lessons' two notebooks, the finished one and its exercise twin, as they
stand in the repository. Points are the exercises' stars; behind each lesson stands a question that
a person grades by a rubric. nbgrader itself makes ``release/`` from it, without solutions. What is
there already is the instructor's, and stays.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prvr_lite.course.handins.notebook import exercise_notebooks
from prvr_lite.course.handins.task import COURSE, of_lesson
from prvr_lite.files import disk_errors, replacing

CONFIG = "nbgrader_config.py"
CHECK = re.compile(r"lesson(\d\d)-(\w+)-check")
STUB = re.compile(r"^( *)# YOUR CODE HERE\n *raise NotImplementedError\(\)$", re.MULTILINE)
REFLECTION_POINTS = 4
SETTINGS = Path(__file__).with_name("nbgrader_config.txt")  # {course_id} is filled in


@dataclass
class Made:
    """What became of a course's folder.

    Attributes:
        assignments: that were made now. points: of each assignment of the course.
        kept: files that were there and differ from what would have been written.
    """

    assignments: list[str] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)
    kept: list[Path] = field(default_factory=list)


def make_course(
    folder: Path, lessons: Sequence[int], course_id: str, notebooks: Path | None = None
) -> Made:
    """Makes a course, or what is missing in one.

    Args:
        lessons: numbers; none: all. notebooks: the folder of the lessons; None: the repository's.

    Raises:
        ImportError: nbgrader is missing. ValueError: the folder holds something else, or there is
            no such lesson. OSError: there are no notebooks, or the folder can't be written.
    """
    if find_spec("nbgrader") is None:
        raise ImportError("a course needs nbgrader: pip install 'prvr-lite[course]'")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", course_id):
        raise ValueError(f"{course_id!r}: a course id has letters, digits, _ . - and nothing else")
    twins = _twins(notebooks or COURSE.parents[1] / "notebooks", lessons)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: give the folder of a course, or a new one")
    if folder.exists() and any(folder.iterdir()) and not (folder / CONFIG).exists():
        raise ValueError(
            f"{folder} holds files, but no {CONFIG}, so it is not a course: give a new folder"
        )
    made = Made()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.read_text(encoding="utf-8").replace("{course_id}", course_id)
    _write(folder / CONFIG, settings, made)
    for lesson, twin in twins.items():
        text, made.points[twin.stem] = assignment(lesson, twin)
        _write(folder / "source" / twin.stem / twin.name, text, made)
    missing = [
        twin.stem for twin in twins.values() if not (folder / "release" / twin.stem).exists()
    ]
    _release(folder, missing)
    made.assignments = missing
    return made


def _twins(home: Path, lessons: Sequence[int]) -> dict[int, Path]:
    """Returns the exercise notebook of each lesson, by the lesson's number."""
    every = exercise_notebooks(home / "exercises")
    if not every:
        raise FileNotFoundError(
            f"{home} has no lessons in it: name the folder notebooks of the repository "
            "with --notebooks"
        )
    if unknown := sorted(set(lessons) - set(every)):
        raise ValueError(
            f"there is no lesson {unknown[0]}: choose from {min(every)} to {max(every)}"
        )
    return {number: path for number, path in every.items() if not lessons or number in lessons}


def assignment(lesson: int, twin: Path) -> tuple[str, int]:
    """Returns the text of an assignment's notebook, with solutions, and its points."""
    import nbformat

    notebook = nbformat.read(twin, as_version=4)
    finished = nbformat.read(twin.parents[1] / twin.name, as_version=4)
    stars, total = {e.name: e.difficulty for e in of_lesson(lesson)}, 0
    for cell, solved in zip(notebook.cells, finished.cells, strict=True):
        about = cell.metadata.get("nbgrader")
        if about and about["solution"]:
            cell.source = with_solution(cell.source, solved.source)
        elif about and (check := CHECK.fullmatch(about["grade_id"])):
            about["points"] = stars[check[2]]
            total += stars[check[2]]
    notebook.cells += _reflection(lesson)
    return f"{nbformat.writes(notebook, version=4).rstrip()}\n", total + REFLECTION_POINTS


def with_solution(blank: str, solved: str) -> str:
    """Returns the text of an answer's cell, with its solution between nbgrader's two marks.

    Raises:
        ValueError: the two cells do not belong together.
    """
    stub = STUB.search(blank)
    if stub is None:
        raise ValueError(
            f"there is nothing to solve in this cell, {blank[:60]!r}: the blank that the solution "
            "replaces is missing; generate the exercise notebooks again"
        )
    before, after = blank[: stub.start()], blank[stub.end() :]
    if not (solved.startswith(before) and solved.endswith(after)):
        raise ValueError(f"the finished lesson has another cell here: {blank[:60]!r}")
    body = solved[len(before) : len(solved) - len(after)]
    return f"{before}{stub[1]}### BEGIN SOLUTION\n{body}\n{stub[1]}### END SOLUTION{after}"


def reflection(lesson: int) -> tuple[str, str]:
    """Returns the question that a person grades, and its rubric, from the lesson's folder."""
    text = (COURSE / f"lesson{lesson:02d}" / "reflection.md").read_text(encoding="utf-8")
    question, _, rubric = text.partition("\n## Rubric\n")
    return question.strip(), rubric.strip()


def _reflection(lesson: int) -> list[Any]:
    """Returns two cells: the question, which is locked, and its answer, with the rubric."""
    from nbformat.v4 import new_markdown_cell

    question, rubric = reflection(lesson)
    shared = {"task": False, "cell_type": "markdown", "schema_version": 3, "locked": True}
    asked = {**shared, "grade_id": f"lesson{lesson:02d}-question", "grade": False}
    answer = {**shared, "grade_id": f"lesson{lesson:02d}-reflection", "grade": True}
    answer |= {"points": REFLECTION_POINTS, "locked": False}
    text = f"{question}\n\n*({REFLECTION_POINTS} points, graded by a person. Write below.)*"
    return [
        new_markdown_cell(text, id="question", metadata={"nbgrader": {**asked, "solution": False}}),
        new_markdown_cell(
            f"**Rubric.** {rubric}",
            id="answer",
            metadata={"nbgrader": {**answer, "solution": True}},
        ),
    ]


def _write(path: Path, text: str, made: Made) -> None:
    """Writes a file that is not there; one that is there stays as it is."""
    if path.exists():
        if path.read_text(encoding="utf-8", errors="replace") != text:
            made.kept.append(path)
        return
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def _release(folder: Path, names: Sequence[str]) -> None:
    """Lets nbgrader make the notebooks that students get, and the gradebook.

    Raises:
        ValueError: nbgrader could not.
    """
    from nbgrader.apps import NbGraderAPI
    from nbgrader.utils import setenv
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder.resolve())
    nbgrader = NbGraderAPI(config=config)
    programs = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    with setenv(PATH=os.pathsep.join(programs)):  # nbgrader starts `alembic` for a new gradebook
        for name in names:
            done = nbgrader.generate_assignment(name, force=False, create=True)
            if not done["success"]:
                problem = _problem(str(done.get("log") or done.get("error")))
                raise ValueError(f"{name}: nbgrader can't make its release: {problem}")


def _problem(log: str) -> str:
    """Returns the last error in nbgrader's log, or its last line if it has no error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return [*lines[-1:], *errors][-1]
