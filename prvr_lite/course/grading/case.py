"""One set of inputs that a check tries, and a fault that an answer shows on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from prvr_lite.course.grading.drawing import keeps_real
from prvr_lite.course.grading.exercise import Exercise, Inputs
from prvr_lite.course.grading.outputs import SHOWN, parts
from prvr_lite.course.grading.trying import Outcome, attempt, gradients


@dataclass(frozen=True)
class Case:
    """One set of inputs of an exercise, and what the reference gives."""

    exercise: Exercise
    inputs: Inputs
    planted: bool = False  # where ties may be: their gradients are nobody's fault

    @cached_property
    def outcome(self) -> Outcome:
        outcome = attempt(self.exercise.reference, self.inputs, self.exercise.after)
        if outcome.error:
            raise outcome.error
        return outcome

    @property
    def right(self) -> Any:
        return self.outcome.value

    @cached_property
    def gradients(self) -> dict[str, Tensor | None]:
        found = gradients(self.exercise.reference, self.inputs, tuple(self.exercise.gradient))
        return found if isinstance(found, dict) else {}

    def is_fair(self) -> bool:
        """Returns whether the reference gives a finite result on these inputs."""
        try:
            return all(bool(torch.as_tensor(p).isfinite().all()) for p in parts(self.right))
        except Exception:
            return False

    def cut(self, change: Callable[..., Inputs], letter: str, place: int) -> Case | None:
        """Returns a case with fewer of the same inputs; None if the exercise doesn't ask for it."""
        exercise = self.exercise
        inputs = change(self.inputs, exercise.axes, letter, place)
        if exercise.padding and not keeps_real(self.inputs, inputs):
            return None
        case = Case(exercise, inputs, self.planted)
        return case if case.is_fair() else None

    def is_shown(self) -> bool:
        """Returns whether a message can show every number of the input tensors."""
        return all(v.numel() <= SHOWN for v in self.inputs.values() if isinstance(v, Tensor))

    def size(self) -> int:
        """Returns how many numbers, list entries and bytes the inputs hold."""
        sizes = (v.numel() for v in self.inputs.values() if isinstance(v, Tensor))
        return sum(sizes) + sum(
            len(v) for v in self.inputs.values() if isinstance(v, (list, bytes))
        )


@dataclass(frozen=True)
class Fault:
    """Says how an answer fails: at which stage of the check, with which message, on which case."""

    stage: str
    text: str
    case: Case
