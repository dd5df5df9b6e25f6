"""Lesson 7: what pulls queries to their films, and what pushes them from the others."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.exercises.drawing import lengths, normal, sizes
from prvr_lite.exercises.exercise import Exercise, Function, Inputs, Mistake


def triplet_loss(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """mean of [margin + negative - positive]+: scores [R], [R] -> one number."""
    return (margin + negative - positive).clamp(min=0).mean()


def draw_negative(score: Tensor, negative: Tensor, pool: int, luck: Tensor) -> Tensor:
    """One of the ``pool`` best negatives a row: [R, C], [R, C] bool, int, [R] in 0..1 -> [R]."""
    ranked = score.masked_fill(~negative, -torch.inf).sort(1, descending=True).values  # [R, C]
    size = negative.sum(1).clamp(max=pool)  # [R]
    return ranked.gather(1, (luck * size).long()[:, None]).squeeze(1)


def own_query_mean(score: Tensor, own: Tensor) -> Tensor:
    """The mean score of each film's own queries: [Q, V], own [Q, V] bool -> [V]."""
    return (score * own).sum(0) / own.sum(0)


def info_nce(score: Tensor, positive: Tensor) -> Tensor:
    """mean over rows of -log(sum of e^s over positives / over all): [R, C], bool -> one number."""
    own = score.masked_fill(~positive, -torch.inf)
    return (score.logsumexp(1) - own.logsumexp(1)).mean()


def frame_negatives(query_video: Tensor, same_video: bool) -> Tensor:
    """Which pairs are negatives at the frame scale: films of the queries [Q] -> [Q, Q] bool."""
    if same_video:
        return ~torch.eye(len(query_video), dtype=torch.bool)
    return query_video[:, None] != query_video


def _pairs(g: Generator) -> Inputs:
    """Some pairs are far enough apart, by much; the others are not: the mean tells nothing."""
    half = sizes(g, 1, 3, 6)[0]
    rows = torch.randperm(2 * half + 1, generator=g)
    gap = torch.cat([torch.full((half,), 0.5), torch.full((half + 1,), -2.0)])[rows]
    positive = normal(g, len(gap)) / 4
    negative = positive + gap + torch.rand(len(gap), generator=g) / 4
    return {"positive": positive, "negative": negative, "margin": 0.1 + 0.03 * half}


def _draws(g: Generator) -> Inputs:
    rows, columns = sizes(g, 2, 6, 9)
    count = lengths(g, rows, columns)  # negatives of each row, at least one
    luck = torch.rand(rows, generator=g)
    count[0], luck[0] = 1, 0.7  # a row with fewer negatives than the pool
    place = torch.rand(rows, columns + 3, generator=g).argsort(1)
    pool = 2 + int(torch.randint(3, (1,), generator=g))
    score = normal(g, rows, columns + 3)
    return {"score": score, "negative": place < count[:, None], "pool": pool, "luck": luck}


def _owned(g: Generator) -> Inputs:
    videos, extra = sizes(g, 2, 3, 7)
    owner = torch.cat([torch.arange(videos), torch.randint(videos - 1, (extra,), generator=g)])
    own = owner[torch.randperm(len(owner), generator=g), None] == torch.arange(videos)
    return {"score": normal(g, *own.shape) - 0.5, "own": own}


def _several(g: Generator) -> Inputs:
    rows, columns = sizes(g, 2, 4, 9)
    positive = torch.rand(rows, columns, generator=g) < 0.4
    positive[:, 0], positive[:, 1], positive[0, 2] = True, False, True
    order = torch.randperm(columns, generator=g)
    return {"score": 2 * normal(g, rows, columns), "positive": positive[:, order]}


def _queries(g: Generator) -> Inputs:
    videos = sizes(g, 1, 3, 6)[0]
    owner = torch.cat([torch.arange(videos), torch.randint(videos, (4,), generator=g)])
    owner = owner[torch.randperm(len(owner), generator=g)]
    return {"query_video": owner, "same_video": g.initial_seed() % 2 == 0}  # both come up in turn


