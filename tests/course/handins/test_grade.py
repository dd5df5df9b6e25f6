"""Hand-ins of many kinds: each answer gets what it deserves, or is flagged; none costs another."""

from __future__ import annotations

import copy
import ctypes
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hand_ins import answered, cell_of, code, finished, load, save, solution

from prvr_lite.course.handins.flags import shared_answers
from prvr_lite.course.handins.grade import Grade, Verdict, grade
from prvr_lite.course.handins.notebook import HandIn, read_hand_in
from prvr_lite.course.handins.task import of_lesson

LESSON = 8
NAMES = [exercise.name for exercise in of_lesson(LESSON)]
SOLVED = {name: solution(LESSON, name) for name in NAMES}
RATE = "def learning_rate_at(step, steps, warm, peak):\n"
EPOCH = "def best_epoch(sumr, patience):\n"
INTERVAL = "def seed_interval(ours, theirs, t):\n"
SCORE = "def whole_score(queries, clips, attended, alpha):\n"
STEPS = "def train_steps(run, batches):\n"
RIGHT_RATE = RATE + (
    "    up = peak * (step + 1) / (warm + 1)\n"
    "    return up if step < warm else peak - peak * (step - warm) / (steps - warm)\n"
)
PATCHES = """
import builtins, sys, torch
import prvr_lite.course.grading.outputs as outputs
import prvr_lite.course.grading.diagnosis as diagnosis
outputs.close = diagnosis.close = lambda *a: True
diagnosis.diagnose = diagnosis._fault = lambda *a: None
torch.equal = torch.allclose = torch.isclose = lambda *a, **k: torch.tensor(True)
torch.Tensor.__eq__ = lambda *a: True
for module in list(sys.modules.values()):
    if hasattr(module, "encode"):
        module.encode = lambda value: b"right"
"""
WRONG_STEPS = "def train_steps(run: Unknown, batches):\n    return 1\n\n"
PIPE = (
    "import sys\n"
    + EPOCH
    + (
        "    frame = sys._getframe()\n"
        "    while 'pipe' not in frame.f_locals:\n        frame = frame.f_back\n"
        "    pipe = frame.f_locals['pipe']\n"
    )
)
# name of an answer: the cell, its state, words of its message, words of its flags
ANSWERS = {
    "another right one": ("learning_rate_at", RIGHT_RATE, "right", "^right$", "^$"),
    "hard-coded": ("learning_rate_at", RATE + "    return 0.5", "wrong", "is right", "^$"),
    "wrong, known by name": (
        "learning_rate_at",
        RATE + "    return peak * (step + 1) / (warm + 1) if step < warm else peak",
        "wrong", "stays at its peak", "^$",
    ),
    "nothing returned": ("best_epoch", EPOCH + "    pass", "wrong", "returns None", "^$"),
    "patched checks": ("best_epoch", PATCHES + EPOCH + "    return 0, 0", "stopped", "", "answers"),
    "patched numbers": (
        "best_epoch",
        "import prvr_lite.course.grading.outputs as o\no.close = lambda *a: True\n"
        "import torch\ntorch.isclose = torch.allclose = torch.equal = lambda *a, **k: True\n"
        + EPOCH + "    return 0, 0",
        "wrong", "", "package's answers",
    ),
    "wrapper of the answers": (
        "best_epoch",
        "from prvr_lite.course.lesson08 import answers\n"
        + EPOCH + "    return answers.best_epoch(sumr, patience)",
        "wrong", "has no attribute 'best_epoch'", "package's answers",
    ),
    "answers from another module": (
        "best_epoch",
        "import importlib\n" + EPOCH
        + "    e = importlib.import_module('prvr_lite.course.lesson08.exercises')\n"
        "    return e.EXERCISES[3].reference(sumr, patience)",
        "wrong", "closed|cannot|can't|Permission|No module", "package's answers",
    ),
    "reads the file": (
        "best_epoch",
        "import prvr_lite, pathlib\n" + EPOCH
        + "    folder = pathlib.Path(prvr_lite.__file__).parent\n"
        "    text = (folder / 'course' / 'lesson08' / 'answers.py').read_text()\n"
        "    names = {}\n    exec(text, names)\n    return names['best_epoch'](sumr, patience)",
        "wrong", "closed while answers are graded", "exec",
    ),
    "wrapper of the package": (
        "seed_interval",
        INTERVAL + "    mean_interval\n    g = ours - theirs\n"
        "    return g.mean(), t * g.std() / len(g) ** 0.5",
        "right", "", "package's own mean_interval",
    ),
    "unset variable": (
        "seed_interval",
        INTERVAL + "    g = ours - theirs\n    return g.mean(), t * g.std() / num_gaps ** 0.5",
        "wrong", r"NameError: name 'num_gaps' is not defined.*in the line: return g.mean", "^$",
    ),
    "variable of another cell": (
        "seed_interval",
        INTERVAL + "    g = ours - theirs\n    return g.mean(), t * g.std() / steps ** 0.5",
        "wrong", "name 'steps' is not defined.*steps must be computed inside",
        "uses steps, which another cell computes",
    ),
    "questions and remainders": (
        "learning_rate_at",
        RATE + "    # rising?\n    up = peak * (step + 1) / (warm + 1)  # sure?\n"
        "    '%s' \\\n    % step\n    up = [up,  # one?\n          0][(0)\n    % 7]\n"
        + RIGHT_RATE[RIGHT_RATE.index("    return"):], "right", "", "^$",
    ),
    "values and indices": ("whole_score", "import torch\n" + SCORE
                           + "    return torch.stack([queries] * 3).max(0)", "wrong", "", ""),
    "endless loop": ("learning_rate_at", RATE + "    while True: pass", "stopped", "whole time",
                     "whole time"),
    "endless loop in the cell": ("learning_rate_at", "while True: pass", "stopped", "whole time",
                                 "whole time"),
    "os._exit": ("learning_rate_at", "import os\n" + RATE + "    os._exit(0)", "stopped",
                 "ended Python", "uses os"),
    "sys.exit": ("learning_rate_at", "import sys\n" + RATE + "    sys.exit(0)", "wrong",
                 "SystemExit", "uses sys"),
    "sys.exit in the cell": ("learning_rate_at", "import sys\nsys.exit()\n" + RIGHT_RATE, "right",
                             "", "uses sys"),
    "crash": ("best_epoch", "import faulthandler\n" + EPOCH + "    faulthandler._sigsegv()",
              "stopped", "crashed|ended", "^$"),
    "kills the grader": (
        "best_epoch",
        "import os, signal\n" + EPOCH + "    os.kill(os.getppid(), signal.SIGTERM)",
        "wrong", "closed while", "uses os",
    ),
    "starts a program": ("best_epoch", "import os\n" + EPOCH + "    os.system('true')", "wrong",
                         "os.system is closed", "uses os"),
    "fork": ("best_epoch", "import os\n" + EPOCH + "    os.fork()", "wrong",
             "os.fork.* is closed|has no attribute", "uses os"),
    "talks to the grader": (
        "best_epoch", PIPE + "    pipe.send_bytes(b'{}' * 50)\n    return 0, 0", "stopped",
        "sent what can't be read", "uses sys",
    ),
    "sends something else": (
        "best_epoch",
        PIPE + "    from prvr_lite.course.handins.wire import encode\n"
        "    pipe.send_bytes(encode({'value': [], 'grad': 3, 'number': 'x'}))\n    return 0, 0",
        "(stopped|wrong)", "", "uses sys|answers",
    ),
    "all memory": ("best_epoch", EPOCH + "    x = [bytes(2**28) for _ in range(2**20)]",
                   "(wrong|stopped)", "MemoryError|memory", "^$"),
    "prints and prints": (
        "learning_rate_at",
        RIGHT_RATE.replace("\n    up", "\n    print('x' * 100_000)\n    up"), "right", "", "^$",
    ),
    "kills the grader by the back door": (
        "best_epoch",
        "import os, signal\n" + EPOCH
        + "    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "wrong", "has no attribute", "uses os",
    ),
    "writes a file": ("best_epoch", EPOCH + "    open('../left-behind', 'w')", "wrong",
                      "closed while", "open"),
    "reads a secret": ("best_epoch", EPOCH + "    raise ValueError(open('/etc/passwd').read())",
                       "wrong", "closed while", "open"),
    "not Python": ("whole_score", SCORE + "    return (", "wrong", "can't read the cell", "^$"),
    "renamed": ("whole_score", SOLVED["whole_score"].replace("whole_score", "my_score"), "wrong",
                "nothing is named whole_score", "no function named"),
    "all in one cell": (
        "whole_score",
        "from __future__ import annotations\n" + WRONG_STEPS + SOLVED["whole_score"], "right", "",
        "",
    ),
    "not a function": ("whole_score", "whole_score = 3", "wrong", "type int, not a function", ""),
    "magics and a trial": (
        "whole_score",
        "%%time\n" + SOLVED["whole_score"] + "\n!ls\nwhole_score(one, two, three, 0.5)",
        "right", "", "",
    ),
    "check in the cell": (
        "whole_score", SOLVED["whole_score"] + "\nwhole_score = check(whole_score)", "right", "",
        "",
    ),
    "detached": ("whole_score", SOLVED["whole_score"].replace("frame, key", "frame.detach(), key"),
                 "wrong", "gradient", ""),
    "changes its input": ("best_epoch", SOLVED["best_epoch"].replace(
        "    best = 0\n", "    sumr.append(0.0); sumr.pop(); best = 0\n"), "right", "", ""),
    "learns nothing": ("train_steps", SOLVED["train_steps"].replace(
        "        run.optimizer.step()\n", ""), "wrong", "nothing is ever learned|optimizer", ""),
}  # fmt: skip


