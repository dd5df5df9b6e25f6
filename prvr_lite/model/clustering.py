"""Length-aware clip clustering: chooses K of a video's N clips, by Euclidean k-medoids.

A video has hundreds of clips, and neighbours are nearly equal. So MS-SL++ groups the clips of each
video, and keeps one clip per group, its medoid: the clip with the least summed distance to its
group. "Length-aware" means that the distance also counts how clips differ in length.

The released code (fast_kmeans.py:91-190) keeps K masked copies of the N x N distances (2.1 GiB per
copy for 64 videos and 32 clusters). Here one copy is enough: with O the N x K one-hot assignment, D
@ O holds every point's summed distance to every cluster, and the new medoids are its minima. (O is
nearly all zeros, so this product is made by adding up the rows of D that belong to a cluster.) And
since clips are averages of units, their distances follow from the n x n inner products of the
units.

Equal distances are common here: the clip of units s..s+2L is the midpoint of its two halves,
equally far from both. Each function says which point it takes then.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.model.clips import clip_windows, constant, length_code

MAX_ROUNDS = 60
CHUNK_BYTES = {"cpu": 8 << 20}  # distances in flight on a CPU: what its caches can hold
CHUNK_BYTES_ELSEWHERE = 1 << 30
STRIPS = 4  # of rows of distances: 5/8 of all pairs are computed


def kmedoids(points: Tensor, k: int, *, max_rounds: int = MAX_ROUNDS) -> tuple[Tensor, Tensor]:
    """Clusters each set of points around k of its points, the medoids.

    The start is KKZ: the point of largest norm, then repeatedly the point that is farthest from its
    nearest medoid. Then each point is assigned to its nearest medoid, and each medoid moves to the
    member with the least summed distance to its cluster, until nothing moves. There is no gradient.

    Distances are computed from inner products of centred points in float64; they are symmetric and
    zero on the diagonal, and give the medoids of exact distances (the released code's float32
    distances are neither symmetric nor exact). Of equal distances the lowest index wins; a medoid
    always belongs to its own cluster. At the end medoids are sorted and points are assigned once
    more, as released: a point equally far from two medoids may change its cluster then.

    Args:
        points: [B, N, D].
        k: the number of medoids, 1..N.

    Returns:
        medoid_index [B, k], ascending rows of ``points``; assignment [B, N], the cluster (0..k-1)
        of each point.

    Raises:
        ValueError: ``k`` is out of range, or points are not finite.
    """
    _check(points, k, points.shape[1])
    parts = []
    for part in torch.split(points.detach(), _chunk(points, points.shape[1], 8)):
        exact = _float64(part)  # [b, N, D]
        centred = exact - exact.mean(1, keepdim=True)  # which reduces rounding
        distance = _distances(centred, centred)
        longest = exact.square().sum(-1).argmax(1)
        parts.append(_cluster(distance, longest, k, max_rounds))
    return _join(parts, points)


def cluster_clips(
    units: Tensor, k: int, *, length_aware: bool = True, max_rounds: int = MAX_ROUNDS
) -> tuple[Tensor, Tensor]:
    """Clusters all clips of each video, with their lengths, from the video's units alone.

    The result is that of :func:`kmedoids` on ``multi_scale_clips(units)`` with ``length_code``
    appended to each clip, but no clip is built. With W the ``clip_windows`` and G the n x n inner
    products of the units, the N x N inner products of the clips are W G W^T (at n = 32 and H = 384
    a tenth of the arithmetic); the part of the length code is the same for every video. At the end
    distances are rounded to float32, so that clips equally far from two medoids have exactly equal
    distances, and the lowest index wins. (In the released code rounding errors decide, and dropout
    changes the points during training; here neither happens.)

    Args:
        units: [V, n, H].
        k: medoids per video, 1..n(n+1)/2.
        length_aware: whether the distance counts the length code too.

    Returns:
        medoid_index [V, k], ascending rows among the clips; assignment [V, N], the cluster of each.

    Raises:
        ValueError: ``k`` is out of range, or units are not finite.
    """
    n = units.shape[1]
    windows = _float64(clip_windows(n).to(_exact_device(units)))  # [N, n]
    _check(units, k, len(windows))
    code = code_distances(n).to(windows.device) * length_aware
    parts = []
    for part in torch.split(units.detach(), _chunk(units, len(windows), 4)):
        exact = _float64(part)  # [b, n, H]
        # the diagonal of W G W^T is enough: the code has one norm for all lengths
        longest = ((windows @ (exact @ exact.mT)) * windows).sum(-1).argmax(1)
        parts.append(_cluster(_clip_distances(exact, windows, code), longest, k, max_rounds))
    return _join(parts, units)


@constant
def code_distances(n: int) -> Tensor:
    """Returns squared distances between the length codes of all clips, [N, N]."""
    code = length_code(n).double()  # [N, 256]
    apart = torch.cdist(code, code, compute_mode="donot_use_mm_for_euclid_dist")
    return apart.square().float()


def _clip_distances(units: Tensor, windows: Tensor, code: Tensor) -> Tensor:
    """Returns distances [b, N, N] of clips of units [b, n, H]: sqrt(squared distance + code)."""
    centred = units - units.mean(1, keepdim=True)
    inner = windows @ (centred @ centred.mT)  # [b, N, n]: clips with units
    return _distances(inner, windows.expand(len(units), -1, -1), code)


def _cluster(distance: Tensor, first: Tensor, k: int, max_rounds: int) -> tuple[Tensor, Tensor]:
    """Runs k-medoids on distances [B, N, N] from the first KKZ medoid [B] of each set."""
    medoids = _kkz(distance, first, k)  # [B, k]
    rows, table = torch.arange(len(medoids), device=medoids.device), distance
    for _ in range(max_rounds):
        before = medoids[rows]
        after = _update(table, _assign(table, before), k)
        medoids[rows] = after
        still = (after != before).any(1)
        if not still.any():
            break
        # Sets at rest stay as they are; copying the others' distances pays once they are few.
        if 2 * int(still.sum()) <= len(rows):
            rows, table = rows[still], table[still]
    medoids = medoids.sort(1).values
    return medoids, _assign(distance, medoids)


def _kkz(distance: Tensor, first: Tensor, k: int) -> Tensor:
    """Chooses k starting medoids [B, k] by distances [B, N, N], each farthest from those before."""
    batch = torch.arange(len(first), device=first.device)
    chosen = [first]
    nearest = distance[batch, first]  # [B, N]
    for _ in range(1, k):
        # where all points left coincide with medoids, one of them is taken, not a medoid again
        nearest.scatter_(1, chosen[-1][:, None], -1.0)
        chosen.append(nearest.argmax(1))
        nearest = torch.minimum(nearest, distance[batch, chosen[-1]])
    return torch.stack(chosen, dim=1)


def _assign(distance: Tensor, medoids: Tensor) -> Tensor:
    """Returns which medoid (0..k-1) is nearest to each point, [B, N]; for a medoid, itself."""
    batch = torch.arange(len(medoids), device=medoids.device)[:, None]
    assignment = distance[batch, medoids].min(1).indices  # [B, k, N] -> [B, N]; argmin is slower
    clusters = torch.arange(medoids.shape[1], device=medoids.device).expand_as(medoids)
    return assignment.scatter_(1, medoids, clusters)


def _update(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Returns the point of each cluster with the least summed distance to the cluster, [B, k].

    No cluster is empty: its medoid is in it.
    """
    b, n = assignment.shape
    cost = (
        _cluster_sums(distance, assignment, k).gather(1, assignment[:, None]).squeeze(1)
    )  # [B, N]
    least = torch.full((b, k), torch.inf, dtype=cost.dtype, device=cost.device)
    least = least.scatter_reduce(1, assignment, cost, "amin")  # [B, k]
    index = torch.arange(n, device=cost.device).expand(b, n)
    index = index.where(cost == least.gather(1, assignment), n)  # only minima keep their index
    return index.new_full((b, k), n).scatter_reduce(1, assignment, index, "amin")


