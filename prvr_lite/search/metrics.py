"""How well queries find their videos: recall, average precision, median rank, and by groups.

Scores are [Q, V], higher is better. Which videos are right is either one row of a video a query,
[Q] integers, or a bool matrix [Q, V] for several. Both may be NumPy arrays or torch tensors.

Definitions follow the released evaluator (HuiGuanLab/ms-sl-pp, method/eval.py:21-110), whose
numbers come out to the last digit wherever scores have no ties and queries one right video.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Array | torch.Tensor
RECALL_AT = (1, 5, 10, 100)
RATIO_EDGES = (0.2, 0.4)  # the field's bins of moment-to-video ratio
RATIO_BINS = ("(0, 0.2]", "(0.2, 0.4]", "(0.4, 1]")


def retrieval_metrics(score: Values, relevant: Values) -> dict[str, float]:
    """Returns the numbers that PRVR papers print.

    - "R@1", "R@5", "R@10", "R@100": percentage of queries whose first relevant video is among the
      first k. Where there are fewer than k videos, R@k is 100.
    - "SumR": the sum of these four, 0 to 400.
    - "mAP": see `mean_average_precision`, 0 to 1.
    - "MedR": median of the ranks of the first relevant video, 1 = best; halves are kept.

    Source: arXiv 2208.12510 and method/eval.py:54-110. Deviations: ties and NaN, see
    `rank_of_first_relevant`; several relevant videos, see `mean_average_precision`.

    Args:
        score: [Q, V], higher is better.
        relevant: [Q] rows of videos, or [Q, V] bool.

    Raises:
        ValueError: shapes that don't fit, NaN scores, a query without a relevant video.
    """
    values, right = _checked(score, relevant)
    rank = _first_rank(values, right)
    metrics = {f"R@{k}": 100.0 * int((rank <= k).sum()) / len(rank) for k in RECALL_AT}
    total = 0.0
    for k in RECALL_AT:  # not sum(), which rounds otherwise from Python 3.12 on
        total += metrics[f"R@{k}"]
    average_precision = _average_precision(values, right)
    metrics |= {"SumR": total, "mAP": float(average_precision.mean())}
    return metrics | {"MedR": float(np.median(rank))}


def rank_of_first_relevant(score: Values, relevant: Values) -> NDArray[np.int64]:
    """Returns the rank of each query's best-scored relevant video, [Q], 1 = best.

    1 + the number of irrelevant videos that score as high or higher. So a tie counts against the
    model, and a model that gives every video the same score comes last, not first.

    Deviation: the released evaluator (method/eval.py:68-78) sorts without a rule for ties, so a
    tied video gets any of the ranks it ties for, and NaN goes last silently; here it is an error.

    Args and errors as `retrieval_metrics`.
    """
    return _first_rank(*_checked(score, relevant))


def mean_average_precision(score: Values, relevant: Values) -> float:
    """Returns the mean over queries of average precision, 0 to 1.

    Average precision is the mean, over a query's relevant videos, of the share of relevant ones
    among all ranked no lower. With one relevant video it is 1 / rank.

    Deviations from the released evaluator (method/eval.py:91-110): it uses only the first of a
    query's relevant videos, here all count; ties as in `rank_of_first_relevant`.

    Args and errors as `retrieval_metrics`.
    """
    return float(_average_precision(*_checked(score, relevant)).mean())


def by_group(
    score: Values, relevant: Values, group: Sequence[str] | Array
) -> dict[str, dict[str, float]]:
    """Returns `retrieval_metrics` of each group of queries on its own, against all videos.

    Args:
        score: [Q, V].
        relevant: [Q] or [Q, V].
        group: a label for each query, for instance from `ratio_bin`.

    Returns:
        Label -> metrics, and "queries", how many there are; in the order of the sorted labels.

    Raises:
        ValueError: as `retrieval_metrics`, or not one label per query.
    """
    values, right = _checked(score, relevant)
    label = np.asarray(group)
    if label.shape != (len(values),):
        raise ValueError(f"group has shape {list(label.shape)}; give one label for each query.")
    metrics = {}
    for name in np.unique(label):
        rows = label == name
        count = {"queries": float(rows.sum())}
        metrics[str(name)] = retrieval_metrics(values[rows], right[rows]) | count
    return metrics


def moment_to_video_ratio(moment: Array, duration: Array) -> NDArray[np.float64]:
    """Returns the share of its video that each query's moment covers, [Q]; NaN if unknown.

    Args:
        moment: [Q, 2] start and end, s.
        duration: [Q] length of each query's video, s.

    Raises:
        ValueError: shapes that don't fit, or a duration of 0 or less.
    """
    times, length = np.asarray(moment, np.float64), np.asarray(duration, np.float64)
    if times.ndim != 2 or times.shape != (len(times), 2) or length.shape != (len(times),):
        shapes = f"moment has shape {list(times.shape)} and duration {list(length.shape)}"
        raise ValueError(f"{shapes}; give [Q, 2] and [Q], each query with its video's duration.")
    if (length <= 0).any():
        row = int((length <= 0).argmax())
        raise ValueError(f"duration of query {row} is {length[row]}; give seconds above 0.")
    ratio: NDArray[np.float64] = (times[:, 1] - times[:, 0]) / length
    return ratio


def ratio_bin(ratio: Array) -> list[str]:
    """Returns the field's bin of each moment-to-video ratio: "(0, 0.2]", "(0.2, 0.4]", "(0.4, 1]".

    Source: arXiv 2208.12510. Deviations: a ratio of 0 (an instant) goes to the first bin and one
    above 1 (an end rounded past its video's) to the last; NaN is "unknown".
    """
    index = np.searchsorted(RATIO_EDGES, ratio)  # NaN goes last
    names: list[str] = np.where(np.isnan(ratio), "unknown", np.array(RATIO_BINS)[index]).tolist()
    return names


def paired_interval(
    hit_a: Values, hit_b: Values, group: Values, samples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Returns how much better model A is than B on the same queries, with a 95 % interval.

    A percentile bootstrap that draws whole groups with replacement: queries about one video, or
    films of one cast, succeed and fail together; drawn one by one they would make the interval too
    narrow. It covers the choice of queries, not the seeds of training.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; drawing
    groups: Field and Welsh, JRSS B 69 (2007). With few groups it is too narrow.

    Args:
        hit_a: [Q] what A gets for each query: bool hits, or any number such as average precision.
        hit_b: [Q] the same for B.
        group: [Q] sibling group of each query.
        samples: number of bootstrap samples; memory is samples x groups.
        seed: of the draws; the same seed gives the same interval.

    Returns: mean of A - mean of B, low, high.

    Raises:
        ValueError: lengths that differ, a value that is not finite, or fewer than two groups.
    """
    gain = as_numpy(hit_a).astype(np.float64) - as_numpy(hit_b).astype(np.float64)
    names, member = np.unique(as_numpy(group), return_inverse=True)
    if gain.ndim != 1 or gain.shape != member.shape:
        shapes = f"hits have shape {list(gain.shape)} and group {list(member.shape)}"
        raise ValueError(f"{shapes}. To fix it: give each of them one value per query, [Q].")
    if not np.isfinite(gain).all():
        raise ValueError(f"the value of query {np.isfinite(gain).argmin()} is not finite.")
    if len(names) < 2:
        raise ValueError("an interval needs at least two groups of queries.")
    size, gain_of_group = np.bincount(member), np.bincount(member, weights=gain)
    draw = np.random.default_rng(seed).integers(len(names), size=(samples, len(names)))
    mean = gain_of_group[draw].sum(axis=1) / size[draw].sum(axis=1)  # [samples]
    low, high = np.percentile(mean, [2.5, 97.5])
    return float(gain.mean()), float(low), float(high)


def _first_rank(score: Array, relevant: Array) -> NDArray[np.int64]:
    best = np.max(score, axis=1, where=relevant, initial=-np.inf)  # [Q]
    return 1 + _irrelevant_ahead(score, relevant, best)


def _irrelevant_ahead(score: Array, relevant: Array, threshold: Array) -> NDArray[np.int64]:
    ahead: NDArray[np.int64] = ((score >= threshold[:, None]) & ~relevant).sum(axis=1)
    return ahead


def _average_precision(score: Array, relevant: Array) -> NDArray[np.float64]:
    """Returns the average precision of each query, [Q].

    One pass treats the best relevant video of every query, one the second best, …
    """
    query, video = np.nonzero(relevant)
    relevant_score = score[query, video]  # [R], the score of each relevant video
    order = np.lexsort((-relevant_score, query))
    query, relevant_score = query[order], relevant_score[order]
    count = relevant.sum(axis=1)
    place = np.arange(len(query)) - np.repeat(np.cumsum(count) - count, count)  # 0, 1, … a query
    total = np.zeros(len(score))
    for k in range(count.max()):
        rows = query[place == k]
        ahead = _irrelevant_ahead(score[rows], relevant[rows], relevant_score[place == k])
        total[rows] += (k + 1) / (k + 1 + ahead)
    average: NDArray[np.float64] = total / count
    return average


def as_numpy(values: Values) -> Array:
    """Returns an array or a tensor as an array, on the CPU and without its gradient."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        # NumPy has no bfloat16; float32 holds its values exactly
        return np.asarray(values.float() if values.dtype == torch.bfloat16 else values)
    return np.asarray(values)


def _checked(score: Values, relevant: Values) -> tuple[Array, Array]:
    """Returns score as floats [Q, V] without NaN, relevant as bool [Q, V], at least one per row."""
    values, right = as_numpy(score), as_numpy(relevant)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"score has shape {list(values.shape)}; give [Q, V], both at least 1.")
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    nan = np.isnan(values)
    if nan.any():
        query, video = np.argwhere(nan)[0].tolist()
        raise ValueError(f"score of query {query} and video {video} is NaN; fix the model.")
    if right.dtype.kind in "iu" and right.shape == values.shape[:1]:
        return values, _one_hot(right, values.shape[1])
    if right.dtype != bool or right.shape != values.shape:
        problem = f"relevant is {right.dtype} {list(right.shape)}, score {list(values.shape)}"
        raise ValueError(f"{problem}; give integer rows of videos [Q], or bool [Q, V].")
    if not right.any(axis=1).all():
        query = int((~right.any(axis=1)).argmax())
        raise ValueError(f"query {query} has no relevant video; leave it out of the evaluation.")
    return values, right


def _one_hot(video: Array, num_videos: int) -> Array:
    wrong = (video < 0) | (video >= num_videos)
    if wrong.any():
        query = int(wrong.argmax())
        raise ValueError(f"relevant video of query {query} is {video[query]}, of {num_videos}.")
    one_hot: Array = np.arange(num_videos) == video[:, None]
    return one_hot
