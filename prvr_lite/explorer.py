"""Look at single queries: which videos rank where, and what in them answers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from prvr_lite import plots
from prvr_lite.data.batches import InputReader
from prvr_lite.data.features import Dataset
from prvr_lite.evaluation import Evaluation
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.key_clip import frame_attention, unit_length
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.retrieval import Hit, VideoIndex


class Explorer:
    """Shows queries of an evaluated split by their row in it.

    Args:
        model: a trained MS-SL++ (or MS-SL).
        dataset: the data set it was evaluated on.
        test: what ``evaluate`` gave.
    """

    def __init__(self, model: MSSLpp, dataset: Dataset, test: Evaluation) -> None:
        self.model, self.dataset, self.test = model, dataset, test
        self.reader = InputReader(dataset, model.config)
        self.index = VideoIndex.build(model, dataset, test.split, reader=self.reader)
        self.device = model.device

    def first(self, row: int, k: int = 5) -> str:
        """The query and its first ``k`` videos, as lines of text."""
        query = int(self.test.queries[row])
        lines = [f"“{self.dataset.query_text[query]}”"]
        for hit in self.index.search(self.dataset.words(query), k):
            mark = "  <- the right one" if self.test.relevant[row, hit.video] else ""
            lines.append(f"  {hit.rank}. {hit.video_id:12s} {hit.score:.3f}{mark}")
        return "\n".join(lines)

    def ranking(self, row: int) -> plots.Picture:
        """The first films with thumbnails, key clip and true moment."""
        query = int(self.test.queries[row])
        hits = self.index.search(self.dataset.words(query), len(self.index))
        shown = [hit for hit in hits if hit.rank <= 5 or self.test.relevant[row, hit.video]]
        videos = [self._ranked(hit, row) for hit in shown]
        return plots.ranked_gallery(
            self.dataset.query_text[query], videos, num_videos=len(self.index)
        )

    def _ranked(self, hit: Hit, row: int) -> plots.RankedVideo:
        video = int(self.test.videos[hit.video])
        duration = float(self.dataset.duration[video])
        correct = bool(self.test.relevant[row, hit.video])
        moment = self.dataset.moment[self.test.queries[row]]
        return plots.RankedVideo(
            rank=hit.rank,
            video_id=hit.video_id,
            score=hit.score,
            correct=correct,
            duration=duration,
            thumbnails=self._thumbnails(video),
            key_span=self._seconds(duration, hit.key_clip),
            moment=_pair(moment, duration) if correct else None,
        )

    def map(self, row: int) -> plots.Picture:
        """All clips of the query's own film against the query, and the frames its key clip sees."""
        query = int(self.test.queries[row])
        video = int(self.dataset.query_video[query])
        duration = float(self.dataset.duration[video])
        clips, attention, key, kept = self._look(query, video)
        return plots.similarity_map(
            clips,
            duration=duration,
            query=self.dataset.query_text[query],
            video_id=self.dataset.video_id[video],
            moment=_pair(self.dataset.moment[query], duration),
            steps=[span for s in self.dataset.steps(query) if (span := _pair(s, duration))],
            key_clip=key,
            medoids=kept,
            frame_attention=attention,
            thumbnails=self._thumbnails(video),
        )

    @torch.inference_mode()
    def _look(self, query: int, video: int) -> tuple[Tensor, Tensor, int, Tensor]:
        """Cosine of all N clips, attention over the frames, the key clip, the medoids."""
        model = self.model
        units, frames, mask = (t.to(self.device) for t in self.reader.videos([video]))
        vector = model.encode_queries(*(t.to(self.device) for t in self.reader.queries([query])))
        encoding = model.encode_videos(units, frames, mask)
        clips = unit_length(model.all_clips(units)[0]) @ unit_length(vector[0])  # [N]
        key = model.similarity(vector, encoding).key_clip[0, 0]
        key_clip = encoding.clips[:, key][:, None]  # [1, 1, H]
        weight = frame_attention(key_clip, encoding.frames, mask, model.key_map.weight)  # [1, 1, T]
        kept = encoding.clip_index[0]
        return clips.cpu(), weight[0, 0].cpu(), int(kept[key]), kept.cpu()

    def _thumbnails(self, video: int) -> Any:
        return plots.timed_thumbnails(
            self.dataset.thumbnails(video), float(self.dataset.duration[video])
        )

    def _seconds(self, duration: float, clip: int) -> tuple[float, float] | None:
        """What a clip covers in a video that long."""
        units = self.model.config.num_units
        return _pair(clip_spans(units)[clip] * duration / units, duration)


def _pair(span: Any, duration: float) -> tuple[float, float] | None:
    """A span as the plots want it: None without a time axis, and an instant a little widened."""
    start, end = map(float, span)
    if math.isnan(duration):
        return None
    return start, max(end, min(start + 0.01 * duration, duration))
