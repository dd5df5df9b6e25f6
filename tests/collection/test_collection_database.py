"""The database: imported late, asked at its newest version, its errors in one line of ours."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from collection_inputs import python

from prvr_lite.collection import database
from prvr_lite.collection.database import (
    ChangedError,
    CollectionError,
    DiskError,
    ExistsError,
    MissingError,
    VideoTable,
    calling,
    connect,
)
from prvr_lite.files import FileFormatError


def test_importing_the_package_imports_no_database() -> None:
    code = (
        "import sys, prvr_lite, prvr_lite.collection, prvr_lite.cli.main; "
        "from prvr_lite.collection import VideoCollection; "
        "print([m for m in sys.modules if m.split('.')[0] in ('lancedb', 'pyarrow', 'lance')])"
    )
    assert python(code).stdout.strip() == "[]"


def test_without_lancedb_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_lancedb(name: str, *rest: Any) -> Any:
        if name == "lancedb":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_lancedb)
    with pytest.raises(ModuleNotFoundError, match=r"LanceDB: pip install 'prvr-lite\[scale\]'"):
        connect("films")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (OSError("IO error: No space left on device (os error 28)"), DiskError, "disk is full"),
        (RuntimeError("x: Permission denied (os error 13)"), DiskError, "change permissions"),
        (RuntimeError("y: Read-only file system (os error 30)"), DiskError, "may not be written"),
        (ValueError("Table 'videos' was not found"), MissingError, "no such collection"),
        (ValueError("Table 'videos' already exists"), ExistsError, "choose another name"),
        (RuntimeError("Not found: a/b.lance"), ChangedError, "files are missing"),
        (RuntimeError("Retryable commit conflict for version 9"), ChangedError, "other processes"),
        (RuntimeError("unknown feature flag 64"), CollectionError, "a newer LanceDB"),
        (RuntimeError("failed to fill whole buffer"), CollectionError, "prvr-lite index check"),
    ],
)
def test_an_error_becomes_one_line_that_says_what_where_and_how(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], message: str
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(database.time, "sleep", waited.append)

    def fail() -> None:
        raise error

    with pytest.raises(FileFormatError, match=f"films.lance.*{message}") as caught:
        calling("films.lance", fail)
    assert type(caught.value) is kind
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)
    assert len(waited) == (9 if kind is ChangedError else 0)


def test_what_met_another_change_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.time, "sleep", lambda _: None)
    left = [RuntimeError("commit conflict"), RuntimeError("Not found: x.lance")]

    def work() -> int:
        if left:
            raise left.pop()
        return 7

    assert calling("films", work) == 7
    with pytest.raises(TypeError):  # a mistake of the code is no damage
        calling("films", lambda: len(3))  # type: ignore[arg-type]


def test_looking_for_a_collection_makes_no_folder(tmp_path: Path) -> None:
    pytest.importorskip("lancedb")
    with pytest.raises(MissingError, match="nowhere: there is no such collection"):
        VideoTable(tmp_path / "nowhere", "videos")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_said_on_standard_error(tmp_path: Path) -> None:
    """By the database itself, in a whole life of a collection."""
    pytest.importorskip("lancedb")
    code = """import sys
from collection_inputs import encoding, videos
from toy import SMALL
from prvr_lite.model.registry import build_model
from prvr_lite.collection import VideoCollection
films = VideoCollection.create(sys.argv[1], build_model("mssl++", SMALL))
films.append(videos([str(v) for v in range(300)]))
films.build_candidates()
films.delete(["3"])
films.optimise()
films.rank(encoding(2).clips[:, 0], 3, candidates=50)
films.rank(encoding(2).clips[:, 0], 3)
print(films.check())
"""
    ended = python(code, tmp_path / "films")
    assert ended.stdout.split() == ["299"]
    assert ended.stderr == ""
