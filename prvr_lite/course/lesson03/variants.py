"""Lesson 3's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson03.answers import NEVER, masked_softmax


def softmax_with_a_way_out(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the keys and one more key of score 0, whose weight is left out.

    Args: score [B, L, M], L that look, M keys; mask [B, M] bool, True on real keys.
    Returns: [B, L, M], each row adds up to less than 1, and is 0 on masked keys.
    """
    shown = score.masked_fill(~mask[:, None, :], -torch.inf)
    return F.pad(shown, (1, 0)).softmax(-1)[..., 1:]


def causal_softmax(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the real keys up to one's own place; zeros where there is no such key.

    Args: score [B, L, M], L that look, M keys; mask [B, M] bool, True on real keys.
    Returns: [B, L, M].
    """
    allowed = torch.ones(score.shape[1:], dtype=torch.bool).tril() & mask[:, None, :]  # [B, L, M]
    return score.masked_fill(~allowed, NEVER).softmax(-1) * allowed


def cosine_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax of the cosines of query and key, times value, over real keys.

    Args: query [B, L, d]; key [B, M, d]; value [B, M, e]; mask [B, M] bool, True on real keys.
    Returns: [B, L, e].
    """
    cosine = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(1, 2)
    return masked_softmax(cosine, mask) @ value


def hard_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """The value of the real key that has the largest inner product with the query.

    Args: query [B, L, d]; key [B, M, d]; value [B, M, e]; mask [B, M] bool, True on real keys.
    Returns: [B, L, e].
    """
    score = (query @ key.transpose(1, 2)).masked_fill(~mask[:, None, :], -torch.inf)
    best = score.argmax(-1)  # [B, L]
    return value.gather(1, best[..., None].expand(-1, -1, value.shape[-1]))


def split_in_turn(x: Tensor, heads: int) -> Tensor:
    """Each head gets every heads-th feature.

    Args: x [B, L, H]; heads divides H.
    Returns: [B, heads, L, H / heads].
    """
    return x.reshape(*x.shape[:2], -1, heads).permute(0, 3, 1, 2)


def heads_as_rows(x: Tensor, heads: int) -> Tensor:
    """Each head gets its own slice of the features, and is an element of the batch.

    Args: x [B, L, H]; heads divides H.
    Returns: [B * heads, L, H / heads].
    """
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2).flatten(0, 1)


def merge_in_turn(x: Tensor) -> Tensor:
    """The features of all heads in turn.

    Args: x [B, heads, L, d].
    Returns: [B, L, heads * d].
    """
    return x.permute(0, 2, 3, 1).flatten(2)


def with_weights(tokens: Tensor, mask: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Words to one vector, and the weight of each word.

    Args: tokens [B, L, H]; mask [B, L] bool, True on real words; w [H].
    Returns: [B, H] and the weights [B, L], 0 on padding.
    """
    weight = (tokens @ w).masked_fill(~mask, NEVER).softmax(1)
    return torch.einsum("bl,blh->bh", weight, tokens), weight * mask


def contrast_pool(tokens: Tensor, mask: Tensor, w: Tensor) -> Tensor:
    """Words to one vector: the attended words less the plain mean, over real words.

    Args: tokens [B, L, H]; mask [B, L] bool, True on real words; w [H].
    Returns: [B, H].
    """
    weight = (tokens @ w).masked_fill(~mask, NEVER).softmax(1)
    even = mask / mask.sum(1, keepdim=True)
    return torch.einsum("bl,blh->bh", (weight - even) * mask, tokens)


VARIANTS = (
    Variant("masked_softmax", softmax_with_a_way_out),
    Variant("masked_softmax", causal_softmax),
    Variant("attention", cosine_attention),
    Variant(
        "attention",
        hard_attention,
        changes={"gradient": ("value",)},
    ),
    Variant("split_heads", split_in_turn),
    Variant(
        "split_heads",
        heads_as_rows,
        changes={"shape": "[B * heads, L, H / heads]"},
    ),
    Variant("merge_heads", merge_in_turn),
    Variant(
        "attention_pool",
        with_weights,
        changes={"shape": "[B, H] and [B, L]", "outputs": ("vector", "weight")},
    ),
    Variant("attention_pool", contrast_pool),
)
