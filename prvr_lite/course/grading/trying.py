"""Runs an answer on copied inputs, restores the settings, and limits its output and time."""

from __future__ import annotations

import contextlib
import ctypes
import dis
import inspect
import io
import linecache
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from prvr_lite.course.grading.exercise import Function, Inputs, copy_inputs, same

SECONDS = 20.0  # a check may take; one of a right answer takes less than two
LETTERS = 2000  # of what an answer prints are shown
CUT = 300  # letters of an error's text
T = TypeVar("T")


class TooSlowError(Exception):
    """An answer took longer than a check may; the text is the line that it was in, or nothing."""


class _Stopped(BaseException):
    """Raised in the thread of an answer that goes on and on."""


@dataclass(frozen=True)
class Outcome:
    """What an answer gave on one set of inputs: a value or an error, and what it left behind."""

    value: Any = None
    error: BaseException | None = None
    left: str | None = None
    after: dict[str, Any] | None = None


def attempt(
    function: Function, inputs: Inputs, after: Callable[[Inputs], dict[str, Any]] | None = None
) -> Outcome:
    """Runs a function on a copy of its inputs, and restores the settings that it changed.

    Args:
        after: what to note of the inputs when it is done.
    """
    given, before = copy_inputs(inputs), _Settings()
    try:
        value = function(**given)
    except (Exception, SystemExit) as error:
        before.restore()
        return Outcome(error=error)
    kept = dict.items(inputs)  # those that are built afresh are never handed out as they are
    changed = next((name for name, was in kept if not same(was, given[name])), None)
    left = before.restore()
    if changed:
        left = f"it changed its input {changed} in place: work on a copy, or build a new one."
    return Outcome(value, left=left, after=after(given) if after else None)


class _Settings:
    """Remembers settings that all code of the process shares, to report and undo changes."""

    def __init__(self) -> None:
        self.was = self._now()

    @staticmethod
    def _now() -> dict[str, Any]:
        return {
            "torch's default type": torch.get_default_dtype(),
            "whether torch keeps gradients": torch.is_grad_enabled(),
            "the number of torch's threads": torch.get_num_threads(),
            "NumPy's treatment of errors": np.geterr(),
            "the working folder": os.getcwd(),
            "the seed of torch's random numbers": torch.initial_seed(),
        }

    def restore(self) -> str | None:
        """Restores all settings; returns a message about what had changed, or None."""
        now = self._now()
        changed = next((name for name, was in self.was.items() if now[name] != was), None)
        kind, keeps, threads, errors, folder, _ = self.was.values()
        torch.set_default_dtype(kind)
        torch.set_grad_enabled(keeps)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        np.seterr(**errors)
        if now["the working folder"] != folder:
            os.chdir(folder)
        if changed is None:
            return None
        return f"it changes {changed} for all that runs after it: leave that as it is."


@contextlib.contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Restores the random states after the block, so that later random numbers are the same."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])


class Said(io.StringIO):
    """The beginning of what an answer prints, and only once."""

    listening = True

    def write(self, text: str) -> int:
        if self.listening and self.tell() < LETTERS:
            super().write(text[: LETTERS - self.tell()])
        return len(text)


@contextlib.contextmanager
def heard() -> Iterator[Said]:
    """Collects what is printed in the block, and prints it once at the end, cut if it is long."""
    said = Said()
    try:
        with contextlib.redirect_stdout(said):
            yield said
    finally:
        if text := said.getvalue():
            print(text.rstrip("\n") + " …" * (len(text) >= LETTERS))


def in_time(work: Callable[[], T], answer: Function, seconds: float = SECONDS) -> T:
    """Runs work in a thread, which is stopped if it takes too long, or at Ctrl-C.

    Raises:
        TooSlowError: it took longer.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    settings, end = _Settings(), time.monotonic() + seconds
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    try:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(0.1)
        if thread.is_alive():
            raise TooSlowError(_line_now(thread, answer))
    except BaseException:
        _stop(thread)
        settings.restore()
        raise
    if errors:
        raise errors[0]
    return results[0]


def _stop(thread: threading.Thread) -> None:
    """Raises an error in a thread, again if the thread catches it, three times at most."""
    for _ in range(3):
        if thread.is_alive() and thread.ident is not None:
            ident, error = ctypes.c_ulong(thread.ident), ctypes.py_object(_Stopped)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, error)
            thread.join(0.3)


def _line_now(thread: threading.Thread, answer: Function) -> str:
    """Returns the line of the answer that a thread is in; "" if it is in none."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and not own(frame, answer):
        frame = frame.f_back
    return "" if frame is None else _text(frame, frame.f_lineno)


def line_of(error: BaseException, answer: Function) -> str:
    """Returns the line of an answer that an error comes from; "" if it is unknown."""
    if (text := getattr(error, "line", None)) is not None:  # it was raised elsewhere
        return str(text)
    steps = _steps(error)
    step = next((one for one in reversed(steps) if own(one.tb_frame, answer)), None)
    return "" if step is None else _text(step.tb_frame, step.tb_lineno)


def left_open(error: BaseException | None, answer: Function) -> bool:
    """Returns whether the answer itself raises ``NotImplementedError``, as a blank does."""
    if not isinstance(error, NotImplementedError):
        return False
    if (blank := getattr(error, "blank", None)) is not None:  # it was raised elsewhere
        return bool(blank)
    steps = _steps(error)
    if not steps or not own(steps[-1].tb_frame, answer):
        return False
    code, place = steps[-1].tb_frame.f_code, steps[-1].tb_lasti
    return dis.opname[code.co_code[place]] == "RAISE_VARARGS"  # torch raises it, too, but not so


def _steps(error: BaseException) -> list[TracebackType]:
    steps, step = [], error.__traceback__
    while step is not None:
        steps.append(step)
        step = step.tb_next
    return steps


def own(frame: FrameType, answer: Function) -> bool:
    """Returns whether the running code is written in the same cell or file as the answer."""
    code = getattr(inspect.unwrap(answer), "__code__", None)
    return isinstance(code, CodeType) and frame.f_code.co_filename == code.co_filename


def _text(frame: FrameType, line: int) -> str:
    return linecache.getline(frame.f_code.co_filename, line).strip()


def in_short(error: BaseException) -> str:
    """Returns the kind of an error and the beginning of its text."""
    text = " ".join(str(error).split()).rstrip(".")
    text = text if len(text) <= CUT else f"{text[:CUT]} …"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def gradients(
    function: Function, inputs: Inputs, names: tuple[str, ...]
) -> dict[str, Tensor | None] | BaseException:
    """Returns for each named input the gradient of a weighted sum of all outputs.

    Returns:
        the error instead, where it does not work with gradients.
    """
    given, settings = copy_inputs(inputs), _Settings()
    for name in names:
        given[name].requires_grad_()
    g = torch.Generator().manual_seed(5)
    try:
        value = function(**given)
        total = None
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Tensor) and part.is_floating_point():
                weight = torch.randn(part.shape, generator=g, dtype=torch.float64).to(part)
                if part.requires_grad:
                    sum_ = (part * weight).sum()
                    total = sum_ if total is None else total + sum_
        if total is not None:
            total.backward()  # type: ignore[no-untyped-call]
    except (Exception, SystemExit) as error:
        return error
    finally:
        settings.restore()
    return {name: given[name].grad for name in names}
