"""Lesson 5's inputs that every check tries: one cluster, one point each, ties, slow sets."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.lesson05.answers import distances

# (seed, points, k) of sets on which a longest point by another norm, and a loop that ends too
# soon (after a few rounds, or as soon as the clusters' sizes stay), find other medoids.
SLOW = (
    *((154, 100, 5), (116, 100, 5), (120, 100, 5), (1, 80, 4), (13, 80, 4)),
    *((1, 30, 2), (79, 30, 2)),
)


def slow_set(seed: int, count: int) -> Tensor:
    drawn = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))
    return drawn + torch.tensor([3.0, -2.0])


def _grid() -> Tensor:
    """Points whose distances are whole numbers or equal by symmetry."""
    return torch.tensor([[0.0, 0], [4, 0], [0, 4], [4, 4], [2, 2], [-4, 0], [0, -4]])


def hard_starts(g: Generator) -> Iterator[Inputs]:
    """One medoid, all points, equal norms, equal distances."""
    for points, k in ((_grid(), 5), (_grid(), 7), (_grid(), 1), (_grid()[:1], 1), (-_grid(), 2)):
        yield {"distance": distances(points), "norm": points.norm(dim=1), "k": k}
    points = 400 * torch.randn(9, 2, generator=g)
    for k in (1, 2, 9):
        yield {"distance": distances(points), "norm": points.norm(dim=1), "k": k}
    far = distances(points)
    yield {
        "distance": far,
        "norm": torch.rand(9, generator=g),
        "k": 4,
    }  # not the norm of the points


def hard_medoids(g: Generator) -> Iterator[Inputs]:
    """One medoid, all points medoids, points halfway between two, medoids on one spot."""
    for rows in ([1, 2], [2, 1], [0], [6, 5, 4, 3, 2, 1, 0], [3, 1, 0]):
        yield {"distance": distances(_grid()), "medoids": torch.tensor(rows)}
    yield {"distance": torch.zeros(1, 1), "medoids": torch.tensor([0])}
    yield {"distance": torch.zeros(4, 4), "medoids": torch.tensor([3, 0, 2])}
    points = 1e4 * torch.randn(8, 3, generator=g)
    yield {"distance": distances(points), "medoids": torch.tensor([7, 0])}
    line = torch.tensor([[-1.0], [1.0], [1 / 8192], [-1 / 8192]])  # hardly nearer to one of two
    yield {"distance": distances(line), "medoids": torch.tensor([0, 1])}


def hard_clusters(g: Generator) -> Iterator[Inputs]:
    """Two members, which always tie; single ones; one cluster; distances far above any fill."""
    for scale in (1.0, 1e4):
        points = scale * torch.randn(9, 3, generator=g)
        pairs = torch.tensor([0, 1, 2, 3, 4])[torch.arange(9) % 5]
        for assignment, k in ((pairs, 5), (torch.arange(9), 9), (torch.zeros_like(pairs), 1)):
            order = torch.randperm(9, generator=g)
            yield {"distance": distances(points), "assignment": assignment[order], "k": k}
    line = torch.tensor([[0.0], [1], [3], [7], [20], [21], [29]])  # even clusters tie, exactly
    yield {"distance": distances(line), "assignment": torch.tensor([1, 1, 1, 1, 0, 0, 0]), "k": 2}
    yield {"distance": torch.zeros(1, 1), "assignment": torch.tensor([0]), "k": 1}


def slow_sets(g: Generator) -> Iterator[Inputs]:
    for seed, count, k in SLOW:
        yield {"points": slow_set(seed, count), "k": k}
    for points, k in ((_grid(), 1), (_grid(), 7), (_grid()[:1], 1), (torch.ones(4, 2), 3)):
        yield {"points": points, "k": k}


def hard_lengths(g: Generator) -> Iterator[Inputs]:
    """One pair of numbers; one clip; lengths beyond any table; not in order."""
    for dim in (2, 4, 10):
        yield {"length": torch.randint(1, 400, (5,), generator=g), "dim": dim}
    yield {"length": torch.tensor([32, 1, 33, 2, 128, 1000]), "dim": 6}
    yield {"length": torch.tensor([1]), "dim": 8}
