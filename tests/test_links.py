"""No dead link: what pages and lessons point to within the project is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data_samples/*.md")]
PAGES += [*ROOT.glob("benchmarks/*.md"), *ROOT.glob("notebooks/*.md")]
PAGES += [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("notebooks/exercises/*.ipynb")]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
OUTSIDE = ("http://", "https://", "mailto:", "data:", "attachment:")
CODE = re.compile(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$", re.DOTALL)


def prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return text


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as JupyterLab and as GitHub make them."""
    made = set()
    for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        made.add(title.strip().replace(" ", "-"))
        made.add(re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-"))
    return made


def dead(path: Path, text: str) -> list[str]:
    """Links of a page that lead nowhere; links to other sites are left alone."""
    wrong = []
    for link in ("".join(found) for found in LINK.findall(CODE.sub("", text))):
        if link.startswith(OUTSIDE):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (
            anchor and anchor not in anchors(text if not name else prose(target))
        ):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert dead(path, prose(path)) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "there.md").write_text("# Some title\n")
    text = "# Here\n[a](there.md) [b](there.md#some-title) [c](#here) `[x](no.md)` ![d](gone.png)"
    text += '\n[e](there.md#other) [f](https://example.org) <a href="lost.md">g</a>'
    page.write_text(text)
    assert dead(page, text) == ["gone.png", "there.md#other", "lost.md"]


def test_each_promise_has_its_test() -> None:
    """The tests that docs/reliability.md names are there."""
    promised = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", prose(ROOT / "docs" / "reliability.md"))
    assert len(promised) > 15
    for path, name in promised:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"
