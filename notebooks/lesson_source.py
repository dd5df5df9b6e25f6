"""What a lesson's source describes: the finished lesson and its exercise twin, neither of them run.

A source is a Python file in jupytext's percent format, the only one that is edited by hand. Tags of
its code cells:

- ``setup``: replaced by the cell that finds the package, ``first_cell.py``, written once;
- ``solution``: the head and the docstring of a function or class, and ``### BEGIN SOLUTION``,
  ``### END SOLUTION`` with nothing between them. Its body stands once, in the lesson's
  ``prvr_lite/course/lessonNN/answers.py``, and is filled in from there; nbgrader's preprocessor
  turns it into a stub in the exercise twin;
- ``check``: the graded cell that calls ``check(...)``; locked in the twin.

``{{cost}}`` in its text becomes the measured cost of running it.
"""

from __future__ import annotations

import ast
import copy
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jupytext
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearOutput, ClearSolutions, LockCells

from prvr_lite import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:  # jupytext brings it
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.ClassDef
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

NO_RELEASE = """\
raise NotReady(
            "prvr_lite is missing: put its wheel beside this notebook (Colab: the Files panel; "
            "Kaggle: Add Input). A release has it, and `make wheel` in a clone writes it to dist/."
        )"""
RELEASE = 'pip_install("--no-deps", "prvr-lite @ git+{url}@v{version}")'
MORE = """
pip_install(*[name for name in {names} if find_spec(re.split("[^a-z]", name)[0]) is None])"""
# What a lesson needs that Colab and Kaggle do not have: installed by its first cell
INSTALLED = {11: ("av", "lancedb")}
BADGES = {
    "Colab": "https://colab.research.google.com/assets/colab-badge.svg",
    "Kaggle": "https://kaggle.com/static/images/open-in-kaggle.svg",
    "Binder": "https://mybinder.org/badge_logo.svg",
}


