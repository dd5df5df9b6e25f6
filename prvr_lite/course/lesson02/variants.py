"""Lesson 2's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson02.answers import pool_bounds


def half_up_bounds(total: int, count: int) -> Tensor:
    """Bounds of the windows over a film, where a half is rounded up.

    Args: total frames T, at least 1; count windows n, at least 1.
    Returns: [count + 1] integers (int64), b_0 to b_count.
    """
    i = torch.arange(count + 1)
    return ((2 * i * total + count) // (2 * count)).clamp(max=total - 1)


def window_sizes(total: int, count: int) -> Tensor:
    """How many frames each window over a film averages.

    Args: total frames T, at least 1; count windows n, at least 1.
    Returns: [count] integers (int64), each at least 1.
    """
    return pool_bounds(total, count).diff().clamp(min=1)


def strongest_frames(features: Tensor, count: int) -> Tensor:
    """Units: row i holds the maximum of each feature over the frames of window i.

    Args: features [T, D]; count n.
    Returns: [count, D].
    """
    b = pool_bounds(len(features), count).tolist()
    return torch.stack([features[b[i] : max(b[i + 1], b[i] + 1)].amax(0) for i in range(count)])


def window_ends(features: Tensor, count: int) -> Tensor:
    """Units: row i is the mean of the first and of the last frame of window i.

    Args: features [T, D]; count n.
    Returns: [count, D].
    """
    b = pool_bounds(len(features), count)
    last = torch.maximum(b[1:] - 1, b[:-1])
    return (features[b[:-1]] + features[last]) / 2


def centred_rows(features: Tensor) -> Tensor:
    """Rows less their own mean, divided by their length: see the text.

    Args: features [..., D].
    Returns: [..., D].
    """
    centred = features - features.mean(-1, keepdim=True)
    size: Tensor = centred.norm(dim=-1, keepdim=True)
    return centred / (size + 1e-5)


def by_largest_value(features: Tensor) -> Tensor:
    """Rows divided by their largest absolute value: see the text.

    Args: features [..., D].
    Returns: [..., D].
    """
    return features / (features.abs().amax(-1, keepdim=True) + 1e-5)


def zeros_in_front(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Films that lie end to end, as one batch in which all films end together.

    Args: features [F, D]; offset [V + 1], film v is features[offset[v] : offset[v + 1]].
    Returns: padded [V, T, D], zeros before short films; mask [V, T] bool, True on real frames.
    """
    length = offset.diff().tolist()
    longest = max(length)
    padded = torch.zeros(len(length), longest, features.shape[1])
    mask = torch.zeros(len(length), longest, dtype=torch.bool)
    for v, count in enumerate(length):
        padded[v, longest - count :] = features[offset[v] : offset[v + 1]]
        mask[v, longest - count :] = True
    return padded, mask


def last_frame_again(features: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """Films that lie end to end, as one batch, with the last frame repeated behind short films.

    Args: features [F, D]; offset [V + 1], film v is features[offset[v] : offset[v + 1]].
    Returns: padded [V, T, D]; mask [V, T] bool, True on real frames, False on repeated ones.
    """
    length = offset.diff()
    place = torch.arange(int(length.max())).expand(len(length), -1)  # [V, T]
    row = offset[:-1, None] + torch.minimum(place, length[:, None] - 1)
    return features[row], place < length[:, None]


VARIANTS = (
    Variant("pool_bounds", half_up_bounds),
    Variant("pool_bounds", window_sizes),
    Variant("pool_features", strongest_frames),
    Variant("pool_features", window_ends),
    Variant("normalise", centred_rows),
    Variant("normalise", by_largest_value),
    Variant("pad_ragged", zeros_in_front),
    Variant("pad_ragged", last_frame_again),
)
