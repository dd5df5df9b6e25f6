"""Keeps the best videos of each query while videos pass by; says when a hit is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from prvr_lite.data.batches import pooled_times
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.records import Similarity, TensorRecord

WAITING = 1024  # columns that wait before they are merged into the best


@dataclass(frozen=True)
class Hit:
    """One ranked video: its row in the index, id, fused score, both scales, its key clip, and when.

    ``key_clip`` is the row among the video's N clips (``clip_spans``), -1 in models without clips;
    without a frame scale ``frame_score`` repeats ``clip_score``. ``start`` and ``end`` of the key
    clip are in s, None where they are unknown.
    """

    rank: int
    video: int
    video_id: str
    score: float
    clip_score: float
    frame_score: float
    key_clip: int
    start: float | None = None
    end: float | None = None


def clip_times(
    duration: float, frames: int, clip: int, num_units: int
) -> tuple[float, float] | None:
    """Returns start and end of a clip in its video in s; None where they are unknown.

    Args:
        duration: of the video in s, NaN where unknown. frames: how many it has, 0 where unknown.
        clip: a row of ``clip_spans(num_units)``; -1 in models without clips.
    """
    if clip < 0 or not frames or math.isnan(duration):
        return None
    times = pooled_times([frames], [duration], num_units)[0]  # [n, 2]
    first, stop = clip_spans(num_units)[clip].tolist()
    return float(times[first, 0]), float(times[stop - 1, 1])


@dataclass(frozen=True)
class Ranking(TensorRecord):
    """Ranked videos of Q queries, best first; equal scores in the order of rows.

    Attributes:
        video: [Q, k] rows of the index; -1 where a query has fewer than k.
        score: [Q, k] fused; -inf there.
        clip_score, frame_score: [Q, k] S_c and S_f; without a frame scale both are S_c.
        key_clip: [Q, k] which of the K clips that the index keeps is the key clip.
    """

    video: Tensor
    score: Tensor
    clip_score: Tensor
    frame_score: Tensor
    key_clip: Tensor

    @classmethod
    def of(cls, videos: Tensor, similarity: Similarity, alpha: float) -> Ranking:
        """Returns unsorted columns: videos [V] are rows of the index, similarity is [Q, V]."""
        clip, frame = similarity.clip, similarity.frame
        rows = videos.to(clip.device).expand(clip.shape)
        frame_score = clip if frame is None else frame
        return cls(rows, similarity.fused(alpha), clip, frame_score, similarity.key_clip)

    def best(self, k: int) -> Ranking:
        """Returns the first ``k`` videos of each query, sorted: [Q, at most k]."""
        order = self.score.sort(dim=1, descending=True, stable=True).indices[:, :k]
        return self.map(lambda column: column.gather(1, order))


class RunningBest:
    """The best ``k`` videos so far. Memory is bounded by k and WAITING, not by the collection.

    Args:
        k: how many are kept.
        alpha: weight of the clip scale, 0..1.
    """

    def __init__(self, k: int, alpha: float) -> None:
        self.k, self.alpha = k, alpha
        self._parts: list[Ranking] = []
        self._waiting = 0

    def add(self, videos: Tensor, similarity: Similarity) -> None:
        """Adds videos [V] and their similarity [Q, V]; their rows must be above all before."""
        self._parts.append(Ranking.of(videos, similarity, self.alpha))
        self._waiting += len(videos)
        if self._waiting >= max(WAITING, self.k):  # so that a large k is not sorted for every block
            self._parts, self._waiting = [self.ranking()], 0

    def ranking(self) -> Ranking:
        """Returns the best videos so far, [Q, k], or fewer columns if fewer videos were added."""
        return Ranking.join(self._parts, dim=1).best(self.k)
