"""What an answer gave beside what is right, in words: form, shape, type, finite, value."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from prvr_lite.course.grading.exercise import Exercise, Inputs

DIVIDED = (
    ": is something divided by 0, is infinity multiplied by 0, does an exponential overflow, or "
    "is a softmax taken over nothing but -inf?"
)
EXACT = 9  # digits with which two numbers of float32 that differ look different
FEW = 12  # numbers that are shown with so many digits where they look alike otherwise
SHOWN = 40  # numbers of a tensor that are shown one by one
LONG = 200  # letters of a value that are shown


@dataclass(frozen=True)
class Trial:
    """An exercise, inputs drawn for it, what an answer gave on them, and what is right."""

    exercise: Exercise
    inputs: Inputs
    returned: Any
    right: Any

    def pairs(self) -> Iterator[tuple[str, Any, Any]]:
        """Yields for each output its name, the value that was given, and the right value."""
        returned, reference = parts(self.returned), parts(self.right)
        for i, (output, expected) in enumerate(zip(returned, reference, strict=True)):
            yield self.name(i), output, expected

    def name(self, i: int) -> str:
        """Returns what a message calls output i: "the result", its name or "result 2 of 3"."""
        if len(parts(self.right)) == 1:
            return "the result"
        names = self.exercise.outputs
        return names[i] if names else f"result {i + 1} of {len(parts(self.right))}"


def in_words(inputs: Inputs) -> str:
    """Returns a sentence that lists the inputs; small tensors are shown with their numbers."""
    values = [f"{name} {_short(value)}" for name, value in inputs.items()]
    return f"The inputs were {', '.join(values)}."


def _short(value: Any) -> str:
    """Returns a small input as it could be typed; of others the shape or the beginning."""
    if isinstance(value, (Tensor, np.ndarray)) and value.shape:
        if 0 < math.prod(value.shape) <= SHOWN:
            numbers = set(value.flatten().tolist())
            apart = len({_value(number) for number in numbers}) == len(numbers)
            return _listed(value.tolist(), 4 if apart or len(numbers) > FEW else EXACT)
        return str(list(value.shape))
    text = _value(value)
    return text if len(text) <= LONG else f"{text[:LONG]} …"


def _listed(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_listed(part, digits) for part in value)}]"
    return _value(value, digits)


def _both(got: Any, right: Any) -> tuple[str, str]:
    """Returns two values as texts, with all digits if four decimals would look the same."""
    four, exact = ((_value(got, n), _value(right, n)) for n in (4, EXACT))
    return exact if four[0] == four[1] else four


def form_fault(trial: Trial) -> str | None:
    """Says what is wrong with the number or the types of the outputs; None if nothing is."""
    returned, right = trial.returned, trial.right
    count, asked = len(parts(returned)), len(parts(right))
    if returned is None:
        return "it returns None: is the return statement missing?"
    if inspect.isgenerator(returned) or inspect.iscoroutine(returned):
        word = "yield" if inspect.isgenerator(returned) else "async"
        return f"it returns {_kind(returned)}: write return, without {word}."
    if isinstance(returned, list) and asked > 1:
        return f"it returns a list: return {_names(trial) or f'{asked} results'}, without brackets."
    if count != asked and isinstance(returned, tuple) and hasattr(returned, "indices"):
        part = "values" if isinstance(right, Tensor) and right.is_floating_point() else "indices"
        return (
            "it returns values and indices, as max, min, sort and topk do over a dimension: take "
            f".{part}."
        )
    if isinstance(returned, tuple) and count == asked == 1:
        return (
            "it returns a tuple of one where its content is asked for: a comma behind a value "
            "makes one, and so may split and chunk."
        )
    if not isinstance(returned, (tuple, Tensor)) and count != asked:
        wanted = _names(trial) or f"{asked} results"
        return f"it returns {_kind(returned)} where {wanted} are asked for, as in return a, b."
    if count != asked:
        names = f": {_names(trial)}" if _names(trial) else ""
        wanted = f"{asked} are asked for{names}" if asked > 1 else "1 is asked for"
        return f"it returns {count} result{'s' * (count > 1)}, and {wanted}."
    for name, value, wanted in trial.pairs():
        if isinstance(wanted, Tensor) and not isinstance(value, Tensor):
            return f"{name} is {_kind(value)} where a torch tensor is asked for."
        if not isinstance(value, (Real, np.generic, np.ndarray, list, Tensor)):
            return f"{name} is {_kind(value)} where a number is asked for."
        if not _numbers_only(value):
            return f"{name} holds something other than numbers: {_short(value)}."
    return None


def _numbers_only(value: Any) -> bool:
    try:
        torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return isinstance(value, list) and all(isinstance(row, list) for row in value)
    return True


def order_fault(trial: Trial) -> str | None:
    """Returns a message if the two outputs come in the wrong order; else None."""
    got, right = parts(trial.returned), parts(trial.right)
    tolerance = trial.exercise.tolerance
    if len(right) != 2 or all(map(close, got, right, 2 * [tolerance])):
        return None
    if not all(map(close, got[::-1], right, 2 * [tolerance])):
        return None
    fix = f"return {_names(trial)}" if _names(trial) else "swap them"
    return f"the two results come in the wrong order: {fix}."


def shape_fault(trial: Trial) -> str | None:
    asked = trial.exercise.shape.split(" and ")
    for i, (name, got, right) in enumerate(trial.pairs()):
        if shape(got) != shape(right):
            dims = asked[i] if len(asked) == len(parts(trial.right)) else trial.exercise.shape
            return (
                f"{name} has shape {list(shape(got))} instead of {list(shape(right))} = {dims}. "
                f"{in_words(trial.inputs)}"
            )
    return None


def type_fault(trial: Trial) -> str | None:
    for name, got, right in trial.pairs():
        if isinstance(right, Tensor) and got.dtype != right.dtype:
            return f"{name} is of type {got.dtype} instead of {right.dtype}."
        if isinstance(right, Tensor) and got.requires_grad and not right.requires_grad:
            return f"{name} still carries its gradient: detach() takes it off."
        if isinstance(right, Tensor) and got.device != right.device:
            return f"{name} is on {got.device} instead of {right.device}."
        if isinstance(right, int) and not whole(got):
            near = isinstance(got, Real) and abs(float(got) - right) < 1
            clue = ": // divides integers without a remainder." if near else "."
            return (
                f"{name} is {_kind(got)}, {_short(got)}, where an integer is asked for{clue} "
                f"{in_words(trial.inputs)}"
            )
    return None


def whole(value: Any) -> bool:
    """Returns whether a value is an integer of Python, NumPy or torch, fit to number a row."""
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def finite_fault(trial: Trial) -> str | None:
    for name, got, right in trial.pairs():
        a, b = torch.as_tensor(got), torch.as_tensor(right)
        bad = ~a.isfinite() & b.isfinite()
        if bool(bad.any()):
            place = tuple(bad.nonzero()[0].tolist())
            at = f" at {list(place)}" if place else ""
            clue = trial.exercise.gradient and bool(a[place].isnan())
            return (
                f"{name} is {_value(a[place].item())}{at}, and {_value(b[place].item())} is "
                f"right{DIVIDED if clue else '.'} {in_words(trial.inputs)}"
            )
    return None


def value_fault(trial: Trial) -> str | None:
    tolerance = trial.exercise.tolerance
    for name, got, right in trial.pairs():
        a, b = torch.as_tensor(got).double(), torch.as_tensor(right).double()
        wrong = ~torch.isclose(a, b, atol=tolerance, rtol=tolerance, equal_nan=True)
        if bool(wrong.any()):
            return _number(trial, name) if wrong.dim() == 0 else _numbers(trial, name, wrong)
    return None


def _number(trial: Trial, name: str) -> str:
    """Returns the message about a wrong single number, with the inputs that gave it."""
    which = f"{name} is wrong: " if len(parts(trial.right)) > 1 else ""
    got, right = _both(trial.returned, trial.right)
    gave = f"gave {got}, and {right} is right."
    if any(isinstance(value, (Tensor, np.ndarray)) for value in trial.inputs.values()):
        return f"{which}it {gave} {in_words(trial.inputs)}"
    given = ", ".join(f"{key}={_short(value)}" for key, value in trial.inputs.items())
    return f"{which}{trial.exercise.name}({given}) {gave}"


def _numbers(trial: Trial, name: str, wrong: Tensor) -> str:
    """Returns the message about wrong numbers: how many they are, and the first of them."""
    returned, right = next((a, b) for output, a, b in trial.pairs() if output == name)
    place = wrong.nonzero()[0].tolist()
    which = f"{name}: " if len(parts(trial.right)) > 1 else ""
    got, wanted = _both(*(part[tuple(place)].item() for part in (returned, right)))
    return (
        f"{which}{int(wrong.sum())} of {wrong.numel()} numbers differ; the first at {place} is "
        f"{got} instead of {wanted}. {in_words(trial.inputs)}"
    )


def parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def shape(value: Any) -> tuple[int, ...]:
    """Returns the shape of any value that an answer may give; () for a single number.

    If the rows of a list differ in length, only the length of the list counts.
    """
    if not isinstance(value, (list, tuple, np.ndarray, Tensor)):
        return ()
    try:
        return tuple(np.shape(value))
    except ValueError:
        return (len(value),)


def close(a: Any, b: Any, tolerance: float) -> bool:
    """Returns whether two outputs have one shape and, up to a tolerance, the same numbers.

    NaN equals NaN.
    """
    if shape(a) != shape(b):
        return False
    try:
        x, y = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    except (TypeError, ValueError, RuntimeError):  # no numbers
        return False
    return torch.allclose(x, y, atol=tolerance, rtol=tolerance, equal_nan=True)


def _names(trial: Trial) -> str:
    """Returns the names of the outputs as they stand after ``return``; "" if they have none."""
    return ", ".join(trial.exercise.outputs)


def _kind(value: Any) -> str:
    """Returns the name of a value's type with its article, such as "a string"."""
    name = {"ndarray": "NumPy array", "str": "string"}.get(type(value).__name__)
    name = name or type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _value(value: Any, digits: int = 4) -> str:
    """Returns a value as short text: a number, a tensor's shape, or else what Python prints."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, tuple):
        return f"({', '.join(_value(part, digits) for part in value)})"
    if isinstance(value, list) and any(isinstance(part, bytes) for part in value):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, (Tensor, np.ndarray)) and value.shape:
        return str(list(value.shape))
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        value = value.item()
    if not isinstance(value, float):
        return repr(value)
    if value.is_integer() and abs(value) < 10_000:
        return f"{value:.1f}"
    return f"{value:.{digits}g}"
