"""Grades the hand-ins of a lesson: every answer by itself, several at once."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import torch

from prvr_lite.course.grading.diagnosis import OpenExerciseError, diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.handins.flags import PUBLISHED, shared_answers, suspicious
from prvr_lite.course.handins.notebook import HandIn, is_blank
from prvr_lite.course.handins.remote import EndedError, OpenError, OutOfTimeError, RemoteAnswer
from prvr_lite.course.handins.task import Task, make_task, of_lesson

SECONDS, MEGABYTES = 10.0, 2048  # that one answer may use
LETTERS = 2_000  # of a message


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
    workers: int | None = None,
    watch: Callable[[Grade], object] | None = None,
) -> list[Grade]:
    """Grades hand-ins of one lesson; each answer runs in a process of its own.

    Args:
        seed: of the inputs, the same for all hand-ins; None: one that nobody can know.
        seconds, megabytes: computing time and memory of one answer.
        workers: how many run at once; None: one for each core.
        watch: is called with each grade, in order, as soon as it is known.
    """
    asked = of_lesson(lesson)
    start = secrets.randbelow(2**30) if seed is None else seed
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(workers or _cores())
    try:
        shared = shared_answers(hand_ins, asked)
        trials = [[prepare(exercise, hand_in) for exercise in asked] for hand_in in hand_ins]
        waiting = [
            [pool.submit(judge, t, start + i, seconds, megabytes) for i, t in enumerate(row)]
            for row in trials
        ]
        grades = []
        for hand_in, futures in zip(hand_ins, waiting, strict=True):
            verdicts = [_flagged(f.result(), shared[hand_in.student]) for f in futures]
            grades.append(Grade(hand_in, tuple(verdicts)))
            if watch is not None:
                watch(grades[-1])
        return grades
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _flagged(verdict: Verdict, shared: dict[str, str]) -> Verdict:
    extra = shared.get(verdict.exercise)
    if extra is None or PUBLISHED in verdict.flags:
        return verdict
    return replace(verdict, flags=(*verdict.flags, extra))


@dataclass(frozen=True)
class Trial:
    """An answer that is ready to be tried: its task; or its verdict, where there is no need."""

    exercise: Exercise
    flags: tuple[str, ...]
    task: Task | None = None
    state: str = ""
    message: str = ""


def prepare(exercise: Exercise, hand_in: HandIn) -> Trial:
    """Reads an answer; in one thread only, as Python's parser keeps state between threads."""
    answer, name = hand_in.answers[exercise.name], exercise.name
    if answer.fault:
        state = "wrong" if answer.cell else "missing"
        return Trial(exercise, answer.notes, None, state, answer.fault)
    if is_blank(answer.cell, name):
        return Trial(exercise, answer.notes, None, "open", "still open")
    task = make_task(exercise, hand_in)
    return Trial(exercise, (*answer.notes, *suspicious(exercise, task, answer.cell)), task)


def judge(trial: Trial, seed: int, seconds: float, megabytes: int) -> Verdict:
    """Tries one answer of one hand-in, and no other; it can do nothing to any other."""
    exercise, flags = trial.exercise, list(trial.flags)
    state, fault, began = trial.state, trial.message, time.monotonic()
    if trial.task is not None:
        try:
            with RemoteAnswer(trial.task, seconds, megabytes) as remote:
                fault = _fault(exercise, remote, seed) or ""
            state = "wrong" if fault else "right"
        except (OpenError, OpenExerciseError):
            state, fault = "open", "still open"
        except EndedError as error:
            state, fault = "stopped", str(error)
            if isinstance(error, OutOfTimeError):
                flags.append(f"used its whole time ({time.monotonic() - began:.0f} s)")
        except Exception as error:  # a check met what nobody foresaw: no other answer suffers
            state, fault = "wrong", "the check can't make sense of what it returns"
            flags.append(f"the check itself stopped with {type(error).__name__}: {error}"[:300])
    points = exercise.difficulty if state == "right" else 0
    message = (fault or "right")[:LETTERS]
    return Verdict(exercise.name, points, exercise.difficulty, state, message, tuple(flags))


def _fault(exercise: Exercise, remote: RemoteAnswer, seed: int) -> str | None:
    hello = remote.hello
    if not hello["found"]:
        return _not_found(exercise.name, hello)
    if exercise.side_effect is not None:
        exercise = replace(exercise, side_effect=remote.side_effect)
    fault = diagnose(exercise, remote, seed)
    if fault and remote.line and "stopped with" in fault:
        fault = f"{fault.rstrip()} (Line {remote.line} of the answer's cell.)"
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
    return f"its cell stopped with {error['type']}{text} (line {error['line']})"


def on_its_word(exercises: Iterable[Exercise]) -> list[str]:
    """Returns what is judged by what the answer's own process says, as no one else can know it."""
    told = []
    for exercise in exercises:
        told.append(f"{exercise.name}: that its inputs are left as they were")
        if exercise.loop:
            told.append(f"{exercise.name}: how often it calls torch")
        if exercise.side_effect is not None:
            told.append(f"{exercise.name}: that it does nothing on the side")
    return told
