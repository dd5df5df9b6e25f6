"""What a search keeps of encoded videos, the shards it is cut into, and how a split gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from uuid import uuid4

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel

SHARD_BYTES = 256 << 20  # of one shard: what a killed build loses, and what writing holds in memory


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
        open_entry: Callable[[], VideoEncoding],
        open_ids: Callable[[], list[str]],
        live: Tensor | None = None,
    ) -> None:
        self.name, self.videos, self.live = name, videos, live
        self._open_entry, self._open_ids = open_entry, open_ids

    @classmethod
    def of(cls, entry: VideoEncoding, ids: Sequence[str]) -> Shard:
        """A shard of vectors in memory.

        Raises:
            ValueError: not one id a video.
        """
        listed = list(ids)
        if len(listed) != len(entry):
            raise ValueError(f"{len(listed)} ids for {len(entry)} encoded videos: give one each")
        return cls(new_name(), len(entry), lambda: entry, lambda: listed)

    @cached_property
    def entry(self) -> VideoEncoding:
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

    def blocks(self, size: int) -> Iterator[VideoEncoding]:
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


def make_entry(videos: VideoEncoding) -> VideoEncoding:
    """What an index keeps of encoded videos: clips and attended frames of length 1, no frames."""
    attended = None if videos.attended is None else unit_length(videos.attended)
    clips = unit_length(videos.clips)
    return VideoEncoding(clips, videos.clip_index, clip_mask=videos.clip_mask, attended=attended)


def chosen_rows(
    dataset: Dataset, split: str, part: tuple[int, int] | None = None
) -> NDArray[np.int64]:
    """Rows of a split's videos, or of the i-th of n near-equal runs of them.

    Raises:
        ValueError: no videos, or no such part.
    """
    rows = dataset.videos_in(split)
    if part is not None:
        i, n = part
        if not 0 <= i < n:
            raise ValueError(f"part {i} of {n}: parts go from 0 to n - 1")
        rows = np.array_split(rows, n)[i]
    if not len(rows):
        raise ValueError(f"{dataset.path}: split {split!r} has no videos: nothing to search")
    return rows


def encoded(
    model: RetrievalModel, reader: InputReader, rows: NDArray[np.int64], batch: int
) -> Iterator[VideoEncoding]:
    """The videos of these rows as an index keeps them, a batch at a time, on the model's device."""
    model.eval()
    for start in range(0, len(rows), batch):
        inputs = reader.videos(rows[start : start + batch])
        with torch.inference_mode():
            yield make_entry(model.encode_videos(*(t.to(model.device) for t in inputs)))


def encoded_shard(
    model: RetrievalModel, reader: InputReader, rows: NDArray[np.int64], batch: int
) -> Shard:
    """The videos of these rows as one shard in memory."""
    entry = VideoEncoding.join(list(encoded(model, reader, rows, batch)))
    return Shard.of(entry, [reader.dataset.video_id[row] for row in rows])


def gathered(entries: Iterable[VideoEncoding]) -> Iterator[VideoEncoding]:
    """The same videos in fewer pieces, of SHARD_BYTES or little more."""
    waiting: list[VideoEncoding] = []
    for entry in entries:
        waiting.append(entry)
        if sum(e.nbytes for e in waiting) >= SHARD_BYTES:
            yield VideoEncoding.join(waiting)
            waiting = []
    if waiting:
        yield VideoEncoding.join(waiting)
