"""Lesson 13's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson13.answers import (
    exponents,
    grids,
    hidden,
    own_norms,
    raw_scores,
    siblings,
)


def pointed_windows(lengths: Tensor, size: int, width: float) -> Tensor:
    """A pointed window over each film of a padded batch, float32.

    lengths [B] int64, size: the padded length, width: above 0 -> [B, size, size]; every real row
    peaks at exactly 1; rows and columns of padding are 0.
    """
    looks, stands, real = grids(lengths, size)
    distance = (stands[:, None, :] - looks[:, :, None]).abs()
    distance = distance.masked_fill(~real[:, None, :], torch.inf)
    window = torch.exp((distance.amin(-1, keepdim=True) - distance) / (width / 9))
    return window * real[:, :, None]


def backward_windows(lengths: Tensor, size: int, width: float) -> Tensor:
    """A Gaussian window over each film of a padded batch that sees nothing ahead, float32.

    lengths [B] int64, size: the padded length, width: above 0 -> [B, size, size]; every real row
    peaks at exactly 1; rows and columns of padding, and columns with a higher number than the row,
    are 0.
    """
    looks, stands, real = grids(lengths, size)
    place = torch.arange(size)
    square = (stands[:, None, :] - looks[:, :, None]) ** 2
    ahead = place[None, :] > place[:, None]  # [size, size]
    square = square.masked_fill(~real[:, None, :] | ahead, torch.inf)
    window = torch.exp((square.amin(-1, keepdim=True) - square) / (2 * (width / 9) ** 2))
    return torch.where(real[:, :, None], window, 0.0)


def windowed_values(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: Tensor
) -> Tensor:
    """Attention over real keys whose weights are multiplied with a window.

    query, key, value [B, heads, L, d], mask [B, L] bool (True: real), window [B, L, L], row: who
    looks -> [B, heads, L, d].
    """
    weight = hidden(raw_scores(query, key), mask).softmax(-1)
    return (weight * window[:, None]) @ value


def lifted_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: Tensor
) -> Tensor:
    """Attention over real keys whose scores a window lifts.

    query, key, value [B, heads, L, d], mask [B, L] bool (True: real), window [B, L, L], row: who
    looks -> [B, heads, L, d].
    """
    return hidden(raw_scores(query, key) + 3 * window[:, None], mask).softmax(-1) @ value


def late_norm(x: Tensor, seen: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """One LayerNorm of x and the mean of what the widths saw, with their mean gain and bias.

    x [B, L, H], seen [A, B, L, H], gain and bias [A, H] -> [B, L, H].
    """
    return F.layer_norm(x + seen.mean(0), x.shape[-1:]) * gain.mean(0) + bias.mean(0)


def largest_widths(x: Tensor, seen: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """The largest over widths of LayerNorm(x + seen), number by number.

    x [B, L, H], seen [A, B, L, H], gain and bias [A, H] -> [B, L, H].
    """
    return own_norms(x + seen, gain, bias).amax(0)


def diverse_pairs(queries: Tensor, query_video: Tensor, margin: float, scale: float) -> Tensor:
    """Mean over queries of the sum over others of the film of log(1 + e^(scale (cos + margin))).

    queries [Q, H], query_video [Q] int64: the row of each query's film -> one number.
    """
    each = F.softplus(exponents(queries, margin, scale))
    return each.masked_fill(~siblings(query_video), 0).sum(1).mean()


def diverse_films(queries: Tensor, query_video: Tensor, margin: float, scale: float) -> Tensor:
    """Mean over queries of log(1 + sum over queries of *other* films of e^(scale (cos + margin))).

    queries [Q, H], query_video [Q] int64: the row of each query's film -> one number.
    """
    other = query_video[:, None] != query_video
    exponent = exponents(queries, margin, scale).masked_fill(~other, -torch.inf)
    return F.pad(exponent, (1, 0)).logsumexp(1).mean()


def clips_with_residual(attention: Tensor) -> Tensor:
    """How much of each input unit is in each output unit, where each block keeps half of its input.

    attention [blocks, A, heads, L, L], first block first, row: who looks -> [L, L], row: output.
    """
    share = torch.eye(attention.shape[-1])
    for block in attention.mean((1, 2)):
        share = (share + block @ share) / 2
    return share


VARIANTS = (
    Variant("gaussian_windows", pointed_windows),
    Variant("gaussian_windows", backward_windows),
    Variant("windowed_attention", windowed_values),
    Variant("windowed_attention", lifted_attention),
    Variant("fuse_widths", late_norm),
    Variant("fuse_widths", largest_widths),
    Variant("diverse_loss", diverse_pairs),
    Variant("diverse_loss", diverse_films),
    Variant("implicit_clips", clips_with_residual),
)
