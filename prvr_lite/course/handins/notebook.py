"""Reads a hand-in: its answer cells, and what other cells define that an answer may need."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prvr_lite.files import damaged

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
LARGEST = 50 * 2**20  # bytes of a notebook
LONGEST = 100_000  # letters of an answer
MARK = re.compile(r"\bcheck\((\w+), varied=[\"'](\w+)[\"']\)")
MAGIC = re.compile(r"^(\s*)(%|!|\?|[\w.]+\?+\s*$)")
AGAIN = "ask for the notebook again, saved by Jupyter as .ipynb"


@dataclass(frozen=True)
class Answer:
    """What a hand-in holds for one exercise.

    Attributes:
        cell: the text of the answer's cell, without magics; "": there is none.
        fault: why nothing of it can run, in a sentence; "": something can.
        notes: what a person should know about how it was found.
    """

    cell: str
    fault: str = ""
    notes: tuple[str, ...] = ()

    @property
    def tree(self) -> ast.Module:
        return ast.parse("" if self.fault else self.cell)


@dataclass(frozen=True)
class HandIn:
    """A hand-in of a student.

    Attributes:
        student: the id. answers: by exercise.
        others: what other cells define, by name. computed: names that other cells bind by running.
        marks: by exercise, which variant of it the notebook asks for (see ``varying``).
    """

    student: str
    path: Path
    answers: Mapping[str, Answer]
    others: Mapping[str, str] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)


def read_hand_in(path: Path, student: str, lesson: int, names: Sequence[str]) -> HandIn:
    """Returns what a notebook holds for the named exercises; nothing in it is run.

    Raises:
        FileFormatError: it isn't a notebook.
    """
    cells = [(grade_id(cell), source(cell)) for cell in code_cells(path)]
    found = {name: _answer(cells, f"lesson{lesson:02d}-{name}-solution", name) for name in names}
    chosen = {answer.cell for answer in found.values()}
    rest = [text for _, text in cells if text not in chosen]
    others = {n: text for n, text in definitions(rest).items() if n not in names}
    computed = {name for text in rest for name in _defined(text)} - {*others, *names}
    marks = dict(MARK.findall("\n".join(text for _, text in cells)))
    return HandIn(student, path, found, others, frozenset(computed), marks)


def exercise_notebooks(folder: Path) -> dict[int, Path]:
    """Returns the exercise notebooks in a folder, by the number of their lesson."""
    return {int(path.name[:2]): path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}


def code_cells(path: Path) -> list[dict[str, Any]]:
    """Returns the code cells of a notebook; see ``cells_of``."""
    return [cell for cell in cells_of(path) if cell.get("cell_type") == "code"]


def cells_of(path: Path) -> list[dict[str, Any]]:
    """Returns the cells of a notebook of format 4 or 3.

    Raises:
        FileFormatError: it isn't a notebook.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise damaged(path, f"it has more than {LARGEST // 2**20} MB", "clear its outputs")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        sheets = [content] if "cells" in content else content["worksheets"]
        return [dict(cell) for sheet in sheets for cell in sheet["cells"]]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise damaged(path, "it is not a notebook, as it is not JSON", AGAIN) from error
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, "it is not a notebook, as it has no cells", AGAIN) from error


def grade_id(cell: Mapping[str, Any]) -> str:
    """Returns the name that nbgrader knows a cell by; "" where it has none."""
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return str(about.get("grade_id", "")) if isinstance(about, dict) else ""


def source(cell: Mapping[str, Any]) -> str:
    """Returns the text of a code cell; lines that only IPython understands do nothing."""
    text = plain_text(cell)
    if parsed(text) is not None:
        return text
    return "\n".join(MAGIC.sub(r"\1pass  # \2", line) for line in text.splitlines())


def plain_text(cell: Mapping[str, Any]) -> str:
    """Returns the text of a cell of any kind, as it stands."""
    lines = cell.get("source", cell.get("input", ""))
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines)


