"""No answer is judged through another: a blank costs its own points and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hand_ins import answered, cell_of, load, save, solution

from prvr_lite.course.grading import session
from prvr_lite.course.grading.session import CheckFailed, check
from prvr_lite.course.handins.grade import grade
from prvr_lite.course.handins.notebook import read_hand_in
from prvr_lite.course.handins.task import lesson_cells, of_lesson

OFFERED = ("from prvr_lite import", "from prvr_lite.course.lesson08 import TrainingRun")
EVERY = list(session.exercises().values())


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "GRADED", True)
    monkeypatch.setattr(session, "_state", {})


def notebook_names(lesson: int) -> dict[str, Any]:
    """What a lesson's notebook imports of other packages, and its own helpers."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for text in lesson_cells(lesson).values():
        if "prvr_lite" not in text or text.startswith(OFFERED):
            exec(compile(f"from __future__ import annotations\n{text}", "cell", "exec"), names)
    return names


@pytest.mark.parametrize("blank", EVERY, ids=lambda e: e.name)
@pytest.mark.usefixtures("graded")
def test_in_a_graded_run_a_blank_costs_nothing_else(blank: Any) -> None:
    """The notebook is run as nbgrader does: a failed check does not stop the cells behind it."""
    names, empty = notebook_names(blank.lesson), load(blank.lesson)
    failed = []
    for exercise in of_lesson(blank.lesson):
        text = solution(blank.lesson, exercise.name)
        if exercise is blank:
            text = "".join(cell_of(empty, blank.name)["source"])
        exec(compile(text, "answer", "exec"), names)
        try:
            names[exercise.name] = check(names[exercise.name], seed=11)
        except CheckFailed:
            failed.append(exercise.name)
    assert failed == [blank.name]
    assert names[blank.name] is blank.reference


def states(lesson: int, blanks: list[str], folder: Path) -> list[dict[str, str]]:
    """What becomes of hand-ins in which one exercise each is blank."""
    names = [exercise.name for exercise in of_lesson(lesson)]
    solved, hand_ins = {name: solution(lesson, name) for name in names}, []
    for blank in blanks:
        rest = {name: text for name, text in solved.items() if name != blank}
        path = save(answered(lesson, rest), folder / f"{blank}.ipynb")
        hand_ins.append(read_hand_in(path, blank, lesson, names))
    grades = grade(lesson, hand_ins, seed=11)
    return [{v.exercise: v.state for v in one.verdicts} for one in grades]


def expected(lesson: int, blank: str) -> dict[str, str]:
    return {e.name: "open" if e.name == blank else "right" for e in of_lesson(lesson)}


def test_a_blank_start_does_not_cost_the_loop(tmp_path: Path) -> None:
    assert states(5, ["kkz_start"], tmp_path) == [expected(5, "kkz_start")]


@pytest.mark.parametrize("lesson", range(1, 14))
def test_in_a_hand_in_a_blank_costs_nothing_else(lesson: int, tmp_path: Path) -> None:
    names = [exercise.name for exercise in of_lesson(lesson)]
    assert states(lesson, names, tmp_path) == [expected(lesson, name) for name in names]
