"""The process of one answer: it runs what the learner wrote, and sends back numbers.

It holds no solution of its exercise. The parent asks for calls, gradients and counts; what comes
back is plain (see ``wire``), so that nothing an answer changes here can change the parent.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import inspect
import os
import pickle
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from prvr_lite.course.grading.looping import _calls, _rows_read
from prvr_lite.course.grading.outputs import parts
from prvr_lite.course.handins import guard
from prvr_lite.course.handins.state import state_of
from prvr_lite.course.handins.task import Task
from prvr_lite.course.handins.wire import decode, encode

ANSWER, FUTURE = "<answer>", "from __future__ import annotations"
GRAPHS = 4  # calls of which gradients may still be asked
KEPT = ("SYSTEMROOT", "PATH", "LANG", "LC_ALL")


def main(
    pipe: Connection[Any, Any], task: Task, scratch: str, seconds: float, megabytes: int
) -> None:
    """Runs an answer for the parent at the other end of the pipe, until the parent ends."""
    _keep_only(pipe.fileno())
    _quiet(scratch)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    given = _lesson(task)
    pipe.send_bytes(encode("ready"))
    guard.limit(seconds, megabytes)
    guard.close(scratch)
    process = _Answer(task, given)
    pipe.send_bytes(encode(process.hello()))
    try:
        while True:
            pipe.send_bytes(process.reply(pickle.loads(pipe.recv_bytes())))
    except (EOFError, OSError):
        os._exit(0)


def _quiet(scratch: str) -> None:
    """Closes input and output, and removes what the environment says about the machine's user."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, for good
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=scratch, TMPDIR=scratch, CUDA_VISIBLE_DEVICES="")
    tempfile.tempdir = scratch
    os.chdir(scratch)
    sys.argv = [""]


def _lesson(task: Task) -> dict[str, Any]:
    """Returns the names that the lesson gives an answer; ``check`` only returns its answer."""
    sys.meta_path.insert(0, _Given(task.modules))
    for name in task.modules:
        import_module(name)
    notebook = ModuleType("__main__")
    sys.modules["__main__"] = notebook
    given = vars(notebook)
    for text in task.before:
        exec(compile(text, "<lesson>", "exec"), given)
    for name, home in task.solutions.items():
        given[name] = getattr(sys.modules[home], name)
    given.update(check=lambda answer, **_: answer, hint=_nothing, progress=_nothing)
    return given


def _keep_only(pipe: int) -> None:
    """Closes the file descriptors above 2 that were inherited, except the pipe (on POSIX only)."""
    if os.name == "posix":  # elsewhere nothing is handed on
        os.closerange(3, pipe)
        os.closerange(pipe + 1, max(1024, pipe + 1))


