"""Centres of many clips, more films than the sample has, and the time that a query takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from timeit import timeit
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.search.vectors import VideoRows

NOISE: Final = 0.02  # of each number; vectors have length 1


def k_means(points: Tensor, cells: int) -> Tensor:
    """Returns the centres of cells of points, [N, D] -> [C, D], by k-means from random points."""
    draw = torch.Generator().manual_seed(0)
    centre = points[torch.randperm(len(points), generator=draw)[:cells]]
    for _ in range(10):
        cell = torch.cdist(points, centre).argmin(1)
        total = torch.zeros_like(centre).index_add(0, cell, points)
        centre = total / cell.bincount(minlength=cells).clamp(min=1)[:, None]
    return centre


def film_copies(films: VideoRows, count: int, first: int = 1) -> Iterator[VideoRows]:
    """Yields the films again and again, with other ids and vectors that are moved a little."""
    for number in range(first, first + count):
        draw = torch.Generator().manual_seed(number)

        def moved(vectors: Tensor, draw: torch.Generator = draw) -> Tensor:
            if not vectors.is_floating_point():
                return vectors
            return normalize(vectors + NOISE * torch.randn(vectors.shape, generator=draw), dim=-1)

        ids = [f"{video_id} copy {number}" for video_id in films.ids]
        yield replace(films, ids=ids, vectors=films.vectors.map(moved))


def milliseconds(
    collection: VideoCollection, queries: Tensor, *, candidates: int | None = None
) -> float:
    """Returns the median time in ms in which a query of [Q, H] finds its first ten videos."""
    ranks = [partial(collection.rank, query[None], 10, candidates=candidates) for query in queries]
    return median(1000 * timeit(rank, number=1) for rank in ranks)
