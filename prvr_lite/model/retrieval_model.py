"""The base class of all models: it encodes queries, and forms scores from encodings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from prvr_lite.config import ModelConfig
from prvr_lite.model.encoders import QueryEncoder, full_precision
from prvr_lite.model.key_clip import clip_similarity, dual_similarity, unit_length
from prvr_lite.model.records import Similarity, VideoEncoding


@dataclass(frozen=True)
class TrainingScores:
    """The scores of a batch that the losses use: cosines and raw inner products.

    Attributes:
        clip_cosine, clip_dot: [Q, V], the best over the clips of each video.
        frame_cosine, frame_dot: [Q, Q], query i with the video that query j is about, attended with
            the key clip of query j (model.py:236-256); None in models without a frame scale.
    """

    clip_cosine: Tensor
    clip_dot: Tensor
    frame_cosine: Tensor | None
    frame_dot: Tensor | None


class RetrievalModel(nn.Module):
    """Base class of MS-SL++ and the baselines: the query encoder, and how scores are formed.

    A subclass defines :meth:`encode_videos`, and declares what else it can do.

    Attributes:
        trainable: the model has weights to learn, among them a query encoder. A model that has
            none defines :meth:`encode_queries`.
        has_clips: every vector that it keeps of a video is one of the video's N clips, and
            ``clip_index`` says which. Such a model defines :meth:`encode_units`.
        guides_frames: each clip guides an attention over the frames. Such a model defines
            :meth:`attention_scores`.
    """

    trainable: ClassVar[bool] = True
    has_clips: ClassVar[bool] = False
    guides_frames: ClassVar[bool] = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        if self.trainable:
            self.query_encoder = QueryEncoder(**self._branch(config.query_dim, config.max_words))

    def visual_branch(self) -> dict[str, Any]:
        """Returns the arguments of a ``SequenceEncoder`` for units or frames."""
        c = self.config
        # both position tables as long as the released ones, so that their checkpoints fit
        return self._branch(c.visual_dim, max(c.max_frames, c.num_units))

    def _branch(self, input_dim: int, max_length: int) -> dict[str, Any]:
        names = ("hidden_dim", "num_heads", "dropout", "input_dropout")
        shared = {name: getattr(self.config, name) for name in names}
        return {"input_dim": input_dim, "max_length": max_length, **shared}

    def encode_videos(
        self, unit_input: Tensor, frame_input: Tensor, frame_mask: Tensor
    ) -> VideoEncoding:
        """Encodes videos: unit_input [V, n, Dv], frame_input [V, T, Dv], frame_mask [V, T] bool."""
        raise NotImplementedError

    def encode_units(self, unit_input: Tensor) -> Tensor:
        """Encodes the units that clips are means of: unit_input [V, n, Dv] -> [V, n, H]."""
        raise NotImplementedError

    def attention_scores(self, clips: Tensor, frames: Tensor) -> Tensor:
        """Says how much each of clips [V, K, H] attends each of frames [V, T, H]: [V, K, T].

        The softmax is not applied yet.
        """
        raise NotImplementedError

    def encode_queries(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """Encodes queries: word_input [Q, L, Dw], word_mask [Q, L] bool -> [Q, H]."""
        return self.query_encoder(word_input, word_mask)  # type: ignore[no-any-return]

    @property
    def device(self) -> torch.device:
        """The device that the model is on."""
        return next(chain(self.parameters(), self.buffers())).device

    def similarity(self, queries: Tensor, videos: VideoEncoding) -> Similarity:
        """Compares queries [Q, H] with V encoded videos -> S_c, S_f and key clips, each [Q, V]."""
        attended = None if videos.attended is None else unit_length(videos.attended)
        return self.compare(
            unit_length(queries), unit_length(videos.clips), attended, videos.clip_mask
        )

    def compare(
        self, queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None
    ) -> Similarity:
        """Compares vectors of length 1, such as those of an index; see :meth:`similarity`."""
        return dual_similarity(queries, clips, attended, clip_mask)

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Scores query i with the frames that query j's key clip attends, for training, [Q, Q].

        Args:
            queries: [Q, H]; attended: [V, K, H]; both of length 1 for cosines.
            key: [Q, V] key clips; query_video: [Q] rows among the V.
        """
        own_key = key.gather(1, query_video[:, None]).squeeze(1)  # [Q]
        return queries @ attended[query_video, own_key].T

    def forward(
        self,
        unit_input: Tensor,
        frame_input: Tensor,
        frame_mask: Tensor,
        word_input: Tensor,
        word_mask: Tensor,
        query_video: Tensor,
    ) -> TrainingScores:
        """Scores a batch: V videos and their Q queries; query_video [Q] are rows among the V."""
        videos = self.encode_videos(unit_input, frame_input, frame_mask)
        queries = self.encode_queries(word_input, word_mask)  # [Q, H]
        return self.training_scores(queries, videos, query_video)

    def training_scores(
        self, queries: Tensor, videos: VideoEncoding, query_video: Tensor
    ) -> TrainingScores:
        """Scores encoded queries [Q, H] with V encoded videos; query_video [Q]: rows of these."""
        # Cosines decide by their last digits: whatever precision encodes, scores are float32.
        with full_precision(queries):
            return self._training_scores(queries.float(), videos.map(_widen), query_video)

    def _training_scores(
        self, queries: Tensor, videos: VideoEncoding, query_video: Tensor
    ) -> TrainingScores:
        direction = unit_length(queries)  # [Q, H]
        cosine, key = clip_similarity(direction, unit_length(videos.clips), videos.clip_mask)
        dot, _ = clip_similarity(queries, videos.clips, videos.clip_mask)
        if videos.attended is None:
            return TrainingScores(cosine, dot, None, None)
        attended = unit_length(videos.attended)
        frame_cosine = self.frame_scores(direction, attended, key, query_video)
        frame_dot = self.frame_scores(queries, videos.attended, key, query_video)
        return TrainingScores(cosine, dot, frame_cosine, frame_dot)


def _widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
