"""What nbgrader calls to autograde: a hand-in becomes the notebook that was handed out, judged.

nbgrader runs whole notebooks, and stops at one whose cells were copied or deleted. Here only the
answers are taken from a hand-in, as ``prvr-lite grade`` takes them, and put into the notebook of
``release/``. Each is judged in a process of its own, and the outputs of the checks say what became
of it: nbgrader reads the points from these, its formgrader and its feedback show them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_markdown_cell, new_output
from traitlets import Float, Integer

from prvr_lite.course.classroom.folder import CHECK
from prvr_lite.course.handins.folder import read_all
from prvr_lite.course.handins.grade import MEGABYTES, SECONDS, Verdict, grade
from prvr_lite.course.handins.notebook import HandIn, cells_of, grade_id, plain_text
from prvr_lite.course.handins.report import MARKS
from prvr_lite.course.handins.task import of_lesson
from prvr_lite.files import FileFormatError
from prvr_lite.text import printable

SEED = secrets.randbelow(2**30)  # of the inputs: the same for all hand-ins of a run
NOT_RUN = "only the lesson's own checks are run here: this cell is yours to grade by hand"


class JudgedHandIn(NotebookExporter):
    """Reads a hand-in for nbgrader, whatever state it is in; any other notebook as it is."""

    seconds = Float(SECONDS, help="computing time of one answer").tag(config=True)
    megabytes = Integer(MEGABYTES, help="memory of one answer").tag(config=True)
    seed = Integer(SEED, help="of the inputs").tag(config=True)

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        """Returns a notebook as text, and nbgrader's notes about it."""
        about, course = (resources or {}).get("nbgrader"), getattr(self.parent, "coursedir", None)
        if not about or course is None:
            return super().from_filename(filename, resources=resources, **kw)
        steps = (
            (course.submitted_directory, about["student"]),
            (course.release_directory, "."),
            (course.source_directory, "."),
        )
        folders = (Path(course.format_path(*step, about["assignment"])) for step in steps)
        path, (submitted, release, source) = Path(filename), folders
        if path.parent.resolve() != submitted.resolve():  # its second reading, to save the points
            return super().from_filename(filename, resources=resources, **kw)
        notebook = self.judged(path, about["student"], release / path.name, source / path.name)
        return self.from_notebook_node(notebook, resources=resources, **kw)

    def judged(self, path: Path, student: str, release: Path, source: Path) -> Any:
        """Returns the notebook that was handed out, with the answers of a hand-in, judged."""
        notebook = nbformat.read(release, as_version=4)
        found = [CHECK.fullmatch(grade_id(cell)) for cell in notebook.cells]
        lessons = sorted({int(check[1]) for check in found if check})
        verdicts: dict[str, Verdict] = {}
        answers: dict[str, str] = {}
        for lesson in lessons:
            hand_in = _read(path, student, lesson)
            (one,) = grade(
                lesson, [hand_in], seed=self.seed, seconds=self.seconds, megabytes=self.megabytes
            )
            for verdict in one.verdicts:
                name = f"lesson{lesson:02d}-{verdict.exercise}"
                verdicts[f"{name}-check"] = verdict
                answers[f"{name}-solution"] = hand_in.answers[verdict.exercise].cell
                for flag in verdict.flags:
                    self.log.warning("%s, %s: %s", student, verdict.exercise, printable(flag))
        fill_in(notebook, path, answers)
        show(notebook, verdicts)
        add_rubrics(notebook, source)
        return notebook


def _read(path: Path, student: str, lesson: int) -> HandIn:
    (hand_in,) = read_all([path], [student], lesson, [e.name for e in of_lesson(lesson)])
    return hand_in


def fill_in(notebook: Any, path: Path, answers: Mapping[str, str]) -> None:
    """Puts what a student wrote into the cells that were handed out for it.

    Args:
        answers: of the exercises, by the ids of their cells; "": there is none.
    """
    given = {cell.source.strip() for cell in notebook.cells}
    ids = {cell.get("id") for cell in notebook.cells}
    try:
        cells = [(c, plain_text(c)) for c in cells_of(path)]
    except (FileFormatError, OSError):
        cells = []
    own = [(cell, text) for cell, text in cells if text.strip() not in {"", *given}]
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if not about.get("solution"):
            continue
        if about["grade_id"] in answers:
            cell.source = answers[about["grade_id"]] or cell.source
            continue
        written = [text for one, text in own if grade_id(one) == about["grade_id"]]
        if not written and cell.cell_type == "markdown":  # the cell is lost, or was not used
            added = [(one, text) for one, text in own if one.get("id") not in ids]
            written = [text for one, text in added if one.get("cell_type") == "markdown"]
        cell.source = "\n\n---\n\n".join(dict.fromkeys(written)) or cell.source


def show(notebook: Any, verdicts: Mapping[str, Verdict]) -> None:
    """Writes what became of each answer into the outputs of its check."""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not about.get("grade") or about.get("solution"):
            continue
        verdict = verdicts.get(about["grade_id"])
        text = f"{verdict.exercise}: {printable(verdict.message)}" if verdict else NOT_RUN
        if verdict and verdict.state == "right":
            cell.outputs = [new_output("stream", name="stdout", text=f"{MARKS['right']} {text}\n")]
        else:
            name = "CheckFailed" if verdict else "NotGraded"
            cell.outputs = [new_output("error", ename=name, evalue=text, traceback=[text])]


def add_rubrics(notebook: Any, source: Path) -> None:
    """Puts the rubric behind each answer that a person grades; it stands in the assignment."""
    if not source.exists():
        return
    rubrics = {grade_id(cell): cell.source for cell in nbformat.read(source, as_version=4).cells}
    cells: list[Any] = []
    for cell in notebook.cells:
        cells.append(cell)
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and about.get("grade") and about["grade_id"] in rubrics:
            cells.append(
                new_markdown_cell(rubrics[about["grade_id"]], metadata={"editable": False})
            )
    notebook.cells = cells
