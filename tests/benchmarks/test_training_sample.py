"""Two versions train in turn; what is compared is said."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report, training_sample


def test_a_ratio_of_the_epochs_after_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(version: Path, chosen: Any) -> dict[str, Any]:
        slow = 4.0 if version == tmp_path else 2.0
        return {"rows": [{"seconds": 9.0}, {"seconds": slow}], "SumR": 330.0}

    monkeypatch.setattr(training_sample, "train", train)
    assert training_sample.main(["--quick", "--old", str(tmp_path), "--out", str(tmp_path)]) == 0
    with (tmp_path / "training_sample.csv").open(encoding="utf-8", newline="") as file:
        old, new = csv.DictReader(file)
    assert (old["seconds_an_epoch"], new["seconds_an_epoch"]) == ("4.0", "2.0")
    assert (old["share_of_old"], new["share_of_old"]) == ("1.0", "0.5")
    assert new["SumR"] == "330.0"


def test_a_version_that_is_none_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "prvr_lite"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('too old')", encoding="utf-8")
    assert training_sample.main(["--quick", "--old", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}: ImportError: too old\n"


def test_its_line_on_the_page() -> None:
    row = {"side": "old", "share_of_old": "1", "seconds_an_epoch": "4", "epochs": "6", "SumR": "1"}
    faster = {**row, "side": "new", "share_of_old": "0.5"}
    assert report.training_sample([row, faster]).startswith("0.50 of its time (4.0 s per epoch)")