def project() -> dict[str, Any]:
    """The project's table of pyproject.toml."""
    text = (HERE.parent / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def repository() -> str:
    """The address of the repository, if the owner has set ``[project.urls] Repository``; else "".

    It is the one setting for what needs an address: badges, the first cell, the website's buttons.
    """
    address = str(project().get("urls", {}).get("Repository", ""))
    return address.rstrip("/").removesuffix(".git")


def setup_cell(lesson: int, url: str) -> str:
    """The first code cell of a lesson, which finds or installs the package.

    Args:
        url: of the repository; "": there is none yet, and the package comes as a wheel.
    """
    text = (HERE / "first_cell.py").read_text(encoding="utf-8").rstrip("\n")
    names = INSTALLED.get(lesson, ())
    ranges = [r for extra in project()["optional-dependencies"].values() for r in extra]
    asked = [r for name in names for r in sorted({*ranges}) if re.split(r"\W", r)[0] == name]
    release = RELEASE.format(url=url, version=__version__) if url else NO_RELEASE
    more = MORE.format(names=json.dumps(asked)) if asked else ""
    text = text.replace("RELEASE", release).replace("\nMORE", more)
    return text.replace("LESSON", str(lesson))


def places(path: str, url: str) -> dict[str, str]:
    """Where a notebook of a repository on GitHub opens by a click: name of the place -> address.

    Args:
        path: of the notebook in the repository.
        url: of the repository. Another host has no badges: Colab and Kaggle read from GitHub only.
    """
    host, _, name = url.partition("github.com/")
    if host != "https://":
        return {}
    at = f"{name}/blob/v{__version__}/{path}"
    binder = f"{name}/v{__version__}?labpath={quote(path, safe='')}"
    return {
        "Colab": f"https://colab.research.google.com/github/{at}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src=https://github.com/{at}",
        "Binder": f"https://mybinder.org/v2/gh/{binder}",
    }


def badges(path: str, url: str) -> str:
    """One line of markdown with a badge for each place; "" where there is none."""
    found = places(path, url).items()
    return " ".join(f"[![Open in {name}]({BADGES[name]})]({address})" for name, address in found)


@dataclass(frozen=True)
class Lesson:
    """A source file and what is made of it."""

    source: Path

    @property
    def number(self) -> str:
        return self.source.stem.split("_")[0]

    @property
    def finished(self) -> Path:
        return self.source.parents[1] / f"{self.source.stem}.ipynb"

    @property
    def exercises(self) -> Path:
        return self.source.parents[1] / "exercises" / f"{self.source.stem}.ipynb"

    @property
    def answers(self) -> Path:
        course = self.source.parents[2] / "prvr_lite" / "course"
        return course / f"lesson{self.number}" / "answers.py"

    @property
    def cells(self) -> Path:
        """What its other cells import and define, for answers that are graded by themselves."""
        return self.answers.with_name("cells.json")

    def read(self, cost: str) -> NotebookNode:
        """The notebook that the source describes: not run, solutions in place, cells named.

        Raises:
            ValueError: a setup, solution or check cell that is not as it must be; says which.
        """
        notebook, url = jupytext.read(self.source, fmt="py:percent"), repository()
        notebook.metadata = NotebookNode(copy.deepcopy(METADATA))
        seen: set[str] = set()
        for i, cell in enumerate(notebook.cells):
            tags = cell.metadata.get("tags", [])
            cell.id = f"cell-{i:02d}"
            cell.metadata = NotebookNode({"tags": tags} if tags else {})
            if "setup" in tags:
                cell.source = setup_cell(int(self.number), url)
                cell.metadata["jupyter"] = {"source_hidden": True}  # a fold: a film comes first
            if "solution" in tags or "check" in tags:
                cell.metadata["nbgrader"] = _grading(cell.source, tags, self.number, seen)
            if "solution" in tags:
                cell.source = filled(cell.source, self.answers)
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace("{{cost}}", cost)
        title, _, rest = notebook.cells[0].source.partition("\n")
        if shown := badges(f"notebooks/exercises/{self.exercises.name}", url):
            notebook.cells[0].source = f"{title}\n\n{shown}\n{rest}"
        if sum("setup" in cell.metadata.get("tags", []) for cell in notebook.cells) != 1:
            raise ValueError(f"{self.source.name}: one cell must be tagged setup")
        return notebook


def lessons(numbers: list[str] | None = None, home: Path = HERE) -> list[Lesson]:
    """All lessons in order, or those with the given numbers."""
    every = [Lesson(path) for path in sorted((home / "source").glob("[0-9][0-9]_*.py"))]
    return [lesson for lesson in every if not numbers or lesson.number in numbers]


def _grading(source: str, tags: list[str], lesson: str, seen: set[str]) -> dict[str, Any]:
    """nbgrader's metadata: a solution cell is the learner's, a check cell is locked and counts."""
    kind = "check" if "check" in tags else "solution"
    pattern = r"\bcheck\((\w+)" if kind == "check" else r"^(?:def|class) (\w+)"
    found = re.search(pattern, source, re.MULTILINE)
    if found is None:
        raise ValueError(f"lesson {lesson}: nothing to grade in this {kind} cell: {source[:60]!r}")
    if kind == "solution" and (source.count(BEGIN), source.count(END)) != (1, 1):
        raise ValueError(f"lesson {lesson}: {found[1]} needs one {BEGIN} … {END}")
    name = f"lesson{lesson}-{found[1]}-{kind}"
    if name in seen:
        raise ValueError(f"lesson {lesson}: two {kind} cells of {found[1]}")
    seen.add(name)
    graded = kind == "check"
    grading = {"grade_id": name, "grade": graded, "solution": not graded, "locked": graded}
    points = {"points": 1} if graded else {}
    return {**grading, **points, "task": False, "cell_type": "code", "schema_version": 3}


def filled(cell: str, answers: Path) -> str:
    """A solution cell with the body that its function or class has in the lesson's answers.

    Args:
        cell: the head of a definition, its docstring, BEGIN and END.
        answers: the file in which the same definition stands with its body.

    Raises:
        ValueError: no such answer, other parameters than in the cell, or a cell that has a body.
    """
    before, _, rest = cell.partition(f"{BEGIN}\n")
    between, _, after = rest.partition(END)
    asked = next(node for node in ast.parse(cell).body if isinstance(node, DEFINITIONS))
    name, where = asked.name, f"{answers.parent.name}/{answers.name}"
    if between.strip() or not ast.get_docstring(asked) or len(asked.body) > 1:
        raise ValueError(f"{name}: its cell needs a docstring and no body, which stands in {where}")
    text = answers.read_text(encoding="utf-8") if answers.exists() else ""
    known = {node.name: node for node in ast.parse(text).body if isinstance(node, DEFINITIONS)}
    if name not in known:
        raise ValueError(f"{name}: there is no answer of that name in {where}")
    if (here := _parameters(asked)) != (there := _parameters(known[name])):
        raise ValueError(f"{name}: the cell has ({here}), but {where} has ({there})")
    indent = before[before.rfind("\n") + 1 :]
    return f"{before}{BEGIN}\n{_body(known[name], text)}\n{indent}{END}{after}"


def _parameters(definition: Definition) -> str:
    """The parameters of a function without their types, or the bases of a class."""
    if isinstance(definition, ast.ClassDef):
        return ", ".join(map(ast.unparse, [*definition.bases, *definition.keywords]))
    bare = copy.deepcopy(definition.args)
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(bare)


def _body(definition: Definition, text: str) -> str:
    """The lines behind a definition's docstring, comments included but those for mypy."""
    first = 1 if ast.get_docstring(definition) else 0
    start = definition.body[0].end_lineno if first else definition.body[0].lineno - 1
    lines = text.split("\n")[start : definition.end_lineno]
    return "\n".join(re.sub(r" +# type: ignore.*", "", line) for line in lines)


def finished_form(notebook: NotebookNode) -> NotebookNode:
    """The lesson with its solutions, before it is run."""
    finished = copy.deepcopy(notebook)
    for cell in finished.cells:
        lines = [line for line in cell.source.split("\n") if line.strip() not in (BEGIN, END)]
        cell.source = "\n".join(lines)
    return finished


def exercise_form(notebook: NotebookNode) -> NotebookNode:
    """The lesson without solutions and outputs, by nbgrader's own preprocessors."""
    resources: dict[str, Any] = {}
    twin = copy.deepcopy(notebook)
    for step in (ClearSolutions(), LockCells(), ClearOutput()):
        twin, resources = step.preprocess(twin, resources)
    twin.metadata = NotebookNode(copy.deepcopy(METADATA))
    return twin
