"""Reads captions of one's own videos from a table that a person wrote: CSV, TSV or JSON lines."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from prvr_lite.data.checks import TIME_TOLERANCE
from prvr_lite.files import FileFormatError
from prvr_lite.text import canonical_name, check_unicode, read_json, read_text
from prvr_lite.videos.video_files import distinct_names

HEADER: Final = "video"  # a first line that begins with this word names the columns


@dataclass(frozen=True)
class CaptionRow:
    """What happens in a video, and when; times in seconds, both NaN where unknown.

    ``line`` is where the caption begins in its file, from 1.
    """

    video: str
    text: str
    start: float
    end: float
    line: int


def read_caption_table(path: str | os.PathLike[str]) -> list[CaptionRow]:
    """Reads the captions of a file, in the order of the file.

    The first line shows which of three forms the file has. JSON lines have objects with ``video``,
    ``text`` and, if known, ``start`` and ``end``. CSV has these as columns under a header. Lines
    with tabs are ``video<TAB>text`` or ``video<TAB>text<TAB>start<TAB>end``, with or without a
    header. Times are seconds (12.5) or clock times (1:02:03). Empty lines are skipped. A line break
    inside a text becomes a space.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line can't be understood (the message says which, and why), or there is
            no caption.
    """
    path = Path(path)
    text = read_text(path)
    first = next((line for line in text.split("\n") if line.strip()), "")
    rows = _json_rows(path, text) if first.lstrip().startswith("{") else _rows(path, text, first)
    captions = [_caption(path, line, row) for line, row in rows]
    if not captions:
        raise FileFormatError(
            f"{path}: holds no captions: write lines of video, text, start and end"
        )
    return captions


def match_videos(
    path: Path, captions: Sequence[CaptionRow], files: Mapping[str, str]
) -> dict[str, list[CaptionRow]]:
    """Returns the captions of each video, by video id.

    A caption may name its video by id, which is its path in the folder; or by file name, or by
    either without the ending, if that fits only one file. How letters are coded (é as one letter,
    or as e and an accent) does not matter.

    Args:
        path: the file of the captions, for messages.
        files: video id -> path within the folder, with "/".

    Raises:
        FileFormatError: no video, or more than one, has the name in a caption; the message names
            the line.
    """
    names: dict[str, set[str]] = {}
    for video, file in files.items():
        place = PurePosixPath(file)
        for name in (place.name, place.stem, place.with_suffix("").as_posix()):
            names.setdefault(canonical_name(name), set()).add(video)
    exact = {canonical_name(file): video for video, file in files.items()}
    exact |= {canonical_name(video): video for video in files}
    by_video: dict[str, list[CaptionRow]] = {}
    for caption in captions:
        asked = canonical_name(caption.video)
        if asked not in exact:
            asked = asked.replace("\\", "/").removeprefix("./")
        several = {exact[asked]} if asked in exact else names.get(asked, set())
        if len(several) != 1:
            raise _fault(path, caption.line, _no_video(caption.video, sorted(several), files))
        (video,) = several
        by_video.setdefault(video, []).append(caption)
    return by_video


def _no_video(asked: str, several: Sequence[str], files: Mapping[str, str]) -> str:
    """Returns what is wrong with a name that no video has, or several."""
    if several:
        name, *others = distinct_names([asked, *several[:3]])
        return f"video '{name}': several videos have this name: {', '.join(others)}"
    name, first = distinct_names([asked, next(iter(files))])
    return f"video '{name}': no video has this name; the first video is called '{first}'"


def check_times(
    path: str | os.PathLike[str], captions: Sequence[CaptionRow], duration: float
) -> None:
    """Refuses moments that end after their video; a duration of NaN is unknown and allows all.

    Raises:
        FileFormatError: a moment ends more than half a second after its video; the message
            names the line of the first.
    """
    for caption in captions:
        if caption.end > duration + TIME_TOLERANCE:
            problem = f"ends at {caption.end:g} s, but the video ends at {duration:.1f} s"
            raise _fault(path, caption.line, f"video {caption.video!r}: {problem}")


def query_ids(videos: Sequence[str]) -> list[str]:
    """Returns an id for each caption, made from the id of its video: "video#0", "video#1", …"""
    seen: Counter[str] = Counter()
    ids = []
    for video in videos:
        ids.append(f"{video}#{seen[video]}")
        seen[video] += 1
    return ids


def _fault(path: str | os.PathLike[str], line: int, problem: str) -> FileFormatError:
    return FileFormatError(f"{path}, line {line}: {problem}")


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = read_json(line)
            except ValueError as error:
                raise _fault(path, number, f"is not a JSON object ({error})") from error
            if not isinstance(row, dict):
                raise _fault(path, number, "is not a JSON object: write {'video': …, 'text': …}")
            yield number, row


def _rows(path: Path, text: str, first: str) -> Iterator[tuple[int, dict[str, Any]]]:
    tabs = "\t" in first
    columns = ["video", "text", "start", "end"]
    fresh = True
    for line, cells in _cells(path, text, tabs):
        if not any(cell.strip() for cell in cells):
            continue
        if fresh and cells[0].strip().lower() == HEADER:
            columns = [cell.strip().lower() for cell in cells]
        elif fresh and not tabs:
            names = "video,text or video,text,start,end"
            raise _fault(path, line, f"has no header: begin the file with the line {names}")
        elif len(cells) > len(columns):
            sizes = f"has {len(cells)} cells for {len(columns)} columns ({', '.join(columns)})"
            raise _fault(path, line, f"{sizes}: put a text with commas in quotes")
        else:
            yield line, dict(zip(columns, cells, strict=False))
        fresh = False


def _cells(path: Path, text: str, tabs: bool) -> Iterator[tuple[int, list[str]]]:
    """Yields the cells of each row, with the line on which the row begins."""
    marks: dict[str, Any] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, **marks)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"is not a row of {'TSV' if tabs else 'CSV'} ({error})"
        fix = "shorten the text" if tabs else "end a text in quotes with a quote, and shorten it"
        raise _fault(path, line, f"{problem}: {fix} where it is too long") from error


def _caption(path: Path, line: int, row: Mapping[str, Any]) -> CaptionRow:
    try:
        video, text = (_text(key, row.get(key)) for key in ("video", "text"))
        start, end = (_seconds(row.get(key)) for key in ("start", "end"))
    except ValueError as error:
        raise _fault(path, line, str(error)) from error
    if not video or not text:
        raise _fault(path, line, f"has no {'text' if video else 'video'}: give both in each line")
    if math.isnan(start) != math.isnan(end):
        raise _fault(path, line, "has only one time: give both start and end, or neither")
    if start < 0 or start > end:
        problem = f"lasts from {start:g} to {end:g} s: let it start at 0 or later and end later"
        raise _fault(path, line, problem)
    return CaptionRow(video, text, start, end, line)


def _text(key: str, value: Any) -> str:
    """Returns a cell as text on one line; a number becomes text, for films called 1, 2, 3."""
    if isinstance(value, (dict, list)):
        raise ValueError(f"its {key} is not a text: put it in quotes")
    text = "" if value is None else str(value)
    check_unicode(text)
    return re.sub(r"[ \t]*[\r\n]+\s*", " ", text.strip())


def _seconds(value: Any) -> float:
    """Returns seconds from 12.5, "12.5", "1:02" or "1:02:03"; NaN for an empty text."""
    text = "" if value is None else str(value).strip()
    if not text:
        return math.nan
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(
            f"{text[:60]!r} is not a time: write seconds (62.5) or a clock time (1:02.5)"
        )
    return seconds
