"""Frames of video files: the right ones, upright, and one clear line where there are none."""

from __future__ import annotations

import pickle
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from video_makers import HEIGHT, WIDTH, av, even_times, make_sound, make_video, number_of, picture

from prvr_lite.videos.frames import VideoError, oriented, probe_video, read_frames
from prvr_lite.videos.matroska import is_whole_matroska

CASES = Path(__file__).parents[1] / "cases" / "videos"


def shown_at(times: list[float], seconds: float) -> int:
    """The last frame whose time is not after ``seconds``; times are stored in milliseconds."""
    return max(i for i, time in enumerate(times) if round(time, 3) <= seconds + 1e-9)


UNEVEN = [0.0, 0.04, 0.08, 0.5, 0.52, 1.3, 1.33, 1.36, 2.9, 3.0, 3.04]


@pytest.mark.parametrize(
    ("name", "codec", "times"),
    [
        ("steady.mp4", "libx264", even_times(4, 25)),
        ("steady.webm", "libvpx-vp9", even_times(3, 20)),
        ("uneven.mp4", "libx264", UNEVEN),
        ("uneven.mkv", "libx264", UNEVEN),
        ("uneven.webm", "libvpx-vp9", UNEVEN),
    ],
)
@pytest.mark.parametrize("fps", [1, 2.5, 8])
def test_the_frame_on_screen_at_each_time(
    tmp_path: Path, name: str, codec: str, times: list[float], fps: float
) -> None:
    path = make_video(tmp_path / name, times, codec=codec)
    found = list(read_frames(path, fps))
    seconds = [time for time, _ in found]
    assert seconds == [i / fps for i in range(len(seconds))]
    assert times[-1] - 1 / fps <= seconds[-1] <= times[-1] + max(0.06, 1 / fps)
    assert [number_of(pixels) for _, pixels in found] == [shown_at(times, s) for s in seconds]


def test_a_rate_above_the_films_own_repeats_frames(tmp_path: Path) -> None:
    path = make_video(tmp_path / "slow.mp4", even_times(2, 4))
    numbers = [number_of(pixels) for _, pixels in read_frames(path, 8)]
    assert numbers[:6] == [0, 0, 1, 1, 2, 2]


def test_time_starts_at_the_first_frame(tmp_path: Path) -> None:
    """Broadcast and camera files start their clocks anywhere."""
    path = make_video(tmp_path / "late.mkv", even_times(2, 10), offset=7.3)
    assert [number_of(pixels) for _, pixels in read_frames(path, 2)] == [0, 5, 10, 15]


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_frames_are_turned_upright(tmp_path: Path, rotation: int) -> None:
    """A telephone held sideways stores lying pictures, and how to turn them."""
    upright = picture(5)
    lying = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    path = make_video(
        tmp_path / "turned.mp4", even_times(1, 5), rotation=rotation, pictures=[lying] * 5
    )
    for _, pixels in read_frames(path, 2):
        assert pixels.shape == (HEIGHT, WIDTH, 3)
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous
        assert np.abs(pixels.astype(float) - upright).mean() < 20
        assert number_of(pixels) == 5


def shown(path: Path) -> np.ndarray:
    return next(iter(read_frames(path)))[1]


def red_part(pixels: np.ndarray) -> str:
    """Which edge of a picture of :func:`picture` is red."""
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 90)  # [h, w]
    edges = {"top": red[0], "bottom": red[-1], "left": red[:, 0], "right": red[:, -1]}
    return max(edges, key=lambda edge: edges[edge].mean())


def test_mirrored_films_are_shown_mirrored() -> None:
    """A flip along one axis has no angle, or that of a turn by 180 degrees."""
    across, over = shown(CASES / "hflip.mp4"), shown(CASES / "vflip.mp4")
    assert (red_part(across), red_part(over)) == ("top", "bottom")
    assert number_of(across[:, ::-1]) == 5
    assert number_of(over[::-1]) == 5


