"""Files whose clock does not simply go on: every picture is shown, for a time that can be."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import pytest
from video_makers import even_times, make_video, number_of

from prvr_lite.videos.clock import Clock
from prvr_lite.videos.frames import VideoWarning, read_frames

CASES = Path(__file__).parents[1] / "cases" / "videos"


def numbers(path: Path, fps: float = 1.0) -> tuple[list[int], list[str]]:
    """The numbers that the pictures show, and what is said about the file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shown = [number_of(pixels) for _, pixels in read_frames(path, fps)]
    assert all(warning.category is VideoWarning for warning in caught)
    return shown, [str(warning.message) for warning in caught]


def starts(times: list[float | None], usual: float = 0.04) -> tuple[list[float], list[str]]:
    clock = Clock(Fraction(usual).limit_denominator(1000))
    exact = [None if t is None else Fraction(t).limit_denominator(1000) for t in times]
    return [float(clock.start(time, Fraction(0))) for time in exact], clock.notes()


def test_joined_recordings_are_shown_one_after_the_other() -> None:
    """Two transport streams in one file: the clock of the second begins anew."""
    path = CASES / "cat.ts"
    shown, notes = numbers(path)
    assert shown == [*range(10), *range(100, 110)]
    where = "its clock steps back once, at 10.0 s: the pictures after it follow on"
    assert notes == [f"{path}: {where}"]


@pytest.mark.parametrize("later", [0.0, 1.2])
def test_three_recordings_with_sound_and_other_rates(tmp_path: Path, later: float) -> None:
    joined = tmp_path / "joined.ts"
    one = make_video(tmp_path / "one.ts", even_times(2, 25), offset=5 + later, sound=True)
    two = make_video(tmp_path / "two.ts", even_times(2, 10), offset=later)
    joined.write_bytes(one.read_bytes() + two.read_bytes() + two.read_bytes())
    shown, notes = numbers(joined, 2)
    assert shown == [0, 12, 25, 37, 0, 5, 10, 15, 0, 5, 10, 15]
    assert len(notes) == 1
    assert "steps back 2 times, first at 2.0 s" in notes[0]


def test_a_picture_out_of_order_adds_no_time() -> None:
    times: list[float | None] = [0, 0.04, 0.12, 0.08, 0.16, 0.16, None, 0.24]
    expected = [0, 0.04, 0.12, 0.12, 0.16, 0.16, 0.2, 0.24]
    assert starts(times) == (pytest.approx(expected), [])
