"""Lesson 9's exercises with a twist."""

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
    Variant(
        "alpha_curve",
        reciprocal_rank_curve,
        """\
Draw the curve of another measure: for each $\\alpha$ in `alphas`, the **mean reciprocal rank**
in per cent, 100 times the mean over the queries of 1 / rank. The score of a film is $\\alpha
S_c + (1 - \\alpha) S_f$ (`clip` and `frame`). The rank of a query's own film is the number of
films that score at least as much as it does, itself included, so that ties count against the
model.""",
    ),
    Variant(
        "alpha_curve",
        best_alpha,
        """\
Choose the **best weight**: return the one number of `alphas` that gives the highest R@1 for
the score $\\alpha S_c + (1 - \\alpha) S_f$ (`clip` and `frame`). A query has found its own
film only if that film scores above *all* others; a tie is a miss. If several weights have the
same R@1, return the smallest of them. `alphas` come in any order.""",
        changes={"shape": "one number"},
    ),
    Variant(
        "span_iou",
        span_giou,
        """\
An IoU of 0 does not say how far apart two spans are. So compute for each pair: the IoU (shared
time over joint time) if the spans overlap; and if they do not, **minus the gap** between them,
divided by the time from the earlier start to the later end. Spans that only touch give 0.
Every span is longer than 0.""",
    ),
    Variant(
        "span_iou",
        covered_share,
        """\
Compute for each pair which **share of the second span** is covered by the first one: their
shared time, divided by the length of the second span. Spans that lie apart or only touch give
0. Every span is longer than 0.""",
    ),
    Variant(
        "recall_by_ratio",
        recall_up_to_ratio,
        """\
Let the groups **contain each other**: R@k in per cent of the queries whose moment covers at
most 0.2 of its film, of those whose moment covers at most 0.4, and of all queries. So short
moments count in all three numbers. A moment of exactly 0.2 or 0.4 of its film belongs to the
group. A query is found if its rank is at most `k`. Each group has at least one query.""",
    ),
    Variant(
        "recall_by_ratio",
        reciprocal_rank_by_ratio,
        """\
Use another measure: the **mean reciprocal rank** in per cent, 100 times the mean of 1 / rank,
of the queries whose moment covers (0, .2], (.2, .4] and (.4, 1] of its film: three numbers. A
moment of exactly 0.2 or 0.4 of its film belongs to the lower group. Each group has at least
one query. There is no `k` here: the function has three parameters.""",
        lambda inputs, g: {name: inputs[name] for name in ("rank", "moment", "duration")},
    ),
    Variant(
        "failure_kind",
        siblings_first,
        """\
Ask the questions **in another order, with other numbers**. The rival of a query is the film
with the highest score among all films but its own. The first rule that holds decides:

- 0, found: the own film scores above the rival (a tie is not enough);
- 1, sibling: the rival is of the own film's group;
- 2, answers: the rival truly answers the query as well;
- 3, stranger: none of these.""",
    ),
    Variant(
        "failure_kind",
        ahead_counts,
        """\
Look at **all films ahead**, not at the best rival alone. A film is ahead if it scores at least
as much as the query's own film, and is not that film itself. Count for each query, in three
columns, the films ahead

- that truly answer the query (whatever their group);
- that do not answer it, and are siblings: of the own film's group;
- that neither answer it nor are siblings.

The result has the shape [Q, 3], of integers.""",
        changes={"shape": "[Q, 3]"},
    ),
)