def _drawn(ranked: Tensor, size: Tensor | int, luck: Tensor) -> Tensor:
    return ranked.gather(1, (luck * size).long()[:, None]).squeeze(1)


def _down(score: Tensor, allowed: Tensor) -> Tensor:
    """The allowed scores of each row from the highest to the lowest, then -inf."""
    return score.masked_fill(~allowed, -torch.inf).sort(1, descending=True).values


def _size(negative: Tensor, pool: int) -> Tensor:
    return negative.sum(1).clamp(max=pool)


def _own_log(score: Tensor, positive: Tensor) -> Tensor:
    """log softmax of the positives, 0 elsewhere."""
    return score.log_softmax(1).masked_fill(~positive, 0)


def _log_sum(score: Tensor, kept: Tensor, axis: int = 1) -> Tensor:
    return score.masked_fill(~kept, -torch.inf).logsumexp(axis)


def _wrong(answer: Function, message: str) -> Mistake:
    """A mistake whose answer takes the inputs by their order."""
    return Mistake(lambda **given: answer(*given.values()), message)


EXERCISES = (
    Exercise(
        "triplet_loss", 7, triplet_loss, _pairs, "one number",
        (
            _wrong(lambda p, n, m: (m + p - n).clamp(min=0).mean(),
                "positive and negative changed sides: it punishes films that are found."),
            _wrong(lambda p, n, m: (n - p - m).clamp(min=0).mean(),
                "the margin has the wrong sign: the negative may then even be ahead a little. "
                "It must stay behind by at least the margin."),
            _wrong(lambda p, n, m: (m + n - p).mean(),
                "the [ ]+ is missing: what is far enough apart already gives 0, not a reward that "
                "makes up for others."),
            _wrong(lambda p, n, m: (m + n - p).mean().clamp(min=0),
                "[ ]+ is taken of the mean: each pair is cut at 0 by itself, then averaged."),
            _wrong(lambda p, n, m: (m + n - p).clamp(min=0).sum(),
                "it is the sum over queries: a large batch would weigh more. Take the mean."),
            _wrong(lambda p, n, m: (n - p).clamp(min=0).mean(),
                "the margin is missing: being ahead by a hair would be enough."),
        ),
        (
            "What should the loss be when the positive is ahead by more than the margin?",
            "For one pair: max(0, margin + negative - positive). x.clamp(min=0) does the max.",
            "(margin + negative - positive), clamped from below at 0, then the mean.",
        ),
        minutes=5, gradient=("positive", "negative"),
    ),
    Exercise(
        "draw_negative", 7, draw_negative, _draws, "[R]",
        (
            _wrong(lambda s, n, pool, luck: _drawn(s.sort(1, descending=True).values, pool, luck),
                "positives can be drawn: the mask of negatives is not used."),
            _wrong(
                lambda s, n, pool, luck: _drawn(
                    (s * n).sort(1, descending=True).values, _size(n, pool), luck
                ),
                "positives became 0, and 0 is above every negative score: fill them with -inf.",
            ),
            _wrong(lambda s, n, pool, luck: _drawn(-_down(-s, n), _size(n, pool), luck),
                "it draws among the lowest scores: hard negatives are the highest ones."),
            _wrong(lambda s, n, pool, luck: _drawn(_down(s, n), n.sum(1), luck),
                "it draws among all negatives of the row: only the pool best ones may come."),
            _wrong(lambda s, n, pool, luck: _down(s, n)[:, 0],
                "it always takes the hardest: draw among the pool best ones, as luck says."),
            _wrong(lambda s, n, pool, luck: _drawn(_down(s, n), pool, luck),
                "a row with fewer negatives than the pool draws a positive: the draw goes over "
                "min(pool, number of negatives) of that row."),
        ),
        (
            "Sort each row with its negatives in front. Which places may be drawn?",
            "Filled with -inf, positives come last in score.sort(1, descending=True).values.",
            "size = negative.sum(1).clamp(max=pool); place = (luck * size).long(); then gather.",
        ),
        minutes=15, difficulty=3, gradient=("score",),
    ),
    Exercise(
        "own_query_mean", 7, own_query_mean, _owned, "[V]",
        (
            _wrong(lambda s, own: (s * own).sum(0),
                "it is the sum: a film with many queries would look better. Take their mean."),
            _wrong(lambda s, own: (s * own).mean(0),
                "it divides by all Q queries: divide by the number of the film's own."),
            _wrong(lambda s, own: s.masked_fill(~own, -torch.inf).amax(0),
                "it is the best own query: here all of a film's queries count, by their mean."),
            _wrong(lambda s, own: (s * own).sum(1),
                "it is one number a query: sum over queries (dimension 0), not over films."),
            _wrong(lambda s, own: (s * ~own).sum(0) / (~own).sum(0),
                "it is the mean of the other films' queries: the mask is the wrong way round."),
        ),
        (
            "One film: which entries of its column belong to its own queries?",
            "score * own leaves only those, everything else is 0.",
            "(score * own).sum(0) divided by how many True each column of own has.",
        ),
        minutes=5, gradient=("score",),
    ),
    Exercise(
        "info_nce", 7, info_nce, _several, "one number",
        (
            _wrong(lambda s, p: -(_own_log(s, p).sum(1) / p.sum(1)).mean(),
                "it is the mean of the logs: every positive must then be likely by itself. Here "
                "the positives' e^s are added first, and the log comes last."),
            _wrong(lambda s, p: -_own_log(s, p).sum(1).mean(),
                "it is the sum of the logs of the positives: the log of their sum is asked for."),
            _wrong(lambda s, p: (_log_sum(s, ~p) - _log_sum(s, p)).mean(),
                "the positives are missing below the line: the sum there goes over all columns, "
                "or the loss could fall for ever."),
            _wrong(lambda s, p: (_log_sum(s, p) - s.logsumexp(1)).mean(),
                "the sign is wrong: it rewards what should be punished."),
            _wrong(lambda s, p: (s.logsumexp(1) - _log_sum(s, p)).sum(),
                "it is the sum over rows: a large batch would weigh more. Take the mean."),
            _wrong(lambda s, p: (s.logsumexp(0) - _log_sum(s, p, 0)).mean(),
                "the wrong axis: each row is one question, so the sums go over dimension 1."),
            _wrong(lambda s, p: (s.logsumexp(1) - (s * p).logsumexp(1)).mean(),
                "what is no positive became 0, and e^0 = 1 is added: fill it with -inf."),
        ),
        (
            "One row, with a loop: the sum of e^s over positives, over all; their ratio; -log.",
            "log(a / b) = log a - log b, and torch.logsumexp gives the log of a sum of e^s safely.",
            "score.logsumexp(1) less that of score.masked_fill(~positive, -torch.inf); the mean.",
        ),
        minutes=10, difficulty=2, gradient=("score",),
    ),
    Exercise(
        "frame_negatives", 7, frame_negatives, _queries, "[Q, Q]",
        (
            _wrong(lambda own, same: (own[:, None] != own) | torch.tensor(same),
                "each query is its own negative: with same_video, the diagonal is left out."),
            _wrong(lambda own, same: frame_negatives(own, not same),
                "same_video is the wrong way round: True keeps pairs of one film as negatives."),
            _wrong(lambda own, same: frame_negatives(own, True),
                "pairs of one film stay negatives although same_video is False."),
            _wrong(lambda own, same: frame_negatives(own, False),
                "pairs of one film are left out although same_video is True."),
            _wrong(lambda own, same: ~frame_negatives(own, same),
                "it marks the pairs that are no negatives: True is a negative."),
        ),
        (
            "Draw the [Q, Q] table for three queries, the first two of one film.",
            "query_video[:, None] != query_video compares every query with every other.",
            "With same_video: everything but the diagonal, ~torch.eye(Q, dtype=torch.bool).",
        ),
        minutes=5,
    ),
)  # fmt: skip
