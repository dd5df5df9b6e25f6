"""Tells data sets apart: a short fingerprint that differs where the data sets differ.

A checkpoint and an index belong to one data set. They keep its fingerprint, so that nobody goes on
with them on another data set by mistake.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from prvr_lite.data.dataset import Dataset


def fingerprint(dataset: Dataset) -> str:
    """Returns a fingerprint: 16 hexadecimal digits that differ between data sets that differ.

    They depend on names, ids, sizes, splits and moments. Of the features only those of the first
    and the last video and query count, so that the big matrices need not be read.
    """
    digest = hashlib.sha256()
    texts = (dataset.name, dataset.visual_model, dataset.text_model)
    for text in (*texts, *dataset.video_id, *dataset.query_id):
        digest.update(text.encode() + b"\0")
    columns = [dataset.frame_offset, dataset.word_offset, dataset.query_video, dataset.moment]
    columns += [rows for _, rows in sorted(dataset.splits.items())]
    if len(dataset.video_id):
        columns += dataset.frames_of([0, len(dataset.video_id) - 1])
    if len(dataset.query_id):
        columns += dataset.words_of([0, len(dataset.query_id) - 1])
    for column in columns:
        digest.update(str(column.shape).encode() + np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:16]


def dataset_summary(dataset: Dataset) -> dict[str, Any]:
    """Returns what says which data set this is: its name and sizes for readers, its fingerprint."""
    sizes = [len(dataset.video_id), len(dataset.query_id), int(dataset.frame_offset[-1])]
    return {
        "name": dataset.name,
        "videos, queries, frames": sizes,
        "fingerprint": fingerprint(dataset),
    }


def hash_fraction(video_id: str) -> float:
    """Returns a number in 0..1 that depends on the id alone: it is the same on every machine."""
    digest = hashlib.sha256(video_id.encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
