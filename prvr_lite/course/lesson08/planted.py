"""Lesson 8's tiny training runs, and what every check tries: ends of schedules and of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson08.answers import TrainingRun

REACHED = ("_distance", "_falling")  # also where answers are graded: a run holds them
WEIGHTS = "the weights (is there a step for each batch, with this batch's own gradient?)"


class _Fresh(dict[str, Any]):
    """Inputs that are built again whenever they are read: training changes what it is given."""

    def __init__(self, build: Callable[[], Inputs]) -> None:
        super().__init__(build())
        self._build = build

    def items(self) -> Any:
        return self._build().items()


def run_inputs(g: Generator) -> Inputs:
    seed = int(torch.randint(2**31, (1,), generator=g))
    return _Fresh(lambda: _tiny_run(torch.Generator().manual_seed(seed)))


def hard_runs(g: Generator) -> Iterator[Inputs]:
    """Gradients that need no clipping; batches one by one, as from a loader; a single one."""
    for norm in (1e4, 0.8):
        for steps in (1, 4):
            seed = int(torch.randint(2**31, (1,), generator=g))
            yield _Fresh(
                lambda seed=seed, norm=norm, steps=steps: _tiny_run(  # type: ignore[misc]
                    torch.Generator().manual_seed(seed), norm, steps
                )
            )


def _tiny_run(g: Generator, max_norm: float = 0.8, one_by_one: int = 0) -> Inputs:
    """A linear map behind a normalisation over the batch, which is another one in eval mode.

    Gradients from before are left in the weights.

    Args:
        one_by_one: that many batches, from an iterator; 0: some, in a tensor.
    """
    steps, rows, inputs, outputs = sizes(g, 4, 4, 8)
    with torch.random.fork_rng(devices=[]):  # leaves torch's random numbers alone
        linear = nn.Linear(inputs, outputs)
    with torch.no_grad():
        for weight in linear.parameters():
            weight.copy_(normal(g, *weight.shape))
    model = nn.Sequential(nn.BatchNorm1d(inputs), linear).eval()  # who trains must say so
    for weight in model.parameters():
        weight.grad = normal(g, *weight.shape)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2 if max_norm < 1 else 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _falling)
    wanted = 2 * normal(g, outputs)
    run = TrainingRun(model, partial(_distance, model, wanted), optimizer, schedule, max_norm)
    batches = 3 * normal(g, one_by_one or steps, rows, inputs) + 1
    return {"run": run, "batches": iter(batches.unbind()) if one_by_one else batches}


def _distance(model: nn.Module, wanted: Tensor, x: Tensor) -> Tensor:
    loss: Tensor = (model(x) - wanted).square().sum(1).mean()
    return loss


def _falling(step: int) -> float:
    return 1 / (1 + step)


def left_behind(inputs: Inputs) -> dict[str, Any]:
    """For ``Exercise.after``: what a training step moves beside the losses."""
    run = inputs["run"]
    weights = torch.cat([weight.detach().flatten() for weight in run.model.parameters()])
    return {
        WEIGHTS: weights,
        "the schedule (it moves once per batch)": float(run.schedule.last_epoch),
        "the model's mode (it stays in train mode)": float(run.model.training),
    }


def hard_scores(g: Generator) -> Iterator[Inputs]:
    """alpha at its ends; one of everything; vectors of very different lengths."""
    for alpha in (0.0, 1.0, 0.25, 0.7):
        drawn = normal(g, 3, 5), normal(g, 4, 6, 5), normal(g, 4, 6, 5)
        scales = (10.0 ** torch.randint(-2, 4, (*x.shape[:-1], 1), generator=g) for x in drawn)
        vectors = [x * scale for x, scale in zip(drawn, scales, strict=True)]
        names = ("queries", "clips", "attended")
        yield {**dict(zip(names, vectors, strict=True)), "alpha": alpha}
    one = {"queries": normal(g, 1, 3), "clips": normal(g, 1, 1, 3), "attended": normal(g, 1, 1, 3)}
    yield {**one, "alpha": 0.4}


def all_rates(g: Generator) -> Iterator[Inputs]:
    """Every step of short schedules: no warm-up, one step of it, nothing but it."""
    peak = 0.5 + float(torch.rand(1, generator=g))
    for steps, warm in ((1, 0), (5, 0), (6, 1), (7, 3), (4, 3), (30, 5)):
        for step in range(steps):
            yield {"step": step, "steps": steps, "warm": warm, "peak": peak}


def hard_epochs(g: Generator) -> Iterator[Inputs]:
    """The best first, last, alone; no patience; rises by a hair; values that come again."""
    first = [300.5, 300.25, 299.5, 300.4]
    for patience in (0, 1, 2, 3, 9):
        for values in (first, first[::-1], [250.5], [7.25, 7.25], [1.5, 1.6, 1.55, 1.7, 1.65, 1.6]):
            yield {"sumr": list(values), "patience": patience}
        near = 300 + torch.randint(0, 5, (9,), generator=g) / 8  # equal ones, and rises of 0.04 %
        yield {"sumr": near.tolist(), "patience": patience}
        wild = 400 * torch.rand(12, generator=g)
        yield {"sumr": wild.tolist(), "patience": patience}
        yield {"sumr": (-wild).tolist(), "patience": patience}


def few_seeds(g: Generator) -> Iterator[Inputs]:
    for count in (2, 3, 12):
        ours, theirs = (40 + 5 * normal(g, count) for _ in range(2))
        yield {"ours": ours, "theirs": theirs, "t": 12.7 / count}
