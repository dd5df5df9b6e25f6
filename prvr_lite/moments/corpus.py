"""Video corpus moment retrieval: PRVR finds the videos, a scorer the moments in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.records import TensorRecord, VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.moments.encoding import BATCH_VIDEOS, ClipEncoding, EncodedSplit, encode_clips
from prvr_lite.moments.moment_metrics import vcmr_metrics
from prvr_lite.moments.predict import Scorer, clip_map, clip_overlap, non_maximum_suppression
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.vectors import Shard, chosen_rows, make_entry

QUERIES = 1024  # searched at a time
PAIRS = 256  # pairs of query and video scored at a time
# Chosen on the sample's val split, by R@10 at IoU 0.5: near-duplicates of one video's best moment
# cost places that other videos want, so less overlap is let through than within one video.
CORPUS_NMS_THRESHOLD = 0.4
WEIGHTS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class MomentIndex:
    """A searchable collection: what ranks its videos, and what their moments are scored from.

    Beside the searcher's 2 K H numbers a video it holds n H + N + 2 K + 2 n.
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
        """Encode the videos of a split, a batch at a time, on the model's device.

        Raises:
            ValueError: a split without videos, a model without clips, or a video of unknown
                duration.
        """
        reader, rows = reader or InputReader(dataset, model.config), chosen_rows(dataset, split)
        clips, entries = [], []
        for start in range(0, len(rows), BATCH_VIDEOS):
            part, whole = encode_clips(model, reader, rows[start : start + BATCH_VIDEOS])
            clips.append(part)
            entries.append(make_entry(whole))
        shard = Shard.of(VideoEncoding.join(entries), [dataset.video_id[v] for v in rows])
        return cls(Searcher(model, [shard]), ClipEncoding.join(clips))


@dataclass(frozen=True)
class MomentRanking(TensorRecord):
    """Moments of many videos in one ranking a query, best first.

    Attributes:
        video: [Q, keep] rows of the index; -1 where fewer moments were found.
        span: [Q, keep, 2] start and end, s; NaN there.
        score: [Q, keep]; -inf there.
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
    """The best moments of a collection: first its ``top`` videos, then the moments in each.

    Every video gets a score from PRVR (S, from the index). In the ``top`` best, clips are scored,
    at most ``per_video`` survive non-maximum suppression, and all of them are merged by
    weight * S + clip score. ``top=len(index)`` is exhaustive search. Only chosen pairs of query
    and video are scored, in small blocks sorted by video: beyond the first stage, time grows with
    ``top``, and memory is bounded.

    Args:
        queries: [Q, H] encoded (``EncodedSplit.queries`` or ``model.encode_queries``).
        scorer: one of ``prvr_lite.moments.SCORERS``, or a trained ``SpanHead``.
        weight: of the video's score; :func:`choose_weight` finds it.
        threshold: of non-maximum suppression within a video.

    Raises:
        ValueError: top outside 1..V, or another count below 1.
    """
    if not 1 <= top <= len(index) or min(keep, per_video) < 1:
        raise ValueError(
            f"top={top}, keep={keep}, per_video={per_video}: top lies in 1..{len(index)}, "
            "the videos of the index, and the others are at least 1"
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
    """Best ``keep`` clips in each chosen video [Q, n]: scores (-inf: none) and rows, [Q, n, m]."""
    q, n = chosen.shape
    score = queries.new_full((q * n, keep), -torch.inf)
    clip = torch.full((q * n, keep), -1, device=queries.device)
    videos, pairs = chosen.flatten().sort(stable=True)  # pairs of query and video, by video
    for rows, video in zip(torch.split(pairs, PAIRS), torch.split(videos, PAIRS), strict=True):
        if video[0] == video[-1]:
            video = video[:1]  # one video for all: its encoding need not be copied for each query
        found = scorer(queries[rows // n], clips[video])  # [P, N]
        best = non_maximum_suppression(found, near, keep)  # [P, m]
        clip[rows] = best
        score[rows] = found.gather(1, best.clamp(min=0)).masked_fill(best < 0, -torch.inf)
    return score.view(q, n, keep), clip.view(q, n, keep)


def _merge(
    clips: ClipEncoding, video: Tensor, score: Tensor, clip: Tensor, keep: int
) -> MomentRanking:
    """Moments of n videos, [Q, n, m] each, as one ranking of ``keep``."""
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
    """The weight of the video's score with the best sum of all nine VCMR numbers; ties: the least.

    Args:
        index, split: of the validation videos.
        scorer, top: as :func:`search_moments` will be called.

    Raises:
        ValueError: as :func:`search_moments`, or a query whose true moment is unknown.
    """

    def total(weight: float) -> float:
        found = search_moments(index, split.queries, scorer, top=top, weight=weight)
        return sum(vcmr_metrics(found.video, found.span, split.own, split.moment).values())

    return max(weights, key=total)
