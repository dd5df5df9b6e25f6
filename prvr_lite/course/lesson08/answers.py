"""Lesson 8's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs


@dataclass(repr=False)
class TrainingRun:
    """What a training step needs.

    Attributes:
        model: in any mode. loss: of a batch, one number with a gradient.
        optimizer, schedule: of the model's weights, and of the optimizer's learning rate.
        max_norm: bound on the norm of the whole gradient.
    """

    model: nn.Module
    loss: Callable[[Any], Tensor]
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    max_norm: float

    def __repr__(self) -> str:
        return f"TrainingRun of a {type(self.model).__name__}"


def whole_score(
    queries: Tensor, clips: Tensor, attended: Tensor, alpha: float
) -> tuple[Tensor, Tensor]:
    """S = alpha S_c + (1 - alpha) S_f, and the key clips: [Q, H], [V, K, H] twice -> [Q, V] twice.

    S_c is the best cosine with a clip, S_f the cosine with what that key clip attends.
    """
    q, c, r = (F.normalize(x, dim=-1) for x in (queries, clips, attended))
    best, key = torch.einsum("qh,vkh->qvk", q, c).max(-1)  # [Q, V] both
    frames = torch.einsum("qh,vkh->qvk", q, r)  # [Q, V, K]
    frame = frames.gather(2, key[..., None]).squeeze(2)  # [Q, V]
    return alpha * best + (1 - alpha) * frame, key


def learning_rate_at(step: int, steps: int, warm: int, peak: float) -> float:
    """The rate of a step, 0..steps-1: up to ``peak`` at step ``warm``, then straight to 0."""
    if step < warm:
        return peak * (step + 1) / (warm + 1)
    return peak * (steps - step) / (steps - warm)


def train_steps(run: TrainingRun, batches: Iterable[Any]) -> Tensor:
    """A step on each batch; the loss of each before its step, [S], without gradient."""
    run.model.train()
    losses = []
    for batch in batches:
        loss = run.loss(batch)
        run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.max_norm)
        run.optimizer.step()
        run.schedule.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def best_epoch(sumr: list[float], patience: int) -> tuple[int, int]:
    """The epoch to keep, and the last one that is trained, from 0; see ``wrong_epoch``."""
    best = 0
    for epoch, value in enumerate(sumr):
        if value > sumr[best]:
            best = epoch
        if epoch - best > patience:
            return best, epoch
    return best, len(sumr) - 1


def seed_interval(ours: Tensor, theirs: Tensor, t: float) -> tuple[Tensor, Tensor]:
    """Mean difference of paired seeds [S], [S], and half the width of Student's interval."""
    gap = ours - theirs  # [S]
    return gap.mean(), t * gap.std() / math.sqrt(len(gap))


def cosines(queries: Tensor, vectors: Tensor) -> Tensor:
    """[Q, H] with [V, K, H] -> [Q, V, K]."""
    q, v = (F.normalize(x, dim=-1) for x in (queries, vectors))
    return torch.einsum("qh,vkh->qvk", q, v)


def at(table: Tensor, key: Tensor) -> Tensor:
    """[Q, V, K], [Q, V] -> the entry of the key clip, [Q, V]."""
    return table.gather(2, key[..., None]).squeeze(2)


def wrong_score(q: Tensor, c: Tensor, r: Tensor, a: float, wrong: str) -> tuple[Tensor, Tensor]:
    """whole_score with something wrong in it."""
    if wrong == "over clips":  # F.normalize without dim
        q, c, r = (F.normalize(x) for x in (q, c, r))
    raw = wrong in ("raw", "over clips")
    clip, frame = (torch.einsum("qh,vkh->qvk", q, x) if raw else cosines(q, x) for x in (c, r))
    for name, vectors in (("long clips", c), ("long frames", r), ("long queries", q)):
        if wrong == name:  # not divided by their lengths
            size = vectors.norm(dim=-1)
            clip = clip * {"long clips": size, "long queries": size[:, None, None]}.get(name, 1)
            frame = frame * {"long frames": size, "long queries": size[:, None, None]}.get(name, 1)
    by = {"frame": frame, "fused": a * clip + (1 - a) * frame}.get(wrong, clip)
    key = by.argmax(-1)
    first, second = at(clip, key), at(frame, key)
    if wrong == "free":
        second = frame.amax(-1)
    if wrong == "first key":
        second = at(frame, key[:1].expand_as(key))
    if wrong in ("mean", "mean frame"):
        first, second = (clip.mean(-1) if wrong == "mean" else first), frame.mean(-1)
    if wrong == "alpha twice":
        return a * (first + second), key
    if wrong == "sum":
        return first + second, key
    weight = 1 - a if wrong == "swapped" else a
    return weight * first + (1 - weight) * second, key


def wrong_rate(step: int, steps: int, warm: int, peak: float, wrong: str) -> float:
    """learning_rate_at with something wrong in it."""
    if wrong == "share":
        return learning_rate_at(step, steps, warm, 1.0)
    if step < warm and wrong != "cold":
        rise = {"zero": step / warm, "early": (step + 1) / warm}
        return peak * rise.get(wrong, (step + 1) / (warm + 1))
    part = (steps - step) / (steps - warm)
    fall = {
        "whole": (steps - step) / steps,
        "cold": (steps - step) / steps,
        "flat": 1.0,
        "cosine": (1 + math.cos(math.pi * (1 - part))) / 2,
        "ahead": (steps - step - 1) / (steps - warm),
        "nothing": (steps - step - 1) / max(1, steps - warm - 1),
    }
    return peak * fall.get(wrong, part)


