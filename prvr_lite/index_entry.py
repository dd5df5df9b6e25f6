"""What an index keeps of encoded videos."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from prvr_lite.model.encoding import VideoEncoding
from prvr_lite.model.key_clip import unit_length


@dataclass(frozen=True)
class IndexEntry:
    """What the index keeps of V videos: 2 K H numbers each; frames are needed no more."""

    clips: Tensor  # [V, K, H] unit length
    clip_index: Tensor  # [V, K]
    attended: Tensor | None  # [V, K, H] unit length
    clip_mask: Tensor | None  # [V, K]


def make_entry(videos: VideoEncoding) -> IndexEntry:
    attended = None if videos.attended is None else unit_length(videos.attended)
    return IndexEntry(unit_length(videos.clips), videos.clip_index, attended, videos.clip_mask)


def concatenate(entries: list[IndexEntry]) -> IndexEntry:
    """Batches of a frame baseline differ in length: pad to the longest, the mask says so."""

    def join(name: str) -> Tensor | None:
        parts = [getattr(entry, name) for entry in entries]
        if parts[0] is None:
            return None
        longest = max(part.shape[1] for part in parts)
        return torch.cat([_pad_clips(part, longest) for part in parts])

    return IndexEntry(**{f.name: join(f.name) for f in fields(IndexEntry)})  # type: ignore[arg-type]


def _pad_clips(tensor: Tensor, length: int) -> Tensor:
    missing = length - tensor.shape[1]
    if not missing:
        return tensor  # the rule, but for frame baselines: a copy would double the index in memory
    return torch.cat([tensor, tensor.new_zeros(len(tensor), missing, *tensor.shape[2:])], dim=1)
