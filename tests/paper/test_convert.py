"""Releases become feature files that hold what the release held, or one clear error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import h5py
import numpy as np
import pytest
from paper_releases import release_table, small_release

from prvr_lite.course.lesson12.toy_release import write_release
from prvr_lite.data import stream
from prvr_lite.data.columns import FeatureTable
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.files import FileFormatError
from prvr_lite.paper.bigfile import VALUES, BigFile, write_bigfile
from prvr_lite.paper.captions import WordFeatures
from prvr_lite.paper.convert import convert_release
from prvr_lite.paper.frame_sources import BigFileFrames

pytestmark = pytest.mark.usefixtures("examined_here")

COLLECTIONS = ("tvr", "activitynet", "charades")


def same_as_table(dataset: Dataset, table: FeatureTable, collection: str) -> None:
    """Every video, frame, query, word and moment of the table is in the data set, exactly."""
    assert sorted(dataset.video_id) == sorted(table.video_id)
    for row, video in enumerate(table.video_id):
        found = dataset.video_id.index(video)
        start, stop = table.frame_offset[row : row + 2]
        assert np.array_equal(dataset.frames(found), table.frame[start:stop])
        if collection != "charades":  # its files know no durations
            assert dataset.duration[found] == table.duration[row]
        own = np.flatnonzero(table.query_video == row)
        there = [dataset.query_id.index(f"{video}#enc#{n}") for n in range(len(own))]
        for query, twin in zip(own, there, strict=True):
            start, stop = table.word_offset[query : query + 2]
            assert np.array_equal(dataset.words(twin), table.word[start:stop])
            assert dataset.query_text[twin] == table.query_text[query]
            assert dataset.query_video[twin] == found
            np.testing.assert_array_equal(dataset.moment[twin], table.moment[query])


@pytest.mark.parametrize("per_video", [False, True], ids=["BigFile", "HDF5 of videos"])
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_round_trip(tmp_path: Path, collection: str, per_video: bool) -> None:
    table = small_release(tmp_path, collection, per_video)
    out = tmp_path / "new" / f"{collection}.h5"
    report = convert_release(tmp_path, collection, out, validation_part=0)
    with open_features(out) as dataset:
        dataset.check()
        assert dataset.name == collection
        same_as_table(dataset, table, collection)
        for split, rows in table.splits.items():
            found = {dataset.video_id[row] for row in dataset.videos_in(split)}
            assert found == {table.video_id[row] for row in rows}
            assert report.videos[split] == len(rows)
            assert report.joins[split].share == 1
    assert list(dataset.splits) == ["train", "test"]
    assert "no val split" in str(report)
    assert sorted(path.name for path in out.parent.iterdir()) == [out.name]


def test_part_of_train_validates(tmp_path: Path) -> None:
    """The same part every time, whatever else is there; nothing of test."""
    table = release_table(60)
    write_release(table, tmp_path, "tvr")
    report = convert_release(tmp_path, "tvr", tmp_path / "a.h5", validation_part=0.25)
    convert_release(tmp_path, "tvr", tmp_path / "b.h5", validation_part=0.5)
    convert_release(tmp_path, "tvr", tmp_path / "c.h5", validation_part=0)
    a, b, c = (open_features(tmp_path / f"{name}.h5") for name in "abc")
    ids = [{data.video_id[v] for v in data.splits.get("val", [])} for data in (a, b, c)]
    assert 4 <= len(ids[0]) <= 16
    assert ids[0] < ids[1]
    assert not ids[2]
    for data in (a, b, c):
        assert len(data.videos_in("test")) == 20
        assert sum(map(len, data.splits.values())) == 60
    assert f"{len(ids[0])} of the 40 train videos" in str(report)


def test_own_val_captions_are_used(tmp_path: Path) -> None:
    table = release_table()
    table.splits = {"train": np.arange(5), "val": np.arange(5, 8), "test": np.arange(8, 12)}
    write_release(table, tmp_path, "activitynet")
    report = convert_release(tmp_path, "activitynet", tmp_path / "a.h5")
    assert report.videos == {"train": 5, "val": 3, "test": 4}
    assert report.notes == []


def test_val_that_repeats_test_is_left_out(tmp_path: Path) -> None:
    """As in one of the later releases: stopping on it would be stopping on test."""
    small_release(tmp_path, "charades")
    text = tmp_path / "charades" / "TextData"
    (text / "charadesval.caption.txt").write_bytes((text / "charadestest.caption.txt").read_bytes())
    report = convert_release(tmp_path, "charades", tmp_path / "a.h5", validation_part=0.3)
    assert report.videos["test"] == 4
    assert any("those of test" in note for note in report.notes)
    assert any("train videos" in note for note in report.notes)


def test_val_without_test_is_what_papers_call_test(tmp_path: Path) -> None:
    small_release(tmp_path, "tvr")
    text = tmp_path / "tvr" / "TextData"
    (text / "tvrtest.caption.txt").rename(text / "tvrval.caption.txt")
    report = convert_release(tmp_path, "tvr", tmp_path / "a.h5", validation_part=0.3)
    assert report.videos["test"] == 4
    assert any("val captions" in note for note in report.notes)


def test_half_precision(tmp_path: Path) -> None:
    table = small_release(tmp_path)
    convert_release(tmp_path, "tvr", tmp_path / "a.h5", dtype="float16", validation_part=0)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["frames/feature"].dtype == file["words/feature"].dtype == np.float16
    with open_features(tmp_path / "a.h5") as dataset:
        found = dataset.frames(dataset.video_id.index(table.video_id[0]))
        first = table.frame[: table.frame_offset[1]]
        assert np.array_equal(found, first.astype(np.float16).astype(np.float32))


def test_too_large_for_half_precision(tmp_path: Path) -> None:
    table = release_table()
    table.frame[3, 2] = 70_000
    write_release(table, tmp_path, "tvr")
    with pytest.raises(ValueError, match=r"frames/feature'.*holds NaN or infinity"):
        convert_release(tmp_path, "tvr", tmp_path / "a.h5", dtype="float16")
    assert not (tmp_path / "a.h5").exists()


class Stop(BaseException):
    """The machine's owner."""


