"""An nbgrader course: its folder, hand-ins in every state, what nbgrader makes of them."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="the extra `course` is not installed")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "handins"))

import nbformat
from hand_ins import cell_of, code, finished, save, solution
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import ClearSolutions
from traitlets.config.loader import PyFileConfigLoader

from prvr_lite.cli.main import main
from prvr_lite.course.classroom import folder as course_folder
from prvr_lite.course.classroom.folder import CONFIG, assignment, reflection
from prvr_lite.course.handins.notebook import grade_id
from prvr_lite.course.handins.task import of_lesson

TWINS = sorted((Path(__file__).resolve().parents[3] / "notebooks/exercises").glob("*.ipynb"))
LESSON, NAME = 1, "01_partially_relevant"
STARS = {e.name: e.difficulty for e in of_lesson(LESSON)}
NAMES = list(STARS)
SOLVED = {name: solution(LESSON, name) for name in NAMES}
MEAN = "def mean_score(score, mask):\n"
ESSAY = "A mean over 3,600 s hides a moment of 5 s."


@pytest.mark.parametrize("twin", TWINS, ids=lambda path: path.stem)
def test_an_assignment_is_the_lesson_with_solutions_stars_and_a_question(twin: Path) -> None:
    """nbgrader's own step gives the exercise notebook back; every point has its place."""
    lesson = int(twin.stem[:2])
    text, points = assignment(lesson, twin)
    made, blank = nbformat.reads(text, as_version=4), nbformat.read(twin, as_version=4)
    nbformat.validate(made)
    stars = {f"lesson{lesson:02d}-{e.name}-check": e.difficulty for e in of_lesson(lesson)}
    about = [c.metadata.nbgrader for c in made.cells if "nbgrader" in c.metadata]
    given = {one.grade_id: one.points for one in about if one.grade}
    assert {name: given[name] for name in stars} == stars
    assert points == sum(given.values()) == sum(stars.values()) + 4
    assert text.count("### BEGIN SOLUTION") == len(stars)
    release, _ = ClearSolutions().preprocess(copy.deepcopy(made), {})
    assert [c.source for c in release.cells[:-2]] == [c.source for c in blank.cells]
    question, rubric = reflection(lesson)
    assert question in release.cells[-2].source
    assert "Rubric" not in release.cells[-1].source
    assert [line[:2] for line in rubric.splitlines() if line[:1].isdigit()] == [
        "1.",
        "2.",
        "3.",
        "4.",
    ]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "prvr 2026"
    assert main(["course", "make", str(folder), "--lessons", str(LESSON)]) == 0
    return folder


