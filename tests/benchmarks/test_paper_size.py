"""The benchmark of two versions at TVR's size, without the processes that it starts."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from benchmarks import paper_size, report, training_sample


def test_both_versions_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, str]] = []

    def in_version(version: Path, code: str, path: Path, part: str, *_: int) -> dict[str, Any]:
        assert path.is_file()
        compile(code, "work", "exec")
        asked.append((version == training_sample.ROOT, part))
        seconds = 2.0 if asked[-1][0] else 8.0
        return {"seconds": seconds, "cpu_seconds": 1.0, "peak_mib": 9 * seconds, "number": 3.0}

    monkeypatch.setattr(paper_size, "in_version", in_version)
    arguments = ["--quick", "--old", str(tmp_path), "--out", str(tmp_path), "--beside-other-work"]
    assert paper_size.main(arguments) == 0
    assert asked == [(new, part) for part in ("evaluate", "train") for new in (False, True)]
    with (tmp_path / "paper_size.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    new = next(row for row in rows if row["side"] == "new")
    assert float(new["share_of_old_seconds"]) == 0.25
    assert float(new["share_of_old_cpu_seconds"]) == 1
    assert float(new["arithmetic_seconds"]) > 0
    text = report.paper_size(rows)
    assert "evaluate: 2 s (1 s of processor time), 18 MiB in all; 0.25 of the other" in text
    assert new["beside_other_work"] == "True"


def test_a_version_that_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def in_version(version: Path, *_: object) -> dict[str, Any]:
        raise RuntimeError(f"{version}: no such package")

    monkeypatch.setattr(paper_size, "in_version", in_version)
    assert paper_size.main(["--quick", "--old", str(tmp_path)]) == 1
    assert capsys.readouterr().err.strip() == f"{tmp_path}: no such package"
