"""Look at single queries: which videos rank where, and what in them answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import torch
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.ranked_video import ranked_video, video_thumbnails
from prvr_lite.lab.vocabulary import Vocabulary
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.key_clip import frame_attention, unit_length
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import VideoEncoding
from prvr_lite.plots import page
from prvr_lite.plots.ranked_gallery import RankedVideo, ranked_gallery
from prvr_lite.plots.similarity_map import similarity_map
from prvr_lite.plots.strip import Span
from prvr_lite.search.evaluation import Evaluation, relevant_matrix
from prvr_lite.search.ranking import Hit
from prvr_lite.search.searcher import Searcher
from prvr_lite.text import printable

KEPT: Final = 64  # films whose clips stay in memory, about half a MB each
COMPARED: Final = 6  # films that set the scale of a query's maps


@dataclass(frozen=True, eq=False)
class Query:
    """What is searched for: a text and its encoding [H]; a typed one has no row in the test."""

    text: str
    vector: Tensor
    row: int | None = None


@dataclass(frozen=True, eq=False)
class Film:
    """What a similarity map needs of one video."""

    clips: Tensor  # [N, H] all clips, of length 1
    encoding: VideoEncoding  # of this video alone
    attention: Tensor  # [K, T] of each kept clip over the frames


class Explorer:
    """Searches the videos of a split, for its own queries by their row in it or for typed ones.

    Queries, and videos that were mapped, stay encoded.

    Args:
        model: a trained MS-SL++ (or MS-SL).
        dataset: an open feature file.
        test: a split, or what ``evaluate`` made of it.
    """

    def __init__(self, model: MSSLpp, dataset: Dataset, test: Evaluation | str = "test") -> None:
        split = test if isinstance(test, str) else test.split
        self.model, self.dataset = model, dataset
        self.queries, self.videos = dataset.queries_in(split), dataset.videos_in(split)
        right = relevant_matrix(dataset, self.queries, self.videos, several=False)
        self.relevant = right if isinstance(test, str) else test.relevant  # [Q, V]
        self.reader = InputReader(dataset, model.config)
        self.index = Searcher.of_split(model, dataset, split, reader=self.reader)
        self.query = lru_cache(len(self.queries))(self._query)
        self.film = lru_cache(KEPT)(self._film)
        self._scale = lru_cache(KEPT)(self._find_scale)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Returns the words that a typed sentence may have."""
        return Vocabulary(self.dataset)

    def typed(self, text: str) -> Query:
        """Returns a typed sentence as a query. Raises as ``Vocabulary.encode``."""
        return Query(text.strip(), self.index.query(self.vocabulary.encode(text))[0])

    def hits(self, query: int | Query, *, alpha: float | None = None) -> list[Hit]:
        """Returns all videos of the split, best first; ``Hit.video``: a row of ``self.videos``."""
        return self.index.search(self._asked(query).vector, len(self.index), alpha=alpha)

    def shown(self, query: int | Query, *, alpha: float | None = None, top: int = 5) -> list[Hit]:
        """Returns the ``top`` best videos, and after them the right ones that rank lower."""
        hits = self.hits(query, alpha=alpha)
        return [hit for hit in hits if hit.rank <= top or self.is_right(query, hit)]

    def is_right(self, query: int | Query, hit: Hit) -> bool:
        """Returns whether this video answers the query; False for every typed query."""
        row = self._asked(query).row
        return row is not None and bool(self.relevant[row, hit.video])

    def first(self, query: int | Query, k: int = 5) -> str:
        """Returns the query and its first ``k`` videos, as lines of text."""
        lines = [f"“{printable(self._asked(query).text)}”"]
        for hit in self.hits(query)[:k]:
            mark = "  <- the right one" if self.is_right(query, hit) else ""
            lines.append(f"  {hit.rank}. {printable(hit.video_id):12s} {hit.score:.3f}{mark}")
        return "\n".join(lines)

    def ranking(
        self,
        query: int | Query,
        *,
        alpha: float | None = None,
        top: int = 5,
        moment: bool = True,
        chosen: int | None = None,
        height: float | None = None,
    ) -> page.Picture:
        """Draws the first films with thumbnails, key clip and true moment.

        Args:
            query: its row in the test, or one that was typed.
            alpha: weight of the clip scale, 0..1; None: the model's. top: how many films.
            moment: show it. chosen: row (in the data set) of a film to point at.
            height: of the picture in inches; None: as needed.
        """
        asked, count = self._asked(query), len(self.index)
        hits = self.shown(asked, alpha=alpha, top=top)
        videos = [self._ranked(asked, hit, moment, chosen) for hit in hits]
        return ranked_gallery(asked.text, videos, top=top, num_videos=count, height=height)

    def _ranked(self, asked: Query, hit: Hit, moment: bool, chosen: int | None) -> RankedVideo:
        video = int(self.videos[hit.video])
        return ranked_video(
            self.dataset,
            video,
            hit.rank,
            hit.score,
            correct=self.is_right(asked, hit),
            key_span=self._seconds(video, hit.key_clip),
            moment=self.moment(asked, video) if moment else None,
            chosen=video == chosen,
        )

    def map(
        self,
        query: int | Query,
        video: int | None = None,
        *,
        moment: bool = True,
        height: float | None = None,
    ) -> page.Picture:
        """Draws all clips of a film against the query, and the frames that its key clip attends.

        The films of one query share a scale of colours: as far as its first six films reach.

        Args:
            query: its row in the test, or one that was typed.
            video: row in the data set; None: the query's own film. moment: show it there.
            height: of the picture in inches; None: as needed.
        Raises:
            ValueError: a typed query without a video.
        """
        asked = self._asked(query)
        row = self._own_film(asked) if video is None else video
        if row is None:
            raise ValueError("a typed query has no film of its own: say which video to map")
        duration, film = float(self.dataset.duration[row]), self.film(row)
        key, kept = self.key_clip(asked, row), film.encoding.clip_index[0]
        truth = self.moment(asked, row) if moment else None
        return similarity_map(
            self.scores(asked, row),
            duration=duration,
            query=asked.text,
            video_id=self.dataset.video_id[row],
            moment=truth,
            steps=self._steps(asked, duration) if truth else None,
            key_clip=int(kept[key]),
            medoids=kept,
            frame_attention=film.attention[key],
            thumbnails=video_thumbnails(self.dataset, row),
            limits=self._scale(asked),
            height=height,
        )

    def scores(self, query: int | Query, video: int) -> Tensor:
        """Returns the cosine of the query with each clip of a video (data set row), [N] (CPU)."""
        return (self.film(video).clips @ unit_length(self._asked(query).vector)).cpu()

    @torch.inference_mode()
    def key_clip(self, query: int | Query, video: int) -> int:
        """Returns which of the K kept clips of a video (data set row) answers the query best."""
        vector = self._asked(query).vector[None]  # [1, H]
        return int(self.model.similarity(vector, self.film(video).encoding).key_clip)

    def moment(self, query: int | Query, video: int) -> Span | None:
        """Returns the query's true moment in a video, in s; None in films other than its own."""
        asked = self._asked(query)
        if asked.row is None or video != self._own_film(asked):
            return None
        span = self.dataset.moment[self.queries[asked.row]]
        return _pair(span, float(self.dataset.duration[video]))

    def _steps(self, asked: Query, duration: float) -> list[Span]:
        steps = self.dataset.steps(int(self.queries[asked.row]))
        return [span for step in steps if (span := _pair(step, duration))]

    def _own_film(self, asked: Query) -> int | None:
        return None if asked.row is None else int(self.dataset.query_video[self.queries[asked.row]])

    def _asked(self, query: int | Query) -> Query:
        return query if isinstance(query, Query) else self.query(int(query))

    def _query(self, row: int) -> Query:
        query = int(self.queries[row])
        vector = self.index.encode(*self.reader.queries([query]))[0]
        return Query(self.dataset.query_text[query], vector, row)

    @torch.inference_mode()
    def _film(self, video: int) -> Film:
        model = self.model
        inputs = [t.to(model.device) for t in self.reader.videos([video])]
        encoding = model.encode_videos(*inputs)
        frames, mask = encoding.frames_with_mask()
        weight = frame_attention(encoding.clips, frames, mask, model.key_map.weight)
        return Film(unit_length(model.all_clips(inputs[0])[0]), encoding, weight[0].cpu())

    def _find_scale(self, asked: Query) -> Span:
        """Returns the lowest and the highest score among all clips of the first films."""
        first = self.index.search(asked.vector, COMPARED)
        scores = torch.stack([self.scores(asked, int(self.videos[hit.video])) for hit in first])
        return float(scores.min()), float(scores.max())

    def _seconds(self, video: int, clip: int) -> Span | None:
        n, duration = self.model.config.num_units, float(self.dataset.duration[video])
        return _pair(clip_spans(n)[clip] * duration / n, duration)


def _pair(span: Any, duration: float) -> Span | None:
    """Returns a span for the plots: at least 1 % of the duration wide; None if that is unknown."""
    start, end = map(float, span)
    if math.isnan(duration):
        return None
    return start, max(end, min(start + 0.01 * duration, duration))
