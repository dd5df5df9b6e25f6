"""Inputs for the benchmarks: unit features as in real video, and random ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.released import length_code, multi_scale_clips


def unit_features(kind: str, videos: int, units: int, dim: int, seed: int) -> Tensor:
    """Encoded units [V, n, H], as after a LayerNorm with trained weights (norms near sqrt(H)).

    "smooth": like real video, where neighbours are alike (cosine 0.95) and scenes change now and
    then; "random": every unit is drawn independently.
    """
    generator = torch.Generator().manual_seed(seed)
    fresh = F.normalize(torch.randn(videos, units, dim, generator=generator), dim=-1)
    walk = [fresh[:, 0]]
    change = torch.rand(videos, units, 1, generator=generator) < 0.1  # [V, n, 1]
    for i in range(1, units):
        step = F.normalize(0.95 * walk[-1] + 0.31 * fresh[:, i], dim=-1)
        walk.append(torch.where(change[:, i], fresh[:, i], step))
    choice = {"smooth": torch.stack(walk, dim=1), "random": fresh}
    weight = 1 + 0.2 * torch.randn(dim, generator=generator)
    return F.layer_norm(choice[kind], (dim,), weight)


def clip_points(units: Tensor) -> Tensor:
    """Makes points to cluster, clips with length codes [V, N, H + 256], of units [V, n, H]."""
    clips = multi_scale_clips(units)
    code = length_code(units.shape[1]).to(clips).expand(len(clips), -1, -1)
    return torch.cat([clips, code], dim=-1)
