"""Queries against videos in memory: every score, or the best videos in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from prvr_lite.data.batches import InputReader, normalise, pad
from prvr_lite.data.checks import check_encoded
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import Similarity, VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.ranking import Hit, Ranking, RunningBest, clip_times
from prvr_lite.search.vectors import VideoRows, chosen_rows, encode_rows, join_rows

S = TypeVar("S", bound="Searcher")
Words: TypeAlias = "ArrayLike | Tensor"  # one query: [L, Dw] word features, or [H] encoded
BLOCK = 256  # queries and videos scored at a time: tables of 256 x 256 x K stay in the caches


class Searcher:
    """A model and the videos that it searches: in memory, or mapped from a file.

    A query comes in one of two forms:

    - ``word_input`` [Q, L, Dw] and ``word_mask`` [Q, L] are a batch as the model takes it:
      ``InputReader.queries`` has cut, normalised and padded the words. `score` and `encode` take
      it.
    - ``words`` [L, Dw] are the features of one query as the data set or a text encoder has them.
      `search` and `query` take them, and cut and normalise them.

    Args:
        model: encodes queries and scores, on its device.
        rows: the videos. Their order is that of ``Hit.video`` and ``Ranking.video``.
    """

    def __init__(self, model: RetrievalModel, rows: VideoRows) -> None:
        self.model, self.rows = model.eval(), rows

    @classmethod
    def of_split(
        cls: type[S],
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        batch_videos: int = 64,
        reader: InputReader | None = None,
    ) -> S:
        """Returns a searcher of a split's videos, encoded a batch at a time on the model's device.

        Args:
            reader: reuse the pooled inputs of an earlier call.

        Raises:
            ValueError: a split without videos, features of another size than the model's, or
                encoded videos that are not finite.
        """
        reader = reader or InputReader(dataset, model.config, memory=0)  # each video is read once
        blocks = encode_rows(model, reader, chosen_rows(dataset, split), batch_videos)
        return cls(model, join_rows(list(blocks)))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def video_ids(self) -> list[str]:
        """Ids by row."""
        return list(self.rows.ids)

    @property
    def nbytes(self) -> int:
        """Returns the bytes of the vectors (V x 2 K H x 4) and of the clip rows."""
        return self.rows.vectors.nbytes

    def clip_index(self, video: int) -> Tensor:
        """Returns which of the N clips the index keeps of a video, [K].

        Raises:
            IndexError: no such row.
        """
        if not 0 <= video < len(self):
            raise IndexError(f"there is no video {video}: rows go from 0 to {len(self) - 1}")
        return self.rows.vectors.clip_index[video]

    def score(self, word_input: Tensor, word_mask: Tensor) -> Similarity:
        """Scores queries with all videos: S_c, S_f and key clips, [Q, V].

        word_input [Q, L, Dw], word_mask [Q, L] bool.

        Memory beyond the three results is bounded: blocks of queries against blocks of videos.
        """
        return self.score_vectors(self.encode(word_input, word_mask))

    def score_vectors(self, queries: Tensor) -> Similarity:
        """Scores encoded queries [Q, H] with all videos, [Q, V]."""
        direction = unit_length(check_encoded(queries, "query").to(self.model.device))
        with torch.inference_mode():
            columns = [
                Similarity.join([self._compare(part, block) for part in _parts(direction)])
                for block in self._blocks()
            ]
        return Similarity.join(columns, dim=1)

    def encode(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """Encodes word_input [Q, L, Dw], word_mask [Q, L] bool as queries [Q, H]."""
        with torch.inference_mode():
            return encode_words(self.model, word_input, word_mask)

    def query(self, words: Words) -> Tensor:
        """Returns one encoded query, [1, H].

        Args:
            words: [L, Dw] its word features (``dataset.words(query)``), or [H] the query encoded
                already; the number of dimensions tells which.

        Raises:
            ValueError: another shape.
        """
        return query_vector(self.model, words)

    def rank(self, queries: Tensor, k: int = 10, *, alpha: float | None = None) -> Ranking:
        """Returns the ``k`` best videos for each encoded query [Q, H].

        All videos pass by once, a block at a time, and no table of [Q, V] is made.

        Raises:
            ValueError: k below 1, or alpha outside 0..1.
        """
        alpha = self.model.config.alpha if alpha is None else alpha
        check_ranking(k, alpha)
        parts = _parts(unit_length(check_encoded(queries, "query").to(self.model.device)))  # [Q, H]
        best, start = [RunningBest(k, alpha) for _ in parts], 0
        with torch.inference_mode():
            for block in self._blocks():
                rows = torch.arange(start, start + len(block))
                for part, running in zip(parts, best, strict=True):
                    running.add(rows, self._compare(part, block))
                start += len(block)
            return Ranking.join([running.ranking() for running in best])

    def search(self, words: Words, k: int = 10, *, alpha: float | None = None) -> list[Hit]:
        """Returns the ``k`` best videos for one query.

        Args:
            words: [L, Dw] its word features, or [H] an encoded query, as `query` takes them.
            alpha: weight of the clip scale, 0..1; None: the model's.

        Raises:
            ValueError: as `query` or `rank`.
        """
        return self.hits(self.rank(self.query(words), k, alpha=alpha))[0]

    def hits(self, ranking: Ranking) -> list[list[Hit]]:
        """Turns a ranking into a list of ``Hit`` per query (id, scores, times), best first."""
        return [
            [
                self._hit(rank, *row)
                for rank, row in enumerate(zip(*columns, strict=True), 1)
                if row[0] >= 0
            ]
            for columns in zip(*(tensor.tolist() for tensor in vars(ranking).values()), strict=True)
        ]

    def _hit(self, rank: int, video: int, score: float, clip: float, frame: float, key: int) -> Hit:
        rows, units = self.rows, self.model.config.num_units
        key_clip = int(rows.vectors.clip_index[video, key])
        times = clip_times(float(rows.duration[video]), int(rows.frames[video]), key_clip, units)
        start, end = times or (None, None)
        return Hit(rank, video, rows.ids[video], score, clip, frame, key_clip, start, end)

    def _compare(self, direction: Tensor, block: VideoEncoding) -> Similarity:
        return self.model.compare(direction, block.clips, block.attended, block.clip_mask)

    def _blocks(self) -> Iterator[VideoEncoding]:
        """Yields all videos, BLOCK at a time, on the model's device."""
        for block in self.rows.blocks(BLOCK):
            yield block.vectors.map(lambda tensor: tensor.to(self.model.device))


