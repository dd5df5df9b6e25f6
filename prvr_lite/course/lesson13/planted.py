"""Lesson 13's inputs that every check tries: single frames, narrow windows, far scores, alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson13.answers import gaussian_windows, other_keys


def hard_lengths(g: Generator) -> Iterator[Inputs]:
    """Films of one frame; nothing but one frame; windows so narrow that e^… is 0 in a whole row."""
    for films, size, width in (
        ([1, 2, 3], 3, 0.1),
        ([2, 5, 1, 4], 9, 0.2),
        ([1], 1, 1.0),
        ([1, 1], 4, 0.5),
        ([6], 6, 50.0),
        ([32, 7], 32, 0.5),
    ):
        yield {"lengths": torch.tensor(films), "size": size, "width": width}


def hard_attention(g: Generator) -> Iterator[Inputs]:
    """Windows that are 0 on padding; scores of hundreds; one real frame; no padding at all."""
    for lengths, scale in (([3, 5], 1.0), ([1, 5], 20.0), ([5, 5], 0.01), ([2, 1], 3.0)):
        real = torch.arange(5) < torch.tensor(lengths)[:, None]
        drawn = {name: scale * normal(g, 2, 3, 5, 4) for name in ("query", "key", "value")}
        window = gaussian_windows(torch.tensor(lengths), 5, 1.0)
        yield other_keys({**drawn, "mask": real, "window": window}, g)
    ones = {name: normal(g, 2, 1, 3, 1) for name in ("query", "key", "value")}
    mask = torch.ones(2, 3, dtype=torch.bool)
    yield {**ones, "mask": mask, "window": torch.ones(2, 3, 3)}  # the endless window: plain
    yield {**ones, "mask": mask, "window": torch.eye(3).expand(2, 3, 3)}


def hard_fusions(g: Generator) -> Iterator[Inputs]:
    """Far from 0; one width; widths of very different gains; a gain of 0."""
    for shift, scale, widths in ((30.0, 1.0, 4), (0.0, 50.0, 3), (-5.0, 0.2, 1)):
        yield {
            "x": shift + scale * normal(g, 2, 3, 6),
            "seen": scale * normal(g, widths, 2, 3, 6),
            "gain": 3 * normal(g, widths, 6),
            "bias": torch.linspace(-2, 2, widths)[:, None].expand(widths, 6).clone(),
        }
    x, seen = normal(g, 1, 2, 4), normal(g, 2, 1, 2, 4)
    yield {"x": x, "seen": seen, "gain": torch.zeros(2, 4), "bias": normal(g, 2, 4)}


def hard_stacks(g: Generator) -> Iterator[Inputs]:
    """One block; blocks that only shift, whose order decides; attention to a single unit."""
    shift = torch.eye(4).roll(1, 0)
    first = torch.eye(4)[torch.zeros(4, dtype=torch.int64)]  # all look at unit 0
    for blocks in ([shift], [shift, first], [first, shift], [shift, shift, first]):
        stacked = torch.stack(blocks)[:, None, None]  # [blocks, 1, 1, 4, 4]
        yield {"attention": stacked.expand(-1, 2, 3, 4, 4).clone()}
    yield {"attention": (9 * normal(g, 2, 3, 1, 5, 5)).softmax(-1)}
    yield {"attention": torch.ones(2, 1, 2, 1, 1)}


def hard_families(g: Generator) -> Iterator[Inputs]:
    """Films whose queries stand apart; all alone; all of one film; a scale that e^x can't bear."""
    for owner in ([0, 1, 0, 2, 1, 0], [5, 3, 1], [4, 4, 4, 4], [2]):
        queries = 3 * normal(g, len(owner), 4)
        for margin, scale in ((0.2, 32.0), (0.15, 400.0), (0.0, 1.0)):
            yield {
                "queries": queries,
                "query_video": torch.tensor(owner),
                "margin": margin,
                "scale": scale,
            }
    same = normal(g, 1, 4).expand(3, 4).clone()  # three times the same question
    yield {"queries": same, "query_video": torch.tensor([1, 1, 0]), "margin": 0.2, "scale": 400.0}
