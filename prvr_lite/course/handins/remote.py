"""An answer that runs in a process of its own, called like a function of this one.

The checks of the notebook call it as they call any answer: they draw the inputs here, compare
values and gradients here, and hold the reference here. Gradients are asked for when torch's
``backward`` comes by.
"""

from __future__ import annotations

import builtins
import inspect
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

import torch
from torch import Tensor

from prvr_lite.course.grading.exercise import Inputs, copy_inputs
from prvr_lite.course.grading.outputs import parts
from prvr_lite.course.handins import child
from prvr_lite.course.handins.state import write_back
from prvr_lite.course.handins.task import Task
from prvr_lite.course.handins.wire import LARGEST, decode

START_SECONDS = 120.0  # for Python, torch and the lesson's imports
PATIENCE = 3.0  # times the computing time that an answer has: the clock's limit
LETTERS = 400  # of what an answer's error says
LONGEST = 64  # bytes of a path that leave room for a socket's name in it: systems allow 104
_starting = threading.Lock()


class EndedError(BaseException):
    """An answer's process is gone; says why. No check takes it for an error of the answer."""


class OutOfTimeError(EndedError):
    """It used all of its time."""


class RemoteAnswer:
    """A learner's answer, behind a pipe.

    Attributes:
        hello: what became of its cell (see ``child``).
    """

    def __init__(self, task: Task, seconds: float, megabytes: int) -> None:
        self.__name__, self.task = task.name, task
        self._left = PATIENCE * seconds
        # removed when this program ends, at the latest
        self._folder = tempfile.TemporaryDirectory(
            prefix="prvr-lite-grade-", ignore_cleanup_errors=True
        )
        self._pipe, theirs = multiprocessing.Pipe()
        arguments = (theirs, task, self._folder.name, seconds, megabytes)
        self._process = _context().Process(target=child.main, args=arguments, daemon=True)
        with _starting, _without_main():
            self._process.start()
        theirs.close()
        self.hello: dict[str, Any] = {}
        if task.side_effect:
            self.side_effect = self._side_effect

    def __enter__(self) -> RemoteAnswer:
        """Waits until the answer's cell has run.

        Raises:
            EndedError: it did not come so far.
        """
        try:
            self._receive(START_SECONDS)
            self.hello = self._wait()
        except BaseException:
            self.close()
            raise
        with _sound_replies():
            if parameters := self.hello.get("parameters"):
                self.__signature__ = _signature(parameters)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process, and deletes all that it wrote."""
        self._process.kill()
        self._process.join(10)
        self._pipe.close()
        self._folder.cleanup()

    def __call__(self, *given: Any, **named: Any) -> Any:
        leaves = [v for v in (*given, *named.values()) if _is_leaf(v)]
        leaves = leaves or [torch.zeros((), requires_grad=True)]  # no input's, but of weights
        form: list[type] = []
        outputs = _Through.apply(self, (given, named), form, *leaves)  # type: ignore[no-untyped-call]
        if not issubclass(form[0], tuple):
            return outputs[0]
        return form[0](*outputs) if hasattr(form[0], "_fields") else outputs

    def call(self, given: Any, named: Any) -> dict[str, Any]:
        """Calls the answer in its process, changes inputs here as it did; returns the reply."""
        reply = self._ask("call", (list(given), dict(named)))
        inputs = {**{str(i): value for i, value in enumerate(given)}, **named}
        with _sound_replies():
            for name, state in reply.get("changed", {}).items():
                write_back(inputs.get(name), state)
        self._raise(reply.get("error"))
        return reply

    def backward(self, number: int, weights: list[Tensor | None]) -> list[Tensor | None]:
        """Returns the gradient of each input of a call, for weights on its outputs."""
        reply = self._ask("backward", (number, weights))
        self._raise(reply.get("error"))
        with _sound_replies():
            return [g if isinstance(g, Tensor) else None for g in reply["value"]]

    def count_calls(self, inputs: Inputs, names: tuple[str, ...]) -> int:
        """Returns how often the answer calls torch with float tensors, as its own process says."""
        return self._number("calls", copy_inputs(inputs), names)

    def count_rows(self, inputs: Inputs, name: str) -> int:
        """Returns how many rows of an input the answer reads, as its own process says."""
        return self._number("rows", copy_inputs(inputs), name)

    def _number(self, kind: str, *content: Any) -> int:
        reply = self._ask(kind, content)
        self._raise(reply.get("error"))
        with _sound_replies():
            return int(reply["value"])

    def _side_effect(self) -> str | None:
        """Returns what the answer did that is not allowed, as its own process says, or None."""
        told = self._ask("side effect", None).get("value")
        return str(told)[:LETTERS] if told else None

    def _ask(self, kind: str, content: Any) -> dict[str, Any]:
        try:
            self._pipe.send_bytes(pickle.dumps((kind, content)))
        except OSError:
            self._ended()
        return self._wait()

    def _wait(self) -> dict[str, Any]:
        began = time.monotonic()
        reply = self._receive(self._left)
        self._left -= time.monotonic() - began
        if not isinstance(reply, dict):
            raise EndedError("its process sent something else than an answer")
        return reply

    def _receive(self, seconds: float) -> Any:
        try:
            if not self._pipe.poll(max(0.0, seconds)):
                raise OutOfTimeError("it used its whole time: is there a loop that never ends?")
            return decode(self._pipe.recv_bytes(LARGEST))
        except EOFError:
            self._ended()
        except (OSError, ValueError) as error:
            raise EndedError("its process sent what can't be read, or far too much") from error

    def _ended(self) -> NoReturn:
        self._process.join(10)
        code = self._process.exitcode
        if code is not None and code == -getattr(signal, "SIGXCPU", 0):
            raise OutOfTimeError("it used its whole time: is there a loop that never ends?")
        if code is None or code >= 0:
            raise EndedError("it ended Python itself: take sys.exit, exit or os._exit out")
        raise EndedError(f"its process crashed or ran out of memory (signal {-code})")

    def _raise(self, error: Any) -> None:
        """Raises the error that the answer raised in its process, if any."""
        if not error:
            return
        with _sound_replies():
            raised = _exception(str(error["type"])[:60], str(error["text"])[:LETTERS])
            raised.blank = bool(error["open"])  # type: ignore[attr-defined]
            raised.line = str(error["line"])[:LETTERS]  # type: ignore[attr-defined]
        raise raised


class _Through(torch.autograd.Function):
    """A call whose gradients are computed where it ran."""

    @staticmethod
    def forward(ctx: Any, answer: Any, call: Any, form: list[type], *leaves: Tensor) -> Any:
        reply = answer.call(*call)
        with _sound_replies():
            value = reply["value"]
            outputs, reached = parts(value), [bool(one) for one in reply["grad"]]
            ctx.answer, ctx.number, ctx.reached = answer, int(reply["number"]), reached
            pairs = list(zip(outputs, reached, strict=True))
        form.append(type(value))
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(o for o, r in pairs if isinstance(o, Tensor) and not r))
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *weights: Any) -> Any:
        count = len(ctx.needs_input_grad) - 3
        kept = [w if reached else None for w, reached in zip(weights, ctx.reached, strict=True)]
        gradients = ctx.answer.backward(ctx.number, kept) or [None]
        if len(gradients) != count:
            raise EndedError("its process sent gradients of other inputs")
        return (None, None, None, *gradients)


@contextmanager
def _sound_replies() -> Iterator[None]:
    """Raises EndedError if the answer's process sent a reply that the block can't read.

    Raises:
        EndedError: a reply is not what was asked for.
    """
    try:
        yield
    except Exception as error:
        raise EndedError("its process sent something else than an answer") from error


def _is_leaf(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _signature(parameters: Any) -> inspect.Signature:
    kinds = list(inspect._ParameterKind)
    return inspect.Signature(
        [
            inspect.Parameter(name, kinds[kind], default=None if optional else inspect._empty)
            for name, kind, optional in parameters
        ],
        __validate_parameters__=False,
    )


def _exception(kind: str, text: str) -> Exception:
    """Returns an exception of Python's type ``kind``, or else of a new type with that name."""
    known = getattr(builtins, kind, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            return known(_key(text) if known is KeyError else text)
        except Exception:  # it wants other arguments
            return RuntimeError(text)
    other: Exception = type(kind[:60], (Exception,), {})(text)
    return other


def _key(text: str) -> str | int:
    """Returns the key that KeyError was raised with, from its text."""
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:
        return text[1:-1]
    return int(text) if text.lstrip("-").isdecimal() else text


def _context() -> Any:
    """Returns how to start processes: by a fork server that has loaded torch, or else by spawn.

    The server's address is a file in the folder for temporary files, and a long path is none.
    """
    if sys.platform == "win32" or len(os.fsencode(tempfile.gettempdir())) > LONGEST:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["prvr_lite.course.handins.preload"])
    return context


@contextmanager
def _without_main() -> Iterator[None]:
    """Keeps new processes from running this program's main module, which they do otherwise."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
