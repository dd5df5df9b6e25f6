"""Answers that checks once took for right, or with some seeds: wrong ones fail, right ones pass.

``tests/course/mutants/lessonNN.txt`` holds them: "# wrong NAME: what is wrong" or "# right NAME:
how it is written", and a function. They use what a lesson has at hand: torch, NumPy, the standard
library, and the lesson's other functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from prvr_lite.course.grading import trying
from prvr_lite.course.grading.diagnosis import diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.session import exercises

FOLDER = Path(__file__).parents[1] / "mutants"
EXERCISES = exercises()
SEEDS = (1, 4, 17, 300)
NEVER_ONE = ("pool_bounds", "recall_by_ratio")  # at least two bounds, three groups
AT_HAND = """
import bisect, copy, functools, io, itertools, math, pickle, pickletools, random, statistics, struct
from collections import Counter, OrderedDict, defaultdict, namedtuple
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.functional import normalize
from prvr_lite import clip_spans
"""


def mutants() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("lesson*.txt")):
        parts = re.split(r"^# (right|wrong) (\w+): (.*)\n", path.read_text("utf-8"), flags=re.M)
        for kind, name, what, source in zip(*(parts[i::4] for i in (1, 2, 3, 4)), strict=True):
            yield pytest.param(kind == "right", name, source, id=f"{kind}-{name}-{what}")


def compiled(name: str, source: str) -> Callable[..., Any]:
    room: dict[str, Any] = {e.name: e.reference for e in EXERCISES.values() if e.name != name}
    exec(AT_HAND, room)
    exec(source, room)
    return room[name]  # type: ignore[no-any-return]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("right", "name", "source"), list(mutants()))
def test_mutant(right: bool, name: str, source: str) -> None:
    for seed in SEEDS:
        told = diagnose(EXERCISES[name], compiled(name, source), seed)
        assert (told is None) == right, told


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))


def parts_of(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@every_exercise
def test_squeeze_fails(exercise: Exercise) -> None:
    """Sizes of 1 occur in every exercise that gives a tensor with dimensions."""
    inputs = exercise.draw(torch.Generator().manual_seed(0))
    right = parts_of(exercise.reference(**inputs))
    if exercise.name in NEVER_ONE or not any(isinstance(p, Tensor) and p.dim() for p in right):
        return

    def squeezed(**given: Any) -> Any:
        out = tuple(part.squeeze() for part in parts_of(exercise.reference(**given)))
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
        right = parts_of(exercise.reference(**given))
        out = tuple(p / 2 + p.detach() / 2 if p.is_floating_point() else p for p in right)
        return out if len(out) > 1 else out[0]

    for seed in SEEDS:
        assert "the numbers are right, but not the gr" in str(diagnose(exercise, detached, seed))
