"""Lesson 7: what pulls queries to their films, and what pushes them from the others."""

from __future__ import annotations

import torch

from prvr_lite.course.grading.exercise import Exercise, mistake
from prvr_lite.course.lesson07 import planted
from prvr_lite.course.lesson07.answers import (
    downwards,
    draw_inputs,
    draw_negative,
    drawn,
    frame_negatives,
    info_nce,
    log_sum,
    own_log,
    own_query_mean,
    owned_inputs,
    pair_inputs,
    plain_share,
    pool_size,
    query_inputs,
    several_inputs,
    triplet_loss,
)

EXERCISES = (
    Exercise(
        "triplet_loss",
        7,
        triplet_loss,
        pair_inputs,
        "one number",
        (
            mistake(
                lambda p, n, m: (m + p - n).clamp(min=0).mean(),
                "positive and negative changed sides: it punishes films that are found.",
            ),
            mistake(
                lambda p, n, m: (n - p - m).clamp(min=0).mean(),
                "the margin has the wrong sign: the negative may then even be ahead a little. "
                "It must stay behind by at least the margin.",
            ),
            mistake(
                lambda p, n, m: (m + n - p).mean(),
                "the [ ]+ is missing: what is far enough apart already gives 0, not a reward that "
                "makes up for others.",
            ),
            mistake(
                lambda p, n, m: (m + n - p).mean().clamp(min=0),
                "[ ]+ is taken of the mean: each pair is cut at 0 by itself, then averaged.",
            ),
            mistake(
                lambda p, n, m: (m + n - p).clamp(min=0).sum(),
                "it is the sum over queries: a large batch would weigh more. Take the mean.",
            ),
            mistake(
                lambda p, n, m: (n - p).clamp(min=0).mean(),
                "the margin is missing: being ahead by very little would be enough.",
            ),
            mistake(
                lambda p, n, m: (m + n - p).clamp(max=0).mean(),
                "it is cut from the wrong side: what is above 0 costs something and stays, what "
                "is below becomes 0.",
            ),
        ),
        (
            "What should the loss be when the positive is ahead by more than the margin?",
            "For one pair: max(0, margin + negative - positive). x.clamp(min=0) does the max.",
            "(margin + negative - positive), clamped from below at 0, then the mean.",
        ),
        minutes=5,
        gradient=("positive", "negative"),
        loop="margin + negative - positive works on all pairs at once, and so does clamp.",
        axes={"positive": "R", "negative": "R"},
        planted=planted.hard_pairs,
    ),
    Exercise(
        "draw_negative",
        7,
        draw_negative,
        draw_inputs,
        "[R]",
        (
            mistake(
                lambda s, n, pool, luck: drawn(s.sort(1, descending=True).values, pool, luck),
                "positives can be drawn: the mask of negatives is not used.",
                lambda s, n, pool, luck: drawn(
                    s.sort(1, descending=True).values, pool_size(n, pool), luck
                ),
            ),
            mistake(
                lambda s, n, pool, luck: drawn(downwards(s, ~n), pool_size(n, pool), luck),
                "the mask is the wrong way round: the negatives are crossed out, and the others "
                "are drawn. masked_fill fills where its mask is True.",
                lambda s, n, pool, luck: drawn(downwards(s, ~n), pool_size(~n, pool), luck),
                lambda s, n, pool, luck: drawn(downwards(s, ~n), pool, luck),
            ),
            mistake(
                lambda s, n, pool, luck: drawn(
                    (s * n).sort(1, descending=True).values, pool_size(n, pool), luck
                ),
                "positives became 0, and 0 is above every negative score: fill them with -inf.",
                lambda s, n, pool, luck: drawn((s * n).sort(1, descending=True).values, pool, luck),
            ),
            mistake(
                lambda s, n, pool, luck: drawn(-downwards(-s, n), pool_size(n, pool), luck),
                "it draws among the lowest scores: hard negatives are the highest ones.",
            ),
            mistake(
                lambda s, n, pool, luck: drawn(downwards(s, n), n.sum(1), luck),
                "it draws among all negatives of the row: only the pool best ones may come.",
            ),
            mistake(
                lambda s, n, pool, luck: downwards(s, n)[:, 0],
                "it always takes the hardest: draw among the pool best ones, as luck says.",
            ),
            mistake(
                lambda s, n, pool, luck: drawn(downwards(s, n), pool, luck),
                "a row with fewer negatives than the pool draws a positive: the draw goes over "
                "min(pool, number of negatives) of that row.",
            ),
            mistake(
                lambda s, n, pool, luck: drawn(
                    s.masked_fill(~n, -torch.inf), pool_size(n, pool), luck
                ),
                "it draws from the row as it stands: sort it from the highest score down first.",
            ),
            mistake(
                lambda s, n, pool, luck: drawn(
                    s.masked_fill(~n, -torch.inf).sort(1).values, pool_size(n, pool), luck
                ),
                "sorted upwards, what was crossed out with -inf comes first and is drawn: sort "
                "from the highest down.",
            ),
            mistake(
                lambda s, n, pool, luck: drawn(
                    s.masked_fill(~n, -torch.inf).sort(1, descending=True).indices,
                    pool_size(n, pool),
                    luck,
                ),
                "it gives the column of a negative: its score is asked for.",
            ),
        ),
        (
            "Sort each row with its negatives in front. Which places may be drawn?",
            "Filled with -inf, positives come last in score.sort(1, descending=True).values.",
            "size = negative.sum(1).clamp(max=pool); place = (luck * size).long(); then gather.",
        ),
        minutes=15,
        difficulty=3,
        gradient=("score",),
        axes={"score": "Rc", "negative": "Rc", "luck": "R"},
        planted=planted.hard_draws,
    ),
    Exercise(
        "own_query_mean",
        7,
        own_query_mean,
        owned_inputs,
        "[V]",
        (
            mistake(
                lambda s, own: (s * own).sum(0),
                "it is the sum: a film with many queries would look better. Take their mean.",
            ),
            mistake(
                lambda s, own: (s * own).mean(0),
                "it divides by all Q queries: divide by the number of the film's own.",
            ),
            mistake(
                lambda s, own: s.masked_fill(~own, -torch.inf).amax(0),
                "it is the best own query: here all of a film's queries count, by their mean.",
            ),
            mistake(
                lambda s, own: (s * own).sum(1),
                "it is one number per query: sum over queries (dimension 0), not over films.",
            ),
            mistake(
                lambda s, own: (s * ~own).sum(0) / (~own).sum(0),
                "it is the mean of the other films' queries: the mask is the wrong way round.",
            ),
            mistake(
                lambda s, own: s.masked_fill(~own, -torch.inf).mean(0),
                "a mean that holds -inf is -inf: in a sum, what does not count is 0. Then divide "
                "by the number of the film's own queries.",
            ),
        ),
        (
            "One film: which entries of its column belong to its own queries?",
            "score * own leaves only those, everything else is 0.",
            "(score * own).sum(0) divided by how many True each column of own has.",
        ),
        minutes=5,
        gradient=("score",),
        axes={"score": "qV", "own": "qV"},
        planted=planted.hard_owners,
    ),
    Exercise(
        "info_nce",
        7,
        info_nce,
        several_inputs,
        "one number",
        (
            mistake(
                lambda s, p: -(own_log(s, p).sum(1) / p.sum(1)).mean(),
                "it is the mean of the logs: every positive must then be likely by itself. Here "
                "the positives' e^s are added first, and the log comes last.",
            ),
            mistake(
                lambda s, p: -own_log(s, p).sum(1).mean(),
                "it is the sum of the logs of the positives: the log of their sum is asked for.",
            ),
            mistake(
                lambda s, p: (log_sum(s, ~p) - log_sum(s, p)).mean(),
                "the positives are missing below the line: the sum there goes over all columns, "
                "or the loss could fall for ever.",
            ),
            mistake(
                plain_share,
                "where scores are large e^s is no longer a number (and where they are far below 0 "
                "it is 0): torch.logsumexp takes the largest one out first.",
            ),
            mistake(
                lambda s, p: (log_sum(s, p) - s.logsumexp(1)).mean(),
                "the sign is wrong: it rewards what should be punished.",
            ),
            mistake(
                lambda s, p: (s.logsumexp(1) - log_sum(s, p)).sum(),
                "it is the sum over rows: a large batch would weigh more. Take the mean.",
            ),
            mistake(
                lambda s, p: (s.logsumexp(0) - log_sum(s, p, 0)).mean(),
                "the wrong axis: each row is one question, so the sums go over dimension 1.",
            ),
            mistake(
                lambda s, p: (s.logsumexp(1) - (s * p).logsumexp(1)).mean(),
                "what is not a positive became 0, and e^0 = 1 is added: fill it with -inf.",
            ),
            mistake(
                lambda s, p: (s.logsumexp(1) - log_sum(s, ~p)).mean(),
                "the mask is the wrong way round: it is the share of the votes that do not go to "
                "positives. masked_fill fills where its mask is True.",
            ),
            mistake(
                lambda s, p: -(s.softmax(1) * p).sum(1).mean(),
                "the log is missing: it is minus the share of the positives.",
            ),
            mistake(
                lambda s, p: -(s.softmax(1) * p).sum(1).mean().log(),
                "the mean comes before the log: take -log of each row's share first.",
            ),
        ),
        (
            "One row, with a loop: the sum of e^s over positives, over all; their ratio; -log.",
            "log(a / b) = log a - log b, and torch.logsumexp gives the log of a sum of e^s safely.",
            "score.logsumexp(1) minus that of score.masked_fill(~positive, -torch.inf); the mean.",
        ),
        minutes=10,
        difficulty=2,
        gradient=("score",),
        axes={"score": "Rc", "positive": "Rc"},
        planted=planted.hard_contrasts,
    ),
    Exercise(
        "frame_negatives",
        7,
        frame_negatives,
        query_inputs,
        "[Q, Q]",
        (
            mistake(
                lambda own, same: (own[:, None] != own) | torch.tensor(same),
                "each query is its own negative: with same_video, the diagonal is left out.",
            ),
            mistake(
                lambda own, same: frame_negatives(own, not same),
                "same_video is the wrong way round: True keeps pairs of one film as negatives.",
            ),
            mistake(
                lambda own, same: frame_negatives(own, True),
                "pairs of one film stay negatives although same_video is False.",
            ),
            mistake(
                lambda own, same: frame_negatives(own, False),
                "pairs of one film are left out although same_video is True.",
            ),
            mistake(
                lambda own, same: ~frame_negatives(own, same),
                "it marks the pairs that are not negatives: True is a negative.",
            ),
            mistake(
                lambda own, same: frame_negatives(own, True) & (frame_negatives(own, False) ^ same),
                "with same_video, pairs of different films are missing: they are negatives in "
                "both cases.",
            ),
            mistake(
                lambda own, same: frame_negatives(own, same) ^ torch.tensor(same),
                "with same_video, only the diagonal is marked: it is what has to be left out.",
            ),
        ),
        (
            "Draw the [Q, Q] table for three queries, the first two of one film.",
            "query_video[:, None] != query_video compares every query with every other.",
            "With same_video: everything but the diagonal, ~torch.eye(Q, dtype=torch.bool).",
        ),
        minutes=5,
        axes={"query_video": "Q"},
        planted=planted.all_owners,
    ),
)
