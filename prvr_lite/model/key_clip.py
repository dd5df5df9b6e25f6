"""Similarity at both scales: the key clip, and the frames as the key clip sees them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.model.records import Similarity

GATHERED = 8  # to read a vector here and there takes so many times as long as one in a row


def key_clip_guided_attention(
    clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor, value_map: Tensor
) -> Tensor:
    """Attend the frames of each video once for every clip that may become its key clip.

    a_t = softmax_t((W1 f_t) . c) over real frames, unscaled; r = sum_t a_t W2 f_t. Which clip is
    key depends on the query, but r depends on the clip alone: so r is computed here for all K
    clips of a video, ahead of any query, and choosing the key clip becomes a gather. Both maps
    are applied on the side with fewer vectors: (W1 f) . c = f . (W1^T c), and W2 after the sum.

    Args:
        clips: [V, K, H].
        frames: [V, T, H].
        frame_mask: [V, T] bool, True on real frames.
        key_map, value_map: W1 and W2, [H, H], as in ``nn.Linear.weight``.

    Returns:
        attended frames r, [V, K, H].

    Source: arXiv 2208.12510 section 3 (key clip guided attention); model.py:236-274.
    """
    weight = frame_attention(clips, frames, frame_mask, key_map)  # [V, K, T]
    return F.linear(weight @ frames, value_map)  # [V, K, H]


def frame_attention(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """The weights of :func:`key_clip_guided_attention`, [V, K, T]: each row sums to 1."""
    score = attention_scores(clips, frames, key_map)  # [V, K, T]
    return score.masked_fill(~frame_mask[:, None, :], torch.finfo(score.dtype).min).softmax(-1)


def attention_scores(clips: Tensor, frames: Tensor, key_map: Tensor) -> Tensor:
    """(W1 f_t) . c, what :func:`frame_attention` takes the softmax of, [V, K, T]."""
    return (clips @ key_map) @ frames.mT


def clip_similarity(
    queries: Tensor, clips: Tensor, clip_mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Best clip of every video for every query, by inner product.

    Args:
        queries: [Q, H]; clips: [V, K, H]; normalise both for the cosine S_c.
        clip_mask: [V, K] bool, True on real clips.

    Returns:
        score [Q, V], and which of the K clips gave it [Q, V] (the key clip; ties: the lowest).
    """
    table = inner_products(queries, clips)  # [Q, V, K]
    if clip_mask is not None:
        table = table.masked_fill(~clip_mask, -torch.inf)
    best = table.max(dim=-1)
    return best.values, best.indices


def dual_similarity(
    queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None = None
) -> Similarity:
    """S_c and S_f of unit vectors: two tables of inner products, a maximum and a gather.

    Few queries need no second table: only the attended frames of their key clips are read.

    Args:
        queries: [Q, H]; clips, attended: [V, K, H], all of length 1.
    """
    clip, key = clip_similarity(queries, clips, clip_mask)
    if attended is None:
        return Similarity(clip, None, key)
    if len(queries) <= attended.shape[1] // GATHERED:
        picked = attended[torch.arange(len(attended), device=key.device), key]  # [Q, V, H]
        return Similarity(clip, (picked @ queries[..., None]).squeeze(2), key)
    table = inner_products(queries, attended)  # [Q, V, K]
    return Similarity(clip, table.gather(2, key[..., None]).squeeze(2), key)


def inner_products(queries: Tensor, vectors: Tensor) -> Tensor:
    """queries [Q, H] with K vectors of each video [V, K, H], as one matrix product -> [Q, V, K]."""
    v, k, h = vectors.shape
    return (queries @ vectors.reshape(v * k, h).T).view(-1, v, k)


def unit_length(x: Tensor) -> Tensor:
    """x / |x| along the last dimension (1e-12 guards a zero vector, as in ``F.normalize``)."""
    return F.normalize(x, dim=-1)
