"""Scores a video at two scales: by its key clip, and by its frames as the key clip attends them.

The key clip of a video is the clip that matches the query best. Its similarity is the clip score
S_c. It also guides an attention over the video's frames; the similarity of the query with the
attended frames is the frame score S_f.
"""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.model.records import Similarity

# It is said once per process; what is used of it here is held by tests.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")


def key_clip_guided_attention(
    clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor, value_map: Tensor
) -> Tensor:
    """Attends the frames of each video once for each clip that could become its key clip.

    a_t = softmax_t((W1 f_t) . c) over real frames, not scaled; r = sum_t a_t W2 f_t. Which clip is
    the key clip depends on the query, but r depends on the clip alone. So r is computed here for
    all K clips of a video, before any query is known, and is looked up once the key clip is known.
    Both maps are applied on the side with fewer vectors: (W1 f) . c = f . (W1^T c), and W2 after
    the sum.

    Args:
        clips: [V, K, H].
        frames: [V, T, H].
        frame_mask: [V, T] bool, True on real frames.
        key_map, value_map: W1 and W2, [H, H], as in ``nn.Linear.weight``.

    Returns:
        the attended frames r, [V, K, H].

    Source: arXiv 2208.12510 section 3 (key clip guided attention); model.py:236-274.
    """
    weight = frame_attention(clips, frames, frame_mask, key_map)  # [V, K, T]
    return F.linear(weight @ frames, value_map)  # [V, K, H]


def frame_attention(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """Returns the weights a of :func:`key_clip_guided_attention`, [V, K, T]; a row sums to 1."""
    score = attention_scores(clips, frames, key_map)  # [V, K, T]
    return score.masked_fill(~frame_mask[:, None, :], torch.finfo(score.dtype).min).softmax(-1)


def attention_scores(clips: Tensor, frames: Tensor, key_map: Tensor) -> Tensor:
    """Returns (W1 f_t) . c, [V, K, T]: :func:`frame_attention` is the softmax of it."""
    return (clips @ key_map) @ frames.mT


def clip_similarity(
    queries: Tensor, clips: Tensor, clip_mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Finds the best clip of every video for every query, by inner product.

    Args:
        queries: [Q, H]; clips: [V, K, H]; normalise both for the cosine S_c.
        clip_mask: [V, K] bool, True on real clips.

    Returns:
        score [Q, V], and which of the K clips gave it [Q, V] (the key clip; of equals the first).
    """
    table = inner_products(queries, clips)  # [Q, V, K]
    if clip_mask is not None:
        table = table.masked_fill(~clip_mask, -torch.inf)
    best = table.max(dim=-1)
    return best.values, best.indices


def dual_similarity(
    queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None = None
) -> Similarity:
    """Returns clip score S_c, frame score S_f and the key clips, each [Q, V], of unit vectors.

    On a CPU, only the attended frames of the key clips are read and multiplied.

    Args:
        queries: [Q, H]; clips, attended: [V, K, H], all of length 1.
    """
    clip, key = clip_similarity(queries, clips, clip_mask)
    if attended is None:
        return Similarity(clip, None, key)
    if key.device.type == "cpu" and queries.dtype == torch.float32:
        return Similarity(clip, picked_products(queries, attended, key), key)
    table = inner_products(queries, attended)  # [Q, V, K]
    return Similarity(clip, table.gather(2, key[..., None]).squeeze(2), key)


def inner_products(queries: Tensor, vectors: Tensor) -> Tensor:
    """Multiplies queries [Q, H] and vectors [V, K, H] in one matrix product -> [Q, V, K]."""
    v, k, h = vectors.shape
    return (queries @ vectors.reshape(v * k, h).T).view(-1, v, k)


def picked_products(queries: Tensor, vectors: Tensor, pick: Tensor) -> Tensor:
    """Multiplies each query [Q, H] with one vector per video, pick [Q, V] of [V, K, H] -> [Q, V].

    The products are the entries of a sparse matrix [Q, V * K], V per row.
    """
    (q, v), k = pick.shape, vectors.shape[1]
    place, start = pick + k * torch.arange(v), v * torch.arange(q + 1)
    values, shape = queries.new_zeros(q * v), (q, v * k)
    entries = torch.sparse_csr_tensor(start, place.view(-1), values, shape, check_invariants=False)
    products: Tensor = torch.sparse.sampled_addmm(entries, queries, vectors.flatten(0, 1).T)
    return products.values().view(q, v)


def unit_length(x: Tensor) -> Tensor:
    """Divides x by its length |x| along the last dimension (or by 1e-12, as ``F.normalize``)."""
    return F.normalize(x, dim=-1)
