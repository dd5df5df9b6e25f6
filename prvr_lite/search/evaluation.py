"""How well a model finds the videos of a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.records import Similarity
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.metrics import retrieval_metrics
from prvr_lite.search.searcher import Searcher

QUERIES = 2048  # queries whose words are in memory at a time


@dataclass(frozen=True)
class Evaluation:
    """What a model makes of a split.

    Attributes:
        split: its name.
        fused, clip, frame: :func:`prvr_lite.retrieval_metrics` of S, S_c and S_f; the
            last is None in models without a frame scale.
        similarity: the scores themselves, [Q, V] on the CPU.
        relevant: [Q, V] bool, the correct videos of each query.
        queries, videos: their rows in the data set.
    """

    split: str
    fused: dict[str, float]
    clip: dict[str, float]
    frame: dict[str, float] | None
    similarity: Similarity
    relevant: np.ndarray[Any, np.dtype[np.bool_]]
    queries: np.ndarray[Any, np.dtype[np.int64]]
    videos: np.ndarray[Any, np.dtype[np.int64]]


def evaluate(
    model: RetrievalModel,
    dataset: Dataset,
    split: str = "test",
    *,
    alpha: float | None = None,
    several: bool = False,
    reader: InputReader | None = None,
) -> Evaluation:
    """Ranks the videos of a split for each of its queries; the model is left in eval mode.

    Args:
        model: where its parameters are, is where it is run.
        dataset: an open feature file with features of the model's sizes.
        split: "train", "val" or "test".
        alpha: weight of the clip scale; None: the model's.
        several: count every video that truly answers a query as correct (the file's ``relevant``
            table); by default only the one its caption was written for, as the field does.
        reader: reuse the pooled inputs of an earlier call.

    Raises:
        ValueError: ``several`` without such a table, or a split without queries.
    """
    reader = reader or InputReader(dataset, model.config, memory=0)  # every video is read once
    searcher = Searcher.of_split(model, dataset, split, reader=reader)
    queries, videos = dataset.queries_in(split), dataset.videos_in(split)
    if not len(queries):
        raise ValueError(f"{dataset.path}: no query belongs to split {split!r}: choose another")
    similarity = _score(searcher, reader, queries)
    relevant = relevant_matrix(dataset, queries, videos, several=several)
    both = similarity.fused(model.config.alpha if alpha is None else alpha)
    fused, clip = retrieval_metrics(both, relevant), retrieval_metrics(similarity.clip, relevant)
    frame = None if similarity.frame is None else retrieval_metrics(similarity.frame, relevant)
    return Evaluation(split, fused, clip, frame, similarity, relevant, queries, videos)


def _score(searcher: Searcher, reader: InputReader, queries: NDArray[np.int64]) -> Similarity:
    """Returns scores of many queries, [Q, V] on the CPU; pads queries of like length together."""
    order = np.arange(len(queries))
    if len(queries) > QUERIES:
        order = np.argsort(np.diff(reader.dataset.word_offset)[queries], kind="stable")
    clip = torch.empty(len(queries), len(searcher))
    frame, key_clip = torch.empty_like(clip), torch.empty_like(clip, dtype=torch.int64)
    for start in range(0, len(queries), QUERIES):
        part = order[start : start + QUERIES]
        scores = searcher.score(*reader.queries(queries[part]))
        clip[part], key_clip[part] = scores.clip.to(clip), scores.key_clip.to(key_clip)
        if scores.frame is not None:
            frame[part] = scores.frame.to(frame)
    return Similarity(clip, None if scores.frame is None else frame, key_clip)


def relevant_matrix(
    dataset: Dataset, queries: Any, videos: Any, *, several: bool
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Returns which of the given videos answer which of the given queries, [Q, V] bool.

    Raises:
        ValueError: ``several`` without a table of all relevant videos in the file.
    """
    query_row, video_row = np.asarray(queries), np.asarray(videos)
    if not several:
        return np.asarray(dataset.query_video[query_row][:, None] == video_row)
    if dataset.relevant is None:
        raise ValueError(f"{dataset.path} has no table of all relevant videos: use several=False")
    place_q, place_v = np.full(len(dataset.query_id), -1), np.full(len(dataset.video_id), -1)
    place_q[query_row], place_v[video_row] = np.arange(len(query_row)), np.arange(len(video_row))
    query, video = place_q[dataset.relevant[:, 0]], place_v[dataset.relevant[:, 1]]  # [R], -1: none
    here = (query >= 0) & (video >= 0)
    table = np.zeros((len(query_row), len(video_row)), dtype=bool)
    table[query[here], video[here]] = True
    return table


def two_step(dataset: Dataset, queries: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Returns which of these query rows describe a moment that has several steps, [Q] bool."""
    unfolding: Any = () if dataset.step_query is None else dataset.step_query
    return np.isin(np.asarray(queries), unfolding)
