"""T2VR baselines in the frame of MS-SL++: the same query side, scores and losses.

Each gives the vectors that a query is compared with; the best one counts. They have no clips and
no frame scale.
"""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.config import ModelConfig
from prvr_lite.model.base import RetrievalModel
from prvr_lite.model.encoders import SequenceEncoder, init_weights
from prvr_lite.model.encoding import VideoEncoding


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
    """Frames that see each other by self-attention, then the best one (XML's video branch)."""

    attention = True


class MeanPool(FrameMax):
    """One vector a video, the mean of its frames: text-to-video retrieval of trimmed videos."""

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """frame_input [V, T, Dv], frame_mask [V, T] bool -> one mean vector [V, 1, H]."""
        videos = super().encode_videos(unit_input, frame_input, frame_mask)
        real = frame_mask[..., None].to(videos.frames.dtype)  # [V, T, 1]
        mean = (videos.frames * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)  # [V, 1, H]
        no_clip = videos.clip_index[:, :1]
        return VideoEncoding(mean, no_clip, videos.frames, frame_mask)
