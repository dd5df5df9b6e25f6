"""Lesson 2's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def pool_bounds(total: int, count: int) -> Tensor:
    """b_i = min(round(i / count * total), total - 1) for i = 0..count: [count + 1] int64."""
    i = torch.arange(count + 1, dtype=torch.float64)  # [n + 1]
    bounds = (i / count * total).round().long()  # a half: the even neighbour
    return bounds.clamp(max=total - 1)


def pool_features(features: Tensor, count: int) -> Tensor:
    """Row i: the mean of frames b_i up to b_(i+1), or frame b_i where there are none.

    features [T, D] -> [count, D].
    """
    b = pool_bounds(len(features), count).tolist()
    windows = [features[b[i] : max(b[i + 1], b[i] + 1)] for i in range(count)]
    return torch.stack([window.mean(0) for window in windows])  # [n, D]


def normalise(features: Tensor) -> Tensor:
    """x / (|x| + 1e-5) for each row x of features [..., D]."""
    length: torch.Tensor = features.norm(dim=-1, keepdim=True)  # [..., 1]
    return features / (length + 1e-5)


def pad_ragged(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Films end to end -> one batch with zeros behind the short ones, and its mask.

    features [F, D], offset [V + 1] -> padded [V, T, D], mask [V, T] bool, True on real frames.
    """
    length = offset.diff()  # [V]
    mask = torch.arange(int(length.max())) < length[:, None]  # [V, T]
    padded = torch.zeros(*mask.shape, features.shape[1])  # [V, T, D]
    for v, count in enumerate(length.tolist()):
        padded[v, :count] = features[offset[v] : offset[v + 1]]
    return padded, mask


def even_bounds(total: int, count: int) -> Tensor:
    """i / count * total for i = 0..count."""
    return torch.arange(count + 1, dtype=torch.float64) / count * total


def pool(features: Tensor, count: int, stop: Callable[[int, int], int]) -> Tensor:
    """Means of features[a : stop(a, z)] for neighbouring bounds a, z."""
    windows = pairwise(pool_bounds(len(features), count).tolist())
    return torch.stack([features[a : stop(a, z)].mean(0) for a, z in windows])


def places(offset: Tensor) -> Tensor:
    """[V, T] bool: which places of the batch are real."""
    length = offset.diff()  # [V]
    return torch.arange(int(length.max())) < length[:, None]


def count_inputs(g: Generator) -> Inputs:
    """Every i / count * total is a whole number or a half, exactly, so that rounding shows."""
    count = 8 * (1 + int(torch.randint(2, (1,), generator=g)))
    times = int(torch.randint(5, (1,), generator=g))
    return {"total": count * times + count // 2, "count": count}


def film_inputs(g: Generator) -> Inputs:
    """Every other draw is a film of many frames; the others have windows of 0, 1 and 2 frames."""
    dim, more = sizes(g, 2, 2, 7)
    long = g.initial_seed() % 2 == 0  # of four draws in a row, two are
    count, total = (4, 26 + dim + more) if long else (8, 9 + more % 3)
    return {"features": normal(g, total, dim), "count": count}


def row_inputs(g: Generator) -> Inputs:
    """Rows of all lengths, with a black frame (nothing but zeros) and one that is nearly black."""
    features = normal(g, *sizes(g, 3, 2, 7))
    features[0, 0] = 0
    features[1, 1] *= 2e-5 / features[1, 1].norm()
    return {"features": features}


def ragged_inputs(g: Generator) -> Inputs:
    """Films end to end, the first is not the longest; one real frame is black."""
    videos, longest, dim = sizes(g, 3, 4, 9)
    length = torch.randint(1, longest, (videos,), generator=g)
    length[torch.randint(1, videos, (1,), generator=g)] = longest
    offset = torch.cat([torch.zeros(1, dtype=torch.long), length.cumsum(0)])
    features = normal(g, int(offset[-1]), dim)
    features[torch.randint(len(features), (1,), generator=g)] = 0
    return {"features": features, "offset": offset}


def window_size(features: Tensor, count: int) -> Tensor:
    """Frames in each window, [count, 1]."""
    return pool_bounds(len(features), count).diff().clamp(min=1)[:, None]


def overall_count(features: Tensor, count: int) -> Tensor:
    return pool_features(features, count) * window_size(features, count) * count / len(features)


def to_the_end(features: Tensor, count: int) -> Tensor:
    last = int(pool_bounds(len(features), count)[-1])
    return pool(features, count, lambda a, z: max(z + (z == last), a + 1))


def steps(count: int) -> Tensor:
    """0..count, as whole numbers."""
    return torch.arange(count + 1)


def ends_instead(features: Tensor, count: int) -> Tensor:
    windows = pairwise(pool_bounds(len(features), count).tolist())
    rows = [features[a + 1 : z + 1] if a < z else features[a : a + 1] for a, z in windows]
    return torch.stack([window.mean(0) for window in rows])


def strongest(features: Tensor, count: int) -> Tensor:
    windows = pairwise(pool_bounds(len(features), count).tolist())
    return torch.stack([features[a : max(z, a + 1)].amax(0) for a, z in windows])


def zeros_for_nothing(features: Tensor, count: int) -> Tensor:
    empty = pool_bounds(len(features), count).diff() == 0
    return pool_features(features, count).masked_fill(empty[:, None], 0)


def neighbours(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    mask = places(offset)
    padded = features.new_zeros(*mask.shape, features.shape[1])
    for v, start in enumerate(offset[:-1].tolist()):
        piece = features[start : start + mask.shape[1]]
        padded[v, : len(piece)] = piece
    return padded, mask


def one_too_many(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    return padded, torch.arange(mask.shape[1]) <= offset.diff()[:, None]


def mask_of_offsets(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    return padded, torch.arange(mask.shape[1]) < offset[1:, None]


def last_film_forgotten(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    padded[-1] = 0
    return padded, mask


def zeros_in_front(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    late = mask.flip(1)
    return torch.zeros_like(padded).masked_scatter(late[..., None], features), late
