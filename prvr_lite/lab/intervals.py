"""How well a few training seeds determine the mean over all seeds: Student's intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Value = float | Sequence[float]  # one number, or one per seed


def mean_interval(seeds: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Returns the 95 % confidence interval of the mean over all possible seeds.

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
    """Returns the 97.5 % quantile of Student's t; NaN without a degree of freedom."""
    from scipy.special import stdtrit  # few need it: of the lessons, 8 and 12

    return float(stdtrit(freedom, 0.975))


def is_level(ours: Value, theirs: Value) -> bool:
    """Returns whether the seeds of two models leave open which of them has the higher mean.

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
    """Returns differences over paired seeds with their mean's 95 % interval, for ``gap_chart``.

    Args:
        groups: group -> name of a change -> difference, one number or one per seed.
    """
    return {
        group: {name: (seeds, mean_interval(np.atleast_1d(seeds))) for name, seeds in row.items()}
        for group, row in groups.items()
    }
