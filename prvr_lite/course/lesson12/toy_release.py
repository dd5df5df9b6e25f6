"""Writes a data set the way the authors of MS-SL++ distribute theirs: to practise on, and to test.

The inverse of :func:`prvr_lite.paper.convert.convert_release`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from itertools import chain
from pathlib import Path

import h5py
import numpy as np

from prvr_lite.data.columns import FeatureTable
from prvr_lite.files import trust_hdf5
from prvr_lite.paper.bigfile import write_bigfile
from prvr_lite.paper.captions import write_captions
from prvr_lite.paper.frame_lists import NAME, write_frame_lists
from prvr_lite.paper.layout import COLLECTIONS


def write_release(table: FeatureTable, root: str | os.PathLike[str], collection: str) -> Path:
    """Writes a feature table in the layout of a release, timestamps included.

    Queries are renamed to ``<video>#enc#<n>``, n counting the queries of a video from 0. Times go
    to ``<collection>_<split>_release.jsonl`` in ``TextData``, in TVR's form. Queries whose times
    are unknown are left out there.

    Args:
        table: the data set. Ids must have no white space, quotes or ``#``; features become
            float32.
        root: the collection's folder is made in it.
        collection: "tvr", "activitynet" or "charades".

    Returns:
        The collection's folder.

    Raises:
        ValueError: an unknown collection, or ids that the layout can't hold.
    """
    if collection not in COLLECTIONS:
        raise ValueError(f"no collection {collection!r}: take one of {', '.join(COLLECTIONS)}")
    for name in table.video_id:
        if "#" in name:
            raise ValueError(f"video id {name!r} has a '#', where the layout ends a video's id")
    base = Path(root) / collection
    frames, text = base / "FeatureData" / COLLECTIONS[collection].feature, base / "TextData"
    text.mkdir(parents=True, exist_ok=True)
    lists = {
        name: [f"{name}_{frame}" for frame in range(count)]
        for name, count in zip(table.video_id, np.diff(table.frame_offset), strict=True)
    }
    write_bigfile(frames, list(chain.from_iterable(lists.values())), table.frame)
    write_frame_lists(frames / NAME, lists)
    names, count = [], Counter[int]()
    for video in np.asarray(table.query_video).tolist():
        names.append(f"{table.video_id[video]}#enc#{count[video]}")
        count[video] += 1
    words = text / f"roberta_{collection}_query_feat.hdf5"
    with h5py.File(words, "w") as file:
        for name, rows in zip(names, np.split(table.word, table.word_offset[1:-1]), strict=True):
            file[name] = rows.astype(np.float32)
    trust_hdf5(words)
    for split, videos in table.splits.items():
        queries = np.flatnonzero(np.isin(table.query_video, videos)).tolist()
        pairs = [(names[row], table.query_text[row]) for row in queries]
        if pairs:
            write_captions(text / f"{collection}{split}.caption.txt", pairs)
        lines = [_times(table, row) for row in queries if np.isfinite(table.moment[row]).all()]
        if lines:
            path = text / f"{collection}_{split}_release.jsonl"
            path.write_text("".join(lines), encoding="utf-8", newline="\n")
    return base


def _times(table: FeatureTable, query: int) -> str:
    """Returns what a query is about, and when, as a line of JSON."""
    video = table.query_video[query]
    line = {
        "vid_name": table.video_id[video],
        "desc": " ".join(table.query_text[query].split()),
        "ts": table.moment[query].tolist(),
        "duration": float(table.duration[video]),
    }
    return json.dumps(line) + "\n"
