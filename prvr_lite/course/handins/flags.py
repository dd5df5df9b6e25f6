"""What a person should look at: where an answer comes from, and who else gave it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from prvr_lite.course.grading.exercise import Exercise
from prvr_lite.course.handins.notebook import HandIn, is_blank, mentioned, normal_form, parsed
from prvr_lite.course.handins.task import Task, package_names

PUBLISHED = "is the published solution"
LONG = 60  # nodes of an answer's syntax tree: two people hardly write the same by chance
MODULES = ("importlib", "inspect", "gc", "ctypes", "subprocess", "multiprocessing", "os", "sys")
WORDS = ("__import__", "exec", "eval", "compile", "open", "globals", "vars", "breakpoint")


def suspicious(exercise: Exercise, task: Task, cell: str) -> list[str]:
    """Returns what an answer's code does that the exercise hardly needs."""
    needed = mentioned(_own_tree(exercise.reference)) | {"check", "hint", "progress"}
    flags = []
    tree = parsed(cell) or ast.Module([], [])
    imported = {n for node in ast.walk(tree) for n in _modules(node)}
    if any(name.startswith("prvr_lite.course") for name in imported | _texts(tree)):
        flags.append("imports or names the package's answers")
    elif names := package_names(task, cell, sorted(needed)):
        flags.append(f"uses the package's own {', '.join(names)}")
    odd = {name.split(".")[0] for name in imported} & set(MODULES)
    odd |= (mentioned(tree) & set(WORDS)) - needed
    odd -= set(_reference_modules(exercise.reference))
    if odd:
        flags.append(f"uses {', '.join(sorted(odd))}")
    if _length(cell) >= LONG and normal_form(cell) == normal_form(_own_text(exercise.reference)):
        flags.append(PUBLISHED)
    return flags


def shared_answers(
    hand_ins: Sequence[HandIn], asked: Sequence[Exercise]
) -> dict[str, dict[str, str]]:
    """Returns for each student and exercise who else gave the same answer, but for its names.

    Short answers are alike by chance: they count where all answers of two hand-ins are the same.
    """
    forms = {h.student: {e.name: _form(h, e.name) for e in asked} for h in hand_ins}
    owners: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for student, answers in forms.items():
        for name, form in answers.items():
            owners[name, form].append(student)
    twins = defaultdict(list)
    for student, answers in forms.items():
        if sum(map(bool, answers.values())) > 1:
            twins[tuple(answers.values())].append(student)
    found: dict[str, dict[str, str]] = {}
    for hand_in in hand_ins:
        student, told = hand_in.student, {}
        for name, form in forms[hand_in.student].items():
            same = (
                owners[name, form] if form and _length(hand_in.answers[name].cell) >= LONG else []
            )
            if form and not same:
                same = twins[tuple(forms[student].values())]
            others = [one for one in same if one != student]
            if others:
                told[name] = f"the same as in {_few(others)}, but for names and remarks"
        found[student] = told
    return found


def _form(hand_in: HandIn, name: str) -> str:
    answer = hand_in.answers[name]
    if answer.fault or is_blank(answer.cell, name):
        return ""
    return normal_form(answer.cell)


def _few(students: Sequence[str]) -> str:
    more = f" and {len(students) - 3} more" if len(students) > 3 else ""
    return ", ".join(students[:3]) + more


def _length(cell: str) -> int:
    tree = parsed(cell)
    return sum(1 for _ in ast.walk(tree)) if tree else 0


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Attribute):
        return [ast.unparse(node)]
    return []


def _texts(tree: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is str}


def _reference_modules(reference: Callable[..., Any]) -> list[str]:
    return [n.split(".")[0] for node in ast.walk(_own_tree(reference)) for n in _modules(node)]


@cache
def _own_text(function: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(function))


def _own_tree(function: Callable[..., Any]) -> ast.Module:
    return ast.parse(_own_text(function))
