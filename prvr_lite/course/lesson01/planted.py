"""Lesson 1's inputs that every check tries: numbers that hurt, films of one frame, first places."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, signs
from prvr_lite.course.grading.exercise import Inputs


def hard_frames(g: Generator) -> Iterator[Inputs]:
    """Scores far from 0, of either sign, and exactly 0; films of one real frame; no padding."""
    real = mask(g, 4, 6)
    for scale, shift in ((300.0, 0.0), (500.0, -30_000.0), (1.0, 500.0), (1.0, -500.0), (0.01, 0)):
        yield _filled(scale * normal(g, 4, 6) + shift, real, g)
    yield _filled(signs(g, 4, 6), real, g)
    yield _filled(signs(g, 4, 6).clamp(max=0), real, g)
    yield _filled(normal(g, 3, 5) - 1, torch.arange(5).expand(3, 5) < 1, g)
    yield _filled(normal(g, 3, 5) - 1, torch.ones(3, 5, dtype=torch.bool), g)
    rising = torch.linspace(-9, -1, 12).reshape(2, 6)
    yield {"score": rising, "mask": torch.ones(2, 6, dtype=torch.bool)}  # the last frame is best
    yield {"score": rising.flip(1), "mask": torch.ones(2, 6, dtype=torch.bool)}


def hard_soft(g: Generator) -> Iterator[Inputs]:
    """The same at temperatures from cold to hot."""
    for temperature in (0.001, 0.07, 1.0, 20.0):
        for inputs in hard_frames(g):
            yield {**inputs, "temperature": temperature}


def _filled(score: Tensor, real: Tensor, g: Generator) -> Inputs:
    return {"score": fill_padding(score, real, g), "mask": real}


def hard_rankings(g: Generator) -> Iterator[Inputs]:
    """Every k; ties of all kinds; nothing but ties; scores below 0."""
    for k in (1, 2, 3, 5, 7):
        score = torch.randint(-6, 5, (9, 7), generator=g).float()
        yield {"score": score, "right": torch.randint(7, (9,), generator=g), "k": k}
    close = 1 + torch.tensor([[0.0, 1, 2], [2, 1, 0], [1, 0, 1]]) / 8192  # hardly apart
    yield {"score": close, "right": torch.tensor([0, 0, 1]), "k": 1}
    yield {"score": close, "right": torch.tensor([1, 1, 1]), "k": 2}
    yield {"score": torch.zeros(3, 4), "right": torch.tensor([0, 3, 1]), "k": 3}
    yield {"score": torch.tensor([[2.0]]), "right": torch.tensor([0]), "k": 1}
