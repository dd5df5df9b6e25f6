"""Evaluation and training at TVR's size: this version beside another one, in turn.

    git worktree add ../old c3d3c57
    python -m benchmarks.paper_size --old ../old [--scratch DIR]

Makes a feature file of TVR's size with random features (see ``paper_release``), or takes one with
``--features``. Each run is a process of its own that imports one version: it evaluates an untrained
MS-SL++ on all videos, or trains it for one epoch. ``cpu_seconds`` are those of the process, over
all threads, which other work on the machine lengthens least; ``seconds`` are the clock's. Peak
memory is that of the whole process. ``arithmetic_seconds`` is what the products of evaluation alone
would take, at the rate of one large product that is measured beside them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import Row, measure_and_save, options, product_rate
from benchmarks.paper_inputs import Sizes, tvr_annotations, write_tvr
from benchmarks.training_sample import ROOT, in_version
from prvr_lite.config import PRESETS
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.paper.convert import convert_release

QUICK = Sizes(videos=6, queries=2, visual_dim=12, query_dim=10)
# Uses public names alone, which both versions have.
WORK = """
import dataclasses, json, pathlib, sys, time
import torch
import prvr_lite as p
path, part, threads, seed = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
torch.set_num_threads(threads)
torch.manual_seed(seed)
status = pathlib.Path("/proc/self/status")
with p.open_features(path) as data:
    sizes = {"visual_dim": data.visual_dim, "query_dim": data.query_dim}
    model = p.build_model("mssl++", p.ModelConfig(**{**p.PRESETS["tvr"].model, **sizes}))
    start, clock = time.perf_counter(), time.process_time()
    if part == "evaluate":
        number = float(p.evaluate(model, data, "test").similarity.clip.double().sum())
    else:
        data.splits = {"train": data.videos_in("test")}
        plain = p.PRESETS["tvr"].training
        training = dataclasses.replace(plain, epochs=1, seed=seed, device="cpu")
        number = p.fit(model, data, training, progress=False).rows[0]["loss"]
    spent = time.perf_counter() - start, time.process_time() - clock
peak = [int(l.split()[1]) for l in status.read_text().splitlines() if l.startswith("VmHWM")]
print(json.dumps({"file": p.__file__, "seconds": spent[0], "cpu_seconds": spent[1],
                  "peak_mib": peak[0] / 1024, "number": number}))
"""


def make_features(scratch: Path, sizes: Sizes, seed: int) -> Path:
    """Writes a release of these sizes, and converts it."""
    root, path = scratch / "release", scratch / "release.h5"
    write_tvr(root, tvr_annotations(None, sizes, seed), sizes, seed)
    convert_release(str(root), "tvr", str(path), validation_part=0)
    return path


def products(dataset: Dataset) -> float:
    """Multiplications and additions of an evaluation: encoders, clips and attended frames."""
    c = PRESETS["tvr"].model_config(dataset.visual_dim, dataset.query_dim)
    h, videos, queries = c.hidden_dim, len(dataset.video_id), len(dataset.query_id)
    frames = torch.from_numpy(dataset.frame_offset).diff().clamp(max=c.max_frames)
    words = torch.from_numpy(dataset.word_offset).diff().clamp(max=c.max_words)
    visual = int(frames.sum()) + videos * c.num_units
    encoders = visual * h * (dataset.visual_dim + 4 * h)
    encoders += int(words.sum()) * h * (dataset.query_dim + 4 * h)
    clips = queries * videos * h * ((c.num_clusters or c.num_clips) + 1)
    return 2.0 * (encoders + clips)


def measure(path: Path, chosen: argparse.Namespace) -> list[Row]:
    """Runs each part with each version, in turn."""
    versions = {"old": chosen.old, "new": ROOT} if chosen.old else {"new": ROOT}
    rows: list[Row] = []
    for part in ("evaluate", "train"):
        runs: dict[str, list[dict[str, Any]]] = {side: [] for side in versions}
        for _ in range(chosen.repeats if part == "evaluate" else 1):
            for side, version in versions.items():
                numbers = (torch.get_num_threads(), chosen.seed)
                runs[side].append(in_version(version, WORK, path.resolve(), part, *numbers))
        for side, some in runs.items():
            row: Row = {"part": part, "side": side}
            for key in ("seconds", "cpu_seconds"):
                pairs = zip(runs.get("old", some), some, strict=True)
                row[key] = statistics.median(run[key] for run in some)
                row[f"share_of_old_{key}"] = statistics.median(b[key] / a[key] for a, b in pairs)
            row |= {"peak_mib": max(run["peak_mib"] for run in some), "number": some[0]["number"]}
            rows.append(row)
    with open_features(path) as dataset:
        rows[len(versions) - 1]["arithmetic_seconds"] = products(dataset) / product_rate()
        sizes = {"videos": len(dataset.video_id), "queries": len(dataset.query_id)}
    return [{**sizes, **row} for row in rows]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``paper_size.csv``."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--old", type=Path, help="checkout of another version")
        parser.add_argument("--features", type=Path, help="a feature file made before")
        parser.add_argument("--scratch", type=Path, help="folder with 9 GiB of free space")
        parser.add_argument("--videos", type=int, default=Sizes.videos)

    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add)
    chosen.old = chosen.old and chosen.old.resolve()
    sizes = QUICK if chosen.quick else Sizes(videos=chosen.videos)
    chosen.repeats = 1 if chosen.quick else chosen.repeats
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
        path = chosen.features or make_features(Path(scratch), sizes, chosen.seed)
        return measure_and_save("paper_size", lambda: measure(path, chosen), chosen)


if __name__ == "__main__":
    sys.exit(main())
