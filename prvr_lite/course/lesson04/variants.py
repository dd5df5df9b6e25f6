"""Lesson 4's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.model.clips import clip_spans


def row_by_start(start: int, end: int, n: int) -> int:
    """Row of the clip [start, end) among all clips of n units, counted from 0.

    Order: all clips that start at unit 0, from the shortest to the longest, then those that start
    at unit 1, and so on.
    """
    return sum(n - before for before in range(start)) + end - start - 1


def row_longest_first(start: int, end: int, n: int) -> int:
    """Row of the clip [start, end) among all clips of n units, counted from 0.

    Order: the clip of all n units, then those of n - 1 units from left to right, and so on.
    """
    longer = n - (end - start)
    return longer * (longer + 1) // 2 + start


def clip_by_start(row: int, n: int) -> tuple[int, int]:
    """(start, end) of the clip in a row; the end is one past the last unit.

    Order: all clips that start at unit 0, from the shortest to the longest, then those that start
    at unit 1, and so on.
    """
    start = 0
    while row >= n - start:
        row -= n - start
        start += 1
    return start, start + row + 1


def clip_longest_first(row: int, n: int) -> tuple[int, int]:
    """(start, end) of the clip in a row; the end is one past the last unit.

    Order: the clip of all n units, then those of n - 1 units from left to right, and so on.
    """
    places = 1
    while row >= places:
        row -= places
        places += 1
    return row, row + n - places + 1


def strongest_values(units: Tensor) -> Tensor:
    """Maxima of all windows of 1..n units: units [V, n, H] -> clips [V, N, H], shorter ones first.

    Each of the H features by itself.
    """
    best, clips = units, [units]
    for length in range(1, units.shape[1]):
        best = torch.maximum(best[:, :-1], units[:, length:])
        clips.append(best)
    return torch.cat(clips, 1)


def first_and_last(units: Tensor) -> Tensor:
    """Mean of the first and the last unit of all windows of 1..n units, shorter windows first.

    units [V, n, H] -> clips [V, N, H]
    """
    start, end = clip_spans(units.shape[1]).unbind(1)
    return (units[:, start] + units[:, end - 1]) / 2


def best_two(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cosine with the two best clips, and which one is the best.

    queries [Q, H], clips [V, N, H] -> score [Q, V], key [Q, V] (rows among the N clips).
    """
    cosine = torch.einsum("qh,vnh->qvn", F.normalize(queries, dim=-1), F.normalize(clips, dim=-1))
    top = cosine.topk(min(2, clips.shape[1]), -1)
    return top.values.mean(-1), top.indices[..., 0]


def nearest_clip(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of the nearest clip, with a minus sign, and which clip that is.

    queries [Q, H], clips [V, N, H] -> score [Q, V], key [Q, V] (rows among the N clips).
    """
    distance = (queries[:, None, None] - clips).square().sum(-1).sqrt()  # [Q, V, N]
    near, key = distance.min(-1)
    return -near, key


BY_START = """\
order: first all clips that **start at unit 0**, from the shortest to the longest; then all
clips that start at unit 1, from the shortest to the longest; and so on. For $n = 3$ the rows 0
to 5 are [0, 1), [0, 2), [0, 3), [1, 2), [1, 3), [2, 3)."""
LONGEST_FIRST = """\
order: the **longest clips come first**. Row 0 is the clip of all $n$ units; then come the
clips of $n - 1$ units from left to right, and so on, down to the clips of one unit from left
to right. For $n = 3$ the rows 0 to 5 are [0, 3), [0, 2), [1, 3), [0, 1), [1, 2), [2, 3)."""

VARIANTS = (
    Variant("clip_row", row_by_start),
    Variant("clip_row", row_longest_first),
    Variant("clip_at", clip_by_start),
    Variant("clip_at", clip_longest_first),
    Variant("all_clips", strongest_values),
    Variant("all_clips", first_and_last),
    Variant(
        "clip_scores",
        best_two,
        changes={"axes": {"queries": "Qh", "clips": "VNh"}},
    ),
    Variant("clip_scores", nearest_clip),
)
