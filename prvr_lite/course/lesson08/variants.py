"""Lesson 8's exercises with a twist."""

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
        """\
Here the two scales choose the key clip **together**. For each clip of a film compute $\\alpha
\\cos(q, c) + (1 - \\alpha) \\cos(q, r)$, with $c$ the clip and $r$ what this clip attends (row
by row of `clips` and `attended`). The score of the film is the highest of these numbers, and
the key clip is the clip that has it.""",
        changes={"axes": NO_TIES},
    ),
    Variant(
        "whole_score",
        mean_frame_score,
        """\
Here the frame scale does not look at the key clip: $S_f$ is the **mean** of the cosines of the
query with what *all* clips of the film attend (`attended`). $S_c$ is the best cosine with a
clip of the film, as in the lesson, and the score is $\\alpha S_c + (1 - \\alpha) S_f$. Return
it with the rows of the best clips.""",
        changes={"axes": NO_TIES},
    ),
    Variant(
        "learning_rate_at",
        cosine_rate,
        """\
Let the rate fall along a **cosine**. For steps before `warm` it is peak · (step + 1) /
(warm + 1), as in the lesson. From step `warm` on it is
$\\tfrac12\\,\\text{peak}\\,(1 + \\cos(\\pi x))$ with $x = (\\text{step} - \\text{warm}) /
(\\text{steps} - \\text{warm})$, so that it is the peak at step `warm`, and would be 0 at step
`steps`.""",
    ),
    Variant(
        "learning_rate_at",
        root_rate,
        """\
Let the rate fall with the **root of the step**, which needs no end. For steps before `warm` it
is peak · (step + 1) / (warm + 1), as in the lesson. From step `warm` on it is $\\text{peak}
\\cdot \\sqrt{(\\text{warm} + 1) / (\\text{step} + 1)}$. `steps` is handed over as in the
lesson, and not needed here.""",
    ),
    Variant(
        "train_steps",
        steps_of_two,
        """\
Train with batches of twice the size, without their memory: **one step for every two batches**.
As in the lesson, the model is in train mode and `run` holds the model, `run.loss(batch)`, the
optimizer, the schedule and `run.max_norm`. For each pair of batches in turn: clear the
gradients, add up the gradients of half of each batch's loss, bound the norm of the whole
gradient to `run.max_norm`, and then make one step of the optimizer and one of the schedule. If
the number of batches is odd, the last one makes a step by itself, with its whole loss. Return
the loss of **each** batch (not halved), computed before the step of its pair: [S], one number
per batch, without gradient. `batches` may be an iterator, which can be read only once.""",
        changes={"after": left_behind},
    ),
    Variant(
        "best_epoch",
        last_best_epoch,
        """\
Of epochs that are equally good keep the **last** one: an epoch is the best so far if its value
is *at least* as high as the best before it. Training ends at the first epoch that is more than
`patience` after the best one so far, or at the last value of the list. Epochs are counted from
0, and no decision may look at values that are yet to come. Return the best epoch and the last
one that is trained.""",
    ),
    Variant(
        "best_epoch",
        patient_with_rises,
        """\
Wait for as long as it **still rises**: training ends at the first epoch that is more than
`patience` after the last rise, or at the last value of the list. A rise is an epoch whose
value is higher than that of the epoch directly before it; before any rise, count from epoch 0.
The epoch to keep is the best of those that are trained, the first of equal ones. Epochs are
counted from 0. Return the epoch to keep and the last one that is trained.""",
    ),
    Variant(
        "seed_interval",
        unpaired_interval,
        """\
Suppose the seeds of the two models are **not paired**. Then the half width of the interval is
$t \\sqrt{(\\operatorname{var}(\\text{ours}) + \\operatorname{var}(\\text{theirs})) / S}$, with
the variances of the samples (divided by $S - 1$) and $S$ seeds of each. Return the difference
of the two means, ours minus theirs, and this half width.""",
    ),
    Variant(
        "seed_interval",
        middle_and_reach,
        """\
Describe the differences ours − theirs of the paired seeds by their **median** and half of
their range. The median is the middle one of the sorted differences, or the mean of the two in
the middle where their number is even. Half of the range is (largest − smallest) / 2. There is
no `t` here: the function has two parameters. Return the two numbers as tensors.""",
        lambda inputs, g: {name: inputs[name] for name in ("ours", "theirs")},
    ),
)
