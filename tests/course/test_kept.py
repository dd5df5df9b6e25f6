"""What lessons keep lies where it can be written, and outlives a restart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prvr_lite.course import kept
from prvr_lite.course.grading import session
from prvr_lite.course.lesson01 import answers


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restart: nothing is known but what lies in the folder."""
    monkeypatch.setattr(session, "_state", {})
    kept._writable.cache_clear()
    monkeypatch.setattr(session, "GRADED", False)


def blocked(folder: Path) -> Path:
    """A path at which no folder can be made, for any user and on any system."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file")
    return folder


def test_the_folder_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(kept.RUNS)
    monkeypatch.chdir(tmp_path)
    assert kept.runs_folder() == tmp_path / "runs"
    assert list((tmp_path / "runs").iterdir()) == []
    assert capsys.readouterr().out == ""


def test_another_folder_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = blocked(tmp_path / "runs")
    monkeypatch.setenv(kept.RUNS, str(asked))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    other = tmp_path / "home" / "prvr_lite-runs"
    assert kept.runs_folder() == kept.runs_folder() == other
    line = f"{asked} can't be written: models and progress are kept in {other}\n"
    assert capsys.readouterr().out == line
    kept._writable.cache_clear()
    blocked(tmp_path / "no-home")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "no-home")
    assert kept.runs_folder().name.startswith("prvr_lite-runs-")
    kept.runs_folder().rmdir()


def test_progress_outlives_a_restart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session.check(answers.mean_score)  # ours is the blank's way out: no answer
    own = type(answers.mean_score)(answers.mean_score.__code__, answers.mean_score.__globals__)
    session.check(own)
    session.check(own)
    assert (kept.runs_folder() / kept.SOLVED).read_text() == "mean_score\n", "noted once"
    monkeypatch.setattr(session, "_state", {})
    capsys.readouterr()
    session.progress(1)
    assert "lesson 1: 1 of 4 solved   ✔ mean_score  ○ max_score" in capsys.readouterr().out
    session.progress()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= session.WIDTH, "a notebook would break it within a name"
    lines = [line for line in lines if not line.startswith(" ")]
    assert len(lines) == 14
    assert lines[-1] == f"the course: 1 of {len(session.exercises())} solved"
    with pytest.raises(ValueError, match="there is no lesson 14: lessons are 1 to 13"):
        session.progress(14)


def test_what_fails_now_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    kept.note_solved("mean_score")

    def mean_score(score: object, mask: object) -> object:
        raise NotImplementedError

    session.check(mean_score)
    assert "lesson 1: 0 of 4 solved   ○ mean_score" in capsys.readouterr().out
    assert kept.solved() == {"mean_score"}, "what was solved once stays solved"


def test_a_graded_run_knows_nothing_of_it(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.note_solved("max_score")
    monkeypatch.setattr(session, "GRADED", True)
    session.check(type(answers.mean_score)(answers.mean_score.__code__, vars(answers)))
    assert "1 of 4 solved   ✔ mean_score  ○ max_score" in capsys.readouterr().out
    assert kept.solved() == {"max_score"}


def test_what_cannot_be_noted_is_forgotten(runs: Path) -> None:
    """A full disk or a damaged file stops no lesson."""
    (kept.runs_folder() / kept.SOLVED).write_bytes(b"\xff\xfe mean_score\n")
    assert "mean_score" in kept.solved()
    (runs / kept.SOLVED).unlink()
    (runs / kept.SOLVED).mkdir()
    kept.note_solved("max_score")
    assert kept.solved() == set()


def test_two_notebooks_note_at_once(runs: Path) -> None:
    code = "from prvr_lite.course import kept; [kept.note_solved(f'{i}-%s') for i in range(200)]"
    both = [subprocess.Popen([sys.executable, "-c", code % which]) for which in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert kept.solved() == {f"{i}-{which}" for which in "ab" for i in range(200)}
