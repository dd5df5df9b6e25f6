"""An exercise: what is asked, how answers are tried, and which mistakes are known by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

Function = Callable[..., Any]
Inputs = dict[str, Any]  # arguments by name, in order
Draw = Callable[[torch.Generator], Inputs]


@dataclass(frozen=True)
class Mistake:
    """A plausible wrong answer, and what helps the one who gave it.

    Attributes:
        wrong: the answer, as somebody might write it.
        message: names the mistake and points to its fix, without giving the solution away.
        also: other ways to write it that come out a little differently.
    """

    wrong: Function
    message: str
    also: Sequence[Function] = ()


def mistake(wrong: Function, message: str, *also: Function) -> Mistake:
    """Returns a mistake whose answers take the inputs by position."""
    first, *others = (_in_order(answer) for answer in (wrong, *also))
    return Mistake(first, message, others)


def named_mistakes(answer: Function, messages: Mapping[str, str]) -> tuple[Mistake, ...]:
    """Returns the mistakes that ``answer`` makes if a name is passed after the inputs.

    Args:
        messages: name -> what helps; "one name | another" are two ways to make the same mistake.
    """
    ways = [
        ([_in_order(answer, n) for n in names.split(" | ")], m) for names, m in messages.items()
    ]
    return tuple(Mistake(first, message, also) for (first, *also), message in ways)


def _in_order(answer: Function, *more: str) -> Function:
    return lambda **inputs: answer(*inputs.values(), *more)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Attributes:
        name: of the function that the learner writes.
        lesson: its number. minutes: a guess for a first try. difficulty: 1 to 3.
        reference: the right answer; the lesson goes on with it where the learner's is missing.
        draw: tiny random inputs; all dimensions differ, and padding holds garbage.
        shape: names of the output's dimensions, such as "[V, N, H]", for messages; of several
            outputs as "[Q, V] and [Q]".
        mistakes: wrong answers that are recognised.
        hints: a ladder, from a nudge to nearly the answer.
        axes: letters of the dimensions of inputs, such as {"score": "VT"}; those in capitals are
            also tried with a size of 1.
        planted: further inputs that every check tries: ends, ties, and what only one rule decides.
        padding: inputs -> the same with other garbage in the padding; None: there is no padding.
        gradient: names of inputs that must get the right gradient.
        tolerance: absolute and relative, of values.
        after: what an answer must leave behind in its inputs, by its name in a message, such as the
            weights of a model that it trains.
        outputs: names of the outputs, where there are several.
        loop: for one who calls torch again and again where one call does it all; "": loops are
            welcome.
        loop_calls: names of torch's functions that count as such calls; none: all of them.
        sparing: the input of which no more rows may be read than the reference reads; "": none.
        side_effect: says what answers did since it was last asked that none may do, and forgets it;
            None: nothing. Where there is no such thing, there is no side_effect.
    """

    name: str
    lesson: int
    reference: Function
    draw: Draw
    shape: str
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    minutes: int = 10
    difficulty: int = 1
    axes: Mapping[str, str] = field(default_factory=dict)
    planted: Callable[[torch.Generator], Iterable[Inputs]] | None = None
    padding: Callable[[Inputs], Inputs] | None = None
    gradient: Sequence[str] = ()
    tolerance: float = 1e-4
    after: Callable[[Inputs], dict[str, Any]] | None = None
    outputs: Sequence[str] = ()
    loop: str = ""
    loop_calls: Sequence[str] = ()
    sparing: str = ""
    side_effect: Callable[[], str | None] | None = None


def copy_inputs(inputs: Inputs) -> Inputs:
    """Returns copies of tensors (new leaves), arrays, lists, dicts; other objects as they are."""
    return {name: _copy(value) for name, value in inputs.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) is dict:
        return {key: _copy(part) for key, part in value.items()}
    return type(value)(map(_copy, value)) if type(value) in (list, tuple) else value


def same(one: Any, another: Any) -> bool:
    """Returns whether a value is unchanged; objects of other kinds always count as unchanged."""
    if isinstance(one, torch.Tensor) and isinstance(another, torch.Tensor):
        return one.dtype == another.dtype and torch.equal(one, another)
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, another))
    if type(one) is dict:
        return list(one) == list(another) and all(same(one[key], another[key]) for key in one)
    if type(one) in (list, tuple):
        return len(one) == len(another) and all(map(same, one, another))
    if isinstance(one, (str, bytes, float, int)):
        return type(one) is type(another) and bool(one == another)
    return True
