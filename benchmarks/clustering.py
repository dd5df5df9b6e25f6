"""Length-aware clip clustering: time, memory and medoids, compared with the released code.

    python -m benchmarks.clustering [--released CHECKOUT]

A row is one kind of units and one way to cluster all their clips: prvr_lite's ``kmedoids`` of the
clips, compared with the released k-medoids of the same points; or its ``cluster_clips`` of the
units, which never builds a clip, compared with what the released model does from units to medoids
("released, from units"). The released side is the authors' own code where a checkout is given, and
our formulation of it (`released*.py`) otherwise. FasterPAM of the package
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

from benchmarks import checkout
from benchmarks import released_clustering as released
from benchmarks.inputs import clip_points, unit_features
from benchmarks.measure import Row, Work, extra_mib, options, race, save
from benchmarks.ties import parts_at_tie
from prvr_lite.model.clustering import cluster_clips, kmedoids

FAST = ("kmedoids", "cluster_clips")
FROM_UNITS = "released, from units"
COMPARED = {"cluster_clips": FROM_UNITS}  # with "released" otherwise
Case = tuple[str, int, int, int, int, int]  # kind of units, videos, n, H, K, seed


def prepare(case: Case, side: str, path: str | None = None) -> Work:
    """Returns the work of one side; its inputs are made here, before the clock starts.

    With the ``path`` of a checkout, the released sides are the authors' code.
    """
    kind, videos, n, dim, k, seed = case
    units = unit_features(kind, videos, n, dim, seed)
    if side == "cluster_clips":
        return lambda: cluster_clips(units, k)
    if side == FROM_UNITS:
        if path is None:
            return lambda: released.kmedoids(clip_points(units), k)
        network = checkout.load(path).network(8, 8, dim, k, units=n).eval()
        return lambda: network.encode_feat_map(units)
    points = clip_points(units)
    if side == "kmedoids":
        return lambda: kmedoids(points, k)
    if side == "released":
        if path is not None:
            code = checkout.load(path)
            return lambda: code.kmedoids(points, k)
        return lambda: released.kmedoids(points, k)
    distance = released.distances(points, exact=True)
    return lambda: faster_pam_medoids(distance, k)


def summed_distance(distance: Tensor, medoid: Tensor) -> float:
    """Every point's distance to its nearest medoid, summed over points, mean over videos."""
    row = torch.arange(len(distance))[:, None]
    return float(distance[row, medoid].amin(dim=1).sum(dim=-1).mean())


def measure(case: Case, repeats: int, path: str | None) -> list[Row]:
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
        "released": in_parts(points, k, exact=False, path=path),
        "kmedoids": kmedoids(points, k)[0],
        "cluster_clips": cluster_clips(units, k)[0],
        "FasterPAM": faster_pam_medoids(distance, k),
    }
    sides = ["released", FROM_UNITS, "kmedoids", "cluster_clips", "FasterPAM"]
    timing = race({side: prepare(case, side, path) for side in sides}, repeats, warm=FAST)
    mib = {side: extra_mib(prepare, case, side, path) for side in sides[:-1]}
    rows: list[Row] = []
    for side in sides:
        row: Row = {"against": checkout.against(path), "units": kind, "videos": videos}
        row |= {"clips": points.shape[1], "k": k, "side": side, "seconds": timing.median(side)}
        row["times_faster"] = timing.ratio(COMPARED.get(side, "released"), side)
        if side in medoids_of:
            row["summed_distance"] = summed_distance(distance, medoids_of[side])
        if side in mib:
            row["extra_mib"] = mib[side]
            row["memory_ratio"] = mib[COMPARED.get(side, "released")] / mib[side]
        if side in reference:
            row["same_as_released"] = same(medoids_of[side], medoids_of["released"])
            row["same_as_exact"] = same(medoids_of[side], reference[side])
        rows.append(row)
    if path is None:  # the bound on rounding is that of the formulation's distances
        parted = parted_without_tie(medoids_of["released"], exact, points)
        rows[0]["parted_without_tie"] = parted
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


def in_parts(points: Tensor, k: int, *, exact: bool, path: str | None = None) -> Tensor:
    """Medoids of a released side [B, k], eight videos at a time to limit the memory."""

    def medoids(part: Tensor) -> Tensor:
        if path is not None:
            return checkout.load(path).kmedoids(part, k)[0]
        return released.kmedoids(part, k, exact=exact)[0]

    return torch.cat([medoids(part) for part in torch.split(points, 8)])


def same(medoid: Tensor, other: Tensor) -> float:
    """The share of videos whose K medoids are all the same."""
    return float((medoid == other).all(dim=1).double().mean())


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and saves ``clustering.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, checkout.add_option)
    sizes = (3, 8, 24, 6) if chosen.quick else (32, 32, 384, 32)
    rows: list[Row] = []
    for kind in ("smooth", "random"):
        case = (kind, *sizes, chosen.seed)
        rows += measure(case, 1 if chosen.quick else chosen.repeats, chosen.released)
    save("clustering", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
