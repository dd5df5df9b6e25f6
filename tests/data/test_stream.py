"""A streamed feature file is what `write_features` makes, interrupted or not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from feature_tables import full_table, ragged_table

from prvr_lite.data import stream as feature_stream
from prvr_lite.data.columns import FeatureFileError, FeatureTable
from prvr_lite.data.dataset import open_features
from prvr_lite.data.stream import stream_features, unread
from prvr_lite.data.table import write_features


class Stream:
    """Streams a table row by row; counts what is read, and may stop in the middle."""

    def __init__(self, table: FeatureTable, stop_after: int = 10**9) -> None:
        self.whole, self.read, self.left = table, 0, stop_after
        shape, dtype = table.frame.shape, table.frame.dtype.str[1:]
        self.table = replace(
            table, frame=unread(*shape, dtype), word=unread(*table.word.shape, dtype)
        )

    def rows(self, matrix: np.ndarray, offset: np.ndarray, owner: int) -> np.ndarray:
        if self.read == self.left:
            raise KeyboardInterrupt
        self.read += 1
        return matrix[offset[owner] : offset[owner + 1]]

    def __call__(self, path: Path, origin: str = "") -> None:
        t = self.whole
        stream_features(
            path,
            self.table,
            lambda video: self.rows(t.frame, t.frame_offset, video),
            lambda query: self.rows(t.word, t.word_offset, query),
            origin=origin,
        )


def contents(path: Path) -> dict[str, str]:
    """Every attribute and column of a file, with its type."""
    found: dict[str, str] = {}

    def add(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = f"{item.dtype} {item[()].tolist()}"

    with h5py.File(path) as file:
        file.visititems(add)
        return found | {name: repr(value) for name, value in file.attrs.items()}


@pytest.fixture(params=[1, 40, 1 << 20], ids=["tiny blocks", "small blocks", "one block"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(feature_stream, "BLOCK_BYTES", request.param)
    return int(request.param)


@pytest.mark.parametrize("precision", ["f4", "f2"])
def test_the_same_as_written_at_once(tmp_path: Path, blocks: int, precision: str) -> None:
    table = full_table(precision)
    write_features(tmp_path / "a.h5", table)
    Stream(table)(tmp_path / "b.h5")
    assert contents(tmp_path / "a.h5") == contents(tmp_path / "b.h5")
    with open_features(tmp_path / "b.h5") as dataset:
        dataset.check()
        assert np.array_equal(dataset.frames(1), table.frame[2:5].astype("f4"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "b.h5"]


@pytest.mark.parametrize("stop", [0, 1, 5, 11, 14])
def test_an_interrupted_one_goes_on(tmp_path: Path, blocks: int, stop: int) -> None:
    table = ragged_table([3, 1, 2, 4, 2, 1], [2, 1, 4, 1, 1, 2, 3, 1, 2])
    path = tmp_path / "a.h5"
    path.write_bytes(b"from before")
    with pytest.raises(KeyboardInterrupt):
        Stream(table, stop)(path)
    assert path.read_bytes() == b"from before"
    again = Stream(table)
    again(path)
    if blocks == 1:  # one video or query a block: nothing is read twice
        assert again.read == 15 - stop
    write_features(tmp_path / "b.h5", table)
    assert contents(path) == contents(tmp_path / "b.h5")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.h5", "b.h5"]


KILLED = """
import os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from feature_tables import ragged_table
from test_stream import Stream
from prvr_lite.data import stream as feature_stream
feature_stream.BLOCK_BYTES = 1
stream = Stream(ragged_table([3, 1, 2, 4, 2, 1], [2, 1, 4, 1]))
rows = stream.rows
stream.rows = lambda *a: os._exit(9) if stream.read == 7 else rows(*a)
stream(Path({path!r}))
"""


def test_a_killed_process_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is closed or flushed on the way out."""
    path = tmp_path / "a.h5"
    code = KILLED.format(paths=sys.path, path=str(path))
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 9
    assert not path.exists()
    monkeypatch.setattr(feature_stream, "BLOCK_BYTES", 1)
    table = ragged_table([3, 1, 2, 4, 2, 1], [2, 1, 4, 1])
    again = Stream(table)
    again(path)
    assert again.read == 3
    write_features(tmp_path / "b.h5", table)
    assert contents(path) == contents(tmp_path / "b.h5")


@pytest.mark.parametrize("change", ["origin", "moment", "name", "precision", "log", "lost block"])
def test_a_draft_of_something_else_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(feature_stream, "BLOCK_BYTES", 1)
    table = ragged_table([3, 1, 2, 4, 2, 1], [2, 1, 4, 1])
    path, log = tmp_path / "a.h5", tmp_path / "a.h5.part.log"
    with pytest.raises(KeyboardInterrupt):
        Stream(table, 8)(path)
    if change == "moment":
        table.moment = table.moment.copy()
        table.moment[2, 0] /= 2
    if change == "name":
        table.name = "other"
    if change == "precision":
        table.frame, table.word = table.frame.astype("f2"), table.word.astype("f2")
    if change == "log":
        log.write_text("nonsense", encoding="ascii")
    if change == "lost block":  # what a machine leaves that stopped before its disk had it
        lines = log.read_text(encoding="ascii").split("\n")
        log.write_text("\n".join([*lines[:4], "7", *lines[5:]]), encoding="ascii")
    again = Stream(table)
    again(path, "other" if change == "origin" else "")
    assert again.read == (10 - 3 if change == "lost block" else 10)
    write_features(tmp_path / "b.h5", table)
    assert contents(path) == contents(tmp_path / "b.h5")


def test_a_torn_line_of_the_log_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_stream, "BLOCK_BYTES", 1)
    table = ragged_table([3, 1, 2, 4], [2, 1])
    path, log = tmp_path / "a.h5", tmp_path / "a.h5.part.log"
    with pytest.raises(KeyboardInterrupt):
        Stream(table, 3)(path)
    log.write_bytes(log.read_bytes()[:-2])
    again = Stream(table)
    again(path)
    assert again.read == 4
    write_features(tmp_path / "b.h5", table)
    assert contents(path) == contents(tmp_path / "b.h5")


def test_features_are_checked(tmp_path: Path, blocks: int) -> None:
    table = ragged_table([3, 1, 2], [2, 1])
    table.frame[4, 1] = np.nan
    with pytest.raises(FeatureFileError, match=r"'frames/feature', row 4: holds NaN"):
        Stream(table)(tmp_path / "a.h5")
    table.frame[4, 1], table.word[2, 0] = 0, np.inf
    with pytest.raises(FeatureFileError, match=r"'words/feature', row 2: holds NaN"):
        Stream(table)(tmp_path / "a.h5")
    table.word[2, 0] = 1
    Stream(table)(tmp_path / "a.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_rows_that_contradict_the_offsets(tmp_path: Path) -> None:
    stream = Stream(ragged_table([3, 1, 2], [2, 1]))
    with pytest.raises(ValueError, match=r"item 0 has features of shape \[1, 3\].*\[3, 3\]"):
        stream_features(
            tmp_path / "a.h5",
            stream.table,
            lambda video: stream.whole.frame[:1],
            lambda query: stream.whole.word[:1],
        )


def test_the_same_checks_as_write_features(tmp_path: Path) -> None:
    table = ragged_table([3, 1, 2], [2, 1])
    table.moment[1] = [5, 4]
    with pytest.raises(FeatureFileError, match="starts after it ends"):
        Stream(table)(tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


def test_no_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = feature_stream.shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(feature_stream.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OSError, match=r"free.*float16"):
        Stream(ragged_table([3], [2]))(tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())
