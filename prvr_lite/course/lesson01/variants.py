"""Lesson 1's exercises with a twist; what they ask is in variants.md."""

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
    Variant("mean_score", early_mean),
    Variant("mean_score", trimmed_mean),
    Variant("max_score", second_best),
    Variant("max_score", stands_out),
    Variant("log_sum_exp_score", soft_minimum),
    Variant("log_sum_exp_score", softmax_mean),
    Variant(
        "recall_at",
        several_right,
        inputs=with_other_right_films,
        changes={"axes": {"score": "Qv", "right": "Qv"}},
    ),
    Variant("recall_at", ties_by_lot),
)
