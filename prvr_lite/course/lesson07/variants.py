"""Lesson 7's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson07.answers import downwards, pool_size


def violating_triplets(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Mean of margin + negative - positive over the pairs in which it is above 0; 0 without any.

    scores [R], [R] -> one number.
    """
    gap = (margin + negative - positive).clamp(min=0)
    return gap.sum() / (gap > 0).sum().clamp(min=1)


def squared_triplets(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Mean over pairs of the square of [margin + negative - positive]+: [R], [R] -> one number."""
    return (margin + negative - positive).clamp(min=0).square().mean()


def hard_negatives_mean(score: Tensor, negative: Tensor, pool: int) -> Tensor:
    """The mean of the `pool` highest-scoring negatives per row (or of all, if fewer).

    score [R, C], negative [R, C] bool (at least one per row), pool from 1 -> [R].
    """
    ranked = downwards(score, negative)[:, :pool]
    kept = ranked > -torch.inf
    return ranked.masked_fill(~kept, 0).sum(1) / kept.sum(1)


def draw_from_below(score: Tensor, negative: Tensor, pool: int, luck: Tensor) -> Tensor:
    """The score of one negative per row, among its `pool` highest-scoring ones (or all, if fewer).

    score [R, C], negative [R, C] bool (what may be drawn, at least one per row), luck [R], at
    least 0 and below 1 -> [R]. The candidates are counted from the lowest up.
    """
    size = pool_size(negative, pool)
    place = size - 1 - (luck * size).long()
    return downwards(score, negative).gather(1, place[:, None]).squeeze(1)


def own_query_best(score: Tensor, own: Tensor) -> Tensor:
    """The highest score of each film's own queries: score [Q, V], own [Q, V] bool -> [V]."""
    return score.masked_fill(~own, -torch.inf).amax(0)


def own_query_lead(score: Tensor, own: Tensor) -> Tensor:
    """The mean score of each film's own queries, less its mean score with all queries.

    score [Q, V], own [Q, V] bool, at least one True per film -> [V]
    """
    return score.masked_fill(~own, 0).sum(0) / own.sum(0) - score.mean(0)


def each_positive(score: Tensor, positive: Tensor) -> Tensor:
    """Mean over rows of the mean over the positives of -log(e^s / sum of e^s over all).

    score [R, C], positive [R, C] bool, at least one per row -> one number.
    """
    log_share = score.log_softmax(1)
    return -((log_share * positive).sum(1) / positive.sum(1)).mean()


def hardest_positive(score: Tensor, positive: Tensor) -> Tensor:
    """Mean over rows of -log(e^s / sum of e^s over all), s of the lowest positive of the row.

    score [R, C], positive [R, C] bool, at least one per row -> one number.
    """
    lowest = score.masked_fill(~positive, torch.inf).amin(1)
    return (score.logsumexp(1) - lowest).mean()


def each_pair_once(query_video: Tensor, same_video: bool) -> Tensor:
    """Which pairs of queries are negatives, each pair once: films [Q] -> [Q, Q] bool.

    Pairs of different films always; pairs of one film only if `same_video`.
    """
    count = len(query_video)
    differ = query_video[:, None] != query_video
    return (differ | same_video) & torch.ones(count, count).triu(1).bool()


def without_luck(inputs: Inputs, g: Generator) -> Inputs:
    return {name: value for name, value in inputs.items() if name != "luck"}


VARIANTS = (
    Variant(
        "triplet_loss",
        violating_triplets,
        changes={"axes": {}},  # a single pair may be far enough apart: nothing has a gradient then
    ),
    Variant("triplet_loss", squared_triplets),
    Variant(
        "draw_negative",
        hard_negatives_mean,
        inputs=without_luck,
        changes={"axes": {"score": "Rc", "negative": "Rc"}},
    ),
    Variant("draw_negative", draw_from_below),
    Variant("own_query_mean", own_query_best),
    Variant("own_query_mean", own_query_lead),
    Variant("info_nce", each_positive),
    Variant("info_nce", hardest_positive),
    Variant("frame_negatives", each_pair_once),
)
