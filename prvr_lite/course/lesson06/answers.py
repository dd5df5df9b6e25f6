"""Lesson 6's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def key_clips(queries: Tensor, clips: Tensor) -> Tensor:
    """Which clip of each film is most like each query: [Q, H], [V, K, H] -> rows [Q, V] int64."""
    q, c = F.normalize(queries, dim=-1), F.normalize(clips, dim=-1)
    return torch.einsum("qh,vkh->qvk", q, c).argmax(-1)


def guided_weights(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """softmax over frames of (W1 f) . c: [V, K, H], [V, T, H], [V, T] bool, [H, H] -> [V, K, T]."""
    score = clips @ (frames @ key_map.T).mT  # [V, K, T]
    return score.masked_fill(~frame_mask[:, None], -torch.inf).softmax(-1)


def attended_frames(weight: Tensor, frames: Tensor, value_map: Tensor) -> Tensor:
    """r = sum over frames of a W2 f: [V, K, T], [V, T, H], [H, H] -> [V, K, H]."""
    return (weight @ frames) @ value_map.T


def frame_scores(queries: Tensor, attended: Tensor, key: Tensor) -> Tensor:
    """cos(q, r of the key clip): [Q, H], [V, K, H], [Q, V] int64 -> S_f [Q, V]."""
    q, r = F.normalize(queries, dim=-1), F.normalize(attended, dim=-1)
    every = torch.einsum("qh,vkh->qvk", q, r)
    return every.gather(2, key[..., None]).squeeze(2)


def search_inputs(g: Generator) -> Inputs:
    videos, clips, width, queries = sizes(g, 4, 3, 8)
    length = torch.linspace(0.2, 5, clips)[torch.randperm(clips, generator=g)]
    vectors = normal(g, videos, clips, width) * length[:, None]
    return {"queries": 2 * normal(g, queries, width), "clips": vectors}


def film_inputs(g: Generator) -> Inputs:
    videos, clips, frames, width = sizes(g, 4, 2, 7)
    real = mask(g, videos, frames)
    return {
        "clips": normal(g, videos, clips, width),
        "frames": fill_padding(normal(g, videos, frames, width), real, g),
        "frame_mask": real,
        "key_map": normal(g, width, width) / 2,
    }


def weighed_inputs(g: Generator) -> Inputs:
    videos, clips, frames, width = sizes(g, 4, 2, 7)
    return {
        "weight": (2 * normal(g, videos, clips, frames)).softmax(-1),
        "frames": normal(g, videos, frames, width),
        "value_map": normal(g, width, width) / 2,
    }


def asked_inputs(g: Generator) -> Inputs:
    videos, clips, width, queries = sizes(g, 4, 3, 8)
    return {
        "queries": 2 * normal(g, queries, width),
        "attended": 3 * normal(g, videos, clips, width),
        "key": torch.randint(clips, (queries, videos), generator=g),
    }


def products(queries: Tensor, clips: Tensor) -> Tensor:
    """Raw inner products [Q, V, K]."""
    return torch.einsum("qh,vkh->qvk", queries, clips)


def masked_softmax(score: Tensor, frame_mask: Tensor, axis: int = -1) -> Tensor:
    return score.masked_fill(~frame_mask[:, None], torch.finfo(score.dtype).min).softmax(axis)


def raw_scores(clips: Tensor, frames: Tensor, key_map: Tensor) -> Tensor:
    return clips @ (frames @ key_map.T).mT  # [V, K, T]


def shares(score: Tensor) -> Tensor:
    return score / score.sum(-1, keepdim=True)


def cosines(queries: Tensor, vectors: Tensor) -> Tensor:
    return products(F.normalize(queries, dim=-1), F.normalize(vectors, dim=-1))  # [Q, V, K]


def pick(table: Tensor, key: Tensor) -> Tensor:
    return table.gather(2, key[..., None]).squeeze(-1)  # [Q, V]
