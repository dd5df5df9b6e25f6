"""Small releases in the authors' layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from prvr_lite.course.lesson12.toy_release import write_release
from prvr_lite.data.columns import FeatureTable
from prvr_lite.files import trust_hdf5
from prvr_lite.paper.layout import COLLECTIONS

VISUAL, WORDS = 6, 5
TEXTS = (
    "Ross opens the door.",
    "Person is PUTTING a book, on the shelf!",
    "a dog runs",
    "The café's owner — smiling — waves.",
)


def release_table(videos: int = 12, seed: int = 0) -> FeatureTable:
    """Videos of 1 to 9 frames with 1 to 4 queries each; two of three train, the others test."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10, videos)
    queries = np.repeat(np.arange(videos), rng.integers(1, 5, videos))
    words = rng.integers(1, 7, len(queries))
    number = np.concatenate([np.arange(n) for n in np.bincount(queries)])
    duration = rng.uniform(10, 60, videos).astype("f4")
    times = np.sort(rng.uniform(0, 1, (len(queries), 2)), axis=1) * duration[queries, None]
    test = np.arange(videos) % 3 == 2
    return FeatureTable(
        name="toy",
        description="made up",
        license="CC0",
        visual_model="none",
        text_model="none",
        video_id=[f"show_s01e{v:02d}_clip_{v}" for v in range(videos)],
        duration=duration,
        frame_offset=np.cumsum([0, *counts]),
        frame=rng.standard_normal((counts.sum(), VISUAL)).astype("f4"),
        query_id=[f"q{q}" for q in range(len(queries))],
        query_text=[f"{TEXTS[n]}" for n in number],
        query_video=queries,
        moment=times.astype("f4"),
        word_offset=np.cumsum([0, *words]),
        word=rng.standard_normal((words.sum(), WORDS)).astype("f4"),
        splits={"train": np.flatnonzero(~test), "test": np.flatnonzero(test)},
    )


def small_release(root: Path, collection: str = "tvr", per_video: bool = False) -> FeatureTable:
    """Writes one, with times in the collection's usual form; returns what is in it."""
    table = release_table()
    base = write_release(table, root, collection)
    if collection != "tvr":
        times_in_usual_form(base / "TextData", collection)
    if per_video:
        frames_by_video(table, root, collection)
    return table


def times_in_usual_form(text: Path, collection: str) -> None:
    """Writes ActivityNet's ``train.json`` and ``val_1.json``, or ``charades_sta_<split>.txt``."""
    for path in text.glob("*_release.jsonl"):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        split = path.name.split("_")[1]
        path.unlink()
        if collection == "charades":  # it knows no durations
            lines = [
                "{} {:.9g} {:.9g}##{}\n".format(row["vid_name"], *row["ts"], row["desc"])
                for row in rows
            ]
            (text / f"charades_sta_{split}.txt").write_text("".join(lines), "utf-8", newline="\n")
            continue
        videos: dict[str, dict[str, Any]] = {}
        for row in rows:
            empty = {"duration": row["duration"], "timestamps": [], "sentences": []}
            entry = videos.setdefault(row["vid_name"], empty)
            entry["timestamps"].append(row["ts"])
            entry["sentences"].append(row["desc"])
        name = "train.json" if split == "train" else "val_1.json"
        (text / name).write_text(json.dumps(videos), encoding="utf-8")


def frames_by_video(table: FeatureTable, root: Path, collection: str) -> None:
    """Replaces the BigFile of a release by an HDF5 file of videos, as later releases have it."""
    folder = root / collection / "FeatureData" / COLLECTIONS[collection].feature
    shutil.rmtree(folder)
    path = folder.with_name(f"{folder.name}.hdf5")
    with h5py.File(path, "w") as file:
        frames = np.split(table.frame, table.frame_offset[1:-1])
        for video, rows in zip(table.video_id, frames, strict=True):
            file[video] = rows.astype(np.float32)
    trust_hdf5(path)
