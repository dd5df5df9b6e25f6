"""How sure the mean over several training seeds is: Student's intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Student's t, 97.5 %, for 1..10 degrees of freedom; beyond, the expansion below is good to 0.001.
_T: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_Z: Final = 1.959964

Value = float | Sequence[float]  # one number, or one per seed


def mean_interval(seeds: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Where the mean over all seeds there could be lies, with 95 % confidence.

    Student's t interval, which takes the seeds for independent draws from a normal distribution.

    Returns:
        (low, high); both NaN for a single seed.
    """
    values = np.asarray(seeds, dtype=np.float64)
    if len(values) < 2:
        return float("nan"), float("nan")
    half = student_t(len(values) - 1) * float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


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


def is_level(ours: Value, theirs: Value) -> bool:
    """Whether the seeds of two models leave open which of them has the higher mean.

    As many seeds of both are taken as pairs: level if the 95 % interval of the mean difference
    holds 0. Otherwise: if the means differ by no more than the larger standard deviation.
    """
    a, b = np.atleast_1d(ours), np.atleast_1d(theirs)
    if len(a) == len(b) > 1:
        low, high = mean_interval(a - b)
        return low <= 0 <= high
    spreads = [float(one.std(ddof=1)) for one in (a, b) if len(one) > 1]
    return bool(abs(a.mean() - b.mean()) <= max([*spreads, 0.0]))


def with_intervals(
    groups: Mapping[str, Mapping[str, Value]],
) -> dict[str, dict[str, tuple[Value, tuple[float, float]]]]:
    """Differences over paired seeds, each with the 95 % interval of its mean, for ``gap_chart``.

    Args:
        groups: group -> name of a change -> difference, one number or one per seed.
    """
    return {
        group: {name: (seeds, mean_interval(np.atleast_1d(seeds))) for name, seeds in row.items()}
        for group, row in groups.items()
    }
