"""Wrong and right answers to the exercises, tried: ``python -m tests.course.mutants.bank``.

``lessonNN.txt`` beside this file holds them: "# wrong NAME: what is wrong" or "# right NAME: how
it is written", and then a function, or only its body, or only the expression that it returns.
They use what a lesson has at hand: torch, NumPy, the standard library, and the lesson's other
functions. Those of ``SLIPS`` are made of every exercise's right answer.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import inspect
import io
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import torch

from prvr_lite.course.grading.diagnosis import OpenExerciseError, cases, diagnose
from prvr_lite.course.grading.session import exercises

FOLDER = Path(__file__).parent
EXERCISES = exercises()
ENDLESS = 0.7  # seconds for an answer whose loop never ends
AT_HAND = """
import bisect, copy, functools, io, itertools, math, pickle, pickletools, random, statistics, struct
from collections import Counter, OrderedDict, defaultdict, namedtuple
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.functional import normalize
from prvr_lite import clip_spans
"""
SLIPS = {  # what may happen to a right result on its way out
    "forgotten return": "right(*given)",
    "printed": "print(right(*given))",
    "yielded": "yield right(*given)",
    "a string": "return str(right(*given))",
    "a dictionary": "return {'result': right(*given)}",
    "one bracket too many": "return (right(*given), right(*given), right(*given))",
    "a function": "return lambda: right(*given)",
    "an object": "return object()",
    "a class": "return type('Answer', (), {'result': right(*given)})()",
    "a little more": "return nudged(right(*given))",
    "an error with an object in its text": "raise ValueError(object(), right)",
    "torch has no kernel for it": "return torch.ones(2, dtype=torch.int64).softmax(-1)",
}
NUDGED = """
def nudged(out):
    if isinstance(out, tuple):
        return tuple(map(nudged, out))
    return out + torch.ones((), dtype=out.dtype) if isinstance(out, Tensor) and not isinstance(
        out, torch.BoolTensor) and out.dtype != torch.bool else not out if not isinstance(
        out, (int, float, Tensor)) else ~out if isinstance(out, Tensor) else out + 1
"""


@dataclass(frozen=True)
class Answer:
    right: bool
    name: str
    what: str
    source: str

    @property
    def title(self) -> str:
        return f"{'right' if self.right else 'wrong'}-{self.name}-{self.what}"


def answers(lesson: str = "*") -> list[Answer]:
    """All that the files of one lesson hold, or of every one."""
    found = []
    for path in sorted(FOLDER.glob(f"lesson{lesson}.txt")):
        parts = re.split(r"^# (right|wrong) (\w+): (.*)\n", path.read_text("utf-8"), flags=re.M)
        for kind, name, what, source in zip(*(parts[i::4] for i in (1, 2, 3, 4)), strict=True):
            found.append(Answer(kind == "right", name, what, whole(name, source)))
    return found


def slips(name: str) -> Iterator[Answer]:
    """What may happen to a right answer to any exercise."""
    order = ", ".join(inspect.signature(EXERCISES[name].reference).parameters)
    for what, body in SLIPS.items():
        source = f"def {name}({order}):\n    given = ({order},)\n    {body}\n"
        yield Answer(False, name, what, source)


def whole(name: str, source: str) -> str:
    """A function of its body, or of the expression that it returns."""
    if f"def {name}(" in source:
        return source
    body = source.strip("\n")
    try:
        ast.parse(body, mode="eval")
        body = f"return {body}" if body != "yield" else body
    except SyntaxError:
        pass
    order = ", ".join(inspect.signature(EXERCISES[name].reference).parameters)
    return f"def {name}({order}):\n{indent(body, '    ')}\n"


def compiled(answer: Answer) -> Callable[..., Any]:
    name = answer.name
    room: dict[str, Any] = {e.name: e.reference for e in EXERCISES.values() if e.name != name}
    room["right"] = EXERCISES[name].reference
    exec(AT_HAND + NUDGED, room)
    exec(answer.source, room)
    return room[name]  # type: ignore[no-any-return]


def verdict(answer: Answer, seed: int, tried: Any = None) -> str | None:
    """What a check says; None: it takes the answer for right."""
    exercise = EXERCISES[answer.name]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            seconds = ENDLESS if "endless" in answer.what else None
            return diagnose(exercise, compiled(answer), seed, seconds=seconds, tried=tried)
    except OpenExerciseError:
        return "still open"


def main() -> None:
    """Print which verdicts are wrong or depend on the seed, and what is told."""
    options = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    options.add_argument("--lesson", default="*", help="such as 03; all, if left out")
    options.add_argument("--seeds", type=int, default=40, help="each answer is tried with so many")
    options.add_argument("--messages", action="store_true", help="print what is told, too")
    options.add_argument("--match", default="", help="only titles that hold this")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    began, result = time.monotonic(), Counter[str]()
    listed = answers(chosen.lesson)
    for name in dict.fromkeys(a.name for a in listed):
        here = [a for a in (*listed, *slips(name)) if a.name == name and chosen.match in a.title]
        told: dict[str, list[str | None]] = {a.title: [] for a in here}
        for seed in range(0, 997 * chosen.seeds, 997):
            tried = cases(EXERCISES[name], seed)
            for a in here:
                if "never ends" not in str(told[a.title][:1]):  # one such wait is enough
                    told[a.title].append(verdict(a, seed, tried))
        for a in here:
            taken = sum(one is None for one in told[a.title])
            kinds = ("refused", "taken by luck", "taken")
            kind = kinds[(taken > 0) + (taken == len(told[a.title]))]
            result[f"{a.title[:5]} {kind}"] += 1
            if a.right != (kind == "taken") or kind == kinds[1] or chosen.messages:
                print(f"{kind} {taken}/{len(told[a.title])} {a.title}", flush=True)
            if (chosen.messages or a.right) and taken < len(told[a.title]):
                texts = Counter(str(one) for one in told[a.title] if one)
                print(*(f"    {text}" for text in texts if text == texts.most_common(1)[0][0]))
    print(dict(result), f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
