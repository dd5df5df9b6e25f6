"""What an answer's process is given: the answer, what it needs, and never its own solution.

An answer needs what its cell mentions: the lesson's imports and helpers, the solutions of the
lesson's *other* exercises, and what the learner defined in other cells. The lesson's own modules of
answers are passed on as text, of which everything is left out that the other solutions do not need.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.grading.session import exercises
from prvr_lite.course.handins.notebook import HandIn, bound, mentioned, parsed

COURSE = Path(__file__).resolve().parents[1]
# A module's constant: names in it, and whole modules, that inputs need though no code mentions them
REACHED = "REACHED"


@dataclass(frozen=True)
class Task:
    """What a process runs.

    Attributes:
        name: of the exercise's function. cell: the learner's code.
        modules: the lesson's modules without the solution: name -> text.
        solutions: of the other exercises: name -> module that holds it.
        before: statements of the lesson, run first. others: statements of the learner's other
            cells, tried one by one.
        side_effect: "module:function" that says what the answer did that none may do; "": none.
    """

    name: str
    cell: str
    modules: Mapping[str, str]
    solutions: Mapping[str, str]
    before: tuple[str, ...]
    others: tuple[str, ...]
    side_effect: str = ""


def make_task(exercise: Exercise, hand_in: HandIn) -> Task:
    """Returns what the process of one answer is given."""
    answer, given = hand_in.answers[exercise.name], lesson_cells(exercise.lesson)
    siblings = [e for e in of_lesson(exercise.lesson) if e.name != exercise.name]
    solutions = {e.name: e.reference.__module__ for e in siblings}
    own = {name for node in answer.tree.body for name in bound(node)} | {exercise.name}
    free = {n: t for n, t in hand_in.others.items() if n not in {*given, *solutions, *own}}
    lessons = {n: t for n, t in given.items() if n not in {*solutions, *own}}
    used = _needed(mentioned(answer.tree), {**free, **lessons})
    side_effect = exercise.side_effect
    return Task(
        exercise.name,
        answer.cell,
        {name: stripped(name, exercise.name) for name in lesson_modules(exercise.lesson)},
        solutions,
        tuple(text for name, text in lessons.items() if name in used),
        tuple(text for name, text in free.items() if name in used),
        f"{side_effect.__module__}:{side_effect.__name__}" if side_effect else "",
    )


def of_lesson(lesson: int) -> list[Exercise]:
    """Returns the exercises of a lesson, in order."""
    return [exercise for exercise in exercises().values() if exercise.lesson == lesson]


@cache
def lesson_cells(lesson: int) -> dict[str, str]:
    """Returns what a lesson's cells import and define, without its answers: name -> statement."""
    path = COURSE / f"lesson{lesson:02d}" / "cells.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def lesson_modules(lesson: int) -> tuple[str, ...]:
    """Returns the lesson's modules in which solutions, mistakes and inputs are written."""
    home = f"{COURSE.parent.name}.course.lesson{lesson:02d}"
    start = import_module(f"{home}.exercises").__name__
    names, waiting = {e.reference.__module__ for e in of_lesson(lesson)}, [start]
    while waiting:
        module = waiting.pop()
        for name in [*_imported(ast.parse(_text(module))), *_reached(module)]:
            if name.startswith(f"{home}.") and name not in names and _text(name):
                waiting.append(name)
                names.add(name)
    return tuple(sorted(names))


def _reached(module: str) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(sys.modules.get(module), REACHED, ())
    return found


@cache
def _text(module: str, ending: str = ".py") -> str:
    """Returns a module's source text without importing it; "" if there is no such module."""
    path = COURSE.parents[1].joinpath(*module.split(".")).with_suffix(ending)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _imported(tree: ast.AST) -> list[str]:
    """Returns every module that a piece of code imports from, and every name that it imports."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


@cache
def stripped(module: str, exercise: str) -> str:
    """Returns a module's text with only what the other exercises' solutions need, and the lesson.

    Args:
        module: full name. exercise: whose solution is left out.
    """
    if module not in sys.modules:
        return _text(module)
    tree = ast.parse(_text(module))
    public = {name for name in _faced(module) if name != exercise}
    every = {e.name for e in exercises().values() if e.reference.__module__ == module}
    roots = (every - {exercise}) | public | set(_reached(module))
    texts = {n: ast.unparse(node) for node in tree.body for n in bound(node)}
    texts.pop(exercise, None)
    kept = _needed(roots, texts)
    body = [n for n in tree.body if _is_future(n) or kept & set(bound(n)) - {exercise}]
    return ast.unparse(ast.Module(body, []))


def _faced(module: str) -> list[str]:
    """Returns the names of a module that its package offers to notebooks."""
    stub = _text(f"{module.rpartition('.')[0]}.__init__", ".pyi")
    return [
        alias.name
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    ]


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _needed(roots: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """Returns the names in ``roots``, and those that their statements need, directly or not."""
    needed: set[str] = set()
    waiting = [name for name in roots if name in texts]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [n for n in mentioned(parsed(texts[name]) or ast.Pass()) if n in texts]
    return needed


def package_names(task: Task, answer: str, allowed: Sequence[str]) -> list[str]:
    """Returns the package's functions that an answer's code mentions, but for those allowed."""
    tree = parsed(answer) or ast.Module([], [])
    brought = [*task.before, *task.others, *map(ast.unparse, tree.body)]
    bodies = [n for n in ast.walk(tree) if isinstance(n, ast.stmt)]
    words = {n for node in bodies for n in mentioned(node)} - _types(tree)
    names = set()
    for node in (n for text in brought for n in ast.walk(parsed(text) or ast.Pass())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or node.names[0].name
            if module.split(".")[0] == COURSE.parent.name:
                names |= {n for n in bound(node) if n in words}
    return sorted(names - set(allowed))


def _types(tree: ast.AST) -> set[str]:
    """Returns the names that appear only in annotations."""
    kinds: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            kinds.append(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kinds.append(node.returns)
    inside = {id(n) for kind in kinds if kind for n in ast.walk(kind)}
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    return {n.id for n in names if id(n) in inside} - {n.id for n in names if id(n) not in inside}
