"""Video corpus moment retrieval (VCMR): finds the answer to a query in a whole collection.

It has two stages: PRVR ranks the videos of the collection, then a scorer finds moments in the best
of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.records import TensorRecord
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.moments.encoding import BATCH_VIDEOS, ClipEncoding, EncodedSplit, encode_clips
from prvr_lite.moments.moment_metrics import vcmr_metrics
from prvr_lite.moments.predict import Scorer, clip_map, clip_overlap, non_maximum_suppression
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.vectors import chosen_rows, join_rows
from prvr_lite.search.video_index import encoding_rows

QUERIES = 1024  # searched at a time
PAIRS = 256  # pairs of query and video scored at a time
# Chosen on the sample's val split, by R@10 at IoU 0.5: near-duplicates of one video's best moment
# cost places that other videos want, so less overlap is let through than within one video.
CORPUS_NMS_THRESHOLD = 0.4
WEIGHTS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class MomentIndex:
    """A collection in which moments can be searched: it ranks videos and scores their moments.

    In addition to the searcher's 2 K H numbers per video it holds n H + N + 2 K + 2 n.
    """

    videos: Searcher
    clips: ClipEncoding

    def __len__(self) -> int:
        return len(self.clips)

    @classmethod
    def build(
        cls,
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        reader: InputReader | None = None,
    ) -> MomentIndex:
        """Encodes the videos of a split, a batch at a time, on the model's device.

        Raises:
            ValueError: the split has no videos, the model has no clips, or the duration of a video
                is unknown.
        """
        reader, rows = reader or InputReader(dataset, model.config), chosen_rows(dataset, split)
        clips, entries = [], []
        for start in range(0, len(rows), BATCH_VIDEOS):
            some = rows[start : start + BATCH_VIDEOS]
            part, whole = encode_clips(model, reader, some)
            clips.append(part)
            entries.append(encoding_rows(whole, [dataset.video_id[v] for v in some]))
        return cls(Searcher(model, join_rows(entries)), ClipEncoding.join(clips))


@dataclass(frozen=True)
class MomentRanking(TensorRecord):
    """Moments of many videos in one ranking per query, best first.

    Attributes:
        video: [Q, keep] rows of the index; -1 where there are fewer moments.
        span: [Q, keep, 2] start and end, s; NaN where there are fewer.
        score: [Q, keep]; -inf where there are fewer.
    """

    video: Tensor
    span: Tensor
    score: Tensor


@torch.inference_mode()
def search_moments(
    index: MomentIndex,
    queries: Tensor,
    scorer: Scorer = clip_map,
    *,
    top: int = 10,
    keep: int = 100,
    per_video: int = 10,
    weight: float = 1.0,
    threshold: float = CORPUS_NMS_THRESHOLD,
) -> MomentRanking:
    """Finds the best moments of a collection: first its ``top`` videos, then the moments in each.

    PRVR gives every video a score S. In each of the ``top`` best videos clips are scored, and
    non-maximum suppression keeps at most ``per_video`` of them. The moments of all these videos are
    ranked by weight * S + clip score. ``top=len(index)`` searches everything. Only chosen pairs of
    query and video are scored, in small blocks sorted by video: the time of the second stage grows
    with ``top``, and its memory is bounded.

    Args:
        queries: [Q, H] encoded (``EncodedSplit.queries`` or ``model.encode_queries``).
        scorer: one of ``prvr_lite.moments.SCORERS``, or a trained ``SpanHead``.
        weight: the weight of the video's score; :func:`choose_weight` finds a good one.
        threshold: of two clips of a video whose IoU is above it, only the better one is kept.

    Raises:
        ValueError: top lies outside 1..V, or another count is below 1.
    """
    if not 1 <= top <= len(index) or min(keep, per_video) < 1:
        raise ValueError(
            f"top={top}, keep={keep}, per_video={per_video}: top must lie in "
            f"1..{len(index)}, the number of videos in the index, and the others must be at least 1"
        )
    alpha = index.videos.model.config.alpha
    near = clip_overlap(index.clips.units.shape[1]).to(queries.device) > threshold
    parts = []
    for block in torch.split(queries, QUERIES):
        first = index.videos.score_vectors(block).fused(alpha).topk(top)  # [Q, n]
        score, clip = _score_pairs(index.clips, block, first.indices, scorer, near, per_video)
        score += weight * first.values[..., None]  # [Q, n, m]
        parts.append(_merge(index.clips, first.indices, score, clip, keep))
    return MomentRanking.join(parts)


def _score_pairs(
    clips: ClipEncoding, queries: Tensor, chosen: Tensor, scorer: Scorer, near: Tensor, keep: int
) -> tuple[Tensor, Tensor]:
    """Returns the best m clips in chosen videos [Q, n]: scores (-inf: none), rows, [Q, n, m]."""
    q, n = chosen.shape
    score = queries.new_full((q * n, keep), -torch.inf)
    clip = torch.full((q * n, keep), -1, device=queries.device)
    videos, pairs = chosen.flatten().sort(stable=True)  # pairs of query and video, by video
    for rows, video in zip(torch.split(pairs, PAIRS), torch.split(videos, PAIRS), strict=True):
        if video[0] == video[-1]:
            video = video[:1]  # one video for all: its encoding need not be copied for each query
        scores = scorer(queries[rows // n], clips[video])  # [P, N]
        best = non_maximum_suppression(scores, near, keep)  # [P, m]
        clip[rows] = best
        score[rows] = scores.gather(1, best.clamp(min=0)).masked_fill(best < 0, -torch.inf)
    return score.view(q, n, keep), clip.view(q, n, keep)


def _merge(
    clips: ClipEncoding, video: Tensor, score: Tensor, clip: Tensor, keep: int
) -> MomentRanking:
    """Merges the moments of n videos, [Q, n, m] each, into one ranking of ``keep`` per query."""
    short = max(0, keep - score[0].numel())
    score = F.pad(score.flatten(1), (0, short), value=-torch.inf)  # [Q, n m or keep]
    best = score.topk(keep)  # [Q, keep]
    place = best.indices.clamp(max=clip[0].numel() - 1)
    row = clip.flatten(1).gather(1, place).masked_fill(best.values == -torch.inf, -1)
    rows = video.gather(1, place // clip.shape[2])
    span = clips.seconds(row, rows)
    return MomentRanking(rows.masked_fill(row < 0, -1), span, best.values)


def choose_weight(
    index: MomentIndex,
    split: EncodedSplit,
    scorer: Scorer = clip_map,
    *,
    top: int = 10,
    weights: Sequence[float] = WEIGHTS,
) -> float:
    """Chooses the weight of the video's score with the best sum of all nine VCMR numbers.

    Of equally good weights it is the smallest.

    Args:
        index, split: those of the validation videos.
        scorer, top: the same as :func:`search_moments` will be called with.

    Raises:
        ValueError: as :func:`search_moments`, or the true moment of a query is unknown.
    """

    def total(weight: float) -> float:
        ranking = search_moments(index, split.queries, scorer, top=top, weight=weight)
        return sum(vcmr_metrics(ranking.video, ranking.span, split.own, split.moment).values())

    return max(weights, key=total)
