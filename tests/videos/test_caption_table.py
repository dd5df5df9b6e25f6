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


FILES = ["alps/beach.mp4", "beach.mp4", "alps/snow.webm"]


def match(tmp_path: Path, names: list[str], files: list[str] = FILES) -> dict[str, list[str]]:
    path = tmp_path / "captions"
    path.write_text("".join(f"{name}\tx{i}\n" for i, name in enumerate(names)), encoding="utf-8")
    found = match_videos(path, read_caption_table(path), {name: name for name in files})
    return {video: [c.text for c in own] for video, own in found.items()}


def test_videos_go_by_path_or_the_name_of_one_file(tmp_path: Path) -> None:
    names = ["alps/beach", "beach.mp4", "alps\\beach.mp4", "snow", "./alps/snow.webm", "snow.webm"]
    assert match(tmp_path, names) == {
        "alps/beach.mp4": ["x0", "x2"],
        "beach.mp4": ["x1"],
        "alps/snow.webm": ["x3", "x4", "x5"],
    }


@pytest.mark.parametrize(
    ("name", "files", "video"),
    [
        ("video.mp4", ["video.mp4", "video.mp4.webm", "video.webm"], "video.mp4"),
        ("video.mp4", ["a/video.mp4", "video.mp4"], "video.mp4"),
        ("a\\b.mp4", ["a/b.mp4", "a\\b.mp4"], "a\\b.mp4"),  # Linux allows it in a name
        ("Caf\u00e9", ["Cafe\u0301.mp4"], "Cafe\u0301.mp4"),
        ("Cafe\u0301.mp4", ["Caf\u00e9.mp4"], "Caf\u00e9.mp4"),
    ],
)
def test_a_whole_path_means_that_file(
    tmp_path: Path, name: str, files: list[str], video: str
) -> None:
    assert match(tmp_path, [name], files) == {video: ["x0"]}


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("video.mp4", ["a/video.mp4", "b/video.mp4.webm"]),
        ("film", ["film.mp4", "film.webm"]),
        ("beach", ["alps/beach.mp4", "beach.mp4"]),
        ("x", ["a/x.mp4", "b/x.mp4"]),
    ],
)
def test_a_name_that_fits_two_files_is_refused_with_both(
    tmp_path: Path, name: str, files: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"line 1: video '.*': several videos have") as error:
        match(tmp_path, [name], files)
    assert str(error.value).endswith(": " + ", ".join(files))


def test_a_video_that_is_none_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2: video 'lake': no video .*'alps/beach\.mp4'"):
        match(tmp_path, ["snow", "lake"])


def test_names_that_look_alike_are_escaped(tmp_path: Path) -> None:
    """The ligature fi is one letter, which no keyboard types."""
    with pytest.raises(ValueError, match="no video") as error:
        match(tmp_path, ["\ufb01lm.mp4"], ["film.mp4"])
    assert r"video '\ufb01lm.mp4': no video has this name" in str(error.value)
    with pytest.raises(ValueError, match=r"video 'été': no video .* 'film\.mp4'"):
        match(tmp_path, ["été"], ["film.mp4"])


def test_ids_count_the_captions_of_each_video() -> None:
    assert query_ids(["a", "b", "a"]) == ["a#0", "b#0", "a#1"]
