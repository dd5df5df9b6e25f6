"""Reads text that other people and programs wrote, and makes text safe to print.

Captions, annotations and lists of frames come from anywhere. So there is one reader of text, one of
JSON, one form in which names are compared, and one function that a text passes before it is shown.
"""

from __future__ import annotations

import codecs
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

from prvr_lite.files import damaged

AS_UTF8 = "save it as UTF-8"
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # UTF-32-LE begins likewise
JOINERS = "\u200c\u200d"  # invisible, but part of words in Persian and Hindi, and of emoji
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (bidi), surrogates, line separators


def read_text(path: str | os.PathLike[str]) -> str:
    r"""Returns the text of a UTF-8 file without its byte order mark; lines end with "\n".

    Split it with ``split("\n")``: ``splitlines`` also splits inside sentences, at U+2028 and the
    like.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not text in UTF-8; the message names the line.
    """
    path = Path(path)
    raw = path.read_bytes()
    refuse_wide_text(path, raw)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise damaged(path, f"line {line} is not UTF-8 ({error.reason})", AS_UTF8) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        problem = f"line {line} holds a NUL byte, as binary files and UTF-16 do"
        raise damaged(path, problem, f"{AS_UTF8}, without NUL bytes")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def refuse_wide_text(path: Path, raw: bytes) -> None:
    """Raises FileFormatError where the first bytes of a file show that it is not UTF-8."""
    if raw.startswith(WIDE) or b"\0" in raw[:4]:
        raise damaged(path, "is text in UTF-16 or UTF-32, or binary, not text in UTF-8", AS_UTF8)


def read_json(text: str) -> Any:
    """Returns the value of a JSON text; control characters may stand in its strings unescaped.

    Raises:
        ValueError: the text is not JSON, is nested too deeply, or holds a number too long for
            Python; the message is one line.
    """
    try:
        return json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def seconds(value: Any) -> float:
    """Returns a number of seconds from a value of a JSON text.

    Raises:
        TypeError, ValueError: it is not a number, or too large for one; the message is one line.
    """
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is too large to be a time") from None


def check_unicode(text: str) -> None:
    """Refuses what neither UTF-8 nor HDF5 holds, and JSON can spell all the same.

    Raises:
        ValueError: the text holds NUL, or half of a surrogate pair; the message is one line.
    """
    if "\0" in text:
        raise ValueError(f"{text[:60]!r} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{text[:60]!r} holds a broken character (half of a surrogate pair)"
        ) from None


def canonical_name(name: str) -> str:
    """Returns the form in which names are compared: Unicode's NFC.

    An é may be stored as one character or as e and an accent: macOS, for one, writes file names in
    the second way. Two names that look the same must be the same.
    """
    return unicodedata.normalize("NFC", name)


def printable(text: object) -> str:
    r"""Returns a text as one line that is safe to print on a terminal.

    Letters of every language stay. Line breaks, control characters (with them a terminal's escape
    sequences) and characters that reorder a line are shown as "\n", "\x1b", "\u202e".
    """
    return "".join(map(_shown, str(text)))


def _shown(character: str) -> str:
    if unicodedata.category(character) in UNSAFE and character not in JOINERS:
        return character.encode("unicode_escape").decode()
    return character
