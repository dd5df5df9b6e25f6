"""Verdicts follow from the numbers by their rules, whichever way the numbers fall."""

from __future__ import annotations

import pytest

from prvr_lite.lab.claims import NO, UNCLEAR, YES, Claim, claims, claims_table, parts_table
from prvr_lite.lab.lines import COLUMNS, Line
from prvr_lite.lab.results import Results
from prvr_lite.lab.rows import FULL, MOMENTS


def line_of(experiment: str, metric: str, value: float, **keys: object) -> Line:
    line = {"split": "test", "queries": "all", "score": "fused", "seed": "0"}
    line |= {"experiment": experiment, "metric": metric, "value": str(value)}
    return {column: str({**line, **keys}.get(column, "")) for column in COLUMNS}


def one(lines: list[Line], word: str) -> Claim:
    claimed = claims(Results(lines))
    matching = [claim for claim in claimed if word in claim.text]
    assert len(matching) == 1, [claim.text for claim in claimed]
    return matching[0]


def gap(
    name: str, low: float, high: float, seeds: tuple[float, ...], metric: str = "R@1"
) -> list[Line]:
    ends = {"ahead": (low + high) / 2, "low": low, "high": high}
    pair = f"{FULL} against {name}"
    lines = [line_of(pair, f"{metric} {end}", value, seed="") for end, value in ends.items()]
    return lines + [line_of(pair, f"{metric} gap", v, seed=i) for i, v in enumerate(seeds)]


@pytest.mark.parametrize(
    ("low", "high", "seeds", "verdict"),
    [
        (1, 3, (1.9, 2.0, 2.1), YES),
        (-3, -1, (-1.9, -2.0, -2.1), NO),
        (-1, 3, (1.9, 2.0, 2.1), UNCLEAR),  # other films might say otherwise
        (1, 3, (0.1, 2.0, 3.9), UNCLEAR),  # other seeds might
        (0, 2, (1.9, 2.0, 2.1), UNCLEAR),
        (1, 3, (2.0,), UNCLEAR),  # one seed decides nothing
    ],
)
def test_films_and_seeds_decide_together(
    low: float, high: float, seeds: tuple[float, ...], verdict: str
) -> None:
    for name, word in (
        ("frame-max", "better than frames alone"),
        ("mssl", "MS-SL with all"),
        ("gmmformer", "better than GMMFormer"),
    ):
        claim = one(gap(name, low, high, seeds), word)
        assert claim.verdict == verdict
        assert f"{len(seeds)} seed" in claim.measured
    table = parts_table(Results(gap("K=4", low, high, seeds, "SumR")))
    better = {YES: "MS-SL++", NO: "the change", UNCLEAR: UNCLEAR}[verdict]
    assert table.splitlines()[-1].endswith(f"| {better} |")


@pytest.mark.parametrize(("ours", "verdict"), [(40.0, YES), (39.9, NO)])
def test_twice_the_best_global_model(ours: float, verdict: str) -> None:
    lines = [
        line_of(FULL, "R@1", ours),
        line_of("mean-pool", "R@1", 20),
        line_of("attention-pool", "R@1", 5),
    ]
    claim = one(lines, "at least twice")
    assert claim.verdict == verdict
    assert "20.0 (mean pooling)" in claim.measured


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [((1, 1.1, 0.9), YES), ((-1, -1.1, -0.9), NO), ((1, -1, 0), UNCLEAR), ((1,), UNCLEAR)],
)
def test_seeds_decide(gaps: tuple[float, ...], verdict: str) -> None:
    lines = []
    for seed, extra in enumerate(gaps):
        lines += [line_of(FULL, "SumR", 300 + extra, seed=seed)]
        lines += [line_of(FULL, "SumR", 300, seed=seed, score="clip")]
        lines += [line_of("gmmformer", "SumR", 320 + extra, seed=seed)]
        lines += [line_of("gmmformer-batch-windows", "SumR", 320, seed=seed)]
        lines += [line_of(MOMENTS, "mIoU", 60 + extra, seed=seed, score="span head + key clip")]
        lines += [line_of(MOMENTS, "mIoU", 60, seed=seed, score="span head")]
    assert one(lines, "than the clip scale").verdict == verdict
    assert one(lines, "as a prior").verdict == verdict


@pytest.mark.parametrize(
    ("ours", "bytes_of_all", "verdict"), [(98, 1600, YES), (97.9, 1600, NO), (99, 1500, NO)]
)
def test_clusters_keep_accuracy_and_save_space(
    ours: float, bytes_of_all: float, verdict: str
) -> None:
    blank = {"seed": "", "split": "", "queries": "", "score": ""}
    lines = [line_of(FULL, "SumR", ours), line_of("mssl", "SumR", 100)]
    lines += [line_of(FULL, "index bytes", 100, **blank)]
    lines += [line_of("mssl", "index bytes", bytes_of_all, **blank)]
    assert one(lines, "32 medoids").verdict == verdict


@pytest.mark.parametrize(
    ("recall", "time", "verdict", "films"), [(49, 1, YES, 5), (49, 1.1, NO, 5), (48.9, 1, NO, 20)]
)
def test_two_stages(recall: float, time: float, verdict: str, films: int) -> None:
    lines = []
    for n, (percent, spent) in {5: (recall, time), 20: (50.0, 10.0)}.items():
        lines += [line_of(MOMENTS, "R@10 IoU=0.5", percent, score=f"clip map, n={n}")]
        lines += [line_of(MOMENTS, "query ms", spent, score=f"clip map, n={n}")]
    claim = one(lines, "two-stage VCMR (clip map)")
    assert claim.verdict == verdict
    assert claim.measured.startswith(f"{films} of 20 films")


def test_nothing_is_claimed_without_numbers() -> None:
    assert claims(Results([])) == []
    assert claims_table(Results([])) == ""
    assert "| holds? |" in claims_table(Results(gap("frame-max", 1, 2, (1.0, 2.0))))
