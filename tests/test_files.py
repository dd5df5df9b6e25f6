"""Files that are written whole or not at all, and the one family of their errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prvr_lite import FeatureFileError, FileFormatError
from prvr_lite.data.columns import fault
from prvr_lite.files import damaged, replacing
from prvr_lite.paper.checkpoint import NotDataError
from prvr_lite.videos import VideoError

KILLED = """
import os, sys
from prvr_lite.files import replacing
with replacing(sys.argv[1]) as part:
    part.write_text("half")
    print(part, flush=True)
    sys.stdin.read() if sys.argv[2] == "waits" else os._exit(9)
"""


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a file.txt"
    target.write_text("old")
    with replacing(target) as part:
        assert part.parent == tmp_path
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("where", ["in the block", "on the way to the disk", "in the rename"])
def test_an_error_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def full_disk(*args: object) -> None:
        raise OSError("No space left on device")

    name = {"on the way to the disk": "fsync", "in the rename": "replace"}.get(where)
    if name:
        monkeypatch.setattr(os, name, full_disk)

    def write() -> None:
        with replacing(target) as part:
            part.write_text("new")
            if not name:
                full_disk()

    with pytest.raises(OSError, match="No space left"):
        write()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_on_the_disk_before_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append("fsync") or fsync(number))
    monkeypatch.setattr(os, "replace", lambda a, b: done.append("replace") or replace(a, b))
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("new")
    assert done == ["fsync", "replace"]


def test_two_writers_of_a_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with replacing(target) as one, replacing(target) as other:
        one.write_text("one")
        other.write_text("other")
    assert target.read_text() == "one", "the block that ends last"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere it is unknown whether a process runs")
def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    command = [sys.executable, "-c", KILLED, str(target)]
    with subprocess.Popen(
        [*command, "waits"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        alive = Path(running.stdout.readline().strip())
        dead = subprocess.run(
            [*command, "dies"], capture_output=True, text=True, check=False, timeout=60
        )
        assert dead.returncode == 9
        left = Path(dead.stdout.strip())
        elsewhere = tmp_path / ".a.txt.00000000-1-0a0b0c0d.part"
        elsewhere.write_text("of another machine")
        foreign = tmp_path / ".notes.part"
        foreign.write_text("of another program")
        assert left.exists()
        assert alive.exists()
        with replacing(target) as part:
            part.write_text("new")
        assert set(tmp_path.iterdir()) == {target, alive, elsewhere, foreign}
        running.communicate(timeout=60)
    assert set(tmp_path.iterdir()) == {target, elsewhere, foreign}
    assert target.read_text() == "half", "of the process that ended last"


def test_errors_about_files_are_one_family(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    errors = [
        damaged(path, "is empty", "write it again"),
        fault(path, "videos/id", "is empty", "write it again", row=3),
        VideoError(path, "is empty"),
    ]
    assert [type(error) for error in errors] == [FileFormatError, FeatureFileError, VideoError]
    for kind in (FeatureFileError, NotDataError, VideoError):
        assert issubclass(kind, FileFormatError)
    assert issubclass(FileFormatError, ValueError)
    assert str(errors[0]) == f"{path}: is empty. To fix it: write it again."
    where = f"{path}: column 'videos/id', row 3"
    assert str(errors[1]) == f"{where}: is empty. To fix it: write it again."
