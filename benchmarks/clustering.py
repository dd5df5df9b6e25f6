"""Length-aware clip clustering: time, memory and medoids, compared with the released formulation.

    python -m benchmarks.clustering

A row is one kind of units and one way to cluster all their clips: prvr_lite's ``kmedoids`` of the
clips, or its ``cluster_clips`` of the units, which never builds a clip. FasterPAM of the package
``kmedoids``, on given distances, stands beside them: it is another algorithm for the same aim, and
its smaller summed distance shows how much a better start than KKZ would gain.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import kmedoids as faster_pam
import torch
from torch import Tensor

from benchmarks import released_clustering as released
from benchmarks.inputs import clip_points, unit_features
from benchmarks.measure import Row, Work, extra_mib, options, race, save
from benchmarks.ties import parts_at_tie
from prvr_lite.model.clustering import cluster_clips, kmedoids

FAST = ("kmedoids", "cluster_clips")
Case = tuple[str, int, int, int, int, int]  # kind of units, videos, n, H, K, seed


def prepare(case: Case, side: str) -> Work:
    """Returns the work of one side; its inputs are made here, before the clock starts."""
    kind, videos, n, dim, k, seed = case
    units = unit_features(kind, videos, n, dim, seed)
    if side == "cluster_clips":
        return lambda: cluster_clips(units, k)
    points = clip_points(units)
    if side == "kmedoids":
        return lambda: kmedoids(points, k)
    if side == "released":
        return lambda: released.kmedoids(points, k)
    distance = released.distances(points, exact=True)
    return lambda: faster_pam_medoids(distance, k)


def summed_distance(distance: Tensor, medoid: Tensor) -> float:
    """Every point's distance to its nearest medoid, summed over points, mean over videos."""
    row = torch.arange(len(distance))[:, None]
    return float(distance[row, medoid].amin(dim=1).sum(dim=-1).mean())


def measure(case: Case, repeats: int) -> list[Row]:
    """Measures all ways to cluster, on one kind of units."""
    kind, videos, n, dim, k, seed = case
    units = unit_features(kind, videos, n, dim, seed)
    points = clip_points(units)
    # cluster_clips rounds no clip: ties then fall as they do among the clips in float64
    unrounded = clip_points(units.double())
    exact = in_parts(points, k, exact=True)
    reference = {"released": exact, "kmedoids": exact}
    reference["cluster_clips"] = in_parts(unrounded, k, exact=True)
    distance = released.distances(points, exact=True)
    medoids_of = {
        "released": in_parts(points, k, exact=False),
        "kmedoids": kmedoids(points, k)[0],
        "cluster_clips": cluster_clips(units, k)[0],
        "FasterPAM": faster_pam_medoids(distance, k),
    }
    timing = race({side: prepare(case, side) for side in medoids_of}, repeats, warm=FAST)
    mib = {side: extra_mib(prepare, case, side) for side in reference}
    rows: list[Row] = []
    for side, medoid in medoids_of.items():
        row: Row = {"units": kind, "videos": videos, "clips": points.shape[1], "k": k, "side": side}
        row |= {
            "seconds": timing.median(side),
            "times_faster": timing.ratio("released", side),
            "summed_distance": summed_distance(distance, medoid),
        }
        if side in mib:
            row |= {
                "extra_mib": mib[side],
                "memory_ratio": mib["released"] / mib[side],
                "same_as_released": same(medoid, medoids_of["released"]),
                "same_as_exact": same(medoid, reference[side]),
            }
        rows.append(row)
    rows[0]["parted_without_tie"] = parted_without_tie(medoids_of["released"], exact, points)
    return rows


def faster_pam_medoids(distance: Tensor, k: int) -> Tensor:
    """Medoids [B, k] of FasterPAM, from its own greedy start."""
    tables = distance.numpy()
    medoids = [faster_pam.fasterpam(table, k, init="build", n_cpu=1).medoids for table in tables]
    return torch.stack([torch.as_tensor(rows.astype("int64")) for rows in medoids])


def parted_without_tie(medoid: Tensor, exact: Tensor, points: Tensor) -> int:
    """Counts videos whose released medoids are not the exact ones, though there is no tie."""
    count, k = 0, medoid.shape[1]
    for video in (medoid != exact).any(dim=1).nonzero().flatten():
        point = points[video, None]

        def after(rounds: int, *, exact: bool, point: Tensor = point) -> Tensor:
            return released.kmedoids(point, k, rounds=rounds, exact=exact)[0][0]

        count += not parts_at_tie(point[0], partial(after, exact=False), partial(after, exact=True))
    return count


def in_parts(points: Tensor, k: int, *, exact: bool) -> Tensor:
    """Medoids of the released formulation [B, k], eight videos at a time to limit the memory."""
    return torch.cat(
        [released.kmedoids(part, k, exact=exact)[0] for part in torch.split(points, 8)]
    )


def same(medoid: Tensor, other: Tensor) -> float:
    """The share of videos whose K medoids are all the same."""
    return float((medoid == other).all(dim=1).double().mean())


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and saves ``clustering.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv)
    sizes = (3, 8, 24, 6) if chosen.quick else (32, 32, 384, 32)
    rows: list[Row] = []
    for kind in ("smooth", "random"):
        rows += measure((kind, *sizes, chosen.seed), 1 if chosen.quick else chosen.repeats)
    save("clustering", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
