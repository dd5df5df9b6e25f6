"""The films of the bundled file, for the tests of the Emoji Theatre."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "data_samples"
sys.path.insert(0, str(SAMPLES))

import make_emoji_theatre as script  # noqa: E402
from theatre import build, canvas  # noqa: E402
from theatre.script import Film  # noqa: E402

__all__ = ["BUNDLED", "bundled_films", "bundled_splits", "need_font", "script"]
BUNDLED = SAMPLES / "emoji_theatre.h5"


@lru_cache
def bundled_splits() -> dict[str, list[Film]]:
    """The films of the bundled file by split, written anew from their seeds."""
    films = script.all_films(400, 100, 200, script.SEED, script.TEST_SEED)
    return {split: [film for film in films if film.split == split] for split in build.SPLITS}


def bundled_films() -> list[Film]:
    """The same in one list, in the order of the file."""
    return [film for split in build.SPLITS for film in bundled_splits()[split]]


def need_font() -> None:
    """Skip the test, with the reason, where the emoji font is missing."""
    try:
        canvas.font_path()
    except FileNotFoundError as error:
        pytest.skip(str(error))
