"""Notebooks with variants: what is written, and how hand-ins of them are graded."""

from __future__ import annotations

import ast
import csv
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hand_ins import cell_of, lesson_file, load, save, solution

from prvr_lite.cli.main import main
from prvr_lite.course.grading.outputs import close, parts
from prvr_lite.course.grading.session import exercises
from prvr_lite.course.grading.varying import Varied, draw_variants, variants_of
from prvr_lite.course.handins import varied
from prvr_lite.course.handins.notebook import read_hand_in
from prvr_lite.files import FileFormatError

LESSON, SEED = 1, "a seed"  # draws second_best and several_right
NAMES = [name for name, one in exercises().items() if one.lesson == LESSON]


def own_text(function: Any, name: str) -> str:
    """A variant's solution as a learner would write it."""
    return inspect.getsource(function).replace(f"def {function.__name__}(", f"def {name}(", 1)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    assert main(["course", "variants", "1", "--seed", SEED, "-o", str(folder)]) == 0
    return next(folder.glob("*.ipynb"))


def hand_in(written: Path, answers: dict[str, str]) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    for name, text in answers.items():
        cell_of(notebook, name)["source"] = text
    return notebook


def test_hand_ins_are_graded_by_their_own_task(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = draw_variants(LESSON, SEED)
    published = {name: solution(LESSON, name) for name in drawn}
    own = {name: own_text(one.variant.answer, name) for name, one in drawn.items()}
    mean = {"mean_score": solution(LESSON, "mean_score")}  # as in the lesson
    save(hand_in(written, mean | own), tmp_path / "in" / "right.ipynb")
    save(hand_in(written, published), tmp_path / "in" / "copied.ipynb")
    save(hand_in(written, {}), tmp_path / "in" / "blank.ipynb")
    save(load(LESSON), tmp_path / "in" / "another.ipynb")
    reader = (
        "def max_score(score, mask):\n"
        "    from prvr_lite.course.lesson01 import variants\n"
        "    return variants.second_best(score, mask)\n"
    )
    save(hand_in(written, {"max_score": reader}), tmp_path / "in" / "reader.ipynb")
    out = tmp_path / "grades.csv"
    assert main(["grade", "1", str(tmp_path / "in"), "-o", str(out), "--variants", SEED]) == 0
    found = {(r["id"], r["exercise"]): r for r in rows(tmp_path / "grades-answers.csv")}
    assert {n: found["right", n]["state"] for n in NAMES} == {
        "mean_score": "right",
        "max_score": "right",
        "log_sum_exp_score": "open",
        "recall_at": "right",
    }
    for name in NAMES:
        assert found["copied", name]["state"] == ("wrong" if name in drawn else "open")
        assert found["blank", name]["state"] == "open"
        assert "not that of this draw" not in found["right", name]["flags"]
        strange = "not that of this draw" in found["another", name]["flags"]
        assert strange == (name in drawn)
    copied = found["copied", "max_score"]
    assert "another task than the one in this notebook" in copied["message"]
    assert "answers another task" in copied["flags"]
    assert "hint" not in copied["message"]
    reads = found["reader", "max_score"]
    assert reads["state"] == "wrong"
    assert "closed" in reads["message"] or "ImportError" in reads["message"]
    assert "the package's answers" in reads["flags"]
    capsys.readouterr()


def test_the_notebook_holds_the_task(written: Path) -> None:
    notebook = json.loads(written.read_text(encoding="utf-8"))
    before = json.loads(lesson_file(LESSON).read_text(encoding="utf-8"))
    assert len(notebook["cells"]) == len(before["cells"])
    changed = [a != b for a, b in zip(notebook["cells"], before["cells"], strict=True)]
    assert sum(changed) == 3 * len(draw_variants(LESSON, SEED))
    text = json.dumps(notebook)
    assert SEED not in text
    for name, one in draw_variants(LESSON, SEED).items():
        assert one.variant.name not in text
        cell = cell_of(notebook, name)
        place = notebook["cells"].index(cell)
        assert one.variant.text.strip() in notebook["cells"][place - 1]["source"]
        check = notebook["cells"][place + 1]
        assert check["source"].endswith(f'check({name}, varied="{one.mark}")')
        assert check["metadata"]["nbgrader"]["locked"]
    marks = read_hand_in(written, "x", LESSON, NAMES).marks
    assert marks == {n: one.mark for n, one in draw_variants(LESSON, SEED).items()}


@pytest.mark.parametrize("lesson", range(1, 14))
def test_every_variant_can_be_written(lesson: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(varied, "_example", lambda exercise: [])
    source = lesson_file(lesson)
    for variant in variants_of(lesson):
        one = Varied(variant, variant.applied(exercises()[variant.exercise]), "12345678")
        notebook = json.loads(varied.changed(source, lesson, {variant.exercise: one}))
        cell = cell_of(notebook, variant.exercise)
        (blank,) = ast.parse(cell["source"]).body
        assert isinstance(blank, ast.FunctionDef)
        assert blank.name == variant.exercise
        assert [a.arg for a in blank.args.args] == list(
            inspect.signature(variant.answer).parameters
        )
        returned = ast.unparse(blank.returns or ast.Constant(""))
        expected = inspect.signature(variant.answer).return_annotation
        assert returned.replace("torch.Tensor", "Tensor") == expected
        assert ast.get_docstring(blank) == inspect.getdoc(variant.answer)
        assert ast.unparse(blank.body[-1]) == "raise NotImplementedError()"
        task = notebook["cells"][notebook["cells"].index(cell) - 1]["source"]
        assert variant.text.strip() in task
        assert (f"· {variant.exercise} " in task) == ("✏️" in task)


@pytest.mark.parametrize("lesson", [1, 4, 9])
def test_examples_are_right(lesson: int) -> None:
    for variant in variants_of(lesson):
        exercise = variant.applied(exercises()[variant.exercise])
        text = "\n".join(varied._example(exercise))
        call, _, result = text.partition("```python\n")[2].partition("\n# -> ")
        given = eval(call, {"torch": torch, variant.exercise: variant.answer})
        right = eval(result.partition("\n")[0], {"torch": torch})
        for a, b in zip(parts(given), parts(right), strict=True):
            assert close(a, b, 2e-4)


def test_what_an_instructor_may_get_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(lesson_file(1).parent)
    for arguments, message in (
        (["course", "variants", "77"], "there is no lesson 77 with exercises"),
        (["course", "variants", "1", "--notebooks", str(tmp_path)], "no notebook of lesson 1"),
        (["course", "variants", "1", "-o", home], "choose another folder"),
        (["course", "variants", "1", "--twists", str(tmp_path / "no.py")], "no.py"),
        (["grade", "1", home, "--twists", "x.py"], "add --variants SEED"),
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert message in said
        assert said.count("\n") == 1
    bad = tmp_path / "01_bad.ipynb"
    for content in ('{"cells": []}', "[]", "not a notebook"):
        bad.write_text(content, encoding="utf-8")
        with pytest.raises(FileFormatError, match="an exercise is missing"):
            varied.changed(bad, 1, draw_variants(1, SEED))
