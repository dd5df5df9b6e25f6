"""Every clip of a video: all windows of 1..n consecutive units, and the code of their lengths."""

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
    """Compute a tensor once for each argument; every caller gets a copy of its own.

    It may take part in a gradient whoever asks first: a tensor born in inference mode may not.
    """
    remembered = lru_cache(maxsize=64)(function)

    @wraps(function)
    def copy(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        with torch.inference_mode(False):
            return remembered(*args, **kwargs).clone()  # type: ignore[arg-type]

    return copy


@constant
def clip_spans(n: int) -> Tensor:
    """First and one-past-last unit of each clip, [N, 2] with N = n(n+1)/2.

    Order as released (model.py:136-146): the n windows of length 1 from left to right, then the
    n-1 windows of length 2, ..., at last the one window of length n.
    """
    spans = [
        (start, start + length) for length in range(1, n + 1) for start in range(n - length + 1)
    ]
    return torch.tensor(spans)


@constant
def clip_windows(n: int) -> Tensor:
    """The matrix that averages units into clips, [N, n]: row i is 1/length on clip i's units.

    A clip is a linear function of the units. So are, then, its inner products: that is what lets
    :mod:`prvr_lite.model.clustering` measure all clips without ever building them.
    """
    spans = clip_spans(n)
    unit = torch.arange(n)
    inside = (unit >= spans[:, :1]) & (unit < spans[:, 1:])  # [N, n]
    return inside.double() / (spans[:, 1:] - spans[:, :1])


def multi_scale_clips(units: Tensor) -> Tensor:
    """All clips of each video: units [V, n, H] -> [V, N, H], in the order of :func:`clip_spans`.

    A clip is a difference of two cumulative sums over its length. The sums are kept in float64,
    so that no clip pays for the units that come before it.

    Source: arXiv 2208.12510 section 3 (multi-scale clip construction); model.py:136-146.
    """
    spans = clip_spans(units.shape[1]).to(units.device)
    wide = torch.float32 if units.device.type == "mps" else torch.float64  # MPS has no float64
    total = F.pad(units.to(wide).cumsum(1), (0, 0, 1, 0))  # [V, n+1, H], a zero in front
    length = (spans[:, 1] - spans[:, 0]).to(wide)  # [N]
    return ((total[:, spans[:, 1]] - total[:, spans[:, 0]]) / length[:, None]).to(units.dtype)


@constant
def length_code(n: int, dim: int = 256) -> Tensor:
    """Sinusoidal code of each clip's length, [N, dim] (model_components.py:131-152).

    Position is length - 1; sines and cosines alternate, with wavelengths from 2 pi to 20000 pi.

    Raises:
        ValueError: an odd ``dim``.
    """
    if dim % 2:
        raise ValueError(f"dim={dim}: sines and cosines come in pairs, so it must be even")
    spans = clip_spans(n)
    position = (spans[:, 1] - spans[:, 0] - 1).double()  # [N]
    rate = torch.exp(torch.arange(0, dim, 2).double() * (-math.log(10_000.0) / dim))  # [dim/2]
    angle = position[:, None] * rate  # [N, dim/2]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()  # [N, dim]
