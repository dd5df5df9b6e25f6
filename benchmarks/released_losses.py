"""The four losses of MS-SL++ and its optimizer as released, with Python loops over videos."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.released import Released, clip_scores


class Losses(NamedTuple):
    """Each term as it enters the total: the infoNCE terms carry their weights."""

    clip_triplet: Tensor
    clip_nce: Tensor
    frame_triplet: Tensor
    frame_nce: Tensor

    @property
    def total(self) -> Tensor:
        return self.clip_triplet + self.clip_nce + self.frame_triplet + self.frame_nce


def draw_negative(score: Tensor, positive: Tensor, pool: int | None) -> Tensor:
    """Draw a negative's score [R] for each row of score [R, C].

    It comes from the row's ``pool`` best, or from the whole row; ``positive`` [R] is the one column
    of each row that is not a negative.
    """
    row = torch.arange(len(score), device=score.device)
    masked = score.detach().clone()
    masked[row, positive] = 999.0  # sorts the positive to the front, where it is never drawn
    order = masked.argsort(dim=1, descending=True)
    last = score.shape[1] if pool is None else min(1 + pool, score.shape[1])
    drawn = torch.randint(1, last, (len(score),), device=score.device)
    return score[row, order[row, drawn]]


def clip_triplet(score: Tensor, query_video: Tensor, margin: float, pool: int | None) -> Tensor:
    """Triplet loss on the [Q, V] clip scores (cosines), both directions, each a mean."""
    row = torch.arange(len(score), device=score.device)
    positive = score[row, query_video]
    text_to_video = F.relu(margin + draw_negative(score, query_video, pool) - positive).mean()
    total = score.new_zeros(())
    for video in range(score.shape[1]):
        positive = query_video == video
        negatives = score[~positive, video]
        which = (
            int(negatives.argmax()) if pool is not None else int(torch.randint(len(negatives), ()))
        )
        total = total + F.relu(margin + negatives[which] - score[positive, video].mean())
    return text_to_video + total / score.shape[1]


def clip_nce(score: Tensor, query_video: Tensor) -> Tensor:
    """infoNCE on the [Q, V] clip scores (dot products), several positives per video."""
    row = torch.arange(len(score), device=score.device)
    text_to_video = (score.logsumexp(dim=1) - score[row, query_video]).mean()
    total = score.new_zeros(())
    for video in range(score.shape[1]):
        positive = query_video == video
        total = total + score[:, video].logsumexp(0) - score[positive, video].logsumexp(0)
    return text_to_video + total / score.shape[1]


def frame_triplet(score: Tensor, margin: float, pool: int | None) -> Tensor:
    """Triplet loss on the [Q, Q] frame scores: the diagonal is positive, all else negative."""
    diagonal = torch.arange(len(score), device=score.device)
    total = score.new_zeros(())
    for table in (score, score.T):
        negative = draw_negative(table, diagonal, pool)
        total = total + F.relu(margin + negative - table.diagonal()).mean()
    return total


def frame_nce(score: Tensor) -> Tensor:
    """infoNCE on the [Q, Q] frame scores (dot products), both directions."""
    diagonal = score.diagonal()
    return sum(
        ((table.logsumexp(dim=1) - diagonal).mean() for table in (score, score.T)),
        start=score.new_zeros(()),
    )


def losses(
    model: Released,
    units: Tensor,
    frames: Tensor,
    frame_mask: Tensor,
    words: Tensor,
    word_mask: Tensor,
    query_video: Tensor,
    *,
    margin: float = 0.2,
    pool: int | None = None,
    weights: tuple[float, float] = (0.02, 0.03),
) -> Losses:
    """Forward pass and the four losses of one batch; ``pool=None`` draws negatives uniformly."""
    query = model.encode_queries(words, word_mask)
    frame = model.encode("frame", frames, frame_mask)
    _, clips, _, _ = model.encode_clips(units)
    cosine, key_clip = clip_scores(F.normalize(query, dim=-1), F.normalize(clips, dim=-1))
    dot, _ = clip_scores(query, clips)
    row = torch.arange(len(query), device=query.device)
    attended = model.attend_own_frames(
        query_video, key_clip[row, query_video], clips, frame, frame_mask
    )
    frame_cosine = F.normalize(query, dim=-1) @ F.normalize(attended, dim=-1).T  # [Q, Q]
    return Losses(
        clip_triplet(cosine, query_video, margin, pool),
        weights[0] * clip_nce(dot, query_video),
        frame_triplet(frame_cosine, margin, pool),
        weights[1] * frame_nce(query @ attended.T),
    )
