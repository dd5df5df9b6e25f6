"""``prvr-lite grade``: which files, which ids, what it writes, and what it says about bad ones."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hand_ins import answered, load, save

from prvr_lite.cli.main import main
from prvr_lite.course.handins import remote
from prvr_lite.course.handins.folder import student_ids

LESSON = 1
MEAN = "def mean_score(score, mask):\n    return (score * mask).sum(1) / mask.sum(1)\n"
ATTACK = "def mean_score(score, mask):\n    raise ValueError('<script>alert(1)</script>')\n"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed in"
    save(answered(LESSON, {"mean_score": MEAN}), folder / "1001" / "lesson.ipynb")
    save(answered(LESSON, {"mean_score": ATTACK}), folder / "=1+1" / "lesson.ipynb")
    save(load(LESSON), folder / "1003" / ".ipynb_checkpoints" / "lesson-checkpoint.ipynb")
    (folder / "1004").mkdir()
    (folder / "1004" / "lesson.ipynb").write_text("not a notebook", encoding="utf-8")
    return folder


def test_all_files_are_written(handed_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = handed_in.parent / "grades.csv"
    assert main(["grade", "1", str(handed_in), "-o", str(out), "--seed", "3"]) == 0
    assert "1001  1 of 6" in capsys.readouterr().out
    points = {row["ID"]: row["Lesson 1"] for row in rows(out)}
    assert points == {"1001": "1", "'=1+1": "0", "1004": "0"}
    assert list(rows(out)[0])[:2] == ["Student", "ID"]
    answers = {
        (row["id"], row["exercise"]): row for row in rows(out.with_name("grades-answers.csv"))
    }
    assert answers["1001", "mean_score"]["state"] == "right"
    assert answers["1001", "max_score"]["state"] == "open"
    assert "it is not JSON" in answers["1004", "max_score"]["message"]
    pages = out.with_name("grades-pages")
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages.glob("*.html")}
    assert len(texts) == 4
    assert "1001.html" in texts
    assert not any("script" in Tags(text).seen for text in texts.values())
    assert any("&lt;script&gt;" in text for text in texts.values())
    assert "that it changes no input" in texts["index.html"]
    assert "can&#x27;t be read" in texts["index.html"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "77", "."], "there is no lesson 77 with exercises"),
        (["grade", "1", "nowhere"], "there is no nowhere"),
        (["grade", "1", "{}", "--ids", "("], "is not a regular expression"),
        (["grade", "1", "{}", "--ids", "lesson"], "finds no id in"),
        (["grade", "1", "{}", "--ids", "(handed)"], "two hand-ins have the id 'handed'"),
    ],
)
def test_an_error_is_one_line(
    arguments: list[str], message: str, handed_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(handed_in) for argument in arguments]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_ids_come_from_where_names_differ() -> None:
    paths = [Path("all/anna/l8/x.ipynb"), Path("all/ben/l8/x.ipynb")]
    assert student_ids(paths) == ["anna", "ben"]
    assert student_ids([Path("12_l8.ipynb"), Path("13_l8.ipynb")]) == ["12_l8", "13_l8"]
    assert student_ids([Path("12_l8.ipynb"), Path("13_l8.ipynb")], r"(\d+)_") == ["12", "13"]


def test_a_long_path_of_temporary_files_is_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    assert remote._context().get_start_method() == "spawn"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_program_that_is_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither folders of answers nor their processes."""
    loop = "def mean_score(score, mask):\n    while True: pass\n"
    save(answered(LESSON, {"mean_score": loop}), tmp_path / "a.ipynb")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    arguments = ["grade", str(LESSON), "a.ipynb", "--seconds", "60", "-o", "grades.csv"]
    running = subprocess.Popen(
        [sys.executable, "-m", "prvr_lite", *arguments],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 120
    while not list(scratch.glob("prvr-lite-grade-*")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)
    assert said.startswith("prvr-lite: stopped")
    assert running.returncode == 130
    assert list(scratch.glob("prvr-lite-grade-*")) == []
    assert not (tmp_path / "grades.csv").exists()
