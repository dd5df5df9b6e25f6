"""Turns the features of a data set, of any length, into padded batches that a model takes.

A video has as many frames as it has, a query as many words. A model takes tensors: so each video
is pooled to n units and at most T frames, each row is normalised, and shorter sequences are padded
with zeros, beside a mask that says which rows are real.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import Dataset

Float = NDArray[np.float32]
MEMORY = 1 << 30  # bytes of pooled inputs kept: 3,000 videos of CLIP's features, none of TVR's
READ_BYTES = 8 << 20  # bytes of frames in memory before they are pooled: what caches can hold


class Batch(NamedTuple):
    """A batch of V videos with all their Q queries, padded."""

    unit_input: Tensor  # [V, n, Dv]
    frame_input: Tensor  # [V, T, Dv]
    frame_mask: Tensor  # [V, T] bool, True on real frames
    word_input: Tensor  # [Q, L, Dw]
    word_mask: Tensor  # [Q, L] bool, True on real words
    query_video: Tensor  # [Q] row among the V

    def to(self, device: torch.device) -> Batch:
        return Batch(*(tensor.to(device) for tensor in self))


def pool_features(features: Float, count: int) -> Float:
    """Averages a video's frames into at most ``count`` rows, [T, D] -> [count, D].

    Row i is the mean of frames b_i..b_{i+1} (one-past-last), or frame b_i where that is empty,
    with b_i = min(round(i / count * T), T - 1) and halves rounded to even. This is as released
    (data_provider.py:28-48), and has two consequences: where T is well above count, no row uses
    the very last frame; where T < count, frames repeat.
    """
    total = len(features)
    # i / count first, as released: where i T / count ends in a half, its rounding decides
    rounded = np.round(np.arange(count + 1) / count * total)
    bounds: NDArray[np.int64] = np.minimum(rounded, total - 1).astype(np.int64)
    pooled = np.empty((count, features.shape[1]), np.float32)
    # A loop over rows: np.add.reduceat along the first axis walks columns, ten times slower.
    # Same order of summation as reduceat: results are bit-identical up to 8 frames per row.
    for row, (start, stop) in enumerate(pairwise(bounds.tolist())):
        pooled[row] = features[start]
        if stop > start + 1:
            pooled[row] += features[start + 1 : stop].sum(axis=0)
            pooled[row] /= stop - start
    return pooled


def pooled_times(num_frames: Any, duration: Any, count: Any) -> NDArray[np.float64]:
    """Returns the times that rows of ``pool_features(frames, count)`` cover, [V, max count, 2] s.

    Frame f of T is assumed to last from f/T to (f+1)/T of the video. Row i covers the frames that
    it averages. That is not exactly i/count to (i+1)/count: where count doesn't divide T, rows
    differ by one frame; where T < count, several rows are the same frame. The last row reaches to
    the end of the video, although no row uses the very last frame where T is well above count.

    Args:
        num_frames: [V] T of each video; duration: [V] s.
        count: rows that each video is pooled to, an integer or [V]; with T, rows are frames.
    """
    total, length = np.asarray(num_frames)[:, None], np.asarray(duration, np.float64)[:, None]
    rows = np.broadcast_to(np.asarray(count), len(total))[:, None]  # [V, 1]
    place = np.arange(rows.max() + 1)  # [max count + 1]
    bounds = np.minimum(np.round(place / rows * total), total - 1)  # [V, max count + 1]
    end = np.maximum(bounds[:, 1:], bounds[:, :-1] + 1)  # an empty row repeats one frame
    end = np.where(place[1:] == rows, total, end)
    spans = np.stack([bounds[:, :-1], end], axis=-1)  # [V, max count, 2] frames
    seconds: NDArray[np.float64] = spans * (length / total)[..., None]
    return seconds


def normalise(features: Float) -> Float:
    """Divides each row x by |x| + 1e-5 (data_provider.py:45-48)."""
    with np.errstate(over="ignore"):
        length = np.linalg.norm(features, axis=-1, keepdims=True)
    if not np.isfinite(length).all():  # squares of numbers above 1e19 are too large for float32
        length = np.linalg.norm(features.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(features / (length + 1e-5), dtype=np.float32)


def pad(rows: Sequence[Float]) -> tuple[Tensor, Tensor]:
    """Pads sequences [L_i, D] with zeros to [B, max L, D]; mask [B, max L] is True on real rows."""
    lengths = torch.tensor([len(row) for row in rows])
    padded = torch.empty(len(rows), int(lengths.max()), rows[0].shape[1])
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = torch.from_numpy(row)
        target[len(row) :] = 0
    return padded, torch.arange(padded.shape[1]) < lengths[:, None]


class InputReader:
    """Reads the videos and queries of a data set as inputs of one model, pooled to its sizes.

    Memory holds the batch and the frames of a few videos, so a data set may be of any size. One
    that takes at most ``memory`` bytes once it is pooled is kept, and read from its file once. A
    larger one is read again, with the same result: to keep a part of it would save as small a part
    of the reading.

    Args:
        dataset: an open feature file.
        config: its ``num_units``, ``max_frames`` and ``max_words`` are used.
        memory: bytes that all pooled videos may take, to be kept for later calls; 0 if each video
            is read once.

    Raises:
        ValueError: the model takes features of other sizes than the data set has.
    """

    def __init__(self, dataset: Dataset, config: ModelConfig, *, memory: int = MEMORY) -> None:
        for name in ("visual_dim", "query_dim"):
            model_dim, data_dim = getattr(config, name), getattr(dataset, name)
            if model_dim != data_dim:
                raise ValueError(
                    f"{dataset.path}: features have {name}={data_dim}, the model was built for "
                    f"{model_dim}: build it with ModelConfig({name}={data_dim}, ...)"
                )
        self.dataset, self.config = dataset, config
        rows = np.minimum(np.diff(dataset.frame_offset), config.max_frames) + config.num_units
        self._keep = int(rows.sum()) * dataset.visual_dim * 4 <= memory
        self._cache: dict[int, tuple[Float, Float]] = {}
        order = np.argsort(dataset.query_video, kind="stable")
        first = np.searchsorted(dataset.query_video[order], np.arange(1, len(dataset.video_id)))
        self._queries = np.split(order, first)  # the queries of each video

    def videos(self, videos: Sequence[int] | NDArray[Any]) -> tuple[Tensor, Tensor, Tensor]:
        """Reads videos by row: unit_input [V, n, Dv], frame_input [V, T, Dv], frame_mask [V, T]."""
        fresh: dict[int, tuple[Float, Float]] = {}
        for some in self._few_at_a_time({int(v) for v in videos} - self._cache.keys()):
            for video, frames in zip(some.tolist(), self.dataset.frames_of(some), strict=True):
                fresh[video] = self._pool(frames)
        both = [fresh.get(int(v)) or self._cache[int(v)] for v in videos]
        if self._keep:
            self._cache |= fresh
        units = torch.from_numpy(np.stack([units for units, _ in both]))
        return units, *pad([frames for _, frames in both])

    def _few_at_a_time(self, videos: set[int]) -> list[NDArray[np.int64]]:
        """Returns groups of videos, in the file's order, with about READ_BYTES of frames each.

        A group has at most as much beside its first video.
        """
        rows = np.array(sorted(videos), np.int64)
        end = np.cumsum(np.diff(self.dataset.frame_offset)[rows]) * self.dataset.visual_dim * 4
        return np.split(rows, np.flatnonzero(np.diff(end // READ_BYTES)) + 1)

    def queries(self, queries: Sequence[int] | NDArray[Any]) -> tuple[Tensor, Tensor]:
        """Reads rows of queries: word_input [Q, L, Dw], word_mask [Q, L] bool."""
        words = self.dataset.words_of(queries)
        return pad([normalise(word[: self.config.max_words]) for word in words])

    def batch(self, videos: Sequence[int] | NDArray[Any]) -> Batch:
        """Reads rows of videos together with all their queries, as a batch."""
        rows = [self._queries[int(v)] for v in videos]
        query_video = torch.repeat_interleave(torch.tensor([len(r) for r in rows]))
        return Batch(*self.videos(videos), *self.queries(np.concatenate(rows)), query_video)

    def captioned(self, split: str) -> list[int]:
        """Returns the rows of the videos of a split that have queries."""
        return [int(v) for v in self.dataset.videos_in(split) if len(self._queries[v])]

    def training_rows(self, split: str, size: int, seed: int) -> Iterator[NDArray[Any]]:
        """Yields rows of a split's videos with queries, shuffled, at most ``size`` at a time."""
        rows = self.captioned(split)
        count = max(1, -(-len(rows) // size))
        yield from np.array_split(np.random.default_rng(seed).permutation(rows), count)

    def training_batches(self, split: str, size: int, seed: int) -> Iterator[Batch]:
        """Yields the batches that :meth:`training_rows` names."""
        return map(self.batch, self.training_rows(split, size, seed))

    def _pool(self, frames: Float) -> tuple[Float, Float]:
        units = pool_features(frames, self.config.num_units)
        if len(frames) > self.config.max_frames:
            frames = pool_features(frames, self.config.max_frames)
        return normalise(units), normalise(frames)
