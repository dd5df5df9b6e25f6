"""Reads files of timestamps: TVR's, ActivityNet Captions', Charades-STA's and lighthouse's."""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prvr_lite.files import damaged
from prvr_lite.paper.bigfile import existing
from prvr_lite.text import canonical_name, check_unicode, read_json, read_text, seconds

SHAPES = (
    "a line of JSON with vid_name, duration, ts, desc (TVR) or vid, duration, query, "
    "relevant_windows (lighthouse); or 'id start end##sentence' (Charades-STA); or one JSON "
    "dictionary of videos with duration, timestamps, sentences (ActivityNet Captions)"
)


class Annotation(NamedTuple):
    """A sentence about one moment of a video; times in seconds, NaN where unknown.

    ``video`` is in the form of `canonical_name`.
    """

    video: str
    text: str
    start: float
    end: float
    duration: float


def read_annotations(path: str | os.PathLike[str]) -> list[Annotation]:
    """Reads the annotations of a file, in its order; the content shows which of four forms it has.

    - TVR's ``tvr_*_release.jsonl`` (jayleicn/TVRetrieval): vid_name, duration, ts, desc.
    - ActivityNet Captions' ``train.json``, ``val_1.json``, ``val_2.json``: a dictionary of videos.
    - Charades-STA's ``charades_sta_*.txt``: ``id start end##sentence``; no durations.
    - lighthouse's jsonl (line/lighthouse): vid, duration, query, relevant_windows, whose first
      window is taken.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file has none of these forms, or an entry lacks something; the message
            names its line.
    """
    path = existing(Path(path), "timestamps")
    text = read_text(path)
    if path.suffix == ".json":
        annotations = list(_videos(path, text))
    else:
        lines = ((row, line) for row, line in enumerate(text.split("\n"), 1) if line.strip())
        annotations = [_line(path, row, line.strip()) for row, line in lines]
    if not annotations:
        raise damaged(path, "has no annotations", "download it again")
    return annotations


def _line(path: Path, row: int, line: str) -> Annotation:
    where = f"line {row} is"
    try:
        if not line.startswith("{"):
            place, text = line.split("##", 1)
            video, start, end = place.split()
            return _annotation(video, text, (start, end), math.nan)
        entry = read_json(line)
        if "ts" in entry:
            text, times = entry["desc"], entry["ts"]
            return _annotation(entry["vid_name"], text, times, entry["duration"])
        times = entry["relevant_windows"][0]
        return _annotation(entry["vid"], entry["query"], times, entry["duration"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _strange(path, where, line, error) from error


def _videos(path: Path, text: str) -> Iterator[Annotation]:
    try:
        videos = read_json(text)
        if not isinstance(videos, dict):
            raise TypeError(f"it is a {type(videos).__name__}; a dictionary is expected")
    except (ValueError, TypeError) as error:
        raise _strange(path, "the file begins with", text, error) from error
    for video, entry in videos.items():
        where = f"video {video[:60]!r} is"
        try:
            pairs = list(zip(entry["timestamps"], entry["sentences"], strict=True))
            for times, sentence in pairs:
                yield _annotation(video, sentence, times, entry["duration"])
        except (ValueError, KeyError, TypeError) as error:
            raise _strange(path, where, reprlib.repr(entry), error) from error


def _annotation(video: Any, text: Any, times: Any, duration: Any) -> Annotation:
    start, end = map(seconds, times)
    if not (isinstance(video, str) and isinstance(text, str)):
        raise TypeError("video and sentence must be text")
    check_unicode(video + text)
    length = math.nan if duration is None else seconds(duration)
    return Annotation(canonical_name(video), text, start, end, length)


def _strange(path: Path, where: str, entry: str, error: Exception) -> ValueError:
    reason = f"{type(error).__name__}: {error}"
    problem = f"{where} {entry[:80]!r}, which is not an annotation ({reason})"
    return damaged(path, problem, f"give {SHAPES}")
