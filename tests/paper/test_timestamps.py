"""Captions find their times by place, text or order, and a caption that doesn't is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from prvr_lite.paper.annotations import Annotation, read_annotations
from prvr_lite.paper.captions import Caption
from prvr_lite.paper.timestamps import JoinReport, Timestamps, plain

LINES = {
    "tvr.jsonl": [
        {"vid_name": "a", "duration": 20.5, "ts": [1, 5.5], "desc": "One.", "type": "v"},
        {"vid_name": "b", "duration": 9, "ts": [0, 9], "desc": "Two."},
    ],
    "lighthouse.jsonl": [
        {"qid": 1, "vid": "a", "duration": 20.5, "query": "One.", "relevant_windows": [[1, 5.5]]},
        {"qid": 2, "vid": "b", "duration": 9, "query": "Two.", "relevant_windows": [[0, 9]]},
    ],
}


@pytest.mark.parametrize("name", ["tvr.jsonl", "lighthouse.jsonl", "val_1.json", "sta.txt"])
def test_four_forms_of_one_annotation(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    duration = {"a": 20.5, "b": 9.0}
    if name in LINES:
        path.write_text("\n".join(map(json.dumps, LINES[name])) + "\n", encoding="utf-8")
    elif name == "sta.txt":
        path.write_text("a 1 5.5##One.\nb 0.0 9.0##Two.\n", encoding="utf-8")
        duration = {"a": np.nan, "b": np.nan}
    else:
        videos = {
            "a": {"duration": 20.5, "timestamps": [[1, 5.5]], "sentences": ["One."]},
            "b": {"duration": 9, "timestamps": [[0, 9]], "sentences": ["Two."]},
        }
        path.write_text(json.dumps(videos), encoding="utf-8")
    one, two = read_annotations(path)
    assert (one.video, one.text, one.start, one.end) == ("a", "One.", 1, 5.5)
    assert (two.video, two.text, two.start, two.end) == ("b", "Two.", 0, 9)
    np.testing.assert_equal([one.duration, two.duration], [duration["a"], duration["b"]])
    np.testing.assert_equal(Timestamps([path]).duration("b"), duration["b"])
    assert np.isnan(Timestamps([path]).duration("c"))


def join(
    folder: Path, captions: list[tuple[str, str]], *files: list[Annotation]
) -> tuple[list[list[float]], JoinReport]:
    """Captions as (id, text) against files of annotations."""
    paths = []
    for number, lines in enumerate(files):
        paths.append(folder / f"{number}.jsonl")
        keys = ("vid_name", "desc", "ts", "duration")
        rows = [(a.video, a.text, [a.start, a.end], a.duration) for a in lines]
        texts = [json.dumps(dict(zip(keys, row, strict=True))) for row in rows]
        paths[-1].write_text("\n".join(texts), encoding="utf-8")
    asked = [
        Caption(name, name.split("#")[0], int(name.rpartition("#")[2]), text)
        for name, text in captions
    ]
    moments, report = Timestamps(paths).join(asked)
    assert report.captions == len(captions)
    return moments.tolist(), report


def at(video: str, text: str, start: float, end: float | None = None) -> Annotation:
    return Annotation(video, text, start, start + 1 if end is None else end, 100)


@pytest.mark.parametrize("base", [0, 1])
def test_by_place(tmp_path: Path, base: int) -> None:
    """Numbers may start at 0 or 1. A sentence said twice keeps its own times."""
    captions = [(f"v#enc#{n + base}", text) for n, text in ((2, "Again!"), (0, "again"), (1, "x"))]
    lines = [at("v", "Again.", 1), at("v", "X", 2), at("v", "Again.", 3)]
    moments, report = join(tmp_path, captions, lines)
    assert moments == [[3, 4], [1, 2], [2, 3]]
    assert report.joined == {"by place": 3}
    assert (report.share, report.unjoined) == (1, {})


def test_by_text(tmp_path: Path) -> None:
    """Case, punctuation and spaces don't count; of equal sentences the first unused is taken."""
    captions = [
        ("v#enc#0", "it's  the DOG -- again"),
        ("v#enc#5", "Café"),
        ("w#enc#0", "a b"),
        ("w#enc#1", "a b"),
    ]
    lines = [at("v", "Café.", 1), at("v", "Its the dog, again!", 2), at("w", "z", 5)]
    lines += [at("w", "A B", 3), at("w", "a  b.", 4)]
    moments, report = join(tmp_path, captions, lines)
    assert moments[:2] == [[2, 3], [1, 2]]
    assert sorted(moments[2:]) == [[3, 4], [4, 5]]
    assert sum(report.joined.values()) == 4
    assert "by order" not in report.joined


def test_by_order(tmp_path: Path) -> None:
    """What was reworded goes by order, if as many sentences are left as captions."""
    captions = [("v#enc#0", "first, changed"), ("v#enc#1", "kept"), ("v#enc#2", "last changed")]
    lines = [at("v", "first", 1), at("v", "last", 3), at("v", "kept", 2)]
    moments, report = join(tmp_path, captions, lines)
    assert moments == [[1, 2], [2, 3], [3, 4]]
    assert report.joined == {"by text": 1, "by order": 2}
    moments, report = join(tmp_path, captions, [*lines, at("v", "one too many", 4)])
    assert np.isnan(moments).all(1).tolist() == [True, False, True]
    assert report.unjoined == {"no sentence of its video is like it": 2}
    assert report.examples == {"no sentence of its video is like it": ["v#enc#0", "v#enc#2"]}


def test_two_annotators(tmp_path: Path) -> None:
    """ActivityNet's val_1 and val_2 tell of the same videos; sentences are sought in both."""
    captions = [("v#enc#0", "one"), ("v#enc#1", "two"), ("v#enc#2", "TWO b"), ("v#enc#3", "new")]
    first, second = [at("v", "one", 1), at("v", "two", 2)], [at("v", "two b", 3), at("v", "old", 4)]
    moments, report = join(tmp_path, captions, first, second)
    assert moments == [[1, 2], [2, 3], [3, 4], [4, 5]]
    assert report.joined == {"by place": 2, "by text": 1, "by order": 1}


def test_times_are_cut_to_the_video_or_refused(tmp_path: Path) -> None:
    spans = [(90, 130), (-2, 5), (7, 6), (101, 105), (-5, -1), (100.2, 104), (0, 100)]
    captions = [(f"v#enc#{n}", f"text {n}") for n in range(len(spans))]
    lines = [at("v", f"text {n}", *span) for n, span in enumerate(spans)]
    moments, report = join(tmp_path, captions, lines)
    nothing = [np.nan, np.nan]
    expected = [[90, 100], [0, 5], nothing, nothing, nothing, [100, 100], [0, 100]]
    np.testing.assert_array_equal(moments, expected)
    assert report.cut == 3
    assert list(report.unjoined.values()) == [3]
    assert report.joined == {"by place": 4}


def test_no_video_and_no_file(tmp_path: Path) -> None:
    captions = [(f"w#enc#{n}", "one") for n in range(5)]
    moments, report = join(tmp_path, captions, [at("v", "one", 1)])
    assert np.isnan(moments).all()
    assert report.unjoined == {"its video is in none of the files": 5}
    assert [len(names) for names in report.examples.values()] == [3]
    _, report = join(tmp_path, captions)
    assert report.unjoined == {"no file of timestamps was given": 5}
    assert report.share == 0


def test_plain() -> None:
    assert plain("  It's—THE Straße_9! ") == "itsthestrasse9"
    assert plain("…") == ""
