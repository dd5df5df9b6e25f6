"""Lesson 3: softmax under a mask, attention, heads, and one vector for a query."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from prvr_lite.exercises.drawing import fill_padding, mask, normal, other_padding, sizes
from prvr_lite.exercises.exercise import Exercise, Inputs, Mistake

NEVER = -10_000.0  # e to this power is 0, and yet it is a number
TURNED = "the mask is the wrong way round: True is real, and must keep its weight."


def masked_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the keys, none of it on masked ones: score [B, L, M], mask [B, M] bool."""
    return score.masked_fill(~mask[:, None, :], NEVER).softmax(-1)  # [B, L, M]


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax(query key' / sqrt(d)) value, over real keys.

    query [B, L, d], key [B, M, d], value [B, M, e], mask [B, M] bool -> [B, L, e].
    """
    score = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])  # [B, L, M]
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
    return _weigh(masked_score(tokens, mask, w).softmax(1), tokens)


def masked_score(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    """w . h_l, and nothing that counts at masked words: [B, L]."""
    return (tokens @ w).masked_fill(~mask, NEVER)


def _weigh(weight: Tensor, tokens: Tensor) -> Tensor:
    """weight [B, L], tokens [B, L, H] -> [B, H]."""
    return (weight[..., None] * tokens).sum(1)


def _scores(g: Generator) -> Inputs:
    b, length, keys = sizes(g, 3, 3, 8)
    return _garbage({"score": normal(g, b, length, keys), "mask": mask(g, b, keys)}, g)


def _garbage(inputs: Inputs, g: Generator) -> Inputs:
    """Other numbers in the columns of masked keys."""
    score, real = inputs["score"], inputs["mask"]
    by_key = fill_padding(score.transpose(1, 2), real, g)  # [B, M, L]
    return {**inputs, "score": by_key.transpose(1, 2).contiguous()}


def _triple(g: Generator) -> Inputs:
    b, length, keys, d, e = sizes(g, 5, 2, 8)
    real = mask(g, b, keys)
    return {
        "query": 2 * normal(g, b, length, d),
        "key": fill_padding(normal(g, b, keys, d), real, g),
        "value": fill_padding(normal(g, b, keys, e), real, g),
        "mask": real,
    }


def _whole(g: Generator) -> Inputs:
    b, length, heads, d = sizes(g, 4, 2, 6)
    return {"x": normal(g, b, length, heads * d), "heads": heads}


def _tokens(g: Generator) -> Inputs:
    b, length, h = sizes(g, 3, 3, 8)
    real = mask(g, b, length)
    tokens = fill_padding(normal(g, b, length, h), real, g)
    return {"tokens": tokens, "mask": real, "w": 1 + normal(g, h).abs()}


EXERCISES = (
    Exercise(
        "masked_softmax", 3, masked_softmax, _scores, "[B, L, M]",
        (
            Mistake(lambda score, mask: score.softmax(-1),
                "the mask is not used: masked keys get weight too."),
            Mistake(lambda score, mask: score.softmax(-1) * mask[:, None, :],
                "masked after the softmax: what is left no longer adds up to 1. Mask before it."),
            Mistake(lambda score, mask: (score * mask[:, None, :]).softmax(-1),
                "masked scores became 0, and e^0 = 1 is a good deal: they need a huge negative."),
            Mistake(lambda score, mask: masked_softmax(score, ~mask), TURNED),
            Mistake(
                lambda score, mask: score.masked_fill(~mask[:, None, :], NEVER).softmax(1),
                "the softmax runs over the L frames that look: each of them shares out its "
                "weight over the M keys, the last dimension.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask[:, None, :], NEVER).flatten(1)
                .softmax(-1).view_as(score),
                "all L rows share one softmax: each row adds up to 1 by itself.",
            ),
        ),
        (
            "Which number must a masked key's score be, so that e to its power is 0?",
            "mask[:, None, :] has shape [B, 1, M], and fits every row of score.",
            "score.masked_fill(where, -10_000.0), then .softmax over the last dimension.",
        ),
        padding=lambda inputs: _garbage(inputs, Generator().manual_seed(7)), gradient=("score",),
    ),
    Exercise(
        "attention", 3, attention, _triple, "[B, L, e]",
        (
            Mistake(
                lambda query, key, value, mask: attention(
                    query * math.sqrt(query.shape[-1]), key, value, mask
                ),
                "1 / sqrt(d) is missing: without it the softmax gets sharper as d grows.",
            ),
            Mistake(
                lambda query, key, value, mask: masked_softmax(
                    query @ key.transpose(1, 2) / query.shape[-1], mask
                ) @ value,
                "it divides by d: the root is missing.",
            ),
            Mistake(
                lambda query, key, value, mask: masked_softmax(
                    query @ key.transpose(1, 2) / math.sqrt(value.shape[-1]), mask
                ) @ value,
                "it divides by the root of the value's size: d is the size of query and key.",
            ),
            Mistake(
                lambda query, key, value, mask: attention(query, key, value, mask | True),
                "the mask is not used: padded frames are attended too.",
            ),
            Mistake(
                lambda query, key, value, mask: attention(
                    query, key, value * mask[..., None], mask | True
                ),
                "masked after the softmax: what is left no longer adds up to 1. Mask before it.",
            ),
            Mistake(lambda query, key, value, mask: attention(query, key, value, ~mask), TURNED),
            Mistake(
                lambda query, key, value, mask: (
                    (query @ key.transpose(1, 2) / math.sqrt(query.shape[-1]))
                    .masked_fill(~mask[:, None, :], NEVER)
                    .softmax(1)
                )
                @ value,
                "the softmax runs over the frames that look, not over the keys: last dimension.",
            ),
        ),
        (
            "Row l, column m of the score is the inner product of query l and key m: which "
            "product of matrices is that?",
            "query @ key.transpose(1, 2) is [B, L, M]. Divide it by math.sqrt(d).",
            "masked_softmax(that, mask) @ value.",
        ),
        minutes=15, difficulty=2, gradient=("query", "key", "value"),
        padding=lambda inputs: other_padding("key", "mask")(other_padding("value", "mask")(inputs)),
    ),
    Exercise(
        "split_heads", 3, split_heads, _whole, "[B, heads, L, H / heads]",
        (
            Mistake(lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1),
                "one view straight to the shape mixes frames and heads: first make [B, L, heads, "
                "H / heads], and then swap two dimensions."),
            Mistake(lambda x, heads: x.unflatten(2, (-1, heads)).permute(0, 3, 1, 2),
                "each head gets every heads-th feature: it gets H / heads neighbouring ones."),
            Mistake(lambda x, heads: split_heads(x, heads).transpose(1, 2),
                "heads and frames stand in the wrong order: transpose(1, 2) is missing."),
            Mistake(lambda x, heads: torch.stack(x.chunk(heads, -1)),
                "heads stand before films: stack along dimension 1."),
            Mistake(lambda x, heads: split_heads(x, x.shape[2] // heads),
                "number and size of the heads are swapped: there are `heads` heads."),
        ),
        (
            "Write the slice of head 0 of one frame by hand: which of its H numbers are they?",
            "x.view(B, L, heads, H // heads) cuts each row into slices, in order.",
            "x.view(B, L, heads, H // heads), then .transpose(1, 2).",
        ),
        minutes=10, difficulty=2, gradient=("x",),
    ),
    Exercise(
        "merge_heads", 3, merge_heads, lambda g: {"x": split_heads(**_whole(g)).contiguous()},
        "[B, L, heads * d]",
        (
            Mistake(lambda x: x.reshape(len(x), x.shape[2], -1),
                "one reshape straight to the shape mixes frames and heads: swap them back first."),
            Mistake(lambda x: x.transpose(1, 2).view(len(x), x.shape[2], -1),
                "after a transpose the numbers lie in another order: reshape, not view."),
            Mistake(lambda x: x.permute(0, 2, 3, 1).flatten(2),
                "features of the heads are interleaved: put whole slices side by side."),
            Mistake(lambda x: x.mean(1), "it averages the heads: lay them side by side."),
            Mistake(lambda x: x.transpose(1, 2),
                "heads and slices are still two dimensions: make one of them."),
        ),
        (
            "It undoes split_heads: which of its two steps must be undone first?",
            "transpose(1, 2) again, and [B, L, heads, d] is back.",
            "x.transpose(1, 2).reshape(B, L, heads * d).",
        ),
        minutes=5, gradient=("x",),
    ),
    Exercise(
        "attention_pool", 3, attention_pool, _tokens, "[B, H]",
        (
            Mistake(lambda tokens, mask, w: _weigh(mask / mask.sum(1, keepdim=True), tokens),
                "it is the plain mean: let w . h_l decide how much each word counts."),
            Mistake(lambda tokens, mask, w: _weigh((tokens @ w).softmax(1), tokens),
                "the mask is not used: padding counts as words."),
            Mistake(lambda tokens, mask, w: _weigh((tokens @ w).softmax(1) * mask, tokens),
                "masked after the softmax: what is left no longer adds up to 1. Mask before it."),
            Mistake(lambda tokens, mask, w: _weigh((tokens @ w) * mask, tokens),
                "the scores themselves are the weights: a softmax is missing."),
            Mistake(lambda tokens, mask, w: attention_pool(tokens, ~mask, w), TURNED),
            Mistake(
                lambda tokens, mask, w: _weigh(
                    (masked_score(tokens, mask, w) / math.sqrt(len(w))).softmax(1), tokens
                ),
                "there is no 1 / sqrt(H) here: w learns its own size.",
            ),
            Mistake(
                lambda tokens, mask, w: _weigh(masked_score(tokens, mask, w).softmax(0), tokens),
                "the softmax runs over the queries of the batch: words are dimension 1.",
            ),
        ),
        (
            "First the scores, [B, L]: one inner product with w a word.",
            "tokens @ w; then a masked softmax over the words, as before but without L rows.",
            "weight = (tokens @ w).masked_fill(~mask, -10_000.0).softmax(1); then the sum of "
            "weight[..., None] * tokens over dimension 1.",
        ),
        minutes=10, difficulty=2, padding=other_padding("tokens", "mask"), gradient=("tokens", "w"),
    ),
)  # fmt: skip
