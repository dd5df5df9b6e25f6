"""GMMFormer (AAAI 2024, arXiv 2310.05195): clips that are never cut.

MS-SL++ lists every clip of a video and keeps some. GMMFormer lets each of the n units gather from
its surroundings at four ranges, by attention whose scores are multiplied with Gaussian windows of
four widths. A unit is then a blend of clips around it, and a query is compared with n units. The
frames become one vector, pooled by learned attention, whatever the query. A video keeps n + 1
vectors.

Numbers are those of the released code (huangmozhi9527/GMMFormer, commit c38df37) within 1e-5; paths
in this file are below its ``src``. Two things differ by default, and one of them can be had as
released:

- The released window spans the batch's longest video (Models/gmmformer/model_components.py:225), so
  that a video's vectors depend on which videos are encoded with it. With random weights, the same
  video in another batch moved its frame vector by up to 0.07 and its score by up to 0.009. Here a
  window spans the video's own frames, and padding changes nothing.
  :class:`GMMFormerBatchWindows` does as released.
- A query is encoded once per training step. The released code encodes it twice
  (Models/gmmformer/model.py:106, 210): with dropout, the query-diverse loss sees another vector
  than the scores do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prvr_lite.config import ModelConfig
from prvr_lite.model.clips import constant
from prvr_lite.model.encoders import (
    MASKED_KEY,
    SelfAttention,
    SequenceEncoder,
    attention_pool,
    init_weights,
)
from prvr_lite.model.key_clip import clip_similarity
from prvr_lite.model.records import Similarity, VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores

WIDTHS = (None, 0.5, 1.0, 5.0)  # of the windows of a block's attentions; None: no window
SIGMAS = 9.0  # widths per standard deviation
BLOCKS = 2

Windows: TypeAlias = "Sequence[Tensor | None]"


def gaussian_windows(lengths: Tensor, size: int, width: float) -> Tensor:
    """Returns a Gaussian window over each sequence of a padded batch, [B, size, size].

    Row i is the position that looks, column j the one that is seen. The row's centre is i / L, the
    column stands at j / (L - 1) (0 if L = 1): the two grids differ, as released, so that from the
    middle on a row peaks at column i - 1. The standard deviation is width / 9, as a share of the
    sequence. Every row is divided by its maximum, so that it peaks at exactly 1.

    Args:
        lengths: [B] how many positions of each sequence are real; the others come after them.
        size: the length of the padded sequences.
        width: above 0.

    Source: Models/gmmformer/model_components.py:186-199.
    """
    place = torch.arange(size, device=lengths.device)  # [L]
    centre = place / lengths[:, None]  # [B, L]
    seen = place / (lengths[:, None] - 1).clamp(min=1)  # [B, L]
    distance = (seen[:, None, :] - centre[:, :, None]).square()  # [B, L, L]
    padding = place >= lengths[:, None]  # [B, L]
    distance = distance.masked_fill(padding[:, None, :], torch.inf)
    # the difference in the exponent, not a quotient: exp alone could be 0 in a whole row
    nearest = distance.amin(-1, keepdim=True)  # [B, L, 1]
    return torch.exp((nearest - distance) / (2 * (width / SIGMAS) ** 2))


@constant
def gaussian_window(length: int, width: float) -> Tensor:
    """Returns the window of :func:`gaussian_windows` over one sequence, [length, length]."""
    return gaussian_windows(torch.tensor([length]), length, width)[0]


class WindowedAttention(SelfAttention):
    """Self-attention whose scores are multiplied with a window before the softmax.

    The window weakens far positions but does not forbid them: their scores become 0, not minus
    infinity.
    """

    def forward(
        self, x: Tensor, mask: Tensor | None = None, window: Tensor | None = None
    ) -> Tensor:
        """Attends over x [B, L, H], mask [B, L] bool, window [B or 1, L, L] -> [B, L, H]."""
        if window is None:
            return super().forward(x, mask)
        weight = F.dropout(self.attention(x, mask, window), self.dropout, self.training)
        return self.joined(x, weight @ self.heads(self.value, x))

    def attention(
        self, x: Tensor, mask: Tensor | None = None, window: Tensor | None = None
    ) -> Tensor:
        """Returns how much each position attends each other one, [B, heads, L, L]; rows sum to 1.

        Source: Models/gmmformer/model_components.py:201-245.
        """
        query, key = self.heads(self.query, x), self.heads(self.key, x)
        score = query @ key.mT / math.sqrt(query.shape[-1])  # [B, heads, L, L]
        if window is not None:
            score = score * window[:, None]
        if mask is not None:  # after the window, which would bring the padding back
            score = score.masked_fill(~mask[:, None, None, :], MASKED_KEY)
        return score.softmax(-1)


class GaussianBlock(nn.Module):
    """Several self-attentions side by side, one for each window width; their mean is the output.

    Each has weights, a residual and a LayerNorm of its own; nothing follows the mean.

    Source: Models/gmmformer/model_components.py:127-145.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(WindowedAttention(dim, num_heads, dropout) for _ in WIDTHS)

    def forward(self, x: Tensor, windows: Windows, mask: Tensor | None = None) -> Tensor:
        """Encodes x [B, L, H], mask [B, L] bool, with a window for each attention -> [B, L, H]."""
        parts = zip(self.attentions, windows, strict=True)
        return torch.stack([attention(x, mask, window) for attention, window in parts]).mean(0)


