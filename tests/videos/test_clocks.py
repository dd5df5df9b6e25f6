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


@pytest.mark.parametrize(
    ("name", "shown", "says"),
    [
        ("cam.mkv", list(range(10)), "jumps ahead once, at 5.0 s: 93,595 s without pictures are"),
        ("unix.mkv", list(range(6)), "jumps ahead once, at 1.0 s: 1,699,999,999 s without"),
    ],
)
def test_a_camera_whose_time_was_set(name: str, shown: list[int], says: str) -> None:
    """A day, or half a century, in which there was no picture becomes neither features nor time."""
    found, notes = numbers(CASES / name)
    assert found == shown
    assert len(notes) == 1
    assert says in notes[0]


def test_a_jump_in_an_mp4_which_tells_the_length_of_each_picture(tmp_path: Path) -> None:
    times = [0.0, 1, 2, 3, 4, 4000, 4001, 4002, 4003, 4004]
    shown, notes = numbers(make_video(tmp_path / "cam.mp4", times))
    assert shown == list(range(10))
    assert "3,995 s without pictures are cut" in notes[0]


def test_wrong_times_of_one_picture_move_no_other() -> None:
    for wrong in (1e6, -5, 0.5):
        assert starts([0, 1, 2, wrong, 4, 5])[0] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("stands", [30, 100, 300])
def test_slides_that_stand_long_stand_as_long(tmp_path: Path, stands: int) -> None:
    path = make_video(tmp_path / "slides.mp4", [0.0, stands, 2.0 * stands])
    shown, notes = numbers(path, 0.1)
    assert shown == [0] * (stands // 10) + [1] * (stands // 10) + [2]
    assert notes == []


@pytest.mark.parametrize(("heard", "cut"), [(True, False), (False, True)])
def test_one_slide_stands_while_somebody_talks(heard: bool, cut: bool) -> None:
    clock = Clock(Fraction(1, 25))
    for second in range(1000 if heard else 10):
        clock.hear(Fraction(second), Fraction(1))
    found = [clock.start(Fraction(t), Fraction(0)) for t in (0, 1, 2, 902, 903)]
    assert found == ([0, 1, 2, 3, 4] if cut else [0, 1, 2, 902, 903])
    assert bool(clock.notes()) == cut


def test_the_last_picture_too_stands_for_a_bounded_time() -> None:
    clock = Clock(Fraction(1, 25))
    for second in range(3):
        clock.start(Fraction(second), Fraction(10**9 if second == 2 else 1))
    assert clock.finish() == 3
    assert "jumps ahead once, at 3.0 s: 999,999,999 s" in clock.notes()[0]
