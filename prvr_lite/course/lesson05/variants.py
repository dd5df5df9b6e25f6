"""Lesson 5's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson05.answers import assign_points, membership, move_medoids


def central_start(distance: Tensor, norm: Tensor, k: int) -> Tensor:
    """Rows of k starting medoids, in the order of choice: distance [N, N], norm [N] -> [k].

    First the most central point, then always the point farthest from its nearest medoid. Equal
    ones: the lowest row. No row is taken twice.
    """
    chosen = [int(distance.amax(1).argmin())]
    while len(chosen) < k:
        nearest = distance[chosen].amin(0)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def farthest_pair_start(distance: Tensor, norm: Tensor, k: int) -> Tensor:
    """Rows of k starting medoids, in the order of choice: distance [N, N], norm [N] -> [k].

    First the two points that are farthest from each other, then always the point farthest from its
    nearest medoid. Equal ones: the lowest row. No row is taken twice.
    """
    n = len(distance)
    apart = distance - torch.eye(n)  # no point is its own partner
    chosen = [*divmod(int(apart.argmax()), n)][:k]
    while len(chosen) < k:
        nearest = distance[chosen].amin(0).index_fill(0, torch.tensor(chosen), -1)
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def second_nearest(distance: Tensor, medoids: Tensor) -> Tensor:
    """Number of the second nearest medoid, 0..k-1: distance [N, N], medoids [k] -> [N].

    Equal ones: the lowest number. A medoid is always nearest to itself; of a single medoid: 0.
    """
    near = distance[:, medoids].clone()  # [N, k]
    first = assign_points(distance, medoids)
    near[torch.arange(len(near)), first] = torch.inf
    return near.argmin(1)


def nearest_row(distance: Tensor, medoids: Tensor) -> Tensor:
    """Row of the point that is the nearest medoid, 0..N-1: distance [N, N], medoids [k] -> [N].

    Equal ones: the lowest row of a medoid. A medoid always belongs to itself.
    """
    rows = medoids.sort().values
    nearest = rows[distance[:, rows].argmin(1)]
    nearest[rows] = rows
    return nearest


def least_farthest(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Row of the most central member of each cluster: distance [N, N], assignment [N] -> [k].

    Most central: its farthest fellow member is the least far. Equal ones: the lowest row.
    """
    rows = []
    for c in range(k):
        members = (assignment == c).nonzero()[:, 0]
        cost = distance[members][:, members].amax(1)
        rows.append(members[cost.argmin()])
    return torch.stack(rows)


def least_squares(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Row of the most central member of each cluster: distance [N, N], assignment [N] -> [k].

    Most central: the least sum of squared distances to the members. Equal ones: the lowest row.
    """
    member = membership(assignment, k)
    cost = distance.square() @ member
    return cost.masked_fill(member == 0, torch.inf).argmin(0)


def city_block_medoids(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Cluster points [N, D] around k of them, by city block distance, from the KKZ start.

    Returns the medoids' rows [k], ascending, and the cluster of each point [N], 0..k-1.
    """
    distance = (points[:, None] - points).abs().sum(-1)
    chosen = [int(points.abs().sum(1).argmax())]
    while len(chosen) < k:
        left = distance[chosen].amin(0)
        left[chosen] = -torch.inf
        chosen.append(int(left.argmax()))
    medoids = torch.tensor(chosen)
    for _ in range(len(points) * k):
        moved = move_medoids(distance, assign_points(distance, medoids), k)
        if torch.equal(moved, medoids):
            break
        medoids = moved
    medoids = medoids.sort().values
    return medoids, assign_points(distance, medoids)


def halves_code(length: Tensor, dim: int) -> Tensor:
    """All sines of length - 1, then all cosines, ever slower: length [N], dim even -> [N, dim]."""
    rate = 10_000.0 ** (-torch.arange(0, dim, 2) / dim)
    angle = torch.outer((length - 1).float(), rate)
    return torch.cat([angle.sin(), angle.cos()], 1)


def code_of_doublings(length: Tensor, dim: int) -> Tensor:
    """Sines and cosines of log2(length), in turn: length [N], from 1, dim even -> [N, dim]."""
    column = torch.arange(dim)
    angle = length.float().log2()[:, None] * 10_000.0 ** (-(column - column % 2) / dim)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())


VARIANTS = (
    Variant("kkz_start", central_start),
    Variant("kkz_start", farthest_pair_start),
    Variant("assign_points", second_nearest),
    Variant("assign_points", nearest_row),
    Variant("move_medoids", least_farthest),
    Variant("move_medoids", least_squares),
    Variant("k_medoids", city_block_medoids),
    Variant("code_of_length", halves_code),
    Variant("code_of_length", code_of_doublings),
)
