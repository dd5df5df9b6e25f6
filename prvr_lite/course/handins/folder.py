"""Which notebooks are handed in, and by whom: an id for each from its file or its folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from prvr_lite.course.handins.notebook import Answer, HandIn, read_hand_in
from prvr_lite.files import FileFormatError


def notebooks(paths: Sequence[Path]) -> list[Path]:
    """Returns the notebooks among files and in folders, in order, each once.

    Raises:
        FileNotFoundError: a path that does not exist.
        ValueError: there are no notebooks.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}")
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        visible = [p for p in inside if ".ipynb_checkpoints" not in p.parts]
        found |= dict.fromkeys(visible)
    if not found:
        raise ValueError(f"no notebook (.ipynb) in {', '.join(map(str, paths))}")
    return list(found)


def student_ids(paths: Sequence[Path], pattern: str | None = None) -> list[str]:
    """Returns an id for each hand-in: its file's name, or the nearest folder's where names repeat.

    Args:
        pattern: a regular expression; its first group in the path (with "/") is the id.

    Raises:
        ValueError: it is not such an expression, or ids are missing or repeated.
    """
    if pattern is not None:
        return _distinct([_matched(path, pattern) for path in paths], paths)
    parts = [(path.stem, *reversed(path.absolute().parts[1:-1])) for path in paths]
    for level in range(min(map(len, parts))):
        ids = [names[level] for names in parts]
        if len(set(ids)) == len(ids):
            return ids
    return _distinct([path.stem for path in paths], paths)


def _matched(path: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, path.as_posix())
    except re.error as error:
        raise ValueError(f"--ids {pattern!r} is not a regular expression: {error}") from error
    if found is None or not found.groups() or not found[1]:
        raise ValueError(f"--ids {pattern!r} finds no id in {path}: put its part in brackets")
    return str(found[1])


def _distinct(ids: list[str], paths: Sequence[Path]) -> list[str]:
    name, count = Counter(ids).most_common(1)[0]
    if count > 1:
        first, second = [p for i, p in zip(ids, paths, strict=True) if i == name][:2]
        raise ValueError(
            f"two hand-ins have the id {name!r}: {first} and {second}; name the part of the path "
            "that is the id with --ids, such as --ids 'handins/([^/]+)/'"
        )
    return ids


def read_all(
    paths: Sequence[Path], ids: Sequence[str], lesson: int, names: Sequence[str]
) -> list[HandIn]:
    """Reads hand-ins; one that can't be read has no answers, and says why."""
    read = []
    for path, student in zip(paths, ids, strict=True):
        try:
            read.append(read_hand_in(path, student, lesson, names))
        except (FileFormatError, OSError) as error:
            nothing = Answer("", str(error), ("the file can't be read",))
            read.append(HandIn(student, path, dict.fromkeys(names, nothing)))
    return read
