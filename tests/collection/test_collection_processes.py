"""Several processes at one collection, and processes that are killed: nothing lost or doubled.

``python -m benchmarks.collection`` runs the same many times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from benchmarks import collection_storm as storm

pytest.importorskip("lancedb")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with storm.processes(4) as started:
        yield started


def test_two_writers_of_the_same_ids(pool: ProcessPoolExecutor, tmp_path: Path) -> None:
    for attempt in range(5):
        folder = tmp_path / str(attempt) / "films"
        assert storm.same_ids_twice(pool, folder, 60) == []


def test_deletes_beside_a_reader_and_a_compaction(
    pool: ProcessPoolExecutor, tmp_path: Path
) -> None:
    assert storm.deletes_beside_others(pool, tmp_path / "films", 30) == []


@pytest.mark.parametrize("kind", storm.KINDS)
def test_a_kill_in_the_middle(tmp_path: Path, kind: str) -> None:
    assert storm.killed(tmp_path / "films", kind, seed=3) == []
