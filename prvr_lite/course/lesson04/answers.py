"""Lesson 4's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.model.clips import clip_spans


def clip_row(start: int, end: int, n: int) -> int:
    """Row of the clip of units start..end-1 among all clips of n units; shorter clips first."""
    shorter = sum(n - length + 1 for length in range(1, end - start))
    return shorter + start


def clip_at(row: int, n: int) -> tuple[int, int]:
    """First and one-past-last unit of a clip by its row: the way back from clip_row."""
    length = 1
    while row >= n - length + 1:  # not among the windows of this length
        row -= n - length + 1
        length += 1
    return row, row + length


SUMS = ("sum", "mean", "cumsum", "add", "radd", "iadd", "matmul", "rmatmul", "einsum", "avg_pool1d")


def all_clips(units: Tensor) -> Tensor:
    """Means of all windows: units [V, n, H] -> clips [V, N, H], shorter ones first."""
    start, end = clip_spans(units.shape[1]).unbind(1)  # [N], [N]
    total = F.pad(units.cumsum(1), (0, 0, 1, 0))  # [V, n+1, H], a zero in front
    return (total[:, end] - total[:, start]) / (end - start)[:, None]


def clip_scores(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Best cosine and its clip: queries [Q, H], clips [V, N, H] -> score [Q, V], key [Q, V]."""
    q, c = F.normalize(queries, dim=-1), F.normalize(clips, dim=-1)
    cosine = torch.einsum("qh,vnh->qvn", q, c)  # [Q, V, N]
    score, key = cosine.max(-1)
    return score, key


def _spans(n: int, longest: int | None = None) -> tuple[Tensor, Tensor]:
    """Starts [N] and ends [N] of all windows, by length."""
    pairs = [(s, s + size) for size in range(1, (longest or n) + 1) for s in range(n - size + 1)]
    start, end = torch.tensor(pairs).T
    return start, end


def by_start(n: int) -> list[tuple[int, int]]:
    return [(s, e) for s in range(n) for e in range(s + 1, n + 1)]


def by_end(n: int) -> list[tuple[int, int]]:
    return [(s, e) for e in range(1, n + 1) for s in range(e)]


def late_clip(row: int, n: int) -> tuple[int, int]:
    length = 1
    while row > n - length + 1:
        row -= n - length + 1
        length += 1
    return row, row + length


def wrong_means(
    units: Tensor, *, axis: int = 1, longest: int | None = None, by: str = "own"
) -> Tensor:
    """all_clips with something wrong in it."""
    n = units.shape[1]
    start, end = _spans(n, longest)
    total = F.pad(units.cumsum(axis), (0, 0, 1, 0))
    length = end - start
    sizes = {"own": length, "more": length + 1, "end": end, "n": length * 0 + n}
    return (total[:, end] - total[:, start]) / sizes.get(by, length**0)[:, None]


def wrong_differences(units: Tensor, which: str) -> Tensor:
    """all_clips with other places of the running total."""
    start, end = _spans(units.shape[1])
    total = F.pad(units.cumsum(1), (0, 0, 1, 0))
    plus, minus = total[:, end], total[:, start]
    if which == "start is 0":
        minus = torch.zeros_like(plus)
    elif which == "end - 1":
        plus = total[:, end - 1]
    else:
        plus, minus = minus, plus
    return (plus - minus) / (end - start)[:, None]


def mean_of_ends(units: Tensor) -> Tensor:
    start, end = _spans(units.shape[1])
    return (units[:, start] + units[:, end - 1]) / 2


def without_zero(units: Tensor) -> Tensor:
    start, end = _spans(units.shape[1])
    total = units.cumsum(1)
    return (total[:, end - 1] - total[:, start]) / (end - start)[:, None]


def ordered_by_start(units: Tensor) -> Tensor:
    return torch.stack([units[:, s:e].mean(1) for s, e in by_start(units.shape[1])], dim=1)


def strongest_units(units: Tensor) -> Tensor:
    start, end = _spans(units.shape[1])
    pairs = zip(start.tolist(), end.tolist(), strict=True)
    return torch.stack([units[:, s:e].amax(1) for s, e in pairs], dim=1)


def inner_products(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    score, key = torch.einsum("qh,vnh->qvn", queries, clips).max(-1)
    return score, key


def by_inner_product(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    key = inner_products(queries, clips)[1]
    cosine = torch.einsum("qh,vnh->qvn", F.normalize(queries, dim=-1), F.normalize(clips, dim=-1))
    return cosine.gather(-1, key[..., None])[..., 0], key


def mean_score(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    q, c = F.normalize(queries, dim=-1), F.normalize(clips, dim=-1)
    every = torch.einsum("qh,vnh->qvn", q, c)
    return every.mean(-1), every.argmax(-1)


def signless_score(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    q, c = F.normalize(queries, dim=-1), F.normalize(clips, dim=-1)
    score, key = torch.einsum("qh,vnh->qvn", q, c).abs().max(-1)
    return score, key


def without_gradient(queries: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    score, key = clip_scores(queries, clips)
    return score.detach(), key


def _span(g: Generator) -> tuple[int, int, int]:
    """start, length >= 3, n; the first window of its length on even seeds."""
    n, length = sizes(g, 2, 4, 9)
    n, length = max(n, length) + 1, min(n, length) - 1
    later = int(torch.randint(1, n - length + 1, (1,), generator=g))
    return 0 if g.initial_seed() % 2 == 0 else later, length, n


def span_inputs(g: Generator) -> Inputs:
    start, length, n = _span(g)
    return {"start": start, "end": start + length, "n": n}


def row_inputs(g: Generator) -> Inputs:
    start, length, n = _span(g)
    return {"row": clip_row(start, start + length, n), "n": n}


def unit_inputs(g: Generator) -> Inputs:
    v, n, h = sizes(g, 3, 3, 7)
    return {"units": normal(g, v, n, h)}


def score_inputs(g: Generator) -> Inputs:
    q, v, n, h = sizes(g, 4, 2, 8)
    far = 0.3 + 3 * torch.rand(v, n, 1, generator=g)  # clips of very different norms
    return {"queries": 2 * normal(g, q, h), "clips": far * normal(g, v, n, h)}
