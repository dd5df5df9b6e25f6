"""Moment metrics against plain loops, and what bad input is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from prvr_lite.moments.moment_metrics import svmr_metrics, temporal_iou, vcmr_metrics

Array = NDArray[Any]
TIMES = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 3.5, 5.0, 7.0, 10.0]  # 7 of 10 s is an IoU of exactly 0.7


def loop_iou(a: Array, b: Array) -> float:
    """Length of the shared part over that of the union, counted in cells of half a second."""
    cells = [{i for i in range(int(2 * s), int(2 * e))} for s, e in (a, b)]
    union = cells[0] | cells[1]
    return len(cells[0] & cells[1]) / len(union) if union else 0.0


def loop_hits(spans: Array, truth: Array, k: int, threshold: float, right: Any) -> float:
    """Percentage of queries with a hit among their first k predictions."""
    hit = 0
    for q in range(len(truth)):
        for place in range(min(k, spans.shape[1])):
            span = spans[q, place]
            missing = np.isnan(span).all()
            if not missing and right(q, place) and loop_iou(span, truth[q]) >= threshold:
                hit += 1
                break
    return 100 * hit / len(truth)


@st.composite
def spans_of(draw: st.DrawFn, shape: tuple[int, ...]) -> Array:
    found: Array = np.sort(draw(arrays(np.float64, (*shape, 2), elements=st.sampled_from(TIMES))))
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array, Array, Array]:
    """Predictions on a coarse grid, some missing: many IoUs are exactly at a threshold."""
    q, k = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    spans, truth = draw(spans_of((q, k))), draw(spans_of((q,)))
    spans[draw(arrays(np.bool_, (q, k)))] = np.nan
    video = draw(arrays(np.int64, (q, k), elements=st.integers(-1, 2)))
    own = draw(arrays(np.int64, (q,), elements=st.integers(0, 2)))
    return video, spans, own, truth


@settings(max_examples=150)
@given(problems())
def test_single_video_metrics_are_those_of_a_plain_loop(problem: Any) -> None:
    _, spans, _, truth = problem
    found = svmr_metrics(spans, truth)
    first = [
        0 if np.isnan(s).all() else loop_iou(s, t) for s, t in zip(spans[:, 0], truth, strict=True)
    ]
    expected = {
        f"R@{k} IoU={t}": loop_hits(spans, truth, k, t, lambda q, place: True)
        for k in (1, 5)
        for t in (0.3, 0.5, 0.7)
    }
    assert found == pytest.approx(expected | {"mIoU": 100 * sum(first) / len(first)})


@settings(max_examples=150)
@given(problems())
def test_corpus_metrics_are_those_of_a_plain_loop(problem: Any) -> None:
    video, spans, own, truth = problem
    expected = {
        f"R@{k} IoU={t}": loop_hits(spans, truth, k, t, lambda q, p: video[q, p] == own[q])
        for k in (1, 10, 100)
        for t in (0.3, 0.5, 0.7)
    }
    assert vcmr_metrics(video, spans, own, truth) == pytest.approx(expected)
    tensors = [torch.from_numpy(a) for a in (video, spans.astype("f4"), own, truth.astype("f4"))]
    assert vcmr_metrics(*tensors) == pytest.approx(expected)


@given(spans_of((7,)), spans_of((7,)))
def test_iou_is_counted_and_symmetric(a: Array, b: Array) -> None:
    expected = [loop_iou(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(temporal_iou(a, b), expected)
    assert np.array_equal(temporal_iou(a, b), temporal_iou(b, a))


def test_known_ious() -> None:
    spans = [[0, 10], [0, 7], [3, 4], [10, 12], [5, 5]]
    assert temporal_iou(spans, [0, 10]).tolist() == [1, 0.7, 0.1, 0, 0]
    assert temporal_iou([5, 5], [5, 5]) == 0  # an instant is never hit


def test_a_hit_needs_at_least_the_threshold_and_its_rank() -> None:
    late = np.full((1, 101, 2), [20.0, 30.0])
    late[0, 99] = [0, 7]
    video, own, truth = np.zeros((1, 101), int), [0], [[0.0, 10.0]]
    found = vcmr_metrics(video, late, own, truth)
    assert found["R@100 IoU=0.7"] == 100
    assert found["R@10 IoU=0.3"] == 0
    late[0, 99:] = [[20, 30], [0, 10]]  # the 101st
    assert vcmr_metrics(video, late, own, truth)["R@100 IoU=0.3"] == 0


def test_the_right_moment_of_another_video_is_no_hit() -> None:
    span = [[[1.0, 2.0]]]
    assert vcmr_metrics([[4]], span, [4], [[1.0, 2.0]])["R@1 IoU=0.7"] == 100
    assert vcmr_metrics([[3]], span, [4], [[1.0, 2.0]])["R@1 IoU=0.3"] == 0


SPANS, TRUTH = np.array([[[0.0, 1.0], [2.0, 3.0]]] * 3), np.array([[0.0, 1.0]] * 3)


def changed(array: Array, where: Any, value: Any) -> Array:
    array = array.copy()
    array[where] = value
    return array


INVALID: list[tuple[Any, Any, str]] = [
    (SPANS[0], TRUTH, r"spans have shape \[2, 2\], truth \[3, 2\]; give \[Q, k, 2\]"),
    (SPANS[:0], TRUTH[:0], r"\[0, 2, 2\].*at least 1"),
    (SPANS[:, :0], TRUTH, r"\[3, 0, 2\]"),
    (SPANS, TRUTH[:2], r"truth \[2, 2\]"),
    (SPANS, changed(TRUTH, 1, np.nan), "true moment of query 1 is .*leave out queries"),
    (
        SPANS,
        changed(TRUTH, (2, 0), 4),
        "true moment 0 of query 2 is .4.0, 1.0.; give a finite start",
    ),
    (changed(SPANS, (1, 1, 0), np.nan), TRUTH, "prediction 1 of query 1 is .nan, 3.0."),
    (changed(SPANS, (0, 1, 1), np.inf), TRUTH, "prediction 1 of query 0 is .2.0, inf."),
    (
        changed(SPANS, (2, 0, 0), 1.5),
        TRUTH,
        "prediction 0 of query 2.*a finite end that is not before it",
    ),
]


@pytest.mark.parametrize(("spans", "truth", "message"), INVALID)
def test_bad_moments_are_named(spans: Any, truth: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        svmr_metrics(spans, truth)
    with pytest.raises(ValueError, match=message):
        vcmr_metrics(np.zeros(np.shape(spans)[:2], int), spans, np.zeros(3, int), truth)


@pytest.mark.parametrize(
    ("video", "own", "message"),
    [
        (
            np.zeros((3, 1), int),
            [0, 0, 0],
            r"video has shape \[3, 1\].*to fit the spans, give video \[3, 2\]",
        ),
        (
            np.zeros((3, 2), int),
            [0, 0],
            r"own \[2\]; to fit the spans, give video \[3, 2\] and own \[3\]",
        ),
        (np.zeros((3, 2)), [0, 0, 0], "video is float64.*integers"),
        (np.zeros((3, 2), int), [0, -1, 0], r"own\[1\] is -1"),
    ],
)
def test_bad_videos_are_named(video: Any, own: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vcmr_metrics(video, SPANS, own, TRUTH)


def test_iou_wants_spans() -> None:
    with pytest.raises(ValueError, match=r"shapes \[3\] and \[2\]; give \[..., 2\]"):
        temporal_iou([1, 2, 3], [1, 2])


@pytest.mark.parametrize(("step", "most"), [(0.01, 0.02), (0.1, 0.15)])
def test_times_in_float32_change_few_hits(step: float, most: float) -> None:
    """TVR's evaluator rounds times to float32; here is how many predictions that changes, in %."""
    random = np.random.default_rng(0)
    truth = np.round(np.sort(random.uniform(0, 76, (300_000, 2))) / step) * step
    noise = random.normal(0, 4, truth.shape)
    spans = np.sort(np.round((truth + noise) / step) * step).clip(0)
    rounded, true = spans.astype(np.float32), truth.astype(np.float32)
    shared = np.minimum(rounded, true)[:, 1] - np.maximum(rounded, true)[:, 0]
    hull = np.maximum(rounded, true)[:, 1] - np.minimum(rounded, true)[:, 0]
    with np.errstate(invalid="ignore"):
        there = np.maximum(shared, 0) / hull >= 0.5
    changed_hits = 100 * np.mean(there != (temporal_iou(spans, truth) >= 0.5))
    assert 0 < changed_hits <= most
