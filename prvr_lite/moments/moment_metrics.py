"""How well predicted moments match the true ones, in the query's own video and over a corpus.

Times are in seconds. Definitions follow the TVR protocol (jayleicn/TVRetrieval,
standalone_eval/eval.py, commit 34777b4), the field's reference for both tasks. What differs from
that evaluator, for both functions here:

- Times are compared in float64; it rounds them to float32 first.
- Percentages aren't rounded; it rounds them to two decimals.
- IoU 0.3 is measured beside its 0.5 and 0.7.
- One true moment a query. It also takes DiDeMo's four or more annotations, of which a prediction
  must meet two, and splits TVR's queries by type; neither is done here.
- It wants exactly the ground truth's queries; here row q of every argument is query q, and a query
  whose true moment is unknown (NaN) is an error: leave it out of all arguments.
- It accepts a span that ends before it starts, and NaN (both never hit); here they are errors, but
  for a span that is NaN at both ends: that is a missing prediction, and never hits.

The same are: a hit needs IoU >= the threshold; duplicate predictions count like any other; no
non-maximum suppression is applied to what is given, and ties are not looked at, for predictions
come in order and without scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Array | torch.Tensor
IOU_AT = (0.3, 0.5, 0.7)
SVMR_RECALL_AT = (1, 5)
VCMR_RECALL_AT = (1, 10, 100)


def temporal_iou(first: Values, second: Values) -> NDArray[np.float64]:
    """Intersection over union of spans in time, [...], 0 to 1.

    The union is taken as the hull, from the first start to the last end, as TVR's evaluator does
    (eval.py, compute_temporal_iou_batch). For spans that meet, that is their union; for others
    the intersection is 0, and so is the IoU either way. Two equal spans of length 0 have IoU 0,
    as there; so an instant is never hit.

    Args:
        first, second: [..., 2] start and end, s; their shapes must broadcast. NaN gives NaN.

    Raises:
        ValueError: shapes that don't fit.
    """
    a, b = _numpy(first), _numpy(second)
    if not (a.ndim and b.ndim and a.shape[-1] == b.shape[-1] == 2):
        raise ValueError(f"spans have shapes {list(a.shape)} and {list(b.shape)}; give [..., 2].")
    shared = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0])
    hull = np.maximum(a[..., 1], b[..., 1]) - np.minimum(a[..., 0], b[..., 0])
    iou: NDArray[np.float64] = np.maximum(shared, 0) / np.where(hull == 0, 1, hull)
    return iou


def svmr_metrics(spans: Values, truth: Values) -> dict[str, float]:
    """Single-video moment retrieval: the moments predicted in each query's own video.

    - "R@1 IoU=0.3", ..., "R@5 IoU=0.7": percentage of queries with a hit among the first 1 or 5
      predictions. With fewer than 5 the others count as misses.
    - "mIoU": mean IoU of the first prediction, in per cent; a missing one has IoU 0.

    Source: TVR's evaluator, task "SVMR", which also prints R@10 and R@100 but no mIoU; that is as
    the papers on Charades-STA and ActivityNet Captions print it. Otherwise as the module says.

    Args:
        spans: [Q, k, 2] start and end, s, best first; NaN, NaN is a missing prediction.
        truth: [Q, 2] the true moments, s.

    Raises:
        ValueError: shapes that don't fit, no query, a span that ends before it starts or isn't
            finite, an unknown true moment.
    """
    iou = _checked_iou(spans, truth)  # [Q, k]
    return _recall(iou, SVMR_RECALL_AT) | {"mIoU": 100 * float(iou[:, 0].mean())}


def vcmr_metrics(video: Values, spans: Values, own: Values, truth: Values) -> dict[str, float]:
    """Video corpus moment retrieval: moments predicted over all videos.

    "R@1 IoU=0.3", ..., "R@100 IoU=0.7": percentage of queries with a hit among the first 1, 10 or
    100 predictions. A prediction hits when it names the query's own video and meets its moment.
    Another video that answers the query as well is never a hit: the data name no moment in it.

    Source: TVR's evaluator, task "VCMR", which also prints R@5, and reads 100 predictions a query
    (eval.py, max_pred_per_query); more than that change nothing here either, and with fewer the
    others count as misses. Otherwise as the module says.

    Args:
        video: [Q, k] integers, the video of each prediction, best first; -1 is a missing one.
        spans: [Q, k, 2] its start and end, s; NaN, NaN is a missing prediction.
        own: [Q] integers, each query's own video, counted as ``video`` is.
        truth: [Q, 2] the true moments, s.

    Raises:
        ValueError: as :func:`svmr_metrics`; videos that aren't integers, or an own video below 0.
    """
    iou = _checked_iou(spans, truth)  # [Q, k]
    named, right = (_numpy(values, None) for values in (video, own))
    if named.shape != iou.shape or right.shape != iou.shape[:1]:
        shapes = f"video has shape {list(named.shape)} and own {list(right.shape)}"
        raise ValueError(f"{shapes}; spans ask for {list(iou.shape)} and [{len(iou)}].")
    if named.dtype.kind not in "iu" or right.dtype.kind not in "iu":
        raise ValueError(f"video is {named.dtype}, own {right.dtype}; give integers, one a video.")
    if (right < 0).any():
        query = int((right < 0).argmax())
        raise ValueError(f"own video of query {query} is {right[query]}; give its row, from 0.")
    return _recall(np.where(named == right[:, None], iou, 0), VCMR_RECALL_AT)


def _recall(iou: Array, depths: tuple[int, ...]) -> dict[str, float]:
    """iou [Q, k], best prediction first -> percentages of queries hit."""
    return {
        f"R@{k} IoU={threshold}": 100 * float((iou[:, :k] >= threshold).any(axis=1).mean())
        for k in depths
        for threshold in IOU_AT
    }


def _checked_iou(spans: Values, truth: Values) -> NDArray[np.float64]:
    """IoU of predictions [Q, k, 2] with true moments [Q, 2], [Q, k]; 0 where one is missing."""
    predicted, true = _numpy(spans), _numpy(truth)
    fits = predicted.ndim == 3 and predicted.shape[2] == 2 and 0 not in predicted.shape
    if not fits or true.shape != (len(predicted), 2):
        shapes = f"spans have shape {list(predicted.shape)}, truth {list(true.shape)}"
        raise ValueError(f"{shapes}; give [Q, k, 2] and [Q, 2], Q and k at least 1.")
    unknown = np.logical_not(np.isfinite(true).all(axis=1))
    if unknown.any():
        query = int(unknown.argmax())
        raise ValueError(
            f"the true moment of query {query} is {true[query].tolist()}; leave queries of "
            "unknown moment out."
        )
    missing = np.logical_and.reduce(np.isnan(predicted), axis=2)
    known = np.where(missing[..., None], 0.0, predicted)
    _check_order(true[:, None], "true moment")
    _check_order(known, "prediction")
    return np.where(missing, 0.0, temporal_iou(known, true[:, None]))


def _check_order(spans: Array, name: str) -> None:
    """Raises where a span [Q, k, 2] isn't finite or ends before it starts."""
    wrong = ~(np.isfinite(spans).all(axis=2) & (spans[..., 1] >= spans[..., 0]))
    if wrong.any():
        query, place = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"{name} {place} of query {query} is {spans[query, place].tolist()}; give a start and "
            "an end that are finite, the end no earlier."
        )


def _numpy(values: Values, dtype: type | None = np.float64) -> Array:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().to(torch.float64 if dtype else values.dtype).numpy()
    return np.asarray(values, dtype)
