"""Finds where two clusterings of the same points begin to differ, and whether that is at a tie.

Equal distances (ties) are common here: the clip of units s..s+2L is the exact midpoint of the clips
of its two halves, so it is equally far from both, and in a cluster of two either point may be the
medoid. The last bit of a distance decides such a tie. So two clusterings agree "up to ties" if
every video on which they differ began to differ in a round that had a tie.

A tie is a gap that is smaller than the rounding of the released float32 distances of the same
points; a point's distance to itself, a square root of pure rounding, is changed most.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks import released_clustering as released

Rounds = Callable[[int], Tensor]  # sorted medoids [K] of one video after at most so many rounds


def parts_at_tie(points: Tensor, one: Rounds, other: Rounds) -> bool:
    """Whether two clusterings of one video's points [N, D] that end apart first part at a tie."""
    distance = released.distances(points[None], exact=True)[0]  # [N, N]
    bound, to_itself = rounding(points, distance)
    before = None
    for rounds in range(released.ROUNDS + 1):
        medoid = one(rounds)
        if not torch.equal(medoid, other(rounds)):
            if before is None:
                norm = points.double().norm(dim=-1)  # [N]
                return start_has_tie(distance, norm, len(medoid), bound)
            return round_has_tie(distance, before, bound, to_itself)
        before = medoid
    raise ValueError("these clusterings are the same: compare only videos on which they differ")


def rounding(points: Tensor, distance: Tensor) -> tuple[float, float]:
    """How far rounding can move apart two equal released distances: to others, to oneself."""
    error = (released.distances(points[None])[0] - distance).abs()  # [N, N]
    to_itself = 2 * float(error.diagonal().max())
    return 2 * float(error.fill_diagonal_(0).max()), to_itself


def start_has_tie(distance: Tensor, norm: Tensor, k: int, bound: float) -> bool:
    """Whether a choice of the KKZ start is a tie: distances [N, N], norms of the points [N]."""
    if tied(norm, bound):
        return True
    nearest = distance[int(norm.argmax())]
    for _ in range(k - 1):
        if tied(nearest, bound):
            return True
        nearest = torch.minimum(nearest, distance[int(nearest.argmax())])
    return False


def round_has_tie(distance: Tensor, medoid: Tensor, bound: float, to_itself: float) -> bool:
    """Whether a round that starts at these medoids [K] has a tie: a point's, or a cluster's."""
    two = distance[medoid].topk(2, dim=0, largest=False).values  # [2, N]
    if bool((two[1] - two[0] <= bound).any()):
        return True
    assignment = released.assign(distance[None], medoid[None])[0]
    for cluster in range(len(medoid)):
        member = (assignment == cluster).nonzero().flatten()
        if tied(-distance[member][:, member].sum(dim=1), to_itself + bound * len(member)):
            return True
    return False


def tied(value: Tensor, bound: float) -> bool:
    """Whether the two largest of value [N] are within ``bound``."""
    if len(value) < 2:
        return False
    two = value.topk(2).values
    return bool(two[0] - two[1] <= bound)
