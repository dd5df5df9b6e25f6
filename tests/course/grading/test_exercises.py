"""The checks of the exercises: the solution passes, the blank fails, each mistake is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prvr_lite.course.grading import session
from prvr_lite.course.grading.diagnosis import OpenExerciseError, diagnose
from prvr_lite.course.grading.exercise import Exercise, Inputs
from prvr_lite.course.grading.outputs import parts
from prvr_lite.course.grading.session import CheckFailed, check, hint, progress
from prvr_lite.course.grading.trying import gradients

EVERY = list(session.exercises().values())
MISTAKES = [(e, i) for e in EVERY for i in range(len(e.mistakes))]
SEEDS = (0, 101)
every_exercise = pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.name)


@every_exercise
def test_the_solution_passes(exercise: Exercise) -> None:
    for seed in SEEDS:
        assert diagnose(exercise, exercise.reference, seed) is None


@every_exercise
def test_the_blank_is_open(exercise: Exercise) -> None:
    def blank(*args: object, **named: object) -> None:
        raise NotImplementedError

    with pytest.raises(OpenExerciseError):
        diagnose(exercise, blank, 0)


@pytest.mark.parametrize(("exercise", "i"), MISTAKES, ids=lambda x: getattr(x, "name", str(x)))
def test_each_mistake_gets_its_message(exercise: Exercise, i: int) -> None:
    """On any inputs: the message meant for it, and no other mistake's."""
    mistake = exercise.mistakes[i]
    for wrong in (mistake.wrong, *mistake.also):
        for seed in SEEDS:
            assert diagnose(exercise, wrong, seed) == mistake.message


@pytest.mark.parametrize(("exercise", "i"), MISTAKES, ids=lambda x: getattr(x, "name", str(x)))
def test_a_mistake_works_with_gradients_too(exercise: Exercise, i: int) -> None:
    """Else it would not be told in the answer of somebody who wrote the same without this fault."""
    inputs = exercise.draw(torch.Generator().manual_seed(0))
    try:
        exercise.mistakes[i].wrong(**inputs)
    except Exception:
        return
    found = gradients(exercise.mistakes[i].wrong, inputs, tuple(exercise.gradient))
    assert isinstance(found, dict)


@every_exercise
def test_no_answer_fits_by_knowing_one_input(exercise: Exercise) -> None:
    """An answer that repeats what was right for one set of inputs is caught on any other."""
    inputs = exercise.draw(torch.Generator().manual_seed(0))
    remembered = exercise.reference(**inputs)
    for seed in (100, 200):
        assert diagnose(exercise, lambda **_: remembered, seed) is not None


