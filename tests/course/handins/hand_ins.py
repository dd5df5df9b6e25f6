"""Makes hand-ins of a lesson for tests: the exercise notebook with some of its cells changed."""

from __future__ import annotations

import copy
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

for needed in ("jupytext", "nbgrader"):
    pytest.importorskip(needed, reason="the extra `course` is not installed")

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "notebooks"))
import lesson_source  # noqa: E402

from prvr_lite.course.handins.notebook import grade_id  # noqa: E402

HOME = Path(__file__).resolve().parents[3] / "notebooks"


def lesson_file(lesson: int, folder: str = "exercises") -> Path:
    return next((HOME / folder).glob(f"{lesson:02d}_*.ipynb"))


def load(lesson: int, folder: str = "exercises") -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(lesson_file(lesson, folder).read_text("utf-8"))
    return notebook


def cell_of(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """The answer cell of an exercise."""
    ids = [c for c in notebook["cells"] if grade_id(c).endswith(f"-{name}-solution")]
    found: dict[str, Any] = ids[0]
    return found


def solution(lesson: int, name: str) -> str:
    """The text of an answer cell with its solution, as the lesson's source and answers have it."""
    found: str = cell_of(finished(lesson), name)["source"]
    return found


@cache
def finished(lesson: int) -> dict[str, Any]:
    """The lesson with its solutions, made of its source."""
    (source,) = lesson_source.lessons([f"{lesson:02d}"])
    notebook: dict[str, Any] = lesson_source.finished_form(source.read(""))
    return notebook


def answered(lesson: int, answers: dict[str, str]) -> dict[str, Any]:
    """The exercise notebook with these answers in its cells; the others stay blank."""
    notebook = copy.deepcopy(load(lesson))
    for name, text in answers.items():
        cell_of(notebook, name)["source"] = text
    return notebook


def code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": []}


def save(notebook: dict[str, Any], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