def test_a_course_that_is_there_is_kept(
    course: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = course / CONFIG
    mine = config.read_text(encoding="utf-8") + "# mine\n"
    config.write_text(mine, encoding="utf-8")
    assert main(["course", "make", str(course), "--lessons", str(LESSON)]) == 0
    said = capsys.readouterr().out
    assert f"kept {config}" in said
    assert "nothing was changed" in said
    assert config.read_text(encoding="utf-8") == mine
    (tmp_path / "letter.txt").write_text("to a friend", encoding="utf-8")
    for arguments, message in (
        ([str(tmp_path)], "so it is not a course: give a new folder"),
        ([str(tmp_path / "letter.txt")], "is a file"),
        ([str(tmp_path / "new"), "--lessons", "77"], "there is no lesson 77: choose from 1 to 13"),
        ([str(tmp_path / "new"), "--course-id", "a b"], "a course id has letters"),
        ([str(tmp_path / "new"), "--notebooks", str(tmp_path)], "has no lessons in it"),
    ):
        assert main(["course", "make", *arguments]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_course_needs_nbgrader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(course_folder, "find_spec", lambda name: None)
    assert main(["course", "make", str(tmp_path / "new")]) == 1
    assert "pip install 'prvr-lite[course]'" in capsys.readouterr().err


# ------------------------------------------------------------------------------------- hand-ins


Notebook = dict[str, Any]


def mean(body: str) -> dict[str, str]:
    return {"mean_score": MEAN + body}


def with_cells(change: Callable[[Notebook], None], answers: dict[str, str]) -> Notebook:
    notebook = blank()
    for name, text in answers.items():
        cell_of(notebook, name)["source"] = text
    change(notebook)
    return notebook


def blank() -> Notebook:
    text, _ = assignment(LESSON, TWINS[0])
    release, _ = ClearSolutions().preprocess(nbformat.reads(text, as_version=4), {})
    return json.loads(nbformat.writes(release))


def answered(answers: dict[str, str]) -> Notebook:
    return with_cells(lambda notebook: None, answers)


def deleted(notebook: Notebook) -> None:
    notebook["cells"] = [c for c in notebook["cells"] if "max_score" not in grade_id(c)]


def duplicated(notebook: Notebook) -> None:
    """A whole block twice: the answer's cell and the check's."""
    notebook["cells"] += [copy.deepcopy(c) for c in notebook["cells"] if "mean_s" in grade_id(c)]


def renamed(notebook: Notebook) -> None:
    for i, cell in enumerate(notebook["cells"]):
        cell["metadata"], cell["id"] = {}, f"cell-{i}"


def damaged(notebook: Notebook) -> None:
    """Types, points and locks changed; metadata that is not nbgrader's."""
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader")
        if about:
            about |= {"points": 100, "locked": False, "cell_type": "raw", "schema_version": 99}
    notebook["metadata"] = {"kernelspec": {"name": "no-such-kernel", "display_name": "?"}}
    notebook["nbformat_minor"] = 77


def essay(notebook: Notebook) -> None:
    notebook["cells"][-1]["source"] = ESSAY


def essay_elsewhere(notebook: Notebook) -> None:
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": ESSAY})


PATCH = (
    "import torch, prvr_lite.course.grading.session as session\n"
    "session.diagnose = lambda *a, **k: None\ntorch.allclose = lambda *a, **k: True\n"
)
RIGHT = "    return (score * mask).sum(1) / mask.sum(1)\n"
ALL, NONE, ONE = 6, 0, 1
HAND_INS: dict[str, tuple[Callable[[], Any], int]] = {
    "solved": (lambda: answered(SOLVED), ALL),
    "finished lesson": (lambda: finished(LESSON), ALL),
    "blank": (blank, NONE),
    "wrong": (lambda: answered(mean("    return score.mean(1)\n")), NONE),
    "hard-coded": (lambda: answered(mean("    return score.new_tensor([0.5, 0.25])\n")), NONE),
    "wrapper": (
        lambda: answered(
            mean("    from prvr_lite.course.lesson01.answers import mean_score as m\n"
                 "    return m(score, mask)\n")
        ), NONE,
    ),
    "patched checks": (lambda: answered({"mean_score": PATCH + MEAN + "    return score\n"}), NONE),
    "unset variable": (lambda: answered(mean("    return score.sum(1) / counts\n")), NONE),
    "endless loop": (lambda: answered(mean("    while True: pass\n")), NONE),
    "exits": (lambda: answered({"mean_score": "import os\n" + MEAN + "    os._exit(0)\n"}), NONE),
    "deleted cells": (lambda: with_cells(deleted, mean(RIGHT)), ONE),
    "duplicated cells": (lambda: with_cells(duplicated, mean(RIGHT)), ONE),
    "renamed cells": (lambda: with_cells(renamed, mean(RIGHT)), ONE),
    "damaged metadata": (lambda: with_cells(damaged, mean(RIGHT)), ONE),
    "essay": (lambda: with_cells(essay, mean(RIGHT)), ONE),
    "essay elsewhere": (lambda: with_cells(essay_elsewhere, {}), NONE),
    "graded off": (
        lambda: with_cells(
            lambda n: n["cells"].insert(0, code("import os; os.environ.clear()")), {}
        ), NONE,
    ),
    "not a notebook": (lambda: "{ half a note", NONE),
}  # fmt: skip


def hand_in(folder: Path) -> Path:
    """All of them, as a learning platform gives them: a folder for each student."""
    for kind, (make, _) in HAND_INS.items():
        content, path = make(), folder / kind / "lesson (1).ipynb"
        if isinstance(content, str):
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
        else:
            save(content, path)
    return folder


def nbgrader(course: Path) -> Any:
    config = PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    config.CourseDirectory.root = str(course)
    config.JudgedHandIn.seconds = 1
    return NbGraderAPI(config=config)


Grades = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Grades, Path]:
    """Every hand-in, collected and autograded by nbgrader; grades by student and cell."""
    handed_in, here = hand_in(tmp_path_factory.mktemp("handed in")), os.getcwd()
    assert main(["course", "collect", str(course), str(LESSON), str(handed_in)]) == 0
    autograded: Grades = {}
    for kind in HAND_INS:
        done = nbgrader(course).autograde(NAME, kind)
        assert done["success"], f"{kind}: {done['log']}"
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "prvr") as book:
            notebook = book.find_submission_notebook(NAME, NAME, kind)
            autograded[kind] = {grade.name: grade.to_dict() for grade in notebook.grades}
    assert os.getcwd() == here
    return autograded, course


