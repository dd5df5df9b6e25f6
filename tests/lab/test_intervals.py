"""Student's intervals, and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest

from prvr_lite.lab.intervals import is_level, mean_interval, student_t, with_intervals

PRINTED = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980}


def test_intervals_are_students() -> None:
    """Against the tables in books, and against scipy's distribution."""
    scipy = pytest.importorskip("scipy.stats")
    for freedom, quantile in PRINTED.items():
        assert student_t(freedom) == pytest.approx(quantile, abs=5e-4)
    for freedom in (1, 2, 4, 10, 11, 14, 30, 99):
        assert student_t(freedom) == pytest.approx(scipy.t.ppf(0.975, freedom), rel=1e-9)
    low, high = mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)
    assert np.isnan(mean_interval(np.array([1.0]))).all()
    assert np.isnan(student_t(0))


def test_paired_seeds_are_level_where_their_interval_holds_zero() -> None:
    assert is_level([51, 52, 53], [51.9, 52.3, 52.7])
    assert not is_level([51, 52, 53], [53, 54, 55]), "the same difference in every pair"
    assert not is_level([51, 52, 53], [49.1, 50, 51])


def test_unpaired_seeds_are_level_within_the_larger_deviation() -> None:
    assert is_level([51, 52, 53, 54], [51, 53])
    assert not is_level([51.0, 51.1], 52.0)
    assert is_level(52.0, 52.0)
    assert not is_level(52.0, 51.9), "nothing is known of the spread"


def test_a_chart_gets_differences_with_their_intervals() -> None:
    groups = with_intervals({"clips": {"K = 4": [1.0, 2.0, 3.0], "K = 8": 1.0}})
    seeds, interval = groups["clips"]["K = 4"]
    assert (seeds, interval) == ([1.0, 2.0, 3.0], mean_interval([1.0, 2.0, 3.0]))
    assert np.isnan(groups["clips"]["K = 8"][1]).all()
