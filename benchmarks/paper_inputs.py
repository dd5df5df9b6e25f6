"""A release of TVR's size: its own ids, captions and times if at hand; random features."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from prvr_lite.paper.annotations import Annotation, read_annotations
from prvr_lite.paper.captions import Caption, write_captions
from prvr_lite.paper.frame_lists import NAME, write_frame_lists

TVR = "tvr_val_release.jsonl"
FRAMES_A_SECOND = 2  # assumed; 76 s on average make 152 frames
BLOCK = 4096  # frames written at a time


@dataclass(frozen=True)
class Sizes:
    """How large a made-up release is."""

    videos: int = 2179
    queries: int = 5  # of each video
    visual_dim: int = 3072
    query_dim: int = 768


def tvr_annotations(folder: Path | None, sizes: Sizes, seed: int) -> list[Annotation]:
    """TVR's val annotations (jayleicn/TVRetrieval), of the first videos; or made-up ones."""
    if folder is None:
        return made_up(sizes, seed)
    annotations = read_annotations(folder / TVR)
    videos = set(list(dict.fromkeys(a.video for a in annotations))[: sizes.videos])
    return [annotation for annotation in annotations if annotation.video in videos]


def made_up(sizes: Sizes, seed: int) -> list[Annotation]:
    """Videos of 50 to 100 s with sentences of 6 to 20 words; the times of each anywhere in it."""
    rng = np.random.default_rng(seed)
    annotations = []
    for video in range(sizes.videos):
        duration = round(float(rng.uniform(50, 100)), 2)
        for _ in range(sizes.queries):
            start, end = np.sort(rng.uniform(0, duration, 2)).round(2).tolist()
            text = " ".join(f"word{w}" for w in rng.integers(0, 5000, rng.integers(6, 21)))
            annotations.append(Annotation(f"show_clip_{video:05d}", text, start, end, duration))
    return annotations


def captions_of(annotations: list[Annotation]) -> list[Caption]:
    """The caption of every annotation: the n-th of a video is its ``#enc#n``."""
    number: dict[str, int] = defaultdict(int)
    captions = []
    for video, text, *_ in annotations:
        name = f"{video}#enc#{number[video]}"
        captions.append(Caption(name, video, number[video], " ".join(text.split())))
        number[video] += 1
    return captions


def write_tvr(root: Path, annotations: list[Annotation], sizes: Sizes, seed: int) -> int:
    """Writes the release; its videos are its test split. Returns the number of frames."""
    text, big = root / "tvr" / "TextData", root / "tvr" / "FeatureData" / "i3d_resnet"
    text.mkdir(parents=True)
    big.mkdir(parents=True)
    captions = captions_of(annotations)
    write_captions(text / "tvrtest.caption.txt", [(c.id, c.text) for c in captions])
    keys = ("vid_name", "desc", "ts", "duration")
    lines = [
        json.dumps(dict(zip(keys, (a.video, a.text, [a.start, a.end], a.duration), strict=True)))
        for a in annotations
    ]
    (text / "tvr_test_release.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rng = np.random.default_rng(seed)
    with h5py.File(text / "roberta_tvr_query_feat.hdf5", "w") as file:
        for caption in captions:  # word pieces: about 1.2 a word, and a start and an end
            pieces = round(1.2 * len(caption.text.split())) + 2
            file[caption.id] = rng.standard_normal((pieces, sizes.query_dim), dtype=np.float32)
    lengths = {a.video: max(1, round(a.duration * FRAMES_A_SECOND)) for a in annotations}
    lists = {v: [f"{v}_{frame}" for frame in range(count)] for v, count in lengths.items()}
    write_frame_lists(big / NAME, lists)
    ids = [name for names in lists.values() for name in names]
    (big / "id.txt").write_text(" ".join(ids), encoding="iso-8859-1")
    (big / "shape.txt").write_text(f"{len(ids)} {sizes.visual_dim}", encoding="iso-8859-1")
    with (big / "feature.bin").open("wb") as file:
        for start in range(0, len(ids), BLOCK):
            rows = min(BLOCK, len(ids) - start)
            block = rng.standard_normal((rows, sizes.visual_dim), dtype=np.float32)
            file.write(block.astype("<f4", copy=False).data)
    return len(ids)
