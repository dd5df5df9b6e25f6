"""Lesson 5's exercises with a twist."""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson05.answers import assign_points, membership, move_medoids


def central_start(distance: Tensor, norm: Tensor, k: int) -> Tensor:
    """Rows of k starting medoids, in the order of choice: distance [N, N], norm [N] -> [k].

    First the most central point, then always the point farthest from its nearest medoid. Equal
    ones: the lowest row. No row is taken twice.
    """
    chosen = [int(distance.amax(1).argmin())]
    while len(chosen) < k:
        nearest = distance[chosen].amin(0)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def farthest_pair_start(distance: Tensor, norm: Tensor, k: int) -> Tensor:
    """Rows of k starting medoids, in the order of choice: distance [N, N], norm [N] -> [k].

    First the two points that are farthest from each other, then always the point farthest from its
    nearest medoid. Equal ones: the lowest row. No row is taken twice.
    """
    n = len(distance)
    apart = distance - torch.eye(n)  # no point is its own partner
    chosen = [*divmod(int(apart.argmax()), n)][:k]
    while len(chosen) < k:
        nearest = distance[chosen].amin(0).index_fill(0, torch.tensor(chosen), -1)
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)


def second_nearest(distance: Tensor, medoids: Tensor) -> Tensor:
    """Number of the second nearest medoid, 0..k-1: distance [N, N], medoids [k] -> [N].

    Equal ones: the lowest number. A medoid is always nearest to itself; of a single medoid: 0.
    """
    near = distance[:, medoids].clone()  # [N, k]
    first = assign_points(distance, medoids)
    near[torch.arange(len(near)), first] = torch.inf
    return near.argmin(1)


def nearest_row(distance: Tensor, medoids: Tensor) -> Tensor:
    """Row of the point that is the nearest medoid, 0..N-1: distance [N, N], medoids [k] -> [N].

    Equal ones: the lowest row of a medoid. A medoid always belongs to itself.
    """
    rows = medoids.sort().values
    nearest = rows[distance[:, rows].argmin(1)]
    nearest[rows] = rows
    return nearest


