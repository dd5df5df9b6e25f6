"""The videos that a search compares with: vectors, ids and times; and how to encode a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.checks import check_encoded
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel


@dataclass(frozen=True)
class VideoRows:
    """V videos, ready to be searched.

    Attributes:
        ids: V ids.
        duration: [V] float64 seconds, NaN where unknown.
        frames: [V] int32 number of frames, 0 where unknown.
        vectors: clips, their places among the N, attended frames; a mask where K differs.
    """

    ids: list[str]
    duration: Tensor
    frames: Tensor
    vectors: VideoEncoding

    def __len__(self) -> int:
        return len(self.ids)

    def blocks(self, size: int) -> Iterator[VideoRows]:
        """Yields the videos in order, in blocks of at most ``size`` videos."""
        for start in range(0, len(self), size):
            some = slice(start, start + size)
            vectors = self.vectors[some]
            yield VideoRows(self.ids[some], self.duration[some], self.frames[some], vectors)

    def to(self, device: torch.device) -> VideoRows:
        """Returns the same videos with their vectors on a device."""
        return replace(self, vectors=self.vectors.map(lambda tensor: tensor.to(device)))


def make_entry(videos: VideoEncoding, ids: Sequence[str]) -> VideoEncoding:
    """Returns what an index keeps of videos: clips and attended frames of length 1, no frames.

    Raises:
        ValueError: a video whose encoding is not finite.
    """
    attended, clips = videos.attended, check_encoded(unit_length(videos.clips), "video", ids)
    if attended is not None:
        attended = check_encoded(unit_length(attended), "video", ids)
    return VideoEncoding(clips, videos.clip_index, clip_mask=videos.clip_mask, attended=attended)


def join_rows(blocks: Sequence[VideoRows]) -> VideoRows:
    """Returns the videos of several blocks as one."""
    return VideoRows(
        [video_id for block in blocks for video_id in block.ids],
        torch.cat([block.duration for block in blocks]),
        torch.cat([block.frames for block in blocks]),
        VideoEncoding.join([block.vectors for block in blocks]),
    )


def chosen_rows(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Returns the rows of a split's videos, [V] int64.

    Raises:
        ValueError: it has none.
    """
    videos: NDArray[np.int64] = dataset.videos_in(split)
    if not len(videos):
        raise ValueError(f"{dataset.path}: split {split!r} has no videos: nothing to search")
    return videos


def encode_rows(
    model: RetrievalModel, reader: InputReader, videos: Any, batch_videos: int = 64
) -> Iterator[VideoRows]:
    """Encodes videos of a data set on the model's device, and yields them a batch at a time.

    Args:
        videos: their rows in the data set. batch_videos: how many are encoded and yielded at once.

    Raises:
        ValueError: a batch of less than one video, or a video whose encoding is not finite.
    """
    if batch_videos < 1:
        raise ValueError(f"batch_videos={batch_videos}: encode at least one video at a time")
    dataset = reader.dataset
    model.eval()
    for start in range(0, len(videos), batch_videos):
        some = np.asarray(videos[start : start + batch_videos])
        ids = [dataset.video_id[video] for video in some]
        with torch.inference_mode():
            inputs = (tensor.to(model.device) for tensor in reader.videos(some))
            vectors = make_entry(model.encode_videos(*inputs), ids)
        duration = torch.from_numpy(dataset.duration[some].astype(np.float64))
        frames = torch.from_numpy(np.diff(dataset.frame_offset)[some].astype(np.int32))
        yield VideoRows(ids, duration, frames, vectors)