def wrong_steps(run: TrainingRun, batches: Iterable[Any], wrong: str) -> Tensor:
    """train_steps with something wrong in it."""
    if wrong != "eval":
        run.model.train()
    clip = nn.utils.clip_grad_norm_
    losses: list[Tensor] = []
    for batch in batches:
        loss = run.loss(batch)
        if wrong != "kept" and not (wrong == "kept later" and losses):
            run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for parameter in run.model.parameters() if wrong == "each" else ():
            clip(parameter, run.max_norm)
        if wrong == "value":
            nn.utils.clip_grad_value_(run.model.parameters(), run.max_norm)
        if wrong not in ("each", "wild", "value"):
            clip(run.model.parameters(), run.max_norm)
        if wrong == "emptied":
            run.optimizer.zero_grad()
        if wrong == "early":
            _step_quietly(run.schedule)
        run.optimizer.step()
        if wrong not in ("early", "constant", "once"):
            run.schedule.step()
        losses.append((run.loss(batch) if wrong == "after" else loss).detach())
    if wrong == "once":
        run.schedule.step()
    return torch.stack(losses)


def _step_quietly(schedule: torch.optim.lr_scheduler.LRScheduler) -> None:
    """A step that torch would warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule.step()


def wrong_epoch(sumr: list[float], patience: int, wrong: str) -> tuple[int, int]:
    """best_epoch with something wrong in it."""
    if wrong == "all":
        return sumr.index(max(sumr)), len(sumr) - 1
    if wrong == "future":
        return sumr.index(max(sumr)), best_epoch(sumr, patience)[1]
    if wrong == "from 1":
        best, last = best_epoch(sumr, patience)
        return best + 1, last + 1
    if wrong == "lowest":
        return best_epoch([-value for value in sumr], patience)
    best, waited, bad = 0, 0, 0
    for epoch, value in enumerate(sumr):
        bad += value <= sumr[best] and epoch > 0
        if value > sumr[best] or (wrong == "equal" and value == sumr[best]):
            best = epoch
        waited = 0 if epoch and value > sumr[epoch - 1] else waited + 1
        late = {"neighbour": waited, "all bad": bad, "soon": epoch - best + 1}.get(
            wrong, epoch - best
        )
        if late > patience:
            if wrong == "untrained":
                return best, epoch - 1
            return (epoch if wrong == "last" else best), epoch
    return (len(sumr) - 1 if wrong == "last" else best), len(sumr) - 1


def wrong_interval(ours: Tensor, theirs: Tensor, t: float, wrong: str) -> tuple[Tensor, Tensor]:
    """seed_interval with something wrong in it."""
    gap = theirs - ours if wrong == "sign" else ours - theirs
    root = math.sqrt(len(gap))
    if wrong == "ends":
        middle, half_width = seed_interval(ours, theirs, t)
        return middle - half_width, middle + half_width
    half = {
        "biased": gap.std(correction=0) / root,
        "spread": gap.std(),
        "whole": 2 * gap.std() / root,
        "variance": gap.var() / len(gap),
        "apart": ((ours.var() + theirs.var()) / len(gap)).sqrt(),
        "no t": gap.std() / root / t,
        "normal": 1.96 * gap.std() / root / t,
        "count": gap.std() / len(gap),
        "one more": gap.std() * math.sqrt(1 + 1 / len(gap)),
        "ours": ours.std() / root,
    }
    return gap.mean(), t * half.get(wrong, gap.std() / root)


def score_inputs(g: Generator) -> Inputs:
    q, v, k, h = sizes(g, 4, 3, 8)
    alpha = 0.6 + 0.3 * float(torch.rand(1, generator=g))
    drawn = (3 * normal(g, q, h), 2 * normal(g, v, k, h), 4 * normal(g, v, k, h))
    return dict(zip(("queries", "clips", "attended", "alpha"), (*drawn, alpha), strict=True))


def rate_inputs(g: Generator) -> Inputs:
    """In turn a first step, one of the warm-up, the one at the peak, one on the way down."""
    warm, extra = sizes(g, 2, 4, 9)
    steps = 3 * warm + extra
    step = (0, warm // 2, warm, warm + 2 + extra // 2)[g.initial_seed() % 4]
    return {"step": step, "steps": steps, "warm": warm, "peak": 1.0 + extra / 7}


def epoch_inputs(g: Generator) -> Inputs:
    """A rise to a best value that comes twice, a long wait, and a better one that comes too late.

    In every fourth draw the wait is not long enough to stop.
    """
    patience, rise = sizes(g, 2, 3, 7)
    up = [200.0 + 5 * i for i in range(rise)]
    top = up[-1] + 7
    wait = [top - 9, top, *(top - 12 + i % 2 for i in range(patience))]
    stays = g.initial_seed() % 4 == 0
    tail = [top - 20, top + 4, *(top + 3 - i for i in range(patience + 4))]  # better, but too late
    after = [top - 2] if stays else tail
    return {"sumr": [*up, top, *wait, *after], "patience": patience + 9 * stays}


def interval_inputs(g: Generator) -> Inputs:
    """Seeds move both models alike, so that the difference is steadier than either."""
    count = sizes(g, 1, 3, 8)[0]
    luck = 4 * normal(g, count)
    ours, theirs = 52 + luck + normal(g, count), 50 + luck + normal(g, count)
    return {"ours": ours, "theirs": theirs, "t": 2.0 + 3 / count}