def least_farthest(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Row of the most central member of each cluster: distance [N, N], assignment [N] -> [k].

    Most central: its farthest fellow member is the least far. Equal ones: the lowest row.
    """
    rows = []
    for c in range(k):
        members = (assignment == c).nonzero()[:, 0]
        cost = distance[members][:, members].amax(1)
        rows.append(members[cost.argmin()])
    return torch.stack(rows)


def least_squares(distance: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Row of the most central member of each cluster: distance [N, N], assignment [N] -> [k].

    Most central: the least sum of squared distances to the members. Equal ones: the lowest row.
    """
    member = membership(assignment, k)
    cost = distance.square() @ member
    return cost.masked_fill(member == 0, torch.inf).argmin(0)


def city_block_medoids(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Cluster points [N, D] around k of them, by city block distance, from the KKZ start.

    Returns the medoids' rows [k], ascending, and the cluster of each point [N], 0..k-1.
    """
    distance = (points[:, None] - points).abs().sum(-1)
    chosen = [int(points.abs().sum(1).argmax())]
    while len(chosen) < k:
        left = distance[chosen].amin(0)
        left[chosen] = -torch.inf
        chosen.append(int(left.argmax()))
    medoids = torch.tensor(chosen)
    for _ in range(len(points) * k):
        moved = move_medoids(distance, assign_points(distance, medoids), k)
        if torch.equal(moved, medoids):
            break
        medoids = moved
    medoids = medoids.sort().values
    return medoids, assign_points(distance, medoids)


def halves_code(length: Tensor, dim: int) -> Tensor:
    """All sines of length - 1, then all cosines, ever slower: length [N], dim even -> [N, dim]."""
    rate = 10_000.0 ** (-torch.arange(0, dim, 2) / dim)
    angle = torch.outer((length - 1).float(), rate)
    return torch.cat([angle.sin(), angle.cos()], 1)


def code_of_doublings(length: Tensor, dim: int) -> Tensor:
    """Sines and cosines of log2(length), in turn: length [N], from 1, dim even -> [N, dim]."""
    column = torch.arange(dim)
    angle = length.float().log2()[:, None] * 10_000.0 ** (-(column - column % 2) / dim)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())


VARIANTS = (
    Variant(
        "kkz_start",
        central_start,
        """\
Start in the middle instead of at the longest point: the first medoid is the point whose
**largest distance to any point is the smallest**. Then, as in the lesson, take again and again
the point that is farthest from its nearest medoid so far. Of equal ones take the lowest row,
and no row twice. `norm` is handed over as in the lesson, and not needed here.""",
    ),
    Variant(
        "kkz_start",
        farthest_pair_start,
        """\
Start with the **two points that are farthest from each other**: the first two medoids are the
pair with the largest distance, the lower row first. If several pairs are equally far apart,
take the one whose lower row is the lowest; if several are left, the one whose higher row is
the lowest. Then, as in the lesson, take again and again the point that is farthest from its
nearest medoid so far (of equal ones the lowest row; no row twice). For $k = 1$ the result is
the lower row of the pair alone, and for a single point it is row 0. `norm` is handed over as
in the lesson, and not needed here.""",
    ),
    Variant(
        "assign_points",
        second_nearest,
        """\
Which medoid would a point go to if its own were taken away? Give for each point the number (0
to $k - 1$) of its **second nearest** medoid: of all medoids but its nearest one, the one with
the smallest distance. Its nearest medoid is found as in the lesson: of equal ones the lowest
number, but a medoid is nearest to itself. Among the others, too, equal ones mean the lowest
number. If there is only one medoid, the result is 0 for every point.""",
    ),
    Variant(
        "assign_points",
        nearest_row,
        """\
Give for each point the **row** (0 to $N - 1$) of its nearest medoid instead of the medoid's
number among the $k$. If several medoids are equally near, take the one with the **lowest
row**, in whatever order `medoids` lists them. But a medoid always belongs to itself.""",
    ),
    Variant(
        "move_medoids",
        least_farthest,
        """\
Choose the new medoid of each cluster by the **worst case**: the member whose distance to its
farthest fellow member is the smallest. (A cluster's only member is its medoid.) Of equal ones
take the lowest row. Each of the $k$ clusters has at least one member. Loops are welcome.""",
    ),
    Variant(
        "move_medoids",
        least_squares,
        """\
Choose the new medoid of each cluster by **squared** distances: the member with the smallest
sum of squared distances to all members of its cluster. Of equal ones take the lowest row. Each
of the $k$ clusters has at least one member. Loops are welcome.""",
    ),
    Variant(
        "k_medoids",
        city_block_medoids,
        """\
Cluster the points by **city block distance**: the distance of two points is the sum of the
absolute differences of their numbers, and the length of a point is the sum of the absolute
values of its numbers. Everything else is as in the lesson. Start with the KKZ start (the
longest point first, then again and again the one farthest from its nearest medoid). Then
assign the points and move the medoids (the member with the least summed distance), again and
again until no medoid changes. Sort the medoids, and assign the points to them once more. You
may call the functions of the exercises before this one: here they do what the lesson says.""",
    ),
    Variant(
        "code_of_length",
        halves_code,
        """\
The same sines and cosines in another order: **first all sines, then all cosines**. With the
rates $\\omega_i = 10000^{-2i / d}$ for $i = 0 \\dots d/2 - 1$ and $d$ = `dim`, column $i$ is
$\\sin((\\ell - 1)\\, \\omega_i)$ and column $d/2 + i$ is $\\cos((\\ell - 1)\\, \\omega_i)$,
where $\\ell$ is the length of the clip.""",
    ),
    Variant(
        "code_of_length",
        code_of_doublings,
        """\
Count **doublings** of a clip's length: the code is made of $\\log_2 \\ell$ instead of
$\\ell - 1$, where $\\ell$ is the length, at least 1. With the rates $\\omega_i = 10000^{-2i /
d}$ for $i = 0 \\dots d/2 - 1$ and $d$ = `dim`, column $2i$ is $\\sin(\\omega_i \\log_2 \\ell)$
and column $2i + 1$ is $\\cos(\\omega_i \\log_2 \\ell)$.""",
    ),
)