def check_ranking(k: int, alpha: float) -> None:
    """Raises ValueError for k below 1, or alpha outside 0..1."""
    if k < 1 or not 0 <= alpha <= 1:
        raise ValueError(f"k={k}, alpha={alpha}: k is at least 1 and alpha lies in 0..1")


def query_vector(model: RetrievalModel, words: Words) -> Tensor:
    """Returns one query, encoded: [1, H]; for `Searcher.query`, which explains the forms."""
    config, vector = model.config, torch.as_tensor(words)
    if vector.dim() == 2 and len(vector) and vector.shape[1] == config.query_dim:
        features = np.asarray(words, dtype=np.float32)[: config.max_words]
        with torch.inference_mode():
            return encode_words(model, *pad([normalise(features)]))
    if vector.shape == (config.hidden_dim,):
        return vector[None]
    raise ValueError(
        f"a query of shape {list(vector.shape)}: give word features [L, "
        f"{config.query_dim}] or an encoded query [{config.hidden_dim}]"
    )


def encode_words(model: RetrievalModel, word_input: Tensor, word_mask: Tensor) -> Tensor:
    """Encodes words as queries [Q, H] on the model's device.

    word_input [Q, L, Dw], word_mask [Q, L] bool.

    Whether gradients are recorded is the caller's choice: `Searcher.encode` works in inference
    mode; tensors that are trained on later need ``torch.no_grad`` instead.
    """
    parts = zip(_parts(word_input), _parts(word_mask), strict=True)
    device = model.device
    return torch.cat([model.encode_queries(w.to(device), m.to(device)) for w, m in parts])


def _parts(tensor: Tensor) -> tuple[Tensor, ...]:
    """Splits a tensor into parts of BLOCK rows."""
    return torch.split(tensor, BLOCK)
