"""Writes a data set the way the authors of MS-SL++ distribute theirs: to practise on, and to test.

The inverse of :func:`prvr_lite.paper.convert.convert_release`.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

import h5py
import numpy as np

from prvr_lite.data.columns import FeatureTable
from prvr_lite.files import trust_hdf5
from prvr_lite.paper.bigfile import write_bigfile
from prvr_lite.paper.captions import write_captions
from prvr_lite.paper.frame_lists import NAME, write_frame_lists
from prvr_lite.paper.layout import COLLECTIONS


def write_release(
    table: FeatureTable,
    root: str | os.PathLike[str],
    collection: str,
    *,
    per_video: bool = False,
) -> Path:
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
        per_video: one HDF5 file of videos in place of the BigFile, as later releases have it.

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
    text = base / "TextData"
    text.mkdir(parents=True, exist_ok=True)
    _write_frames(table, base / "FeatureData" / COLLECTIONS[collection].feature, per_video)
    for name in ("train.json", "val_1.json"):  # written video by video, below
        (text / name).unlink(missing_ok=True)
    names = _caption_ids(table)
    words = text / f"roberta_{collection}_query_feat.hdf5"
    with h5py.File(words, "w") as file:
        for row, name in enumerate(names):
            start, stop = table.word_offset[row : row + 2]
            file[name] = np.asarray(table.word[start:stop], np.float32)
    trust_hdf5(words)
    for split, videos in table.splits.items():
        queries = np.flatnonzero(np.isin(table.query_video, videos)).tolist()
        pairs = [(names[row], table.query_text[row]) for row in queries]
        if pairs:
            write_captions(text / f"{collection}{split}.caption.txt", pairs)
        _WRITERS[collection](table, text, split, queries)
    return base


def _write_frames(table: FeatureTable, folder: Path, per_video: bool) -> None:
    offset = np.asarray(table.frame_offset).tolist()
    spans = list(zip(table.video_id, offset[:-1], offset[1:], strict=True))
    if per_video:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(folder.with_name(f"{folder.name}.hdf5"), "w") as file:
            for video, start, stop in spans:
                file[video] = np.asarray(table.frame[start:stop], np.float32)
        trust_hdf5(folder.with_name(f"{folder.name}.hdf5"))
        return
    lists = {
        video: [f"{video}_{frame}" for frame in range(stop - start)] for video, start, stop in spans
    }
    write_bigfile(folder, [name for names in lists.values() for name in names], table.frame)
    write_frame_lists(folder / NAME, lists)


def _caption_ids(table: FeatureTable) -> list[str]:
    number: dict[int, int] = defaultdict(int)
    names = []
    for video in np.asarray(table.query_video).tolist():
        names.append(f"{table.video_id[video]}#enc#{number[video]}")
        number[video] += 1
    return names


def _timed(table: FeatureTable, queries: list[int]) -> list[tuple[str, str, list[float], float]]:
    """Returns video, text, times and duration of the queries whose times are known."""
    return [
        (
            table.video_id[int(table.query_video[row])],
            " ".join(table.query_text[row].split()),
            [float(second) for second in table.moment[row]],
            float(table.duration[int(table.query_video[row])]),
        )
        for row in queries
        if np.isfinite(table.moment[row]).all()
    ]


def _write_tvr(table: FeatureTable, text: Path, split: str, queries: list[int]) -> None:
    keys = ("vid_name", "desc", "ts", "duration")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in _timed(table, queries)]
    _write_lines(text / f"tvr_{split}_release.jsonl", lines)


def _write_activitynet(table: FeatureTable, text: Path, split: str, queries: list[int]) -> None:
    path = text / ("train.json" if split == "train" else "val_1.json")
    videos = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for video, sentence, times, duration in _timed(table, queries):
        empty = {"duration": duration, "timestamps": [], "sentences": []}
        entry = videos.setdefault(video, empty)
        entry["timestamps"].append(times)
        entry["sentences"].append(sentence)
    path.write_text(json.dumps(videos), encoding="utf-8")


def _write_charades(table: FeatureTable, text: Path, split: str, queries: list[int]) -> None:
    lines = [
        f"{video} {start:.9g} {end:.9g}##{sentence}"
        for video, sentence, (start, end), _ in _timed(table, queries)
    ]
    _write_lines(text / f"charades_sta_{split}.txt", lines)


def _write_lines(path: Path, lines: list[str]) -> None:
    if lines:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


_WRITERS = {"tvr": _write_tvr, "activitynet": _write_activitynet, "charades": _write_charades}
