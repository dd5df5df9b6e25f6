"""Writes ``docs/experiments.md`` from two CSVs of ``results/``, and the tables of the README."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import lengths_page, speed_page
from benchmarks.measure import RESULTS
from prvr_lite.lab.claims import claims_table, parts_table
from prvr_lite.lab.figures import draw_all
from prvr_lite.lab.results import Results
from prvr_lite.lab.tables import all_tables

ROOT = Path(__file__).resolve().parents[1]
CSV = RESULTS / "experiments.csv"
PAGE = ROOT / "docs" / "experiments.md"
TEMPLATE = ROOT / "docs" / "experiments.template.md"
README = ROOT / "README.md"
PICTURES = ROOT / "docs" / "experiments"
SPREAD = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"  # a number and its spread stay on one line


def tables() -> dict[str, str]:
    """Returns every table by name, of the experiments and of the films of other lengths."""
    results = Results.read(CSV)
    claims = {"claims": claims_table(results), "parts": parts_table(results)}
    by_name = {**all_tables(CSV), **claims, **lengths_page.tables()}
    return {name: table.replace(" ± ", SPREAD) for name, table in by_name.items()}


def page() -> str:
    """The template with each ``{{name}}`` replaced by the table of that name.

    Raises:
        KeyError: the CSV has no numbers for a table that the template asks for.
    """
    by_name = tables()
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: by_name[match[1]], text)


def readme() -> str:
    """The README with new tables between ``<!-- table: name -->`` and ``<!-- end -->``.

    Raises:
        KeyError: the CSV has no numbers for a table that is asked for.
    """
    by_name = tables() | {"speed": speed_page.table()}
    text = README.read_text(encoding="utf-8")
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}{by_name[match[2]]}\n{match[3]}",
        text,
        flags=re.DOTALL,
    )


def write() -> None:
    """Writes the page, the README and the pictures."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    README.write_text(readme(), encoding="utf-8", newline="\n")
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_all(CSV, PICTURES)
    lengths_page.draw(PICTURES)
