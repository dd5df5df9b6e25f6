"""Measures how well predicted moments match the true ones: SVMR and VCMR.

A moment is a span of a video, from a start to an end in seconds. Two tasks ask for it. In
single-video moment retrieval (SVMR) the video is given, and the moment that answers the query is to
be found in it. In video corpus moment retrieval (VCMR) the moment is to be found among all videos
of a collection. Both are measured by recall: the percentage of queries with a hit among the first k
predictions. A prediction hits if it overlaps the true moment enough, that is if the intersection of
the two spans, divided by their union (IoU), is at least 0.3, 0.5 or 0.7.

The definitions follow the TVR protocol (jayleicn/TVRetrieval, standalone_eval/eval.py, commit
34777b4), which both tasks use as reference. Both functions here differ from that evaluator:

- Times are compared in float64; TVR's evaluator rounds them to float32 first. That can only change
  an IoU that equals the threshold. Of two million random predictions, a few seconds off the moment,
  it changed 0.01 % at IoU 0.5 for times in steps of 0.01 s, and 0.1 % for steps of 0.1 s.
- Percentages are not rounded; the evaluator rounds to two decimals (a difference of up to 0.005).
- IoU 0.3 is measured too, not only 0.5 and 0.7.
- A query has one true moment. The evaluator also takes DiDeMo's four or more annotations, of which
  a prediction must meet two, and splits TVR's queries by type; neither is done here.
- The evaluator demands exactly the queries of the ground truth. Here row q of every argument is
  query q, and an unknown true moment (NaN) is an error: leave its query out of all arguments.
- The evaluator accepts NaN, and a span that ends before it starts (neither ever hits). Here they
  are errors, except a span that is NaN at both ends: that is a missing prediction, and never hits.

Everything else is the same: a hit needs IoU >= the threshold; duplicate predictions count like any
others; non-maximum suppression is not applied; and predictions come in order and without scores, so
there are no ties.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prvr_lite.search.metrics import Array, Values, as_numpy

IOU_AT = (0.3, 0.5, 0.7)
SVMR_RECALL_AT = (1, 5)
VCMR_RECALL_AT = (1, 10, 100)


def temporal_iou(first: Values, second: Values) -> NDArray[np.float64]:
    """Returns intersection over union of spans in time, [...], 0 to 1.

    The union is computed as the time from the first start to the last end, as TVR's evaluator does
    (eval.py, compute_temporal_iou_batch). That is the union of spans that meet; for others the
    intersection is 0, and the IoU is 0 in either case. Two equal spans of length 0 have IoU 0, as
    in that evaluator, so nothing hits a true moment of length 0.

    Args:
        first, second: [..., 2] start and end, s; their shapes must broadcast. NaN gives NaN.

    Raises:
        ValueError: the shapes don't fit.
    """
    a, b = _numpy(first), _numpy(second)
    if not (a.ndim and b.ndim and a.shape[-1] == b.shape[-1] == 2):
        raise ValueError(f"spans have shapes {list(a.shape)} and {list(b.shape)}; give [..., 2].")
    shared = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0])
    hull = np.maximum(a[..., 1], b[..., 1]) - np.minimum(a[..., 0], b[..., 0])
    iou: NDArray[np.float64] = np.maximum(shared, 0) / np.where(hull == 0, 1, hull)
    return iou


def svmr_metrics(spans: Values, truth: Values) -> dict[str, float]:
    """Measures single-video moment retrieval: moments predicted in each query's own video.

    - "R@1 IoU=0.3", ..., "R@5 IoU=0.7": percentage of queries with a hit among the first 1 or 5
      predictions. Where there are fewer than 5, the missing ones count as misses.
    - "mIoU": mean IoU of the first prediction, in per cent; a missing one has IoU 0.

    Source: TVR's evaluator, task "SVMR". It also prints R@10 and R@100, but no mIoU; mIoU is as in
    papers on Charades-STA and ActivityNet Captions. The module lists the other differences.

    Args:
        spans: [Q, k, 2] start and end, s, best first; NaN, NaN is a missing prediction.
        truth: [Q, 2] the true moments, s.

    Raises:
        ValueError: the shapes don't fit, there is no query, a span ends before it starts or isn't
            finite, or a true moment is unknown.
    """
    iou = _checked_iou(spans, truth)  # [Q, k]
    return _recall(iou, SVMR_RECALL_AT) | {"mIoU": 100 * float(iou[:, 0].mean())}


def vcmr_metrics(video: Values, spans: Values, own: Values, truth: Values) -> dict[str, float]:
    """Measures video corpus moment retrieval: moments predicted over all videos.

    "R@1 IoU=0.3", ..., "R@100 IoU=0.7": percentage of queries with a hit among the first 1, 10 or
    100 predictions. A prediction hits if its video is the query's own and its span meets the true
    moment. Another video that answers the query too is never a hit, because the data have no true
    moment in it.

    Source: TVR's evaluator, task "VCMR". It also prints R@5, and reads 100 predictions per query
    (eval.py, max_pred_per_query); more predictions change nothing here either, and missing ones
    count as misses. The module lists the other differences.

    Args:
        video: [Q, k] integers, the video of each prediction, best first; -1 is a missing one.
        spans: [Q, k, 2] its start and end, s; NaN, NaN is a missing prediction.
        own: [Q] integers, the video that each query is about, numbered like ``video``.
        truth: [Q, 2] the true moments, s.

    Raises:
        ValueError: as :func:`svmr_metrics`; videos aren't integers, or one of ``own`` is below 0.
    """
    iou = _checked_iou(spans, truth)  # [Q, k]
    named, right = map(as_numpy, (video, own))
    if named.shape != iou.shape or right.shape != iou.shape[:1]:
        shapes = f"video has shape {list(named.shape)} and own {list(right.shape)}"
        raise ValueError(
            f"{shapes}; to fit the spans, give video {list(iou.shape)} and own [{len(iou)}]."
        )
    if named.dtype.kind not in "iu" or right.dtype.kind not in "iu":
        raise ValueError(f"video is {named.dtype}, own is {right.dtype}; give integers.")
    if (right < 0).any():
        query = int((right < 0).argmax())
        raise ValueError(
            f"own[{query}] is {right[query]}; give the row of the query's video, from 0."
        )
    return _recall(np.where(named == right[:, None], iou, 0), VCMR_RECALL_AT)


def _recall(iou: Array, depths: tuple[int, ...]) -> dict[str, float]:
    """Returns the percentages of queries with a hit, from iou [Q, k], best prediction first."""
    return {
        f"R@{k} IoU={threshold}": 100 * float((iou[:, :k] >= threshold).any(axis=1).mean())
        for k in depths
        for threshold in IOU_AT
    }


def _checked_iou(spans: Values, truth: Values) -> NDArray[np.float64]:
    """Returns IoU [Q, k] of predictions [Q, k, 2] and true moments [Q, 2]; 0 for a missing one."""
    predicted, true = _numpy(spans), _numpy(truth)
    fits = predicted.ndim == 3 and predicted.shape[2] == 2 and 0 not in predicted.shape
    if not fits or true.shape != (len(predicted), 2):
        shapes = f"spans have shape {list(predicted.shape)}, truth {list(true.shape)}"
        raise ValueError(f"{shapes}; give [Q, k, 2] and [Q, 2], Q and k at least 1.")
    unknown = np.logical_not(np.isfinite(true).all(axis=1))
    if unknown.any():
        query = int(unknown.argmax())
        raise ValueError(
            f"the true moment of query {query} is {true[query].tolist()}; leave out "
            "queries whose moment is unknown."
        )
    missing = np.logical_and.reduce(np.isnan(predicted), axis=2)
    known = np.where(missing[..., None], 0.0, predicted)
    _check_order(true[:, None], "true moment")
    _check_order(known, "prediction")
    return np.where(missing, 0.0, temporal_iou(known, true[:, None]))


def _check_order(spans: Array, name: str) -> None:
    """Raises an error where a span [Q, k, 2] isn't finite or ends before it starts."""
    wrong = ~(np.isfinite(spans).all(axis=2) & (spans[..., 1] >= spans[..., 0]))
    if wrong.any():
        query, place = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"{name} {place} of query {query} is {spans[query, place].tolist()}; give a finite "
            "start and a finite end that is not before it."
        )


def _numpy(values: Values) -> Array:
    return as_numpy(values).astype(np.float64)
