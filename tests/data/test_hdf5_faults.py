"""A slice of what ``python tests/hdf5_faults.py`` tries by the hundred."""

from __future__ import annotations

from hdf5_faults import fuzz, mutations


def test_chance_damage_is_refused_or_harmless() -> None:
    counts, bad = fuzz(8, seed=5)
    assert bad == []
    assert sum(counts.values()) == 8
    assert counts["refused"] >= 2


def test_mutations_depend_on_the_seed_alone() -> None:
    raw = bytes(range(256)) * 4
    assert list(mutations(1, raw, 20)) == list(mutations(1, raw, 20))
    assert all(damaged != raw for what, damaged in mutations(1, raw, 20) if what.startswith("bit"))
