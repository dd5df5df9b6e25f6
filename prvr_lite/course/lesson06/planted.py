"""Lesson 6's inputs that every check tries: far scores, a single real frame, one clip."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import eighths, fill_padding, mask, normal, signs
from prvr_lite.course.grading.exercise import Inputs


def hard_searches(g: Generator) -> Iterator[Inputs]:
    """Vectors of very different lengths; clips that are against every query; one clip each."""
    for count in (1, 2, 5):
        power = torch.randint(-3, 4, (2, count, 1), generator=g)
        yield {"queries": 300 * normal(g, 4, 3), "clips": 10.0**power * normal(g, 2, count, 3)}
    angle = 0.3 + torch.rand(2, 30, generator=g).argsort(1) / 5000  # many that are close
    clips = torch.stack([angle.cos(), angle.sin()], 2)
    yield {"queries": torch.tensor([[1.0, 0], [0, 1], [-2, 1]]), "clips": clips}
    yield {"queries": 1 + normal(g, 3, 4).abs(), "clips": -1 - 9 * normal(g, 2, 5, 4).abs()}


def hard_films(g: Generator) -> Iterator[Inputs]:
    real = mask(g, 3, 5)
    for scale in (6.0, 1.0, 0.01):
        drawn = scale * normal(g, 3, 2, 4), fill_padding(scale * normal(g, 3, 5, 4), real, g)
        given = dict(zip(("clips", "frames"), drawn, strict=True))
        yield {**given, "frame_mask": real, "key_map": normal(g, 4, 4)}
    zeros = {"clips": signs(g, 3, 2, 4), "frames": fill_padding(signs(g, 3, 5, 4), real, g)}
    yield {**zeros, "frame_mask": real, "key_map": signs(g, 4, 4)}
    up = {"clips": 40 + eighths(g, 3, 2, 4), "key_map": torch.eye(4)}
    far = fill_padding(-90 - eighths(g, 3, 5, 4), real, g)  # every score below -10 000
    yield {"clips": up["clips"], "frames": far, "frame_mask": real, "key_map": up["key_map"]}
    for kept, h in ((torch.arange(5) == 0, 4), (torch.arange(5) == 4, 4), (torch.arange(5) < 3, 1)):
        films = {"clips": normal(g, 3, 2, h), "frames": normal(g, 3, 5, h)}
        yield {**films, "frame_mask": kept.expand(3, 5), "key_map": normal(g, h, h)}


def hard_weights(g: Generator) -> Iterator[Inputs]:
    """Weights that are all on one frame, or even; far frames."""
    for weight in (torch.eye(4)[None, :3], torch.full((2, 3, 4), 0.25)):
        frames = 50 * normal(g, len(weight), 4, 5) + 20
        yield {"weight": weight, "frames": frames, "value_map": normal(g, 5, 5)}
        yield {"weight": weight, "frames": frames[..., :1], "value_map": normal(g, 1, 1)}


def hard_keys(g: Generator) -> Iterator[Inputs]:
    """The first clip everywhere, the last everywhere; vectors of very different lengths."""
    for rows in (torch.zeros(4, 3), torch.full((4, 3), 4), torch.arange(12).reshape(4, 3) % 5):
        power = torch.randint(-2, 4, (3, 5, 1), generator=g)
        attended = 10.0**power * normal(g, 3, 5, 6)
        yield {"queries": 100 * normal(g, 4, 6), "attended": attended, "key": rows.long()}
