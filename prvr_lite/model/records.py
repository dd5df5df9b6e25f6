"""What a model makes of videos and queries: the small records that travel between modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

R = TypeVar("R", bound="TensorRecord")


@dataclass(frozen=True)
class TensorRecord:
    """Several tensors that belong together: all have the same rows in their first dimension.

    A subclass is a dataclass whose fields are tensors; a field may be None where there is nothing
    to hold. The record is then indexed, moved and joined as one.
    """

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, without the fields that are None."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: tensor for name, tensor in values if tensor is not None}

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self: R, rows: Any) -> R:
        return self.map(lambda tensor: tensor[rows])

    def map(self: R, function: Callable[[Tensor], Tensor]) -> R:
        """The same record with ``function`` applied to each tensor in it."""
        return replace(self, **{name: function(t) for name, t in self.tensors.items()})

    @classmethod
    def join(cls: type[R], parts: Sequence[R], dim: int = 0) -> R:
        """Records one after the other (dim 0), or side by side (dim 1).

        One after the other, their second dimensions may differ in length, as those of batches of
        frames do: shorter parts get zeros behind, which are False in a mask.
        """
        columns = {name: [getattr(part, name) for part in parts] for name in parts[0].tensors}
        return replace(parts[0], **{name: _join(column, dim) for name, column in columns.items()})


def _join(parts: list[Tensor], dim: int) -> Tensor:
    if dim == 0 and parts[0].dim() > 1:
        longest = max(part.shape[1] for part in parts)
        parts = [_pad(part, longest) for part in parts]
    return torch.cat(parts, dim)


def _pad(tensor: Tensor, length: int) -> Tensor:
    missing = length - tensor.shape[1]
    if not missing:
        return tensor  # the usual case: a copy would double an index in memory
    return torch.cat([tensor, tensor.new_zeros(len(tensor), missing, *tensor.shape[2:])], dim=1)


@dataclass(frozen=True)
class VideoEncoding(TensorRecord):
    """V encoded videos: what a model makes of them, and what an index keeps of them.

    An index keeps ``clips`` and ``attended`` at length 1 and no frames: ``attended`` holds all that
    a search needs of the frames.

    Attributes:
        clips: [V, K, H] the vectors a query is compared with (medoid clips; all clips without
            clustering; frames or one mean vector in the baselines).
        clip_index: [V, K] row of each among the N clips in the order of ``clip_spans``; -1 where
            a baseline's vector is no clip.
        frames: [V, T, H] encoded frames; None in an index.
        frame_mask: [V, T] bool, True on real frames; None in an index.
        clip_mask: [V, K] bool, or None when all K are real.
        attended: [V, K, H] the frames as each clip's key clip guided attention sees them, or None
            in models without a frame scale.
    """

    clips: Tensor
    clip_index: Tensor
    frames: Tensor | None = None
    frame_mask: Tensor | None = None
    clip_mask: Tensor | None = None
    attended: Tensor | None = None

    def frames_with_mask(self) -> tuple[Tensor, Tensor]:
        """``frames`` and ``frame_mask``.

        Raises:
            ValueError: the videos come from an index, which keeps no frames.
        """
        if self.frames is None or self.frame_mask is None:
            raise ValueError("an index keeps no frames: encode the videos with model.encode_videos")
        return self.frames, self.frame_mask


@dataclass(frozen=True)
class Similarity(TensorRecord):
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
