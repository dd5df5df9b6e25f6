"""Lesson 5's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def kkz_start(distance: Tensor, norm: Tensor, k: int) -> Tensor:
    """The longest point, then again and again the one farthest from its nearest medoid: [k].

    distance [N, N], norm [N]. Equal ones: the lowest row; no row is taken twice.
    """
    chosen = [int(norm.argmax())]
    nearest = distance[chosen[0]].clone()  # [N]: to the nearest medoid so far
    while len(chosen) < k:
        nearest[chosen] = -1  # below every distance: never again
        chosen.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, distance[chosen[-1]])
    return torch.tensor(chosen)


def assign_points(distance: Tensor, medoids: Tensor) -> Tensor:
    """Which of the k medoids is nearest to each point: distance [N, N], medoids [k] -> [N], 0..k-1.

    Equal ones: the lowest number; but a medoid always belongs to itself.
    """
    cluster = distance[:, medoids].argmin(1)  # [N, k] -> [N]
    cluster[medoids] = torch.arange(len(medoids))
    return cluster


def move_medoids(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """The member of each cluster with the least summed distance to its members: rows [k].

    distance [N, N], assignment [N]. Equal ones: the lowest row.
    """
    member = F.one_hot(assignment, k).to(distance)  # O, [N, k]
    cost = distance @ member  # [N, k]
    return cost.masked_fill(member == 0, torch.inf).argmin(0)


def k_medoids(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """k-medoids of points [N, D]: medoids [k] ascending, and the cluster of each point [N]."""
    distance = distances(points)
    medoids = kkz_start(distance, points.norm(dim=1), k)
    for _ in range(60):
        before = medoids
        medoids = move_medoids(distance, assign_points(distance, medoids), k)
        if torch.equal(medoids, before):
            break
    medoids = medoids.sort().values
    return medoids, assign_points(distance, medoids)


def code_of_length(length: Tensor, dim: int) -> Tensor:
    """Sines and cosines of length - 1, in turn, ever slower: length [N] -> [N, dim]."""
    rate = 10_000.0 ** (-torch.arange(0, dim, 2) / dim)  # [dim/2]
    angle = (length - 1)[:, None] * rate  # [N, dim/2]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def distances(points: Tensor) -> Tensor:
    """Distances [N, N] by subtraction: exact, symmetric, zero to oneself."""
    return (points[:, None] - points).square().sum(-1).sqrt()


def wrong_start(distance: Tensor, norm: Tensor, k: int, far: str, once: bool = True) -> Tensor:
    """kkz_start with something wrong in it; unless ``once``, a row may be taken again."""
    chosen = [int(norm.argmax())]
    while len(chosen) < k:
        near = distance[chosen]  # [chosen, N]
        seen = {"last": near[-1], "sum": near.sum(0), "close": -near.amin(0)}.get(far, near.amin(0))
        if once and far != "twice":
            seen = seen.clone()
            seen[chosen] = -torch.inf
        chosen.append(int(seen.argmax()))
    return torch.tensor(chosen)


def membership(assignment: Tensor, k: int) -> Tensor:
    return F.one_hot(assignment, k).float()


def least_member(cost: Tensor, member: Tensor) -> Tensor:
    return cost.masked_fill(member == 0, torch.inf).argmin(0)


def outside_wins(distance: Tensor, assignment: Tensor, k: int, cost: float) -> Tensor:
    member = membership(assignment, k)
    return (distance @ member).masked_fill(member == 0, cost).argmin(0)


def integer_members(distance: Tensor, assignment: Tensor, k: int, turned: bool = False) -> Tensor:
    """move_medoids without .float() behind one_hot, on either side: torch refuses."""
    member = F.one_hot(assignment, k)  # [N, k] int64
    cost = (member.T @ distance).T if turned else distance @ member
    return cost.masked_fill(member == 0, torch.inf).argmin(0)


def own_lost(distance: Tensor, medoids: Tensor) -> Tensor:
    return distance[:, medoids].argmin(1)


def row_in_cluster(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    member = membership(assignment, k)
    best = least_member(distance @ member, member)
    return torch.tensor([int((assignment[:b] == c).sum()) for c, b in enumerate(best)])


def wrong_loop(points: Tensor, k: int, wrong: str) -> tuple[Tensor, Tensor]:
    """k_medoids with something wrong in it."""
    distance, norm = distances(points), points.norm(dim=1)
    nearness = -(points @ points.T)
    medoids = kkz_start(distance, -norm if wrong == "small" else norm, k)
    assign = own_lost if wrong == "lost" else assign_points
    for _ in range(1 if wrong == "once" else 60):
        before = medoids
        cluster = assign(nearness if wrong == "similar" else distance, medoids)
        member = membership(cluster, k)
        whole = wrong == "whole"
        table = distance.square() if wrong == "mean" else distance
        cost = table.sum(1, keepdim=True).expand(-1, k) if whole else table @ member
        medoids = least_member(cost, member)
        if torch.equal(medoids, before):
            break
    stale = assign(distance, medoids)
    ordered = medoids if wrong == "unsorted" else medoids.sort().values
    if wrong == "stale":
        return ordered, stale
    return ordered, assign(nearness if wrong == "similar" else distance, ordered)


def wrong_code(length: Tensor, dim: int, shift: int = 1, step: float = 1.0, up: int = -1) -> Tensor:
    rate = 10_000.0 ** (up * step * torch.arange(0, dim, 2) / dim)
    angle = (length - shift)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1)


def rate_for_each(length: Tensor, dim: int, in_turn: bool = False) -> Tensor:
    """``dim`` rates instead of half as many: [N, 2 dim], or by turns sine or cosine, [N, dim]."""
    column = torch.arange(dim)
    angle = (length - 1)[:, None] * 10_000.0 ** (-column / dim)  # [N, dim]
    if in_turn:
        return torch.where(column % 2 == 0, angle.sin(), angle.cos())
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


def _points(g: Generator) -> tuple[Tensor, int]:
    """N points and k; on every fourth seed with fewer different points than medoids."""
    k, d = sizes(g, 2, 3, 6)
    if g.initial_seed() % 4 == 0:
        few = torch.randperm(40, generator=g)[: (k - 1) * d].reshape(k - 1, d).float() - 20
        again = few[torch.randint(k - 1, (k + 3,), generator=g)]
        mixed = torch.cat([few, again])
        return mixed[torch.randperm(len(mixed), generator=g)], k
    n = 17 + int(torch.randint(4, (1,), generator=g))
    return normal(g, n, d) ** 3 + 0.7, k  # stragglers pull at means, and not at medoids


def start_inputs(g: Generator) -> Inputs:
    points, k = _points(g)
    distance, norm = distances(points), points.norm(dim=1)
    wrong = wrong_start(distance, norm, k, "sum")
    if g.initial_seed() % 4 and torch.equal(wrong, kkz_start(distance, norm, k)):
        return start_inputs(g)  # these points can't tell the two apart
    return {"distance": distance, "norm": norm, "k": k}


def assign_inputs(g: Generator) -> Inputs:
    n, d, k = sizes(g, 3, 3, 6)
    points = normal(g, n + 7, d)
    points[1], points[n + 5] = points[3], points[3]  # three that are the same
    few = torch.randperm(n + 5, generator=g)
    others = few[(few != 1) & (few != 3)][: k - 1]
    medoids = torch.cat([torch.tensor([3, 1]), others])
    return {"distance": distances(points), "medoids": medoids[torch.randperm(k + 1, generator=g)]}


def move_inputs(g: Generator) -> Inputs:
    k, d = sizes(g, 2, 3, 5)
    n = 14 + int(torch.randint(5, (1,), generator=g))
    mixed = torch.cat([torch.arange(k), torch.randint(k, (n - k,), generator=g)])
    assignment = mixed[torch.randperm(n, generator=g)]
    distance, member = distances(normal(g, n, d) ** 3), membership(assignment, k)
    right = move_medoids(distance, assignment, k)
    wrong = ((distance @ member).argmin(0), least_member(distance.square() @ member, member))
    if any(torch.equal(one, right) for one in wrong):
        return move_inputs(g)  # these points can't tell them apart
    return {"distance": distance, "assignment": assignment, "k": k}


def set_inputs(g: Generator) -> Inputs:
    points, k = _points(g)
    while g.initial_seed() % 4 and not _telling(points, k):
        points, k = _points(g)
    return {"points": points, "k": k}


def _telling(points: Tensor, k: int) -> bool:
    """Do the wrong loops find other medoids than the right one, and than each other?"""
    wrong = ("", "mean", "whole", "similar", "small", "once")
    results = {tuple(wrong_loop(points, k, name)[0].tolist()) for name in wrong}
    return len(results) == len(wrong)


def code_inputs(g: Generator) -> Inputs:
    count, half = sizes(g, 2, 3, 8)
    return {"length": torch.randint(1, 33, (count,), generator=g), "dim": 2 * half}