@pytest.mark.parametrize("changed", [False, True], ids=["same release", "new features"])
def test_an_interrupted_conversion_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    """Where it was; but from the start if the features are others by now."""
    table, out = small_release(tmp_path), tmp_path / "a.h5"
    monkeypatch.setattr(stream, "BLOCK_BYTES", 1)
    read: list[str] = []
    frames = BigFileFrames.frames

    def spy(source: BigFileFrames, video: str) -> np.ndarray:
        if len(read) == 7:
            raise Stop
        read.append(video)
        return frames(source, video)

    monkeypatch.setattr(BigFileFrames, "frames", spy)
    with pytest.raises(Stop):
        convert_release(tmp_path, "tvr", out, validation_part=0)
    assert not out.exists()
    if changed:
        table.frame += 1
        write_release(table, tmp_path, "tvr")
    first, read[:] = list(read), []
    monkeypatch.setattr(
        BigFileFrames,
        "frames",
        lambda source, video: (read.append(video), frames(source, video))[1],
    )
    convert_release(tmp_path, "tvr", out, validation_part=0)
    assert len(read) == (12 if changed else 5)
    assert changed or not set(read) & set(first)
    with open_features(out) as dataset:
        same_as_table(dataset, table, "tvr")


Damage = Callable[[Path], None]


def rewrite(name: str, change: Callable[[str], str]) -> Damage:
    def damage(base: Path) -> None:
        path = base / name
        path.write_bytes(change(path.read_bytes().decode("latin-1")).encode("latin-1"))

    return damage


def delete(name: str) -> Damage:
    return lambda base: (base / name).unlink()


