"""Lesson 2: windows over the frames of a film, features of length 1, films in one batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.exercises.drawing import normal, sizes
from prvr_lite.exercises.exercise import Exercise, Inputs, Mistake

EPSILON = 1e-5


def pool_bounds(total: int, count: int) -> Tensor:
    """b_i = min(round(i / count * total), total - 1) for i = 0..count: [count + 1] int64."""
    # round: halves go to the even neighbour
    return _even(total, count).round().long().clamp(max=total - 1)


def pool_features(features: Tensor, count: int) -> Tensor:
    """Row i: the mean of frames b_i up to b_(i+1), or frame b_i where there are none.

    features [T, D] -> [count, D].
    """
    return _pool(features, count, lambda a, z: max(z, a + 1))


def normalise(features: Tensor) -> Tensor:
    """x / (|x| + 1e-5) for each row x of features [..., D]."""
    length: Tensor = features.norm(dim=-1, keepdim=True)  # [..., 1]
    return features / (length + EPSILON)


def pad_ragged(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Films end to end -> one batch with zeros behind the short ones, and its mask.

    features [F, D], offset [V + 1] -> padded [V, T, D], mask [V, T] bool, True on real frames.
    """
    mask = _places(offset)  # [V, T]
    padded = features.new_zeros(*mask.shape, features.shape[1])  # [V, T, D]
    padded[mask] = features[int(offset[0]) : int(offset[-1])]
    return padded, mask


def _even(total: int, count: int) -> Tensor:
    """i / count * total for i = 0..count."""
    return torch.arange(count + 1, dtype=torch.float64) / count * total


def _pool(features: Tensor, count: int, stop: Callable[[int, int], int]) -> Tensor:
    """Means of features[a : stop(a, z)] for neighbouring bounds a, z."""
    windows = pairwise(pool_bounds(len(features), count).tolist())
    return torch.stack([features[a : stop(a, z)].mean(0) for a, z in windows])


def _places(offset: Tensor) -> Tensor:
    """[V, T] bool: which places of the batch are real."""
    length = offset.diff()  # [V]
    return torch.arange(int(length.max())) < length[:, None]


