"""k-medoids as the released code does it, with a [B, K, N, N] tensor in every round."""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDS = 60


def distances(points: Tensor, *, exact: bool = False) -> Tensor:
    """Euclidean distances [B, N, N] of [B, N, D] points.

    From a matrix product in the points' own precision, as released, where rounding leaves them
    neither exact nor symmetric; ``exact`` takes differences in float64 instead.
    """
    if exact:
        wide = points.double()
        return torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    square = (points * points).sum(-1)
    squared = square[:, :, None] + square[:, None, :] - 2 * points @ points.transpose(1, 2)
    return squared.clamp(min=0).sqrt()


def kkz_start(points: Tensor, distance: Tensor, k: int) -> Tensor:
    """First medoids [B, k]: the largest norm, then always the farthest from those before."""
    row = torch.arange(len(points), device=points.device)
    medoids = [points.to(distance.dtype).norm(dim=-1).argmax(dim=-1)]
    for _ in range(k - 1):
        nearest = distance[row[:, None], torch.stack(medoids, dim=1)].min(dim=1).values  # [B, N]
        medoids.append(nearest.argmax(dim=-1))
    return torch.stack(medoids, dim=1)


def assign(distance: Tensor, medoid: Tensor) -> Tensor:
    """The nearest medoid of every point [B, N]; a medoid belongs to its own cluster."""
    row = torch.arange(len(distance), device=distance.device)[:, None]
    assignment = distance[row, medoid].argmin(dim=1)
    assignment[row, medoid] = torch.arange(medoid.shape[1], device=distance.device)
    return assignment


def move(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """New medoids [B, k]: the member with the least summed distance to its cluster."""
    cluster = torch.arange(k, device=distance.device)[None, :, None]
    member = assignment[:, None, :] == cluster  # [B, K, N]
    both = member[:, :, :, None] & member[:, :, None, :]  # [B, K, N, N]
    summed = (distance[:, None] * both).sum(dim=-1)  # [B, K, N]
    return summed.masked_fill(~member, torch.inf).argmin(dim=-1)


def kmedoids(
    points: Tensor, k: int, *, rounds: int = ROUNDS, tolerance: float = 1e-6, exact: bool = False
) -> tuple[Tensor, Tensor]:
    """Medoid rows [B, k], sorted, and the cluster of each point [B, N], of [B, N, D] points."""
    distance = distances(points, exact=exact)
    medoid = kkz_start(points, distance, k)
    row = torch.arange(len(points), device=points.device)[:, None]
    for _ in range(rounds):
        assignment = assign(distance, medoid)
        moved = move(distance, assignment, k)
        shift = (points[row, moved] - points[row, medoid]).norm(dim=-1).sum(dim=-1)  # [B]
        medoid = moved
        if float(shift.max()) < tolerance:
            break
    medoid = medoid.sort(dim=-1).values
    return medoid, assign(distance, medoid)
