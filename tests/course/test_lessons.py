"""The lessons are what their sources make, keep to their rules, run, and grade what is open."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

for needed in ("jupytext", "nbgrader", "nbclient", "matplotlib"):
    pytest.importorskip(needed, reason="the extra `course` is not installed")

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "notebooks"
sys.path.insert(0, str(HOME))

import lesson_rules as rules  # noqa: E402
import lesson_source  # noqa: E402
import make_lessons  # noqa: E402
import nbformat  # noqa: E402
from filelock import FileLock  # noqa: E402
from lesson_source import Lesson  # noqa: E402
from nbformat import NotebookNode  # noqa: E402
from nbformat.v4 import new_code_cell  # noqa: E402
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3  # noqa: E402

from prvr_lite.course import kit as first_cell  # noqa: E402
from prvr_lite.course.pictures.seed_band import run_band  # noqa: E402
from prvr_lite.lab.results import Results, label  # noqa: E402

LESSONS = lesson_source.lessons()
TRAINED = ("08", "09", "10", "12")  # all of them use the model that lesson 8 trains
pytestmark = pytest.mark.timeout(1000)  # s; a lesson that trains on a busy machine
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.source.stem)


def runnable(lesson: Lesson) -> Any:
    """A lesson, skipped where a package is missing that its first cell would ask for."""
    needed = first_cell.PACKAGES.get(int(lesson.number), {})
    missing = [package for module, package in needed.items() if find_spec(module) is None]
    mark = pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")
    return pytest.param(lesson, id=lesson.source.stem, marks=mark)


every_lesson_that_can_run = pytest.mark.parametrize("lesson", [*map(runnable, LESSONS)])


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@every_lesson
def test_notebooks_are_what_the_source_makes(lesson: Lesson) -> None:
    assert make_lessons.differences(lesson) == [], "run make lessons"


def test_the_map_is_what_the_sources_and_costs_make() -> None:
    for page, text in make_lessons.pages().items():
        assert make_lessons.read(page) == text, f"{page.name}: run make lessons"
    assert all(lesson.finished.name in make_lessons.course_map() for lesson in LESSONS)


@every_lesson
def test_the_lesson_keeps_to_the_rules(lesson: Lesson) -> None:
    notebook = read(lesson.finished)
    nbformat.validate(notebook)
    assert rules.broken_rules(notebook, int(lesson.number)) == []
    assert rules.broken_outputs(notebook) == []
    assert lesson.finished.stat().st_size <= rules.SIZE
    assert any(
        "image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", [])
    )


@every_lesson
def test_the_lesson_was_run_within_its_time(lesson: Lesson) -> None:
    code = [cell for cell in read(lesson.finished).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    whole = ("08", "10", "12")  # these train a whole model, if no lesson before them did
    limit = 240 if lesson.number in whole else 120
    assert make_lessons.costs()[lesson.number]["seconds"] <= limit


def test_lesson_8_found_what_the_experiments_say() -> None:
    """Its committed numbers, as printed, lie in the bands of the published seeds."""
    outputs = [o for c in read(LESSONS[7].finished).cells for o in c.get("outputs", [])]
    said = "\n".join(o.get("text", "") or o.data.get("text/plain", "") for o in outputs)
    results = Results.published()
    for name in ("mssl++", "mean-pool", "frame-max"):
        row = re.search(rf"^{re.escape(label(name))}((?: +[\d.]+){{5}})$", said, re.MULTILINE)
        assert row, f"{name} is not in the table"
        for metric, value in zip(("R@1", "SumR"), (row[1].split()[i] for i in (0, 4)), strict=True):
            low, high = run_band(list(results.values(name, metric).values()))
            assert low <= float(value) <= high, f"{name}, {metric}: {value} not in {low}..{high}"


@every_lesson
def test_the_twin_asks_and_does_not_tell(lesson: Lesson) -> None:
    twin, finished = read(lesson.exercises), read(lesson.finished)
    nbformat.validate(twin)
    for cell in twin.cells:
        if cell.cell_type != "code":
            continue
        MetadataValidatorV3().validate_cell(cell)
        assert not cell.outputs
        assert cell.execution_count is None
        if "solution" in tags(cell):
            assert "raise NotImplementedError()" in cell.source
            assert '"""' in cell.source, "the specification stays"
        if "check" in tags(cell):
            assert cell.metadata.nbgrader.points == 1
            assert cell.metadata.editable is False
    assert [c.id for c in twin.cells] == [c.id for c in finished.cells]
    ids = [c.metadata.nbgrader.grade_id for c in twin.cells if "nbgrader" in c.metadata]
    assert len(ids) == len(set(ids)) == 2 * sum("check" in tags(c) for c in twin.cells)


