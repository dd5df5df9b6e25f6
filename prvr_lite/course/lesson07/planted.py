"""Lesson 7's inputs that every check tries: all pairs apart, luck at its ends, far scores."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal, signs
from prvr_lite.course.grading.exercise import Inputs


def hard_pairs(g: Generator) -> Iterator[Inputs]:
    """Margins of all sizes; all pairs far enough apart, none, exactly; one pair."""
    for margin in (0.0, 0.2, 3.0):
        for gap in (-500.0, -1.0, 0.0, 2.0):
            positive = normal(g, 4)
            yield {
                "positive": positive,
                "negative": positive + gap + normal(g, 4) / 2,
                "margin": margin,
            }
    even = torch.tensor([0.5, 0.25, 1.0])
    yield {"positive": even, "negative": even - 0.25, "margin": 0.25}


def hard_draws(g: Generator) -> Iterator[Inputs]:
    """Pools from one to more than all; luck at its ends; scores far below any fill."""
    for pool in (1, 2, 5, 50):
        for shift, scale in ((0.0, 1.0), (-2e5, 300.0), (500.0, 30.0)):
            negative = torch.rand(6, 5, generator=g) < 0.6
            negative[:, 2] = True
            negative[0] = torch.arange(5) == 4  # the only one
            luck = torch.tensor([0.0, 0.999, 0.5, 0.0, 0.999, 0.3])
            score = scale * normal(g, 6, 5) + shift
            yield {"score": score, "negative": negative, "pool": pool, "luck": luck}
    for pool in (2, 3, 5):  # each row has its own number of them, none a single one
        negative = torch.arange(6) < torch.tensor([2, 3, 5, 6])[:, None]
        given = {"score": normal(g, 4, 6), "negative": negative[:, torch.randperm(6, generator=g)]}
        yield {**given, "pool": pool, "luck": torch.tensor([0.6, 0.9, 0.7, 0.999])}
        yield {**given, "score": signs(g, 4, 6), "pool": pool, "luck": torch.zeros(4)}
    near = torch.tensor([0.4999, 0.5001, 0.6665, 0.6668])  # hardly below and above a place's edge
    given = {"score": normal(g, 4, 6), "negative": torch.arange(6).expand(4, 6) < 6}
    for pool in (2, 3):
        yield {**given, "pool": pool, "luck": near}
    one = {"score": normal(g, 2, 1), "negative": torch.ones(2, 1, dtype=torch.bool)}
    yield {**one, "pool": 3, "luck": torch.tensor([0.1, 0.9])}


def hard_owners(g: Generator) -> Iterator[Inputs]:
    """One query for each film; all for one; scores of all sizes, and many of exactly 0."""
    for owner in (
        torch.arange(4),
        torch.zeros(3).long(),
        torch.zeros(1).long(),
        torch.tensor([1, 0, 1, 1, 1, 2]),
    ):
        own = owner[:, None] == torch.arange(int(owner.max()) + 1)
        for scale, shift in ((1.0, 0.0), (500.0, -300.0)):
            yield {"score": scale * normal(g, *own.shape) + shift, "own": own}
        yield {"score": signs(g, *own.shape), "own": own}


def hard_contrasts(g: Generator) -> Iterator[Inputs]:
    """Scores far from 0 and from each other; one positive; nothing but positives."""
    for scale, shift in ((1.0, 500.0), (1.0, -500.0), (150.0, 0.0), (0.0, 3.0)):
        for share in (0.0, 0.5, 1.0):
            positive = torch.rand(3, 5, generator=g) < share
            positive[:, 1] = True
            yield {"score": scale * normal(g, 3, 5) + shift, "positive": positive}
    yield {"score": normal(g, 3, 1), "positive": torch.ones(3, 1, dtype=torch.bool)}
    yield {"score": signs(g, 3, 5), "positive": torch.arange(5).expand(3, 5) < 2}
    low = 2000.0 * torch.rand(3, 5, generator=g).argsort(1) - 30_000  # below any fill, and exact
    yield {"score": low, "positive": torch.arange(5).expand(3, 5) < 2}


def all_owners(g: Generator) -> Iterator[Inputs]:
    """One query; all of one film; none of the same; films numbered at random."""
    for films in ([4], [2, 2, 2], [0, 1, 2], [7, 3, 7, 900, 3], [2, 258, 2]):
        for same in (True, False):
            yield {"query_video": torch.tensor(films), "same_video": same}
