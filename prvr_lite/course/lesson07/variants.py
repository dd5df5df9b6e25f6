"""Lesson 7's exercises with a twist."""

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
        """\
Average over the pairs that **violate the margin only**: those in which margin + negative −
positive is above 0. The loss is the mean of this number over these pairs; pairs that are far
enough apart neither add to the sum nor count in the mean. If no pair violates the margin, the
loss is 0.""",
        changes={"axes": {}},  # a single pair may be far enough apart: nothing has a gradient then
    ),
    Variant(
        "triplet_loss",
        squared_triplets,
        """\
Punish large violations more: the loss is the mean over all pairs of the **square** of
$[\\,\\text{margin} + \\text{negative} - \\text{positive}\\,]_+$, where $[x]_+$ is $x$ if it is
above 0, and else 0. (Pairs that are far enough apart count in the mean, with 0.)""",
    ),
    Variant(
        "draw_negative",
        hard_negatives_mean,
        """\
Instead of drawing one negative, take the **mean of the hardest ones**: in each row the mean
score of the `pool` negatives with the highest scores, or of all negatives where a row has
fewer. There is no `luck` here: the function has three parameters. Scores may be of any size.""",
        without_luck,
        {"axes": {"score": "Rc", "negative": "Rc"}},
    ),
    Variant(
        "draw_negative",
        draw_from_below,
        """\
Draw from the other end: in each row the candidates are the `pool` negatives with the highest
scores (or all negatives, if there are fewer). Of these $n$ candidates, counted **from the
lowest score up** and from 0, number $\\lfloor \\text{luck} \\cdot n \\rfloor$ is drawn. So a
luck of 0 gives the easiest of the candidates. Return the scores of the negatives that are
drawn.""",
    ),
    Variant(
        "own_query_mean",
        own_query_best,
        """\
Take for each film the **highest** score among its own queries instead of their mean. Scores
may be negative, and of any size. Every film has at least one query of its own.""",
    ),
    Variant(
        "own_query_mean",
        own_query_lead,
        """\
How much better do a film's own queries score than queries do on average? Compute for each film
the mean score of its own queries, **minus the mean score of all queries** with this film (its
own included). Every film has at least one query of its own.""",
    ),
    Variant(
        "info_nce",
        each_positive,
        """\
Let each positive count by itself: the loss of one positive is $-\\log \\big( e^{s} /
\\sum_{\\text{all } j} e^{s_j} \\big)$, with $s$ its score, and the sum over **all** columns of
its row, the other positives included. The loss of a row is the **mean** over its positives,
and the result is the mean over the rows. Scores may be so large that $e^s$ is too large for a
number.""",
    ),
    Variant(
        "info_nce",
        hardest_positive,
        """\
Care about the hardest positive only: in each row take the positive with the **lowest** score
$s$. The loss of the row is $-\\log \\big( e^{s} / \\sum_{\\text{all } j} e^{s_j} \\big)$, with
the sum over all columns of the row. The result is the mean over the rows. Scores may be so
large that $e^s$ is too large for a number.""",
    ),
    Variant(
        "frame_negatives",
        each_pair_once,
        """\
Name **each pair of queries once**: the entry of row $i$ and column $j$ is `True` only if $i <
j$ and the two queries are negatives of each other. Queries of different films always are; two
queries of the same film are negatives only if `same_video` is true. All entries on the
diagonal and below it are `False`.""",
    ),
)