def test_lessons_import_faces() -> None:
    """Whatever lessons take from the package stands on the list of a room, and rooms are few."""
    code = [c.source for one in LESSONS for c in read(one.finished).cells if c.cell_type == "code"]
    nodes = [node for source in code for node in ast.walk(ast.parse(source))]
    plain = [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
    assert {name for name in plain if name.startswith("prvr_lite")} <= {"prvr_lite"}
    taken = [
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("prvr_lite")
        for alias in node.names
    ]
    rooms = {str(room) for room, _ in taken}
    unlisted = [one for one in taken if one[1] not in import_module(str(one[0])).__all__]
    assert unlisted == []
    lesson_rooms = {name for name in rooms if re.fullmatch(r"prvr_lite\.course\.lesson\d\d", name)}
    assert len(rooms - lesson_rooms) <= 15


Runs = Callable[[Lesson], tuple[NotebookNode, NotebookNode]]


@pytest.fixture(scope="module")
def runs(shared_folder: Path) -> Runs:
    """Runs a lesson and its twin, each once per session; the finished one, and the twin.

    Lessons keep what they train in one folder, so that a twin, and a later lesson, take up what
    was trained. In the graded form a wrong answer would stop the finished lesson.
    """
    variables = {"PRVR_LITE_RUNS": str(shared_folder / "runs")}
    done: dict[str, tuple[NotebookNode, NotebookNode]] = {}

    def run(lesson: Lesson) -> tuple[NotebookNode, NotebookNode]:
        if lesson.number not in done:
            finished = read(lesson.finished)
            for cell in finished.cells:
                cell.get("outputs", []).clear()
            with (
                FileLock(shared_folder / "trained.lock", timeout=900)
                if (lesson.number in TRAINED)
                else nullcontext()
            ):
                make_lessons.run(finished, HOME, **variables, **{make_lessons.GRADED: "1"})
            twin = graded_at_last(read(lesson.exercises))
            make_lessons.run(twin, lesson.exercises.parent, **variables)
            done[lesson.number] = finished, twin
        return done[lesson.number]

    return run


def graded_at_last(twin: NotebookNode) -> NotebookNode:
    """The twin as it is, and behind it its answers and checks once more, now in a graded run."""
    strict = new_code_cell("from prvr_lite.course.grading import session; session.GRADED = True")
    again = [deepcopy(cell) for cell in twin.cells if tags(cell) & {"solution", "check"}]
    for number, cell in enumerate(again):
        cell.id = f"graded-{number}"
        cell.metadata.tags = [*tags(cell), "raises-exception"]  # go on after it
    twin.cells += [strict, *again]
    return twin


def parts(lesson: Lesson, twin: NotebookNode) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells of a twin that ran: those of the file, and those that were graded behind it."""
    number = len(read(lesson.exercises).cells)
    return twin.cells[:number], twin.cells[number + 1 :]


def said(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


@pytest.mark.slow
@every_lesson_that_can_run
def test_the_lesson_runs(lesson: Lesson, runs: Runs) -> None:
    finished, _ = runs(lesson)
    assert rules.broken_outputs(finished) == []


@pytest.mark.slow
@every_lesson_that_can_run
def test_right_answers_pass_and_blanks_fail_where_it_is_graded(lesson: Lesson, runs: Runs) -> None:
    finished, twin = runs(lesson)
    checks = [cell for cell in finished.cells if "check" in tags(cell)]
    assert checks
    assert all(" is right." in said(cell) for cell in checks)
    _, graded = parts(lesson, twin)
    for cell in graded:
        errors = [o.ename for o in cell.outputs if o.output_type == "error"]
        assert errors == (["CheckFailed"] if "check" in tags(cell) else [])


@pytest.mark.slow
@every_lesson_that_can_run
def test_blanks_never_block(lesson: Lesson, runs: Runs) -> None:
    """The twin runs to its end as it is; every exercise stays open and is said to be."""
    _, twin = runs(lesson)
    cells, _ = parts(lesson, twin)
    assert rules.broken_outputs(nbformat.v4.new_notebook(cells=cells)) == []
    checks = [cell for cell in cells if "check" in tags(cell)]
    assert checks
    for cell in checks:
        assert "is still open" in said(cell)
        assert f"lesson {int(lesson.number)}: 0 of {len(checks)} solved" in said(cell)


@every_lesson
def test_the_twin_filled_in_is_the_finished_lesson(lesson: Lesson) -> None:
    """Only the answers differ, so that what holds of the finished lesson holds of a solved twin."""
    twin, finished = read(lesson.exercises), read(lesson.finished)
    for blank, solved in zip(twin.cells, finished.cells, strict=True):
        assert (blank.source != solved.source) == ("solution" in tags(solved))


def test_costs_are_of_these_lessons() -> None:
    known = json.loads(make_lessons.COSTS.read_text(encoding="utf-8"))
    assert set(known) == {lesson.number for lesson in LESSONS}
