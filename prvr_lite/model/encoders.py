"""The encoder of sequences: it turns words, units or frames into vectors that know their context.

The three branches of MS-SL++ (words of a query, units and frames of a video) have encoders of the
same structure, each with its own weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# added before the softmax, as released: a row with nothing unmasked stays finite
MASKED_KEY = -10_000.0
BLOCK_BYTES = 6 << 20  # bytes of inputs in work at a time: what caches can hold


def full_precision(tensor: Tensor) -> AbstractContextManager[Any]:
    """Returns a context without autocast, for computations whose last digits count."""
    kind = tensor.device.type
    if torch.amp.is_autocast_available(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()


def init_weights(module: nn.Module) -> None:
    """Sets Linear and Embedding weights to N(0, 0.02), biases to 0, LayerNorms to 1 and 0.

    As released (model.py:67-82).
    """
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def _draw(x: Tensor, p: float) -> Tensor:
    return torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p)


def _drop(x: Tensor, kept: Tensor, p: float) -> Tensor:
    scale = x.new_ones(()).div_(1 - p)  # rounded as in F.dropout
    return torch.where(kept, x * scale, 0.0)


class SelfAttention(nn.Module):
    """Multi-head self-attention, then LayerNorm over output + input; no feed-forward layer."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attends over x [B, L, H], mask [B, L] (True: a real position) -> [B, L, H]."""
        q, k, v = (self.heads(part, x) for part in (self.query, self.key, self.value))
        bias = None
        if mask is not None:
            bias = (~mask).to(x.dtype)[:, None, None, :] * MASKED_KEY  # [B, 1, 1, L]
        p = self.dropout if self.training else 0.0
        return self.joined(x, F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=p))

    def heads(self, part: nn.Module, x: Tensor) -> Tensor:
        """Maps x [B, L, H] by the query, key or value part -> [B, heads, L, H/heads]."""
        return part(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # type: ignore[no-any-return]

    def joined(self, x: Tensor, context: Tensor) -> Tensor:
        """Joins the heads [B, heads, L, H/heads], and adds the input x [B, L, H] -> [B, L, H]."""
        context = context.transpose(1, 2).reshape(x.shape)
        out = F.dropout(self.output(context), self.dropout, self.training)
        return self.norm(x + out)  # type: ignore[no-any-return]


def _rows_at_a_time(x: Tensor) -> int:
    return max(1, BLOCK_BYTES // (4 * x.shape[-1]))


class _DroppedProjection(torch.autograd.Function):
    """Computes relu(W dropout(LayerNorm(x)) + b) in training on a CPU, a block of x at a time.

    Inputs are wide: at TVR's size, eight numbers for each number of an encoding. The operations of
    torch keep x, the noise and their product for the gradient, and make two more tensors of this
    size out of it. This keeps x, and one byte of noise for each number; the rest is made again when
    it is needed. Random numbers and scores are the same, gradients differ by their rounding. Small
    inputs take longer so, and save little: it is for more than one block.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float, *weights: Tensor) -> Tensor:
        kept = _draw(x, p)
        blocks = _DroppedProjection.blocks(x, kept, p, *weights[:2])
        out = torch.cat([F.linear(block, *weights[2:]) for block in blocks]).relu_()
        ctx.p = p
        ctx.save_for_backward(x, kept, out > 0, *weights)
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, kept, positive, gain, shift, weight, _ = ctx.saved_tensors
        grad = grad.flatten(0, -2) * positive  # [B * L, H]
        norm = [t.detach().requires_grad_() for t in (gain, shift)]
        sums = [torch.zeros_like(t) for t in (*norm, weight)]
        with torch.enable_grad():
            blocks = _DroppedProjection.blocks(x, kept, ctx.p, *norm)
            for part, block in zip(torch.split(grad, _rows_at_a_time(x)), blocks, strict=True):
                sums[2].addmm_(part.T, block.detach())
                torch._foreach_add_(sums[:2], torch.autograd.grad(block, norm, part @ weight))
        return None, None, *sums, grad.sum(0)

    @staticmethod
    def blocks(x: Tensor, kept: Tensor, p: float, gain: Tensor, shift: Tensor) -> Iterator[Tensor]:
        """Yields x [B, L, D], normalised and dropped out, as blocks [rows, D]."""
        parts = (torch.split(t.flatten(0, -2), _rows_at_a_time(x)) for t in (x, kept))
        for rows, here in zip(*parts, strict=True):
            yield _drop(F.layer_norm(rows, gain.shape, gain, shift), here, p)


class SequenceEncoder(nn.Module):
    """Encodes the features of a sequence, each in the context of the others.

    LayerNorm -> dropout -> Linear -> ReLU, plus a learned position -> LayerNorm -> dropout ->
    :class:`SelfAttention` (arXiv 2208.12510 section 3; authors' model_components.py:91-215).

    Args:
        input_dim: size of an input feature.
        hidden_dim: size H of an encoding.
        max_length: the longest sequence that has position embeddings.
        num_heads, dropout: settings of the attention.
        input_dropout: dropout on the inputs, and after the positions.
        attention: ``False`` leaves the self-attention out (for a baseline that sees each frame by
            itself).
    """

    def __init__(
        self,
        *,
        input_dim: int,
        hidden_dim: int,
        max_length: int,
        num_heads: int,
        dropout: float,
        input_dropout: float,
        attention: bool = True,
    ) -> None:
        super().__init__()
        self.input_norm = nn.LayerNorm(input_dim)
        self.project = nn.Linear(input_dim, hidden_dim)
        self.position = nn.Embedding(max_length, hidden_dim)
        self.position_norm = nn.LayerNorm(hidden_dim)
        self.drop = nn.Dropout(input_dropout)
        self.attention = SelfAttention(hidden_dim, num_heads, dropout) if attention else None

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Encodes features [B, L, D], mask [B, L] bool -> [B, L, H].

        Raises:
            ValueError: a sequence is longer than ``max_length``.
        """
        length = features.shape[1]
        if length > self.position.num_embeddings:
            raise ValueError(
                f"a sequence of {length} is longer than the {self.position.num_embeddings} "
                "positions of this encoder: pool or cut it first (prvr_lite.data.batches)"
            )
        x = self._project(features)  # [B, L, H]
        x = self.drop(self.position_norm(x + self.position.weight[:length]))
        encoded: Tensor = self.attention(x, mask) if self.attention is not None else x
        return encoded

    def _project(self, features: Tensor) -> Tensor:
        """Returns relu(Linear(dropout(LayerNorm(x)))) of features x [B, L, D] -> [B, L, H]."""
        norm, linear, kind = self.input_norm, self.project, features.device.type
        if kind == "cpu" and not (self.training or torch.is_grad_enabled()):
            parts = torch.split(features, max(1, _rows_at_a_time(features) // features.shape[1]))
            return torch.cat([F.relu(linear(norm(x))) for x in parts])
        plain = kind != "cpu" or features.requires_grad or torch.is_autocast_enabled(kind)
        narrow = features.nbytes <= BLOCK_BYTES  # one block: nothing to save
        if plain or narrow or not (self.training and self.drop.p and torch.is_grad_enabled()):
            return F.relu(linear(self.drop(norm(features))))
        weights = (norm.weight, norm.bias, linear.weight, linear.bias)
        return _DroppedProjection.apply(features, self.drop.p, *weights)  # type: ignore[no-any-return, no-untyped-call]


def mean_pool(vectors: Tensor, mask: Tensor) -> Tensor:
    """Averages the real vectors: vectors [B, L, H], mask [B, L] bool -> [B, H]."""
    real = mask[..., None].to(vectors.dtype)  # [B, L, 1]
    return (vectors * real).sum(1) / real.sum(1)


def attention_pool(tokens: Tensor, mask: Tensor, score: nn.Linear) -> Tensor:
    """Sums softmax_l(w . h_l) h_l over real tokens: h [B, L, H], mask [B, L], w [H] -> [B, H]."""
    weight = score(tokens).squeeze(-1)  # [B, L]
    weight = weight.masked_fill(~mask, MASKED_KEY).softmax(dim=-1)
    return torch.einsum("bl,blh->bh", weight, tokens)


class QueryEncoder(nn.Module):
    """Turns a query's words into one vector: a :class:`SequenceEncoder`, then attention pooling."""

    def __init__(self, **sequence: Any) -> None:
        super().__init__()
        self.words = SequenceEncoder(**sequence)
        self.pool = nn.Linear(sequence["hidden_dim"], 1, bias=False)

    def forward(self, word_input: Tensor, word_mask: Tensor) -> Tensor:
        """Encodes word_input [Q, L, Dw], word_mask [Q, L] bool -> query vectors [Q, H]."""
        return attention_pool(self.words(word_input, word_mask), word_mask, self.pool)
