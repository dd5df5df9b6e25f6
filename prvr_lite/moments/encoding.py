"""Encodes videos for finding moments: their units, and when each unit is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.data.batches import InputReader, pooled_times
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.clips import clip_spans, multi_scale_clips
from prvr_lite.model.records import TensorRecord, VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.moments.clip_seconds import frames_and_duration
from prvr_lite.search.searcher import encode_words

BATCH_VIDEOS = 64
CLIPS_OF = "'mssl++' or 'mssl'"
HALF_HEIGHT = 0.5  # the best of 0.3, 0.4, ..., 0.7 on the sample's val split


@dataclass(frozen=True)
class ClipEncoding(TensorRecord):
    """V videos, encoded to score their moments: every clip is a window over encoded units.

    Attributes:
        units: [V, n, H] encoded units.
        norm: [V, N] length of each clip's vector, in the order of ``clip_spans``.
        medoids: [V, K] the clips that MS-SL++ keeps.
        attended: [V, K] the clips whose frames each medoid attends (:func:`attended_clips`).
        times: [V, n, 2] start and end of each unit, s (:func:`pooled_times`).
    """

    units: Tensor
    norm: Tensor
    medoids: Tensor
    attended: Tensor
    times: Tensor

    def seconds(self, clips: Tensor, videos: Tensor | None = None) -> Tensor:
        """Returns start and end of clips, [P, k, 2] s; NaN where a clip is -1.

        Args:
            clips: [P, k] rows among the N.
            videos: [P, k] the video of each clip; by default row p belongs to video p.
        """
        if videos is None:
            videos = torch.arange(len(self), device=clips.device)[:, None]
        units = clip_spans(self.units.shape[1]).to(clips.device)[clips]  # [P, k, 2]
        start = self.times[videos, units[..., 0], 0]  # [P, k]
        end = self.times[videos, units[..., 1] - 1, 1]
        return torch.stack([start, end], -1).masked_fill((clips < 0)[..., None], torch.nan)


@dataclass(frozen=True)
class EncodedSplit:
    """A split's videos and queries, encoded once and kept on the model's device.

    It takes about V (n H + N) + Q H numbers of memory: 6 MB for the sample's test split, 0.13 GB
    for TVR's.

    Attributes:
        clips: the V videos, in the order of ``dataset.videos_in``.
        queries: [Q, H] the queries, in the order of ``dataset.queries_in``.
        own: [Q] the row of each query's video among the V.
        moment: [Q, 2] start and end of the answer, s; NaN where unknown.
    """

    clips: ClipEncoding
    queries: Tensor
    own: Tensor
    moment: Tensor


def encode_split(
    model: RetrievalModel, dataset: Dataset, split: str, *, reader: InputReader | None = None
) -> EncodedSplit:
    """Encodes a split, to train a span head on it or to score its moments several times.

    Args:
        reader: the reader of an earlier call, to use its pooled inputs again.

    Raises:
        ValueError: the split has no queries, or as :func:`encode_clips`.
    """
    reader = reader or InputReader(dataset, model.config)
    videos, queries = dataset.videos_in(split), split_queries(dataset, split)
    parts = [
        encode_clips(model, reader, videos[start : start + BATCH_VIDEOS])[0]
        for start in range(0, len(videos), BATCH_VIDEOS)
    ]
    return with_queries(model, reader, ClipEncoding.join(parts), videos, queries)


def with_queries(
    model: RetrievalModel, reader: InputReader, clips: ClipEncoding, videos: Any, queries: Any
) -> EncodedSplit:
    """Puts encoded videos together with queries about them; both are rows of the data set."""
    dataset = reader.dataset
    place = np.full(len(dataset.video_id), -1)
    place[videos] = np.arange(len(videos))
    video_of_query = torch.from_numpy(place[dataset.query_video[queries]]).to(model.device)
    moment = torch.from_numpy(dataset.moment[queries]).to(model.device)
    return EncodedSplit(clips, encode_query_rows(model, reader, queries), video_of_query, moment)


def split_queries(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Returns the rows of a split's queries, [Q].

    Raises:
        ValueError: the split has no queries.
    """
    queries: NDArray[np.int64] = dataset.queries_in(split)
    if not len(queries):
        raise ValueError(
            f"{dataset.path}: no query belongs to split {split!r}: there is nothing to find"
        )
    return queries


