"""Lesson 5: k-medoids step by step, and the code of a clip's length."""

from __future__ import annotations

from functools import partial
from math import inf, nan

from prvr_lite.course.grading.exercise import Exercise, Mistake
from prvr_lite.course.lesson05 import planted
from prvr_lite.course.lesson05.answers import (
    assign_inputs,
    assign_points,
    code_inputs,
    code_of_length,
    integer_members,
    k_medoids,
    kkz_start,
    least_member,
    membership,
    move_inputs,
    move_medoids,
    outside_wins,
    own_lost,
    rate_for_each,
    row_in_cluster,
    set_inputs,
    start_inputs,
    wrong_code,
    wrong_loop,
    wrong_start,
)

EXERCISES = (
    Exercise(
        "kkz_start",
        5,
        kkz_start,
        start_inputs,
        "[k]",
        (
            Mistake(
                lambda distance, norm, k: kkz_start(distance, -norm, k),
                "it starts with the point of the smallest norm: KKZ starts with the largest.",
            ),
            Mistake(
                lambda distance, norm, k: wrong_start(distance, norm, k, "last"),
                "it looks only at the medoid chosen last, and so jumps back and forth: the "
                "distance to the nearest of all medoids counts.",
                also=(partial(wrong_start, far="last", once=False),),
            ),
            Mistake(
                lambda distance, norm, k: wrong_start(distance, norm, k, "sum"),
                "it adds up the distances to all medoids: the nearest alone counts (minimum).",
                also=(partial(wrong_start, far="sum", once=False),),
            ),
            Mistake(
                lambda distance, norm, k: wrong_start(distance, norm, k, "close"),
                "it takes the point nearest to the medoids: the farthest is not yet served.",
            ),
            Mistake(
                lambda distance, norm, k: norm.argsort(descending=True, stable=True)[:k],
                "it takes the k longest points: they may lie side by side. Only the first is "
                "chosen by norm.",
            ),
            Mistake(
                lambda distance, norm, k: wrong_start(distance, norm, k, "twice"),
                "it takes a row twice where points coincide: rule out those already chosen.",
            ),
            Mistake(
                lambda distance, norm, k: kkz_start(distance, norm, k).sort().values,
                "the rows are in ascending order: give them in the order of choice, the longest "
                "first.",
            ),
        ),
        (
            "Keep one number per point: how far it is from its nearest medoid so far.",
            "The first is norm.argmax(). The next is where that number is largest. And then the "
            "number may shrink.",
            "nearest = torch.minimum(nearest, distance[newest]) after each choice, and "
            "nearest[chosen] = -1 before the next.",
        ),
        minutes=12,
        difficulty=2,
        planted=planted.hard_starts,
    ),
    Exercise(
        "assign_points",
        5,
        assign_points,
        assign_inputs,
        "[N]",
        (
            Mistake(
                lambda distance, medoids: medoids[assign_points(distance, medoids)],
                "it gives rows of medoids: number the clusters 0..k-1, in the order of medoids.",
                also=(lambda distance, medoids: medoids[own_lost(distance, medoids)],),
            ),
            Mistake(
                lambda distance, medoids: assign_points(-distance, medoids),
                "every point joins the farthest medoid: these are distances, not similarities.",
                also=(lambda distance, medoids: own_lost(-distance, medoids),),
            ),
            Mistake(
                own_lost,
                "a medoid has lost its own cluster to another one that lies on the same spot: "
                "put each medoid back into its own.",
            ),
            Mistake(
                lambda distance, medoids: distance[:, medoids].argmin(0),
                "it finds the nearest point of each medoid: find the nearest medoid of each point "
                "(the other dimension).",
            ),
            Mistake(
                lambda distance, medoids: distance.argmin(1),
                "every point is nearest to itself: look only at the columns of the medoids.",
            ),
        ),
        (
            "distance[:, medoids] holds the distances of all points to the k medoids alone.",
            "argmin over the medoids; equal ones go to the first by themselves.",
            "Then cluster[medoids] = torch.arange(k): each medoid stays with itself.",
        ),
        minutes=8,
        planted=planted.hard_medoids,
    ),
    Exercise(
        "move_medoids",
        5,
        move_medoids,
        move_inputs,
        "[k]",
        (
            Mistake(
                lambda distance, assignment, k: (distance @ membership(assignment, k)).argmin(0),
                "a medoid may come from another cluster: only members may be chosen.",
            ),
            Mistake(
                partial(outside_wins, cost=0.0),
                "points outside a cluster are chosen. For argmin 0 is little, -inf is least, "
                "and NaN wins over any number: give them +infinity.",
                also=(partial(outside_wins, cost=-inf), partial(outside_wins, cost=nan)),
            ),
            Mistake(
                integer_members,
                "one_hot gives integers, and a product wants both of one type: put .float() behind "
                "one_hot(assignment, k).",
                also=(partial(integer_members, turned=True),),
            ),
            Mistake(
                lambda distance, assignment, k: least_member(
                    distance.sum(1, keepdim=True).expand(-1, k), membership(assignment, k)
                ),
                "it adds up the distances to all points: only those of the cluster count.",
            ),
            Mistake(
                lambda distance, assignment, k: least_member(
                    distance.square() @ membership(assignment, k), membership(assignment, k)
                ),
                "it adds up squared distances, which finds the member nearest to the mean: a "
                "medoid has the least sum of plain distances.",
            ),
            Mistake(
                lambda distance, assignment, k: move_medoids(-distance, assignment, k),
                "it takes the most remote member: the least summed distance wins.",
            ),
            Mistake(
                row_in_cluster,
                "it counts rows within each cluster: give rows of all N points.",
            ),
        ),
        (
            "Write it as a loop over clusters first: members, their distances to each other, sums.",
            "With O = one_hot(assignment, k) as floats, (distance @ O)[i, c] is how far point i is "
            "from all of cluster c.",
            "(distance @ O).masked_fill(O == 0, torch.inf), and argmin over the points (0).",
        ),
        minutes=15,
        difficulty=3,
        loop="distance @ O sums up for all clusters at once.",
        planted=planted.hard_clusters,
    ),
    Exercise(
        "k_medoids",
        5,
        k_medoids,
        set_inputs,
        "[k] and [N]",
        (
            Mistake(
                lambda points, k: wrong_loop(points, k, "mean"),
                "the centre of a cluster is found by squared distances, so it is the member "
                "nearest to the mean: a medoid has the least sum of plain distances.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "whole"),
                "the new medoid is the member most central to the whole set: only distances "
                "within its cluster count.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "similar"),
                "points are assigned by inner product: the nearest medoid is meant, by distance.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "small"),
                "the start takes the point of the smallest norm first: it is the largest.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "unsorted"),
                "the medoids are not in ascending order: sort them, and assign once more.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "stale"),
                "the medoids were sorted, but the clusters still carry their old numbers: assign "
                "once more after sorting.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "once"),
                "it stops after one round: go on until no medoid moves.",
            ),
            Mistake(
                lambda points, k: wrong_loop(points, k, "lost"),
                "where points coincide a medoid loses its own cluster: it must stay in it.",
            ),
        ),
        (
            "You have all the parts: start, assign, move. How do you know that you may stop?",
            "distance = (points[:, None] - points).square().sum(-1).sqrt() is exact; start from "
            "kkz_start(distance, points.norm(dim=1), k).",
            "Loop: new = move_medoids(distance, assign_points(distance, medoids), k), until it "
            "equals medoids. Then sort, and assign once more.",
        ),
        minutes=12,
        difficulty=2,
        outputs=("medoids", "cluster"),
        planted=planted.slow_sets,
    ),
    Exercise(
        "code_of_length",
        5,
        code_of_length,
        code_inputs,
        "[N, dim]",
        (
            Mistake(
                lambda length, dim: wrong_code(length, dim, shift=0).flatten(1),
                "it codes the length itself: the shortest clip stands at position 0.",
            ),
            Mistake(
                lambda length, dim: wrong_code(length, dim).mT.flatten(1),
                "all sines come first and then all cosines: they take turns.",
            ),
            Mistake(
                lambda length, dim: wrong_code(length, dim).flip(-1).flatten(1),
                "each pair begins with its cosine: sine first.",
            ),
            Mistake(
                lambda length, dim: wrong_code(length, dim, step=0.5).flatten(1),
                "the rates fall too slowly: the exponents are 0, 2, 4, … over dim, one per pair.",
            ),
            Mistake(
                lambda length, dim: wrong_code(length, dim, up=1).flatten(1),
                "the rates grow: the exponent is negative, so that later pairs turn ever slower.",
            ),
            Mistake(
                rate_for_each,
                "every number has a rate of its own: a sine and its cosine share one, so there are "
                "dim / 2 of them. The exponents go in steps of 2.",
                also=(partial(rate_for_each, in_turn=True),),
            ),
        ),
        (
            "There are dim / 2 pairs. What is the angle of pair i for a clip of some length?",
            "rate = 10_000.0 ** (-torch.arange(0, dim, 2) / dim); "
            "angle = (length - 1)[:, None] * rate.",
            "torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1) lets them take turns.",
        ),
        minutes=10,
        difficulty=2,
        axes={"length": "N"},
        planted=planted.hard_lengths,
    ),
)
