"""Lesson 2's exercises with a twist."""

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
    Variant(
        "pool_bounds",
        half_up_bounds,
        """\
Write the bounds $b_0 \\dots b_n$ for a film of `total` frames $T$ and `count` windows $n$, as
one tensor of integers, with another rule for halves: $i / n \\cdot T$ is rounded to the
nearest integer, and **a half is always rounded up** (2.5 becomes 3, and 3.5 becomes 4). As in
the lesson, no bound is above $T - 1$. It must be exact for films of any length, so compute
with integers, not with decimals.""",
    ),
    Variant(
        "pool_bounds",
        window_sizes,
        """\
Say how many frames each window averages, as one tensor of `count` integers. The bounds are
those of the lesson, $b_i = \\min(\\operatorname{round}(i / n \\cdot T),\\; T - 1)$ for $i = 0
\\dots n$, with $T$ = `total` and $n$ = `count`, and a half is rounded to the even neighbour.
Window $i$ holds the frames from $b_i$ up to, but without, $b_{i+1}$. A window that would be
empty takes the frame $b_i$, so its size is 1.""",
    ),
    Variant(
        "pool_features",
        strongest_frames,
        """\
Pool by the maximum instead of the mean. The bounds are those of exercise 2.1 as the lesson has
it (`pool_bounds` gives them). Row $i$ holds, for each of the $D$ features by itself, the
largest value among the frames $b_i$ up to, but without, $b_{i+1}$. A window that would be
empty takes the frame $b_i$. A plain loop over the windows is fine.""",
    ),
    Variant(
        "pool_features",
        window_ends,
        """\
Pool by the ends of each window. The bounds are those of exercise 2.1 as the lesson has it
(`pool_bounds` gives them). Window $i$ holds the frames $b_i$ up to, but without, $b_{i+1}$;
one that would be empty holds the frame $b_i$ alone. Row $i$ is the mean of two frames: the
first and the last one of window $i$. In a window of a single frame both are that frame.""",
    ),
    Variant(
        "normalise",
        centred_rows,
        """\
Centre each row before it is divided by its length: from each number of a row $x$ take the mean
of this row's numbers, which gives $y$; then the result is $y / (\\lVert y
\\rVert_2 + 10^{-5})$. It must work for `[T, D]` and for `[V, T, D]`, and a row of equal
numbers becomes zeros.""",
    ),
    Variant(
        "normalise",
        by_largest_value,
        """\
Divide each row $x$ by its largest *absolute* value, with a small number added so that a black
frame does not become 0 / 0: the result is $x / (\\max_d |x_d| + 10^{-5})$. It must work for
`[T, D]` and for `[V, T, D]`.""",
    ),
    Variant(
        "pad_ragged",
        zeros_in_front,
        """\
Turn `features` and `offset` into a batch in which all films **end** together: the zeros stand
in front of the short films. `padded` has the shape [V, T, D], with T the length of the longest
film, and `mask` [V, T] is `True` on real frames. The frames of a film keep their order. (A
black frame is real, although it is all zeros: only the offsets say which rows are real.)""",
    ),
    Variant(
        "pad_ragged",
        last_frame_again,
        """\
Turn `features` and `offset` into a batch in which a short film stands still at its end: behind
it, its own last frame is repeated, and there are no zeros. `padded` has the shape [V, T, D],
with T the length of the longest film; `mask` [V, T] is `True` on real frames and `False` on
repeated ones.""",
    ),
)
