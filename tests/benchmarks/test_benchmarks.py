"""Each benchmark runs, writes what it says, and its two sides agree (their speed is not tested)."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks import (
    clustering,
    collection,
    collection_page,
    experiments_page,
    faults,
    growth,
    measure,
    paper_release,
    released_clustering,
    report,
    scoring,
    training_step,
)
from benchmarks.inputs import clip_points, unit_features
from benchmarks.released_optimizer import BertAdam
from benchmarks.ties import parts_at_tie

Table = list[dict[str, str]]
CONTEXT = ["date", "device", "threads", "torch"]


@pytest.fixture(autouse=True)
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory costs a fresh process a side: only one test pays for that."""
    for module in (clustering, scoring, training_step, growth):
        monkeypatch.setattr(module, "extra_mib", lambda *_: 1.0)


def quick(name: str, folder: Path) -> Table:
    module = {"clustering": clustering, "scoring": scoring, "training_step": training_step}.get(
        name, growth
    )
    assert module.main(["--quick", "--out", str(folder)]) == 0
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == CONTEXT
    assert all(float(row["seconds"]) > 0 for row in rows)
    return rows


def test_clustering(tmp_path: Path) -> None:
    rows = quick("clustering", tmp_path)
    assert {row["units"] for row in rows} == {"smooth", "random"}
    for row in rows:
        if row["side"] == "released":
            assert row["parted_without_tie"] == "0"
        if row["side"] in clustering.FAST:
            assert float(row["same_as_exact"]) == 1
        if row["side"] == "FasterPAM":
            kkz = next(r for r in rows if r["units"] == row["units"] and r["side"] == "kmedoids")
            assert float(row["summed_distance"]) < 1.1 * float(kkz["summed_distance"])


def test_scoring(tmp_path: Path) -> None:
    index = next(row for row in quick("scoring", tmp_path) if row["side"] == "index")
    assert float(index["largest_difference"]) < 1e-6
    assert float(index["same_key_clip"]) == 1


@pytest.mark.slow
def test_training_step(tmp_path: Path) -> None:
    rows = quick("training_step", tmp_path)
    ours = next(row for row in rows if row["side"] == "prvr_lite")
    assert float(ours["loss_difference"]) < 1e-6
    parts = {row["side"][2:]: float(row["seconds"]) for row in rows if row["side"][0] == "-"}
    assert {"encoders", "clustering", "losses", "backward", "optimizer"} <= set(parts)
    assert 0 < sum(parts.values()) <= float(ours["seconds"])


def test_growth(tmp_path: Path) -> None:
    rows = quick("growth", tmp_path)
    assert {row["axis"] for row in rows} == {"V", "N", "K"}
    assert (tmp_path / "growth.png").stat().st_size > 10_000


