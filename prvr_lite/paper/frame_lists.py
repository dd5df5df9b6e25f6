"""Reads ``video2frames.txt``: the ids of each video's frames, in order of time.

The file is one Python dictionary, ``{'video': ['frame', …], …}``. The released code passes it to
``eval`` (utils/basic_utils.py:170-175), so a downloaded file could execute any code. Here it is
read as text, piece by piece, and nothing in it can run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from prvr_lite.files import damaged
from prvr_lite.paper.bigfile import existing
from prvr_lite.text import refuse_wide_text

NAME = "video2frames.txt"
PIECE = 1 << 20  # characters read at a time
QUOTED = r"""u?(?:'([^'\\\n]*)'|"([^"\\\n]*)")"""
FRAME = re.compile(QUOTED)
OPENING = re.compile(r"\s*\{")
INSIDE = r"""(?:'[^'\\\n]*'|"[^"\\\n]*"|[^\[\]'"])*"""
ENTRY = re.compile(rf"\s*{QUOTED}\s*:\s*\[({INSIDE})\]\s*(,|\}})")
CLOSING = re.compile(r"\s*\}")
FIX = "write {'video': ['frame', ...], ...}, names without backslashes"


def read_frame_lists(path: str | os.PathLike[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields each video with the ids of its frames; memory holds one video at a time.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not such a dictionary, or a video has no frames or is
            duplicated.
    """
    path = existing(Path(path), "the frames of every video")
    seen: set[str] = set()
    with path.open("rb") as file:
        refuse_wide_text(path, file.read(4))
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for video, frames in _entries(path, file):
            where = f"video '{video}'"
            if video in seen:
                raise damaged(path, f"{where} is duplicated", "leave out one of its lists")
            if not frames:
                raise damaged(path, f"{where} has no frames", "give it some, or leave it out")
            seen.add(video)
            yield video, frames


def _entries(path: Path, file: TextIO) -> Iterator[tuple[str, list[str]]]:
    buffer, place, last = file.read(PIECE), 0, ""
    opening = OPENING.match(buffer)
    if opening is None:
        problem = f"starts with {buffer[:40]!r}, not with a dictionary"
        raise damaged(path, problem, FIX)
    place, ended = opening.end(), False
    while not ended:
        entry = ENTRY.match(buffer, place)
        if entry is None:
            if CLOSING.match(buffer, place):
                return
            more = file.read(max(PIECE, len(buffer) - place))  # doubling: a long list stays linear
            if not more:
                after = f"after video '{last}'" if last else "at the start"
                rest = buffer[place : place + 40]
                raise damaged(path, f"{after} comes {rest!r}, not a list of frames", FIX)
            buffer, place = buffer[place:] + more, 0
            continue
        single, double, inside, mark = entry.groups()
        last = single if single is not None else double
        yield last, _frames(path, last, inside)
        place, ended = entry.end(), mark == "}"


def _frames(path: Path, video: str, inside: str) -> list[str]:
    names = [single or double for single, double in FRAME.findall(inside)]
    rest = FRAME.sub("", inside)
    if rest.strip(", \t\r\n") or not len(names) - 1 <= rest.count(",") <= max(len(names), 0):
        raise damaged(path, f"the list of video '{video}' is {inside[:40].strip()!r}…", FIX)
    return names


def write_frame_lists(path: str | os.PathLike[str], frames: Mapping[str, Sequence[str]]) -> None:
    """Writes the dictionary; ValueError for a name with a quote, a backslash or a space."""
    for name in (name for video, names in frames.items() for name in (video, *names)):
        if set(name) & set("'\"\\") or name.split() != [name]:
            raise ValueError(
                f"{path}: {name!r} has a quote, a backslash or white space in it: rename this "
                "video or frame"
            )
    lists = (
        f"'{video}': [" + ", ".join(f"'{name}'" for name in names) + "]"
        for video, names in frames.items()
    )
    Path(path).write_text("{" + ", ".join(lists) + "}", encoding="utf-8")
