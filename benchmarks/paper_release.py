"""The paper's data sets at their real size: conversion and joins (see ``paper_size`` for the rest).

    python -m benchmarks.paper_release [ANNOTATIONS_DIR] [--scratch DIR] [--videos N]

Makes a release of TVR's size in the authors' layout: 2,179 videos with 3,072 numbers per frame,
10,895 captions with 768 per word; ids, captions and times are TVR's own where ANNOTATIONS_DIR has
``tvr_val_release.jsonl``, features are random. 4 GiB, and as much for the feature file.

Then: converts it (the first videos also frame by frame, `paper_naive.py`, beside a plain copy of
their features, which no conversion can be faster than on this disk), and compares every
number with the release. Peak memory is that of the whole process. Joins are counted on captions
made from ANNOTATIONS_DIR as another clean-up would leave them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from benchmarks.measure import Row, Work, once_in_a_process, options, race, save
from benchmarks.paper_inputs import Sizes, tvr_annotations, write_tvr
from benchmarks.paper_joins import joins
from benchmarks.paper_naive import convert_naively, read_naively
from prvr_lite.data.dataset import open_features
from prvr_lite.paper.bigfile import VALUES
from prvr_lite.paper.convert import convert_release
from prvr_lite.paper.frame_lists import NAME, read_frame_lists
from prvr_lite.paper.frame_sources import BigFileFrames

BIG = Path("tvr/FeatureData/i3d_resnet")
QUICK = Sizes(videos=6, queries=2, visual_dim=12, query_dim=10)


def conversion(root: str, out: str) -> Work:
    return lambda: convert_release(root, "tvr", out, validation_part=0)


def naive_conversion(root: str, out: str) -> Work:
    return lambda: convert_naively(
        Path(root) / BIG, dict(read_frame_lists(Path(root) / BIG / NAME)), Path(out)
    )


def plain_copy(root: str, out: str) -> Work:
    """The limit of a conversion: the bytes of the features copied, and on the disk at the end."""

    def work() -> None:
        with (Path(root) / BIG / VALUES).open("rb") as source, open(out, "wb") as target:
            shutil.copyfileobj(source, target, 16 << 20)
            target.flush()
            os.fsync(target.fileno())

    return work


def naive_reading(root: str) -> Work:
    folder = Path(root) / BIG

    def work() -> None:
        for _ in read_naively(folder, dict(read_frame_lists(folder / NAME))):
            pass

    return work


def reading(root: str) -> Work:
    def work() -> None:
        source = BigFileFrames(Path(root) / BIG)
        for video in source.counts:
            np.array(source.frames(video))

    return work


def side_by_side(scratch: Path, sizes: Sizes, chosen: argparse.Namespace) -> list[Row]:
    """Reads and converts a small release frame by frame and by `prvr_lite`, in turn."""
    some = scratch / "some"
    few = tvr_annotations(chosen.annotations, replace(sizes, videos=chosen.naive), chosen.seed)
    frames = write_tvr(some, few, sizes, chosen.seed)
    rows: list[Row] = []
    for part, naive, ours in (
        ("read some", naive_reading(str(some)), reading(str(some))),
        (
            "convert some",
            naive_conversion(str(some), str(scratch / "naive.h5")),
            conversion(str(some), str(scratch / "some.h5")),
        ),
    ):
        sides = {"frame by frame": naive, "prvr_lite": ours}
        if part == "convert some":
            sides["plain copy"] = plain_copy(str(some), str(scratch / "copy.bin"))
        timing = race(sides, chosen.repeats, warm=["prvr_lite"])
        rows += [
            {
                "part": part,
                "side": side,
                "videos": len({a.video for a in few}),
                "frames": frames,
                "seconds": timing.median(side),
                "microseconds_a_frame": 1e6 * timing.median(side) / frames,
                "times_faster": timing.ratio("frame by frame", side),
            }
            for side in sides
        ]
    return rows


def same_numbers(root: Path, path: Path) -> float:
    """Share of videos and captions whose features in the file are those of the release."""
    same = []
    with (
        open_features(path) as dataset,
        h5py.File(root / "tvr/TextData/roberta_tvr_query_feat.hdf5") as words,
    ):
        row = 0
        for video, names in read_frame_lists(root / BIG / NAME):
            stored = dataset.frames(dataset.video_id.index(video))
            size = len(names) * dataset.visual_dim
            raw = np.fromfile(
                root / BIG / "feature.bin", "<f4", size, offset=row * dataset.visual_dim * 4
            )
            same.append(np.array_equal(stored.ravel(), raw))
            row += len(names)
        for query, name in enumerate(dataset.query_id):
            same.append(np.array_equal(dataset.words(query), words[name][()]))
    return float(np.mean(same))


def measure(scratch: Path, sizes: Sizes, chosen: argparse.Namespace) -> list[Row]:
    annotations = tvr_annotations(chosen.annotations, sizes, chosen.seed)
    rows = side_by_side(scratch, sizes, chosen)
    root, path = scratch / "whole", scratch / "whole.h5"
    frames = write_tvr(root, annotations, sizes, chosen.seed)
    seconds, peak = once_in_a_process(conversion, str(root), str(path))
    rows.append(
        {
            "part": "convert",
            "side": "prvr_lite",
            "videos": len({a.video for a in annotations}),
            "frames": frames,
            "seconds": seconds,
            "microseconds_a_frame": 1e6 * seconds / frames,
            "queries": len(annotations),
            "peak_mib": peak,
            "exact": same_numbers(root, path),
        }
    )
    print(f"convert: {seconds:.1f} s, {peak:.0f} MiB", flush=True)
    return rows + (joins(chosen.annotations) if chosen.annotations else [])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``paper_release.csv``."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("annotations", type=Path, nargs="?", help="folder of annotations")
        parser.add_argument("--scratch", type=Path, help="folder with 8 GiB of free space")
        parser.add_argument(
            "--videos", type=int, default=Sizes.videos, help="how many videos, at most"
        )
        parser.add_argument("--naive", type=int, default=100, help="videos read frame by frame")

    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add)
    sizes = QUICK if chosen.quick else Sizes(videos=chosen.videos)
    chosen.naive = min(chosen.naive, sizes.videos)
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
        rows = measure(Path(scratch), sizes, chosen)
    save("paper_release", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
