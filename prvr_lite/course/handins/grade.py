"""Grades the hand-ins of a lesson: every answer by itself, several at once."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from prvr_lite.course.grading.case import Case
from prvr_lite.course.grading.diagnosis import OpenExerciseError, cases, diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.varying import ANOTHER, Varied
from prvr_lite.course.handins.flags import PUBLISHED, shared_answers, suspicious
from prvr_lite.course.handins.notebook import HandIn, is_blank
from prvr_lite.course.handins.remote import EndedError, OutOfTimeError, RemoteAnswer
from prvr_lite.course.handins.task import Task, make_task, of_lesson

SECONDS, MEGABYTES = 5.0, 2048  # that one answer may use
FOREVER = 3600.0  # seconds for the check itself, which an answer's own limit ends
AHEAD = 3  # processes that start while an answer is judged
LETTERS = 2_000  # of a message
OTHER_DRAW = "its check cell is not that of this draw: another seed, or another notebook?"
UNSET = re.compile(r"NameError: name '(\w+)' is not defined")


@dataclass(frozen=True)
class Verdict:
    """What became of one answer.

    Attributes:
        exercise: its name. points: 0 or its stars. possible: its stars, 1 to 3.
        state: "right", "wrong", "open" (still blank), "missing" or "stopped".
        message: for the learner. flags: for a person who looks at the hand-in.
    """

    exercise: str
    points: int
    possible: int
    state: str
    message: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grade:
    """What became of one hand-in."""

    hand_in: HandIn
    verdicts: tuple[Verdict, ...]

    @property
    def points(self) -> int:
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def possible(self) -> int:
        return sum(verdict.possible for verdict in self.verdicts)


def grade(
    lesson: int,
    hand_ins: Sequence[HandIn],
    *,
    seed: int | None = None,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    variants: Mapping[str, Varied] | None = None,
    watch: Callable[[Grade], object] | None = None,
) -> list[Grade]:
    """Grades hand-ins of one lesson; each answer runs in a process of its own.

    Args:
        seed: of the inputs, the same for all hand-ins; None: one that nobody can know.
        seconds, megabytes: computing time and memory of one answer.
        variants: that the hand-ins were asked for, by exercise; all others are as in the lesson.
        watch: is called with each grade, in order, as soon as it is known.
    """
    drawn = variants or {}
    asked = [drawn[e.name].exercise if e.name in drawn else e for e in of_lesson(lesson)]
    marks = {name: one.mark for name, one in drawn.items()}
    start = secrets.randbelow(2**30) if seed is None else seed
    tried = {exercise.name: cases(exercise, start) for exercise in asked}
    shared = shared_answers(hand_ins, asked)
    trials = (prepare(e, hand_in, marks.get(e.name)) for hand_in in hand_ins for e in asked)
    grades = []
    with _started_ahead(trials, seconds, megabytes) as started:
        for hand_in in hand_ins:
            verdicts = [
                _flagged(judge(trial, remote, tried[trial.exercise.name]), shared[hand_in.student])
                for trial, remote in islice(started, len(asked))
            ]
            grades.append(Grade(hand_in, tuple(verdicts)))
            if watch is not None:
                watch(grades[-1])
    return grades


@contextmanager
def _started_ahead(
    trials: Iterable[Trial], seconds: float, megabytes: int
) -> Iterator[Iterator[tuple[Trial, RemoteAnswer | None]]]:
    """Yields trials with their processes; the next ones start while one is judged."""
    waiting: deque[tuple[Trial, RemoteAnswer | None]] = deque()

    def run() -> Iterator[tuple[Trial, RemoteAnswer | None]]:
        for trial in trials:
            task = trial.task
            waiting.append((trial, RemoteAnswer(task, seconds, megabytes) if task else None))
            if len(waiting) > AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()

    try:
        yield run()
    finally:
        for _, remote in waiting:
            if remote is not None:
                remote.close()


def _flagged(verdict: Verdict, shared: dict[str, str]) -> Verdict:
    extra = shared.get(verdict.exercise)
    if extra is None or PUBLISHED in verdict.flags:
        return verdict
    return replace(verdict, flags=(*verdict.flags, extra))


@dataclass(frozen=True)
class Trial:
    """Holds an answer with the task that tries it, or with its verdict if no trial is needed."""

    exercise: Exercise
    flags: tuple[str, ...]
    task: Task | None = None
    state: str = ""
    message: str = ""
    computed: frozenset[str] = frozenset()  # names that other cells of the hand-in bind


def prepare(exercise: Exercise, hand_in: HandIn, mark: str | None = None) -> Trial:
    """Reads an answer; returns it with the task for its process, or with its verdict if known.

    Args:
        mark: of the variant that the notebook should ask for; None: of none.
    """
    answer, name = hand_in.answers[exercise.name], exercise.name
    notes = (*answer.notes, *([OTHER_DRAW] if hand_in.marks.get(name) != mark else []))
    if answer.fault:
        state = "wrong" if answer.cell else "missing"
        return Trial(exercise, notes, None, state, answer.fault)
    if is_blank(answer.cell, name):
        return Trial(exercise, notes, None, "open", "still open")
    task = make_task(exercise, hand_in)
    flags = (*notes, *suspicious(exercise, task, answer.cell))
    return Trial(exercise, flags, task, computed=hand_in.computed)


def judge(trial: Trial, remote: RemoteAnswer | None, tried: list[Case]) -> Verdict:
    """Tries one answer of one hand-in, and no other; it can do nothing to any other."""
    exercise, flags = trial.exercise, list(trial.flags)
    state, fault = trial.state, trial.message
    if remote is not None:
        try:
            with remote:
                fault = _fault(exercise, remote, tried) or ""
            state = "wrong" if fault else "right"
        except OpenExerciseError:
            state, fault = "open", "still open"
        except EndedError as error:
            state, fault = "stopped", str(error)
            if isinstance(error, OutOfTimeError):
                flags.append("used its whole time")
        except Exception as error:  # a check met what nobody foresaw: no other answer suffers
            state, fault = "wrong", "the check can't make sense of what it returns"
            flags.append(f"the check itself stopped with {type(error).__name__}: {error}"[:300])
    if fault == ANOTHER:
        flags.append("answers another task, such as the published one")
    unset = UNSET.search(fault)
    if unset and unset[1] in trial.computed:
        flags.append(f"uses {unset[1]}, which another cell computes")
        fault += f" Only answers' cells are run: {unset[1]} must be computed inside."
    points = exercise.difficulty if state == "right" else 0
    message = (fault or "right")[:LETTERS]
    return Verdict(exercise.name, points, exercise.difficulty, state, message, tuple(flags))


def _fault(exercise: Exercise, remote: RemoteAnswer, tried: list[Case]) -> str | None:
    hello = remote.hello
    if not hello["found"]:
        return _not_found(exercise.name, hello)
    fault = diagnose(exercise, remote, 0, seconds=FOREVER, tried=tried)
    if fault and hello["fault"]:
        fault = f"{fault.rstrip()} Before that, {_stopped(hello['fault'])}."
    return fault


def _not_found(name: str, hello: dict[str, Any]) -> str:
    if hello["fault"]:
        return _stopped(hello["fault"])
    kind = hello["type"]
    return f"{name} is of type {kind}, not a function" if kind else f"nothing is named {name}"


def _stopped(error: Any) -> str:
    text = f": {error['text']}" if error["text"] else ""
    line = f", in the line: {error['line']}" if error["line"] else ""
    return f"its cell stopped with {error['type']}{text}{line}"


def on_its_word(exercises: Iterable[Exercise]) -> list[str]:
    """Returns which parts of a verdict rely on what the answer's own process reports."""
    told = []
    for exercise in exercises:
        left = "what it leaves in its inputs" if exercise.after else "that it changes no input"
        told.append(f"{exercise.name}: {left}")
        if exercise.loop:
            told.append(f"{exercise.name}: how often it calls torch")
        if exercise.sparing:
            told.append(f"{exercise.name}: how many rows of {exercise.sparing} it reads")
        if exercise.side_effect is not None:
            told.append(f"{exercise.name}: that it does nothing on the side")
    return told
