"""What a model makes of videos and queries: the two small records that travel between modules."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class VideoEncoding:
    """Encoded videos.

    Attributes:
        clips: [V, K, H] the vectors a query is compared with (medoid clips; all clips without
            clustering; frames or one mean vector in the baselines).
        clip_index: [V, K] row of each among the N clips in the order of ``clip_spans``; -1 where
            a baseline's vector is no clip.
        frames: [V, T, H] encoded frames.
        frame_mask: [V, T] bool, True on real frames.
        clip_mask: [V, K] bool, or None when all K are real.
        attended: [V, K, H] the frames as each clip's key clip guided attention sees them, or None
            in models without a frame scale.
    """

    clips: Tensor
    clip_index: Tensor
    frames: Tensor
    frame_mask: Tensor
    clip_mask: Tensor | None = None
    attended: Tensor | None = None

    def __len__(self) -> int:
        return len(self.clips)

    def map(self, function: Any) -> VideoEncoding:
        """The same record with ``function`` applied to each tensor in it."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: function(t) for k, t in tensors.items() if t is not None})

    def __getitem__(self, rows: Any) -> VideoEncoding:
        return self.map(lambda tensor: tensor[rows])


@dataclass(frozen=True)
class Similarity:
    """How alike Q queries and V videos are, at both scales.

    Attributes:
        clip: [Q, V] S_c, cosine with the key clip.
        frame: [Q, V] S_f, cosine with the frames attended by the key clip; None in models
            without a frame scale.
        key_clip: [Q, V] which of the K clips is the key clip.
    """

    clip: Tensor
    frame: Tensor | None
    key_clip: Tensor

    def fused(self, alpha: float) -> Tensor:
        """S = alpha S_c + (1 - alpha) S_f, [Q, V]; S_c alone where there is no frame scale."""
        if self.frame is None:
            return self.clip
        return torch.lerp(self.frame, self.clip, alpha)
