"""The losses of MS-SL++: triplet ranking and infoNCE, each at clip scale and at frame scale.

Training only knows which video a query belongs to. Both losses raise the score of a query with its
video above its scores with other videos of the batch: triplet ranking by a margin over one drawn
negative, infoNCE over all negatives at once. They are computed without loops.

Source: arXiv 2208.12510 section 3 (training); authors' model.py:301-401 and
model_components.py:27-68.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from prvr_lite.config import TrainConfig
from prvr_lite.model.retrieval_model import TrainingScores


def sample_negatives(score: Tensor, negative: Tensor, pool: int | None) -> tuple[Tensor, Tensor]:
    """Draws the score of one negative per row.

    Args:
        score: [R, C].
        negative: [R, C] bool, True where a score may be drawn.
        pool: draw uniformly from this many highest-scoring negatives ("hard"); None: from all.

    Returns:
        the drawn scores [R] (with gradient), and whether the row has a negative at all [R] bool.
    """
    count = negative.sum(1)  # [R]
    # Hard: rank by score. Random: rank by noise, whose first is a uniform draw.
    rank_by = score.detach() if pool is not None else torch.rand_like(score)
    rank_by = rank_by.masked_fill(~negative, -torch.inf)
    best = rank_by.topk(min(pool or 1, score.shape[1]), dim=1).indices  # [R, pool]
    size = count.clamp(min=1, max=best.shape[1])
    pick = (torch.rand(len(score), device=score.device) * size).long()  # [R]
    drawn = score.gather(1, best.gather(1, pick[:, None])).squeeze(1)
    return drawn, count > 0


def triplet_ranking_loss(
    positive: Tensor, score: Tensor, negative: Tensor, *, margin: float, pool: int | None
) -> Tensor:
    """Returns the mean over rows of [margin + s(negative) - s(positive)]+, one negative per row.

    Args:
        positive: [R] score of each row's positive.
        score, negative, pool: see :func:`sample_negatives`; a row without a negative gives 0.
    """
    drawn, exists = sample_negatives(score, negative, pool)
    return ((margin + drawn - positive).clamp(min=0) * exists).mean()


def info_nce_loss(score: Tensor, positive: Tensor, candidate: Tensor | None = None) -> Tensor:
    """Returns the mean of -log(sum of e^s over positives / sum of e^s over candidates).

    Args:
        score: [R, C] raw inner products: no normalisation, no temperature, as released.
        positive: [R, C] bool, at least one per row.
        candidate: [R, C] bool, the scores of the lower sum (positives among them); None: all.
    """
    candidates = score if candidate is None else score.masked_fill(~candidate, -torch.inf)
    positives = score.masked_fill(~positive, -torch.inf)
    return (candidates.logsumexp(1) - positives.logsumexp(1)).mean()


@dataclass(frozen=True)
class LossTerms:
    """The terms of the loss, each already multiplied by its weight (as the released log prints)."""

    clip_triplet: Tensor
    clip_nce: Tensor
    frame_triplet: Tensor | None
    frame_nce: Tensor | None

    @property
    def total(self) -> Tensor:
        return torch.stack(list(self.named().values())).sum()

    def named(self) -> dict[str, Tensor]:
        """Returns the terms that this model has: name -> scalar."""
        return {name: term for name, term in vars(self).items() if term is not None}


class MSSLppLoss(nn.Module):
    """Both losses at both scales, for a batch of V videos with all their Q queries.

    Clip scale, scores [Q, V]: text-to-video is a mean over queries. Video-to-text is a mean over
    videos; the positive of a video is the mean (triplet) or the summed exponential (infoNCE) over
    its queries. Frame scale, scores [Q, Q]: the diagonal is positive and everything else negative.
    So queries of one video are negatives of each other; if two of them have the same key clip, the
    "negative" is the positive itself, and the margin can't be reached.
    ``same_video_negatives=False`` leaves these pairs out; on the sample films SumR was then
    328.6 ± 1.4 instead of 330.2 ± 2.2 (``docs/experiments.md``).

    Args:
        config: margin, weights, pool and ``same_video_negatives``.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, scores: TrainingScores, query_video: Tensor, *, hard: bool) -> LossTerms:
        """Returns the terms for the scores of a batch; ``hard``: hard instead of random negatives.

        Raises:
            ValueError: a video of the batch has no query.
        """
        videos = torch.arange(scores.clip_cosine.shape[1], device=query_video.device)
        belongs = query_video[:, None] == videos  # [Q, V]
        if not bool(belongs.any(0).all()):
            unasked = (~belongs.any(0)).nonzero().flatten().tolist()
            raise ValueError(f"videos {unasked} of this batch have no query: leave them out")
        clip = self._clip_scale(scores, belongs, hard)
        if scores.frame_cosine is None or scores.frame_dot is None:
            return LossTerms(*clip, None, None)
        return LossTerms(
            *clip, *self._frame_scale(scores.frame_cosine, scores.frame_dot, query_video, hard)
        )

    def _clip_scale(
        self, scores: TrainingScores, belongs: Tensor, hard: bool
    ) -> tuple[Tensor, Tensor]:
        c, cosine, dot = self.config, scores.clip_cosine, scores.clip_dot
        triplet_loss = partial(triplet_ranking_loss, margin=c.margin)
        positive = cosine * belongs
        by_query, by_video = positive.sum(1), positive.sum(0) / belongs.sum(0)
        # video-to-text takes the one hardest negative, whatever the pool (model.py:317-331)
        pools = (c.hard_pool, 1) if hard else (None, None)
        triplet = triplet_loss(by_query, cosine, ~belongs, pool=pools[0])
        triplet = triplet + triplet_loss(by_video, cosine.T, ~belongs.T, pool=pools[1])
        nce = info_nce_loss(dot, belongs) + info_nce_loss(dot.T, belongs.T)
        return c.clip_triplet_weight * triplet, c.clip_nce_weight * nce

    def _frame_scale(
        self, cosine: Tensor, dot: Tensor, query_video: Tensor, hard: bool
    ) -> tuple[Tensor, Tensor]:
        c = self.config
        diagonal = torch.eye(len(cosine), dtype=torch.bool, device=cosine.device)  # [Q, Q]
        negative = ~diagonal
        if not c.same_video_negatives:
            negative = query_video[:, None] != query_video  # [Q, Q]
        given: dict[str, Any] = {"margin": c.margin, "pool": c.hard_pool if hard else None}
        positive = cosine.diagonal()
        triplet = triplet_ranking_loss(positive, cosine, negative, **given)
        triplet = triplet + triplet_ranking_loss(positive, cosine.T, negative, **given)
        candidate = negative | diagonal
        nce = info_nce_loss(dot, diagonal, candidate) + info_nce_loss(dot.T, diagonal, candidate)
        return c.frame_triplet_weight * triplet, c.frame_nce_weight * nce
