"""Metrics against the released evaluator's numbers, a plain loop, and ranx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from prvr_lite.search.metrics import (
    by_group,
    mean_average_precision,
    moment_to_video_ratio,
    paired_interval,
    rank_of_first_relevant,
    ratio_bin,
    retrieval_metrics,
)

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.h5"))
KEYS = {"R@1", "R@5", "R@10", "R@100", "SumR", "mAP", "MedR"}
Array = NDArray[Any]


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_the_released_numbers_come_out_exactly(path: Path) -> None:
    with h5py.File(path) as file:
        recorded = file["metrics"].attrs
        score, relevant = file["metrics/score"][:], file["metrics/relevant_video"][:]
        found = retrieval_metrics(score, relevant)
        assert found == {key: recorded[key] for key in KEYS}
        assert rank_of_first_relevant(score, relevant).mean() == recorded["MeanR"]
    assert retrieval_metrics(torch.tensor(score), torch.tensor(relevant)) == found


def test_golden_files_are_there() -> None:
    assert len(GOLDEN) >= 4


def ranking(score: Array, relevant: Array) -> list[bool]:
    """Relevance of one query's videos, best first; among equals the irrelevant come first."""
    videos = sorted(range(len(score)), key=lambda video: (-score[video], relevant[video]))
    return [bool(relevant[video]) for video in videos]


