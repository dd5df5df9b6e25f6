"""Lesson 12's exercise on files that run code: what is safe passes, what is not is caught."""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any

import pytest
import torch

from prvr_lite.course.grading.diagnosis import diagnose
from prvr_lite.course.grading.session import find
from prvr_lite.course.lesson12 import pickles as p
from prvr_lite.course.lesson12.answers import read_without_running

EXERCISE = find("read_without_running")


def names_in(data: bytes) -> list[str]:
    """Returns every "module.name" that a pickle asks for, without running the pickle."""
    names: list[str] = []
    texts: list[str] = []
    memo: dict[int, str] = {}
    for op, argument, _ in pickletools.genops(data):
        if op.name in ("GLOBAL", "INST"):
            names.append(str(argument).replace(" ", "."))
        if op.name == "STACK_GLOBAL":
            names.append(".".join(texts[-2:]))
        if isinstance(argument, str):
            texts.append(argument)
        if op.name in ("MEMOIZE", "BINPUT") and texts:
            memo[len(memo) if argument is None else argument] = texts[-1]
        if op.name == "BINGET" and argument is not None:
            texts.append(memo[argument])
    return names


def drawn(seed: int) -> dict[str, Any]:
    return EXERCISE.draw(torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(5))
def test_the_solution_refuses_the_bad_files_and_runs_nothing(seed: int) -> None:
    inputs = drawn(seed)
    p.rung()
    found = read_without_running(**inputs)
    assert p.rung() is None
    bad = [any(n not in inputs["allowed"] for n in names_in(f)) for f in inputs["files"]]
    assert found.isnan().tolist() == bad
    assert sum(bad) == 7


def test_the_bad_files_do_run_code_where_they_are_trusted() -> None:
    p.rung()
    for data in drawn(0)["files"]:
        pickle.loads(data)
    assert "4 of the files ran code" in str(p.rung()), "ring 3 times, EasyDict once"


def test_right_numbers_do_not_excuse_what_ran_on_the_way() -> None:
    """An answer that looks too late gives the right result; what it set off is told."""

    def too_late(files: list[bytes], allowed: dict[str, Any]) -> torch.Tensor:
        for data in files:
            pickle.loads(data)
        return read_without_running(files, allowed)

    found = diagnose(EXERCISE, too_late, 0)
    assert found is not None
    assert "of the files ran code of their own while they were read" in found


def test_an_answer_of_another_make_passes() -> None:
    """Names are read off first, and only what names nothing else is loaded."""

    def by_names(files: list[bytes], allowed: dict[str, Any]) -> torch.Tensor:
        class Given(pickle.Unpickler):
            def find_class(self, module: str, name: str) -> Any:
                return allowed[f"{module}.{name}"]

        good = [all(name in allowed for name in names_in(data)) for data in files]
        return torch.tensor(
            [
                Given(io.BytesIO(data)).load()["alpha"] if fine else torch.nan
                for data, fine in zip(files, good, strict=True)
            ]
        )

    assert diagnose(EXERCISE, by_names, 0) is None


def test_bytes_are_told_by_their_number() -> None:
    found = diagnose(find("bigfile_rows"), lambda data, ids, dim, names: 1 / 0, 0)
    assert found is not None
    assert " bytes, ids [" in found
    found = diagnose(EXERCISE, lambda files, allowed: 1 / 0, 0)
    assert found is not None
    assert "The inputs were files [" in found
    assert "\\x80" not in found
