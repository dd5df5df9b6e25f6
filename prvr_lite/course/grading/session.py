"""What a notebook calls: ``check`` an answer, ask for a ``hint``, see the ``progress``."""

from __future__ import annotations

import os
import secrets
import textwrap
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from prvr_lite.course.grading.diagnosis import OpenExerciseError, diagnose
from prvr_lite.course.grading.exercise import Exercise, Function
from prvr_lite.course.kept import note_solved, solved

# In a notebook that nbgrader runs, what is open or wrong is an error. Read in a lesson's first
# cell, with `start`, so that no answer changes it by changing the environment.
GRADED = bool(os.environ.get("NBGRADER_EXECUTION"))
VARIED = "is another task here than in the published lesson: your instructor grades it."
WIDTH = 88  # letters that a line of output has room for
MARKS = {"right": "✔", "wrong": "✘", "open": "○"}
_state: dict[str, str] = {}
_shown: dict[str, int] = {}


class CheckFailed(AssertionError):  # noqa: N818, what a grader shows a learner is no "Error"
    """An answer is wrong or missing, where that must not pass: in a graded run."""


def exercises() -> dict[str, Exercise]:
    """Returns every exercise by name, in the order of the lessons."""
    import prvr_lite.course as room

    names = sorted(m.name for m in iter_modules(room.__path__) if m.name.startswith("lesson"))
    modules = [import_module(f"{room.__name__}.{name}.exercises") for name in names]
    return {exercise.name: exercise for module in modules for exercise in module.EXERCISES}


def find(name: str) -> Exercise:
    """Returns an exercise by the name of its function.

    Raises:
        ValueError: there is none of that name.
    """
    known = exercises()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    name_it = "give the function the name that the text asks for"
    if name == "<lambda>":
        name_it = "write it with def and the name that the text asks for"
    elif name in ("wrapper", "inner", "wrapped"):
        name_it = "put functools.wraps(function) above it, so that the name stays"
    fix = f"did you mean {near[0]!r}?" if near else name_it
    raise ValueError(f"there is no exercise {name!r}: {fix}")


def check(answer: Function, *, seed: int | None = None, varied: str = "") -> Any:
    """Tries an answer on random inputs, says what is wrong, returns what the lesson continues with.

    Args:
        answer: a function (or class) with the name that the text asks for.
        seed: of the inputs; None: new ones every time, so that no answer can be made to fit them.
        varied: set where the notebook asks for another task than the lesson: which one it is, only
            the instructor knows, so that nothing is checked here.

    Returns:
        the answer, if it is right, else the package's function: a blank never blocks.

    Raises:
        CheckFailed: wrong or missing, in a notebook that nbgrader runs.
        ValueError: no function, or no exercise of that name.
    """
    exercise = find(_name(answer))
    if varied:
        return _go_on(exercise, "open", VARIED, getattr(answer, "__globals__", {}))
    if answer is exercise.reference:  # the check ran before, on a blank, and gave it out
        return _go_on(exercise, "open", "is our solution here: run the cell of your answer again")
    names = getattr(answer, "__globals__", {})
    try:
        fault = diagnose(exercise, answer, secrets.randbelow(2**31) if seed is None else seed)
    except OpenExerciseError:
        return _go_on(exercise, "open", "is still open", names)
    if fault is not None:
        return _go_on(exercise, "wrong", fault, names)
    _state[exercise.name] = "right"
    if not GRADED:
        note_solved(exercise.name)
    print(f"{MARKS['right']} {exercise.name} is right.")
    print(board(exercise.lesson))
    return answer


def _go_on(
    exercise: Exercise, state: str, text: str, names: dict[str, Any] | None = None
) -> Function:
    """Says what is open or wrong, and gives the reference.

    Args:
        names: of the notebook, in which a graded run, that stops here, goes on with the reference
            too: no other answer is judged through this one.
    """
    _state[exercise.name] = state
    said = f"{exercise.name} {text}" if state == "open" else f"{exercise.name}: {text}"
    if GRADED:
        if names is not None and exercise.name in names:
            names[exercise.name] = exercise.reference
        raise CheckFailed(said)
    print(f"{MARKS[state]} {said}")
    print("  The lesson goes on with prvr_lite's.")
    print(board(exercise.lesson))
    return exercise.reference


def _name(answer: Any) -> str:
    """Returns the name of a function or class.

    Raises:
        ValueError: it is something else.
    """
    if not hasattr(answer, "__name__"):
        kind = "a string" if isinstance(answer, str) else f"of type {type(answer).__name__}"
        raise ValueError(
            f"this is {kind}: give the function itself, without quotes or brackets, such as "
            "mean_score = check(mean_score)"
        )
    return str(answer.__name__)


def hint(name: str | Function, number: int | None = None) -> None:
    """Prints a hint for an exercise.

    Args:
        name: of the exercise, or its function.
        number: of a hint to see again, from 1; None: the next one, so that each call climbs a step.
    Raises:
        ValueError: no exercise or no hint of that name or number.
    """
    exercise = find(name if isinstance(name, str) else _name(name))
    known, last = exercise.name, len(exercise.hints)
    if number is None:
        number = _shown[known] = min(_shown.get(known, 0) + 1, last)
    if number not in range(1, last + 1):
        raise ValueError(f"{known} has no hint {number!r}: its hints are 1 to {last}")
    end = f", the last; hint('{known}', 1) shows the first again" if number == last else ""
    print(f"hint {number} of {last}{end}: {exercise.hints[number - 1]}")


def progress(lesson: int | None = None) -> None:
    """Prints how many exercises of a lesson, or of the course, are solved; earlier ones count.

    Args:
        lesson: its number; None: all lessons.
    Raises:
        ValueError: there is no such lesson.
    """
    every = sorted({exercise.lesson for exercise in exercises().values()})
    if lesson is not None and lesson not in every:
        raise ValueError(f"there is no lesson {lesson!r}: lessons are {every[0]} to {every[-1]}")
    for number in every if lesson is None else [lesson]:
        print(board(number))
    if lesson is None:
        states = [state for number in every for state in _states(number).values()]
        print(f"the course: {states.count('right')} of {len(states)} solved")


def board(lesson: int) -> str:
    """Returns each exercise of a lesson with its mark, in lines that a notebook does not break."""
    states = _states(lesson)
    marks = "  ".join(f"{MARKS[state]}\xa0{name}" for name, state in states.items())
    done = list(states.values()).count("right")
    line = f"lesson {lesson}: {done} of {len(states)} solved   {marks}"
    return textwrap.fill(line, WIDTH, subsequent_indent="  ").replace("\xa0", " ")


def _states(lesson: int) -> dict[str, str]:
    """Returns each exercise's state, "right", "wrong" or "open": of this run or an earlier one."""
    earlier = set[str]() if GRADED else solved()
    return {
        name: _state.get(name, "right" if name in earlier else "open")
        for name, exercise in exercises().items()
        if exercise.lesson == lesson
    }