class _Given(MetaPathFinder, Loader):
    """Finds the lesson's modules of answers in what the parent gave, never in their files."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in self.texts else None

    def exec_module(self, module: ModuleType) -> None:
        text = self.texts[module.__name__]
        exec(compile(text, module.__name__, "exec"), vars(module))


def _nothing(*_: Any, **__: Any) -> None:
    return None


class _Answer:
    """Holds an answer that was run, and replies to the parent's requests about it."""

    def __init__(self, task: Task, names: dict[str, Any]) -> None:
        self.name, self.cell, self.names = task.name, task.cell, names
        self.graphs: dict[int, tuple[list[Tensor], list[Tensor | None]]] = {}
        self.number = 0
        module, _, function = task.side_effect.partition(":")
        self.side_effect: Callable[[], Any] = _nothing
        if module:
            self.side_effect = getattr(sys.modules[module], function)
        self.fault: dict[str, Any] | None = None
        for text in task.others:
            self._run(text)
        self.fault = None
        names.pop(task.name, None)
        solutions = {name: names[name] for name in task.solutions}
        future = __future__.annotations.compiler_flag if FUTURE in task.cell else 0
        for node in ast.parse(task.cell).body:
            self._run(ast.Module([node], []), future)
        names.update(solutions)  # no other answer is used, even one in the same cell

    def _run(self, code: str | ast.Module, future: int = 0) -> None:
        """Runs one statement; the first error is kept, and the next statement runs all the same."""
        try:
            exec(compile(code, ANSWER, "exec", future, True), self.names)
        except BaseException as error:
            self.fault = self.fault or _told(error, self.cell)

    def hello(self) -> dict[str, Any]:
        """Returns whether the cell has a function, its parameters, and what went wrong."""
        answer = self.names.get(self.name)
        said: dict[str, Any] = {"found": callable(answer), "fault": self.fault}
        said["type"] = None if answer is None else type(answer).__name__
        try:
            said["parameters"] = [
                [p.name, int(p.kind), p.default is not p.empty]
                for p in inspect.signature(answer).parameters.values()  # type: ignore[arg-type]
            ]
        except (TypeError, ValueError):
            said["parameters"] = None
        return said

    def reply(self, request: tuple[str, Any]) -> bytes:
        try:
            return encode(self._done(*request))
        except BaseException as error:
            return encode({"error": _told(error, self.cell)})

    def _done(self, kind: str, content: Any) -> dict[str, Any]:
        if kind == "call":
            return self._call(*content)
        if kind == "backward":
            return {"value": self._backward(*content)}
        if kind == "calls":
            return {"value": _calls(self.names[self.name], *content)}
        if kind == "rows":
            return {"value": _rows_read(self.names[self.name], *content)}
        return {"value": self.side_effect()}

    def _call(self, given: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        """Returns what one call gave, or its error, and the inputs that it changed."""
        inputs = {**{str(i): value for i, value in enumerate(given)}, **named}
        before = {name: encode(state_of(value)) for name, value in inputs.items()}
        said: dict[str, Any]
        try:
            value = self.names[self.name](*given, **named)
            said = {"value": value, "grad": self._keep(inputs, value), "number": self.number}
        except BaseException as error:
            said = {"error": _told(error, self.cell)}
        after = {name: encode(state_of(value)) for name, value in inputs.items()}
        changed = {name: decode(data) for name, data in after.items() if data != before[name]}
        return {**said, "changed": changed}

    def _keep(self, inputs: dict[str, Any], value: Any) -> list[bool]:
        """Keeps the graph of a call; says which outputs have a gradient."""
        leaves = [v for v in inputs.values() if isinstance(v, Tensor) and v.requires_grad]
        outputs = [p if isinstance(p, Tensor) and p.grad_fn else None for p in parts(value)]
        self.number += 1
        self.graphs[self.number] = (leaves, outputs)
        self.graphs.pop(self.number - GRAPHS, None)
        return [output is not None for output in outputs]

    def _backward(self, number: int, weights: list[Tensor | None]) -> list[Tensor | None]:
        leaves, outputs = self.graphs[number]
        pairs = [
            (output, weight)
            for output, weight in zip(outputs, weights, strict=True)
            if output is not None and weight is not None
        ]
        if not leaves:
            torch.autograd.backward([output for output, _ in pairs], [w for _, w in pairs])
            return []
        with torch.enable_grad():
            grads = torch.autograd.grad(
                [output for output, _ in pairs],
                leaves,
                [weight for _, weight in pairs],
                retain_graph=True,
                allow_unused=True,
            )
        return list(grads)


def _told(error: BaseException, cell: str) -> dict[str, Any]:
    """Returns an exception's type and text, the answer's line, and whether it is still a blank."""
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno or 0 for frame in frames if frame.filename == ANSWER]
    lines = dict(enumerate(cell.splitlines(), 1))
    line = lines.get(numbers[-1], "").strip() if numbers else ""
    own = bool(frames) and frames[-1].filename == ANSWER
    kind = type(error)
    known = kind if getattr(builtins, kind.__name__, None) is kind else None
    try:
        text = str(error)[:400]
    except BaseException:
        text = ""
    blank = known is NotImplementedError and own and not text
    return {"type": kind.__name__, "text": text, "line": line, "open": blank}
