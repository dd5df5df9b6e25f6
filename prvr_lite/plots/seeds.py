"""A value that pictures take as one number or as one number per training seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prvr_lite.plots import page

Value = float | Sequence[float]  # one number, or one per seed


def seeds_of(value: Value, name: str) -> page.Array:
    """Returns `value`, a number or one per seed, as an array [S] float64.

    Raises:
        ValueError: naming `name`, if there is no value or one is not finite.
    """
    return page.finite(np.atleast_1d(value), name)


def deviation(seeds: page.Array) -> float:
    """Returns the standard deviation of a sample (divided by S − 1); NaN for a single seed."""
    return float(seeds.std(ddof=1)) if len(seeds) > 1 else float("nan")
