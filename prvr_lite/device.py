"""Chooses the device that a run computes on and its precision, and seeds its random numbers."""

from __future__ import annotations

import torch

from prvr_lite.config import TrainConfig


def choose_device(name: str = "auto") -> torch.device:
    """Returns the torch device of this name; "auto" is a CUDA GPU where there is one, else the CPU.

    "mps" (Apple's GPU) is used only when it is asked for by name.

    Raises:
        ValueError: torch does not know the device, or this machine does not have it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device={name!r} can't be used here ({reason}): try 'auto'") from error
    return device


def seed_generators(device: torch.device, seed: int) -> None:
    """Seeds the random number generators of the CPU and of ``device``, and no others."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def use_bfloat16(config: TrainConfig, device: torch.device) -> bool:
    """Returns whether to compute in bfloat16: if chosen, or with "auto" on a GPU that supports it.

    Raises:
        ValueError: the precision is unknown.
    """
    if config.precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"precision={config.precision!r}: choose 'auto', 'float32' or 'bfloat16'")
    if config.precision == "auto":
        # a T4 only emulates bf16, slowly
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return config.precision == "bfloat16"
