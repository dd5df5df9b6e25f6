"""Builds every clip of a video, and the code of their lengths.

A moment that answers a query may start anywhere and last any time. So MS-SL++ looks at every window
of 1..n consecutive units of a video. Such a window is a *clip*; its vector is the mean of its
units. With n = 32 units there are 528 clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec

import torch
import torch.nn.functional as F
from torch import Tensor

P = ParamSpec("P")


def constant(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Computes a tensor once per argument; every caller gets a copy of it.

    The copy can take part in a gradient, even if the first caller was in inference mode (a tensor
    made in inference mode could not).
    """
    remembered = lru_cache(maxsize=64)(function)

    @wraps(function)
    def copy(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        with torch.inference_mode(False):
            return remembered(*args, **kwargs).clone()  # type: ignore[arg-type]

    return copy


@constant
def clip_spans(n: int) -> Tensor:
    """Returns first and one-past-last unit of each clip, [N, 2] with N = n(n+1)/2.

    The order is as released (model.py:136-146): the n windows of length 1 from left to right, then
    the n-1 windows of length 2, ..., and last the one window of length n.
    """
    spans = [
        (start, start + length) for length in range(1, n + 1) for start in range(n - length + 1)
    ]
    return torch.tensor(spans)


@constant
def clip_windows(n: int) -> Tensor:
    """Returns the matrix [N, n] that averages units to clips: row i is 1/length on clip i's units.

    A clip is a linear function of the units, and so are its inner products. That is why
    :mod:`prvr_lite.model.clustering` can measure distances of all clips without building them.
    """
    spans = clip_spans(n)
    unit = torch.arange(n)
    inside = (unit >= spans[:, :1]) & (unit < spans[:, 1:])  # [N, n]
    return inside.double() / (spans[:, 1:] - spans[:, :1])


def multi_scale_clips(units: Tensor) -> Tensor:
    """Builds all clips of each video: units [V, n, H] -> [V, N, H], ordered as :func:`clip_spans`.

    A clip is the difference of two cumulative sums, divided by its length. The sums are float64, so
    that units before a clip don't cost it precision.

    Source: arXiv 2208.12510 section 3 (multi-scale clip construction); model.py:136-146.
    """
    spans = clip_spans(units.shape[1]).to(units.device)
    wide = torch.float32 if units.device.type == "mps" else torch.float64  # MPS has no float64
    total = F.pad(units.to(wide).cumsum(1), (0, 0, 1, 0))  # [V, n+1, H], a zero in front
    length = (spans[:, 1] - spans[:, 0]).to(wide)  # [N]
    return ((total[:, spans[:, 1]] - total[:, spans[:, 0]]) / length[:, None]).to(units.dtype)


@constant
def length_code(n: int, dim: int = 256) -> Tensor:
    """Returns the sinusoidal code of each clip's length, [N, dim] (model_components.py:131-152).

    The position in the code is length - 1; sines and cosines alternate, with wavelengths from 2 pi
    to 20000 pi.

    Raises:
        ValueError: ``dim`` is odd.
    """
    if dim % 2:
        raise ValueError(f"dim={dim}: sines and cosines come in pairs, so it must be even")
    spans = clip_spans(n)
    position = (spans[:, 1] - spans[:, 0] - 1).double()  # [N]
    rate = torch.exp(torch.arange(0, dim, 2).double() * (-math.log(10_000.0) / dim))  # [dim/2]
    angle = position[:, None] * rate  # [N, dim/2]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # [N, dim]
