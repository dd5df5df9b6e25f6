"""What several training seeds say together: their mean, their spread, how sure their mean is."""

from __future__ import annotations

from typing import Final

import numpy as np

from prvr_lite.plots.bars import Value
from prvr_lite.plots.canvas import Array, as_array

# Student's t, 97.5 %, for 1..10 degrees of freedom; beyond, the expansion below is good to 0.001.
_T: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_Z: Final = 1.959964


def seeds_of(value: Value, name: str) -> Array:
    """The values of `value`, a number or one number a seed, as [S] float64.

    Raises:
        ValueError: naming `name`, if there is no value or one is not finite.
    """
    seeds = as_array(np.atleast_1d(np.asarray(value, dtype=np.float64)), name)
    if not np.isfinite(seeds).all():
        raise ValueError(f"{name} must be finite, but is {seeds.tolist()}")
    return seeds


def deviation(seeds: Array) -> float:
    """Standard deviation of a sample (divided by S − 1); NaN for a single seed."""
    return float(seeds.std(ddof=1)) if len(seeds) > 1 else float("nan")


def mean_interval(seeds: Array) -> tuple[float, float]:
    """Where the mean over all seeds there could be lies, with 95 % confidence.

    Student's t interval, which takes the seeds for independent draws from a normal distribution.

    Returns:
        (low, high); both NaN for a single seed.
    """
    half = student_t(len(seeds) - 1) * deviation(seeds) / np.sqrt(len(seeds))
    return float(seeds.mean() - half), float(seeds.mean() + half)


def student_t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; NaN without a degree of freedom.

    Source: tables up to 10, then the first terms of the Cornish-Fisher expansion in 1 / freedom.
    """
    if freedom < 1:
        return float("nan")
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, v = _Z, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + terms[0] / v + terms[1] / v**2 + terms[2] / v**3