@pytest.mark.slow
@pytest.mark.parametrize("kind", HAND_INS)
def test_nbgrader_gives_what_a_hand_in_deserves(kind: str, graded: tuple[Grades, Path]) -> None:
    grades, _ = graded
    points = {name: grade["auto_score"] for name, grade in grades[kind].items()}
    checks = [f"lesson01-{name}-check" for name in NAMES]
    assert sum(points[name] for name in checks) == HAND_INS[kind][1]
    assert [grades[kind][name]["max_score"] for name in checks] == list(STARS.values())
    by_hand = grades[kind]["lesson01-reflection"]
    assert by_hand["needs_manual_grade"] == kind.startswith("essay")
    assert by_hand["max_score"] == 4


@pytest.mark.slow
def test_a_grader_sees_the_essay_the_rubric_and_why(graded: tuple[Grades, Path]) -> None:
    _, course = graded
    for kind, said in (
        ("essay", "mean_score: right"),
        ("essay elsewhere", "still open"),
        ("wrong", "padding counts as frames"),
        ("endless loop", "whole time"),
        ("not a notebook", "it is not JSON"),
    ):
        path = course / "autograded" / kind / NAME / f"{NAME}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells]
        assert "Rubric" in sources[-1]
        assert (sources[-2] == ESSAY) == kind.startswith("essay")
        (check,) = (c for c in notebook.cells if grade_id(c) == "lesson01-mean_score-check")
        assert said in str(check.outputs)
        assert nbformat.validate(notebook) is None


@pytest.mark.slow
def test_feedback_and_a_second_hand_in(graded: tuple[Grades, Path], tmp_path: Path) -> None:
    """A student hands in again: it is collected and graded again; others stay as they are."""
    _, course = graded
    again = save(answered(mean(RIGHT)), tmp_path / "wrong.ipynb")
    assert main(["course", "collect", str(course), str(LESSON), str(again)]) == 0
    assert nbgrader(course).autograde(NAME, "wrong", force=False)["success"]
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "prvr") as book:
        assert book.find_submission_notebook(NAME, NAME, "wrong").score == 1
    assert nbgrader(course).generate_feedback(NAME, "wrong")["success"]
    page = course / "feedback" / "wrong" / NAME / f"{NAME}.html"
    assert "mean_score: right" in page.read_text(encoding="utf-8")


def test_collecting_refuses_what_it_can_not_place(
    course: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = save(blank(), tmp_path / "a" / "..b.ipynb")
    for arguments, message in (
        ([str(tmp_path), "1", str(path)], "is not a course that has lesson 1"),
        ([str(course), "2", str(path)], "is not a course that has lesson 2"),
        ([str(course), "1", str(path), "--ids", r"(\.\.)b"], "can't be the name of a folder"),
        ([str(course), "1", str(path), "--ids", r"(a/)"], "can't be the name of a folder"),
    ):
        assert main(["course", "collect", *arguments]) == 1
        assert message in capsys.readouterr().err
    assert (
        main(["course", "collect", str(course), "1", str(save(blank(), tmp_path / "zoe.ipynb"))])
        == 0
    )
    assert "1 new: zoe\n" in capsys.readouterr().out
