"""The checks of the exercises: the solution passes, the blank fails, each mistake is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from prvr_lite.exercises import CheckFailed, check, hint, progress, session
from prvr_lite.exercises.diagnosis import OpenExerciseError, diagnose
from prvr_lite.exercises.exercise import Exercise, Inputs

EVERY = list(session.exercises().values())
MISTAKES = [(e, i) for e in EVERY for i in range(len(e.mistakes))]
SEEDS = range(0, 600, 100)
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
    for seed in SEEDS:
        assert diagnose(exercise, exercise.mistakes[i].wrong, seed) == exercise.mistakes[i].message


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
    for text in (*exercise.hints, *(m.message for m in exercise.mistakes)):
        assert text.endswith((".", "?", "!")), text


TOY = Exercise(
    "toy",
    0,
    lambda x: x.softmax(1),
    lambda g: {"x": torch.randn(2, 3, generator=g)},
    "[A, B]",
    (),
    ("think.",),
    gradient=("x",),
)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: None, "returns None"),
        (lambda x: (x, x), "returns 2 things, and 1 are asked for"),
        (lambda x: x.softmax(1)[0], r"shape \[3\] instead of \[2, 3\] = \[A, B\].*x \[2, 3\]"),
        (lambda x: x.softmax(1).tolist(), "returns a list where a torch tensor"),
        (lambda x: x.softmax(1).double(), "float64 instead of torch.float32"),
        (lambda x: x.softmax(1) / 0 - x.softmax(1) / 0, "NaN or infinity"),
        (lambda x: x.softmax(1).detach(), "no gradient reaches x"),
        (lambda x: x.softmax(0), r"6 of 6 numbers differ; the first at \[0, 0\] is"),
        (lambda x: x.mul_(2).softmax(1), "changed its input x in place"),
        (lambda x: x.softmax(7), "stopped with IndexError"),
    ],
)
def test_what_has_no_name_is_told_by_stage(answer: Callable[..., Any], message: str) -> None:
    import re

    found = diagnose(TOY, answer, 0)
    assert found is not None
    assert re.search(message, found), found


def test_padding_is_a_stage_of_its_own() -> None:
    exercise = next(e for e in EVERY if e.padding is not None)
    found = diagnose(exercise, lambda score, mask: score.median(1).values, 3)
    assert found is not None
    assert "padding changes the result" in found


def test_own_or_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A right answer comes back; a blank or a wrong one is replaced, said, and counted."""
    monkeypatch.setattr(session, "_state", {})
    for name in session.STRICT:
        monkeypatch.delenv(name, raising=False)
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
    for name in session.STRICT:
        monkeypatch.setenv(name, "1")
        with pytest.raises(CheckFailed, match="still open"):
            check(mean_score)
        with pytest.raises(CheckFailed, match="padding counts"):
            check(wrong)
        assert check(right) is right
        monkeypatch.delenv(name)


def test_a_renamed_function_is_told() -> None:
    def my_mean(score: Inputs) -> None: ...

    with pytest.raises(ValueError, match="there is no exercise 'my_mean': give the function the"):
        check(my_mean)


def test_hints_are_a_ladder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "_shown", {})
    for _ in range(5):
        hint("mean_score")
    lines = capsys.readouterr().out.splitlines()
    hints = EVERY[0].hints
    assert [line.split(": ", 1)[1] for line in lines] == [*hints, hints[-1], hints[-1]]
    assert lines[0].startswith(f"hint 1 of {len(hints)}")


def test_a_check_that_is_run_twice_gives_no_credit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``f = check(f)`` on a blank hands out prvr_lite's function; checking that proves nothing."""
    monkeypatch.setattr(session, "_state", {})
    for name in session.STRICT:
        monkeypatch.delenv(name, raising=False)
    reference = EVERY[0].reference
    assert check(reference) is reference
    assert "run the cell of your answer anew" in capsys.readouterr().out
    assert "○ mean_score" in session.board(1)
    monkeypatch.setenv(session.STRICT[0], "1")
    with pytest.raises(CheckFailed):
        check(reference)


def test_what_is_no_function_is_told() -> None:
    with pytest.raises(ValueError, match="there is no exercise 'a Tensor'"):
        check(torch.ones(1))


def test_a_hint_for_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    hint(EVERY[0].reference)
    assert EVERY[0].hints[0] in capsys.readouterr().out


def test_names_are_given_once() -> None:
    from importlib import import_module

    import prvr_lite.exercises as room

    paths = sorted(Path(room.__path__[0]).glob("lesson*.py"))
    modules = [import_module(f"{room.__name__}.{path.stem}") for path in paths]
    assert [e.name for module in modules for e in module.EXERCISES] == [e.name for e in EVERY]
    for path, module in zip(paths, modules, strict=True):
        assert {e.lesson for e in module.EXERCISES} == {int(path.stem.removeprefix("lesson"))}


def test_infinity_may_be_right() -> None:
    """Only where a number is wanted is infinity a fault."""
    from dataclasses import replace

    masked = replace(TOY, reference=lambda x: torch.full_like(x, -torch.inf), gradient=())
    assert diagnose(masked, lambda x: torch.full_like(x, -torch.inf), 0) is None
    assert "numbers differ" in str(diagnose(masked, lambda x: x * 0, 0))
