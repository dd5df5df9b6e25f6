"""Writes the exercise notebook of a lesson with variants in place of some of its tasks."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from prvr_lite.course.grading.case import Case
from prvr_lite.course.grading.diagnosis import cases
from prvr_lite.course.grading.drawing import fits
from prvr_lite.course.grading.exercise import Exercise, Inputs
from prvr_lite.course.grading.outputs import parts
from prvr_lite.course.grading.varying import Varied
from prvr_lite.course.handins.notebook import exercise_notebooks, grade_id
from prvr_lite.files import FileFormatError, damaged, replacing

BLANK = "    # YOUR CODE HERE\n    raise NotImplementedError()"
HEADING = "✏️"
NOTE = (
    "*{name}: this task is not the one of the published lesson. The check below can't know it: "
    "your instructor grades it, and the lesson goes on with the package's function.*"
)
CHECK = "# Graded by your instructor; what comes next uses the package's {name}.\n{call}"
KEPT, SMALL = 3, 50  # of an example: places per dimension, numbers per input
EXAMPLE_SEED = 1


def notebook_of(lesson: int, folder: Path) -> Path:
    """Returns the exercise notebook of a lesson.

    Raises:
        FileNotFoundError: the folder holds none; says where they are.
    """
    found = exercise_notebooks(folder)
    if lesson not in found:
        raise FileNotFoundError(
            f"there is no notebook of lesson {lesson} in {folder}: name the folder with the "
            "course's exercise notebooks (notebooks/exercises of the repository) with --notebooks"
        )
    return found[lesson]


def write_varied(source: Path, target: Path, lesson: int, varied: Mapping[str, Varied]) -> None:
    """Writes a lesson's exercise notebook with the variants that were drawn.

    Raises:
        ValueError: both paths are the same file.
        FileFormatError: the source isn't such a notebook, or lacks an exercise.
    """
    if target.resolve() == source.resolve():
        raise ValueError(f"{target} would replace the lesson's own notebook: choose another folder")
    text = changed(source, lesson, varied)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def changed(source: Path, lesson: int, varied: Mapping[str, Varied]) -> str:
    """Returns the text of a lesson's exercise notebook with the variants that were drawn.

    Raises:
        FileFormatError: it isn't such a notebook, or lacks an exercise.
    """
    try:
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for name, one in varied.items():
            _change(notebook["cells"], f"lesson{lesson:02d}-{name}", one)
    except FileFormatError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        fix = "take the exercise notebooks that belong to this version of the package"
        raise damaged(source, "an exercise is missing, or it is not a notebook", fix) from error
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _change(cells: list[dict[str, Any]], label: str, one: Varied) -> None:
    """Puts a variant where the exercise stood: its text, its blank, its check cell."""
    places = {grade_id(cell): place for place, cell in enumerate(cells)}
    at, check = places[f"{label}-solution"], places[f"{label}-check"]
    heading, answer = cells[at - 1], cells[at]
    if heading["cell_type"] != "markdown":
        raise LookupError(label)
    before = _text(heading).splitlines()
    start = next((i for i, line in enumerate(before) if HEADING in line), 0)
    kept = before[: start + 1] if HEADING in before[start] else []
    name = one.variant.exercise
    note, task = NOTE.format(name=f"`{name}`"), one.variant.text.strip()
    heading["source"] = "\n".join([*kept, "", note, "", task, *_example(one.exercise)]).lstrip()
    answer["source"] = _blank(_text(answer), one)
    call = f'{name} = check({name}, varied="{one.mark}")'
    cells[check]["source"] = CHECK.format(name=name, call=call)


def _text(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _blank(cell: str, one: Varied) -> str:
    """Returns the answer's cell with the variant's docstring and, if they differ, parameters."""
    name, answer = one.variant.exercise, one.variant.answer
    found = {n.name: n for n in ast.parse(cell).body if isinstance(n, ast.FunctionDef)}
    node, lines = found[name], cell.splitlines()
    head = "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])
    tensor = "torch.Tensor" if "torch.Tensor" in head else "Tensor"
    asked = inspect.signature(answer)
    if [a.arg for a in node.args.args] != list(asked.parameters):
        given = (p.name + _typed(": ", p.annotation, tensor) for p in asked.parameters.values())
        head = f"def {name}({', '.join(given)}):"
    result = f" -> {ast.unparse(node.returns)}:" if node.returns else ":"
    head = head.removesuffix(result).removesuffix(":")
    head += _typed(" -> ", asked.return_annotation, tensor) + ":"
    told = (inspect.getdoc(answer) or "").splitlines()
    doc = "\n".join(f"    {line}".rstrip() for line in told).strip()
    ending = '"""' if len(told) == 1 else '\n    """'
    body = f'    """{doc}{ending}\n{BLANK}'
    return "\n".join([*lines[: node.lineno - 1], head, body, *lines[node.end_lineno or 0 :]])


