"""Training a model: the losses, the loop, checkpoints, several processes."""

from __future__ import annotations
