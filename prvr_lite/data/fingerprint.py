"""Is this the same data set? A few letters that differ where anything that counts does."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from prvr_lite.data.dataset import Dataset


def fingerprint(dataset: Dataset) -> str:
    """16 hexadecimal digits of a data set's names, ids, sizes, splits, moments and first features.

    The big matrices are not read: of the features only those of the first and the last video and
    query enter.
    """
    found = hashlib.sha256()
    texts = (dataset.name, dataset.visual_model, dataset.text_model)
    for text in (*texts, *dataset.video_id, *dataset.query_id):
        found.update(text.encode() + b"\0")
    columns = [dataset.frame_offset, dataset.word_offset, dataset.query_video, dataset.moment]
    columns += [rows for _, rows in sorted(dataset.splits.items())]
    if len(dataset.video_id):
        columns += dataset.frames_of([0, len(dataset.video_id) - 1])
    if len(dataset.query_id):
        columns += dataset.words_of([0, len(dataset.query_id) - 1])
    for column in columns:
        found.update(str(column.shape).encode() + np.ascontiguousarray(column).tobytes())
    return found.hexdigest()[:16]


def identity(dataset: Dataset) -> dict[str, Any]:
    """What tells a reader, and a computer, which data set this is."""
    sizes = [len(dataset.video_id), len(dataset.query_id), int(dataset.frame_offset[-1])]
    return {
        "name": dataset.name,
        "videos, queries, frames": sizes,
        "fingerprint": fingerprint(dataset),
    }


def hash_fraction(video_id: str) -> float:
    """A number in 0..1 that depends on the id alone: the same on every machine."""
    digest = hashlib.sha256(video_id.encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
