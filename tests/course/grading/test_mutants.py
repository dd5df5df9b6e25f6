"""Answers that checks once took for right, or with some seeds: wrong ones fail, right ones pass.

``tests/course/mutants`` holds them. Here each is tried with one seed, and the slips that can happen
to any answer with every fifth exercise; ``python -m tests.course.mutants.bank`` tries 40 seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
from course.mutants.bank import EXERCISES, Answer, answers, slips, verdict
from torch import Tensor

from prvr_lite.course.grading import trying
from prvr_lite.course.grading.case import Case
from prvr_lite.course.grading.diagnosis import cases, diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.outputs import close, parts
from prvr_lite.course.grading.trying import attempt

SEEDS = (1, 4, 17, 300)
NEVER_ONE = ("pool_bounds", "recall_by_ratio")  # at least two bounds, three groups


def some_slips() -> Iterator[Answer]:
    for i, name in enumerate(EXERCISES):
        yield from (slip for j, slip in enumerate(slips(name)) if (i + j) % 5 == 0)


@cache
def tried(name: str) -> list[Case]:
    return cases(EXERCISES[name], SEEDS[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "answer", [pytest.param(a, id=a.title) for a in (*answers(), *some_slips())]
)
def test_mutant(answer: Answer) -> None:
    told = verdict(answer, SEEDS[0], tried(answer.name))
    assert (told is None) == answer.right, told
    assert " at 0x" not in str(told)


@pytest.mark.parametrize("name", EXERCISES)
def test_rounding_is_nobodys_fault(name: str) -> None:
    """Right answers that add up in another order come well within the tolerance."""
    exercise = EXERCISES[name]
    for case in tried(name):
        wide = {
            key: value.double()
            if isinstance(value, Tensor) and value.is_floating_point()
            else value
            for key, value in case.inputs.items()
        }
        finer = attempt(exercise.reference, wide)
        pairs = () if finer.error else zip(parts(case.right), parts(finer.value), strict=True)
        assert all(close(one, other, exercise.tolerance / 3) for one, other in pairs)


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))


@every_exercise
def test_squeeze_fails(exercise: Exercise) -> None:
    """Sizes of 1 occur in every exercise that gives a tensor with dimensions."""
    inputs = exercise.draw(torch.Generator().manual_seed(0))
    right = parts(exercise.reference(**inputs))
    if exercise.name in NEVER_ONE or not any(isinstance(p, Tensor) and p.dim() for p in right):
        return

    def squeezed(**given: Any) -> Any:
        out = tuple(part.squeeze() for part in parts(exercise.reference(**given)))
        return out if len(out) > 1 else out[0]

    for seed in SEEDS:
        assert diagnose(exercise, squeezed, seed) is not None


@every_exercise
def test_every_number_among_the_inputs_varies(
    exercise: Exercise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that has one written into it fails, whichever it is."""
    monkeypatch.setattr(trying.in_time, "__defaults__", (0.5,))  # some never end then
    drawn = [exercise.draw(torch.Generator().manual_seed(seed)) for seed in range(5)]
    for name, value in drawn[0].items():
        values = {one[name] for one in drawn if isinstance(value, (bool, int, float))}
        for fixed in values:
            told = diagnose(
                exercise,
                lambda name=name, fixed=fixed, **given: exercise.reference(
                    **{**given, name: fixed}
                ),
                3,
            )
            assert told is not None, (name, fixed)


@every_exercise
def test_inputs_are_guarded(exercise: Exercise) -> None:
    """Whatever an answer changes in a tensor, a list or a dict is told."""
    for name, value in exercise.draw(torch.Generator().manual_seed(0)).items():
        if not isinstance(value, (Tensor, list, dict)) or exercise.name == "train_steps":
            continue

        def spoils(name: str = name, **given: Any) -> Any:
            right = exercise.reference(**given)
            value = given[name]
            value.zero_() if isinstance(value, Tensor) else value.clear()
            return right

        told = str(diagnose(exercise, spoils, 0))
        assert told.startswith(f"it changed its input {name} in place"), told


@every_exercise
def test_half_a_gradient_fails(exercise: Exercise) -> None:
    """The gradient has to be right, not only there."""
    if not exercise.gradient:
        return

    def detached(**given: Any) -> Any:
        right = parts(exercise.reference(**given))
        out = tuple(p / 2 + p.detach() / 2 if p.is_floating_point() else p for p in right)
        return out if len(out) > 1 else out[0]

    for seed in SEEDS:
        assert "the numbers are right, but not the gr" in str(diagnose(exercise, detached, seed))