def parsed(text: str) -> ast.Module | None:
    """Returns the syntax tree of a cell; None where Python can't read it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _answer(cells: Sequence[tuple[str, str]], asked: str, name: str) -> Answer:
    """Returns the answer to one exercise: the cell with its id, else one that defines its name.

    Of several the last one is taken that has been worked on.
    """
    by_id = [text for label, text in cells if label == asked]
    by_name = [text for _, text in cells if name in _defined(text)]
    found = [text for text in by_id if text in by_name] or by_name or by_id
    if not found:
        return Answer("", f"there is no cell that defines {name}")
    worked_on = [text for text in found if not is_blank(text, name)]
    text = (worked_on or found)[-1]
    notes = []
    if not by_id:
        notes.append("the answer's cell lost its id, and was found by the function's name")
    if len({ast.dump(tree) for one in worked_on if (tree := parsed(one))}) > 1:
        notes.append(f"{len(worked_on)} cells answer it differently: the last one was taken")
    fault = _unreadable(text, name)
    if not fault and name not in _defined(text):
        notes.append(f"the cell defines no function named {name}")
    return Answer(text, fault, tuple(notes))


def _unreadable(text: str, name: str) -> str:
    """Returns why a cell can't be run at all, in a sentence; "" if it can."""
    if len(text) > LONGEST:
        return f"the cell has {len(text):,} letters: at most {LONGEST:,} are read"
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f"Python can't read the cell: {error.msg} in its line {error.lineno}"
    except (ValueError, RecursionError, MemoryError):
        return "Python can't read the cell"
    return ""


def is_blank(text: str, name: str) -> bool:
    """Returns whether the function of a cell is still as it was handed out."""
    tree = parsed(text)
    nodes = [n for n in tree.body if getattr(n, "name", None) == name] if tree else []
    if not nodes or not isinstance(nodes[-1], DEFINITIONS):
        return not text.strip()
    first, *rest = without_docstring(nodes[-1]) or [ast.Pass()]
    if rest or not isinstance(first, ast.Raise) or first.exc is None:
        return False
    kind = first.exc.func if isinstance(first.exc, ast.Call) else first.exc
    return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"


def without_docstring(node: Definition) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else list(node.body)


def _defined(text: str) -> set[str]:
    """Returns the names that a cell binds at its top level, but for results of ``check``."""
    tree = parsed(text)
    nodes = [node for node in tree.body if not _is_check(node)] if tree else []
    return {name for node in nodes for name in bound(node)}


def _is_check(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Assign) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func).endswith("check")


def bound(node: ast.stmt) -> list[str]:
    """Returns the names that a statement binds, as far as they are known without running it."""
    if isinstance(node, DEFINITIONS):
        return [node.name]
    if isinstance(node, IMPORTS):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def definitions(cells: Iterable[str]) -> dict[str, str]:
    """Returns what cells import, define, and set to a plain value: name -> statement.

    Statements that do anything else are left out: nothing is trained, loaded or drawn.
    """
    found: dict[str, str] = {}
    for tree in filter(None, map(parsed, cells)):
        for node in tree.body:
            if isinstance(node, IMPORTS):
                for alias in node.names:
                    one = copy.copy(node)
                    one.names = [alias]
                    if alias.name != "*":
                        found[bound(one)[0]] = ast.unparse(one)
            elif isinstance(node, DEFINITIONS) or _is_plain(node):
                found |= dict.fromkeys(bound(node), ast.unparse(node))
    return found


def lesson_names(path: Path) -> dict[str, str]:
    """Returns what a lesson's cells define, except its answers: name -> code, for ``cells.json``.

    Of plain values only constants: another cell may have set the same name to something else.
    """
    cells = [source(cell) for cell in code_cells(path) if not grade_id(cell)]
    return {
        name: text
        for name, text in definitions(cells).items()
        if name.isupper() or isinstance(ast.parse(text).body[0], IMPORTS + DEFINITIONS)
    }


def _is_plain(node: ast.stmt) -> bool:
    """Returns whether a statement sets a name to a literal, such as a number, text or list."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def mentioned(tree: ast.AST) -> set[str]:
    """Returns the names that appear in a piece of code."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def normal_form(text: str) -> str:
    """Returns a cell's code without names of its own, remarks, docstrings and types.

    Two answers of one normal form were hardly written by two people, unless they are short.
    """
    tree = parsed(text) or ast.Module([], [])
    known: dict[str, str] = {}
    own = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    own |= {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            node.body, node.name = without_docstring(node), ""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation, node.arg = None, known.setdefault(node.arg, f"n{len(known)}")
        elif isinstance(node, ast.Name) and node.id in own:
            node.id = known.setdefault(node.id, f"n{len(known)}")
    return ast.dump(tree)
