"""Lesson 9's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson09.answers import EDGES, found_alone, length, mine_of, overlap, rivals


def reciprocal_rank_curve(clip: Tensor, frame: Tensor, own: Tensor, alphas: Tensor) -> Tensor:
    """Mean reciprocal rank in % for each weight of the clip scale; ties count against the model.

    clip [Q, V], frame [Q, V], own [Q] column of each query's film, alphas [A] in 0..1 -> [A].
    """
    rows = []
    for alpha in alphas:
        score = alpha * clip + (1 - alpha) * frame
        rank = (score >= mine_of(score, own)).sum(1)
        rows.append(100 * (1 / rank).mean())
    return torch.stack(rows)


def best_alpha(clip: Tensor, frame: Tensor, own: Tensor, alphas: Tensor) -> Tensor:
    """The weight of the clip scale that has the highest R@1; ties count against the model.

    clip [Q, V], frame [Q, V], own [Q] column of each query's film, alphas [A] in 0..1 -> one
    number.
    """
    weight = alphas[:, None, None]
    hits = found_alone(weight * clip + (1 - weight) * frame, own).sum(1)  # [A]
    best = alphas[hits == hits.max()]
    return best.min()


def span_giou(first: Tensor, second: Tensor) -> Tensor:
    """IoU, or minus the share of the gap where spans lie apart: [Q, 2] and [Q, 2] -> [Q]."""
    common = overlap(first, second)  # below 0: the gap
    start, end = torch.minimum(first, second)[:, 0], torch.maximum(first, second)[:, 1]
    union = length(first) + length(second) - common
    return torch.where(common > 0, common / union, common / (end - start))


def covered_share(first: Tensor, second: Tensor) -> Tensor:
    """Which share of the second span the first one covers, 0 to 1: [Q, 2] and [Q, 2] -> [Q]."""
    return overlap(first, second).clamp(min=0) / length(second)


def recall_up_to_ratio(rank: Tensor, moment: Tensor, duration: Tensor, k: int) -> Tensor:
    """R@k in % of the queries whose moment covers (0, .2], (0, .4] and (0, 1] of its film.

    rank [Q] int from 1, moment [Q, 2] start and end in s, duration [Q] of the film in s -> [3].
    """
    ratio = length(moment) / duration
    hit = (rank <= k).float()
    return torch.stack([100 * hit[ratio <= edge].mean() for edge in (*EDGES, torch.inf)])


def reciprocal_rank_by_ratio(rank: Tensor, moment: Tensor, duration: Tensor) -> Tensor:
    """Mean reciprocal rank in % of queries whose moment covers (0, .2], (.2, .4] and (.4, 1].

    rank [Q] int from 1, moment [Q, 2] start and end in s, duration [Q] of the film in s -> [3].
    """
    group = torch.bucketize(length(moment) / duration, torch.tensor(EDGES))
    total = torch.zeros(3).index_add(0, group, 100 / rank)
    return total / torch.bincount(group, minlength=3)


def siblings_first(score: Tensor, own: Tensor, answers: Tensor, group: Tensor) -> Tensor:
    """0 found, 1 sibling, 2 answers, 3 stranger; see the text. -> [Q] int64.

    score [Q, V], own [Q] column of each query's film, answers [Q, V] bool: which films truly
    answer which queries (the own one does), group [V] int: siblings have the same number.
    """
    row, own_score, rival = rivals(score, own)
    kinds = torch.full_like(own, 3)
    kinds[answers[row, rival]] = 2
    kinds[group[rival] == group[own]] = 1
    kinds[own_score > score[row, rival]] = 0
    return kinds


def ahead_counts(score: Tensor, own: Tensor, answers: Tensor, group: Tensor) -> Tensor:
    """How many films ahead answer the query, are siblings, are strangers. -> [Q, 3] int64.

    score [Q, V], own [Q] column of each query's film, answers [Q, V] bool: which films truly
    answer which queries (the own one does), group [V] int: siblings have the same number.
    """
    ahead = (score >= mine_of(score, own)).scatter(1, own[:, None], False)  # [Q, V]
    sibling = group[own][:, None] == group
    kinds = (ahead & answers, ahead & sibling & ~answers, ahead & ~sibling & ~answers)
    return torch.stack([kind.sum(1) for kind in kinds], 1)


VARIANTS = (
    Variant("alpha_curve", reciprocal_rank_curve),
    Variant(
        "alpha_curve",
        best_alpha,
        changes={"shape": "one number"},
    ),
    Variant("span_iou", span_giou),
    Variant("span_iou", covered_share),
    Variant("recall_by_ratio", recall_up_to_ratio),
    Variant(
        "recall_by_ratio",
        reciprocal_rank_by_ratio,
        inputs=lambda inputs, g: {name: inputs[name] for name in ("rank", "moment", "duration")},
    ),
    Variant("failure_kind", siblings_first),
    Variant(
        "failure_kind",
        ahead_counts,
        changes={"shape": "[Q, 3]"},
    ),
)
