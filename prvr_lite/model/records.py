"""The records that hold encoded videos and their similarities with queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

R = TypeVar("R", bound="TensorRecord")


@dataclass(frozen=True)
class TensorRecord:
    """Tensors that belong together; their first dimension has the same rows.

    A subclass is a dataclass whose fields are tensors; a field without content is None. The record
    is indexed, moved to a device and joined as if it were one tensor.
    """

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, without fields that are None."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: tensor for name, tensor in values if tensor is not None}

    @property
    def nbytes(self) -> int:
        """The number of bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self: R, rows: Any) -> R:
        return self.map(lambda tensor: tensor[rows])

    def map(self: R, function: Callable[[Tensor], Tensor]) -> R:
        """Returns the same record with ``function`` applied to each tensor in it."""
        return replace(self, **{name: function(t) for name, t in self.tensors.items()})

    @classmethod
    def join(cls: type[R], parts: Sequence[R], dim: int = 0) -> R:
        """Joins records one after the other (dim 0), or side by side (dim 1).

        With dim 0 their second dimensions may differ, as the numbers of frames in two batches do:
        shorter ones are padded with zeros (False in a mask) at the end.
        """
        columns = {name: [getattr(part, name) for part in parts] for name in parts[0].tensors}
        return replace(parts[0], **{name: _join(column, dim) for name, column in columns.items()})


def _join(parts: list[Tensor], dim: int) -> Tensor:
    if dim == 0 and parts[0].dim() > 1:
        longest = max(part.shape[1] for part in parts)
        parts = [widened(part, longest) for part in parts]
    return torch.cat(parts, dim)


def widened(tensor: Tensor, length: int) -> Tensor:
    """Pads the second dimension of a tensor with zeros, or False, at the end."""
    missing = length - tensor.shape[1]
    if not missing:
        return tensor  # the usual case: a copy would double an index in memory
    return torch.cat([tensor, tensor.new_zeros(len(tensor), missing, *tensor.shape[2:])], dim=1)


@dataclass(frozen=True)
class VideoEncoding(TensorRecord):
    """V encoded videos: all that a model, or an index, needs to compare them with queries.

    An index keeps ``clips`` and ``attended``, scaled to length 1, and no frames: a search needs
    nothing else of the frames than ``attended``.

    Attributes:
        clips: [V, K, H] the vectors that a query is compared with (medoid clips; all clips without
            clustering; frames or one mean vector in the baselines).
        clip_index: [V, K] row of each among the N clips in the order of ``clip_spans``; -1 where
            a vector of a baseline is not a clip.
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
        """Returns ``frames`` and ``frame_mask``.

        Raises:
            ValueError: the videos come from an index, and an index keeps no frames.
        """
        if self.frames is None or self.frame_mask is None:
            raise ValueError("an index keeps no frames: encode the videos with model.encode_videos")
        return self.frames, self.frame_mask


@dataclass(frozen=True)
class Similarity(TensorRecord):
    """How similar Q queries and V videos are, at both scales.

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
        """Returns S = alpha S_c + (1 - alpha) S_f, [Q, V]; without a frame scale, S_c alone."""
        if self.frame is None:
            return self.clip
        return torch.lerp(self.frame, self.clip, alpha)
