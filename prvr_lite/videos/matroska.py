"""Tells whether a Matroska or WebM file is all there, by the length that its beginning states.

FFmpeg reads a file that was cut off to the cut, and says nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

HEADER: Final = bytes.fromhex("1A45DFA3")
SEGMENT: Final = bytes.fromhex("18538067")


def is_whole_matroska(path: Path) -> bool:
    """Returns whether a file is Matroska, states its length, and is as long as that.

    The file is an element with a header, then one with everything else, the segment. A recorder
    that is stopped by force leaves a segment of unknown length; then this is False.
    """
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            return False
        header = _length(file)
        if header is None:
            return False
        file.seek(header, 1)
        if file.read(len(SEGMENT)) != SEGMENT:
            return False
        segment = _length(file)
        return segment is not None and file.tell() + segment <= path.stat().st_size


def _length(file: BinaryIO) -> int | None:
    """Returns the length of an element; None if it is unknown.

    The leading zeros of the first byte say how many bytes state the length.
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    size = 9 - first[0].bit_length()
    rest = file.read(size - 1)
    value = int.from_bytes(first + rest, "big") - (1 << 7 * size)
    return None if len(rest) < size - 1 or value == (1 << 7 * size) - 1 else value
