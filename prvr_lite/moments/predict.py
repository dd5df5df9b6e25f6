"""Single-video moment retrieval (SVMR) with MS-SL++: where in its video a query's answer is.

MS-SL++ never sees a start or an end in training, but what it learns for ranking videos also points
to moments in them. There are three ways to read moments from it, all weakly supervised: take the
best of all N clips (:func:`clip_map`); the best of the K medoids, which is the key clip
(:func:`key_clips`); or the frames that the key clip attends (:func:`frame_attention_clips`). A
trained :class:`prvr_lite.moments.SpanHead` can be used in the same place.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.clips import clip_spans, clip_windows, constant
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.moments.encoding import (
    BATCH_VIDEOS,
    ClipEncoding,
    EncodedSplit,
    encode_clips,
    split_queries,
    with_queries,
)

# Chosen on the sample's val split.
NMS_THRESHOLD = 0.6  # a clip is struck out when its IoU with a better one is above this

# Queries [P, H] with P videos, or with one video that all of them ask -> score of each clip [P, N].
Scorer = Callable[[Tensor, ClipEncoding], Tensor]


def clip_map(queries: Tensor, videos: ClipEncoding) -> Tensor:
    """Returns the cosine of each query with all clips of its video, [P, N].

    A clip is the mean of units, so its inner product with a query is the mean of theirs. So no clip
    is built, and a pair costs n inner products and one [n] x [n, N] product.

    Args:
        queries: [P, H]; videos: P videos, or one video for all queries.
    """
    direction = unit_length(queries)
    if len(videos) == 1:
        product = direction @ videos.units[0].T  # [P, n]
    else:
        product = torch.einsum("ph,pnh->pn", direction, videos.units)
    windows = clip_windows(videos.units.shape[1]).to(product)  # [N, n]
    return product @ windows.T / videos.norm


def key_clips(queries: Tensor, videos: ClipEncoding) -> Tensor:
    """Returns :func:`clip_map` of medoids, and -inf for other clips: the best is the key clip."""
    score = clip_map(queries, videos)  # [P, N]
    rows = videos.medoids.expand(len(score), -1)  # [P, K]
    return torch.full_like(score, -torch.inf).scatter(1, rows, score.gather(1, rows))


def frame_attention_clips(queries: Tensor, videos: ClipEncoding) -> Tensor:
    """Returns :func:`clip_map` of each medoid, moved to the clip of the frames that it attends.

    Key clip guided attention attends the frames with every medoid, before any query is known. So
    each medoid has a moment: the frames around the one that it attends most
    (``ClipEncoding.attended``). The best moment is that of the key clip. A clip that no medoid
    attends has -inf; of several medoids that attend the same clip, the highest score counts.
    """
    score = clip_map(queries, videos)  # [P, N]
    shape = (len(score), -1)
    known = score.gather(1, videos.medoids.expand(shape))  # [P, K]
    moved = torch.full_like(score, -torch.inf)
    return moved.scatter_reduce(1, videos.attended.expand(shape), known, "amax")


SCORERS: dict[str, Scorer] = {
    "key clip": key_clips,
    "clip map": clip_map,
    "frame attention": frame_attention_clips,
}
METHODS = tuple(SCORERS)


@constant
def clip_overlap(n: int) -> Tensor:
    """Returns the IoU in time of every two clips, [N, N], counted in units: it fits every video."""
    start, end = clip_spans(n).double().T  # [N]
    shared = torch.minimum(end[:, None], end) - torch.maximum(start[:, None], start)
    hull = torch.maximum(end[:, None], end) - torch.minimum(start[:, None], start)
    return shared.clamp(min=0) / hull


def non_maximum_suppression(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """Keeps the best candidates of each row, without those that are near a better one.

    It takes the best candidate, removes all that are near it, and repeats; all rows at once.

    Args:
        score: [P, N]; -inf is never a candidate. Of equal scores the lowest index comes first.
        near: [N, N] bool, symmetric, for instance ``clip_overlap(n) > 0.6``.
        keep: how many candidates to keep per row.

    Returns:
        the candidates, [P, keep], best first; -1 where there are fewer.

    Raises:
        ValueError: the shapes don't fit, or keep is below 1.
    """
    if score.dim() != 2 or near.shape != (score.shape[1],) * 2 or keep < 1:
        shapes = f"score {list(score.shape)}, near {list(near.shape)}, keep={keep}"
        raise ValueError(
            f"{shapes} do not fit. To fix it: give score [P, N], near [N, N] and a keep of at "
            "least 1."
        )
    left, chosen = score.clone(), []
    for _ in range(keep):
        best = left.max(dim=1)
        chosen.append(best.indices.masked_fill(best.values == -torch.inf, -1))
        left.masked_fill_(near[best.indices], -torch.inf)
        left.scatter_(1, best.indices[:, None], -torch.inf)  # itself, whatever near says
    return torch.stack(chosen, dim=1)


@torch.inference_mode()
def rank_moments(
    split: EncodedSplit, scorer: Scorer, k: int = 5, threshold: float = NMS_THRESHOLD
) -> NDArray[np.float32]:
    """Returns each query's ``k`` best moments in its own video, [Q, k, 2] s, best first.

    Args:
        scorer: one of ``SCORERS``, or a trained ``SpanHead``.
        threshold: of two moments whose IoU is above it, only the better one is kept; where fewer
            than k are left, the others are NaN.
    """
    near = clip_overlap(split.clips.units.shape[1]).to(split.queries.device) > threshold
    spans = []
    for part in torch.split(torch.arange(len(split.queries), device=split.own.device), 256):
        videos = split.clips[split.own[part]]
        rows = non_maximum_suppression(scorer(split.queries[part], videos), near, k)
        spans.append(videos.seconds(rows))
    moments: NDArray[np.float32] = torch.cat(spans).float().cpu().numpy()
    return moments


@torch.inference_mode()
def predict_moments(
    model: RetrievalModel,
    dataset: Dataset,
    split: str = "test",
    *,
    method: str | Scorer = "clip map",
    k: int = 5,
    threshold: float = NMS_THRESHOLD,
    reader: InputReader | None = None,
) -> NDArray[np.float32]:
    """Predicts each query's ``k`` best moments in its own video (single-video moment retrieval).

    Videos are encoded a batch at a time and not kept.

    Args:
        model: an MS-SL++ or MS-SL; it runs on the device of its parameters.
        method: one of ``METHODS``, or a scorer such as a trained ``SpanHead``.
        threshold: of two moments whose IoU is above it, only the better one is kept.
        reader: the reader of an earlier call, to use its pooled inputs again.

    Returns:
        start and end, [Q, k, 2] s, best first, queries in the order of ``dataset.queries_in``; NaN
        where a method has fewer than k moments.

    Raises:
        ValueError: the method is unknown, the model has no clips, the duration of a video is
            unknown, or the split has no queries.
    """
    if isinstance(method, str) and method not in SCORERS:
        raise ValueError(f"there is no method {method!r}: choose one of {', '.join(SCORERS)}")
    reader = reader or InputReader(dataset, model.config)
    queries, videos = split_queries(dataset, split), dataset.videos_in(split)
    moments = np.empty((len(queries), k, 2), np.float32)
    for start in range(0, len(videos), BATCH_VIDEOS):
        rows = videos[start : start + BATCH_VIDEOS]
        asked = np.flatnonzero(np.isin(dataset.query_video[queries], rows))
        if not len(asked):
            continue
        clips, _ = encode_clips(model, reader, rows)
        batch = with_queries(model, reader, clips, rows, queries[asked])
        scorer = SCORERS[method] if isinstance(method, str) else method
        moments[asked] = rank_moments(batch, scorer, k, threshold)
    return moments