def _counts(g: Generator) -> Inputs:
    """Every i / count * total is a whole number or a half, exactly, so that rounding shows."""
    count = 8 * (1 + int(torch.randint(2, (1,), generator=g)))
    times = int(torch.randint(5, (1,), generator=g))
    return {"total": count * times + count // 2, "count": count}


def _film(g: Generator) -> Inputs:
    """Every other draw is a film of many frames; the others have windows of 0, 1 and 2 frames."""
    dim, more = sizes(g, 2, 2, 7)
    long = g.initial_seed() % 2 == 0  # of four draws in a row, two are
    count, total = (4, 26 + dim + more) if long else (8, 9 + more % 3)
    return {"features": normal(g, total, dim), "count": count}


def _rows(g: Generator) -> Inputs:
    """Rows of all lengths, with a black frame (nothing but zeros) and one that is nearly black."""
    features = normal(g, *sizes(g, 3, 2, 7))
    features[0, 0] = 0
    features[1, 1] *= 2e-5 / features[1, 1].norm()
    return {"features": features}


def _films(g: Generator) -> Inputs:
    """Films end to end, the first is not the longest; one real frame is black."""
    videos, longest, dim = sizes(g, 3, 4, 9)
    length = torch.randint(1, longest, (videos,), generator=g)
    length[torch.randint(1, videos, (1,), generator=g)] = longest
    offset = torch.cat([torch.zeros(1, dtype=torch.long), length.cumsum(0)])
    features = normal(g, int(offset[-1]), dim)
    features[torch.randint(len(features), (1,), generator=g)] = 0
    return {"features": features, "offset": offset}


def _size(features: Tensor, count: int) -> Tensor:
    """Frames in each window, [count, 1]."""
    return pool_bounds(len(features), count).diff().clamp(min=1)[:, None]


def _overall_count(features: Tensor, count: int) -> Tensor:
    return pool_features(features, count) * _size(features, count) * count / len(features)


def _to_the_end(features: Tensor, count: int) -> Tensor:
    last = int(pool_bounds(len(features), count)[-1])
    return _pool(features, count, lambda a, z: max(z + (z == last), a + 1))


def _neighbours(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    for film, start in zip(padded, offset.tolist(), strict=False):
        piece = features[start : start + len(film)]
        film[: len(piece)] = piece
    return padded, mask


def _zeros_in_front(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    padded, mask = pad_ragged(features, offset)
    late = mask.flip(1)
    return torch.zeros_like(padded).masked_scatter(late[..., None], features), late


EXERCISES = (
    Exercise(
        "pool_bounds", 2, pool_bounds, _counts, "[count + 1]",
        (
            Mistake(lambda total, count: _even(total, count).long().clamp(max=total - 1),
                "the bounds are cut off, not rounded: 2.7 must become 3. int() and .long() cut."),
            Mistake(lambda total, count: (_even(total, count) + 0.5).long().clamp(max=total - 1),
                "halves always go up: 2.5 must become 2, its even neighbour. Use round."),
            Mistake(lambda total, count: _even(total, count).round().long(),
                "the last bound is total, and no frame has that row: cap the bounds at total - 1."),
            Mistake(lambda total, count: pool_bounds(total, count)[:-1],
                "there are count bounds; count windows need count + 1 (posts of a fence)."),
            Mistake(lambda total, count: torch.linspace(0, total - 1, count + 1).round().long(),
                "the bounds spread over total - 1 frames: spread them over total, cap them then."),
        ),
        (
            "Cut a film of 8 frames into 4 windows by hand. Where does each start, the last end?",
            "torch.arange(count + 1) is i = 0..count. Divide by count, multiply by total.",
            "(torch.arange(count + 1) / count * total).round(), as integers (.long()), and none "
            "above total - 1 (.clamp).",
        ),
    ),
    Exercise(
        "pool_features", 2, pool_features, _film, "[count, D]",
        (
            Mistake(lambda features, count: _pool(features, count, lambda a, z: z),
                "the mean of an empty window is NaN: where b_i = b_(i+1), take frame b_i."),
            Mistake(_overall_count,
                "it divides by T / count: divide by the number of frames in this very window."),
            Mistake(lambda features, count: _pool(features, count, lambda a, z: z + 1),
                "frame b_(i+1) is counted twice: it belongs to the next window alone."),
            Mistake(lambda features, count: features[pool_bounds(len(features), count)[:-1]],
                "it picks the first frame of each window: take the mean of all of them."),
            Mistake(lambda features, count: pool_features(features, count) * _size(features, count),
                "it is the sum of each window: a long film would have longer vectors."),
            Mistake(_to_the_end,
                "the last window runs to the end of the film: as released it stops before frame "
                "b_count = T - 1, odd as that is."),
            Mistake(lambda features, count: F.adaptive_avg_pool1d(features.T, count).T,
                "torch's adaptive pooling lets neighbouring windows share frames: bounds don't."),
        ),
        (
            "Write a loop over i first. Which frames does features[b[i] : b[i + 1]] hold?",
            "Two neighbouring bounds may be equal: max(b[i + 1], b[i] + 1) is never empty.",
            "torch.stack([features[a : max(z, a + 1)].mean(0) for a, z in …]) over neighbouring "
            "bounds.",
        ),
        minutes=15, difficulty=2, gradient=("features",),
    ),
    Exercise(
        "normalise", 2, normalise, _rows, "[..., D]",
        (
            Mistake(lambda features: features / features.norm(dim=-1, keepdim=True),
                "a black frame has length 0, and 0 / 0 is NaN: add 1e-5 to the length."),
            Mistake(lambda features: F.normalize(features, dim=-1, eps=EPSILON),
                "F.normalize divides by max(|x|, eps), not by |x| + eps: dark frames differ."),
            Mistake(lambda features: features / (features.norm() + EPSILON),
                "it is one length for everything: each row has its own."),
            Mistake(lambda features: features / (features.norm(dim=-2, keepdim=True) + EPSILON),
                "it is the length over the frames: a row's numbers are the last dimension."),
            Mistake(lambda features: features / (features.norm(dim=-1) + EPSILON),
                "the lengths have lost a dimension, so they meet the wrong one: keepdim=True."),
            Mistake(
                lambda features: features / (features.square().sum(-1, keepdim=True) + EPSILON),
                "it divides by the squared length: the root is missing.",
            ),
        ),
        (
            "The length of a row is the root of its summed squares: features.norm(dim=…).",
            "Which dimension is summed? And how does [..., 1] differ from [...] in a division?",
            "features / (features.norm(dim=-1, keepdim=True) + 1e-5).",
        ),
        minutes=5, gradient=("features",),
    ),
    Exercise(
        "pad_ragged", 2, pad_ragged, _films, "([V, T, D], [V, T])",
        (
            Mistake(lambda features, offset: (pad_ragged(features, offset)[0], ~_places(offset)),
                "the mask is the wrong way round: True is a real frame."),
            Mistake(
                lambda features, offset: (
                    pad_ragged(features, offset)[0],
                    torch.ones_like(_places(offset)),
                ),
                "the mask calls everything real: it must be False behind the end of a film.",
            ),
            Mistake(
                lambda features, offset: (
                    (padded := pad_ragged(features, offset)[0]),
                    padded.ne(0).any(-1),
                ),
                "the mask is read off the zeros: a black frame is real. Use the offsets.",
            ),
            Mistake(_neighbours, "frames of the next film stand behind the short ones: stop at its "
                                 "own end, offset[v + 1]."),
            Mistake(_zeros_in_front, "the zeros stand in front: films start at place 0."),
        ),
        (
            "Film v is features[offset[v] : offset[v + 1]]. How long is the longest?",
            "Start with zeros of shape [V, T, D] and copy one film a round; then the mask: "
            "torch.arange(T) < length[v].",
            "length = offset.diff(); mask = torch.arange(length.max()) < length[:, None]; in a "
            "loop padded[v, :length[v]] = the film.",
        ),
        minutes=15, difficulty=2, gradient=("features",),
    ),
)  # fmt: skip
