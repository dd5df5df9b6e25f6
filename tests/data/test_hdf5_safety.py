"""HDF5 files of unknown origin: nothing but the file is read, nothing crashes, waits or grows."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from feature_tables import full_table

from prvr_lite import files
from prvr_lite.data import sample
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.files import FileFormatError, hdf5_error, open_hdf5
from prvr_lite.paper.frame_sources import Hdf5Frames

CASES = Path(__file__).parents[1] / "cases/features"
Edit = Callable[[h5py.File], None]


def opened(path: Path) -> str:
    """The line that opening a file as a feature file and as a release gives."""
    lines = []
    for read in (open_features, Hdf5Frames):
        with pytest.raises(FileFormatError, match=f"^{path.name}: ") as error:
            read(path)
        lines.append(str(error.value))
        assert "\n" not in lines[-1]
        assert "To fix it: " in lines[-1]
    assert lines[0] == lines[1]
    return lines[0]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_features("tiny.h5", full_table())
    return Path("tiny.h5")


def external_link(file: h5py.File) -> None:
    del file["videos/id"]
    file["videos/id"] = h5py.ExternalLink("other.h5", "/secret")


def external_storage(file: h5py.File) -> None:
    del file["videos/duration"]
    file.create_dataset("videos/duration", (4,), "f4", external=[("other.txt", 0, 16)])


def virtual(file: h5py.File) -> None:
    del file["videos/duration"]
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (4,))
    file.create_virtual_dataset("videos/duration", layout)


def soft_to_external(file: h5py.File) -> None:
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
    del file["videos/id"]
    file["videos/id"] = h5py.SoftLink("/elsewhere/secret")


def low_level(file: h5py.File, shape: tuple[int, ...], **made: object) -> None:
    del file["videos/duration"]
    file.create_dataset("videos/duration", shape, "f4", **made)


def packed_bomb(file: h5py.File) -> None:
    """A chunk of a hundred bytes that says it holds four million."""
    low_level(file, (2**20,), chunks=(2**20,), compression="gzip")
    file["videos/duration"].id.write_direct_chunk((0,), b"x" * 100)


EDITS: dict[str, tuple[Edit, str]] = {
    "external link": (external_link, "'videos/id' is a link to another file"),
    "external storage": (external_storage, "'videos/duration' is in external storage"),
    "virtual": (virtual, "'videos/duration' is a virtual data set"),
    "soft link to an external one": (soft_to_external, "'elsewhere' is a link to another file"),
    "soft link in a circle": (
        lambda file: file.__setitem__("a", h5py.SoftLink("/a")),
        "'a' is a link that leads nowhere, or in a circle",
    ),
    "soft link to nothing": (
        lambda file: file.__setitem__("videos/a", h5py.SoftLink("b")),
        "'videos/a' is a link that leads nowhere, or in a circle",
    ),
    "a group in itself": (
        lambda file: file.__setitem__("videos/again", file["videos"]),
        "group 'videos/again' lies in itself",
    ),
    "groups in groups": (
        lambda file: file.create_group("/".join("abcdefghijklmnopqrst")).clear(),
        "too deep in other groups",
    ),
    "never written": (lambda file: low_level(file, (4,)), "needs 16 bytes, but the file holds 0"),
    "huge": (lambda file: low_level(file, (2**40,)), "needs 4,398,046,511,104 bytes"),
    "huge in chunks": (
        lambda file: low_level(file, (2**33,), chunks=(2**20,), compression="gzip"),
        "holds 0 of its 8,192 chunks",
    ),
    "huge in one chunk": (
        lambda file: low_level(file, (2**28,), chunks=(2**28,)),
        "holds 0 of its 1 chunks",
    ),
    "packed too well": (packed_bomb, "should have 4,194,304 bytes, but the file holds only 100"),
    "a long fixed text": (
        lambda file: file.create_dataset("extra", (2,), "S2000000000"),
        "'extra' needs 4,000,000,000 bytes",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("examined_here")
@pytest.mark.parametrize("name", EDITS)
def test_what_is_refused_by_name(path: Path, name: str) -> None:
    with h5py.File("other.h5", "w") as file:
        file["secret"] = np.array([b"not", b"for", b"your", b"eyes"])
    Path("other.txt").write_bytes(b"root:x:0:0:secrets")
    edit, message = EDITS[name]
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(FileFormatError, match=message):
        open_features(path)
    opened(path)


@pytest.mark.usefixtures("examined_here")
def test_a_filter_that_h5py_lacks(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((9,))
        made.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(
            file.id, b"extra", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((9,)), made
        )
    assert "'extra' needs filter 32015" in opened(path)


@pytest.mark.usefixtures("examined_here")
def test_a_bomb_of_texts(path: Path) -> None:
    """Many texts of varying length that are the same bytes of the file."""
    with h5py.File(path, "r+") as file:
        file["extra"] = ["x" * 2000] + ["y"] * 400
        start, step = file["extra"].id.get_offset(), file["extra"].id.get_storage_size() // 401
    raw = bytearray(path.read_bytes())
    raw[start : start + 401 * step] = raw[start : start + step] * 401
    path.write_bytes(raw)
    assert "'extra' needs more bytes than the file holds" in opened(path)


@pytest.mark.usefixtures("examined_here")
def test_soft_links_within_the_file_are_read(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.move("videos/id", "names")
        file["videos/id"] = h5py.SoftLink("/names")
        file["twice"] = file["videos/duration"]
    with open_features(path) as dataset:
        assert dataset.video_id == full_table().video_id


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo("pipe")
    with h5py.File(path, "r+") as file:
        del file["videos/duration"]
        file.create_dataset("videos/duration", (4,), "f4", external=[("pipe", 0, 16)])
    assert "'videos/duration' is in external storage" in opened(path)
    assert "is not a file but a folder, a pipe" in opened(Path("pipe"))
    Path("folder").mkdir()
    assert "is not a file but a folder, a pipe" in opened(Path("folder"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hdf5_segv_one_byte_849", "crashes the HDF5 library, it is damaged"),
        ("h5_soft_link_cycle", "'videos/id' is a link that leads nowhere"),
        ("h5_huge_string", "'videos/id' lacks parts"),
        ("features-evaluate_2", "'splits' can't be read, it is damaged"),
    ],
)
def test_damaged_files_are_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(CASES)
    assert message in opened(Path(f"{name}.h5"))


def test_a_busy_library_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    monkeypatch.setattr(files, "PROBE", "while True: pass")
    monkeypatch.setattr(files, "PROBE_SECONDS", 0.1)
    assert "keeps the HDF5 library busy for more than 0.1 s" in opened(Path("toy.h5"))


def test_a_file_is_examined_once_and_again_when_it_has_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined: list[Path] = []
    monkeypatch.setattr(files, "_verdict", lambda path: examined.append(path) or {})
    open_features(path).close()
    assert examined == [], "this process wrote it"
    with h5py.File(path, "r+") as file:
        file.attrs["description"] = "changed by another program"
    for _ in range(2):
        open_features(path).close()
    assert examined == [path]
    copy = Path("copy.h5")
    copy.write_bytes(path.read_bytes())
    open_features(copy).close()
    assert examined == [path, copy]
    sample.load_sample().close()
    assert len(examined) == 2, "the sample is known"


def test_the_digest_is_that_of_the_sample() -> None:
    place = next(place for place in sample._PLACES if place.exists())
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    assert digest == sample.SHA256, "the sample was made again: write its digest into sample.py"


def test_a_file_that_another_program_writes(path: Path) -> None:
    code = "import h5py, sys; file = h5py.File('tiny.h5', 'r+'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        with pytest.raises(OSError, match=r"tiny.h5: is locked, another program writes it"):
            open_features(path)
        writer.communicate("\n", timeout=60)
    open_features(path).close()


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (OSError(errno.EACCES, "no"), PermissionError, "there is no permission"),
        (OSError(errno.EMFILE, "no"), OSError, "too many files are open"),
        (OSError(errno.EIO, "read failed\n, errno = 5"), OSError, os.strerror(errno.EIO)),
        (OSError(errno.EAGAIN, "unable to lock file"), BlockingIOError, "is locked"),
        (OSError(errno.ENOLCK, "unable to lock file"), OSError, "HDF5_USE_FILE_LOCKING"),
        (OSError(errno.EIO, "read of /blocks/lock.h5"), OSError, os.strerror(errno.EIO)),
        (OSError("truncated file: eof = 9"), FileFormatError, "truncated or of another kind"),
        (OSError("file signature not found"), FileFormatError, "is not an HDF5 file"),
    ],
)
def test_errors_of_the_system_say_what_they_are(
    error: OSError, kind: type[Exception], message: str
) -> None:
    clear = hdf5_error(Path("a.h5"), error)
    assert isinstance(clear, kind)
    assert str(clear).startswith("a.h5: ")
    assert message in str(clear)
    assert "To fix it: " in str(clear)
    assert "\n" not in str(clear)


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX's")
def test_too_many_open_files(path: Path) -> None:
    import resource

    held: list[int] = []
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 8, limits[1]))
    try:
        with suppress(OSError):
            held.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(99))
        with pytest.raises(OSError, match=r"tiny.h5: .*too many files are open") as error:
            open_hdf5(path)
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert error.value.errno == errno.EMFILE
