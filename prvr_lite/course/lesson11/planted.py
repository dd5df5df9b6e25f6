"""Lesson 11's inputs that every check tries: other k and probes, ends, hits that come again."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import fill_padding, mask, normal
from prvr_lite.course.grading.exercise import Inputs


def hard_times(g: Generator) -> Iterator[Inputs]:
    """One frame; one time; long before and after; exactly at a frame, just before and after."""
    for shown in (
        [0.0],
        [0.0, 0.125, 4.0, 4.125],
        [-2.0, 0.5],
        [-2.0, -1.0, 100.0, 100.5],
        [1e4, 1e4 + 0.5, 1e4 + 1],
    ):
        frames = torch.tensor(shown)
        ends = torch.tensor([-torch.inf, torch.inf])
        beside = [torch.nextafter(frames, end) for end in ends]  # as near as can be
        near = torch.cat([frames, frames + 0.0625, frames - 0.0625, *beside, frames[:1] - 50])
        at = torch.cat([near, frames[-1:] + 50])
        yield {"shown": frames, "at": at[torch.randperm(len(at), generator=g)]}
        yield {"shown": frames, "at": at[-1:]}


def hard_tables(g: Generator) -> Iterator[Inputs]:
    """A single real clip; films that are against every query; vectors of very different lengths."""
    real = mask(g, 3, 4)
    for sign in (1, -1):
        clip = (
            sign
            * (1 + normal(g, 3, 4, 5).abs())
            * 10.0 ** torch.randint(-2, 4, (3, 4, 1), generator=g)
        )
        query = 100 * (1 + normal(g, 2, 5).abs())
        yield {"query": query, "clip": fill_padding(clip, real, g), "real": real}
    aside = torch.tensor([[[1.0, 0], [-1, 3]], [[-1, 2], [-2, -1]]])  # at best a cosine of 0
    yield {"query": torch.tensor([[0.0, -2.0]]), "clip": aside, "real": torch.ones(2, 2) > 0}
    for kept in (torch.arange(4) == 0, torch.arange(4) == 3):
        yield {"query": normal(g, 2, 5), "clip": normal(g, 3, 4, 5), "real": kept.expand(3, 4)}


def hard_hits(g: Generator) -> Iterator[Inputs]:
    """Every k; no hit at all; one film hit again and again; scores of any size."""
    video_of = torch.tensor([3, 1, 0, 2, 1, 3, 0, 4, 4])
    for k in (1, 2, 4, 5):
        for scale, shift in ((1.0, 0.0), (50.0, -20_000.0), (0.01, 3.0)):
            score = scale * torch.rand(5, 5, generator=g).argsort(1) + shift
            hits = torch.randint(-1, 9, (5, 6), generator=g)
            hits[0], hits[1], hits[2] = -1, 4, torch.tensor([7, 8, -1, 7, 8, 7])
            hits[3] = torch.tensor([8, 0, 1, 2, 3, -1])
            yield {"hits": hits, "video_of": video_of, "score": score, "k": k}
    for best in (0, 4):  # a score of exactly 0 is a score
        score = -torch.arange(5.0).roll(best).expand(2, 5)
        hits = torch.tensor([[2, 6, 7, 5], [1, 8, 0, -1]])
        yield {"hits": hits, "video_of": video_of, "score": score, "k": 3}
    none = torch.tensor([[0], [-1]])
    yield {"hits": none, "video_of": none[:1, 0], "score": normal(g, 2, 1), "k": 1}


def hard_recalls(g: Generator) -> Iterator[Inputs]:
    """One exact film; fewer found than asked for; a film found twice; nothing; all."""
    for k, width in ((1, 1), (1, 4), (4, 2), (3, 3), (5, 7)):
        exact = torch.rand(6, 9, generator=g).argsort(1)[:, :k]
        found = torch.randint(-1, 9, (6, width), generator=g)
        found[0] = -1
        found[1] = exact[1, 0]  # again and again
        yield {"found": found, "exact": exact}
    yield {"found": torch.tensor([[44, 257, -1]]), "exact": torch.tensor([[300, 1, 255]])}
    yield {"found": torch.tensor([[2, 1, 0]]), "exact": torch.tensor([[0, 1, 2]])}


def hard_cells(g: Generator) -> Iterator[Inputs]:
    """Few probes and all; k below and above what they hold; empty cells; far scores; all below 0.

    One case each in which a cosine, a distance and the size of a cell would open others.
    """
    for probes, k in ((1, 1), (1, 6), (2, 3), (3, 2), (4, 5), (4, 12)):
        for scale, shift in ((1.0, 0.0), (30.0, -900.0)):
            query = torch.cat([normal(g, 3), torch.ones(1)])
            clip = torch.cat([scale * normal(g, 10, 3), torch.full((10, 1), shift)], 1)
            centre = torch.cat([normal(g, 4, 3), torch.zeros(4, 1)], 1)
            cell = torch.randint(4, (10,), generator=g)
            cell[cell == 2] = 3 if k % 2 else 2
            given = {"query": query, "centre": centre, "clip": clip, "cell": cell}
            yield {**given, "probes": probes, "k": k}
    one = {"query": -torch.ones(1), "centre": torch.ones(1, 1), "clip": torch.ones(1, 1)}
    for k in (1, 3):
        yield {**one, "cell": torch.zeros(1).long(), "probes": 1, "k": k}
    uneven = torch.tensor([[1.0, 0], [3, 1], [2, 0], [5, -2]])  # the nearest is not the best
    given = {"query": torch.tensor([1.0, 0]), "centre": torch.ones(1, 2), "clip": uneven}
    yield {**given, "cell": torch.zeros(4).long(), "probes": 1, "k": 2}
    query, cell = torch.tensor([1.0, 0.0]), torch.tensor([0, 1, 2, 0, 1, 2])
    centre = torch.tensor([[3.0, 4.0], [2.0, 0.1], [1.0, 0.0]])  # by product, cosine, distance
    clip = torch.tensor([[0.1, 1], [0.9, 0], [0.8, 0], [0.3, 1], [0.7, 0], [0.6, 0]])
    for probes in (1, 2):
        given = {"query": query, "centre": centre, "clip": clip, "cell": cell}
        yield {**given, "probes": probes, "k": 2}
