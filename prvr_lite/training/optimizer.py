"""The optimizer, and the learning rate of each step."""

from __future__ import annotations

import torch
from torch import nn

from prvr_lite.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Returns AdamW, without weight decay on biases and LayerNorms (train.py:136-143).

    Two things differ from the released BertAdam: it has no bias correction, and it clips each
    tensor's gradient by itself. This is torch's AdamW, and ``fit`` clips the gradient as a whole.
    """
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, eps=1e-6)


def make_schedule(
    optimizer: torch.optim.Optimizer, config: TrainConfig, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Returns the schedule: a linear rise over ``config.warmup`` of all steps, then linear to 0."""
    warm = max(1, round(config.warmup * steps))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / (warm + 1)
        return max(0.0, (steps - step) / max(1, steps - warm))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