def words(change: Callable[[h5py.File, str], None]) -> Damage:
    """Changes the word features of the first test caption."""

    def damage(base: Path) -> None:
        with h5py.File(base / "TextData/roberta_tvr_query_feat.hdf5", "r+") as file:
            change(file, "show_s01e02_clip_2#enc#0")

    return damage


def put(file: h5py.File, name: str, values: object) -> None:
    del file[name]
    file[name] = values


def nan_frame(base: Path) -> None:
    values = np.memmap(base / BIG / "feature.bin", "<f4", "r+")
    values[6 * 7 + 1] = np.nan
    values.flush()


BIG = "FeatureData/i3d_resnet"
LISTS = f"{BIG}/video2frames.txt"
TEST = "TextData/tvrtest.caption.txt"
TIMES = "TextData/tvr_test_release.jsonl"
QUERY = "TextData/roberta_tvr_query_feat.hdf5"
FAULTS: dict[str, tuple[Damage, str]] = {
    "no root": (lambda base: base.rename(base.with_name("other")), r"looked for .*Check root"),
    "no feature.bin": (delete(f"{BIG}/feature.bin"), r"feature\.bin: is missing"),
    "no id.txt": (delete(f"{BIG}/id.txt"), r"id\.txt: is missing"),
    "no shape.txt": (delete(f"{BIG}/shape.txt"), r"shape\.txt: is missing"),
    "no video2frames.txt": (delete(LISTS), r"video2frames\.txt: is missing"),
    "no word features": (delete(QUERY), r"word features are missing.*roberta_tvr"),
    "shape of one number": (
        rewrite(f"{BIG}/shape.txt", lambda s: s.split()[0]),
        r"shape\.txt: line 1 is .*not two integers",
    ),
    "shape of words": (rewrite(f"{BIG}/shape.txt", lambda s: "ten six"), r"not two integers"),
    "empty shape": (rewrite(f"{BIG}/shape.txt", lambda s: ""), r"is nothing, not two"),
    "no rows": (rewrite(f"{BIG}/shape.txt", lambda s: "0 6"), r"0 rows of 6"),
    "an id too few": (
        rewrite(f"{BIG}/id.txt", lambda s: s.split("\n", 1)[1]),
        r"id\.txt: has \d+ ids, but shape\.txt says \d+ rows",
    ),
    "an id twice": (
        rewrite(f"{BIG}/id.txt", lambda s: s.replace("clip_0_1", "clip_0_0", 1)),
        r"id\.txt: row \d+: id '.*clip_0_0' is also the id of row 0",
    ),
    "feature.bin cut": (
        rewrite(f"{BIG}/feature.bin", lambda s: s[:-4]),
        r"feature\.bin: has \d+ bytes, but \d+ rows of 6 float32 are \d+",
    ),
    "NaN in a frame": (nan_frame, r"feature\.bin: row 7 \('show_.*'\) holds NaN or infinity"),
    "unknown frame": (
        rewrite(LISTS, lambda s: s.replace("clip_2_0", "clip_2_x")),
        r"video2frames\.txt: video 'show_s01e02_clip_2' has frame '.*clip_2_x'",
    ),
    "video without frames": (
        rewrite(LISTS, lambda s: s.replace("{", "{'empty': [], ")),
        r"video 'empty' has no frames",
    ),
    "video twice": (
        rewrite(LISTS, lambda s: s.replace("'show_s01e02_clip_2':", "'show_s01e01_clip_1':")),
        r"video 'show_s01e01_clip_1' is duplicated",
    ),
    "lists that compute": (
        rewrite(LISTS, lambda s: s.replace("{", "{'a': print('b'), ")),
        r"video2frames\.txt: at the start comes .*print",
    ),
    "a list cut": (rewrite(LISTS, lambda s: s[: len(s) // 2]), r"after video '.*' comes"),
    "a frame without quotes": (
        rewrite(LISTS, lambda s: s.replace("['", "[b, '", 1)),
        r"the list of video 'show_s01e00_clip_0' is",
    ),
    "no dictionary": (rewrite(LISTS, lambda s: "import os"), r"starts with 'import os'"),
    "video not listed": (
        rewrite(LISTS, lambda s: s.replace("'show_s01e02_clip_2'", "'else'")),
        r"has no frames of video 'show_s01e02_clip_2', of which test has",
    ),
    "caption without text": (
        rewrite(TEST, lambda s: s.replace(" Ross opens the door.", "", 1)),
        r"tvrtest\.caption\.txt: line 1 is .*without text",
    ),
    "caption twice": (rewrite(TEST, lambda s: s + s.split("\n")[0]), r"line \d+: caption '.*'"),
    "no captions at all": (rewrite(TEST, lambda s: "\n"), r"tvrtest.*has no captions"),
    "captions not UTF-8": (rewrite(TEST, lambda s: s + "v#enc#0 \xff\n"), r"is not UTF-8"),
    "caption of an unknown video": (
        rewrite(TEST, lambda s: s + "nobody#enc#0 hello\n"),
        r"has no frames of video 'nobody', of which test has",
    ),
    "a video in two splits": (
        rewrite(TEST, lambda s: s + "show_s01e00_clip_0#enc#9 a\n"),
        r"video 'show_s01e00_clip_0' is also in",
    ),
    "caption without word features": (
        words(lambda f, n: f.__delitem__(n)),
        r"caption 'show_s01e02_clip_2#enc#0' has no features",
    ),
    "words of another length": (
        words(lambda f, n: put(f, n, np.ones((3, 4), "f4"))),
        r"_clip_2#enc#0' has words of length 4, the others of length 5",
    ),
    "words that are a vector": (
        words(lambda f, n: put(f, n, np.ones(5, "f4"))),
        r"clip_2#enc#0' has float32 features of shape \[5\], not",
    ),
    "words that are integers": (
        words(lambda f, n: put(f, n, np.ones((3, 5), "i4"))),
        r"clip_2#enc#0' has int32 features",
    ),
    "no words": (words(lambda f, n: put(f, n, np.ones((0, 5), "f4"))), r"shape \[0, 5\]"),
    "NaN in a word": (
        words(lambda f, n: put(f, n, np.full((3, 5), np.nan, "f4"))),
        r"caption 'show_s01e02_clip_2#enc#0', word 0 holds NaN",
    ),
    "words not HDF5": (rewrite(QUERY, lambda s: "hello"), r"is not an HDF5 file"),
    "timestamps of no form": (
        rewrite(TIMES, lambda s: "hello\n" + s),
        r"line 1 is 'hello', which is not",
    ),
    "timestamps without times": (
        rewrite(TIMES, lambda s: s.replace('"ts"', '"t"', 1)),
        r"tvr_test_release\.jsonl: line 1 is",
    ),
    "timestamps empty": (rewrite(TIMES, lambda s: ""), r"has no annotations"),
    "timestamps not UTF-8": (rewrite(TIMES, lambda s: s + "\xff"), r"is not UTF-8"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_named(tmp_path: Path, fault: str) -> None:
    """And nothing is lost: the feature file of an earlier conversion stays as it was."""
    small_release(tmp_path)
    out = tmp_path / "tvr.h5"
    convert_release(tmp_path, "tvr", out)
    before = out.read_bytes()
    damage, message = FAULTS[fault]
    damage(tmp_path / "tvr")
    with pytest.raises((FileFormatError, FileNotFoundError), match=message) as caught:
        convert_release(tmp_path, "tvr", out)
    assert "\n" not in str(caught.value)
    assert out.read_bytes() == before


def test_hdf5_of_videos_damaged(tmp_path: Path) -> None:
    small_release(tmp_path, "charades", per_video=True)
    path = tmp_path / "charades/FeatureData/i3d_rgb_lgi.hdf5"
    for values, message in (
        (
            np.ones((3, 4), "f4"),
            r"'show_s01e05_clip_5' has frames of length 4, the others of length 6",
        ),
        (np.ones(3, "f4"), r"'show_s01e05_clip_5' has float32 features of shape \[3\]"),
        (np.full((2, 6), np.inf, "f4"), r"'show_s01e05_clip_5', frame 0 holds NaN"),
    ):
        with h5py.File(path, "r+") as file:
            put(file, "show_s01e05_clip_5", values)
        with pytest.raises(FileFormatError, match=message):
            convert_release(tmp_path, "charades", tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation_part": 1.0}, "below 1"),
        ({"validation_part": -0.1}, "at least 0"),
        ({"dtype": "float64"}, "float32, float16"),
        ({"collection": "msrvtt"}, "one of tvr, activitynet, charades"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    small_release(tmp_path)
    with pytest.raises(ValueError, match=message):
        convert_release(**{"root": tmp_path, "collection": "tvr", "out": "a.h5"} | arguments)


@pytest.mark.parametrize(
    ("path", "message"), [("nowhere.jsonl", "no such file"), (".", "no file of timestamps")]
)
def test_annotations_that_are_not_there(tmp_path: Path, path: str, message: str) -> None:
    small_release(tmp_path)
    with pytest.raises(FileNotFoundError, match=message):
        convert_release(tmp_path, "tvr", tmp_path / "a.h5", annotations=[tmp_path / path])


def test_json_dictionary_damaged(tmp_path: Path) -> None:
    small_release(tmp_path, "activitynet")
    path = tmp_path / "activitynet/TextData/val_1.json"
    videos = json.loads(path.read_text(encoding="utf-8"))
    first = next(iter(videos))
    videos[first]["timestamps"].append([0, 1])
    faults = ((json.dumps(videos), f"video '{first}'"), ("[]", r"the file begins with '\[\]'"))
    for text, message in faults:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileFormatError, match=message):
            convert_release(tmp_path, "activitynet", tmp_path / "a.h5")


def test_words_are_the_same_however_they_are_stored(tmp_path: Path) -> None:
    """Plain values are read without HDF5, also behind a user block; all others through it."""
    rng = np.random.default_rng(0)
    values = {f"v#enc#{n}": rng.standard_normal((n + 1, 3), np.float32) for n in range(6)}
    path = tmp_path / "words.hdf5"
    with h5py.File(path, "w", userblock_size=512) as file:
        kinds: list[dict[str, object]] = [
            {},
            {"dtype": "<f8"},
            {"dtype": ">f4"},
            {"chunks": (1, 3)},
            {"chunks": (2, 2), "compression": "gzip", "shuffle": True},
            {},
        ]
        for (name, rows), kind in zip(values.items(), kinds, strict=True):
            file.create_dataset(name, data=rows, **kind)
    with closing(WordFeatures(path, list(values))) as words:
        assert words.counts.tolist() == [1, 2, 3, 4, 5, 6]
        for query, rows in reversed(list(enumerate(values.values()))):
            np.testing.assert_array_equal(words.words(query), rows)
            assert words.words(query).dtype == np.float32


def test_files_that_were_cut_while_they_are_read_are_refused(tmp_path: Path) -> None:
    """HDF5 itself gives zeros for what is beyond the end."""
    path = tmp_path / "words.hdf5"
    with h5py.File(path, "w") as file:
        file["v#enc#0"] = np.ones((400, 3), np.float32)
    with closing(WordFeatures(path, ["v#enc#0"])) as words:
        os.truncate(path, path.stat().st_size - 100)
        with pytest.raises(FileFormatError, match="ends within caption 'v#enc#0'"):
            words.words(0)
    write_bigfile(tmp_path, ["a", "b", "c"], np.ones((3, 4), np.float32))
    frames = BigFile.open(tmp_path)
    os.truncate(tmp_path / VALUES, 2 * 16 + 4)
    np.testing.assert_array_equal(frames.rows(["a", "b"]), np.ones((2, 4)))
    with pytest.raises(FileFormatError, match="ends within 'c'"):
        frames.rows(["b", "c"])