def loop_metrics(score: Array, relevant: Array) -> dict[str, float]:
    """The definition, one query and one video at a time."""
    ranks, precisions = [], []
    for row, right in zip(score, relevant, strict=True):
        hits = [place for place, hit in enumerate(ranking(row, right), start=1) if hit]
        ranks.append(hits[0])
        precisions.append(sum(k / place for k, place in enumerate(hits, start=1)) / len(hits))
    metrics = {f"R@{k}": 100 * sum(r <= k for r in ranks) / len(ranks) for k in (1, 5, 10, 100)}
    metrics["SumR"] = sum(metrics.values())
    ordered, half = sorted(ranks), len(ranks) // 2
    middle = ordered[half] if len(ranks) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return metrics | {"mAP": sum(precisions) / len(precisions), "MedR": middle}


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array]:
    """Few distinct scores, so that most have ties, and any number of relevant videos."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 14)))
    levels = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0])
    score = draw(arrays(np.float32, shape, elements=levels))
    relevant = draw(arrays(np.bool_, shape))
    relevant[np.arange(shape[0]), draw(st.integers(0, shape[1] - 1))] = True
    return score, relevant


@settings(max_examples=200, deadline=None)
@given(problems())
def test_a_plain_loop_agrees(problem: tuple[Array, Array]) -> None:
    score, relevant = problem
    found, expected = retrieval_metrics(score, relevant), loop_metrics(score, relevant)
    assert found.keys() == expected.keys() == KEYS
    for key, value in expected.items():
        assert found[key] == pytest.approx(value), key
    assert found["mAP"] == mean_average_precision(score, relevant)


@settings(max_examples=50, deadline=None)
@given(problems())
def test_one_column_means_one_relevant_video(problem: tuple[Array, Array]) -> None:
    score, relevant = problem
    video = relevant.argmax(axis=1)
    one_hot = np.arange(score.shape[1]) == video[:, None]
    assert retrieval_metrics(score, video) == retrieval_metrics(score, one_hot)


@pytest.mark.slow  # ranx compiles itself for a minute
def test_ranx_agrees_where_nothing_ties() -> None:
    ranx = pytest.importorskip("ranx")
    rng = np.random.default_rng(0)
    num_queries, num_videos = 30, 150
    score = rng.permuted(np.tile(np.arange(num_videos), (num_queries, 1)), axis=1) / 7.0
    relevant = rng.random(score.shape) < 0.03
    relevant[:, 0] = True
    video = [f"v{row}" for row in range(num_videos)]
    truth = {
        f"q{q}": {video[v]: 1 for v in np.flatnonzero(relevant[q])} for q in range(num_queries)
    }
    run = {f"q{q}": dict(zip(video, score[q].tolist(), strict=True)) for q in range(num_queries)}
    names = ["map", "hit_rate@1", "hit_rate@5", "hit_rate@10", "hit_rate@100"]
    theirs = ranx.evaluate(ranx.Qrels(truth), ranx.Run(run), names)
    ours = retrieval_metrics(score, relevant)
    assert ours["mAP"] == pytest.approx(theirs["map"])
    for k in (1, 5, 10, 100):
        assert ours[f"R@{k}"] == pytest.approx(100 * theirs[f"hit_rate@{k}"])


@pytest.mark.parametrize("level", [0.0, -np.inf])
def test_a_constant_score_cannot_win(level: float) -> None:
    video = np.arange(7)
    score = np.full((7, 7), level)
    assert rank_of_first_relevant(score, video).tolist() == [7] * 7
    assert retrieval_metrics(score, video)["R@5"] == 0
    assert mean_average_precision(score, video) == pytest.approx(1 / 7)


def test_score_kinds_do_not_matter() -> None:
    score, video = torch.tensor([[3, 1, 2], [1, 3, 2]]), torch.tensor([2, 1])
    expected = retrieval_metrics(score, video)
    for kind in (torch.bfloat16, torch.float16, torch.float64):
        assert retrieval_metrics(score.to(kind).requires_grad_(), video) == expected
    assert rank_of_first_relevant(score, video).tolist() == [2, 1]


SCORE = np.arange(12.0).reshape(3, 4)
INVALID: list[tuple[Any, Any, str]] = [
    (SCORE[0], [0], r"score has shape \[4\]"),
    (np.zeros((0, 4)), [], r"score has shape \[0, 4\]"),
    (np.where(SCORE == 6, np.nan, SCORE), [0, 1, 2], "query 1 and video 2 is NaN"),
    (SCORE, [0, 1, 4], "query 2 is 4"),
    (SCORE, [-1, 1, 2], "query 0 is -1"),
    (SCORE, [0, 1], r"int64 \[2\].*integer rows of videos \[Q\]"),
    (SCORE, [0.0, 1.0, 2.0], r"float64 \[3\]"),
    (SCORE, np.ones((3, 4), int), r"int64 \[3, 4\].*bool"),
    (SCORE, np.ones((4, 3), bool), r"bool \[4, 3\]"),
    (SCORE, np.arange(3)[:, None] == [0, 1, 9, 9], "query 2 has no relevant video"),
]


@pytest.mark.parametrize(("score", "relevant", "message"), INVALID)
def test_invalid_input_is_named(score: Any, relevant: Any, message: str) -> None:
    for metric in (retrieval_metrics, rank_of_first_relevant, mean_average_precision):
        with pytest.raises(ValueError, match=message):
            metric(score, np.asarray(relevant))


def test_groups_are_measured_apart() -> None:
    score, video = np.eye(4), np.array([0, 1, 3, 2])
    found = by_group(score, video, ["b", "a", "a", "b"])
    assert list(found) == ["a", "b"]
    for label, rows in (("a", [1, 2]), ("b", [0, 3])):
        assert found[label] == retrieval_metrics(score[rows], video[rows]) | {"queries": 2}
    with pytest.raises(ValueError, match="one label for each query"):
        by_group(score, video, ["a"])


def test_moment_to_video_ratio_and_its_bins() -> None:
    moment = np.array([[0, 0], [0, 2], [1, 4], [2, 6], [2, 6.1], [0, 10], [0, 10.4], [np.nan] * 2])
    ratio = moment_to_video_ratio(moment, np.full(8, 10.0))
    np.testing.assert_allclose(ratio, [0, 0.2, 0.3, 0.4, 0.41, 1, 1.04, np.nan])
    low, mid, high = "(0, 0.2]", "(0.2, 0.4]", "(0.4, 1]"
    assert ratio_bin(ratio) == [low, low, mid, mid, high, high, high, "unknown"]
    with pytest.raises(ValueError, match="query 1 is 0"):
        moment_to_video_ratio(np.ones((2, 2)), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"\[2, 2\] and duration \[3\]"):
        moment_to_video_ratio(np.ones((2, 2)), np.ones(3))


def test_the_interval_covers_a_known_difference() -> None:
    """95 % of intervals should hold the truth, with groups whose queries fare alike."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(60), 5)
    covered = width_alone = width = 0.0
    for trial in range(120):
        luck = 0.3 * rng.standard_normal(60)[group]
        hit_a = 0.1 + luck + 0.3 * rng.standard_normal(300)
        difference, low, high = paired_interval(hit_a, np.zeros(300), group, 400, trial)
        assert low <= difference <= high
        covered += low <= 0.1 <= high
        width += high - low
        _, low, high = paired_interval(hit_a, np.zeros(300), np.arange(300), 400, trial)
        width_alone += high - low
    assert 0.88 <= covered / 120 <= 0.99
    assert width > 1.4 * width_alone  # query by query, the interval would be too narrow


def test_the_interval_is_exact_where_it_must_be() -> None:
    rng = np.random.default_rng(0)
    hit, group = rng.random(50) < 0.5, rng.integers(0, 9, 50)
    assert paired_interval(hit, hit, group) == (0, 0, 0)
    assert paired_interval(torch.ones(50), np.zeros(50, bool), group) == (1, 1, 1)
    other = rng.random(50) < 0.3
    ahead, back = paired_interval(hit, other, group), paired_interval(other, hit, group)
    np.testing.assert_allclose(ahead, (-back[0], -back[2], -back[1]), atol=1e-12)
    assert paired_interval(hit, other, group) == ahead != paired_interval(hit, other, group, seed=1)


@pytest.mark.parametrize(
    ("hit", "group", "message"),
    [
        (np.ones(3), np.arange(4), r"shape \[3\] and group \[4\]"),
        (np.ones((2, 2)), np.arange(4), r"shape \[2, 2\]"),
        (np.ones(3), np.zeros(3), "at least two groups"),
        (np.array([0, np.inf, 1]), np.arange(3), "query 1 is not finite"),
    ],
)
def test_an_interval_of_bad_input_is_refused(hit: Array, group: Array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_interval(hit, np.zeros(hit.shape), group)
