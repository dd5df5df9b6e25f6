"""Lesson 10's checks on answers as learners write them: other right ways pass, near misses fail."""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.course.grading import session
from prvr_lite.course.grading.diagnosis import diagnose

EXERCISES = session.exercises()


def told(name: str, answer: object, seed: int) -> str:
    return diagnose(EXERCISES[name], answer, seed) or ""  # type: ignore[arg-type]


def run_by_cumulation(score: Tensor, real: Tensor, share: float) -> Tensor:
    """attended_run without a walk: the last low frame before the peak, the first behind it."""
    low = torch.where(real, score, torch.inf).amin(1, keepdim=True)
    peak = torch.where(real, score, -torch.inf).amax(1, keepdim=True)
    place = torch.where(real, score, -torch.inf).argmax(1, keepdim=True)
    steps = torch.arange(score.shape[1])
    ends = ~real | (score < low + share * (peak - low))
    start = torch.where(ends & (steps < place), steps, -1).amax(1) + 1
    end = torch.where(ends & (steps > place), steps, len(steps)).amin(1)
    return torch.stack([start, end], 1)


def walk_without_an_end(score: Tensor, real: Tensor, share: float) -> Tensor:
    """It forgets that a row ends where its last frame is high."""
    rows = []
    for values, kept in zip(score, real, strict=True):
        low, peak = values[kept].min(), values[kept].max()
        high = kept & (values >= low + share * (peak - low))
        start = int(torch.where(kept, values, -torch.inf).argmax())
        end = start + 1
        while start > 0 and high[start - 1]:
            start -= 1
        while high[end]:
            end += 1
        rows.append((start, end))
    return torch.tensor(rows)


def strike_by_filter(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """strike_out from a sorted list."""
    taken: list[int] = []
    for row in score.argsort(descending=True).tolist():
        if len(taken) < keep and not any(bool(near[one, row]) for one in taken):
            taken.append(row)
    return torch.tensor(taken + [-1] * (keep - len(taken)))


def strike_all(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """It overlooks ``keep``."""
    return strike_by_filter(score, near, len(score))


def test_other_right_ways_pass() -> None:
    for seed in range(0, 600, 100):
        assert told("attended_run", run_by_cumulation, seed) == ""
        assert told("strike_out", strike_by_filter, seed) == ""


def test_near_misses_fail() -> None:
    for seed in range(0, 600, 100):
        assert "IndexError" in told("attended_run", walk_without_an_end, seed)
        assert "has shape" in told("strike_out", strike_all, seed)