def _typed(sign: str, annotation: Any, tensor: str) -> str:
    """Returns a type as the notebook would write it; "" if it isn't known as text."""
    return sign + annotation.replace("Tensor", tensor) if isinstance(annotation, str) else ""


def _example(exercise: Exercise) -> list[str]:
    """Returns the lines of a small call with its result; [] if no inputs are short enough."""
    tried = cases(exercise, EXAMPLE_SEED)
    found = [Case(exercise, inputs) for inputs in map(_readable, tried) if inputs]
    told = [case for case in found if case.is_fair() and _differs(case)]
    if not told:
        return []
    case = max(told, key=lambda one: (_variety(one), -one.size()))
    given = ", ".join(f"{name}={_literal(value)}" for name, value in case.inputs.items())
    call = f"{exercise.name}({given})"
    results = ", ".join(map(_literal, parts(case.right)))
    return ["", "One example:", "", "```python", call, f"# -> {results}", "```"]


def _readable(case: Case) -> Inputs | None:
    """Returns the inputs of a case, short and with few digits; None if that is not possible."""
    axes = case.exercise.axes if fits(case.inputs, case.exercise.axes) else {}
    short = {}
    for name, value in case.inputs.items():
        if isinstance(value, Tensor):
            for axis, letter in enumerate(axes.get(name, "")):
                if letter.isupper():
                    value = value.narrow(axis, 0, min(KEPT, value.shape[axis]))
            value = (value * 100).round() / 100 if value.is_floating_point() else value
        value = round(value, 3) if isinstance(value, float) else value
        if not isinstance(value, (Tensor, int, float, str, list)) or _count(value) > SMALL:
            return None
        short[name] = value
    return short


def _count(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.numel() or SMALL + 1
    return len(value) if isinstance(value, (list, str)) else 1


def _variety(case: Case) -> float:
    """Returns how much an example shows: different results and partly False masks count more."""
    results = [v for part in parts(case.right) for v in torch.as_tensor(part).flatten().tolist()]
    masks = [v for v in case.inputs.values() if isinstance(v, Tensor) and v.dtype == torch.bool]
    mixed = all(0 < int(mask.sum()) < mask.numel() for mask in masks)
    tiny = any(isinstance(v, float) and abs(v) < 0.01 for v in case.inputs.values())
    plain = not {round(v, 2) for v in results} - {0, 1, 100}
    thin = any(1 in v.shape for v in case.inputs.values() if isinstance(v, Tensor))
    distinct = min(len({round(v, 2) for v in results}), 4)
    return distinct + 2 * mixed - tiny - plain - thin - (len(results) > SMALL)


def _differs(case: Case) -> bool:
    """Returns whether the lesson's own task has another answer on this case."""
    try:
        value = case.exercise.mistakes[0].wrong(**case.inputs)
    except Exception:
        return True
    return [_literal(v) for v in parts(value)] != [_literal(v) for v in parts(case.right)]


def _literal(value: Any) -> str:
    """Returns a value as Python code, with at most four decimals."""
    if isinstance(value, Tensor):
        return f"torch.tensor({_literal(value.tolist())})"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(round(value, 4) + 0.0) if isinstance(value, float) else repr(value)
