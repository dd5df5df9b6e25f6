"""Lesson 3's inputs that every check tries: far scores, a single real key, one head."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import eighths, fill_padding, mask, normal, signs
from prvr_lite.course.grading.exercise import Inputs


def hard_softmax(g: Generator) -> Iterator[Inputs]:
    real = mask(g, 3, 5)
    for scale, shift in ((500.0, 0.0), (30.0, -3000.0), (1.0, 300.0), (0.0, 2.0)):
        score = scale * normal(g, 3, 4, 5) + shift
        yield {"score": fill_keys(score, real, g), "mask": real}
    yield {"score": fill_keys(signs(g, 3, 4, 5), real, g), "mask": real}
    for kept in (torch.arange(5) == 0, torch.arange(5) == 4, torch.arange(5) >= 0):
        yield {"score": 4 * normal(g, 3, 2, 5), "mask": kept.expand(3, 5)}


def fill_keys(score: Tensor, real: Tensor, g: Generator) -> Tensor:
    """Large garbage in the scores of padded keys."""
    return torch.where(real[:, None], score, 9 + 5 * torch.rand(score.shape, generator=g))


def hard_triples(g: Generator) -> Iterator[Inputs]:
    real = mask(g, 3, 5)
    for scale in (10.0, 4.0, 0.01):
        query, key, value = (
            scale * normal(g, 3, 2, 4),
            scale * normal(g, 3, 5, 4),
            normal(g, 3, 5, 6),
        )
        padded = fill_padding(key, real, g), fill_padding(100 * value, real, g)
        yield {"query": query, "key": padded[0], "value": padded[1], "mask": real}
    far = fill_padding(-20 - eighths(g, 3, 5, 4), real, g)  # every score far below 0
    below = {"query": 4 + eighths(g, 3, 2, 4), "key": far, "value": normal(g, 3, 5, 6)}
    yield {**below, "mask": real}
    zeros = {"query": signs(g, 3, 2, 4), "key": fill_padding(signs(g, 3, 5, 4), real, g)}
    yield {**zeros, "value": fill_padding(signs(g, 3, 5, 6), real, g), "mask": real}
    drawn = {"query": normal(g, 2, 3, 1), "key": normal(g, 2, 4, 1), "value": normal(g, 2, 4, 2)}
    for kept in (torch.arange(4) == 0, torch.arange(4) == 3):
        yield {**drawn, "mask": kept.expand(2, 4)}


def all_heads(g: Generator) -> Iterator[Inputs]:
    """One head, as many as numbers, one number of one head."""
    for heads, d in ((1, 5), (6, 1), (1, 1), (2, 2), (3, 4)):
        yield {"x": 50 * normal(g, 2, 3, heads * d), "heads": heads}


def merged_heads(g: Generator) -> Iterator[Inputs]:
    for heads, d in ((1, 5), (6, 1), (1, 1), (3, 3), (3, 4)):
        yield {"x": 50 * normal(g, 2, heads, 3, d)}


def hard_words(g: Generator) -> Iterator[Inputs]:
    real = mask(g, 3, 5)
    for scale in (10.0, 1.0, 0.01):
        tokens = fill_padding(scale * normal(g, 3, 5, 4), real, g)
        yield {"tokens": tokens, "mask": real, "w": scale * normal(g, 4)}
    yield {"tokens": fill_padding(signs(g, 3, 5, 4), real, g), "mask": real, "w": signs(g, 4)}
    low = fill_padding(-3 - torch.rand(3, 5, 2, generator=g), real, g)  # every score far below 0
    yield {"tokens": low, "mask": real, "w": torch.tensor([150.0, 200.0])}
    for kept in (torch.arange(5) == 0, torch.arange(5) == 4):
        yield {"tokens": normal(g, 2, 5, 3), "mask": kept.expand(2, 5), "w": 3 * normal(g, 3)}
