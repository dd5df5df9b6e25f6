"""Lesson 3: softmax under a mask, attention, heads, and one vector for a query."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Generator

from prvr_lite.course.grading.drawing import other_padding
from prvr_lite.course.grading.exercise import Exercise, Mistake
from prvr_lite.course.lesson03 import answers as a
from prvr_lite.course.lesson03 import planted
from prvr_lite.course.lesson03.answers import (
    NEVER,
    attention,
    attention_pool,
    masked_score,
    masked_softmax,
    merge_heads,
    split_heads,
    weigh,
)

TURNED = "the mask is the wrong way round: True is real, and must keep its weight."

EXERCISES = (
    Exercise(
        "masked_softmax",
        3,
        masked_softmax,
        a.score_inputs,
        "[B, L, M]",
        (
            Mistake(
                lambda score, mask: score.softmax(-1),
                "the mask is not used: masked keys get weight too.",
            ),
            Mistake(
                lambda score, mask: score.softmax(-1) * mask[:, None, :],
                "masked after the softmax: what is left no longer adds up to 1. Mask before it.",
            ),
            Mistake(
                lambda score, mask: (score * mask[:, None, :]).softmax(-1),
                "masked scores became 0, and e^0 = 1 is much: they need a huge negative.",
            ),
            Mistake(
                lambda score, mask: a.filled(score, mask, -1.0),
                "masked scores are not low enough, and keep some weight: they need a huge "
                "negative, far below any score.",
                also=(
                    lambda score, mask: a.filled(score, mask, float(score.min())),
                    *(partial(a.filled, low=low) for low in (-10.0, -20.0, -100.0)),
                ),
            ),
            Mistake(
                lambda score, mask: masked_softmax(score, ~mask),
                TURNED,
                also=(lambda score, mask: (score + NEVER * mask[:, None, :]).softmax(-1),),
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask[:, None, :], NEVER).softmax(1),
                "the softmax runs over the L frames that look: each of them shares out its "
                "weight over the M keys, the last dimension.",
                also=(
                    lambda score, mask: score.masked_fill(~mask[:, None, :], -torch.inf).softmax(1),
                ),
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask[:, None, :], NEVER).softmax(0),
                "the softmax runs over the films of the batch: each row of M keys adds up to 1.",
            ),
            Mistake(
                lambda score, mask: (
                    score.masked_fill(~mask[:, None, :], NEVER)
                    .flatten(1)
                    .softmax(-1)
                    .view_as(score)
                ),
                "all L rows share one softmax: each row adds up to 1 by itself.",
            ),
        ),
        (
            "Which number must a masked key's score be, so that e to its power is 0?",
            "mask[:, None, :] has shape [B, 1, M], and fits every row of score.",
            "score.masked_fill(where, -10_000.0), then .softmax over the last dimension.",
        ),
        padding=lambda inputs: a.other_keys(inputs, Generator().manual_seed(7)),
        gradient=("score",),
        axes={"score": "BLM", "mask": "BM"},
        planted=planted.hard_softmax,
    ),
    Exercise(
        "attention",
        3,
        attention,
        a.triple_inputs,
        "[B, L, e]",
        (
            Mistake(
                lambda query, key, value, mask: a.scaled(query, key, value, mask, 1),
                "1 / sqrt(d) is missing: without it the softmax gets sharper as d grows.",
            ),
            Mistake(
                lambda query, key, value, mask: a.scaled(
                    query, key, value, mask, 1 / query.shape[-1]
                ),
                "all in all it divides by d: divide by the root of d, and only once.",
            ),
            Mistake(
                lambda query, key, value, mask: a.scaled(
                    query, key, value, mask, math.sqrt(query.shape[-1])
                ),
                "it multiplies by the root of d: divide, so that the scores get smaller.",
            ),
            Mistake(
                lambda query, key, value, mask: a.scaled(
                    query, key, value, mask, value.shape[-1] ** -0.5
                ),
                "it divides by the root of the value's size: d is the size of query and key.",
            ),
            Mistake(
                lambda query, key, value, mask: a.scaled(
                    query, key, value, mask, query.shape[1] ** -0.5
                ),
                "it divides by the root of how many frames (or keys) there are: d is the last "
                "dimension of query and key.",
                also=(
                    lambda query, key, value, mask: a.scaled(
                        query, key, value, mask, key.shape[1] ** -0.5
                    ),
                ),
            ),
            Mistake(
                a.scaled_after,
                "the root divides the weights: divide the scores, before the softmax.",
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
            Mistake(
                a.scores_as_weights,
                "the scores themselves are the weights: a softmax over the keys is missing.",
            ),
            Mistake(lambda query, key, value, mask: attention(query, key, value, ~mask), TURNED),
            Mistake(
                a.over_frames,
                "the softmax runs over the frames that look, not over the keys: last dimension.",
                also=(lambda **given: a.over_frames(**given, never=-math.inf),),
            ),
        ),
        (
            "Row l, column m of the score is the inner product of query l and key m: which "
            "product of matrices is that?",
            "query @ key.transpose(1, 2) is [B, L, M]. Divide it by math.sqrt(d).",
            "masked_softmax(that, mask) @ value.",
        ),
        minutes=15,
        difficulty=2,
        gradient=("query", "key", "value"),
        padding=lambda inputs: other_padding("key", "mask")(other_padding("value", "mask")(inputs)),
        axes={"query": "BLD", "key": "BMD", "value": "BME", "mask": "BM"},
        planted=planted.hard_triples,
    ),
    Exercise(
        "split_heads",
        3,
        split_heads,
        a.whole_inputs,
        "[B, heads, L, H / heads]",
        (
            Mistake(
                lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1),
                "one view straight to the shape mixes frames and heads: first make [B, L, heads, "
                "H / heads], and then swap two dimensions.",
                also=(lambda x, heads: x.transpose(1, 2).reshape(len(x), heads, x.shape[1], -1),),
            ),
            Mistake(
                lambda x, heads: x.unflatten(2, (-1, heads)).permute(0, 3, 1, 2),
                "each head gets every heads-th feature: it gets H / heads neighbouring ones.",
            ),
            Mistake(
                lambda x, heads: split_heads(x, heads).transpose(1, 2),
                "heads and frames stand in the wrong order: transpose(1, 2) is missing.",
            ),
            Mistake(
                lambda x, heads: torch.stack(x.chunk(heads, -1)),
                "heads stand before films: stack along dimension 1.",
            ),
            Mistake(
                lambda x, heads: split_heads(x, x.shape[2] // heads),
                "number and size of the heads are swapped: there are `heads` heads.",
            ),
        ),
        (
            "Write the slice of head 0 of one frame by hand: which of its H numbers are they?",
            "x.view(B, L, heads, H // heads) cuts each row into slices, in order.",
            "x.view(B, L, heads, H // heads), then .transpose(1, 2).",
        ),
        minutes=10,
        difficulty=2,
        gradient=("x",),
        axes={"x": "BLh"},
        planted=planted.all_heads,
    ),
    Exercise(
        "merge_heads",
        3,
        merge_heads,
        lambda g: {"x": split_heads(**a.whole_inputs(g)).contiguous()},
        "[B, L, heads * d]",
        (
            Mistake(
                lambda x: x.reshape(len(x), x.shape[2], -1),
                "one reshape straight to the shape mixes frames and heads: swap them back first.",
            ),
            Mistake(
                lambda x: x.transpose(1, 2).view(len(x), x.shape[2], -1),
                "after a transpose the numbers lie in another order: reshape, not view.",
            ),
            Mistake(
                lambda x: x.permute(0, 2, 3, 1).flatten(2),
                "features of the heads are interleaved: put whole slices side by side.",
            ),
            Mistake(
                lambda x: x.transpose(1, 3).reshape(len(x), x.shape[2], -1),
                "the wrong two dimensions are swapped: heads are dimension 1, frames dimension 2.",
                also=(lambda x: x.permute(0, 3, 2, 1).reshape(len(x), x.shape[2], -1),),
            ),
            Mistake(lambda x: x.mean(1), "it averages the heads: lay them side by side."),
            Mistake(
                lambda x: x.transpose(1, 2),
                "heads and slices are still two dimensions: make one of them.",
            ),
        ),
        (
            "It undoes split_heads: which of its two steps must be undone first?",
            "transpose(1, 2) again, and [B, L, heads, d] is back.",
            "x.transpose(1, 2).reshape(B, L, heads * d).",
        ),
        minutes=5,
        gradient=("x",),
        axes={"x": "BELD"},
        planted=planted.merged_heads,
    ),
    Exercise(
        "attention_pool",
        3,
        attention_pool,
        a.token_inputs,
        "[B, H]",
        (
            Mistake(
                lambda tokens, mask, w: weigh(mask / mask.sum(1, keepdim=True), tokens),
                "it is the plain mean: let w . h_l decide how much each word counts.",
            ),
            Mistake(
                lambda tokens, mask, w: weigh((tokens @ w).softmax(1), tokens),
                "the mask is not used: padding counts as words.",
            ),
            Mistake(
                lambda tokens, mask, w: weigh((tokens @ w).softmax(1) * mask, tokens),
                "masked after the softmax: what is left no longer adds up to 1. Mask before it.",
            ),
            Mistake(
                lambda tokens, mask, w: weigh((tokens @ w) * mask, tokens),
                "the scores themselves are the weights: a softmax is missing.",
            ),
            Mistake(lambda tokens, mask, w: attention_pool(tokens, ~mask, w), TURNED),
            Mistake(
                lambda tokens, mask, w: weigh(
                    (masked_score(tokens, mask, w) / math.sqrt(len(w))).softmax(1), tokens
                ),
                "there is no 1 / sqrt(H) here: w learns its own size.",
            ),
            Mistake(
                lambda tokens, mask, w: weigh(masked_score(tokens, mask, w).softmax(0), tokens),
                "the softmax runs over the queries of the batch: words are dimension 1.",
            ),
            Mistake(
                lambda tokens, mask, w: attention_pool(tokens, mask, w) / tokens.shape[1],
                "the weights add up to 1 already: take the sum over the words, not the mean.",
                also=(
                    lambda tokens, mask, w: (
                        attention_pool(tokens, mask, w) / mask.sum(1, keepdim=True)
                    ),
                ),
            ),
            Mistake(
                a.zeroed_words,
                "masked words became zeros, so their score is 0, and e^0 = 1 is much: mask the "
                "scores with a huge negative.",
            ),
            Mistake(
                lambda tokens, mask, w: a.by_numbers(tokens, mask, w, 1),
                "each number of a word has its own weight: w . h_l is an inner product, and gives "
                "one score per word.",
                also=(lambda tokens, mask, w: a.by_numbers(tokens, mask, w, 2),),
            ),
            Mistake(
                lambda tokens, mask, w: w.expand(len(tokens), -1),
                "the weights are multiplied with w, and add up to w itself: weigh the words h_l.",
            ),
        ),
        (
            "First the scores, [B, L]: one inner product with w per word.",
            "tokens @ w; then a masked softmax over the words, as before but without L rows.",
            "weight = (tokens @ w).masked_fill(~mask, -10_000.0).softmax(1); then the sum of "
            "weight[..., None] * tokens over dimension 1.",
        ),
        minutes=10,
        difficulty=2,
        padding=other_padding("tokens", "mask"),
        gradient=("tokens", "w"),
        axes={"tokens": "BLH", "mask": "BL", "w": "H"},
        planted=planted.hard_words,
    ),
)
