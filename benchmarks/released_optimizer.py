"""BertAdam as released: no bias correction, and the gradient clipped tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class BertAdam:
    """Adam with decoupled decay (none on vectors: biases and LayerNorms), one tensor at a time."""

    def __init__(self, parameters: Iterable[nn.Parameter], *, lr: float = 2.5e-4) -> None:
        self.parameters = list(parameters)
        self.lr = lr
        self.mean = [torch.zeros_like(p) for p in self.parameters]
        self.square = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self) -> None:
        """One update from the gradients, at a constant rate."""
        for parameter, mean, square in zip(self.parameters, self.mean, self.square, strict=True):
            if parameter.grad is not None:
                nn.utils.clip_grad_norm_([parameter], 1.0)
                self._update(parameter, parameter.grad, mean, square)

    def _update(self, parameter: Tensor, grad: Tensor, mean: Tensor, square: Tensor) -> None:
        mean.mul_(0.9).add_(grad, alpha=0.1)
        square.mul_(0.999).addcmul_(grad, grad, value=0.001)
        update = mean / (square.sqrt() + 1e-6)
        if parameter.dim() > 1:
            update += 0.01 * parameter
        parameter.add_(update, alpha=-self.lr)
