"""MS-SL++ (arXiv 2208.12510), and MS-SL, which is the same with every clip kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from prvr_lite.config import ModelConfig
from prvr_lite.model.clips import clip_windows, multi_scale_clips
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.model.encoders import QueryEncoder, SequenceEncoder, init_weights
from prvr_lite.model.encoding import Similarity, VideoEncoding
from prvr_lite.model.key_clip import (
    clip_similarity,
    dual_similarity,
    key_clip_guided_attention,
    unit_length,
)


class Batch(NamedTuple):
    """V videos with all their Q queries, padded (made by :mod:`prvr_lite.data.batches`)."""

    unit_input: Tensor  # [V, n, Dv]
    frame_input: Tensor  # [V, T, Dv]
    frame_mask: Tensor  # [V, T] bool
    word_input: Tensor  # [Q, L, Dw]
    word_mask: Tensor  # [Q, L] bool
    query_video: Tensor  # [Q] row among the V


@dataclass(frozen=True)
class TrainingScores:
    """Scores within a batch, as the losses want them: cosines and raw inner products.

    Attributes:
        clip_cosine, clip_dot: [Q, V], the best over the clips of each video.
        frame_cosine, frame_dot: [Q, Q], query i with the own video of query j, attended with the
            key clip of query j (model.py:236-256); None in models without a frame scale.
    """

    clip_cosine: Tensor
    clip_dot: Tensor
    frame_cosine: Tensor | None
    frame_dot: Tensor | None


class RetrievalModel(nn.Module):
    """What MS-SL++ and the baselines share: the query side, and how scores are formed.

    A subclass gives :meth:`encode_videos`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.query_encoder = QueryEncoder(
            input_dim=config.query_dim, max_length=config.max_words, **self._branch()
        )

    def _branch(self) -> dict[str, int | float]:
        c = self.config
        return {
            "hidden_dim": c.hidden_dim,
            "num_heads": c.num_heads,
            "dropout": c.dropout,
            "input_dropout": c.input_dropout,
        }

    def encode_videos(self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor) -> VideoEncoding:
        """unit_input [V, n, Dv], frame_input [V, T, Dv], frame_mask [V, T] bool -> encodings."""
        raise NotImplementedError

    def encode_queries(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """word_input [Q, L, Dw], word_mask [Q, L] bool -> [Q, H]."""
        return self.query_encoder(word_input, word_mask)  # type: ignore[no-any-return]

    def similarity(self, queries: Tensor, videos: VideoEncoding) -> Similarity:
        """queries [Q, H] against V encoded videos -> S_c, S_f and key clips, each [Q, V]."""
        attended = None if videos.attended is None else unit_length(videos.attended)
        return dual_similarity(
            unit_length(queries), unit_length(videos.clips), attended, videos.clip_mask
        )

    def forward(self, batch: Batch) -> TrainingScores:
        """Scores of a training batch."""
        videos = self.encode_videos(batch.unit_input, batch.frame_input, batch.frame_mask)
        queries = self.encode_queries(batch.word_input, batch.word_mask)  # [Q, H]
        direction = unit_length(queries)
        cosine, key = clip_similarity(direction, unit_length(videos.clips), videos.clip_mask)
        dot, _ = clip_similarity(queries, videos.clips, videos.clip_mask)
        if videos.attended is None:
            return TrainingScores(cosine, dot, None, None)
        own_key = key.gather(1, batch.query_video[:, None]).squeeze(1)  # [Q]
        own = videos.attended[batch.query_video, own_key]  # [Q, H]
        return TrainingScores(cosine, dot, direction @ unit_length(own).T, queries @ own.T)


class MSSLpp(RetrievalModel):
    """MS-SL++: multi-scale clips, length-aware clustering, key clip guided attention.

    Args:
        config: see :class:`prvr_lite.config.ModelConfig`; ``num_clusters=None`` is MS-SL.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        h = config.hidden_dim
        visual = {"input_dim": config.visual_dim, **self._branch()}
        # Position tables as long as the released ones, so that its checkpoints fit.
        length = max(config.max_frames, config.num_units)
        self.unit_encoder = SequenceEncoder(max_length=length, **visual)  # type: ignore[arg-type]
        self.frame_encoder = SequenceEncoder(max_length=length, **visual)  # type: ignore[arg-type]
        self.key_map = nn.Linear(h, h, bias=False)  # W1
        self.value_map = nn.Linear(h, h, bias=False)  # W2
        self.apply(init_weights)

    def encode_videos(self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor) -> VideoEncoding:
        """Videos -> K clips each, and the frames as each clip attends them.

        Args:
            unit_input: [V, n, Dv]; frame_input: [V, T, Dv]; frame_mask: [V, T] bool.

        Returns:
            clips [V, K, H], clip_index [V, K], frames [V, T, H], frame_mask, attended [V, K, H].
        """
        units = self.unit_encoder(unit_input)  # [V, n, H]
        clips, index = self.select_clips(units)
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        encoding = VideoEncoding(clips, index, frames, frame_mask)
        return replace(encoding, attended=self.attend(clips, frames, frame_mask))

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """units [V, n, H] -> medoid clips [V, K, H] and their rows [V, K]; all clips for MS-SL."""
        n, c = units.shape[1], self.config
        if c.num_clusters is None:
            clips = multi_scale_clips(units)  # [V, N, H]
            return clips, torch.arange(clips.shape[1], device=units.device).expand(len(units), -1)
        index, _ = cluster_clips(units, c.num_clusters, length_aware=c.length_aware)  # [V, K]
        # Only the medoids are ever built; the gradient reaches the units through their averages.
        return clip_windows(n).to(units)[index] @ units, index  # [V, K, n] @ [V, n, H]

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """clips [V, K, H], frames [V, T, H] -> frames attended by each clip [V, K, H]."""
        return key_clip_guided_attention(
            clips, frames, frame_mask, self.key_map.weight, self.value_map.weight
        )

    def all_clips(self, unit_input: Tensor) -> Tensor:
        """unit_input [V, n, Dv] -> all N clips [V, N, H], for similarity maps."""
        return multi_scale_clips(self.unit_encoder(unit_input))
