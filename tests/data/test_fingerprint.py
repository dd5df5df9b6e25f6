"""A fingerprint changes with whatever counts, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from toy import toy_table

from prvr_lite.data.columns import FeatureTable
from prvr_lite.data.dataset import open_features
from prvr_lite.data.fingerprint import dataset_summary, fingerprint
from prvr_lite.data.table import write_features


def print_of(path: Path, table: FeatureTable) -> str:
    write_features(path, table)
    with open_features(path) as dataset:
        return fingerprint(dataset)


def swap_splits(table: FeatureTable) -> None:
    table.splits["val"], table.splits["test"] = table.splits["test"], table.splits["val"]


CHANGES: dict[str, Callable[[FeatureTable], object]] = {
    "splits": swap_splits,
    "no val": lambda table: table.splits.pop("val"),
    "an id": lambda table: table.video_id.__setitem__(3, "another"),
    "a moment": lambda table: table.moment.__setitem__((0, 1), 0.75),
    "features": lambda table: setattr(table, "frame", table.frame + 1),
    "words": lambda table: setattr(table, "word", table.word + 1),
    "the model": lambda table: setattr(table, "visual_model", "other"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_are_seen(tmp_path: Path, change: Callable[[FeatureTable], object]) -> None:
    table = toy_table()
    before = print_of(tmp_path / "a.h5", table)
    assert before == print_of(tmp_path / "b.h5", toy_table())  # another file, the same data
    change(table)
    assert print_of(tmp_path / "c.h5", table) != before


def test_other_data_of_the_same_sizes_is_seen(tmp_path: Path) -> None:
    one, other = toy_table(), toy_table(seed=1)
    assert print_of(tmp_path / "a.h5", one) != print_of(tmp_path / "b.h5", other)


def test_summary_is_plain(tmp_path: Path) -> None:
    write_features(tmp_path / "a.h5", toy_table())
    with open_features(tmp_path / "a.h5") as dataset:
        found = dataset_summary(dataset)
        assert found["fingerprint"] == fingerprint(dataset)
    assert found["videos, queries, frames"][:2] == [24, 48]
    assert all(type(n) is int for n in found["videos, queries, frames"])
    assert len(found["fingerprint"]) == 16
    assert np.char.isalnum(found["fingerprint"])
