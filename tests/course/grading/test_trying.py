"""An answer reaches no further than its own result: inputs, settings, output, time, errors."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from prvr_lite.course.grading import diagnosis, trying
from prvr_lite.course.grading.diagnosis import OpenExerciseError, diagnose
from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.session import exercises, find

EVERY = list(exercises().values())


def doubled(x: Tensor, names: list[str]) -> Tensor:
    return 2 * x


TOY = Exercise(
    "doubled",
    0,
    doubled,
    lambda g: {"x": torch.randn(3, 4, generator=g), "names": ["b", "a"]},
    "[A, B]",
    (),
    ("think.",),
    axes={"x": "Ab"},
    gradient=("x",),
)


def told(answer: Callable[..., Any], exercise: Exercise = TOY) -> str:
    return diagnose(exercise, answer, 0) or ""


async def _later(**_: Any) -> None:
    """Somebody who has read about async."""


def _one_by_one(**_: Any) -> Any:
    yield 1


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.name)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_forgotten_return_is_told(exercise: Exercise) -> None:
    """Whatever comes out instead, the check says what it is, and does not break."""
    for answer in (lambda **_: None, lambda **_: ...):
        found = told(answer, exercise)
        assert re.search("returns None|(is|returns) an? ellipsis", found), found
    for answer in (lambda **_: "1.0", lambda **_: {"a": 1}, lambda **_: {1}, lambda **_: object()):
        found = told(answer, exercise)
        assert re.search(r"where .+ (is|are) asked for", found), found
    assert "without yield" in told(_one_by_one, exercise)
    assert "without async" in told(_later, exercise)


def test_only_the_blank_is_open() -> None:
    def blank(x: Tensor, names: list[str]) -> Tensor:
        raise NotImplementedError("TODO")

    def in_one_branch(x: Tensor, names: list[str]) -> Tensor:
        if len(x) == 1:
            raise NotImplementedError
        return 2 * x

    def by_torch(x: Tensor, names: list[str]) -> Tensor:
        torch._C._nn.nll_loss_nd  # noqa: B018
        return torch.ops.aten._not_there(x)  # type: ignore[no-any-return]

    with pytest.raises(OpenExerciseError):
        diagnose(TOY, blank, 0)
    assert "NotImplementedError, in the line: raise NotImpl" in told(in_one_branch)
    assert "in the line: return torch.ops.aten" in told(by_torch)

    def without_a_kernel(score: Tensor, mask: Tensor) -> Tensor:
        return score.long().softmax(-1).float()[:, 0]

    assert "NotImplementedError: " in told(without_a_kernel, find("mean_score"))


def test_gradients_have_values() -> None:
    assert told(lambda x, names: x + x.detach()).startswith("the numbers are right, but not the gr")
    assert "no gradient reaches x" in told(lambda x, names: 2 * x.detach())
    hidden = lambda x, names: torch.where(x > -9, 2 * x, (x - x).sqrt())  # noqa: E731
    assert "gradient of x is NaN" in told(hidden)


def test_sizes_of_one_occur() -> None:
    found = told(lambda x, names: (2 * x).squeeze())
    assert "has shape [4] instead of [1, 4] = [A, B]" in found


def test_inputs_of_any_type_come_back_untouched() -> None:
    def sorts(x: Tensor, names: list[str]) -> Tensor:
        names.sort()
        return 2 * x

    assert "it changed its input names in place" in told(sorts)
    table = {"a": [np.ones(2), {"b": torch.ones(2)}], "c": (1, [2])}
    copied = diagnosis.copy_inputs(table)
    assert trying.same(table, copied)
    copied["a"][1]["b"][0] = 5
    copied["a"][0][1] = 7
    assert not trying.same(table, copied)
    assert table["a"][0].tolist() == [1, 1]


def test_settings_are_restored_and_told(tmp_path: Any) -> None:
    changes: dict[str, Callable[[], Any]] = {
        "torch's default type": lambda: torch.set_default_dtype(torch.float64),
        "whether torch keeps gradients": lambda: torch.set_grad_enabled(False),
        "NumPy's treatment of errors": lambda: np.seterr(all="raise"),
        "the working folder": lambda: os.chdir(tmp_path),
        "the seed of torch's": lambda: torch.manual_seed((torch.initial_seed() + 1) % 2**60),
        "the number of torch's threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    }
    before, drawn = trying._Settings().was, torch.get_rng_state()
    for name, change in changes.items():

        def answer(x: Tensor, names: list[str], change: Callable[[], Any] = change) -> Tensor:
            right = 2 * x
            change()
            torch.rand(1)
            return right

        assert f"it changes {name}" in told(answer)
        assert trying._Settings().was == before
        assert torch.equal(torch.get_rng_state(), drawn)
    assert told(lambda x, names: 2 * x + 0 * torch.rand(1)) == ""

    def changes_all(x: Tensor, names: list[str]) -> Tensor:
        for change in changes.values():
            change()
        return 2 * x

    assert f"it changes {next(iter(changes))}" in told(changes_all)
    assert trying._Settings().was == before, "all of them, not the first alone"


def test_an_endless_loop_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying.in_time, "__defaults__", (0.3,))

    def endless(x: Tensor, names: list[str]) -> Tensor:
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                continue

    start, threads = time.monotonic(), threading.active_count()
    found = told(endless)
    assert found.startswith("it was stopped after ")
    assert "on tiny inputs, in the line: " in found
    assert time.monotonic() - start < 3
    assert threading.active_count() == threads


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to itself")
def test_it_can_be_interrupted() -> None:
    def endless(x: Tensor, names: list[str]) -> Tensor:
        while True:
            time.sleep(0.001)

    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        told(endless)


def test_what_it_prints_comes_once_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    def talks(x: Tensor, names: list[str]) -> Tensor:
        print("here")
        return 2 * x

    def talks_a_lot(x: Tensor, names: list[str]) -> Tensor:
        for _ in range(10_000):
            print("there")
        return 2 * x

    assert told(talks) == ""
    assert capsys.readouterr().out == "here\n"
    told(talks_a_lot)
    said = capsys.readouterr().out
    assert len(said) < 2100
    assert said.endswith("…\n")


def test_errors_are_told_with_their_line_and_cut() -> None:
    def far(x: Tensor, names: list[str]) -> Tensor:
        return x[99]

    def long(x: Tensor, names: list[str]) -> Tensor:
        raise ValueError("many words " * 10_000)

    def quiet(x: Tensor, names: list[str]) -> Tensor:
        raise MemoryError

    def leaves(x: Tensor, names: list[str]) -> Tensor:
        sys.exit()

    found = told(far)
    assert "it stopped with IndexError: " in found
    assert ", in the line: return x[99]. The inputs were x [[" in found
    assert found.endswith("hint('doubled') may help.")
    assert len(told(long)) < 800
    assert "it stopped with MemoryError, in the line: raise" in told(quiet)
    assert "it stopped with SystemExit, in the line: sys.exit()" in told(leaves)


def test_parameters_keep_their_names_and_order() -> None:
    for answer in (
        lambda x, name: 2 * x,
        lambda names, x: 2 * x,
        lambda x: 2 * x,
        lambda x, names, more: 2 * x,
    ):
        assert "the lesson calls it with (x, names)" in told(answer)
    assert told(lambda x, names, more=1, *, other=2: 2 * x) == ""


def test_a_loop_behind_tolist_is_one() -> None:
    def by_list(score: Tensor, mask: Tensor) -> Tensor:
        rows = zip(score.tolist(), mask.tolist(), strict=True)
        means = [sum(s for s, m in zip(*row, strict=True) if m) / sum(row[1]) for row in rows]
        return torch.tensor(means)

    assert "no gradient" in told(by_list, find("mean_score"))

    def hits(score: Tensor, right: Tensor, k: int) -> float:
        rows = zip(score.tolist(), right.tolist(), strict=True)
        found = [sum(x >= row[own] for x in row) <= k for row, own in rows]
        return 100 * sum(found) / len(found)

    assert "a loop makes them" in told(hits, find("recall_at"))
