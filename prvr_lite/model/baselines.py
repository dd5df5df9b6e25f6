"""Baselines: text-to-video retrieval with the query side, scores and losses of MS-SL++.

Text-to-video retrieval (T2VR) finds a trimmed video by a sentence that describes all of it. To see
what MS-SL++ adds, each model here replaces its video side: it turns a video into vectors, a query
is compared with each of them, and the best one counts. There are no clips and no frame scale. Each
docstring says which idea of a published model is kept: it is tried on our features and encoders, so
the numbers are not those of the published model.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from prvr_lite.config import ModelConfig
from prvr_lite.model.clips import multi_scale_clips
from prvr_lite.model.encoders import SequenceEncoder, attention_pool, init_weights, mean_pool
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel

TRANSFORMER_LAYERS = 4  # as CLIP4Clip's sequential head (arXiv 2104.08860, section 3.3)


class FrameMax(RetrievalModel):
    """Encodes every frame by itself; the score of a video is that of its best frame."""

    attention = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.frame_encoder = SequenceEncoder(**self.visual_branch(), attention=self.attention)
        self.apply(init_weights)

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Encodes frames in the place of clips: frame_input [V, T, Dv], frame_mask [V, T] bool."""
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        no_clip = torch.full_like(frame_mask, -1, dtype=torch.long)  # [V, T]
        return VideoEncoding(frames, no_clip, frames, frame_mask, clip_mask=frame_mask)


class FrameAttentionMax(FrameMax):
    """Lets frames see each other by self-attention; the best frame counts.

    This is the video branch of XML (arXiv 2001.09099), used for retrieval only.
    """

    attention = True


class GlobalModel(FrameMax):
    """Makes one vector per video, as text-to-video retrieval does for trimmed videos."""

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Encodes a video as one vector: frame_input [V, T, Dv], frame_mask [V, T] -> [V, 1, H]."""
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        video = self.pool(frames, frame_mask)[:, None]  # [V, 1, H]
        no_clip = torch.full_like(frame_mask[:, :1], -1, dtype=torch.long)  # [V, 1]
        return VideoEncoding(video, no_clip, frames, frame_mask)

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Pools the frames [V, T, H] of each video, frame_mask [V, T] bool -> [V, H]."""
        raise NotImplementedError


class MeanPool(GlobalModel):
    """Averages the frames: the idea of W2VV++ and of the first level of DE++."""

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Averages the real frames: frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        return mean_pool(frames, frame_mask)


class AttentionPool(GlobalModel):
    """Lets frames see each other, then pools them by learned attention, like a query's words."""

    attention = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.weight = nn.Linear(config.hidden_dim, 1, bias=False)
        self.weight.apply(init_weights)

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Pools by learned attention: frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        return attention_pool(frames, frame_mask, self.weight)


class TransformerPool(MeanPool):
    """Pools frames as CLIP4Clip's sequential head: transformer, residual, mean of unit vectors.

    Source: Luo et al., CLIP4Clip (arXiv 2104.08860), section 3.3, "sequential type". Its CLIP
    encoders are not used: frames and words are this data set's features.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        h = config.hidden_dim
        layer = nn.TransformerEncoderLayer(
            h, config.num_heads, 4 * h, config.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.temporal = nn.TransformerEncoder(
            layer, TRANSFORMER_LAYERS, enable_nested_tensor=False
        ).apply(init_weights)

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Pools by a transformer: frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        seen = frames + self.temporal(frames, src_key_padding_mask=~frame_mask)  # [V, T, H]
        return super().pool(unit_length(seen), frame_mask)


class ZeroShot(RetrievalModel):
    """Learns nothing: a video's score is the best cosine of the query with its raw clips.

    It needs features of words and frames that share one space, such as CLIP's. The query's vector
    is the mean of its words' features (CLIP gives one vector per sentence: then that vector).

    Raises:
        ValueError: visual and query features differ in size.
    """

    trainable = False
    has_clips = True

    def __init__(self, config: ModelConfig) -> None:
        if config.visual_dim != config.query_dim:
            raise ValueError(
                f"visual features have {config.visual_dim} numbers, query features "
                f"{config.query_dim}: zero-shot retrieval needs both in one space, such as CLIP's"
            )
        super().__init__(replace(config, hidden_dim=config.visual_dim, num_heads=1))
        self.register_buffer("placed", torch.zeros(0))  # so that the model has a device

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Builds all clips of each video: unit_input [V, n, D] -> [V, N, D]."""
        clips = multi_scale_clips(self.encode_units(unit_input))
        index = torch.arange(clips.shape[1], device=clips.device).expand(len(clips), -1)  # [V, N]
        return VideoEncoding(clips, index, frame_input, frame_mask)

    def encode_units(self, unit_input: Tensor) -> Tensor:
        """Returns unit_input [V, n, D] unchanged."""
        return unit_input

    def encode_queries(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """Averages the words of a query: word_input [Q, L, D], word_mask [Q, L] bool -> [Q, D]."""
        return mean_pool(word_input, word_mask)