class GaussianEncoder(SequenceEncoder):
    """A :class:`SequenceEncoder` with two Gaussian blocks in the place of its self-attention.

    Args:
        batch_windows: windows span the padded length, as released, not a sequence's own length.
        sequence: as :class:`SequenceEncoder` takes them.
    """

    def __init__(self, *, batch_windows: bool = False, **sequence: Any) -> None:
        super().__init__(**sequence, attention=False)
        self.batch_windows = batch_windows
        block = [sequence[name] for name in ("hidden_dim", "num_heads", "dropout")]
        self.blocks = nn.ModuleList(GaussianBlock(*block) for _ in range(BLOCKS))

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Encodes features [B, L, D], mask [B, L] bool with its padding at the end -> [B, L, H]."""
        x = super().forward(features)  # [B, L, H]
        windows = self.windows(x, mask)
        for block in self.blocks:
            x = block(x, windows, mask)
        return x

    def windows(self, x: Tensor, mask: Tensor | None = None) -> Windows:
        """Returns the windows over sequences x [B, L, H], one per width, each [B or 1, L, L]."""
        size, widths = x.shape[1], WIDTHS
        if mask is None or self.batch_windows:
            return [w if w is None else gaussian_window(size, w).to(x)[None] for w in widths]
        lengths = mask.sum(1)  # [B]
        return [w if w is None else gaussian_windows(lengths, size, w).to(x) for w in widths]


@dataclass(frozen=True)
class GMMFormerScores(TrainingScores):
    """The scores of a batch; ``frame_cosine`` and ``frame_dot`` are [Q, V], and queries are kept.

    Attributes:
        query: [Q, H] the encoded queries, for the query-diverse loss.
    """

    query: Tensor


class GMMFormer(RetrievalModel):
    """GMMFormer: S_c is the best cosine with a unit, S_f the cosine with the pooled frames.

    The unit that matches best is called the key clip, as in every model here: it is a clip of
    length 1, which says where the answer is, but not how long it lasts.

    Args:
        config: see :class:`prvr_lite.config.ModelConfig`; ``num_clusters`` and ``length_aware`` are
            not used.
    """

    has_clips = True
    batch_windows: ClassVar[bool] = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.unit_encoder = GaussianEncoder(**self.visual_branch())
        self.frame_encoder = GaussianEncoder(
            **self.visual_branch(), batch_windows=self.batch_windows
        )
        self.frame_pool = nn.Linear(config.hidden_dim, 1, bias=False)
        self.apply(init_weights)

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Encodes each video as n units, and its frames as one vector.

        Args:
            unit_input: [V, n, Dv]; frame_input: [V, T, Dv]; frame_mask: [V, T] bool, False on the
                padding at the end.

        Returns:
            clips [V, n, H], which are the units, clip_index [V, n], frames [V, T, H], frame_mask,
            attended [V, 1, H].

        Source: Models/gmmformer/model.py:125-134, 169-179.
        """
        units = self.encode_units(unit_input)  # [V, n, H]
        frames = self.frame_encoder(frame_input, frame_mask)  # [V, T, H]
        video = attention_pool(frames, frame_mask, self.frame_pool)[:, None]  # [V, 1, H]
        index = torch.arange(units.shape[1], device=units.device).expand(len(units), -1)  # [V, n]
        return VideoEncoding(units, index, frames, frame_mask, attended=video)

    def encode_units(self, unit_input: Tensor) -> Tensor:
        """Encodes units: unit_input [V, n, Dv] -> [V, n, H]."""
        return self.unit_encoder(unit_input)  # type: ignore[no-any-return]

    def compare(
        self, queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None
    ) -> Similarity:
        """Compares queries [Q, H], units [V, n, H], attended [V, 1, H] -> S_c, S_f, key clips."""
        assert attended is not None
        clip, key = clip_similarity(queries, clips, clip_mask)
        return Similarity(clip, queries @ attended[:, 0].T, key)

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Scores queries [Q, H] with the frame vectors [V, 1, H], [Q, V]; no key clip guides it."""
        return queries @ attended[:, 0].T

    def _training_scores(
        self, queries: Tensor, videos: VideoEncoding, query_video: Tensor
    ) -> GMMFormerScores:
        scores = super()._training_scores(queries, videos, query_video)
        return GMMFormerScores(**vars(scores), query=queries)


class GMMFormerBatchWindows(GMMFormer):
    """GMMFormer as released: the frames' windows span the longest video of the batch.

    A video's vectors then depend on the videos that are encoded in one batch with it.
    """

    batch_windows = True
