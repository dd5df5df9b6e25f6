"""The text files of a release: byte order marks, numbers and nesting, names in two spellings."""

from __future__ import annotations

import json
import unicodedata
from codecs import BOM_UTF8
from pathlib import Path

import h5py
import numpy as np
import pytest
from paper_releases import frames_by_video, release_table

from prvr_lite.course.lesson12.toy_release import write_release
from prvr_lite.data.dataset import open_features
from prvr_lite.files import FileFormatError
from prvr_lite.paper.annotations import read_annotations
from prvr_lite.paper.bigfile import BigFile
from prvr_lite.paper.captions import read_captions
from prvr_lite.paper.convert import convert_release
from prvr_lite.paper.frame_lists import read_frame_lists
from prvr_lite.paper.frame_sources import Hdf5Frames

pytestmark = pytest.mark.usefixtures("examined_here")

CASES = Path(__file__).parents[1] / "cases/release"
TVR = {"vid_name": "a", "duration": 9, "ts": [1, 2], "desc": "one"}
DEEP = "[" * 100_000


def line_of(**changes: object) -> str:
    return json.dumps({**TVR, **changes})


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.jsonl", line_of(duration=10**400), "too large"),
        ("a.jsonl", line_of(ts=[1, 10**400]), "too large"),
        ("a.jsonl", '{"ts":' + "9" * 5000, "digits"),
        ("a.jsonl", '{"ts":' + DEEP, "nested too deeply"),
        ("a.jsonl", line_of(desc="a\ud800"), "surrogate"),
        ("a.jsonl", line_of(vid_name="a\0"), "NUL"),
        ("a.json", DEEP, "nested too deeply"),
        ("a.json", "[1,2]", r"the file begins with '\[1,2\]', which .* it is a list; a dictionary"),
        ("a.json", '{"a":' * 50_000, "nested too deeply"),
        ("a.json", '{"v": {"a":' + "[" * 900 + "]" * 900 + "}}", "is not an annotation"),
        ("a.json", '{"v": {"duration": ' + "9" * 400 + ', "timestamps": [[1, 2]], '
         '"sentences": ["x"]}}', "too large"),
        ("a.json", '{"v\\ud800": {"duration": 9, "timestamps": [[1, 2]], "sentences": ["x"]}}',
         "surrogate"),
    ],
)  # fmt: skip
def test_strange_annotations_are_one_line(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=problem) as error:
        read_annotations(path)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700


@pytest.mark.parametrize("path", sorted(CASES.glob("*bigint*")), ids=lambda path: path.name[-24:])
def test_numbers_of_400_digits(path: Path) -> None:
    with pytest.raises(FileFormatError, match="too large to be a time"):
        read_annotations(path)


def test_sentences_keep_their_line_separators(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    texts = ["one\u2028two", "three\u0085four"]
    lines = [json.dumps({**TVR, "desc": text}, ensure_ascii=False) for text in texts]
    path.write_text("\r\n".join(lines), encoding="utf-8", newline="")
    assert [annotation.text for annotation in read_annotations(path)] == texts


def test_byte_order_marks(tmp_path: Path) -> None:
    files = {
        "a.jsonl": json.dumps(TVR),
        "a.json": '{"a": {"duration": 9, "timestamps": [[1, 2]], "sentences": ["x"]}}',
        "a.txt": "a 1 2##one",
        "a.caption.txt": "a#enc#0 one",
        "video2frames.txt": "{'a': ['a_0']}",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.write_bytes(BOM_UTF8 + text.encode())

        def videos(path: Path) -> list[str]:
            if path.name == "a.caption.txt":
                return [caption.video for caption in read_captions(path)]
            if path.name == "video2frames.txt":
                return [video for video, _ in read_frame_lists(path)]
            return [annotation.video for annotation in read_annotations(path)]

        assert videos(path) == ["a"]
        for wide in ("utf-16", "utf-16-le", "utf-16-be"):
            path.write_bytes(text.encode(wide))
            with pytest.raises(FileFormatError, match=r"UTF-16.*save it as UTF-8"):
                videos(path)
    for name, text in (("shape.txt", "1 2"), ("id.txt", "a")):
        (tmp_path / name).write_bytes(BOM_UTF8 + text.encode())
    np.zeros(2, "<f4").tofile(tmp_path / "feature.bin")
    assert BigFile.open(tmp_path).ids == ["a"]


@pytest.mark.parametrize("per_video", [False, True], ids=["BigFile", "HDF5 of videos"])
def test_a_name_in_two_spellings_is_one_name(tmp_path: Path, per_video: bool) -> None:
    """Captions and annotations spell é as one character, the features as e and an accent."""
    table = release_table()
    table.video_id[3] = "cafe_" + "e" * 3
    base = write_release(table, tmp_path, "tvr")
    if per_video:
        frames_by_video(table, tmp_path, "tvr")
    one, two = (f"caf{e}_{e * 3}" for e in ("\u00e9", "e\u0301"))
    for path in [*base.glob("*/*.txt"), *base.glob("*/*.jsonl")]:
        path.write_text(path.read_text("utf-8").replace("cafe_eee", one), encoding="utf-8")
    folder = base / "FeatureData/i3d_resnet"
    for path in base.glob("*/*.hdf5"):
        with h5py.File(path, "r+") as file:
            for name in [name for name in file if "cafe_eee" in name]:
                file.move(name, name.replace("cafe_eee", two))
    if not per_video:
        for name in ("id.txt", "video2frames.txt"):
            text = (folder / name).read_text("utf-8").replace("cafe_eee", two)
            (folder / name).write_text(text.replace(one, two), encoding="utf-8")
    report = convert_release(tmp_path, "tvr", tmp_path / "a.h5", validation_part=0)
    assert all(join.share == 1 for join in report.joins.values())
    with open_features(tmp_path / "a.h5") as dataset:
        row = dataset.video_id.index(one)
        assert dataset.duration[row] == table.duration[3]
        start, stop = table.frame_offset[3:5]
        np.testing.assert_array_equal(dataset.frames(row), table.frame[start:stop])
        assert all(unicodedata.is_normalized("NFC", name) for name in dataset.query_id)


def test_two_spellings_of_one_name_in_a_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.hdf5"
    with h5py.File(path, "w") as file:
        file["caf\u00e9"] = file["cafe\u0301"] = np.ones((2, 3), "f4")
    with pytest.raises(FileFormatError, match="the name 'caf\u00e9' twice"):
        Hdf5Frames(path)
    captions = tmp_path / "a.caption.txt"
    captions.write_text("caf\u00e9#enc#0 one\ncafe\u0301#enc#0 two\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="line 2: caption 'caf\u00e9#enc#0' is duplicated"):
        read_captions(captions)
