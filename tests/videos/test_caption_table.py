"""Tables of captions as people write them, and the line of what can't be understood."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from prvr_lite.videos.caption_table import match_videos, query_ids, read_caption_table


def read(tmp_path: Path, text: str) -> list[tuple[str, str, float, float]]:
    path = tmp_path / "captions"
    path.write_text(text, encoding="utf-8")
    return [(c.video, c.text, c.start, c.end) for c in read_caption_table(path)]


@pytest.mark.parametrize(
    "text",
    [
        'video,text,start,end\na,"x, ""y""",1.5,62\n\nb,Bär,,\n',
        '\ufeffvideo,end,Text,start\r\na,1:02,"x, ""y""",1.5\r\nb,,Bär,\r\n',
        'a\tx, "y"\t0:01.5\t0:01:02\nb\tBär\n',
        'video\ttext\tstart\tend\na\tx, "y"\t1.5\t62\nb\tBär\t\t\n',
        '{"video": "a", "text": "x, \\"y\\"", "start": 1.5, "end": 62}\n\n'
        '{"video": "b", "text": "Bär", "start": null}\n',
    ],
    ids=["csv", "csv of a spreadsheet", "tabs", "tabs under a header", "json lines"],
)
def test_all_forms_say_the_same(tmp_path: Path, text: str) -> None:
    first, second = read(tmp_path, text)
    assert first == ("a", 'x, "y"', 1.5, 62)
    assert second[:2] == ("b", "Bär")
    assert math.isnan(second[2])
    assert math.isnan(second[3])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("video,text\na,x\nb,y, and z\n", 3, "put a text with commas in quotes"),
        ("a,x\n", 1, "has no header"),
        ("video,text\na,\n", 2, "has no text"),
        ("a\tx\n\ty\n", 2, "has no video"),
        ("a\tx\t1\t2\nb\ty\t3\n", 2, "only one time"),
        ("a\tx\t3\t2\n", 1, "lasts from 3 to 2 s"),
        ("a\tx\t-3\t2\n", 1, "lasts from -3"),
        ("a\tx\tsoon\t2\n", 1, "'soon' is not a time"),
        ("a\tx\tinf\tinf\n", 1, "'inf' is not a time"),
        ('{"video": "a", "text": "x"}\n{"video": \n', 2, "not a JSON object"),
        ('{"video": "a", "text": "x"}\n[1]\n', 2, "not a JSON object"),
    ],
)
def test_faults_name_their_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(ValueError, match=f"captions, line {line}: ") as error:
        read(tmp_path, text)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_no_captions_and_no_text(tmp_path: Path) -> None:
    for text in ("", "\n\n", "video,text\n"):
        with pytest.raises(ValueError, match="holds no captions"):
            read(tmp_path, text)
    (tmp_path / "latin").write_bytes("a\tBär\n".encode("latin-1"))
    with pytest.raises(ValueError, match="save it as UTF-8"):
        read_caption_table(tmp_path / "latin")
    with pytest.raises(FileNotFoundError):
        read_caption_table(tmp_path / "nowhere")


FILES = {"alps/beach": "alps/beach.mp4", "beach": "beach.mp4", "alps/snow": "alps/snow.webm"}


def match(tmp_path: Path, names: list[str]) -> dict[str, list[str]]:
    path = tmp_path / "captions"
    path.write_text("".join(f"{name}\tx{i}\n" for i, name in enumerate(names)), encoding="utf-8")
    found = match_videos(path, read_caption_table(path), FILES)
    return {video: [c.text for c in own] for video, own in found.items()}


def test_videos_go_by_id_path_or_the_name_of_one_file(tmp_path: Path) -> None:
    names = ["alps/beach", "beach", "alps\\beach.mp4", "snow", "./alps/snow.webm", "snow.webm"]
    assert match(tmp_path, names) == {
        "alps/beach": ["x0", "x2"],
        "beach": ["x1"],
        "alps/snow": ["x3", "x4", "x5"],
    }


def test_a_video_that_is_none_or_several_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2: video 'lake': no video .*'alps/beach'"):
        match(tmp_path, ["snow", "lake"])
    files = {"a/x": "a/x.mp4", "b/x": "b/x.mp4"}
    path = tmp_path / "captions"
    path.write_text("x\twho?\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 1: video 'x': several .*a/x, b/x"):
        match_videos(path, read_caption_table(path), files)


def test_ids_count_the_captions_of_each_video() -> None:
    assert query_ids(["a", "b", "a"]) == ["a#0", "b#0", "a#1"]
