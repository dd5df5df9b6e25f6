"""The command for a GPU runs on the CPU too, at tiny sizes, and says so where there is no GPU."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks import gpu, report


def test_every_part_runs(tmp_path: Path) -> None:
    assert gpu.main(["--device", "cpu", "--quick", "--out", str(tmp_path)]) == 0
    with (tmp_path / "gpu.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {row["on"] for row in rows} == {"cpu"}
    assert float(rows[0]["same_medoids"]) == 1
    assert float(rows[0]["loss_difference"]) == 0
    assert all(float(row["seconds"]) > 0 for row in rows[1:])


def test_a_part_that_fails_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    for name in ("parity", "training", "clustering", "scoring"):
        monkeypatch.setattr(gpu, name, broken)
    monkeypatch.setattr(gpu, "sample_training", lambda *_: {"part": "train", "seconds": 1.0})
    assert gpu.main(["--device", "cpu", "--quick"]) == 1
    assert capsys.readouterr().out.count("RuntimeError: out of memory") == 10  # and in the table


def test_a_missing_device_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--device", "xpu", "--quick"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_its_line_on_the_page() -> None:
    rows = [
        {"on": "a GPU", "part": "parity", "seconds": "", "share_of_roofline": ""},
        {"on": "a GPU", "part": "scoring", "seconds": "0.5", "share_of_roofline": "0.25"},
    ]
    assert report.gpu(rows) == "on a GPU; scoring 0.5 s (25% of the roofline)"
