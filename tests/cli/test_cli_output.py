"""What is printed holds no control character of an id, a caption or a path."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from paper_releases import release_table
from toy import toy_table

from prvr_lite.cli.main import main
from prvr_lite.course.lesson12.toy_release import write_release
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.lab.explorer import Explorer
from prvr_lite.training.presets import from_preset

EVIL = "\x1b[2Jid\n\u202egp\x07"
SHOWN = r"\x1b[2Jid\n\u202egp\x07"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy films all of whose ids and captions try to command the terminal."""
    table = toy_table()
    table.name = table.description = EVIL
    table.video_id = [f"{EVIL}{name}" for name in table.video_id]
    table.query_id = [f"{name}" for name in table.query_id]
    table.query_text = [f"{EVIL}{text} Bär" for text in table.query_text]
    table.query_id[-1] = "cafe\u0301"
    path = tmp_path_factory.mktemp("films") / "films.h5"
    write_features(path, table)
    return path


@pytest.fixture(scope="module")
def checkpoint(films: Path) -> Path:
    path = films.with_name("model.pt")
    train = ["train", "--data", str(films), "--epochs", "1", "--checkpoint", str(path)]
    assert main(train) == 0
    return path


def safe(printed: str) -> bool:
    return all(letter == "\n" or letter.isprintable() for letter in printed)


def test_hits_and_captions(
    films: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    search = ["search", str(checkpoint), "caf\u00e9", "-k", "2", "--data", str(films)]
    assert main(search) == 0
    printed = capsys.readouterr().out
    assert safe(printed)
    assert printed.count("\n") == 3
    assert printed.count(SHOWN) == 3
    assert "Bär" in printed.split("\n")[0]
    with open_features(films) as dataset:
        model, _ = from_preset("mssl++", dataset, "sample", epochs=1)
        assert safe(Explorer(model, dataset).first(0))


def test_an_error_is_one_line(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["evaluate", f"{EVIL}.pt"],
        ["evaluate", str(checkpoint), "--data", f"{EVIL}.h5"],
        ["evaluate", str(checkpoint), "--data", str(films), "--split", EVIL],
        ["search", str(checkpoint), EVIL.replace(" ", ""), "--data", str(films)],
        ["convert", f"{EVIL}", "tvr", "--out", str(tmp_path / "a.h5")],
        ["index", "check", EVIL],
    ):
        assert main(arguments) == 1, arguments
        error = capsys.readouterr().err
        assert safe(error), error
        assert error.startswith("prvr-lite: ")
        assert error.count("\n") == 1
    with pytest.raises(SystemExit):
        main(["evaluate", "a.pt", EVIL])
    assert safe(capsys.readouterr().err)


def test_the_report_of_a_conversion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = release_table()
    table.moment[:] = np.nan  # captions without times are named
    base = write_release(table, tmp_path, "tvr")
    for path in base.glob("*/tvrtest*.txt"):
        path.write_text(
            path.read_text("utf-8").replace("#enc#0", "#\x1b[2J\u2028#0", 1), encoding="utf-8"
        )
    with h5py.File(base / "TextData/roberta_tvr_query_feat.hdf5", "r+") as file:
        name = "show_s01e02_clip_2#enc#0"
        file.move(name, name.replace("#enc#0", "#\x1b[2J\u2028#0", 1))
    assert main(["convert", str(tmp_path), "tvr", "--out", str(tmp_path / "a.h5")]) == 0
    printed = capsys.readouterr().out
    assert r"show_s01e02_clip_2#\x1b[2J\u2028#0" in printed
    assert safe(printed)


def test_a_letter_that_the_terminal_lacks_is_escaped(
    films: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
        assert main(["search", str(checkpoint), "café", "--data", str(films)]) == 0
        sys.stdout.flush()
        assert rb"B\xe4r" in printed.getvalue()
