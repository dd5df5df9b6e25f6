"""Lesson 3's exercises with a twist."""

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
    Variant(
        "masked_softmax",
        softmax_with_a_way_out,
        """\
A frame that finds nothing of interest should be able to look at nothing. So add one more key
to every row, whose score is 0, take the softmax over the real keys *and* this one, and leave
its weight out of the result. The weight of a real key $m$ is therefore $e^{s_m} /
(1 + \\sum_{\\text{real } j} e^{s_j})$. Padding has the weight 0. It must hold for scores of
±500 too.""",
    ),
    Variant(
        "masked_softmax",
        causal_softmax,
        """\
Let nobody look ahead: row $l$ of the $L$ that look may look at the keys $m = 0 \\dots l$ only,
and among these only at real ones. Take the softmax over the keys that are allowed; all others
get exactly 0. A row to which no key is allowed consists of zeros. $L$ and $M$ may differ.""",
    ),
    Variant(
        "attention",
        cosine_attention,
        """\
Attend by the **cosine**: the score of query $l$ and key $m$ is the cosine of their angle (both
are divided by their lengths; neither is 0), without a division by $\\sqrt d$. Then take the
softmax of these scores over the real keys (padding gets no weight) and the sum of the values
with these weights. The number of keys $M$ may differ from the number $L$ that look, and values
may have another size than keys.""",
    ),
    Variant(
        "attention",
        hard_attention,
        """\
Attend to a single key: each query gets the value of *the one* real key that has the largest
inner product with it, and of no other (if several are the largest, of the first of them).
There is no softmax and no scaling. Padding is never chosen. The number of keys $M$ may differ
from the number $L$ that look, and values may have another size than keys.""",
        changes={"gradient": ("value",)},
    ),
    Variant(
        "split_heads",
        split_in_turn,
        """\
From `[B, L, H]` to `[B, heads, L, H / heads]`, but with the features dealt out **in turn**:
head 0 gets the features 0, heads, 2 heads, …; head 1 gets the features 1, heads + 1, 2
heads + 1, …; and so on. Each head has its features in ascending order.""",
    ),
    Variant(
        "split_heads",
        heads_as_rows,
        """\
From `[B, L, H]` to `[B * heads, L, H / heads]`: the heads become further elements of the
batch, as some libraries want it. Head 0 gets the first slice of the features, head 1 the
second, and so on. The result holds all heads of element 0 first (head 0, head 1, …), then all
heads of element 1, and so on.""",
        changes={"shape": "[B * heads, L, H / heads]"},
    ),
    Variant(
        "merge_heads",
        merge_in_turn,
        """\
Put the heads together **in turn**: column 0 of the result is feature 0 of head 0, column 1 is
feature 0 of head 1, and so on through all heads; then come feature 1 of head 0, feature 1 of
head 1, and so on. So feature $j$ of head $h$ goes to the column $j \\cdot \\text{heads} + h$.""",
    ),
    Variant(
        "attention_pool",
        with_weights,
        """\
Turn the encoded words of each query into its vector, and give back **two** results: the vector
$q = \\sum_l a_l h_l$ with $a = \\operatorname{softmax}_l(w \\cdot h_l)$ over the real words of
each query, [B, H], and the weights $a$ themselves, [B, L], which are 0 on padding. There is no
scaling.""",
        changes={"shape": "[B, H] and [B, L]", "outputs": ("vector", "weight")},
    ),
    Variant(
        "attention_pool",
        contrast_pool,
        """\
Keep of each query only what makes its attention special: the attended vector $\\sum_l a_l
h_l$, with $a = \\operatorname{softmax}_l(w \\cdot h_l)$ over the real words and no scaling,
**minus the plain mean** of the query's real words. Padding counts in neither part.""",
    ),
)
