"""What is wrong with an answer: form, shape, type, finite, padding, gradient, value, loop.

Before a general message is given, the answer is compared with the mistakes that are known by
name: one that gives the very same numbers on all inputs is the one that was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from prvr_lite.course.grading.exercise import Exercise, Function, Inputs, Mistake, copy_inputs
from prvr_lite.course.grading.outputs import (
    Trial,
    close,
    finite_fault,
    form_fault,
    in_words,
    order_fault,
    parts,
    shape,
    shape_fault,
    type_fault,
    value_fault,
    whole,
)

DRAWS = 4


class OpenExerciseError(Exception):
    """The answer still raises NotImplementedError."""


def diagnose(exercise: Exercise, answer: Function, seed: int) -> str | None:
    """What is wrong with an answer, in a sentence or two; None where nothing is.

    Args:
        seed: of the inputs; another seed gives other inputs of other sizes.

    Raises:
        OpenExerciseError: nothing was answered yet.
    """
    cases = [_draw(exercise, seed + i) for i in range(DRAWS)]
    fault = next((text for inputs in cases if (text := _fault(exercise, answer, inputs))), None)
    if fault is None:
        return _loop(exercise, answer, cases)
    known = _known_mistake(exercise, answer, cases)
    return fault if known is None else known.message


def _draw(exercise: Exercise, seed: int) -> Inputs:
    return exercise.draw(torch.Generator().manual_seed(seed))


def _known_mistake(exercise: Exercise, answer: Function, cases: list[Inputs]) -> Mistake | None:
    for mistake in exercise.mistakes:
        for wrong in (mistake.wrong, *mistake.also):
            if all(_alike(exercise, answer, wrong, inputs) for inputs in cases):
                return mistake
    return None


def _alike(exercise: Exercise, one: Function, another: Function, inputs: Inputs) -> bool:
    """Do both give the same, or fail in the same way?"""
    a, b = _outcome(one, inputs), _outcome(another, inputs)
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b) and str(a) == str(b)
    if _looks(a) != _looks(b):
        return False
    if any(not close(x, y, exercise.tolerance) for x, y in zip(parts(a), parts(b), strict=True)):
        return False
    return gradients(exercise, one, inputs) == gradients(exercise, another, inputs)


def _looks(value: Any) -> list[tuple[Any, ...]]:
    """Shape and type of each output; a single number may come out of torch, NumPy or Python."""
    return [
        (shape(part), getattr(part, "dtype", type(part)) if shape(part) else whole(part))
        for part in parts(value)
    ]


def _outcome(function: Function, inputs: Inputs) -> Any:
    try:
        return function(**copy_inputs(inputs))
    except Exception as error:
        return error


def _fault(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    """The first stage at which an answer differs from the reference on one set of inputs."""
    expected = exercise.reference(**copy_inputs(inputs))
    given = copy_inputs(inputs)
    side_effect = exercise.side_effect or (lambda: None)
    side_effect()  # whatever another answer did
    try:
        returned = answer(**given)
    except NotImplementedError as error:
        raise OpenExerciseError from error
    except Exception as error:
        return f"it stopped with {_error(error)}. {in_words(inputs)}"
    if done := side_effect():
        return done
    for name, value in inputs.items():
        if isinstance(value, Tensor) and not torch.equal(given[name], value):
            return f"it changed its input {name} in place: work on a copy, or build a new tensor."
    trial = Trial(exercise, inputs, returned, expected)
    for stage in (form_fault, order_fault, shape_fault, type_fault, finite_fault):
        if text := stage(trial):
            return text
    return (
        _padding(exercise, answer, inputs)
        or _gradient(exercise, answer, inputs)
        or value_fault(trial)
    )


def _padding(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    """Other garbage in the padding must change nothing."""
    if exercise.padding is None:
        return None
    plain, padded = (
        _outcome(answer, inputs),
        _outcome(answer, exercise.padding(copy_inputs(inputs))),
    )
    if not isinstance(padded, Exception) and all(
        close(a, b, exercise.tolerance) for a, b in zip(parts(plain), parts(padded), strict=True)
    ):
        return None
    return "what stands in the padding changes the result: what is masked must not count."


def _gradient(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    reached = gradients(exercise, answer, inputs)
    if isinstance(reached, str):
        return f"it works, but not where gradients are wanted: {reached}."
    lost = [name for name, arrives in reached.items() if not arrives]
    if not lost:
        return None
    return (
        f"no gradient reaches {lost[0]}: is something detached, put through .item() or numpy, or "
        "replaced by indices?"
    )


def gradients(exercise: Exercise, function: Function, inputs: Inputs) -> dict[str, bool] | str:
    """Whether each input that should get a gradient gets one; or the error on the way."""
    given = copy_inputs(inputs)
    for name in exercise.gradient:
        given[name].requires_grad_()
    try:
        results = [r for r in parts(function(**given)) if isinstance(r, Tensor) and r.grad_fn]
        if results:
            torch.autograd.backward([r.sum() for r in results if r.is_floating_point()])
    except Exception as error:
        return _error(error)
    return {name: given[name].grad is not None for name in exercise.gradient}


def _error(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).rstrip('.')}"


def _loop(exercise: Exercise, answer: Function, cases: list[Inputs]) -> str | None:
    """Does a right answer call torch the more often, the larger its inputs are?"""
    if not exercise.loop:
        return None
    counts = [_calls(answer, inputs) for inputs in cases]
    if min(counts) == max(counts):
        return None
    return (
        f"the numbers are right, but a loop makes them ({min(counts)} calls of torch for the "
        f"smallest inputs, {max(counts)} for the largest). {exercise.loop}"
    )


def _calls(answer: Function, inputs: Inputs) -> int:
    """How often an answer calls torch with numbers (positions may be listed in a loop)."""
    if (count := getattr(answer, "count_calls", None)) is not None:  # it runs elsewhere
        return int(count(inputs))
    answer(**copy_inputs(inputs))  # first, whatever is remembered for the next time
    counter = _Counter()
    with counter:
        answer(**copy_inputs(inputs))
    return counter.count


class _Counter(TorchFunctionMode):
    """Counts calls in which a tensor of floats takes part."""

    count: int = 0

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = _tensors([*args, *(kwargs or {}).values()])
        self.count += any(tensor.is_floating_point() for tensor in given)
        return func(*args, **(kwargs or {}))


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """All tensors among arguments, and in lists among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
