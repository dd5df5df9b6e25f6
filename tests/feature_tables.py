"""Small feature tables for the tests."""

from __future__ import annotations

import numpy as np

from prvr_lite.data.columns import FeatureTable, Projection


def ragged_table(
    frames: list[int], words: list[int], precision: str = "f4", seed: int = 0
) -> FeatureTable:
    """A table of videos with so many frames and queries with so many words; nothing optional."""
    rng = np.random.default_rng(seed)
    video = rng.integers(0, len(frames), len(words))
    duration = rng.uniform(10, 60, len(frames)).astype("f4")
    moment = np.sort(rng.uniform(0, 10, (len(words), 2)), axis=1).astype("f4")
    return FeatureTable(
        name="tiny",
        description="made up",
        license="CC0",
        visual_model="none",
        text_model="none",
        video_id=[f"video{row}" for row in range(len(frames))],
        duration=duration,
        frame_offset=np.cumsum([0, *frames]),
        frame=rng.standard_normal((sum(frames), 3)).astype(precision),
        query_id=[f"query{row}" for row in range(len(words))],
        query_text=[f"caption {row}" for row in range(len(words))],
        query_video=video,
        moment=moment,
        word_offset=np.cumsum([0, *words]),
        word=rng.standard_normal((sum(words), 2)).astype(precision),
        splits={"train": np.arange(len(frames))},
    )


def full_table(precision: str = "f4") -> FeatureTable:
    """4 videos and 5 queries, with every optional column."""
    table = ragged_table([2, 3, 1, 4], [1, 4, 2, 3, 1], precision)
    table.query_video = np.array([0, 1, 1, 3, 3])
    table.duration = np.array([20, np.nan, 12, 30], "f4")
    table.moment = np.array([[1, 5], [2, 99], [np.nan, np.nan], [0, 30], [4, 4]], "f4")
    table.query_text = ["Ein Bär tanzt", "熊在跳舞", "🐻 danse", "a bear", ""]
    table.splits = {"train": np.array([2, 0]), "val": np.array([1]), "test": np.array([3])}
    table.thumbnail = [b"\x89a", b"", b"b\0", b"", b"", b"c", b"", b"", b"", b"\0"]
    table.group = np.array([0, 0, 1, 1])
    table.relevant = np.array([[0, 0], [0, 2], [1, 1], [2, 1], [3, 3], [4, 3]])
    table.step_query = np.array([1, 1, 3])
    table.step_span = np.array([[2, 50], [50, 99], [0, 3]], "f4")
    rng = np.random.default_rng(1)
    shapes = [(7,), (7, 3), (5,), (5, 2)]
    table.projection = Projection(*(rng.standard_normal(shape).astype("f4") for shape in shapes))
    return table
