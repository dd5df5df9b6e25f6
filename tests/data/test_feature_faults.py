"""The feature file: every fault is one error that names the file, the column and the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from feature_tables import full_table, ragged_table

from prvr_lite.data.columns import FeatureFileError
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features

pytestmark = [
    pytest.mark.usefixtures("examined_here"),
    pytest.mark.filterwarnings("error"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.h5"
    write_features(file, full_table())
    return file


Edit = Callable[[h5py.File], None]


def put(column: str, row: int, value: Any) -> Edit:
    """Overwrites one entry."""

    def edit(file: h5py.File) -> None:
        rows = file[column][()]
        rows[row] = value
        file[column][...] = rows

    return edit


def store(column: str, values: Any) -> Edit:
    """Replaces or adds a whole column."""

    def edit(file: h5py.File) -> None:
        if column in file:
            del file[column]
        file[column] = values

    return edit


def delete(name: str) -> Edit:
    return lambda file: file.__delitem__(name)


def as_type(column: str) -> Edit:
    """Stores a column as floats of a form that NumPy lacks."""

    def edit(file: h5py.File) -> None:
        rows, kind = file[column][()], h5py.h5t.IEEE_F32LE.copy()
        kind.set_ebias(2**30)
        space, (group, name) = h5py.h5s.create_simple(rows.shape), column.split("/")
        del file[column]
        made = h5py.h5d.create(file[group].id, name.encode(), kind, space)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, rows.astype("f4"))

    return edit


def label(name: str, value: Any) -> Edit:
    return lambda file: file.attrs.__setitem__(name, value)


WRAPPING = [2**62, -(2**63), -(2**62)]  # in 64 bits, every difference is above 0
FAULTS: list[tuple[Edit, str, int | None, str]] = [
    (delete("videos/duration"), "videos/duration", None, "missing"),
    (delete("words/feature"), "words/feature", None, "missing"),
    (delete("relevant/video"), "relevant/video", None, "missing"),
    (delete("projection/text_mean"), "projection/text_mean", None, "missing"),
    (delete("splits"), "splits/train", None, "missing"),
    (store("splits/dev", [0]), "splits/dev", None, "train, val, test"),
    (store("videos/duration", np.ones((4, 1))), "videos/duration", None, "[V]"),
    (store("videos/duration", np.ones(3)), "videos/duration", 3, "4 long"),
    (store("queries/moment", np.ones((5, 3))), "queries/moment", None, "2 long"),
    (store("frames/feature", np.ones((10, 3))), "frames/feature", None, "float64"),
    (store("videos/frame_offset", np.arange(5.0)), "videos/frame_offset", None, "integers"),
    (store("queries/text", np.arange(5)), "queries/text", None, "store text"),
    (store("projection/visual_basis", np.ones((7, 4))), "projection/visual_basis", None, "3 long"),
    (store("videos/id", np.array([], "S3")), "videos/id", None, "empty"),
    (put("videos/id", 3, b"video1"), "videos/id", 3, "row 1"),
    (put("queries/id", 2, b""), "queries/id", 2, "empty"),
    (put("queries/text", 3, b"\xff"), "queries/text", 3, "UTF-8"),
    (put("videos/duration", 2, -1), "videos/duration", 2, "-1.0"),
    (put("videos/duration", 0, np.inf), "videos/duration", 0, "inf"),
    (put("videos/frame_offset", 0, 1), "videos/frame_offset", 0, "starts at 1"),
    (put("videos/frame_offset", 2, 1), "videos/frame_offset", 2, "goes back from 2 to 1"),
    (put("videos/frame_offset", 3, 5), "videos/frame_offset", 3, "video 2 has no frame"),
    (put("queries/word_offset", 1, 0), "queries/word_offset", 1, "query 0 has no word"),
    (put("queries/word_offset", 5, 12), "queries/word_offset", 5, "11 rows"),
    (put("queries/video", 4, 4), "queries/video", 4, "4 videos"),
    (put("queries/moment", 0, [5, 1]), "queries/moment", 0, "after it ends"),
    (put("queries/moment", 3, [0, 31]), "queries/moment", 3, "30 s"),
    (put("queries/moment", 1, [-1, 2]), "queries/moment", 1, "not inside its video"),
    (put("queries/moment", 4, [np.nan, 2]), "queries/moment", 4, "NaN for both"),
    (put("splits/test", 0, 1), "splits/test", 0, "split 'val'"),
    (put("splits/train", 1, 2), "splits/train", 1, "twice"),
    (put("splits/val", 0, -1), "splits/val", 0, "-1"),
    (put("relevant/query", 2, 0), "queries/video", 1, "'relevant'"),
    (put("relevant/video", 2, 0), "queries/video", 1, "'relevant'"),
    (put("relevant/video", 1, 9), "relevant/video", 1, "4 videos"),
    (put("steps/query", 0, 5), "steps/query", 0, "5 queries"),
    (put("steps/query", 0, 3), "steps/query", 1, "sort by query"),
    (put("steps/span", 1, [1, 9]), "steps/span", 1, "sort by time"),
    (put("steps/span", 2, [np.nan, np.nan]), "steps/span", 2, "finite"),
    (put("projection/text_basis", 4, np.nan), "projection/text_basis", 4, "NaN"),
    (label("format", "other"), "attribute format", None, "write_features"),
    (label("format", ["prvr-lite features", "b"]), "attribute format", None, "write_features"),
    (label("version", 2), "attribute version", None, "newer prvr_lite"),
    (label("version", "one"), "attribute version", None, "'one'"),
    (label("license", 3), "attribute license", None, "3"),
    (label("license", h5py.Empty("S5")), "attribute license", None, "not text"),
    (store("queries/moment", np.full((5, 2), 1e300)), "queries/moment", 0, "not finite"),
    (label("license", np.eye(9)), "attribute license", None, "[1., 0., 0."),
    (
        put("videos/frame_offset", slice(1, 4), [2**62, -(2**63), -(2**62)]),
        "videos/frame_offset",
        2,
        "goes back",
    ),
    (as_type("frames/feature"), "frames/feature", None, "NumPy can't read"),
]


@pytest.mark.parametrize(
    ("edit", "column", "row", "hint"), FAULTS, ids=[f"{i}-{f[1]}" for i, f in enumerate(FAULTS)]
)
def test_a_fault_is_named(path: Path, edit: Edit, column: str, row: int | None, hint: str) -> None:
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(FeatureFileError) as caught:
        open_features(path)
    message = str(caught.value)
    place = column if column.startswith("attribute") else f"column '{column}'"
    place += ":" if row is None else f", row {row}:"
    for part in (str(path), place, hint, "To fix it:"):
        assert part in message
    h5py.File(path, "r+").close()  # not left open: that would raise while `caught` holds the frames


@pytest.mark.parametrize(("column", "row"), [("frames/feature", 4), ("words/feature", 6)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_feature_that_is_not_finite_is_named(
    path: Path, column: str, row: int, value: float
) -> None:
    with h5py.File(path, "r+") as file:
        put(column, row, value)(file)
    with open_features(path) as data:
        read = data.frames_of if column == "frames/feature" else data.words_of
        assert len(read([0])) == 1  # other rows can still be read
        owner = "video 'video1'" if column == "frames/feature" else "query 'query2'"
        with pytest.raises(FeatureFileError, match=f"tiny.h5.*'{column}', row {row}.*{owner}"):
            read([0, 1, 2])
        with pytest.raises(FeatureFileError, match=f"tiny.h5.*'{column}', row {row}"):
            data.check()


def test_damaged_bytes_are_named(tmp_path: Path) -> None:
    table = ragged_table([200] * 4, [1])
    table.frame = np.random.default_rng(0).standard_normal((800, 400)).astype("f4")
    path = tmp_path / "damaged.h5"
    write_features(path, table)
    with h5py.File(path) as file:
        start = file["frames/feature"].id.get_chunk_info(3).byte_offset
        chunk = file["frames/feature"].chunks[0]
    with path.open("r+b") as raw:
        raw.seek(start)
        raw.write(b"\0" * 64)
    with open_features(path) as data:
        data.frames(0)
        with pytest.raises(FeatureFileError, match=r"damaged.h5.*'frames/feature', row 600"):
            data.frames(3)
        with pytest.raises(FeatureFileError, match=r"damaged.h5.*'frames/feature'"):
            data.check()
    assert 3 * chunk < 800


@pytest.mark.parametrize("keep", [0, 100, 3000, -1])
def test_a_truncated_or_foreign_file_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FeatureFileError, match=r"tiny.h5.*truncated or of another kind"):
        open_features(path)
    path.write_text("video,caption\n" * 400)
    with pytest.raises(FeatureFileError, match=r"tiny.h5.*truncated or of another kind"):
        open_features(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no.h5: there is no such feature file"):
        open_features(tmp_path / "no.h5")


BAD_TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "text with NUL": ({"query_text": ["a\0", "b", "c", "d", "e"]}, "'queries/text', row 0"),
    "lone surrogate": ({"query_text": ["a", "\ud800", "c", "d", "e"]}, "'queries/text', row 1"),
    "id that is no text": ({"video_id": ["a", 1, "c", "d"]}, "'videos/id', row 1"),
    "name that is no text": ({"name": None}, "attribute name"),
    "thumbnail that is no bytes": ({"thumbnail": [b""] * 9 + [None]}, "thumbnail', row 9"),
    "too few thumbnails": ({"thumbnail": [b""] * 9}, "thumbnail', row 9"),
    "relevant as one column": ({"relevant": np.zeros(5, int)}, "'relevant/query'"),
    "NaN frame": ({"frame": np.full((10, 3), np.nan, "f4")}, "'frames/feature', row 0"),
    "infinite word": ({"word": np.full((11, 2), np.inf, "f2")}, "'words/feature', row 0"),
    "two splits share a video": ({"splits": {"train": [0], "val": [0]}}, "'splits/val', row 0"),
    "unknown split": ({"splits": {"training": [0]}}, "'splits/training'"),
    "float rows": ({"query_video": np.zeros(5)}, "'queries/video'"),
}


@pytest.mark.parametrize(("change", "place"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_bad_table_leaves_the_old_file(path: Path, change: dict[str, Any], place: str) -> None:
    before = path.read_bytes()
    with pytest.raises(FeatureFileError, match=f"tiny.h5.*{place}.*To fix it"):
        write_features(path, replace(full_table(), **change))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full_disk(*args: Any, **options: Any) -> Any:
        raise OSError("No space left on device")

    changed = replace(full_table(), name="another")
    for target in ("os.replace", "h5py.Group.create_dataset"):
        with monkeypatch.context() as patch:
            patch.setattr(target, full_disk)
            with pytest.raises(OSError, match="No space left"):
                write_features(path, changed)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]
    write_features(path, changed)
    assert path.read_bytes() != before
