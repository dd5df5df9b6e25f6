"""Lesson 1: how a bag of frames gets one score, and how a ranking gets one number."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.exercises.drawing import fill_padding, mask, normal, other_padding, sizes
from prvr_lite.exercises.exercise import Exercise, Inputs, Mistake

UNMASKED = "padding counts as frames: let the mask say which of the T places are real."


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


def recall_at(score: Tensor, right: Tensor, k: int) -> float:
    """Percentage of queries whose right film is among the first k: score [Q, V], right [Q]."""
    own = score.gather(1, right[:, None])  # [Q, 1]
    rank = (score >= own).sum(1)  # [Q], 1 = best; a tie counts against the model
    return 100 * float((rank <= k).float().mean())


def _frames(g: Generator) -> Inputs:
    videos, frames = sizes(g, 2, 3, 8)
    real = mask(g, videos, frames)
    return {"score": fill_padding(normal(g, videos, frames) - 1, real, g), "mask": real}


def _ranking(g: Generator) -> Inputs:
    (videos,), (queries,) = sizes(g, 1, 7, 12), sizes(g, 1, 31, 39)  # queries enough to tell
    score = torch.randint(0, 12, (queries, videos), generator=g).float()  # with ties
    k = int(torch.randint(2, 4, (1,), generator=g))
    return {"score": score, "right": torch.randint(videos, (queries,), generator=g), "k": k}


def _ties_for_the_model(score: Tensor, right: Tensor, k: int) -> float:
    own = score.gather(1, right[:, None])
    ahead = (score > own).sum(1)
    return 100 * float((ahead < k).float().mean())


EXERCISES = (
    Exercise(
        "mean_score", 1, mean_score, _frames, "[V]",
        (
            Mistake(lambda score, mask: score.mean(1), UNMASKED),
            Mistake(
                lambda score, mask: (score * mask).mean(1),
                "it divides by T, padding included: divide by the number of real frames.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum(1),
                "it is the sum: a long film would beat a short one by its length alone.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum() / mask.sum(),
                "it is one number for all films: average over the frames (dimension 1) only.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum(0) / mask.sum(0),
                "it averages over films: frames are dimension 1.",
            ),
        ),
        (
            "What is the mean of the real frames of one film, written with a plain loop?",
            "score * mask makes what is not real 0. By what do you divide then?",
            "(score * mask).sum(1) / … the number of True in each row.",
        ),
        minutes=5, padding=other_padding("score", "mask"), gradient=("score",),
    ),
    Exercise(
        "max_score", 1, max_score, _frames, "[V]",
        (
            Mistake(lambda score, mask: score.amax(1), UNMASKED),
            Mistake(
                lambda score, mask: (score * mask).amax(1),
                "padding became 0, and 0 beats every negative score: fill it with -inf instead.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask, -torch.inf).argmax(1),
                "it says where the best frame is, not how good it is: argmax against max.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(mask, -torch.inf).amax(1),
                "the mask is the wrong way round: True is a real frame, which must stay.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask, -torch.inf).amax(0),
                "it is the best film of each frame: frames are dimension 1.",
            ),
        ),
        (
            "Which number can never be the largest of a row?",
            "score.masked_fill(where, value) puts a value where a mask is True. ~mask turns it.",
            "score.masked_fill(~mask, -torch.inf), and then the maximum over dimension 1.",
        ),
        minutes=5, padding=other_padding("score", "mask"), gradient=("score",),
    ),
    Exercise(
        "log_sum_exp_score", 1, log_sum_exp_score,
        lambda g: {**_frames(g), "temperature": 0.3 + float(torch.rand(1, generator=g))}, "[V]",
        (
            Mistake(
                lambda score, mask, temperature: temperature
                * ((score / temperature).logsumexp(1) - torch.tensor(score.shape[1]).log()),
                UNMASKED,
            ),
            Mistake(
                lambda score, mask, temperature: temperature
                * (score / temperature).masked_fill(~mask, -torch.inf).logsumexp(1),
                "it is the log of a sum: a long film gets more than a short one. Take the mean.",
            ),
            Mistake(
                lambda score, mask, temperature: (score / temperature)
                .masked_fill(~mask, -torch.inf)
                .logsumexp(1)
                - mask.sum(1).log(),
                "the score was divided by the temperature and never multiplied back.",
            ),
            Mistake(
                lambda score, mask, temperature: (
                    (score * temperature).masked_fill(~mask, -torch.inf).logsumexp(1)
                    - mask.sum(1).log()
                )
                / temperature,
                "the temperature is upside down: a low one must come close to the maximum.",
            ),
        ),
        (
            "Start with the loop: exponentials of score / temperature, their mean, its logarithm.",
            "log(mean) = log(sum) - log(count); torch.logsumexp does the first one safely.",
            "(score / temperature).masked_fill(~mask, -torch.inf).logsumexp(1), less the log of "
            "mask.sum(1), times the temperature.",
        ),
        minutes=10, difficulty=2, padding=other_padding("score", "mask"), gradient=("score",),
    ),
    Exercise(
        "recall_at", 1, recall_at, _ranking, "one number",
        (
            Mistake(
                lambda score, right, k: recall_at(score, right, k) / 100,
                "it is a fraction: recalls are told in per cent.",
            ),
            Mistake(
                lambda score, right, k: recall_at(score, right, k - 1),
                "it is off by one: the k-th place still counts.",
            ),
            Mistake(
                lambda score, right, k: recall_at(score, right, k + 1),
                "it is off by one: place k + 1 is too late.",
            ),
            Mistake(
                lambda score, right, k: recall_at(-score, right, k),
                "it ranks the other way round: the highest score is the best.",
            ),
            Mistake(
                _ties_for_the_model,
                "ties count for the model: one that scores every film alike would be perfect. "
                "Count a film that is just as good as ahead.",
            ),
        ),
        (
            "How many films must be ahead of the right one, so that it is not among the first k?",
            "own = score.gather(1, right[:, None]): the score of each query's right film, [Q, 1].",
            "rank = (score >= own).sum(1); then the share of queries with rank <= k, times 100.",
        ),
        minutes=10, difficulty=2,
    ),
)  # fmt: skip
