"""Training MS-SL++ on the sample films: this version beside another one, in turn.

    git worktree add ../old c3d3c57
    python -m benchmarks.training_sample --old ../old

Each run is a process of its own that imports one version, trains from the same seed on the same
feature file, and reports the seconds of every epoch (without validation) and the best validation
SumR. A ratio is the median over the rounds; the first epoch, which reads the inputs, is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import Row, measure_and_save, options

ROOT = Path(__file__).resolve().parents[1]
# Uses public names alone, which both versions have.
TRAIN = """
import dataclasses, json, sys
import torch
import prvr_lite as p
path, epochs, videos, threads, seed = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
torch.manual_seed(seed)
with p.open_features(path) as data:
    if videos:
        data.splits = {name: rows[:videos] for name, rows in data.splits.items()}
    sizes = {"visual_dim": data.visual_dim, "query_dim": data.query_dim}
    model = p.build_model("mssl++", p.ModelConfig(**{**p.PRESETS["sample"].model, **sizes}))
    plain = p.PRESETS["sample"].training
    training = dataclasses.replace(plain, epochs=epochs, seed=seed, device="cpu")
    history = p.fit(model, data, training, progress=False)
print(json.dumps({"file": p.__file__, "rows": history.rows, "SumR": history.best["SumR"]}))
"""


def in_version(version: Path, code: str, *arguments: object) -> dict[str, Any]:
    """Runs code with one version, in a process of its own; returns the JSON that it prints.

    Raises:
        RuntimeError: it failed, or another version was imported.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=version,  # which is where `python -c` looks first
        env={**os.environ, "PYTHONPATH": str(version)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{version}: {done.stderr.strip().splitlines()[-1]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if not Path(result["file"]).is_relative_to(version):
        raise RuntimeError(f"{version} has no package prvr_lite: {result['file']} was imported")
    return result


def train(version: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Trains with one version."""
    videos = 40 if chosen.quick else 0
    numbers = (chosen.epochs, videos, torch.get_num_threads(), chosen.seed)
    return in_version(version, TRAIN, chosen.features, *numbers)


def measure(old: Path, chosen: argparse.Namespace) -> list[Row]:
    """Trains with both versions in turn."""
    runs: dict[str, list[dict[str, Any]]] = {"old": [], "new": []}
    for _ in range(1 if chosen.quick else chosen.repeats):
        for side, version in (("old", old), ("new", ROOT)):
            runs[side].append(train(version, chosen))
    spent = {
        side: [statistics.median(row["seconds"] for row in run["rows"][1:]) for run in some]
        for side, some in runs.items()
    }
    ratio = statistics.median(new / old for old, new in zip(*spent.values(), strict=True))
    return [
        {
            "side": side,
            "epochs": chosen.epochs,
            "seconds_an_epoch": statistics.median(spent[side]),
            "share_of_old": ratio if side == "new" else 1.0,
            "SumR": statistics.mean(run["SumR"] for run in runs[side]),
        }
        for side in runs
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``training_sample.csv``."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--old", type=Path, required=True, help="checkout of another version")
        parser.add_argument("--epochs", type=int, default=6, help="of each run, at least 2")
        parser.add_argument(
            "--features", type=Path, default=ROOT / "data_samples" / "emoji_theatre.h5"
        )

    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add)
    return measure_and_save(
        "training_sample", lambda: measure(chosen.old.resolve(), chosen), chosen
    )


if __name__ == "__main__":
    sys.exit(main())
