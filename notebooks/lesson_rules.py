"""What every lesson keeps to; ``make_lessons.py`` says what it breaks, and a test fails."""

from __future__ import annotations

import re
from importlib import import_module
from statistics import median, quantiles

from nbformat import NotebookNode

from prvr_lite.course.grading import session

CELLS = (40, 70)
MEDIAN_LINES, P90_LINES = 8, 25  # of code cells, blank lines left out
EXERCISES, QUESTIONS = (3, 5), 5
SIZE = 600_000  # bytes of the finished lesson, with its film that plays
LINK = re.compile(r"<!-- eq: ([^>]+?) -> ([\w.]+):([\w.]+) -->")
UNWANTED = {
    "a warning": re.compile(r"\b\w*Warning\b"),
    "a traceback": re.compile(r"Traceback \(most recent"),
    "an absolute path": re.compile(r"(?:^|[\s\"'(])(?:/(?:\w[\w.-]*/)+|[A-Z]:\\)\w"),
}


def anatomy(notebook: NotebookNode) -> dict[str, float]:
    """Number of cells, and the median and 90th percentile of lines of the code cells."""
    lines = [sum(bool(line.strip()) for line in text.split("\n")) for text in texts(notebook)]
    ninth = quantiles(lines, n=10, method="inclusive")[8]
    return {"cells": len(notebook.cells), "median": median(lines), "p90": ninth}


def texts(notebook: NotebookNode, kind: str = "code") -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def broken_rules(notebook: NotebookNode, lesson: int) -> list[str]:
    """What is wrong with the sources of a lesson's cells, one line each."""
    found, prose = anatomy(notebook), "\n\n".join(texts(notebook, "markdown"))
    names = [name for name, e in session.exercises().items() if e.lesson == lesson]
    asked = re.findall(r"\bcheck\((\w+)\)", "\n".join(texts(notebook)))
    questions = len(re.findall(r"<details>\s*<summary>(?:<b>)?\d\.", prose))
    rules = {
        f"{found['cells']} cells, not {CELLS}": CELLS[0] <= found["cells"] <= CELLS[1],
        f"code cells have {found['median']} lines in the median": found["median"] <= MEDIAN_LINES,
        f"one code cell in ten has over {found['p90']} lines": found["p90"] <= P90_LINES,
        f"checks of {asked}, but exercises {names}": asked == names,
        f"{len(names)} exercises": EXERCISES[0] <= len(names) <= EXERCISES[1],
        f"{questions} folded questions, not {QUESTIONS}": questions == QUESTIONS,
        "no minutes and {{cost}} up front": re.search(r"\*\*Time\*\*: (\d+) minutes", prose),
        "no cell to predict, then break": "predict, then break it" in prose.lower(),
        "no recap": re.search(r"^## .*recap", prose, re.IGNORECASE | re.MULTILINE),
        "no section Where this lives": re.search(r"^## .*where this lives", prose, re.I | re.M),
    }
    wrong = [rule for rule, kept in rules.items() if not kept]
    return wrong + broken_tables(prose) + broken_links(prose)


def broken_tables(prose: str) -> list[str]:
    """Rows of tables that go on in the next line: a reader would see two rows, and none whole."""
    rows = [line.strip() for line in prose.split("\n") if line.lstrip().startswith("|")]
    return [f"the row of a table does not end in |: {row[:60]}" for row in rows if row[-1] != "|"]


def broken_links(prose: str) -> list[str]:
    """Display equations without a link, and links to nothing."""
    wrong = []
    wrong += [f"no link after $${equation.strip()[:30]}…" for equation in _unlinked(prose)]
    for name, module, path in LINK.findall(prose):
        try:
            target = import_module(module)
            for part in path.split("."):
                target = getattr(target, part)
        except (ImportError, AttributeError):
            wrong.append(f"equation {name}: there is no {module}:{path}")
    return wrong


def _unlinked(prose: str) -> list[str]:
    """The display equations that no link follows."""
    parts = prose.split("$$")  # text, equation, text, equation, …, text
    after = zip(parts[1::2], parts[2::2], strict=False)
    return [equation for equation, rest in after if not LINK.match(rest.lstrip(" \n"))]


def broken_outputs(notebook: NotebookNode) -> list[str]:
    """Outputs that a learner should not see, one line each."""
    wrong = []
    for i, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            said = "".join([output.get("text", ""), data.get("text/plain", "")])
            wrong += [
                f"cell {i} shows {name}" for name, sign in UNWANTED.items() if sign.search(said)
            ]
            if output.output_type == "error" or output.get("name") == "stderr":
                wrong.append(f"cell {i} writes to stderr or fails")
            if "application/vnd.jupyter.widget-view+json" in data:
                wrong.append(f"cell {i} shows a widget that only a live kernel can draw")
            if "image/png" in data and not output.metadata.get("image/png", {}).get("alt"):
                wrong.append(f"cell {i} shows a picture without alt text")
    return wrong