def _cluster_sums(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Returns the summed distance of every cluster to every point, [B, k, N]: (D @ O)^T.

    Each row of D is added once, to the sum of its cluster: K times fewer operations than in a
    matrix product. (Distances are symmetric, so rows may take the place of columns.)
    """
    b, n = assignment.shape
    cluster = (assignment + k * torch.arange(b, device=assignment.device)[:, None]).flatten()
    row = cluster.argsort(stable=True)  # rows of [B * N, N], cluster by cluster
    size = torch.bincount(cluster, minlength=b * k)
    summed = F.embedding_bag(row, distance.reshape(b * n, n), size.cumsum(0) - size, mode="sum")
    return summed.view(b, k, n)


def _distances(left: Tensor, right: Tensor, code: Tensor | None = None) -> Tensor:
    """Returns distances [b, N, N] of points with inner products left @ right^T, both [b, N, d].

    With ``code`` [N, N], more squared distances to add, they are rounded to its precision. A
    distance counts both ways, so each strip of rows is computed from the diagonal on, and mirrored.
    The strips are made from the last to the first: the squared norms of later rows are known then.
    """
    b, n, _ = left.shape
    distance = left.new_empty(b, n, n, dtype=left.dtype if code is None else code.dtype)
    # Strips of 12 rows, 24, ...: BLAS then rounds all of them alike, and twins stay equally far.
    norm, size = left.new_empty(b, n), 12 * -(-n // (12 * STRIPS))
    for start in reversed(range(0, n, size)):
        rows, after = slice(start, start + size), slice(start + size, n)
        inner = left[:, rows] @ right[:, start:].mT  # [b, size, N - start]
        inner[:, :, :size] = (inner[:, :, :size] + inner[:, :, :size].mT) / 2  # but for rounding
        norm[:, rows] = inner.diagonal(dim1=1, dim2=2)
        # |x|^2 + |y|^2 - 2 x.y; a point's distance to itself is exactly 0
        squared = (norm[:, rows, None] + norm[:, None, start:]).sub_(inner, alpha=2.0)
        if code is not None:
            squared = squared.to(code.dtype).add_(code[rows, start:])
        torch.sqrt(squared.clamp_(min=0.0), out=distance[:, rows, start:])
        distance[:, after, rows] = distance[:, rows, after].mT
    return distance


def _check(vectors: Tensor, k: int, n: int) -> None:
    if not 1 <= k <= n:
        raise ValueError(f"k={k}: there are {n} points to choose medoids from, so k is 1..{n}")
    if vectors.numel() and not bool(torch.stack(vectors.aminmax()).isfinite().all()):
        raise ValueError("some vectors are not finite: look for NaN or infinity in the features")


def _exact_device(tensor: Tensor) -> torch.device:
    """Returns the device to use for float64, which Apple's MPS lacks."""
    return torch.device("cpu") if tensor.device.type == "mps" else tensor.device


def _float64(tensor: Tensor) -> Tensor:
    return tensor.to(device=_exact_device(tensor), dtype=torch.float64)


def _chunk(vectors: Tensor, n: int, distance_bytes: int) -> int:
    budget = CHUNK_BYTES.get(vectors.device.type, CHUNK_BYTES_ELSEWHERE)
    return max(1, budget // (n * n * distance_bytes))


def _join(parts: list[tuple[Tensor, Tensor]], like: Tensor) -> tuple[Tensor, Tensor]:
    medoids, assignment = (torch.cat(part).to(like.device) for part in zip(*parts, strict=True))
    return medoids, assignment
