"""Writes grades: a table for Moodle and Canvas, one for each answer, a page for each student."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from prvr_lite.course.handins.grade import Grade, Verdict, on_its_word
from prvr_lite.course.handins.task import of_lesson
from prvr_lite.files import replacing
from prvr_lite.text import printable

# What Canvas wants in front of the points; Moodle takes any of these for its own fields.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
DETAILS = ("id", "exercise", "stars", "points", "state", "message", "flags")
MARKS = {"right": "✔", "wrong": "✘", "open": "○", "missing": "○", "stopped": "✘"}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8888}
table{border-collapse:collapse;width:100%}.flag{color:#b35900}@media(prefers-color-scheme:dark){
body{background:#161616;color:#eee}a{color:#8bf}.flag{color:#fb5}}
"""


def write_table(path: Path, grades: Sequence[Grade], column: str) -> None:
    """Writes the points by id, a row for each student, in a form that Moodle and Canvas import."""
    rows = [[*_id_columns(grade.hand_in.student), str(grade.points)] for grade in grades]
    _write_csv(path, [*CANVAS, column], rows)


def _id_columns(student: str) -> list[str]:
    return [student if name == "ID" else "" for name in CANVAS]


def write_details(path: Path, grades: Sequence[Grade]) -> None:
    """Writes a row for each answer, with its message and what a person should look at."""
    rows = [
        [g.hand_in.student, v.exercise, str(v.possible), str(v.points), v.state, v.message,
         "; ".join(v.flags)]
        for g in grades
        for v in g.verdicts
    ]  # fmt: skip
    _write_csv(path, DETAILS, rows)


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([[_cell(text) for text in row] for row in rows])


def _cell(text: str) -> str:
    """Returns a text as one line that no spreadsheet takes for a formula."""
    line = printable(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def page_name(student: str) -> str:
    """Returns the name of a student's page: of letters that every system takes, and unique."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", student).strip(".")[:80]
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain or 'student'}-{digest}.html" if plain != student else f"{plain}.html"


def write_pages(folder: Path, grades: Sequence[Grade], lesson: int) -> None:
    """Writes a page for each student, without flags, and ``index.html`` for the instructor."""
    folder.mkdir(parents=True, exist_ok=True)
    for grade in grades:
        title = f"Lesson {lesson}: {grade.points} of {grade.possible} points"
        rows = [_answer_row(verdict) for verdict in grade.verdicts]
        head = f"<p>{_text(grade.hand_in.student)}</p>"
        _write(folder / page_name(grade.hand_in.student), title, head + _table(rows))
    page = _overview(grades, on_its_word(of_lesson(lesson)))
    _write(folder / "index.html", f"Lesson {lesson}: {len(grades)} hand-ins", page)


def _answer_row(verdict: Verdict) -> list[str]:
    stars = "★" * verdict.possible
    points = f"{verdict.points} of {verdict.possible}"
    return [MARKS[verdict.state], verdict.exercise, stars, points, _text(verdict.message)]


def _overview(grades: Sequence[Grade], trusted: Sequence[str]) -> str:
    """Returns HTML: all hand-ins, what a person should look at, and what answers report."""
    rows = []
    for grade in grades:
        student = grade.hand_in.student
        link = f'<a href="{page_name(student)}">{_text(student)}</a>'
        marks = " ".join(MARKS[v.state] for v in grade.verdicts)
        flags = [f"{v.exercise}: {flag}" for v in grade.verdicts for flag in v.flags]
        look = "<br>".join(f'<span class="flag">{_text(flag)}</span>' for flag in flags)
        rows.append([link, f"{grade.points} of {grade.possible}", marks, look])
    word = "".join(f"<li>{_text(line)}</li>" for line in trusted)
    return (
        f"{_table(rows)}<h2>Judged by what the answer's own process reports</h2><ul>{word}</ul>"
        "<p>All values and gradients were compared outside of it.</p>"
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _text(text: str) -> str:
    return escape(printable(text))


def _write(path: Path, title: str, body: str) -> None:
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{_text(title)}</h1>{body}</html>\n"
    )
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8", newline="\n")
