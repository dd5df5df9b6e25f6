"""From ragged features to what a model takes: pooling, normalising, padding, batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def pool_features(features: Float, count: int) -> Float:
    """Average a video's frames into at most ``count`` rows, [T, D] -> [count, D].

    Row i is the mean of frames b_i..b_{i+1} (one-past-last), or frame b_i where that is empty,
    with b_i = min(round(i T / count), T - 1) and halves rounded to even. As released
    (data_provider.py:28-48), which has a consequence: when T > count the very last frame enters
    nowhere; and when T < count frames repeat.
    """
    total = len(features)
    # i / count first, as released: where i T / count ends in a half, its rounding decides
    bounds = np.round(np.arange(count + 1) / count * total)
    bounds = np.minimum(bounds, total - 1).astype(int)
    starts, sizes = bounds[:-1], np.diff(bounds)
    # reduceat sums features[b_i : b_{i+1}], and gives features[b_i] where that is empty
    sums = np.add.reduceat(features[: max(bounds[-1], starts[-1] + 1)], starts, axis=0)
    return (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)


def normalise(features: Float) -> Float:
    """x / (|x| + 1e-5) per row (data_provider.py:45-48)."""
    length = np.linalg.norm(features, axis=-1, keepdims=True)
    return (features / (length + 1e-5)).astype(np.float32)
