"""MS-SL++ (arXiv 2208.12510), the model of this package; and MS-SL, which keeps every clip.

It finds videos of which only a part answers the query. A video becomes K clips of different lengths
and, for each of them, the frames as this clip attends them. A query is compared with both.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from prvr_lite.config import ModelConfig
from prvr_lite.model.clips import clip_windows, multi_scale_clips
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.model.encoders import SequenceEncoder, init_weights
from prvr_lite.model.key_clip import attention_scores, key_clip_guided_attention
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel


class MSSLpp(RetrievalModel):
    """MS-SL++: multi-scale clips, length-aware clustering and key clip guided attention.

    Args:
        config: see :class:`prvr_lite.config.ModelConfig`; ``num_clusters=None`` is MS-SL.
    """

    has_clips = True
    guides_frames = True

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        h = config.hidden_dim
        self.unit_encoder = SequenceEncoder(**self.visual_branch())
        self.frame_encoder = SequenceEncoder(**self.visual_branch())
        self.key_map = nn.Linear(h, h, bias=False)  # W1
        self.value_map = nn.Linear(h, h, bias=False)  # W2
        self.apply(init_weights)

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Encodes each video as K clips, and its frames as each clip attends them.

        Args:
            unit_input: [V, n, Dv]; frame_input: [V, T, Dv]; frame_mask: [V, T] bool.

        Returns:
            clips [V, K, H], clip_index [V, K], frames [V, T, H], frame_mask, attended [V, K, H].
        """
        units = self.encode_units(unit_input)  # [V, n, H]
        clips, index = self.select_clips(units)
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        encoding = VideoEncoding(clips, index, frames, frame_mask)
        return replace(encoding, attended=self.attend(clips, frames, frame_mask))

    def encode_units(self, unit_input: Tensor) -> Tensor:
        """Encodes units: unit_input [V, n, Dv] -> [V, n, H]."""
        return self.unit_encoder(unit_input)  # type: ignore[no-any-return]

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Chooses clips of units [V, n, H]: medoids [V, K, H], their rows [V, K]; MS-SL: all."""
        n, c = units.shape[1], self.config
        if c.num_clusters is None:
            clips = multi_scale_clips(units)  # [V, N, H]
            return clips, torch.arange(clips.shape[1], device=units.device).expand(len(units), -1)
        index, _ = cluster_clips(units, c.num_clusters, length_aware=c.length_aware)  # [V, K]
        # Only the medoids are ever built; the gradient reaches the units through their averages.
        return clip_windows(n).to(units)[index] @ units, index  # [V, K, n] @ [V, n, H]

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Attends frames [V, T, H] with each of the clips [V, K, H] -> [V, K, H]."""
        return key_clip_guided_attention(
            clips, frames, frame_mask, self.key_map.weight, self.value_map.weight
        )

    def attention_scores(self, clips: Tensor, frames: Tensor) -> Tensor:
        """Returns (W1 f_t) . c of clips c [V, K, H] and frames f [V, T, H]: [V, K, T]."""
        return attention_scores(clips, frames, self.key_map.weight)

    def all_clips(self, unit_input: Tensor) -> Tensor:
        """Builds all N clips for similarity maps: unit_input [V, n, Dv] -> [V, N, H]."""
        return multi_scale_clips(self.encode_units(unit_input))
