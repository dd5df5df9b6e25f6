"""k-medoids against loops that spell it out, and what must hold for any points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.model import clustering
from prvr_lite.model.clips import clip_windows, length_code, multi_scale_clips
from prvr_lite.model.clustering import cluster_clips, kmedoids

Array = NDArray[np.float64]
seeds = st.integers(0, 2**31)
# Whole-number distances and means, so that no rounding blurs a tie: see on_a_line
DIRECTIONS = [np.array([1.0]), np.array([3.0, -4.0]), np.array([2.0, 3.0, 6.0])]


def oracle(distance: Array, norm: Array, k: int, max_rounds: int = 60) -> tuple[list[int], int]:
    """Medoids, ascending, and rounds: word for word as the docstring has it, ties to the lowest."""
    n = len(norm)
    medoids = [int(norm.argmax())]
    while len(medoids) < k:
        rest = [i for i in range(n) if i not in medoids]
        medoids.append(max(rest, key=lambda i: (distance[i, medoids].min(), -i)))
    rounds = 0
    while rounds < max_rounds:
        rounds += 1
        nearest = nearest_medoid(distance, medoids)
        moved = []
        for c in range(k):
            members = [i for i in range(n) if nearest[i] == c]
            moved.append(min(members, key=lambda i: (distance[i, members].sum(), i)))
        if moved == medoids:
            break
        medoids = moved
    return sorted(medoids), rounds


def nearest_medoid(distance: Array, medoids: list[int]) -> list[int]:
    """Cluster of each point; a medoid belongs to its own."""
    k = range(len(medoids))
    return [
        medoids.index(i) if i in medoids else min(k, key=lambda c: (distance[i, medoids[c]], c))
        for i in range(len(distance))
    ]


def apart(points: Array) -> Array:
    """Distances by subtraction: exact and symmetric."""
    return np.asarray(np.sqrt(((points[:, None] - points) ** 2).sum(-1)))


def on_a_line(steps: list[int], direction: Array) -> Array:
    """Points with many ties and duplicates, of which every distance and mean is a whole number."""
    return np.outer(steps, direction) * len(steps)


def blobs(seed: int, b: int, n: int, d: int) -> Tensor:
    return torch.randn(b, n, d, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 14), d=st.integers(2, 4), seed=seeds, data=st.data())
def test_random_points_by_plain_loops(n: int, d: int, seed: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    points = blobs(seed, 2, n, d)
    medoids, assignment = kmedoids(points, k)
    for b in range(2):
        exact = points[b].double().numpy()
        distance = apart(exact)
        expected, _ = oracle(distance, (exact**2).sum(1), k)
        assert medoids[b].tolist() == expected
        assert assignment[b].tolist() == nearest_medoid(distance, expected)


@settings(max_examples=120, deadline=None)
@given(
    steps=st.lists(st.integers(-6, 6), min_size=1, max_size=12),
    direction=st.sampled_from(DIRECTIONS),
    data=st.data(),
)
def test_ties_and_duplicates_go_to_the_lowest_index(
    steps: list[int], direction: Array, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(steps)))
    points = on_a_line(steps, direction)
    distance = apart(points)
    expected, _ = oracle(distance, (points**2).sum(1), k)
    medoids, assignment = kmedoids(torch.tensor(points)[None], k)
    assert medoids[0].tolist() == expected
    assert assignment[0].tolist() == nearest_medoid(distance, expected)


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 20), seed=seeds, grid=st.booleans(), data=st.data())
def test_what_a_clustering_must_be(n: int, seed: int, grid: bool, data: st.DataObject) -> None:
    """At rest: no point has a nearer medoid, no cluster a more central member."""
    k = data.draw(st.integers(1, n))
    points = blobs(seed, 3, n, 2)
    points = (2 * points).round() if grid else points
    before = points.clone()
    all_medoids, all_assignments = kmedoids(points, k)
    assert torch.equal(points, before)
    for b in range(3):
        distance = apart(points[b].double().numpy())
        medoids, assignment = all_medoids[b].numpy(), all_assignments[b].numpy()
        assert (np.diff(medoids) > 0).all()
        assert (assignment[medoids] == np.arange(k)).all()
        own = distance[np.arange(n), medoids[assignment]]
        assert (own <= distance[:, medoids].min(1) + 1e-6).all()
        # Medoids are sorted at the end, so that a point between two may change its cluster then.
        for c, medoid in [] if grid else enumerate(medoids):
            members = np.flatnonzero(assignment == c)
            cost = distance[np.ix_(members, members)].sum(1)
            assert cost[members == medoid] <= cost.min() + 1e-6


@pytest.mark.parametrize(("n", "k"), [(2, 2), (5, 2), (7, 3), (4, 4), (21, 5)])
@pytest.mark.parametrize("value", [0.0, 0.1, -3.0])
def test_points_that_are_all_equal(n: int, k: int, value: float) -> None:
    medoids, assignment = kmedoids(torch.full((2, n, 3), value), k)
    for b in range(2):
        assert len(set(medoids[b].tolist())) == k
        assert 0 <= int(medoids[b].min()) <= int(medoids[b].max()) < n
        assert assignment[b, medoids[b]].tolist() == list(range(k))


@pytest.mark.parametrize("length_aware", [True, False])
def test_units_that_are_all_equal(length_aware: bool) -> None:
    """A still picture: of its 21 clips only 6 can be told apart, by their lengths, or none."""
    medoids, assignment = cluster_clips(torch.full((1, 6, 4), 0.3), 10, length_aware=length_aware)
    assert len(set(medoids[0].tolist())) == 10
    assert assignment[0, medoids[0]].tolist() == list(range(10))


def test_one_cluster_and_as_many_as_points() -> None:
    points = torch.tensor([[[9.0], [0.0], [1.0], [2.0], [3.0]]])
    medoids, assignment = kmedoids(points, 1)
    assert (medoids.tolist(), assignment.tolist()) == ([[3]], [[0] * 5])
    medoids, assignment = kmedoids(points, 5)
    assert medoids.tolist() == assignment.tolist() == [[0, 1, 2, 3, 4]]


def test_kkz_starts_with_the_largest_norm_then_the_farthest() -> None:
    """Without a round to move in, what is seen is the start."""
    points = torch.tensor([[[0.0, 1], [5, 5], [-3, -3], [5, 4], [4, -4]]])
    medoids, _ = kmedoids(points, 3, max_rounds=0)
    assert medoids.tolist() == [[1, 2, 4]]


def test_max_rounds_stops_early() -> None:
    for seed in range(100):  # one that takes at least three rounds
        points = blobs(seed, 1, 40, 2)
        exact = points[0].double().numpy()
        distance, norm = apart(exact), (exact**2).sum(1)
        whole, rounds = oracle(distance, norm, 4)
        if rounds > 3:
            break
    stages = [oracle(distance, norm, 4, max_rounds)[0] for max_rounds in (1, 2)]
    assert [kmedoids(points, 4, max_rounds=m)[0][0].tolist() for m in (1, 2)] == stages
    assert kmedoids(points, 4)[0][0].tolist() == whole
    assert len({tuple(stage) for stage in [*stages, whole]}) == 3


@pytest.mark.parametrize("rest", ["many", "few"])
def test_batch_mates_do_not_matter(rest: str) -> None:
    """Sets that come to rest at once share a batch with those that take long."""
    slow = blobs(0, 6 if rest == "few" else 2, 40, 2)
    quick = torch.arange(40.0)[None, :, None].expand(2 if rest == "few" else 6, -1, 2) ** 3
    points = torch.cat([slow, quick])[torch.tensor([7, 0, 3, 6, 1, 5, 2, 4])]
    medoids, assignment = kmedoids(points, 4)
    for b in range(8):
        alone = kmedoids(points[b : b + 1], 4)
        assert torch.equal(medoids[b], alone[0][0])
        assert torch.equal(assignment[b], alone[1][0])


@pytest.mark.parametrize("size", [1, 3])
def test_chunks_do_not_matter(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points, units = blobs(0, 7, 21, 3), blobs(1, 7, 6, 5)
    whole = [*kmedoids(points, 5), *cluster_clips(units, 5)]
    seen = []
    cluster = clustering._cluster

    def watched(distance: Tensor, *rest: object) -> tuple[Tensor, Tensor]:
        seen.append(distance)
        return cluster(distance, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(clustering, "_cluster", watched)
    budget = size * 21 * 21 * 8 + 7
    monkeypatch.setitem(clustering.CHUNK_BYTES, "cpu", budget)
    parts = [*kmedoids(points, 5), *cluster_clips(units, 5)]
    assert all(map(torch.equal, parts, whole))
    assert budget / 2 < max(distance.nbytes for distance in seen) <= budget  # in flight
    assert {distance.shape[1:] for distance in seen} == {(21, 21)}
    assert {distance.dtype for distance in seen} == {torch.float32, torch.float64}


@pytest.mark.parametrize("n", [1, 2, 13, 50, 528])
def test_distances_are_symmetric(n: int) -> None:
    points = blobs(n, 2, n, 40).double()
    distance = clustering._distances(points, points)
    assert torch.equal(distance, distance.mT)
    assert not distance.diagonal(dim1=1, dim2=2).any()
    exact = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    assert torch.allclose(distance, exact, atol=1e-12)


def test_summed_distances_are_a_matrix_product_without_its_zeros() -> None:
    distance = torch.randint(0, 9, (2, 7, 7)).float()
    distance = distance + distance.mT
    assignment = torch.tensor([[0, 2, 2, 0, 1, 2, 0], [1, 1, 1, 1, 1, 1, 1]])  # empty clusters too
    one_hot = torch.nn.functional.one_hot(assignment, 4).float()
    summed = clustering._cluster_sums(distance, assignment, 4)
    assert torch.equal(summed, (distance @ one_hot).mT)


def clips_by_loops(units: Tensor, length_aware: bool) -> tuple[Array, Array]:
    """Distances of all clips, to float32 as documented, and norms."""
    n = units.shape[1]
    clips = (clip_windows(n) @ units[0].double()).numpy()
    squared = (apart(clips) ** 2).astype(np.float32)
    if length_aware:
        squared += (apart(length_code(n).double().numpy()) ** 2).astype(np.float32)
    return np.sqrt(squared).astype(np.float64), (clips**2).sum(1)


@pytest.mark.parametrize("length_aware", [True, False])
def test_clips_from_their_units_by_plain_loops(length_aware: bool) -> None:
    """Midpoint ties included. Against kmedoids of the clips themselves, ties may fall otherwise."""
    same = 0
    for seed in range(30):
        n, k = 3 + seed % 5, 1 + seed % 6
        units = blobs(seed, 1, n, 8)
        if seed % 3 == 0:  # slow, as in real video: small clusters, distances small beside norms
            k, units = n * (n + 1) // 3, 0.05 * units + torch.linspace(-3, 3, n)[:, None]
        medoids, assignment = cluster_clips(units, k, length_aware=length_aware)
        distance, norm = clips_by_loops(units, length_aware)
        expected, _ = oracle(distance, norm, k)
        assert medoids[0].tolist() == expected
        assert assignment[0].tolist() == nearest_medoid(distance, expected)
        points = multi_scale_clips(units)
        if length_aware:
            points = torch.cat([points, length_code(n)[None]], dim=-1)
        same += torch.equal(kmedoids(points, k)[0], medoids)
    assert same >= 20


def test_clusters_take_no_part_in_gradients_or_low_precision() -> None:
    units = blobs(0, 3, 6, 5).requires_grad_()
    expected = [*cluster_clips(units, 5), *kmedoids(multi_scale_clips(units), 5)]
    with torch.autocast("cpu", torch.bfloat16):
        found = [*cluster_clips(units, 5), *kmedoids(multi_scale_clips(units), 5)]
    assert all(map(torch.equal, found, expected))
    assert not any(index.requires_grad or index.dtype != torch.int64 for index in found)
    assert cluster_clips(units.bfloat16(), 5)[0].shape == (3, 5)


def test_translation_keeps_the_clusters() -> None:
    """From the same start: set far out on the same side, a point of largest norm stays that."""
    points = blobs(0, 1, 30, 2).double() - 1e4
    medoids, assignment = kmedoids(points, 4)
    moved = kmedoids(points - 1e8, 4)
    assert torch.equal(moved[0], medoids)
    assert torch.equal(moved[1], assignment)


@pytest.mark.parametrize("k", [0, -1, 22])
def test_a_k_out_of_range_is_refused(k: int) -> None:
    for cluster, vectors in (
        (kmedoids, torch.zeros(1, 21, 2)),
        (cluster_clips, torch.zeros(1, 6, 2)),
    ):
        with pytest.raises(ValueError, match=f"k={k}: there are 21 points"):
            cluster(vectors, k)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_vectors_that_are_not_finite_are_refused(value: float) -> None:
    vectors = torch.zeros(2, 6, 2)
    vectors[1, 3, 0] = value
    for cluster in (kmedoids, cluster_clips):
        with pytest.raises(ValueError, match="vectors are not finite: look for NaN"):
            cluster(vectors, 2)


def test_devices_agree(device: torch.device) -> None:
    points, units = blobs(0, 4, 30, 3), blobs(1, 4, 6, 5)
    for cluster, vectors in ((kmedoids, points), (cluster_clips, units)):
        expected, found = cluster(vectors, 5), cluster(vectors.to(device), 5)
        for theirs, ours in zip(expected, found, strict=True):
            assert ours.device.type == device.type
            assert torch.equal(ours.cpu(), theirs)
