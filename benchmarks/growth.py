"""How time and memory grow with videos (scoring), and with clips and medoids (clustering).

    python -m benchmarks.growth

It writes ``growth.csv`` and ``growth.png``: one row of pictures for each of the three, time on the
left and memory on the right, with both sides in each picture.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.image import imread, imsave

from benchmarks import clustering, scoring
from benchmarks.measure import RESULTS, Row, Work, extra_mib, options, race, save
from prvr_lite.plots import growth_curves

QUERIES = 50  # scored at once
VIDEOS = 4  # clustered at once
LEAST_MIB = 0.1  # less than this can't be measured, and a log axis has no 0
LABEL = {"V": "videos V", "N": "clips N", "K": "medoids K"}
COST = {"seconds": "time (s)", "extra_mib": "extra memory (MiB)"}
# For each axis: its values, as the number of videos, of units, or of medoids.
FULL = {"V": (128, 256, 512, 1024, 2048), "N": (8, 12, 16, 24, 32), "K": (8, 16, 32, 64, 128)}
QUICK = {"V": (8, 16), "N": (6, 8), "K": (4, 8)}


def point(axis: str, value: int, *, quick: bool, seed: int, repeats: int) -> list[Row]:
    """Measures both sides at one size."""
    h, t, n, k = (24, 12, 8, 8) if quick else (384, 128, 32, 32)
    prepare: Callable[..., Work] = scoring.prepare if axis == "V" else clustering.prepare
    fast = "index" if axis == "V" else "cluster_clips"
    case: tuple[object, ...] = {
        "V": (QUERIES, value, k, t, h, seed),
        "N": ("smooth", VIDEOS, value, h, k // 2, seed),
        "K": ("smooth", VIDEOS, n, h, value, seed),
    }[axis]
    x = value * (value + 1) // 2 if axis == "N" else value
    sides = {side: prepare(case, side) for side in ("released", fast)}
    timing = race(sides, repeats, warm=[fast])
    return [
        {
            "axis": axis,
            "value": x,
            "side": "released" if side == "released" else "prvr_lite",
            "seconds": timing.median(side),
            "extra_mib": max(LEAST_MIB, extra_mib(prepare, case, side)),
        }
        for side in sides
    ]


def draw(rows: list[Row], path: Path) -> None:
    """Draws six growth curves in one picture."""
    lines = [np.concatenate([panel(rows, axis, cost) for cost in COST], axis=1) for axis in LABEL]
    imsave(path, np.concatenate(lines, axis=0))


def panel(
    rows: list[Row], axis: str, cost: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Draws one growth curve as pixels."""
    series = {}
    for side in ("released", "prvr_lite"):
        of_side = [row for row in rows if row["axis"] == axis and row["side"] == side]
        series[side] = ([row["value"] for row in of_side], [row[cost] for row in of_side])
    figure = growth_curves(series, xlabel=LABEL[axis], ylabel=COST[cost])
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    stream.seek(0)
    return np.asarray(imread(stream), dtype=np.float32)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, save ``growth.csv`` and draw ``growth.png``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv)
    rows: list[Row] = []
    for axis, values in (QUICK if chosen.quick else FULL).items():
        for value in values:
            repeats = 1 if chosen.quick else min(chosen.repeats, 3)
            rows += point(axis, value, quick=chosen.quick, seed=chosen.seed, repeats=repeats)
    save("growth", rows, chosen)
    folder = chosen.out or (None if chosen.quick else RESULTS)
    if folder is not None:
        draw(rows, folder / "growth.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
