"""The dual losses: triplet ranking and infoNCE, at clip and at frame scale, without loops.

Source: arXiv 2208.12510 section 3 (training); authors' model.py:301-401 and
model_components.py:27-68.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from prvr_lite.config import TrainConfig
from prvr_lite.model.retrieval_model import TrainingScores


def sample_negatives(score: Tensor, negative: Tensor, pool: int | None) -> tuple[Tensor, Tensor]:
    """Draw one negative a row.

    Args:
        score: [R, C].
        negative: [R, C] bool, what may be drawn.
        pool: draw uniformly from this many highest-scoring negatives ("hard"); None: from all.

    Returns:
        score of the one drawn [R] (with gradient), and whether the row has any [R] bool.
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
    """mean over rows of [margin + s(negative) - s(positive)]+, one drawn negative a row.

    Args:
        positive: [R] score of each row's positive.
        score, negative, pool: see :func:`sample_negatives`; a row without a negative gives 0.
    """
    drawn, exists = sample_negatives(score, negative, pool)
    return ((margin + drawn - positive).clamp(min=0) * exists).mean()


def info_nce_loss(score: Tensor, positive: Tensor, candidate: Tensor | None = None) -> Tensor:
    """mean over rows of -log(sum of e^s over positives / sum of e^s over candidates).

    Args:
        score: [R, C] raw inner products: no normalisation, no temperature, as released.
        positive: [R, C] bool, at least one a row.
        candidate: [R, C] bool, what the positives are set against (positives included); None: all.
    """
    every = score if candidate is None else score.masked_fill(~candidate, -torch.inf)
    own = score.masked_fill(~positive, -torch.inf)
    return (every.logsumexp(1) - own.logsumexp(1)).mean()


@dataclass(frozen=True)
class LossTerms:
    """The terms of the loss, each already times its weight (as the released log prints them)."""

    clip_triplet: Tensor
    clip_nce: Tensor
    frame_triplet: Tensor | None
    frame_nce: Tensor | None

    @property
    def total(self) -> Tensor:
        return torch.stack(list(self.named().values())).sum()

    def named(self) -> dict[str, Tensor]:
        """The terms that this model has, by name."""
        return {name: term for name, term in vars(self).items() if term is not None}


class MSSLppLoss(nn.Module):
    """Both losses at both scales for a batch of V videos with all their Q queries.

    Clip scale, scores [Q, V]: text-to-video is a mean over queries, video-to-text a mean over
    videos with the mean (triplet) or the summed exponential (infoNCE) of its own queries as
    positive. Frame scale, scores [Q, Q]: the diagonal is positive and everything else negative,
    so queries of one video are negatives of each other; when two of them share a key clip, the
    "negative" is the positive itself and its margin can't be met. ``same_video_negatives=False``
    leaves those pairs out.

    Args:
        config: margin, weights, pool and ``same_video_negatives``.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, scores: TrainingScores, query_video: Tensor, *, hard: bool) -> LossTerms:
        """scores of a batch, query_video [Q] -> terms; ``hard``: hard instead of random negatives.

        Raises:
            ValueError: a video of the batch without a query.
        """
        videos = torch.arange(scores.clip_cosine.shape[1], device=query_video.device)
        own = query_video[:, None] == videos  # [Q, V]
        if not bool(own.any(0).all()):
            lonely = (~own.any(0)).nonzero().flatten().tolist()
            raise ValueError(f"videos {lonely} of this batch have no query: leave them out")
        clip = self._clip_scale(scores, own, hard)
        if scores.frame_cosine is None or scores.frame_dot is None:
            return LossTerms(*clip, None, None)
        return LossTerms(
            *clip, *self._frame_scale(scores.frame_cosine, scores.frame_dot, query_video, hard)
        )

    def _clip_scale(self, scores: TrainingScores, own: Tensor, hard: bool) -> tuple[Tensor, Tensor]:
        c, cosine, dot = self.config, scores.clip_cosine, scores.clip_dot
        own_cosine = cosine * own
        # video-to-text takes the single hardest, whatever the pool (model.py:317-331)
        triplet = triplet_ranking_loss(
            own_cosine.sum(1), cosine, ~own, margin=c.margin, pool=c.hard_pool if hard else None
        ) + triplet_ranking_loss(
            own_cosine.sum(0) / own.sum(0),
            cosine.T,
            ~own.T,
            margin=c.margin,
            pool=1 if hard else None,
        )
        nce = info_nce_loss(dot, own) + info_nce_loss(dot.T, own.T)
        return c.clip_triplet_weight * triplet, c.clip_nce_weight * nce

    def _frame_scale(
        self, cosine: Tensor, dot: Tensor, query_video: Tensor, hard: bool
    ) -> tuple[Tensor, Tensor]:
        c = self.config
        diagonal = torch.eye(len(cosine), dtype=torch.bool, device=cosine.device)  # [Q, Q]
        negative = ~diagonal
        if not c.same_video_negatives:
            negative = query_video[:, None] != query_video  # [Q, Q]
        pool = c.hard_pool if hard else None
        triplet = triplet_ranking_loss(
            cosine.diagonal(), cosine, negative, margin=c.margin, pool=pool
        ) + triplet_ranking_loss(cosine.diagonal(), cosine.T, negative, margin=c.margin, pool=pool)
        candidate = negative | diagonal
        nce = info_nce_loss(dot, diagonal, candidate) + info_nce_loss(dot.T, diagonal, candidate)
        return c.frame_triplet_weight * triplet, c.frame_nce_weight * nce
