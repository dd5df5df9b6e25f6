"""Lesson 3's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import math

from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, sizes
from prvr_lite.course.grading.exercise import Inputs

NEVER = -10_000.0  # e to this power is 0, and yet it is a number


def masked_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the keys, none of it on masked ones: score [B, L, M], mask [B, M] bool."""
    return score.masked_fill(~mask[:, None, :], -10_000.0).softmax(-1)


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax(query key' / sqrt(d)) value, over real keys.

    query [B, L, d], key [B, M, d], value [B, M, e], mask [B, M] bool -> [B, L, e].
    """
    scale = math.sqrt(query.shape[-1])
    score = query @ key.transpose(1, 2) / scale  # [B, L, M]
    return masked_softmax(score, mask) @ value


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Each head gets its own slice of the features: x [B, L, H] -> [B, heads, L, H / heads]."""
    b, length, dim = x.shape
    return x.view(b, length, heads, dim // heads).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """The slices side by side again: x [B, heads, L, d] -> [B, L, heads * d]."""
    b, heads, length, dim = x.shape
    return x.transpose(1, 2).reshape(b, length, heads * dim)


def attention_pool(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    """sum_l softmax_l(w . h_l) h_l over real words: tokens [B, L, H], mask [B, L], w [H] -> [B, H].

    The softmax runs over the words of one query, and there is no scaling.
    """
    score = (tokens @ w).masked_fill(~mask, -10_000.0)  # [B, L]
    weight = score.softmax(1)
    return (weight[..., None] * tokens).sum(1)


def masked_score(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    """w . h_l, and -10,000 at masked words, to which a softmax gives weight 0: [B, L]."""
    return (tokens @ w).masked_fill(~mask, NEVER)


def weigh(weight: Tensor, tokens: Tensor) -> Tensor:
    """weight [B, L], tokens [B, L, H] -> [B, H]."""
    return (weight[..., None] * tokens).sum(1)


def scaled(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Attention with some scale of the scores."""
    return masked_softmax(query @ key.transpose(1, 2) * scale, mask) @ value


def scaled_after(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    weight = masked_softmax(query @ key.transpose(1, 2), mask)
    return weight / math.sqrt(query.shape[-1]) @ value


def scores_as_weights(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    score = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
    return score.masked_fill(~mask[:, None, :], 0) @ value


def filled(score: Tensor, mask: Tensor, low: float) -> Tensor:
    """A softmax in which masked keys have some score."""
    return score.masked_fill(~mask[:, None, :], low).softmax(-1)


def zeroed_words(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    tokens = tokens * mask[..., None]
    return weigh((tokens @ w).softmax(1), tokens)


def by_numbers(tokens: Tensor, mask: Tensor, w: Tensor, dim: int) -> Tensor:
    """A softmax of products of single numbers, over the words (1) or over the numbers (2)."""
    weight = (tokens * w).masked_fill(~mask[..., None], NEVER).softmax(dim)
    return (weight * tokens).sum(1)


def over_frames(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, never: float = NEVER
) -> Tensor:
    score = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
    return score.masked_fill(~mask[:, None, :], never).softmax(1) @ value


def score_inputs(g: Generator) -> Inputs:
    b, length, keys = sizes(g, 3, 3, 8)
    return other_keys({"score": normal(g, b, length, keys), "mask": mask(g, b, keys)}, g)


def other_keys(inputs: Inputs, g: Generator) -> Inputs:
    """Other numbers in the columns of masked keys."""
    score, real = inputs["score"], inputs["mask"]
    by_key = fill_padding(score.transpose(1, 2), real, g)  # [B, M, L]
    return {**inputs, "score": by_key.transpose(1, 2).contiguous()}


def triple_inputs(g: Generator) -> Inputs:
    b, length, keys, d, e = sizes(g, 5, 2, 8)
    real = mask(g, b, keys)
    return {
        "query": 2 * normal(g, b, length, d),
        "key": fill_padding(normal(g, b, keys, d), real, g),
        "value": fill_padding(normal(g, b, keys, e), real, g),
        "mask": real,
    }


def whole_inputs(g: Generator) -> Inputs:
    b, length, heads, d = sizes(g, 4, 2, 6)
    return {"x": normal(g, b, length, heads * d), "heads": heads}


def token_inputs(g: Generator) -> Inputs:
    b, length, h = sizes(g, 3, 3, 8)
    real = mask(g, b, length)
    tokens = fill_padding(normal(g, b, length, h), real, g)
    return {"tokens": tokens, "mask": real, "w": 1 + normal(g, h).abs()}
