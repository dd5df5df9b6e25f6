"""Lesson 7's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import lengths, normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def triplet_loss(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """mean of [margin + negative - positive]+: scores [R], [R] -> one number."""
    return (margin + negative - positive).clamp(min=0).mean()


def draw_negative(score: Tensor, negative: Tensor, pool: int, luck: Tensor) -> Tensor:
    """One of the ``pool`` best negatives per row: [R, C], [R, C] bool, int, [R] in 0..1 -> [R]."""
    allowed = score.masked_fill(~negative, -torch.inf)  # [R, C]
    ranked = allowed.sort(1, descending=True).values
    size = negative.sum(1).clamp(max=pool)  # [R]
    return ranked.gather(1, (luck * size).long()[:, None]).squeeze(1)


def own_query_mean(score: Tensor, own: Tensor) -> Tensor:
    """The mean score of each film's own queries: [Q, V], own [Q, V] bool -> [V]."""
    return (score * own).sum(0) / own.sum(0)


def info_nce(score: Tensor, positive: Tensor) -> Tensor:
    """mean over rows of -log(sum of e^s over positives / over all): [R, C], bool -> one number."""
    positives = score.masked_fill(~positive, -torch.inf)
    return (score.logsumexp(1) - positives.logsumexp(1)).mean()


def frame_negatives(query_video: Tensor, same_video: bool) -> Tensor:
    """Which pairs are negatives at the frame scale: films of the queries [Q] -> [Q, Q] bool."""
    if same_video:
        return ~torch.eye(len(query_video), dtype=torch.bool)
    return query_video[:, None] != query_video


def pair_inputs(g: Generator) -> Inputs:
    """Some pairs are far enough apart, by much; the others are not: the mean tells nothing."""
    half = sizes(g, 1, 3, 6)[0]
    rows = torch.randperm(2 * half + 1, generator=g)
    gap = torch.cat([torch.full((half,), 0.5), torch.full((half + 1,), -2.0)])[rows]
    positive = normal(g, len(gap)) / 4
    negative = positive + gap + torch.rand(len(gap), generator=g) / 4
    return {"positive": positive, "negative": negative, "margin": 0.1 + 0.03 * half}


def draw_inputs(g: Generator) -> Inputs:
    rows, columns = sizes(g, 2, 6, 9)
    count = lengths(g, rows, columns)  # negatives of each row, at least one
    luck = torch.rand(rows, generator=g)
    count[0], luck[0] = 1, 0.7  # a row with fewer negatives than the pool
    place = torch.rand(rows, columns + 3, generator=g).argsort(1)
    pool = 2 + int(torch.randint(3, (1,), generator=g))
    score = normal(g, rows, columns + 3)
    return {"score": score, "negative": place < count[:, None], "pool": pool, "luck": luck}


def owned_inputs(g: Generator) -> Inputs:
    videos, extra = sizes(g, 2, 3, 7)
    owner = torch.cat([torch.arange(videos), torch.randint(videos - 1, (extra,), generator=g)])
    own = owner[torch.randperm(len(owner), generator=g), None] == torch.arange(videos)
    return {"score": normal(g, *own.shape) - 0.5, "own": own}


def several_inputs(g: Generator) -> Inputs:
    rows, columns = sizes(g, 2, 4, 9)
    positive = torch.rand(rows, columns, generator=g) < 0.4
    positive[:, 0], positive[:, 1], positive[0, 2] = True, False, True
    order = torch.randperm(columns, generator=g)
    score = 2 * normal(g, rows, columns)
    if g.initial_seed() % 2 == 0:  # as raw inner products may be: no e^s is a number then
        score[0], score[1] = score[0] + 200, score[1] - 200
    return {"score": score, "positive": positive[:, order]}


def query_inputs(g: Generator) -> Inputs:
    videos = sizes(g, 1, 3, 6)[0]
    owner = torch.cat([torch.arange(videos), torch.randint(videos, (4,), generator=g)])
    owner = owner[torch.randperm(len(owner), generator=g)]
    return {"query_video": owner, "same_video": g.initial_seed() % 2 == 0}  # both come up in turn


def drawn(ranked: Tensor, size: Tensor | int, luck: Tensor) -> Tensor:
    return ranked.gather(1, (luck * size).long()[:, None]).squeeze(1)


def downwards(score: Tensor, allowed: Tensor) -> Tensor:
    """The allowed scores of each row from the highest to the lowest, then -inf."""
    return score.masked_fill(~allowed, -torch.inf).sort(1, descending=True).values


def pool_size(negative: Tensor, pool: int) -> Tensor:
    return negative.sum(1).clamp(max=pool)


def own_log(score: Tensor, positive: Tensor) -> Tensor:
    """log softmax of the positives, 0 elsewhere."""
    return score.log_softmax(1).masked_fill(~positive, 0)


def log_sum(score: Tensor, kept: Tensor, axis: int = 1) -> Tensor:
    return score.masked_fill(~kept, -torch.inf).logsumexp(axis)


def plain_share(score: Tensor, positive: Tensor) -> Tensor:
    """info_nce with exponentials as they are: right while scores are small."""
    raw = score.exp()
    return -((raw * positive).sum(1) / raw.sum(1)).log().mean()
