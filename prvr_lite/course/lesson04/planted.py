"""Lesson 4's inputs that every check tries: every clip of short films, long ones, one unit."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import normal, signs
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson04.answers import clip_row

LONG = ((0, 1, 32), (31, 32, 32), (0, 32, 32), (1, 32, 32), (0, 31, 32), (7, 19, 64))


def every_span(g: Generator) -> Iterator[Inputs]:
    """The shortest clip, the longest and all between."""
    for n in range(1, 6):
        for start in range(n):
            for end in range(start + 1, n + 1):
                yield {"start": start, "end": end, "n": n}
    for start, end, n in LONG:
        yield {"start": start, "end": end, "n": n}


def every_row(g: Generator) -> Iterator[Inputs]:
    for span in every_span(g):
        yield {"row": clip_row(**span), "n": span["n"]}


def hard_units(g: Generator) -> Iterator[Inputs]:
    for v, n, h in ((1, 1, 1), (2, 1, 3), (3, 2, 2), (2, 12, 3)):
        yield {"units": 40 * normal(g, v, n, h) + 60}
        yield {"units": signs(g, v, n, h)}


def hard_clips(g: Generator) -> Iterator[Inputs]:
    """Vectors of very different lengths; films that are against every query; one clip each."""
    for n in (1, 4):
        queries, clips = normal(g, 3, 5), normal(g, 2, n, 5)
        power = (
            torch.randint(-3, 4, (3, 1), generator=g),
            torch.randint(-3, 4, (2, n, 1), generator=g),
        )
        yield {"queries": 10.0 ** power[0] * queries, "clips": 10.0 ** power[1] * clips}
    yield {"queries": 1 + normal(g, 3, 4).abs(), "clips": -1 - normal(g, 2, 5, 4).abs()}
