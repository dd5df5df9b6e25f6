"""Lesson 10's inputs that every check tries: other k and thresholds, ends, hills, far numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal
from prvr_lite.course.grading.exercise import Inputs

LEVELS = (  # rows of attention in eighths from low to peak
    (0, 8, 4, 6, 2, 5, 1),  # the run may rise again on its way down
    (5, 7, 6, 8, 0, 3, 7),
    (1, 6, 5, 7, 5, 6, 7, 8, 7, 6, 5, 6, 5, 0),  # a long run
    (8, 7, 6, 7, 5, 6, 0, 4, 1),  # the peak is the first frame
    (0, 3, 4, 2, 6, 5, 7, 8),  # the peak is the last frame
)


def hard_ious(g: Generator) -> Iterator[Inputs]:
    """Every k and several thresholds; IoUs on a grid, so that many are exactly at a threshold."""
    for threshold in (0.25, 0.5, 0.75):
        for k in (1, 2, 3, 5):
            grid = (
                torch.randint(0, 17, (9, 5), generator=g)
                / 16
                * torch.rand(9, 1, generator=g).ceil()
            )
            weak = (torch.rand(9, 5, generator=g) < 0.6) * 0.125
            yield {"iou": (grid - weak).clamp(min=0), "k": k, "threshold": threshold}
    near = torch.tensor([[0.69, 0.7, 0.1], [0.6999, 0.5, 0.2], [0.701, 0.0, 0.0]])
    yield {"iou": near, "k": 1, "threshold": 0.7}
    yield {"iou": near - torch.tensor([0.0, 1, 1]) / 4096, "k": 2, "threshold": 0.75}
    yield {"iou": torch.tensor([[0.3]]), "k": 1, "threshold": 0.3}


def hard_predictions(g: Generator) -> Iterator[Inputs]:
    """The same in few films, so that several of a query's predictions name its own."""
    for inputs in hard_ious(g):
        shape = inputs["iou"].shape
        video = torch.randint(3, shape, generator=g)
        own = torch.randint(3, shape[:1], generator=g)
        yield {"video": video, "iou": inputs["iou"], "own": own} | {
            name: inputs[name] for name in ("k", "threshold")
        }
    twice = torch.tensor([[0.3, 0.3, 0.4], [0.45, 0.1, 0.45]])  # in sum enough, and none alone
    named = {
        "video": torch.tensor([[257, 1], [3, 259]]),
        "iou": torch.tensor([[0.9, 0.4], [0.6999, 0.8]]),
    }
    yield {**named, "own": torch.tensor([1, 3]), "k": 2, "threshold": 0.7}
    for mine in (1, 0):
        video = torch.full((2, 3), 1)
        named = {"video": video, "iou": twice, "own": torch.tensor([mine, mine])}
        yield {**named, "k": 3, "threshold": 0.5}


def hard_crowds(g: Generator) -> Iterator[Inputs]:
    """One candidate; one to keep; more than there are; scores of any size, all below 0 too."""
    for scale, shift in ((1.0, 0.0), (100.0, -5_000.0), (1e6, -1e7), (0.01, 0.0), (2.0**-13, 1.0)):
        for keep in (1, 3, 9):
            place = 10 * torch.rand(8, generator=g)
            near = (place[:, None] - place).abs() <= 1.5
            if keep == 3:
                near.fill_diagonal_(False)
            order = torch.randperm(8, generator=g)
            score = (order + 0.5 * torch.rand(8, generator=g)) * scale + shift
            yield {"score": score, "near": near, "keep": keep}
    alone = torch.zeros(4, 4, dtype=torch.bool)  # nothing is near anything
    for best in (0, 3):
        score = torch.arange(4.0).roll(best + 1)
        yield {"score": score, "near": alone, "keep": 4}
        yield {"score": score, "near": ~alone, "keep": 2}
    for keep in (1, 2):
        yield {"score": torch.tensor([-3.0]), "near": alone[:1, :1], "keep": keep}


def hard_rows(g: Generator) -> Iterator[Inputs]:
    """Other values of `share`; scores that rise again; the peak at an end; a single frame."""
    for levels in LEVELS:
        for eighths in (1, 3, 4, 5, 6, 8):
            padding = int(torch.randint(3, (1,), generator=g))
            size, ground = (
                1.0 if eighths == 5 else 8.0 * int(torch.randint(1, 50, (1,), generator=g)),
                -400.0,
            )
            row = torch.tensor([[*levels, *[20] * padding]]) * size + ground
            real = torch.arange(row.shape[1])[None] < len(levels)
            yield {"score": row, "real": real, "share": eighths / 8}
    for length in (1, 2, 3):  # real frames
        real = torch.arange(4)[None] < length
        yield {"score": torch.tensor([[3.0, 1.0, 2.0, 9.0]]), "real": real, "share": 0.5}
    for _ in range(6):
        mixed = torch.stack([torch.randperm(9, generator=g) for _ in range(5)])
        real = torch.arange(9) < torch.randint(2, 10, (5, 1), generator=g)
        share = int(torch.randint(1, 8, (1,), generator=g)) / 8
        yield {"score": mixed * 64.0 - 200, "real": real, "share": share}


def hard_merges(g: Generator) -> Iterator[Inputs]:
    """One to keep; all; one film; one moment each; weights from nothing to much."""
    for n, m, keep in ((1, 5, 3), (5, 1, 3), (1, 1, 1), (4, 3, 12), (2, 6, 1), (6, 2, 5)):
        for weight in (0.0, 0.5, 1.0, 7.0):
            scores = {"video_score": normal(g, n) - 1, "moment_score": 3 * normal(g, n, m) - 2}
            yield {**scores, "weight": weight, "keep": keep}
    close = 1 + torch.randperm(12, generator=g).view(3, 4) / 8192
    yield {"video_score": torch.ones(3), "moment_score": close, "weight": 1.0, "keep": 1}
