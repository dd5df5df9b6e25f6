"""What is wrong with an answer: form, shape, type, finite, padding, value, gradient, loop.

Before a general message is given, the answer is compared with the mistakes that are known by
name: one that gives the very same numbers on all inputs, and wrong ones on some, was made.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, islice
from typing import Any

import torch

from prvr_lite.course.grading.case import Case, Fault
from prvr_lite.course.grading.drawing import cut, cuttable, fits, size_of, without
from prvr_lite.course.grading.exercise import Exercise, Function, Inputs, Mistake, copy_inputs
from prvr_lite.course.grading.gradient_faults import gradient_fault, gradients_alike, gradients_of
from prvr_lite.course.grading.looping import loop_fault, waste_fault
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
from prvr_lite.course.grading.trying import (
    SECONDS,
    Outcome,
    Said,
    TooSlowError,
    attempt,
    heard,
    in_short,
    in_time,
    left_open,
    line_of,
    random_numbers_kept,
)

DRAWS = 16  # inputs that every check tries, beside planted ones and those of size 1
MORE = 60  # inputs that may be drawn in search of one that shows a known mistake
ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")  # where an object lies in memory: it tells nothing


class OpenExerciseError(Exception):
    """The answer still raises NotImplementedError."""


def diagnose(
    exercise: Exercise,
    answer: Function,
    seed: int,
    *,
    seconds: float | None = None,
    tried: list[Case] | None = None,
) -> str | None:
    """Returns what is wrong with an answer, in a sentence or two; None if it is right.

    Args:
        seed: of the inputs; another seed gives other inputs of other sizes.
        seconds: that it may take; None: as in a notebook.
        tried: what ``cases`` gave for this seed, where many answers are tried.

    Raises:
        OpenExerciseError: nothing was answered yet.
    """
    if text := _signature_fault(exercise, answer):
        return text
    with random_numbers_kept(), heard() as said:
        try:
            work = partial(_diagnose, exercise, answer, seed, tried, said)
            text = in_time(work, answer, *([] if seconds is None else [seconds]))
            return text and ADDRESS.sub("", text)
        except TooSlowError as slow:
            at = f", in the line: {slow}" if str(slow) else ""
            time = f"{seconds or SECONDS:.0f} s on tiny inputs{at}"
            return f"it was stopped after {time}. Is there a loop that never ends?"


def _signature_fault(exercise: Exercise, answer: Function) -> str | None:
    """Returns what is wrong with the parameters of an answer, or None.

    The lesson passes the inputs by position, and the check passes them by name.
    """
    try:
        given = inspect.signature(answer).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in given):
        return None
    asked = list(inspect.signature(exercise.reference).parameters)
    names = [p.name for p in given if p.kind is not p.KEYWORD_ONLY]
    needed = [p.name for p in given if p.default is p.empty]
    if names[: len(asked)] == asked and set(needed) <= set(asked):
        return None
    return (
        f"its parameters are ({', '.join(p.name for p in given)}), and the lesson calls it with "
        f"({', '.join(asked)}): keep their names and their order."
    )


def _diagnose(
    exercise: Exercise, answer: Function, seed: int, tried: list[Case] | None, said: Said
) -> str | None:
    tried, outcomes = tried or cases(exercise, seed), []
    for case in tried:
        outcomes.append(_outcome(answer, case))
        said.listening = False  # it prints the same again and again
    if all(left_open(outcome.error, answer) for outcome in outcomes):
        raise OpenExerciseError
    pairs = list(zip(tried, outcomes, strict=True))
    faults = [f for case, outcome in pairs if (f := _fault(answer, case, outcome))]
    faults = faults or [f for case in tried if (f := gradient_fault(answer, case))]
    if not faults:
        drawn = [case.inputs for case in tried[:DRAWS]]
        return loop_fault(exercise, answer, drawn) or waste_fault(exercise, answer, drawn)
    known = _known_mistake(exercise, answer, pairs)
    return known.message if known else _told(exercise, answer, faults)


def cases(exercise: Exercise, seed: int) -> list[Case]:
    """Returns all inputs of a check: random ones, ones with a size of 1, and the exercise's own.

    For each known mistake that none of these shows, one more random input that shows it is added.
    """
    draws = (Case(exercise, _draw(exercise, seed + i)) for i in count())
    found = list(islice(draws, DRAWS))
    found += _singles(exercise, found[:2])
    if exercise.planted:
        planted = exercise.planted(torch.Generator().manual_seed(seed))
        found += [Case(exercise, inputs, planted=True) for inputs in planted]
    for mistake in exercise.mistakes:
        for wrong in (mistake.wrong, *mistake.also):
            if not any(_shows(wrong, case) for case in found):
                found += [case for case in islice(draws, MORE) if _shows(wrong, case)][:1]
    return found


def _draw(exercise: Exercise, seed: int) -> Inputs:
    return exercise.draw(torch.Generator().manual_seed(seed))


def _singles(exercise: Exercise, drawn: list[Case]) -> list[Case]:
    """Returns copies of the drawn inputs, each with one dimension cut to size 1."""
    letters = [(case, letter) for case in drawn for letter in cuttable(exercise.axes)]
    return [single for case, letter in letters if (single := case.cut(cut, letter, 0))]


def _outcome(function: Function, case: Case) -> Outcome:
    """Runs a function on a case; returns what it gives, with any forbidden side effect."""
    of_inputs = case.exercise.side_effect
    side_effect = getattr(function, "side_effect", of_inputs) or (lambda: None)
    side_effect()  # whatever another answer did
    outcome = attempt(function, case.inputs, case.exercise.after)
    done = side_effect()
    return replace(outcome, left=done) if done else outcome


def _shows(wrong: Function, case: Case) -> bool:
    """Returns whether a known mistake gives a wrong result or gradient on this case."""
    outcome = _outcome(wrong, case)
    return _value_fault(case, outcome) is not None or bool(gradient_fault(wrong, case))


def _known_mistake(
    exercise: Exercise, answer: Function, pairs: list[tuple[Case, Outcome]]
) -> Mistake | None:
    for mistake in exercise.mistakes:
        for wrong in (mistake.wrong, *mistake.also):
            if _made(wrong, answer, pairs):
                return mistake
    return None


def _made(wrong: Function, answer: Function, pairs: list[tuple[Case, Outcome]]) -> bool:
    """Returns whether an answer behaves like a known mistake on all cases.

    If no case shows the mistake in its results, the gradients must agree as well.
    """
    errors, shown = 0, False
    for case, outcome in pairs:
        other = _outcome(wrong, case)
        if not _alike(case.exercise, outcome, other):
            return False
        errors += other.error is not None
        shown = shown or (other.error is None and _value_fault(case, other) is not None)
    if shown or 2 * errors > len(pairs):
        return True
    return all(
        gradients_alike(*(gradients_of(f, case) for f in (answer, wrong)))
        for case, _ in pairs
        if not case.planted
    )


def _alike(exercise: Exercise, one: Outcome, another: Outcome) -> bool:
    """Returns whether two outcomes hold the same values, or stopped with the same error."""
    if one.error or another.error:
        return type(one.error) is type(another.error) and str(one.error) == str(another.error)
    if _looks(one.value) != _looks(another.value):
        return False
    if exercise.side_effect and one.left != another.left:
        return False
    values = [*parts(one.value), *(one.after or {}).values()]
    others = [*parts(another.value), *(another.after or {}).values()]
    return all(close(a, b, exercise.tolerance) for a, b in zip(values, others, strict=True))


def _looks(value: Any) -> list[tuple[Any, ...]]:
    """Returns the shape and type of each output, to compare two answers.

    A single number counts the same from torch, NumPy or Python, if both are whole or both not.
    """
    return [
        (shape(part), getattr(part, "dtype", type(part)) if shape(part) else whole(part))
        for part in parts(value)
    ]


def _fault(answer: Function, case: Case, outcome: Outcome) -> Fault | None:
    """Returns the first difference between an answer and the reference on one case, or None."""
    if outcome.error is not None:
        at = line_of(outcome.error, answer)
        where = f", in the line: {at}" if at else ""
        text = f"it stopped with {in_short(outcome.error)}{where}. {in_words(case.inputs)}"
        return Fault("error", text, case)
    return _value_fault(case, outcome, answer)


def _value_fault(case: Case, outcome: Outcome, answer: Function | None = None) -> Fault | None:
    """Returns what is wrong with an outcome: an error, a side effect or a value; None if nothing.

    If ``answer`` is given, it also runs with other garbage in the padding: that must not matter.
    """
    if outcome.error is not None:
        return Fault("error", "", case)
    if outcome.left:
        return Fault("left", outcome.left, case)
    trial = Trial(case.exercise, case.inputs, outcome.value, case.right)
    for stage in (form_fault, order_fault, shape_fault, type_fault, finite_fault):
        if text := stage(trial):
            return Fault(stage.__name__, text, case)
    if answer is not None and (padded := _padding(answer, case, outcome)):
        return Fault("padding", padded, case)
    if wrong := value_fault(trial):
        return Fault("value", wrong, case)
    for name, right in (case.outcome.after or {}).items():
        if not close((outcome.after or {})[name], right, case.exercise.tolerance):
            return Fault("after", f"the result is right, but not {name} afterwards.", case)
    return None


def _padding(answer: Function, case: Case, plain: Outcome) -> str | None:
    """Returns a message if other garbage in the padding changes the result; else None."""
    if case.exercise.padding is None:
        return None
    other = Case(case.exercise, case.exercise.padding(copy_inputs(case.inputs)))
    if _alike(case.exercise, plain, _outcome(answer, other)):
        return None
    return "what stands in the padding changes the result: what is masked must not count."


def _told(exercise: Exercise, answer: Function, faults: list[Fault]) -> str:
    """Returns the message about the first kind of fault, on the smallest inputs that show it."""
    stage = faults[0].stage
    smallest = min((f for f in faults if f.stage == stage), key=lambda fault: fault.case.size())
    for letter in cuttable(exercise.axes) if fits(smallest.case.inputs, exercise.axes) else ():
        size = size_of(smallest.case.inputs, exercise.axes, letter)
        singles = (_smaller(answer, smallest, cut, letter, place) for place in range(size))
        if single := next(filter(None, singles), None):
            smallest = single
            continue
        for place in reversed(range(0 if smallest.case.is_shown() else size)):
            smallest = _smaller(answer, smallest, without, letter, place) or smallest
    help_ = f" hint({exercise.name!r}) may help." if exercise.hints else ""
    return smallest.text + help_


def _smaller(
    answer: Function, fault: Fault, change: Callable[..., Inputs], letter: str, place: int
) -> Fault | None:
    """Returns the same fault on fewer inputs; None if they do not show it."""
    case = fault.case.cut(change, letter, place)
    found = _fault(answer, case, _outcome(answer, case)) if case else None
    return found if found and found.stage == fault.stage else None
