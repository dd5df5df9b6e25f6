"""What lessons keep between two runs of a notebook: trained models, and which exercises are solved.

It lies in the folder ``runs`` beside the notebook, or where PRVR_LITE_RUNS says. Where that folder
can't be written (a course's read-only folder, an input of Kaggle), it lies in the reader's home, or
in the system's folder for temporary files.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

RUNS = "PRVR_LITE_RUNS"  # the folder; default: runs, where the notebook is
SOLVED = "solved.txt"  # in it: the name of an exercise a line


def runs_folder() -> Path:
    """Returns the folder of what lessons keep; it exists and can be written.

    The first time that it isn't the folder that was asked for, one line says so.
    """
    return _writable(Path(os.environ.get(RUNS) or "runs").absolute())


@cache
def _writable(asked: Path) -> Path:
    for folder in (asked, Path.home() / "prvr_lite-runs"):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            break
    else:
        folder = Path(tempfile.mkdtemp(prefix="prvr_lite-runs-"))
    if folder != asked:
        print(f"{asked} can't be written: models and progress are kept in {folder}")
    return folder


def solved() -> set[str]:
    """Returns the names of the exercises that were once answered right."""
    try:
        text = (runs_folder() / SOLVED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return set(text.split())


def note_solved(name: str) -> None:
    """Notes that an exercise was answered right; does nothing if the file can't be written."""
    if name not in solved():
        with suppress(OSError), (runs_folder() / SOLVED).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")  # one short line: two notebooks may write at once
