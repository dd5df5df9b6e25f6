"""What is wrong with an answer: shape, type, finite, padding, gradient, value, in this order.

Before a general message is given, the answer is compared with the mistakes that are known by
name: one that gives the very same numbers on all inputs is the one that was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prvr_lite.exercises.exercise import Exercise, Function, Inputs, Mistake, copy_inputs

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
    found = next((text for inputs in cases if (text := _fault(exercise, answer, inputs))), None)
    if found is None:
        return None
    known = _known_mistake(exercise, answer, cases)
    return found if known is None else known.message


def _draw(exercise: Exercise, seed: int) -> Inputs:
    return exercise.draw(torch.Generator().manual_seed(seed))


def _known_mistake(exercise: Exercise, answer: Function, cases: list[Inputs]) -> Mistake | None:
    for mistake in exercise.mistakes:
        if all(_alike(exercise, answer, mistake.wrong, inputs) for inputs in cases):
            return mistake
    return None


def _alike(exercise: Exercise, one: Function, other: Function, inputs: Inputs) -> bool:
    """Do both give the same, or fail in the same way?"""
    a, b = _outcome(one, inputs), _outcome(other, inputs)
    if isinstance(a, Exception) or isinstance(b, Exception):
        return type(a) is type(b) and str(a) == str(b)
    if _form(a) != _form(b):
        return False
    if any(not _close(x, y, exercise.tolerance) for x, y in zip(_parts(a), _parts(b), strict=True)):
        return False
    return _gradients(exercise, one, inputs) == _gradients(exercise, other, inputs)


def _outcome(function: Function, inputs: Inputs) -> Any:
    try:
        return function(**copy_inputs(inputs))
    except Exception as error:
        return error


def _fault(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    """The first stage at which an answer differs from the reference on one set of inputs."""
    expected = exercise.reference(**copy_inputs(inputs))
    given = copy_inputs(inputs)
    try:
        found = answer(**given)
    except NotImplementedError as error:
        raise OpenExerciseError from error
    except Exception as error:
        return f"it stopped with {type(error).__name__}: {error}. The inputs were {_told(inputs)}."
    for name, value in inputs.items():
        if isinstance(value, Tensor) and not torch.equal(given[name], value):
            return f"it changed its input {name} in place: work on a copy, or build a new tensor."
    stages: tuple[Callable[[], str | None], ...] = (
        lambda: _shape(exercise, found, expected, inputs),
        lambda: _kind(found, expected),
        lambda: _finite(found, expected),
        lambda: _padding(exercise, answer, inputs),
        lambda: _gradient(exercise, answer, inputs),
        lambda: _value(exercise, found, expected),
    )
    return next((text for stage in stages if (text := stage()) is not None), None)


def _shape(exercise: Exercise, found: Any, expected: Any, inputs: Inputs) -> str | None:
    if found is None:
        return "it returns None: is the return statement missing?"
    if len(_parts(found)) != len(_parts(expected)):
        return f"it returns {len(_parts(found))} things, and {len(_parts(expected))} are asked for."
    for i, (mine, right) in enumerate(zip(_parts(found), _parts(expected), strict=True)):
        if np.shape(mine) != np.shape(right):
            which = f"result {i} of it" if len(_parts(found)) > 1 else "the result"
            return (
                f"{which} has shape {list(np.shape(mine))} instead of {list(np.shape(right))} = "
                f"{exercise.shape}. The inputs were {_told(inputs)}."
            )
    return None


def _kind(found: Any, expected: Any) -> str | None:
    for mine, right in zip(_parts(found), _parts(expected), strict=True):
        if isinstance(right, Tensor) and not isinstance(mine, Tensor):
            return f"it returns a {type(mine).__name__} where a torch tensor is asked for."
        if isinstance(right, Tensor) and mine.dtype != right.dtype:
            return f"the result is of type {mine.dtype} instead of {right.dtype}."
        if isinstance(right, Tensor) and mine.device != right.device:
            return f"the result is on {mine.device} instead of {right.device}."
    return None


def _finite(found: Any, expected: Any) -> str | None:
    for mine, right in zip(_parts(found), _parts(expected), strict=True):
        if bool((~torch.as_tensor(mine).isfinite() & torch.as_tensor(right).isfinite()).any()):
            return (
                "the result holds NaN or infinity: is something divided by 0, or is a softmax "
                "taken over nothing but -inf?"
            )
    return None


def _padding(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    """Other garbage in the padding must change nothing."""
    if exercise.padding is None:
        return None
    one, other = _outcome(answer, inputs), _outcome(answer, exercise.padding(copy_inputs(inputs)))
    pairs = zip(_parts(one), _parts(other), strict=True)
    if all(_close(a, b, exercise.tolerance) for a, b in pairs):
        return None
    return "what stands in the padding changes the result: what is masked must not count."


def _gradient(exercise: Exercise, answer: Function, inputs: Inputs) -> str | None:
    for name, reached in _gradients(exercise, answer, inputs).items():
        if not reached:
            return (
                f"no gradient reaches {name}: is something detached, put through .item() or numpy, "
                "or replaced by indices?"
            )
    return None


def _gradients(exercise: Exercise, function: Function, inputs: Inputs) -> dict[str, bool]:
    """Whether each input that should get a gradient gets one."""
    given = copy_inputs(inputs)
    for name in exercise.gradient:
        given[name].requires_grad_()
    try:
        results = [r for r in _parts(function(**given)) if isinstance(r, Tensor) and r.grad_fn]
        if results:
            torch.autograd.backward([r.sum() for r in results if r.is_floating_point()])
    except Exception:  # a fault of another stage
        return {}
    return {name: given[name].grad is not None for name in exercise.gradient}


def _value(exercise: Exercise, found: Any, expected: Any) -> str | None:
    for mine, right in zip(_parts(found), _parts(expected), strict=True):
        a, b = torch.as_tensor(mine).double(), torch.as_tensor(right).double()
        wrong = ~torch.isclose(a, b, atol=exercise.tolerance, rtol=exercise.tolerance)
        if not bool(wrong.any()):
            continue
        place = wrong.nonzero()[0].tolist()
        where = f" at {place}" if place else ""
        share = f"{int(wrong.sum())} of {wrong.numel()} numbers differ; " if place else ""
        got, right_one = (float(values[tuple(place)]) for values in (a, b))
        return f"{share}the first{where} is {got:.4g} instead of {right_one:.4g}."
    return None


def _parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def _form(value: Any) -> list[tuple[Any, ...]]:
    return [(np.shape(part), getattr(part, "dtype", type(part))) for part in _parts(value)]


def _close(a: Any, b: Any, tolerance: float) -> bool:
    if np.shape(a) != np.shape(b):
        return False
    x, y = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return torch.allclose(x, y, atol=tolerance, rtol=tolerance, equal_nan=True)


def _told(inputs: Inputs) -> str:
    return ", ".join(f"{name} {text}" for name, text in _described(inputs))


def _described(inputs: Inputs) -> Iterator[tuple[str, str]]:
    for name, value in inputs.items():
        if isinstance(value, (Tensor, np.ndarray)):
            yield name, str(list(value.shape))
        else:
            yield name, repr(value)