@every_exercise
def test_each_exercise_is_well_told(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 4
    assert len({m.message for m in exercise.mistakes}) == len(exercise.mistakes)
    assert len(exercise.hints) >= 3
    assert exercise.minutes >= 5
    assert exercise.difficulty in (1, 2, 3)
    assert exercise.reference.__doc__
    count = len(parts(exercise.reference(**exercise.draw(torch.Generator().manual_seed(0)))))
    assert len(exercise.outputs) in ((count, 0) if count > 1 else (0,))
    assert len(exercise.shape.split(" and ")) in (1, count)
    for text in (*exercise.hints, *(m.message for m in exercise.mistakes)):
        assert text.endswith((".", "?", "!")), text


def test_own_or_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A right answer comes back; a blank or a wrong one is replaced, said, and counted."""
    monkeypatch.setattr(session, "_state", {})
    monkeypatch.setattr(session, "GRADED", False)
    exercise = EVERY[0]

    def mean_score(score: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    assert exercise.name == "mean_score"
    assert check(mean_score) is exercise.reference
    assert "mean_score is still open" in capsys.readouterr().out
    wrong = exercise.mistakes[0].wrong
    wrong.__name__ = "mean_score"
    assert check(wrong) is exercise.reference
    said = capsys.readouterr().out
    assert exercise.mistakes[0].message in said
    assert "0 of" in said
    right = lambda **inputs: exercise.reference(**inputs)  # noqa: E731
    right.__name__ = "mean_score"
    assert check(right) is right
    progress(1)
    assert "✔ mean_score" in capsys.readouterr().out
    monkeypatch.setattr(session, "GRADED", True)
    with pytest.raises(CheckFailed, match="still open"):
        check(mean_score)
    with pytest.raises(CheckFailed, match="padding counts"):
        check(wrong)
    assert check(right) is right


def test_no_answer_turns_a_graded_run_off() -> None:
    """The first cell reads what nbgrader sets; the environment may change behind it."""
    cell = (
        "import os; from prvr_lite.course import start; start(1); os.environ.clear()\n"
        "from prvr_lite.course import check\n"
        "def mean_score(score, mask): raise NotImplementedError\n"
        "check(mean_score)"
    )
    environment = {**os.environ, "NBGRADER_EXECUTION": "autograde"}
    done = subprocess.run(
        [sys.executable, "-c", cell], env=environment, capture_output=True, text=True, check=False
    )
    assert "graded" in done.stdout, done.stderr
    assert "CheckFailed: mean_score is still open" in done.stderr


def test_a_renamed_function_is_told() -> None:
    def my_mean(score: Inputs) -> None: ...

    with pytest.raises(ValueError, match="there is no exercise 'my_mean': give the function the"):
        check(my_mean)
    with pytest.raises(ValueError, match="no exercise '<lambda>': write it with def and the name"):
        check(lambda score, mask: score)
    with pytest.raises(ValueError, match=r"no exercise 'mean_scores': did you mean 'mean_score'\?"):
        hint("mean_scores")


def test_hints_are_a_ladder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "_shown", {})
    for number in (None, None, None, None, 1, None):
        hint("mean_score", number)
    lines = capsys.readouterr().out.splitlines()
    hints = EVERY[0].hints
    last = hints[-1]
    assert [line.split(": ", 1)[1] for line in lines] == [*hints, last, hints[0], last]
    assert lines[0].startswith("hint 1 of 3: ")
    assert lines[3].startswith("hint 3 of 3, the last; hint('mean_score', 1) shows the first again")
    with pytest.raises(ValueError, match="mean_score has no hint 4: its hints are 1 to 3"):
        hint("mean_score", 4)


def test_a_check_that_is_run_twice_gives_no_credit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``f = check(f)`` on a blank hands out prvr_lite's function; checking that proves nothing."""
    monkeypatch.setattr(session, "_state", {})
    monkeypatch.setattr(session, "GRADED", False)
    reference = EVERY[0].reference
    assert check(reference) is reference
    assert "run the cell of your answer again" in capsys.readouterr().out
    assert "○ mean_score" in session.board(1)
    monkeypatch.setattr(session, "GRADED", True)
    with pytest.raises(CheckFailed):
        check(reference)


def test_what_is_no_function_is_told() -> None:
    with pytest.raises(ValueError, match="this is of type Tensor: give the function itself"):
        check(torch.ones(1))
    with pytest.raises(ValueError, match="this is a string: give the function itself, without q"):
        check("mean_score")


def test_a_hint_for_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    hint(EVERY[0].reference)
    assert EVERY[0].hints[0] in capsys.readouterr().out


def test_names_are_given_once() -> None:
    from importlib import import_module

    import prvr_lite.course as room

    paths = sorted(Path(room.__path__[0]).glob("lesson*/exercises.py"))
    modules = [import_module(f"{room.__name__}.{path.parent.name}.exercises") for path in paths]
    assert [e.name for module in modules for e in module.EXERCISES] == [e.name for e in EVERY]
    for path, module in zip(paths, modules, strict=True):
        assert {e.lesson for e in module.EXERCISES} == {
            int(path.parent.name.removeprefix("lesson"))
        }
