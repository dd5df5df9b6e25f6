"""Puts hand-ins that were downloaded from elsewhere where nbgrader looks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from prvr_lite.course.classroom.folder import CONFIG
from prvr_lite.course.handins.folder import notebooks, student_ids
from prvr_lite.files import disk_errors, replacing


@dataclass(frozen=True)
class Collected:
    """Lists the students whose hand-in is new, replaced an older one, or is the same as before."""

    assignment: str
    new: tuple[str, ...]
    replaced: tuple[str, ...]
    same: tuple[str, ...]


def collect(
    folder: Path, lesson: int, handed_in: Sequence[Path], pattern: str | None = None
) -> Collected:
    """Copies hand-ins of a lesson to ``submitted/ID/ASSIGNMENT/ASSIGNMENT.ipynb`` of a course.

    Args:
        handed_in: notebooks, or folders of them. pattern: of ids, see ``student_ids``.

    Raises:
        ValueError: not a course, no such assignment, or ids that are missing, repeated or odd.
    """
    found = (
        sorted((folder / "source").glob(f"{lesson:02d}_*")) if (folder / CONFIG).exists() else []
    )
    if not found:
        raise ValueError(
            f"{folder} is not a course that has lesson {lesson} in it: prvr-lite course make"
        )
    name, became = found[0].name, dict[str, list[str]](new=[], replaced=[], same=[])
    paths = notebooks(handed_in)
    ids = student_ids(paths, pattern)
    for student in ids:
        if student != Path(student).name or student.strip(". ") != student:
            raise ValueError(f"{student!r} can't be the name of a folder: choose ids with --ids")
    for path, student in zip(paths, ids, strict=True):
        target, content = folder / "submitted" / student / name / f"{name}.ipynb", path.read_bytes()
        old = target.read_bytes() if target.exists() else None
        became["new" if old is None else "same" if old == content else "replaced"].append(student)
        if old != content:
            _put(target, content)
    return Collected(name, *(tuple(became[kind]) for kind in ("new", "replaced", "same")))


def _put(target: Path, content: bytes) -> None:
    """Writes a hand-in, and when: by that nbgrader knows that it must be graded again."""
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    for path, written in ((target, content), (target.with_name("timestamp.txt"), now.encode())):
        with replacing(path) as part:
            part.write_bytes(written)
