"""The losses of GMMFormer, and which losses a model is trained with.

GMMFormer ranks with the clip-scale losses of MS-SL++ at both scales. A third loss parts the queries
of one video: all of them must match the same video, which pulls them together, although they ask
for different moments of it.

Source: arXiv 2310.05195 section 3; huangmozhi9527/GMMFormer, src/Losses/loss.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prvr_lite.config import TrainConfig, check_range
from prvr_lite.model.encoders import full_precision
from prvr_lite.model.gmmformer import GMMFormer, GMMFormerScores
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores
from prvr_lite.training.losses import LossTerms, MSSLppLoss


@dataclass(frozen=True)
class GMMFormerTrainConfig(TrainConfig):
    """The settings of a training of GMMFormer (defaults as released for ActivityNet Captions).

    Args:
        diverse_weight: weight of the query-diverse term.
        diverse_margin: δ; queries of one video are parted until their cosine is below -δ.
        diverse_scale: α, how sharply the term rises with the cosine.

    Raises:
        ValueError: a training can't be run with one of the values.
    """

    frame_nce_weight: float = 0.04
    patience: int | None = 10
    diverse_weight: float = 0.015
    diverse_margin: float = 0.2
    diverse_scale: float = 32.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, ("diverse_margin", "diverse_scale"), 0.0)


def query_diversity(queries: Tensor, query_video: Tensor, *, margin: float, scale: float) -> Tensor:
    """Returns log(1 + sum over the other queries j of its video of exp(scale (cos_ij + margin))).

    A query that is alone in its video gives 0. The queries of a video may stand anywhere; in the
    released code they must stand together (src/Losses/loss.py:12-36).

    Args:
        queries: [Q, H]. query_video: [Q] the row of each query's video.

    Returns:
        [Q], one value per query; the query-diverse loss is their mean.
    """
    with full_precision(queries):
        direction = unit_length(queries.float())  # [Q, H]
        exponent = scale * (direction @ direction.T + margin)  # [Q, Q]
    same = query_video[:, None] == query_video  # [Q, Q]
    same.fill_diagonal_(False)
    exponent = exponent.masked_fill(~same, -torch.inf)
    return F.pad(exponent, (1, 0)).logsumexp(1)  # the 0 in front is the log of the 1


@dataclass(frozen=True)
class GMMFormerTerms(LossTerms):
    """The terms of GMMFormer's loss, each already multiplied by its weight."""

    query_diverse: Tensor


class GMMFormerLoss(nn.Module):
    """The clip-scale losses of MS-SL++ at both scales, and the query-diverse loss.

    Both scales have scores [Q, V], so queries of one video are never negatives of each other.

    Args:
        config: margin, weights, pool; a plain ``TrainConfig`` gets the query-diverse settings of
            ``GMMFormerTrainConfig``.
    """

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        if not isinstance(config, GMMFormerTrainConfig):
            plain = {field.name: getattr(config, field.name) for field in fields(TrainConfig)}
            config = GMMFormerTrainConfig(**plain)
        self.config = config
        self.clip = MSSLppLoss(config)
        triplet, nce = config.frame_triplet_weight, config.frame_nce_weight
        self.frame = MSSLppLoss(replace(config, clip_triplet_weight=triplet, clip_nce_weight=nce))

    def forward(self, scores: GMMFormerScores, query_video: Tensor, *, hard: bool) -> LossTerms:
        """Returns the terms for the scores of a batch; ``hard``: hard instead of random negatives.

        Raises:
            ValueError: a video of the batch has no query.
        """
        assert scores.frame_cosine is not None
        assert scores.frame_dot is not None
        c, tables = self.config, (scores.frame_cosine, scores.frame_dot)
        units = TrainingScores(scores.clip_cosine, scores.clip_dot, None, None)
        clip = self.clip(units, query_video, hard=hard)
        frame = self.frame(TrainingScores(*tables, None, None), query_video, hard=hard)
        diverse = query_diversity(
            scores.query, query_video, margin=c.diverse_margin, scale=c.diverse_scale
        )
        pairs = (clip.clip_triplet, clip.clip_nce, frame.clip_triplet, frame.clip_nce)
        return GMMFormerTerms(*pairs, c.diverse_weight * diverse.mean())


def loss_of(model: RetrievalModel, config: TrainConfig) -> nn.Module:
    """Returns the losses that a model is trained with: GMMFormer's, or those of MS-SL++."""
    return (GMMFormerLoss if isinstance(model, GMMFormer) else MSSLppLoss)(config)
