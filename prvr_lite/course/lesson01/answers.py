"""Lesson 1's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def mean_score(score: Tensor, mask: Tensor) -> Tensor:
    """The mean over the real frames of each film: score [V, T], mask [V, T] bool -> [V]."""
    return (score * mask).sum(1) / mask.sum(1)


def max_score(score: Tensor, mask: Tensor) -> Tensor:
    """The best real frame of each film: score [V, T], mask [V, T] bool -> [V]."""
    return score.masked_fill(~mask, -torch.inf).amax(1)


def top_k_score(score: Tensor, mask: Tensor, k: int) -> Tensor:
    """The mean of the k best real frames, of all where there are fewer: [V, T], [V, T] -> [V]."""
    best = score.masked_fill(~mask, -torch.inf).sort(1, descending=True).values[:, :k]  # [V, k]
    real = best.isfinite()
    return best.masked_fill(~real, 0).sum(1) / real.sum(1)


def log_sum_exp_score(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """temperature x log of the mean of e^(score / temperature): [V, T], [V, T] bool -> [V]."""
    sharp = (score / temperature).masked_fill(~mask, -torch.inf)  # [V, T]
    return temperature * (sharp.logsumexp(1) - mask.sum(1).log())


def log_sum(sharp: Tensor, mask: Tensor) -> Tensor:
    """The log of the sum of e^sharp over real frames: [V, T], [V, T] bool -> [V]."""
    return sharp.masked_fill(~mask, -torch.inf).logsumexp(1)


def recall_at(score: Tensor, right: Tensor, k: int) -> float:
    """Percentage of queries whose right film is among the first k: score [Q, V], right [Q]."""
    right_score = score.gather(1, right[:, None])  # [Q, 1]
    rank = (score >= right_score).sum(1)  # [Q], from 1: the film itself counts
    return 100 * float((rank <= k).float().mean())


def frame_inputs(g: Generator) -> Inputs:
    videos, frames = sizes(g, 2, 3, 8)
    real = mask(g, videos, frames)
    return {"score": fill_padding(normal(g, videos, frames) - 1, real, g), "mask": real}


def soft_inputs(g: Generator) -> Inputs:
    """In every other draw so cold that e^(score / temperature) is too large for a number."""
    warm = 0.3 + float(torch.rand(1, generator=g))
    return {**frame_inputs(g), "temperature": 0.001 if g.initial_seed() % 2 else warm}


def ranking_inputs(g: Generator) -> Inputs:
    (videos,), (queries,) = sizes(g, 1, 7, 12), sizes(g, 1, 31, 39)  # queries enough to tell
    score = torch.randint(0, 12, (queries, videos), generator=g).float()  # with ties
    k = int(torch.randint(2, 4, (1,), generator=g))
    return {"score": score, "right": torch.randint(videos, (queries,), generator=g), "k": k}


def padded_log_sum_exp(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    count = torch.tensor(score.shape[1])
    return temperature * ((score / temperature).logsumexp(1) - count.log())


def padded_count(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    count = torch.tensor(score.shape[1])
    return temperature * (log_sum(score / temperature, mask) - count.log())


def zero_score(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    return temperature * ((score * mask / temperature).logsumexp(1) - mask.sum(1).log())


def upside_down(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    return (log_sum(score * temperature, mask) - mask.sum(1).log()) / temperature


def plain_exponentials(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    every = (score / temperature).exp() * mask
    return temperature * (every.sum(1) / mask.sum(1)).log()


def real_exponentials(score: Tensor, mask: Tensor, temperature: float) -> Tensor:
    every = (score / temperature).masked_fill(~mask, -torch.inf).exp()
    return temperature * (every.sum(1) / mask.sum(1)).log()


def ties_for_the_model(score: Tensor, right: Tensor, k: int) -> float:
    right_score = score.gather(1, right[:, None])
    ahead = (score > right_score).sum(1)
    return 100 * float((ahead < k).float().mean())


def by_topk(score: Tensor, right: Tensor, k: int) -> float:
    return 100 * float((score.topk(k).indices == right[:, None]).any(1).float().mean())


def by_sorting(score: Tensor, right: Tensor, k: int) -> float:
    first = score.argsort(1, descending=True)[:, :k]
    return 100 * float((first == right[:, None]).any(1).float().mean())


def by_one_sort(score: Tensor, right: Tensor, k: int) -> float:
    place = score.argsort(1, descending=True).gather(1, right[:, None])
    return 100 * float((place < k).float().mean())


def wrong_own(score: Tensor, right: Tensor, k: int) -> float:
    right_score = score.gather(0, right[:, None])
    return 100 * float(((score >= right_score).sum(1) <= k).float().mean())