def corners(pixels: np.ndarray) -> list[int]:
    """The brightness of the four corners of a picture in quarters: 0, 1, 2 or 3."""
    levels = [pixels[y, x].mean() / 80 for y in (2, -3) for x in (2, -3)]
    return [round(float(level)) for level in levels]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [  # column p, row q go to column a p + c q, row b p + d q; the stored corners are 0 1 / 2 3
        ((1, 0, 0, 1), [0, 1, 2, 3]),
        ((-1, 0, 0, 1), [1, 0, 3, 2]),
        ((1, 0, 0, -1), [2, 3, 0, 1]),
        ((-1, 0, 0, -1), [3, 2, 1, 0]),
        ((0, 1, 1, 0), [0, 2, 1, 3]),
        ((0, 1, -1, 0), [2, 0, 3, 1]),
        ((0, -1, 1, 0), [1, 3, 0, 2]),
        ((0, -1, -1, 0), [3, 1, 2, 0]),
        ((0.98, 0.17, -0.17, 0.98), [0, 1, 2, 3]),  # by 10 degrees: rounded
        ((0, 0, 0, 0), [0, 1, 2, 3]),
    ],
)
def test_all_eight_orientations(
    tmp_path: Path, matrix: tuple[float, ...], expected: list[int]
) -> None:
    quarters = np.array([[0, 1], [2, 3]], np.uint8).repeat(32, 0).repeat(48, 1) * 80
    lying = np.stack([quarters] * 3, -1)  # [64, 96, 3]
    a, b, c, d = (round(number * 2**16) for number in matrix)
    numbers = (a, b, 0, c, d, 0, 0, 0, 2**30)
    upright = oriented(lying, struct.pack("=9i", *numbers))
    assert corners(upright) == expected
    assert upright.flags.c_contiguous
    if hasattr(av.VideoStream, "set_display_matrix"):
        path = make_video(tmp_path / "a.mp4", [0.0], pictures=[lying], matrix=numbers)
        assert corners(shown(path)) == expected
        assert shown(path).shape == upright.shape


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    """DVD and DV store a wide picture narrow."""
    pixels = shown(CASES / "sar.mp4")
    assert pixels.shape == (64, 192, 3)
    assert red_part(pixels) == "top"
    narrow = make_video(tmp_path / "narrow.mkv", [0.0], aspect=Fraction(8, 9), rotation=90)
    assert shown(narrow).shape == (85, 64, 3)  # first made square, then turned
    absurd = make_video(tmp_path / "absurd.mkv", [0.0], aspect=Fraction(500, 1))
    assert shown(absurd).shape == (64, 96, 3)


def test_length_and_size_without_decoding(tmp_path: Path) -> None:
    for name, codec in (("a.mp4", "libx264"), ("a.webm", "libvpx-vp9")):
        info = probe_video(make_video(tmp_path / name, even_times(3, 20), codec=codec))
        assert (info.width, info.height) == (WIDTH, HEIGHT)
        assert info.duration == pytest.approx(3, abs=0.06)


def test_sound_beside_pictures_is_no_matter(tmp_path: Path) -> None:
    path = make_video(tmp_path / "talk.mp4", even_times(2, 10), sound=True)
    assert [number_of(pixels) for _, pixels in read_frames(path, 1)] == [0, 10]


def test_only_what_is_asked_for_is_decoded(tmp_path: Path) -> None:
    """The first frame of a file comes although its second half is noise."""
    path = make_video(tmp_path / "half.mkv", even_times(8, 25))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = np.random.default_rng(0).bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    assert number_of(next(iter(read_frames(path, 1)))[1]) == 0


def broken_files(folder: Path) -> dict[str, Path]:
    """One file of each kind that gives no frames, by a word of its message."""
    whole = make_video(folder / "whole.mp4", even_times(6, 25))
    cut = folder / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    empty, text = folder / "empty.mp4", folder / "text.mp4"
    empty.touch()
    text.write_text("Dear diary,\n" * 500, encoding="utf-8")
    sound = make_sound(folder / "sound.m4a").rename(folder / "sound.mp4")
    whole.unlink()
    return {"damaged": cut, "empty": empty, "no video": text, "sound but no pictures": sound}


