"""A little world that can be learned in seconds: a video holds things, a query asks for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prvr_lite.config import ModelConfig, TrainConfig
from prvr_lite.data.columns import FeatureTable
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features

VISUAL, QUERY = 7, 5
SMALL = ModelConfig(
    visual_dim=VISUAL,
    query_dim=QUERY,
    hidden_dim=12,
    num_heads=3,
    num_units=6,
    max_frames=10,
    max_words=4,
    num_clusters=5,
)
QUICK = TrainConfig(
    epochs=3, batch_videos=4, hard_negatives_from=1, learning_rate=2e-3, patience=None
)


def toy_table(videos: int = 24, seed: int = 0) -> FeatureTable:
    """Films of 4-19 frames; each of their two queries tells of one stretch of frames in them."""
    rng = np.random.default_rng(seed)
    frames, words, spans = [], [], []
    to_words = np.random.default_rng(99).standard_normal((VISUAL, QUERY))
    for _ in range(videos):
        film = 0.3 * rng.standard_normal((rng.integers(4, 20), VISUAL))
        for start in (0, len(film) // 2):
            thing = rng.standard_normal(VISUAL)
            film[start : start + 2] += 2 * thing
            length = rng.integers(1, 7)
            words.append(thing @ to_words + 0.1 * rng.standard_normal((length, QUERY)))
            spans.append([start / 2, start / 2 + 1])
        frames.append(film)
    rows = np.arange(videos)
    return FeatureTable(
        name="toy",
        description="things in films",
        license="CC0",
        visual_model="none",
        text_model="none",
        video_id=[f"film{v}" for v in rows],
        duration=np.array([len(film) / 2 for film in frames], "f4"),
        frame_offset=np.cumsum([0, *map(len, frames)]),
        frame=np.concatenate(frames).astype("f4"),
        query_id=[f"film{q // 2}#{q % 2}" for q in range(2 * videos)],
        query_text=[f"thing {q % 2} of film {q // 2}" for q in range(2 * videos)],
        query_video=np.repeat(rows, 2),
        moment=np.array(spans, "f4"),
        word_offset=np.cumsum([0, *map(len, words)]),
        word=np.concatenate(words).astype("f4"),
        splits={"train": rows[: videos // 2], "val": rows[videos // 2 : -6], "test": rows[-6:]},
        relevant=np.stack([np.arange(2 * videos), np.repeat(rows, 2)], axis=1),
    )


def toy_dataset(folder: Path, **kwargs: int) -> Dataset:
    path = folder / "toy.h5"
    write_features(path, toy_table(**kwargs))
    return open_features(path)