@torch.no_grad()  # not inference_mode, see encode_clips
def encode_query_rows(model: RetrievalModel, reader: InputReader, queries: Any) -> Tensor:
    """Encodes rows of queries, 1024 at a time -> [Q, H]."""
    model.eval()
    some = (queries[start : start + 1024] for start in range(0, len(queries), 1024))
    return torch.cat([encode_words(model, *reader.queries(rows)) for rows in some])


@torch.no_grad()  # not inference_mode: a span head may be trained on what comes out
def encode_clips(
    model: RetrievalModel, reader: InputReader, videos: Any
) -> tuple[ClipEncoding, VideoEncoding]:
    """Encodes rows of videos: what moments are scored from, and what videos are ranked by.

    Raises:
        ValueError: the model has no clips, or the duration of a video is unknown.
    """
    if not model.has_clips:
        raise ValueError(f"{type(model).__name__} has no clips to find moments by: use {CLIPS_OF}")
    if not model.guides_frames:
        raise ValueError(
            f"{type(model).__name__} has no key clip guided attention to find moments by: use "
            f"{CLIPS_OF}"
        )
    model.eval()
    n = model.config.num_units
    count, duration = frames_and_duration(reader.dataset, videos)
    times = pooled_times(count, duration, n)
    used = np.minimum(count, model.config.max_frames)
    units, frames, mask = (t.to(model.device) for t in reader.videos(videos))
    encoded = model.encode_units(units)  # [V, n, H]
    norm = multi_scale_clips(encoded).norm(dim=-1).clamp(min=1e-12)  # [V, N]
    whole = model.encode_videos(units, frames, mask)
    unit_times = torch.from_numpy(times).to(encoded)
    frame_times = torch.from_numpy(pooled_times(count, duration, used)).to(encoded)  # [V, T, 2]
    encoded_frames, _ = whole.frames_with_mask()  # [V, T, H]
    runs = peak_runs(model.attention_scores(whole.clips, encoded_frames), mask)  # [V, K, 2]
    attended = attended_clips(runs, frame_times, unit_times)
    return ClipEncoding(encoded, norm, whole.clip_index, attended, unit_times), whole


def peak_runs(score: Tensor, mask: Tensor, share: float = HALF_HEIGHT) -> Tensor:
    """Returns the frames around each clip's best frame that key clip guided attention scores high.

    It uses the scores before the softmax: they differ by about 60 here, so that the softmax would
    leave almost nothing of all frames but one. From the best frame a run goes to both sides as far
    as the score stays above low + share * (peak - low), where low is the lowest score in the video.

    Args:
        score: [V, K, T] (W1 f_t) . c_k.
        mask: [V, T] bool, True on real frames.

    Returns:
        first and one-past-last frame, [V, K, 2].
    """
    real, place = mask[:, None], torch.arange(score.shape[2], device=score.device)  # [V, 1, T], [T]
    low = score.masked_fill(~real, torch.inf).amin(2, keepdim=True)  # [V, K, 1]
    peak = score.masked_fill(~real, -torch.inf).max(2, keepdim=True)
    out = ~real | (score < torch.lerp(low, peak.values, share))  # [V, K, T]
    out = out & (place != peak.indices)  # lerp rounds, and must not lose the peak itself
    start = torch.where(out & (place < peak.indices), place, -1).amax(2) + 1
    end = torch.where(out & (place > peak.indices), place, len(place)).amin(2)
    return torch.stack([start, end], dim=-1)


def attended_clips(runs: Tensor, frame_times: Tensor, unit_times: Tensor) -> Tensor:
    """Returns the clip whose borders are nearest to those of each run of frames, [V, K] rows of N.

    Args:
        runs: [V, K, 2] frames, from :func:`peak_runs`.
        frame_times, unit_times: [V, T, 2] and [V, n, 2] s.
    """
    video, n = torch.arange(len(runs), device=runs.device)[:, None], unit_times.shape[1]
    start = frame_times[video, runs[..., 0], 0][..., None]  # [V, K, 1] s
    end = frame_times[video, runs[..., 1] - 1, 1][..., None]
    first = (unit_times[:, None, :, 0] - start).abs().argmin(2)  # [V, K]
    last = torch.maximum((unit_times[:, None, :, 1] - end).abs().argmin(2), first)
    longer = last - first  # units beyond the first; clips are in order of length, then of start
    return longer * n - longer * (longer - 1) // 2 + first
