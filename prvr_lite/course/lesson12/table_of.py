"""A data set that is open, back in memory: to write some of its videos elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prvr_lite.data.columns import ATTRIBUTES, Array, FeatureTable
from prvr_lite.data.dataset import Dataset


def table_of(dataset: Dataset, videos: Sequence[int] | Array | None = None) -> FeatureTable:
    """Returns some videos of a data set with their queries, as a table that can be written.

    Videos, queries and splits keep their order; splits without any of the videos are left out.
    What other things there are (thumbnails, siblings, further true answers, steps) is left out too.

    Args:
        dataset: an open feature file.
        videos: rows of videos; None: all.

    Raises:
        IndexError: there is no such video.
        ValueError: none is asked for.
    """
    total = len(dataset.video_id)
    kept = np.arange(total) if videos is None else np.unique(np.asarray(videos, np.int64))
    row = np.full(total, -1)  # old row -> new one
    row[kept] = np.arange(len(kept))
    queries = np.flatnonzero(row[dataset.query_video] >= 0)
    frames, words = dataset.frames_of(kept), dataset.words_of(queries)
    splits = {name: row[rows][row[rows] >= 0] for name, rows in dataset.splits.items()}
    return FeatureTable(
        **{attribute: getattr(dataset, attribute) for attribute in ATTRIBUTES},
        video_id=[dataset.video_id[v] for v in kept],
        duration=dataset.duration[kept],
        frame_offset=np.cumsum([0, *map(len, frames)]),
        frame=np.concatenate(frames),
        query_id=[dataset.query_id[q] for q in queries],
        query_text=[dataset.query_text[q] for q in queries],
        query_video=row[dataset.query_video[queries]],
        moment=dataset.moment[queries],
        word_offset=np.cumsum([0, *map(len, words)]),
        word=np.concatenate(words),
        splits={name: rows for name, rows in splits.items() if len(rows)},
    )
