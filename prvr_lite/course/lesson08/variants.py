"""Lesson 8's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson08 import planted
from prvr_lite.course.lesson08.answers import TrainingRun, cosines


def fused_key_score(
    queries: Tensor, clips: Tensor, attended: Tensor, alpha: float
) -> tuple[Tensor, Tensor]:
    """S and its clips: queries [Q, H], clips and attended [V, K, H] -> [Q, V], [Q, V] int64.

    S is the highest of alpha S_c + (1 - alpha) S_f over the clips of a film.
    """
    both = alpha * cosines(queries, clips) + (1 - alpha) * cosines(queries, attended)
    score, key = both.max(-1)
    return score, key


def mean_frame_score(
    queries: Tensor, clips: Tensor, attended: Tensor, alpha: float
) -> tuple[Tensor, Tensor]:
    """S and the key clips: queries [Q, H], clips and attended [V, K, H] -> [Q, V], [Q, V] int64.

    S_c is the best cosine with a clip; S_f the mean cosine with what all clips attend.
    """
    best, key = cosines(queries, clips).max(-1)
    return alpha * best + (1 - alpha) * cosines(queries, attended).mean(-1), key


def cosine_rate(step: int, steps: int, warm: int, peak: float) -> float:
    """The rate of a step, 0..steps-1: up to `peak` at step `warm`, then along a cosine to 0."""
    if step < warm:
        return peak * (step + 1) / (warm + 1)
    done = (step - warm) / (steps - warm)
    return peak * 0.5 * (1 + math.cos(math.pi * done))


def root_rate(step: int, steps: int, warm: int, peak: float) -> float:
    """The rate of a step, 0..steps-1: up to `peak` at step `warm`, then ever slower down."""
    first, now = warm + 1, step + 1
    return peak * (now / first if now < first else math.sqrt(first / now))


def steps_of_two(run: TrainingRun, batches: Iterable[Any]) -> Tensor:
    """A step for every two batches; the loss of each batch before its step, [S], no gradient."""
    run.model.train()
    every, losses = list(batches), []
    for first in range(0, len(every), 2):
        pair = every[first : first + 2]
        run.optimizer.zero_grad()
        for batch in pair:
            loss = run.loss(batch)
            (loss / len(pair)).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        nn.utils.clip_grad_norm_(run.model.parameters(), run.max_norm)
        run.optimizer.step()
        run.schedule.step()
    return torch.stack(losses)


def left_behind(inputs: Inputs) -> dict[str, Any]:
    """What training in pairs must leave: the lesson's, under names that fit this task."""
    names = (
        "the weights (is there one step for two batches, with the mean of their gradients?)",
        "the schedule (it moves once per step, not per batch)",
        "the model's mode (it stays in train mode)",
    )
    return dict(zip(names, planted.left_behind(inputs).values(), strict=True))


def last_best_epoch(sumr: list[float], patience: int) -> tuple[int, int]:
    """The epoch to keep, and the last one that is trained, counted from 0.

    sumr: val SumR of each epoch, as it would come. The last of equal values is the best one.
    The last epoch is the first one that is more than `patience` after the best so far.
    """
    kept, epoch = 0, 0
    for epoch, value in enumerate(sumr):
        kept = epoch if value >= sumr[kept] else kept
        if epoch > kept + patience:
            break
    return kept, epoch


def patient_with_rises(sumr: list[float], patience: int) -> tuple[int, int]:
    """The epoch to keep, and the last one that is trained, counted from 0.

    sumr: val SumR of each epoch, as it would come. The first of equal values is the best one.
    The last epoch is the first one that is more than `patience` after the last rise.
    """
    best = rise = epoch = 0
    for epoch, value in enumerate(sumr):
        if epoch and value > sumr[epoch - 1]:
            rise = epoch
        if value > sumr[best]:
            best = epoch
        if epoch - rise > patience:
            break
    return best, epoch


def unpaired_interval(ours: Tensor, theirs: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """The difference of the means, and half the width of its interval, unpaired: [S], [S]."""
    half = t * ((ours.var() + theirs.var()) / len(ours)).sqrt()
    return ours.mean() - theirs.mean(), half


def middle_and_reach(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """The median of ours - theirs over paired seeds, and half of their range: [S], [S]."""
    ranked = (ours - theirs).sort().values
    low, high = (len(ranked) - 1) // 2, len(ranked) // 2
    return (ranked[low] + ranked[high]) / 2, (ranked[-1] - ranked[0]) / 2


# Where vectors have one number, all cosines are 1 or -1, and several clips are the best.
NO_TIES = {"queries": "Qh", "clips": "VKh", "attended": "VKh"}

VARIANTS = (
    Variant(
        "whole_score",
        fused_key_score,
        changes={"axes": NO_TIES},
    ),
    Variant(
        "whole_score",
        mean_frame_score,
        changes={"axes": NO_TIES},
    ),
    Variant("learning_rate_at", cosine_rate),
    Variant("learning_rate_at", root_rate),
    Variant(
        "train_steps",
        steps_of_two,
        changes={"after": left_behind},
    ),
    Variant("best_epoch", last_best_epoch),
    Variant("best_epoch", patient_with_rises),
    Variant("seed_interval", unpaired_interval),
    Variant(
        "seed_interval",
        middle_and_reach,
        inputs=lambda inputs, g: {name: inputs[name] for name in ("ours", "theirs")},
    ),
)