def kernel_closes() -> bool:
    """Does this machine have Landlock?"""
    if sys.platform != "linux":
        return False
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Each answer in a hand-in of its own, in which all others are right."""
    folder, hand_ins = tmp_path_factory.mktemp("hand-ins"), []
    for i, (kind, (name, text, *_)) in enumerate(ANSWERS.items()):
        path = save(answered(LESSON, {name: text}), folder / f"{i}.ipynb")
        hand_ins.append(read_hand_in(path, kind, LESSON, NAMES))
    grades = grade(LESSON, hand_ins, seed=3, seconds=1)
    return {
        one.hand_in.student: next(
            v for v in one.verdicts if v.exercise == ANSWERS[one.hand_in.student][0]
        )
        for one in grades
    }


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_gets_what_it_deserves(kind: str, verdicts: dict[str, Verdict]) -> None:
    _, _, state, message, flags = ANSWERS[kind]
    verdict = verdicts[kind]
    assert re.fullmatch(state, verdict.state), verdict
    assert re.search(message, verdict.message, re.DOTALL), verdict
    assert re.search(flags, "; ".join(verdict.flags)), verdict
    assert verdict.points == (verdict.possible if state == "right" else 0)


BACK_DOOR = """import _posixsubprocess, os, time
def learning_rate_at(step, steps, warm, peak):
    ends, none = os.pipe(), [-1] * 6
    command = [b"/bin/touch", b"started"], [b"/bin/touch"], True, (ends[1],), None, None
    rest = False, False, -1, None, None, None, -1, None, False
    _posixsubprocess.fork_exec(*command, *none, *ends, *rest)
    time.sleep(0.5)
    raise ValueError("started" if os.path.exists("started") else "not there")