@pytest.mark.slow
def test_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its quick collection is all candidates: each index finds what an exact search does."""
    pytest.importorskip("faiss")
    pytest.importorskip("lancedb")
    monkeypatch.setattr(collection, "extra_mib", lambda *_: 1.0)
    assert collection.main(["--quick", "--out", str(tmp_path)]) == 0
    with (tmp_path / "collection.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == CONTEXT
    sides = {row["side"] for row in rows}
    assert {"collection, exact", "collection, resident", "IVF-SQ", "FAISS hnsw"} <= sides
    for row in rows:
        exact = "exact" in row["side"] or "resident" in row["side"]
        assert float(row["recall@10"]) > (0.999 if exact else 0.8)
    with (tmp_path / "collection_care.csv").open(encoding="utf-8", newline="") as file:
        care = list(csv.DictReader(file))
    assert sum("nothing lost, nothing twice" in row["new"] for row in care) == 3
    assert (tmp_path / "collection.png").stat().st_size > 10_000
    monkeypatch.setattr(collection_page, "RESULTS", tmp_path)
    assert "200 candidates" in collection_page.line()
    assert "| collection, resident |" in collection_page.section()


def test_the_page_of_collections_that_were_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_page, "RESULTS", tmp_path)
    assert "run it" in collection_page.line()
    assert collection_page.section() == ""


@pytest.mark.parametrize("annotated", [False, True])
def test_paper_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, annotated: bool) -> None:
    """Made up, or from files in the form of TVR's and lighthouse's."""

    def here(make: Callable[..., measure.Work], *arguments: object) -> tuple[float, float]:
        return measure.seconds(make(*arguments)), 1.0

    monkeypatch.setattr(paper_release, "once_in_a_process", here)
    arguments = ["--quick", "--repeats", "1", "--out", str(tmp_path), "--scratch", str(tmp_path)]
    if annotated:
        times = ({"ts": [1, 2], "desc": f"Says {n}."} for n in range(8))
        lines = [json.dumps({"vid_name": f"v{n // 2}", "duration": 9, **t})
                 for n, t in enumerate(times)]  # fmt: skip
        (tmp_path / "tvr_val_release.jsonl").write_text("\n".join(lines), encoding="utf-8")
        arguments.insert(0, str(tmp_path))
    assert paper_release.main(arguments) == 0
    with (tmp_path / "paper_release.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == CONTEXT
    parts = {row["part"]: row for row in rows if row["side"] == "prvr_lite"}
    assert float(parts["convert"]["exact"]) == 1
    assert float(parts["convert some"]["times_faster"]) > 0
    assert int(parts["convert"]["queries"]) == (8 if annotated else 12)
    assert ("join tvr" in parts) == annotated
    if annotated:
        assert float(parts["join tvr"]["share_joined"]) == 1
    assert "exactly" in report.paper_release(rows)
    assert not list(tmp_path.glob("tmp*"))


def test_a_quick_run_leaves_the_results_alone() -> None:
    before = {path: path.stat().st_mtime_ns for path in measure.RESULTS.glob("*")}
    assert scoring.main(["--quick"]) == 0
    assert before == {path: path.stat().st_mtime_ns for path in measure.RESULTS.glob("*")}


@pytest.mark.slow
def test_peak_memory_of_a_fresh_process() -> None:
    mib = measure.extra_mib(allocate, 64)
    assert math.isnan(mib) or 60 < mib < 90


def allocate(mib: int) -> measure.Work:
    return lambda: torch.ones(mib << 18)


def test_a_ratio_is_the_median_over_rounds() -> None:
    times = {"slow": [4.0, 9.0, 4.0], "fast": [2.0, 1.0, 1.0]}
    assert measure.Race(times).ratio("slow", "fast") == 4.0


def test_parting_without_a_tie_is_told_from_parting_at_one() -> None:
    points = clip_points(unit_features("random", 1, 6, 16, seed=0))[0]
    noise = torch.randn(points.shape, generator=torch.Generator().manual_seed(0))

    def plain(rounds: int) -> torch.Tensor:
        return released_clustering.kmedoids(points[None], 4, rounds=rounds, exact=True)[0][0]

    def wrong_start(rounds: int) -> torch.Tensor:
        return plain(rounds) + 1

    assert not parts_at_tie(points + 0.1 * noise, plain, wrong_start)
    square = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])  # every norm and choice a tie
    assert parts_at_tie(square, lambda _: torch.tensor([0, 3]), lambda _: torch.tensor([1, 2]))


def test_bert_adam_has_no_bias_correction_and_decays_only_matrices() -> None:
    matrix = torch.nn.Parameter(torch.full((1, 1), 2.0))
    vector = torch.nn.Parameter(torch.full((1,), 2.0))
    matrix.grad, vector.grad = torch.full((1, 1), 0.5), torch.full((1,), 0.5)
    BertAdam([matrix, vector], lr=0.1).step()
    step = 0.1 * 0.5 / (math.sqrt(0.001 * 0.25) + 1e-6)
    assert float(vector.detach()) == pytest.approx(2 - 0.1 * step)
    assert float(matrix.detach()) == pytest.approx(2 - 0.1 * (step + 0.01 * 2))


def test_the_page_is_drawn_from_the_results() -> None:
    assert report.README.read_text(encoding="utf-8") == report.render()


def test_pages_are_drawn_from_the_experiments() -> None:
    """No number of them is typed: drawn anew, nothing changes."""
    page = experiments_page
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
    assert page.README.read_text(encoding="utf-8") == page.readme()
    pictures = re.findall(r"\]\((experiments/[\w-]+\.png)\)", page.page())
    assert len(pictures) > 5
    for picture in pictures:
        assert (page.PAGE.parent / picture).exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="its workers wait for pipes")
def test_nothing_goes_wrong_in_a_thin_slice_of_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults.main(["--quick"]) == 0, capsys.readouterr().out
