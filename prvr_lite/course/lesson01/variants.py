"""Lesson 1's exercises with a twist."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.grading.varying import Variant


def early_mean(score: Tensor, mask: Tensor) -> Tensor:
    """The weighted mean over the real frames of each film; early frames weigh more.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    weight = mask.flip(1).cumsum(1).flip(1) * mask  # [V, T]: n, n-1, ..., 1
    return (score * weight).sum(1) / weight.sum(1)


def trimmed_mean(score: Tensor, mask: Tensor) -> Tensor:
    """The mean over the real frames of each film, without its highest and its lowest one.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    rows = []
    for values in (s[m] for s, m in zip(score, mask, strict=True)):
        kept = values.sort().values[1:-1] if len(values) > 2 else values
        rows.append(kept.mean())
    return torch.stack(rows)


def second_best(score: Tensor, mask: Tensor) -> Tensor:
    """The second best real frame of each film.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    ranked = score.masked_fill(~mask, -torch.inf).sort(1, descending=True).values  # [V, T]
    place = (mask.sum(1) - 1).clamp(max=1)
    return ranked.gather(1, place[:, None]).squeeze(1)


def stands_out(score: Tensor, mask: Tensor) -> Tensor:
    """How far the best real frame of each film is above the mean of its real frames.

    score [V, T], mask [V, T] bool (True: a real frame) -> [V]
    """
    best = score.masked_fill(~mask, -torch.inf).amax(1)
    return best - score.masked_fill(~mask, 0).sum(1) / mask.sum(1)


def soft_minimum(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """-temperature x log of the mean, over the real frames, of e^(-score / temperature).

    score [V, T], mask [V, T] bool (True: a real frame), temperature above 0 -> [V]
    """
    sharp = (-score / temperature).masked_fill(~mask, -torch.inf)
    return -temperature * (sharp.logsumexp(1) - mask.sum(1).log())


def softmax_mean(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """The sum of the real frames' scores, weighted by the softmax of score / temperature.

    score [V, T], mask [V, T] bool (True: a real frame), temperature above 0 -> [V]
    """
    weight = (score / temperature).masked_fill(~mask, -torch.inf).softmax(1)
    return (weight * score).sum(1)


def several_right(score: Tensor, right: Tensor, k: int) -> float:
    """Percentage of queries of which at least one right film is among the first k.

    score [Q, V], right [Q, V] bool (True: a right film of this query), k from 1 -> 0..100
    """
    best = score.masked_fill(~right, -torch.inf).amax(1, keepdim=True)  # [Q, 1]
    return 100 * float(((score >= best).sum(1) <= k).float().mean())


def ties_by_lot(score: Tensor, right: Tensor, k: int) -> float:
    """Percentage of queries whose right film is among the first k, where ties are drawn by lot.

    score [Q, V], right [Q] (column of each query's right film), k from 1 -> 0..100
    """
    right_score = score.gather(1, right[:, None])
    above, equal = (score > right_score).sum(1), (score == right_score).sum(1)  # [Q] both
    return 100 * float(((k - above) / equal).clamp(0, 1).mean())


def with_other_right_films(inputs: Inputs, g: Generator) -> Inputs:
    score, right = inputs["score"], F.one_hot(inputs["right"], inputs["score"].shape[1]).bool()
    more = torch.rand(score.shape, generator=g) < 0.2
    return {**inputs, "right": right | more}


VARIANTS = (
    Variant(
        "mean_score",
        early_mean,
        """\
A film is often recognised by how it begins. So let early frames weigh more: in a film of $n$
real frames the first real frame has the weight $n$, the next one $n - 1$, and so on; the last
real frame has the weight 1. The score of the film is the weighted mean of its real frames'
scores: the sum of weight times score, divided by the sum of the weights. Padding has no
weight.""",
    ),
    Variant(
        "mean_score",
        trimmed_mean,
        """\
One odd frame should not decide. Leave out the highest and the lowest real frame of each film
(one frame each, even where others are equal to it), and take the mean of the remaining real
frames. A film of one or two real frames keeps all of them. Padding never counts. A loop over
films is fine.""",
    ),
    Variant(
        "max_score",
        second_best,
        """\
The best frame may be there by chance, so let the *second best* real frame speak for the film.
Where two frames share the highest score, the second best score is that same score. A film with
only one real frame gets the score of this frame. Mind the padding: scores may be negative.""",
    ),
    Variant(
        "max_score",
        stands_out,
        """\
A film in which every frame scores the same has no moment that stands out. Compute for each
film the score of its best real frame, minus the mean score of its real frames. Mind the
padding in both parts: scores may be negative.""",
    ),
    Variant(
        "log_sum_exp_score",
        soft_minimum,
        """\
Between the mean and the *minimum* lies a soft minimum: $-\\tau$ times the logarithm of the
mean, over the real frames, of $e^{-s / \\tau}$, with $\\tau$ the temperature. Write it for all
films at once. It must hold at a temperature of 0.001 too, where these exponentials are too
large for a number.""",
    ),
    Variant(
        "log_sum_exp_score",
        softmax_mean,
        """\
Another way between mean and maximum: weigh the real frames of each film by the softmax of $s /
\\tau$, with $\\tau$ the temperature, and add up weight times score $s$. The weights of the
real frames of a film add up to 1, and padding has the weight 0. It must hold at a temperature
of 0.001 too.""",
    ),
    Variant(
        "recall_at",
        several_right,
        """\
Here a query may have *several* right films: `right` is a table of the shape [Q, V], `True` for
each film that answers the query, at least one per query. A film's rank is the number of films
that score at least as much as it does, itself included (so ties count against it). A query
counts as found if at least one of its right films has a rank of at most `k`. Return the
percentage of queries that are found, one number from 0 to 100.""",
        with_other_right_films,
        {"axes": {"score": "Qv", "right": "Qv"}},
    ),
    Variant(
        "recall_at",
        ties_by_lot,
        """\
Here ties count neither for nor against the model: films of the same score are put in order by
lot, each order with the same probability. If $a$ films score *more* than the right film, and
$e$ films score the same as it does (itself included), then the right film is among the first
`k` with the probability $(k - a) / e$, or 0 where this is below 0, or 1 where it is above 1.
Return the mean of these probabilities over all queries, in per cent: one number from 0 to 100.""",
    ),
)
