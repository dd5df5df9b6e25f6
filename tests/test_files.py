"""Files that are written whole or not at all, and the one family of their errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prvr_lite import FeatureFileError, FileFormatError
from prvr_lite.data.columns import fault
from prvr_lite.files import BusyError, DiskError, damaged, held, replacing, save_record
from prvr_lite.paper.checkpoint import NotDataError
from prvr_lite.videos import VideoError

TESTS = Path(__file__).parent
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


HOLDS = """
import sys
from prvr_lite.files import held
with held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that holds an output until it is killed, or its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_an_output_is_held_by_one_process(tmp_path: Path) -> None:
    """The second one is told who works on it; when that one has died, it takes over."""
    process = holder(tmp_path / "run.pt")
    try:
        with (
            pytest.raises(BusyError, match=f"run.pt: process {process.pid} on machine .* since 2"),
            held(tmp_path / "run.pt"),
        ):
            pass
    finally:
        process.kill()
        process.wait(30)
    with held(tmp_path / "run.pt", patience=30), pytest.raises(BusyError, match=f"{os.getpid()}"):
        held(tmp_path / "run.pt").__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_patient_process_gets_its_turn(tmp_path: Path) -> None:
    process = holder(tmp_path / "run.pt")
    assert process.stdin is not None
    process.stdin.close()
    with held(tmp_path / "run.pt", patience=30):
        assert process.wait(30) == 0


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from pathlib import Path
import numpy as np, torch
from toy import toy_table
from prvr_lite.data.stream import stream_features, unread
from prvr_lite.data.table import write_features
from prvr_lite.files import DiskError, save_record
out, table = Path(sys.argv[1]), toy_table()
frames = np.random.rand(len(table.frame), 300).astype("f4")
wide = table.__class__(**{**vars(table), "frame": frames})
def streamed():
    values = wide.frame, wide.word
    of = lambda rows, offset: lambda i: rows[offset[i] : offset[i + 1]].astype("<f4")
    empty = [unread(*rows.shape, "float32") for rows in values]
    stream_features(out, table.__class__(**{**vars(table), "frame": empty[0], "word": empty[1]}),
                    of(wide.frame, wide.frame_offset), of(wide.word, wide.word_offset))
ways = {
    "record": lambda: save_record(out, "kind", {"a": torch.randn(60_000)}),
    "features": lambda: write_features(out, wide),
    "stream": streamed,
}
try:
    ways[sys.argv[3]]()
except DiskError as error:
    print(error)
else:
    print("written")
"""


@pytest.mark.skipif(os.name != "posix", reason="a limit of the size of files stands for the disk")
@pytest.mark.parametrize("way", ["record", "features", "stream"])
@pytest.mark.parametrize("size", [2_000, 100_000])
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, size: int, way: str) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(target), str(size), way],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent)))},
    )
    assert ended.returncode == 0, ended.stderr
    assert "the disk is full: free some space" in ended.stdout
    assert ended.stdout.count("\n") == 1
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match=r"a.pt: can't be written, this user may not write there"):
        save_record(tmp_path / "a.pt", "kind", {})
    with pytest.raises(DiskError, match="may not write there"), held(tmp_path / "a.pt"):
        pass
