"""MS-SL++ written plainly, the way its authors' released code computes it: slow on purpose.

It has two uses. It is the oracle that the recorded numbers in ``tests/golden`` confirm
(``test_released.py``), and it is the side that ``prvr_lite`` is measured against. It was
written from a description of what HuiGuanLab/ms-sl-pp computes (arXiv 2208.12510), not from its
source text. What costs time there costs time here: one pooling per window length, a [B, K, N, N]
tensor in every clustering round, frames projected again for every batch of queries, and Python
loops over videos in the losses (``released_losses.py``).

Symbols: V videos, Q queries, T frames, L words, n units, N = n (n + 1) / 2 clips, K medoids,
H hidden.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.released_clustering import kmedoids


@dataclass(frozen=True)
class ReleasedConfig:
    """The released model's options. ``num_clusters=None`` keeps all N clips."""

    visual_dim: int
    query_dim: int
    hidden_dim: int = 384
    num_heads: int = 4
    max_frames: int = 128
    max_words: int = 30
    num_clusters: int | None = 32
    length_aware: bool = True
    dropout: float = 0.1
    input_dropout: float = 0.1
    exact_distances: bool = False  # float64 differences: what the golden medoids were recorded with


class InputProjection(nn.Module):
    """LayerNorm, dropout, Linear, ReLU."""

    def __init__(self, input_dim: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.LayerNorm = nn.LayerNorm(input_dim)
        self.net = nn.Sequential(nn.Dropout(dropout), nn.Linear(input_dim, hidden_dim))

    def forward(self, feature: Tensor) -> Tensor:
        out: Tensor = F.relu(self.net(self.LayerNorm(feature)))
        return out


class PositionEmbedding(nn.Module):
    """Adds a learned vector per position, then LayerNorm and dropout."""

    def __init__(self, length: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.position_embeddings = nn.Embedding(length, hidden_dim)
        self.LayerNorm = nn.LayerNorm(hidden_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, feature: Tensor) -> Tensor:
        position = torch.arange(feature.shape[1], device=feature.device)
        out: Tensor = self.dropout(self.LayerNorm(feature + self.position_embeddings(position)))
        return out


class Attention(nn.Module):
    """Multi-head self-attention; masked keys get -10000 before the softmax."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(hidden_dim, hidden_dim)
        self.key = nn.Linear(hidden_dim, hidden_dim)
        self.value = nn.Linear(hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)

    def split(self, feature: Tensor) -> Tensor:
        b, t, h = feature.shape
        return feature.view(b, t, self.num_heads, h // self.num_heads).transpose(1, 2)

    def forward(self, feature: Tensor, mask: Tensor | None) -> Tensor:
        query, key = self.split(self.query(feature)), self.split(self.key(feature))
        logit = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])  # [B, heads, T, T]
        if mask is not None:
            logit = logit + (1 - mask[:, None, None, :].to(logit.dtype)) * -10000.0
        mixed: Tensor = self.dropout(logit.softmax(-1)) @ self.split(self.value(feature))
        return mixed.transpose(1, 2).reshape(feature.shape)


class AttentionOutput(nn.Module):
    """Linear, dropout, then LayerNorm of the sum with what went in."""

    def __init__(self, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_dim, hidden_dim)
        self.LayerNorm = nn.LayerNorm(hidden_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, mixed: Tensor, feature: Tensor) -> Tensor:
        out: Tensor = self.LayerNorm(self.dropout(self.dense(mixed)) + feature)
        return out


class AttentionBlock(nn.Module):
    """Self-attention and its output: a Transformer block without the feed-forward part."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.add_module("self", Attention(hidden_dim, num_heads, dropout))
        self.output = AttentionOutput(hidden_dim, dropout)

    def forward(self, feature: Tensor, mask: Tensor | None) -> Tensor:
        out: Tensor = self.output(self.get_submodule("self")(feature, mask), feature)
        return out


class Released(nn.Module):
    """The released network. Its parameters have the names of the authors' checkpoint."""

    def __init__(self, config: ReleasedConfig) -> None:
        super().__init__()
        c, h = config, config.hidden_dim
        self.config = config
        for branch, dim, length in (
            ("query", c.query_dim, c.max_words),
            ("clip", c.visual_dim, c.max_frames),
            ("frame", c.visual_dim, c.max_frames),
        ):
            self.add_module(f"{branch}_input_proj", InputProjection(dim, h, c.input_dropout))
            self.add_module(f"{branch}_pos_embed", PositionEmbedding(length, h, c.input_dropout))
            self.add_module(f"{branch}_encoder", AttentionBlock(h, c.num_heads, c.dropout))
        self.modular_vector_mapping = nn.Linear(h, 1, bias=False)
        self.mapping_linear = nn.ModuleList(nn.Linear(h, h, bias=False) for _ in range(2))
        self.point_dropout = nn.Dropout(c.dropout)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def encode(self, branch: str, feature: Tensor, mask: Tensor | None) -> Tensor:
        """[B, T, D] raw features to [B, T, H] through the "query", "clip" or "frame" encoder."""
        hidden = self.get_submodule(f"{branch}_input_proj")(feature)
        hidden = self.get_submodule(f"{branch}_pos_embed")(hidden)
        out: Tensor = self.get_submodule(f"{branch}_encoder")(hidden, mask)
        return out

    def encode_queries(self, words: Tensor, mask: Tensor) -> Tensor:
        """[Q, L, D] words to [Q, H] queries: attention pooling over the unmasked words."""
        hidden = self.encode("query", words, mask)
        logit = self.modular_vector_mapping(hidden)[..., 0]  # [Q, L]
        weight = (logit + (1 - mask.to(logit.dtype)) * -1e10).softmax(-1)
        return torch.einsum("ql,qlh->qh", weight, hidden)

    def encode_clips(self, units: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """[V, n, D] units to all clips [V, N, H], kept clips [V, K, H], medoids, assignment."""
        clips = multi_scale_clips(self.encode("clip", units, None))
        if self.config.num_clusters is None:
            return clips, clips, None, None
        points = clips.detach()
        if self.config.length_aware:
            code = length_code(units.shape[1]).to(points)
            code = code.expand(len(points), -1, -1)
            points = torch.cat([points, code], dim=-1)  # [V, N, H + 256]
        points = self.point_dropout(points)
        k, exact = self.config.num_clusters, self.config.exact_distances
        medoid, assignment = kmedoids(points, k, exact=exact)
        row = torch.arange(len(clips), device=clips.device)[:, None]
        return clips, clips[row, medoid], medoid, assignment

    def attend_own_frames(
        self, query_video: Tensor, key_clip: Tensor, clips: Tensor, frames: Tensor, mask: Tensor
    ) -> Tensor:
        """KCGA while training: r_j [Q, H], query j's own video under query j's key clip [Q]."""
        of_query = frames[query_video]  # [Q, T, H], a copy of its video's frames per query
        guide = clips[query_video, key_clip]  # [Q, H]
        logit = torch.einsum("qth,qh->qt", self.mapping_linear[0](of_query), guide)
        weight = (logit + (1 - mask[query_video].to(logit.dtype)) * -1e10).softmax(-1)
        return torch.einsum("qt,qth->qh", weight, self.mapping_linear[1](of_query))

    def attend_all_frames(
        self, key_clip: Tensor, clips: Tensor, frames: Tensor, mask: Tensor
    ) -> Tensor:
        """KCGA at inference: r [Q, V, H] of a batch of queries, all V videos, key_clip [Q, V]."""
        video = torch.arange(len(clips), device=clips.device)[None, :]
        guide = clips[video, key_clip]  # [Q, V, H]
        logit = torch.einsum("qvh,vth->qvt", guide, self.mapping_linear[0](frames))
        weight = (logit + (1 - mask[None].to(logit.dtype)) * -1e10).softmax(-1)
        return torch.einsum("qvt,vth->qvh", weight, self.mapping_linear[1](frames))

    def scores(
        self, queries: Tensor, clips: Tensor, frames: Tensor, mask: Tensor, batch: int = 50
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Clip score, frame score and key clip, each [Q, V], batch of queries after batch."""
        clip_score, frame_score, key_clips = [], [], []
        for start in range(0, len(queries), batch):
            query = F.normalize(queries[start : start + batch], dim=-1)
            score, key_clip = clip_scores(query, F.normalize(clips, dim=-1))
            attended = F.normalize(self.attend_all_frames(key_clip, clips, frames, mask), dim=-1)
            clip_score.append(score)
            frame_score.append(torch.einsum("qh,qvh->qv", query, attended))
            key_clips.append(key_clip)
        return torch.cat(clip_score), torch.cat(frame_score), torch.cat(key_clips)


def clip_scores(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Largest dot product of queries [Q, H] with clips [V, K, H], and its clip: both [Q, V]."""
    score, key_clip = torch.einsum("qh,vkh->qvk", queries, clips).max(dim=-1)
    return score, key_clip


def multi_scale_clips(units: Tensor) -> Tensor:
    """[V, n, H] to [V, N, H]: windows of length 1, then 2, ... n, one pooling per length."""
    channel_first = units.transpose(1, 2)
    n = units.shape[1]
    pooled = [F.avg_pool1d(channel_first, length, stride=1) for length in range(1, n + 1)]
    return torch.cat(pooled, dim=-1).transpose(1, 2)


def length_code(n: int, dim: int = 256) -> Tensor:
    """[N, dim] sinusoidal code of (window length - 1), sines and cosines alternating."""
    length = torch.cat([torch.full((n - index,), float(index)) for index in range(n)])
    frequency = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    angle = length[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
