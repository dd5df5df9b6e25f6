"""What an index keeps of encoded videos, and the shards it is cut into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from uuid import uuid4

import torch
from torch import Tensor

from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding


@dataclass(frozen=True)
class IndexEntry:
    """What the index keeps of V videos: 2 K H numbers each; frames are needed no more."""

    clips: Tensor  # [V, K, H] unit length
    clip_index: Tensor  # [V, K]
    attended: Tensor | None  # [V, K, H] unit length
    clip_mask: Tensor | None  # [V, K]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, rows: slice | Tensor) -> IndexEntry:
        return self.map(lambda tensor: tensor[rows])

    def map(self, function: Callable[[Tensor], Tensor]) -> IndexEntry:
        """The same record with ``function`` applied to each tensor in it."""
        attended = None if self.attended is None else function(self.attended)
        mask = None if self.clip_mask is None else function(self.clip_mask)
        return IndexEntry(function(self.clips), function(self.clip_index), attended, mask)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name; those that the model has none of are left out."""
        return {name: t for name, t in vars(self).items() if t is not None}

    @property
    def nbytes(self) -> int:
        return sum(t.numel() * t.element_size() for t in self.tensors.values())


class Shard:
    """Some videos of an index: in memory, or read from files where they are first needed.

    A deleted video keeps its row until the index is compacted; it is only no longer alive.

    Args:
        name: nothing else ever has it.
        videos: number of rows.
        open_entry, open_ids: give the vectors and the ids of the rows.
        live: [V] bool, False where a video was deleted; None: none was.
    """

    def __init__(
        self,
        name: str,
        videos: int,
        open_entry: Callable[[], IndexEntry],
        open_ids: Callable[[], list[str]],
        live: Tensor | None = None,
    ) -> None:
        self.name, self.videos, self.live = name, videos, live
        self._open_entry, self._open_ids = open_entry, open_ids

    @classmethod
    def of(cls, entry: IndexEntry, ids: Sequence[str]) -> Shard:
        """A shard of vectors in memory.

        Raises:
            ValueError: not one id a video.
        """
        listed = list(ids)
        if len(listed) != len(entry):
            raise ValueError(f"{len(listed)} ids for {len(entry)} encoded videos: give one each")
        return cls(new_name(), len(entry), lambda: entry, lambda: listed)

    @cached_property
    def entry(self) -> IndexEntry:
        return self._open_entry()

    @cached_property
    def ids(self) -> list[str]:
        """Ids of all rows, those of deleted videos too."""
        return self._open_ids()

    @cached_property
    def rows(self) -> Tensor:
        """The rows that are alive, [V] ascending."""
        return torch.arange(self.videos) if self.live is None else self.live.nonzero().squeeze(1)

    @cached_property
    def _order(self) -> Tensor:
        """[V] how many are alive up to each row, itself included."""
        return torch.arange(1, self.videos + 1) if self.live is None else self.live.cumsum(0)

    def alive(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Those of these rows that are alive, and their places among all that are."""
        kept = rows if self.live is None else rows[self.live[rows]]
        return kept, self._order[kept] - 1

    def __len__(self) -> int:
        """How many are alive."""
        return self.videos if self.live is None else len(self.rows)

    def without(self, rows: Sequence[int]) -> Shard:
        """The same shard with these rows deleted."""
        live = torch.ones(self.videos, dtype=torch.bool) if self.live is None else self.live.clone()
        live[list(rows)] = False
        return Shard(self.name, self.videos, lambda: self.entry, lambda: self.ids, live)

    def blocks(self, size: int) -> Iterator[IndexEntry]:
        """What is alive, at most ``size`` videos at a time and in order."""
        for start in range(0, self.videos, size):
            block = self.entry[start : start + size]
            if self.live is not None:
                alive = self.live[start : start + size]
                block = block if bool(alive.all()) else block[alive.to(block.clips.device)]
            if len(block):
                yield block


def live_ids(shards: Iterable[Shard]) -> Iterator[str]:
    """Ids of the videos that are alive, in the order of rows."""
    return (shard.ids[row] for shard in shards for row in shard.rows.tolist())


def new_name() -> str:
    """12 hexadecimal digits that nothing else has."""
    return uuid4().hex[:12]


def make_entry(videos: VideoEncoding) -> IndexEntry:
    attended = None if videos.attended is None else unit_length(videos.attended)
    return IndexEntry(unit_length(videos.clips), videos.clip_index, attended, videos.clip_mask)


def concatenate(entries: Sequence[IndexEntry]) -> IndexEntry:
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
