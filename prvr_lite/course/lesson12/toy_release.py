"""Writes a data set the way the authors of MS-SL++ distribute theirs: to practise on, and to test.

The inverse of :func:`prvr_lite.paper.convert.convert_release`.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

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
    to ``TextData`` in the collection's own form: ``tvr_<split>_release.jsonl``; ActivityNet's
    ``train.json`` and ``val_1.json`` (of all that is not train); ``charades_sta_<split>.txt``,
    which knows no durations. Queries whose times are unknown are left out there.

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
        queries = np.flatnonzero(np.isin(table.query_video, videos))
        pairs = [(names[row], table.query_text[row]) for row in queries]
        if pairs:
            write_captions(text / f"{collection}{split}.caption.txt", pairs)
    for name, content in _times(table, collection).items():
        (text / name).write_text(content, encoding="utf-8", newline="\n")
    return base


def _times(table: FeatureTable, collection: str) -> dict[str, str]:
    """Returns the files of timestamps in the collection's own form: name -> content."""
    lines, videos = defaultdict[str, str](str), defaultdict[str, dict[str, Any]](dict)
    for split, row in _timed(table):
        video, times = table.video_id[table.query_video[row]], table.moment[row].tolist()
        duration = float(table.duration[table.query_video[row]])
        sentence = " ".join(table.query_text[row].split())
        if collection == "tvr":
            line = {"vid_name": video, "desc": sentence, "ts": times, "duration": duration}
            lines[f"tvr_{split}_release.jsonl"] += json.dumps(line) + "\n"
        elif collection == "charades":
            span = "{:.9g} {:.9g}".format(*times)
            lines[f"charades_sta_{split}.txt"] += f"{video} {span}##{sentence}\n"
        else:
            empty = {"duration": duration, "timestamps": [], "sentences": []}
            part = videos["train.json" if split == "train" else "val_1.json"]
            entry = part.setdefault(video, empty)
            entry["timestamps"].append(times)
            entry["sentences"].append(sentence)
    return lines | {name: json.dumps(part) for name, part in videos.items()}


def _timed(table: FeatureTable) -> Iterator[tuple[str, int]]:
    """Yields split and row of the queries whose times are known."""
    known = np.isfinite(table.moment).all(1)
    for split, videos in table.splits.items():
        for row in np.flatnonzero(known & np.isin(table.query_video, videos)).tolist():
            yield split, row
