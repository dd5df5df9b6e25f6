"""Lesson 13's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, lengths, normal, sizes
from prvr_lite.course.grading.exercise import Inputs

NEVER = -10_000.0  # e to this power is 0, and yet it is a number


def gaussian_windows(lengths: Tensor, size: int, width: float) -> Tensor:
    """A Gaussian window over each film of a padded batch: lengths [B] int64 -> [B, size, size].

    Row i looks from i / L, column j stands at j / (L - 1) (at 0 if L = 1), and the standard
    deviation is width / 9. Every real row is divided by its largest entry. Rows and columns of
    padding are 0.
    """
    place = torch.arange(size)
    real = place < lengths[:, None]  # [B, size]
    looks = place / lengths[:, None]  # [B, size]
    stands = place / (lengths[:, None] - 1).clamp(min=1)  # [B, size]
    square = (stands[:, None, :] - looks[:, :, None]) ** 2  # [B, size, size]
    square = square.masked_fill(~real[:, None, :], torch.inf)
    nearest = square.amin(-1, keepdim=True)  # to divide in the exponent
    window = torch.exp((nearest - square) / (2 * (width / 9) ** 2))
    return window * real[:, :, None]


def windowed_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: Tensor
) -> Tensor:
    """Attention whose scores are multiplied with a window, then masked, then softmaxed.

    query, key, value [B, heads, L, d], mask [B, L] bool, window [B, L, L] -> [B, heads, L, d].
    """
    score = query @ key.mT / math.sqrt(query.shape[-1])  # [B, heads, L, L]
    score = score * window[:, None]
    score = score.masked_fill(~mask[:, None, None, :], -10_000.0)
    return score.softmax(-1) @ value


def fuse_widths(x: Tensor, seen: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """The mean over widths of LayerNorm(x + seen), each width with a gain and a bias of its own.

    x [B, L, H], seen [A, B, L, H], gain and bias [A, H] -> [B, L, H].
    """
    added = F.layer_norm(x + seen, x.shape[-1:])  # [A, B, L, H]
    return (added * gain[:, None, None] + bias[:, None, None]).mean(0)


def implicit_clips(attention: Tensor) -> Tensor:
    """How much of each input unit is in each output unit, through all blocks: rows sum to 1.

    attention [blocks, A, heads, L, L], the first block first -> [L, L], row: the output unit.
    """
    share = torch.eye(attention.shape[-1])
    for block in attention.mean((1, 2)):  # [L, L] each
        share = block @ share
    return share


def diverse_loss(queries: Tensor, query_video: Tensor, margin: float, scale: float) -> Tensor:
    """Mean over queries of log(1 + sum over others of the film of e^(scale (cos + margin))).

    queries [Q, H], query_video [Q] int64: the row of each query's film -> one number.
    """
    direction = F.normalize(queries, dim=-1)
    exponent = scale * (direction @ direction.T + margin)  # [Q, Q]
    same = query_video[:, None] == query_video
    other = same & ~torch.eye(len(same), dtype=torch.bool)
    exponent = exponent.masked_fill(~other, -torch.inf)
    return F.pad(exponent, (1, 0)).logsumexp(1).mean()  # log of the 1: 0


# How inputs are drawn


def film_lengths(g: Generator) -> Inputs:
    size, films = sizes(g, 2, 3, 8)
    return {
        "lengths": lengths(g, films, size),
        "size": size + int(torch.randint(2, (), generator=g)),  # often more than the longest
        "width": [0.4, 0.5, 0.8, 1.0, 2.0, 5.0][int(torch.randint(6, (), generator=g))],
    }


def attended(g: Generator) -> Inputs:
    films, heads, length, d = sizes(g, 4, 2, 7)
    real = torch.arange(length) < lengths(g, films, length)[:, None]
    drawn = {name: 2 * normal(g, films, heads, length, d) for name in ("query", "key", "value")}
    window = torch.rand(films, length, length, generator=g) ** 6  # a few are next to 0
    window = window / window.amax(-1, keepdim=True)
    return other_keys({**drawn, "mask": real, "window": window}, g)


def other_keys(inputs: Inputs, g: Generator) -> Inputs:
    """Other numbers in the keys and values of padded positions."""
    heads = inputs["key"].shape[1]
    real = inputs["mask"].repeat_interleave(heads, 0)  # [B heads, L]
    changed = {
        name: fill_padding(inputs[name].flatten(0, 1), real, g).view_as(inputs[name])
        for name in ("key", "value")
    }
    return {**inputs, **changed}


def seen_by_widths(g: Generator) -> Inputs:
    films, length, h, widths = sizes(g, 4, 2, 7)
    return {
        "x": 1 + 2 * normal(g, films, length, h + 2),
        "seen": normal(g, widths, films, length, h + 2),
        "gain": 1 + normal(g, widths, h + 2) / 2,
        "bias": normal(g, widths, h + 2),
    }


def stacked_attention(g: Generator) -> Inputs:
    blocks, widths, heads, length = sizes(g, 4, 2, 6)
    return {"attention": (2 * normal(g, blocks, widths, heads, length, length)).softmax(-1)}


def asked_films(g: Generator) -> Inputs:
    queries, h = sizes(g, 2, 5, 9)
    owner = torch.randint(3, (queries,), generator=g)
    owner[torch.randint(queries, (), generator=g)] = 7  # alone in its film
    owner[:2] = owner[0]  # a film with two at least
    common = normal(g, h)  # queries are alike, as those of a trained model are
    factor = 0.5 + 2 * torch.rand(queries, 1, generator=g)
    return {
        "queries": factor * (common + normal(g, queries, h)),
        "query_video": owner[torch.randperm(queries, generator=g)],
        "margin": round(0.05 + 0.4 * float(torch.rand((), generator=g)), 2),
        "scale": float(torch.randint(2, 12, (), generator=g)),
    }


# What wrong answers are made of


def grids(lengths: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """From where each row looks, where each column stands [B, size], and which are real."""
    place = torch.arange(size)
    looks, stands = place / lengths[:, None], place / (lengths[:, None] - 1).clamp(min=1)
    return looks, stands, place < lengths[:, None]


def bell(
    looks: Tensor,
    stands: Tensor,
    real: Tensor,
    width: float,
    power: float = 2.0,
    *,
    padded: bool = False,
) -> Tensor:
    """A window over any grids, its rows divided by their maximum; `padded`: padded rows, too."""
    distance = (stands[:, None, :] - looks[:, :, None]).abs() ** power
    distance = distance.masked_fill(~real[:, None, :], torch.inf)
    sigma = width / 9
    window = torch.exp(
        (distance.amin(-1, keepdim=True) - distance) / (2 * sigma**2 if power == 2 else sigma)
    )
    return window if padded else window * real[:, :, None]


def plain_bell(lengths: Tensor, size: int, width: float) -> Tensor:
    """The Gaussian before anything is divided."""
    looks, stands, real = grids(lengths, size)
    raw = torch.exp(-((stands[:, None, :] - looks[:, :, None]) ** 2) / (2 * (width / 9) ** 2))
    return raw * real[:, :, None] * real[:, None, :]


def raw_scores(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.mT / math.sqrt(query.shape[-1])  # [B, heads, L, L]


def hidden(score: Tensor, mask: Tensor, never: float = NEVER) -> Tensor:
    return score.masked_fill(~mask[:, None, None, :], never)


def own_norms(added: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """LayerNorm of each width, [A, B, L, H]."""
    return F.layer_norm(added, added.shape[-1:]) * gain[:, None, None] + bias[:, None, None]


def siblings(query_video: Tensor) -> Tensor:
    same = query_video[:, None] == query_video
    return same & ~torch.eye(len(same), dtype=torch.bool)


def exponents(queries: Tensor, margin: float, scale: float) -> Tensor:
    direction = F.normalize(queries, dim=-1)
    return scale * (direction @ direction.T + margin)


def log_of_sum(exponent: Tensor, kept: Tensor) -> Tensor:
    """log(1 + sum of e^exponent over what is kept), [Q]."""
    return F.pad(exponent.masked_fill(~kept, -torch.inf), (1, 0)).logsumexp(1)