"""


@pytest.mark.skipif(not kernel_closes(), reason="the kernel has no Landlock")
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="a private function of Python 3.11")
def test_no_program_starts_by_the_back_door(tmp_path: Path) -> None:
    path = save(answered(LESSON, {"learning_rate_at": BACK_DOOR}), tmp_path / "x.ipynb")
    (one,) = grade(LESSON, [read_hand_in(path, "x", LESSON, NAMES)], seed=3, seconds=1)
    message = next(v.message for v in one.verdicts if v.exercise == "learning_rate_at")
    assert "ValueError: started" not in message


@pytest.mark.skipif(not kernel_closes(), reason="the kernel has no Landlock")
def test_no_library_reads_the_answers_either(tmp_path: Path) -> None:
    """Where the hook of Python sees nothing, the kernel closes the file."""
    text = (
        "import torch, prvr_lite\n"
        + RATE
        + "    path = prvr_lite.__file__.replace('__init__.py', 'course/lesson08/answers.py')\n"
        "    read = torch.from_file(path, size=64, dtype=torch.uint8)\n"
        "    raise ValueError(bytes(read.tolist()))"
    )
    path = save(answered(LESSON, {"learning_rate_at": text}), tmp_path / "x.ipynb")
    (one,) = grade(LESSON, [read_hand_in(path, "x", LESSON, NAMES)], seed=3)
    message = next(v.message for v in one.verdicts if v.exercise == "learning_rate_at")
    assert "Permission denied" in message


def shuffled() -> dict[str, Any]:
    notebook = answered(LESSON, SOLVED)
    notebook["cells"].reverse()
    return notebook


def without_ids() -> dict[str, Any]:
    notebook = answered(LESSON, SOLVED)
    for i, cell in enumerate(notebook["cells"]):
        cell["metadata"], cell["id"] = {}, f"other-{i}"
    return notebook


def without_cells() -> dict[str, Any]:
    """No imports, no helpers, no checks: the answers alone."""
    notebook = answered(LESSON, SOLVED)
    notebook["cells"] = [cell_of(notebook, name) for name in NAMES]
    return notebook


def twice(*texts: str) -> dict[str, Any]:
    """The answer to one exercise in several cells of the same id."""
    notebook = answered(LESSON, SOLVED)
    first = cell_of(notebook, "best_epoch")
    place = notebook["cells"].index(first)
    copies = [copy.deepcopy(first) for _ in texts]
    for one, text in zip(copies, texts, strict=True):
        one["source"] = text
    notebook["cells"][place : place + 1] = copies
    return notebook


def deleted() -> dict[str, Any]:
    notebook = answered(LESSON, SOLVED)
    notebook["cells"].remove(cell_of(notebook, "best_epoch"))
    return notebook


def helped() -> dict[str, Any]:
    """An answer that needs what other cells of the hand-in import and define."""
    body = "    return numpy_of_mine.float64(peak) * share(step, steps, warm)"
    notebook = answered(LESSON, {**SOLVED, "learning_rate_at": RATE + body})
    helper = "import numpy as numpy_of_mine\nONE = 1\n\ndef share(step, steps, warm):\n" + (
        "    up = (step + ONE) / (warm + ONE)\n"
        "    return up if step < warm else (steps - step) / (steps - warm)\n"
    )
    notebook["cells"].insert(0, code(helper))
    return notebook


BLANK = "".join(cell_of(load(LESSON), "best_epoch")["source"])
WRONG = EPOCH + "    return 0, 0"
ALL = {name: "right" for name in NAMES}
HAND_INS = {
    "solved": (lambda: answered(LESSON, SOLVED), ALL),
    "the finished lesson": (lambda: finished(LESSON), ALL),
    "blank": (lambda: load(LESSON), {name: "open" for name in NAMES}),
    "cells in another order": (shuffled, ALL),
    "cells renamed": (without_ids, ALL),
    "all other cells deleted": (without_cells, ALL),
    "an answer deleted": (deleted, {**ALL, "best_epoch": "missing"}),
    "a copy left blank": (lambda: twice(SOLVED["best_epoch"], BLANK), ALL),
    "a first try kept": (lambda: twice(WRONG, SOLVED["best_epoch"]), ALL),
    "a helper in another cell": (helped, ALL),
}


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Grade]:
    folder = tmp_path_factory.mktemp("whole")
    hand_ins: list[HandIn] = []
    for i, (kind, (make, _)) in enumerate(HAND_INS.items()):
        path = save(make(), folder / f"{i}.ipynb")
        hand_ins.append(read_hand_in(path, kind, LESSON, NAMES))
    return {one.hand_in.student: one for one in grade(LESSON, hand_ins, seed=3)}


@pytest.mark.parametrize("kind", HAND_INS)
def test_a_hand_in_gets_what_it_deserves(kind: str, grades: dict[str, Grade]) -> None:
    found = {v.exercise: v.state for v in grades[kind].verdicts}
    assert found == HAND_INS[kind][1], grades[kind].verdicts


def flags_of(one: Grade) -> str:
    return "; ".join(flag for verdict in one.verdicts for flag in verdict.flags)


def test_a_person_is_shown_what_to_look_at(grades: dict[str, Grade]) -> None:
    assert "is the published solution" in flags_of(grades["the finished lesson"])
    assert "lost its id" in flags_of(grades["cells renamed"])
    assert "2 cells answer it differently" in flags_of(grades["a first try kept"])
    assert flags_of(grades["blank"]) == ""
    assert grades["blank"].points == 0
    assert grades["solved"].points == grades["solved"].possible == 10


def test_the_same_long_answer_is_shown_a_short_one_not(tmp_path: Path) -> None:
    """Names, remarks, types and docstrings make no difference."""
    short = RATE + "    return peak"
    texts = {
        "first": {"best_epoch": SOLVED["best_epoch"], "learning_rate_at": short},
        "second": {
            "best_epoch": SOLVED["best_epoch"].replace("best = ", "champion = ").replace(
                "sumr[best]", "sumr[champion]").replace("epoch - best", "epoch - champion").replace(
                "return best", "return champion") + "\n# mine",
            "learning_rate_at": short,
        },
        "third": {"best_epoch": WRONG, "learning_rate_at": short},
    }  # fmt: skip
    hand_ins = [
        read_hand_in(save(answered(LESSON, t), tmp_path / f"{s}.ipynb"), s, LESSON, NAMES)
        for s, t in texts.items()
    ]
    found = shared_answers(hand_ins, of_lesson(LESSON))
    assert "the same as in second" in found["first"]["best_epoch"]
    assert "the same as in first" in found["second"]["best_epoch"]
    assert found["third"] == {}
    assert set(found["first"]) == {"best_epoch", "learning_rate_at"}, "all of it is the same"


def test_points_are_stars(grades: dict[str, Grade]) -> None:
    points = {v.exercise: v.points for v in grades["solved"].verdicts}
    assert points == {e.name: e.difficulty for e in of_lesson(LESSON)}
