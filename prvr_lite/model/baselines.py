"""T2VR baselines in the frame of MS-SL++: the same query side, scores and losses.

Each gives the vectors that a query is compared with; the best one counts. They have no clips and
no frame scale. What of each published model is kept is said in its docstring: the idea that the
paper compares with, on our features and encoders, not the model itself.
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
    """Every frame by itself; a video scores as its best frame."""

    attention = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.frame_encoder = SequenceEncoder(**self.visual_branch(), attention=self.attention)
        self.apply(init_weights)

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """frame_input [V, T, Dv], frame_mask [V, T] bool -> frames in the place of clips."""
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        no_clip = torch.full_like(frame_mask, -1, dtype=torch.long)  # [V, T]
        return VideoEncoding(frames, no_clip, frames, frame_mask, clip_mask=frame_mask)


class FrameAttentionMax(FrameMax):
    """Frames that see each other by self-attention, then the best one.

    The video branch of XML (arXiv 2001.09099), used for retrieval alone.
    """

    attention = True


class GlobalModel(FrameMax):
    """One vector a video: text-to-video retrieval as for trimmed videos."""

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """frame_input [V, T, Dv], frame_mask [V, T] bool -> one vector a video [V, 1, H]."""
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        video = self.pool(frames, frame_mask)[:, None]  # [V, 1, H]
        no_clip = torch.full_like(frame_mask[:, :1], -1, dtype=torch.long)  # [V, 1]
        return VideoEncoding(video, no_clip, frames, frame_mask)

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        raise NotImplementedError


class MeanPool(GlobalModel):
    """The mean of the frames: the idea of W2VV++ and of the first level of DE++."""

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """frames [V, T, H], frame_mask [V, T] bool -> mean of the real frames [V, H]."""
        return mean_pool(frames, frame_mask)


class AttentionPool(GlobalModel):
    """Frames see each other, then a learned attention picks what counts: the query's encoder."""

    attention = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.weight = nn.Linear(config.hidden_dim, 1, bias=False)
        self.weight.apply(init_weights)

    def pool(self, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        return attention_pool(frames, frame_mask, self.weight)


class TransformerPool(MeanPool):
    """CLIP4Clip's sequential head: a temporal transformer, a residual, a mean of unit vectors.

    Source: Luo et al., CLIP4Clip (arXiv 2104.08860), section 3.3, "sequential type". Its CLIP
    encoders are not: frames and words are this data set's features.
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
        """frames [V, T, H], frame_mask [V, T] bool -> [V, H]."""
        seen = frames + self.temporal(frames, src_key_padding_mask=~frame_mask)  # [V, T, H]
        return super().pool(unit_length(seen), frame_mask)


class ZeroShot(RetrievalModel):
    """Nothing is learned: the best of all clips of the raw features, by cosine.

    For features of words and frames that share a space, such as CLIP's. A query is the mean of
    its words' features (CLIP gives one vector a sentence: then that one).

    Raises:
        ValueError: visual and query features of different sizes.
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
        """unit_input [V, n, D] -> all clips [V, N, D]."""
        clips = multi_scale_clips(self.encode_units(unit_input))
        index = torch.arange(clips.shape[1], device=clips.device).expand(len(clips), -1)  # [V, N]
        return VideoEncoding(clips, index, frame_input, frame_mask)

    def encode_units(self, unit_input: Tensor) -> Tensor:
        """unit_input [V, n, D], as it is."""
        return unit_input

    def encode_queries(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """word_input [Q, L, D], word_mask [Q, L] bool -> [Q, D]."""
        return mean_pool(word_input, word_mask)