def test_what_gives_no_frames_says_why_in_one_line(tmp_path: Path) -> None:
    for reason, path in broken_files(tmp_path).items():
        for use in (lambda file: list(read_frames(file)), probe_video):
            with pytest.raises(VideoError) as error:
                use(path)
            assert reason in str(error.value)
            assert str(error.value) == f"{path}: {error.value.reason}"
            assert "\n" not in str(error.value)


def test_a_film_that_breaks_off_is_refused(tmp_path: Path) -> None:
    """Its index is in front, so it opens, and its first half decodes."""
    options = {"movflags": "faststart"}
    path = make_video(tmp_path / "film.mp4", even_times(10, 25), options=options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    taken = []
    with pytest.raises(VideoError, match=r"(breaks off at|decoded past) [2-7]\.\d s"):
        taken.extend(number_of(pixels) for _, pixels in read_frames(path, 1))
    assert taken[:2] == [0, 25]


@pytest.mark.parametrize(("name", "count"), [("late.mkv", 5), ("n10s1.mkv", 10)])
def test_what_outlasts_the_pictures_is_no_break(tmp_path: Path, name: str, count: int) -> None:
    """Pictures that begin late; sound of 30 s; a file that states more, or no track's length."""
    data = (CASES / name).read_bytes()
    at = data.index(b"\x44\x89\x88") + 3  # the element Duration, a float of 8 bytes, in ms
    (milliseconds,) = struct.unpack(">d", data[at : at + 8])
    longer = data[:at] + struct.pack(">d", 3 * milliseconds) + data[at + 8 :]
    for i, content in enumerate((data, longer)):
        for j, tag in enumerate((b"DURATION", b"SOMEWHAT")):
            path = tmp_path / f"{i}{j}.mkv"
            path.write_bytes(content.replace(b"DURATION", tag))
            shown = [number_of(pixels) for _, pixels in read_frames(path)]
            assert shown == list(range(count))


@pytest.mark.parametrize(
    ("name", "sound"),
    [("a.mkv", False), ("a.mkv", True), ("a.flv", False), ("a.flv", True), ("a.webm", False)],
)
def test_a_cut_is_noticed_where_the_pictures_state_no_length(
    tmp_path: Path, name: str, sound: bool
) -> None:
    codec = "libvpx-vp9" if name == "a.webm" else "libx264"
    path = make_video(tmp_path / name, even_times(10, 10), codec=codec, sound=sound)
    whole = path.read_bytes()
    assert len(list(read_frames(path))) == 10
    path.write_bytes(whole[: len(whole) * 6 // 10].replace(b"DURATION", b"SOMEWHAT"))
    with pytest.raises(VideoError, match=r"breaks off at [3-7]\.\d s of (9|1\d)\.\d s"):
        list(read_frames(path))


def test_only_matroska_states_that_it_is_whole(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [0.0, 0.1])
    whole = path.read_bytes()
    assert is_whole_matroska(path)
    at = whole.index(bytes.fromhex("18538067")) + 4
    unknown = whole[:at] + b"\x01" + b"\xff" * 7 + whole[at + 8 :]
    for data in (whole[:-1], unknown, whole[: at + 2], whole[:at], whole[:4], whole[:3], b""):
        path.write_bytes(data)
        assert not is_whole_matroska(path)
    assert not is_whole_matroska(make_video(tmp_path / "a.mp4", [0.0, 0.1]))


def test_paths_and_rates_that_can_not_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        next(iter(read_frames(tmp_path / "nowhere.mp4")))
    with pytest.raises(VideoError, match="is a folder"):
        next(iter(read_frames(tmp_path)))
    for fps in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="above 0"):
            read_frames(tmp_path / "any.mp4", fps)


def test_the_error_survives_a_process_border(tmp_path: Path) -> None:
    error = pickle.loads(pickle.dumps(VideoError(tmp_path / "a.mp4", "is empty")))
    assert (error.path, error.reason) == (tmp_path / "a.mp4", "is empty")
