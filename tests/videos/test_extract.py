"""A folder of videos becomes a feature file: whole, once, with a reason for what is left out."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import extraction
from benchmarks.tiny_openai_clip import random_openai_clip
from prvr_lite import cli
from prvr_lite.config import TrainConfig
from prvr_lite.data.dataset import open_features
from prvr_lite.data.openai_clip import OpenAIClipEncoder, named_model, unit_rows
from prvr_lite.files import BusyError, held
from prvr_lite.model.registry import build_model
from prvr_lite.search.sentences import text_encoder
from prvr_lite.training.fit import fit
from prvr_lite.videos import parts as video_parts
from prvr_lite.videos.extract import extract_features
from prvr_lite.videos.frames import read_frames
from prvr_lite.videos.video_files import find_videos, split_of

pytest.importorskip("transformers")
from test_frames import broken_files
from video_makers import even_times, make_video, picture

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_openai_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Three films in two folders, two of one name; and what no film is."""
    folder = tmp_path / "films"
    (folder / "alps").mkdir(parents=True)
    make_video(folder / "beach.mp4", even_times(5, 10))
    make_video(folder / "alps" / "beach.MP4", even_times(3, 10))
    make_video(folder / "alps" / "snow.webm", even_times(4, 10), codec="libvpx-vp9")
    (folder / "notes.txt").write_text("no film", encoding="utf-8")
    (folder / "._beach.mp4").write_bytes(b"what a Mac leaves on foreign disks")
    return folder


def extract(folder: Path, clip: Path, **options: Any) -> Any:
    out = folder.parent / "own.h5"
    return extract_features(folder, out, model=clip, progress=False, device="cpu", **options)


def test_features_thumbnails_and_durations_of_all_films(films: Path, clip: Path) -> None:
    from PIL import Image

    report = extract(films, clip, fps=2)
    assert report.videos == ["alps/beach.MP4", "alps/snow.webm", "beach.mp4"]
    assert (report.computed, report.skipped, report.queries, report.dropped) == (3, {}, 0, 0)
    encoder = OpenAIClipEncoder(clip, device="cpu")
    with open_features(report.path) as data:
        data.check()
        assert data.video_id == report.videos
        np.testing.assert_allclose(data.duration, [3, 4, 5], atol=0.11)
        for row, file in enumerate(find_videos(films).values()):
            frames = [pixels for _, pixels in read_frames(file, 2)]
            expected = unit_rows(encoder.images(frames))
            np.testing.assert_allclose(data.frames(row), expected, atol=3e-4)  # float16
            shown = data.thumbnails(row)
            assert len(shown) == len(frames)
            small = np.asarray(Image.open(io.BytesIO(shown[-1])))
            assert np.abs(small.astype(float) - frames[-1]).mean() < 15
        assert named_model(data.visual_model) == named_model(data.text_model) == str(clip)
        assert data.videos_in("test").tolist() == [0, 1, 2]
        assert len(data.queries_in("test")) == 0
        assert len(data.words_of([])) == 0


def test_large_pictures_get_small_thumbnails_and_none_when_unwanted(
    tmp_path: Path, clip: Path
) -> None:
    from PIL import Image

    (tmp_path / "films").mkdir()
    large = np.tile(picture(3), (4, 5, 1))  # 480 x 256
    make_video(tmp_path / "films" / "large.mp4", [0.0, 0.5], pictures=[large] * 2)
    with open_features(extract(tmp_path / "films", clip).path) as data:
        assert Image.open(io.BytesIO(data.thumbnails(0)[0])).size == (160, 85)
    with open_features(extract(tmp_path / "films", clip, thumbnails=False).path) as data:
        assert data.thumbnails(0) == [b""]


def test_a_second_run_decodes_only_what_is_new(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    loaded: list[Path] = []

    def reading(path: Path, fps: float) -> Any:
        decoded.append(path.name)
        return read_frames(path, fps)

    def loading(model: Path, **options: Any) -> OpenAIClipEncoder:
        loaded.append(model)
        return OpenAIClipEncoder(model, **options)

    monkeypatch.setattr(video_parts, "read_frames", reading)
    monkeypatch.setattr(video_parts, "OpenAIClipEncoder", loading)
    first = extract(films, clip)
    assert (first.computed, len(decoded), len(loaded)) == (3, 3, 1)
    before = first.path.read_bytes()
    again = extract(films, clip)
    assert (again.computed, len(decoded), len(loaded)) == (0, 3, 1)
    assert again.path.read_bytes() == before
    make_video(films / "new.mp4", even_times(1, 10))
    os.utime(films / "beach.mp4", (1, 1))  # changed
    assert extract(films, clip).computed == 2
    assert sorted(decoded[3:]) == ["beach.mp4", "new.mp4"]
    assert extract(films, clip, fps=2).computed == 4  # another rate: all of them


def test_an_interrupted_run_goes_on(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a film loses that film alone, and leaves no half of a file."""

    def interrupted(path: Path, fps: float) -> Any:
        for number, frame in enumerate(read_frames(path, fps)):
            if path.name == "snow.webm" and number == 2:
                raise KeyboardInterrupt
            yield frame

    with monkeypatch.context() as patch:
        patch.setattr(video_parts, "read_frames", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extract(films, clip)
    out = films.parent / "own.h5"
    assert not out.exists()
    assert [path.suffix for path in (films.parent / "own.h5.parts").iterdir()] == [".npz"]
    assert extract(films, clip).computed == 2


def test_a_damaged_part_is_computed_again(films: Path, clip: Path) -> None:
    extract(films, clip)
    parts = sorted((films.parent / "own.h5.parts").iterdir())
    parts[0].write_bytes(parts[0].read_bytes()[:100])
    parts[1].write_bytes(b"")
    assert extract(films, clip).computed == 2


def test_what_gives_no_frames_is_skipped_with_one_line(films: Path, clip: Path) -> None:
    broken = broken_files(films)
    report = extract(films, clip, max_minutes=4.5 / 60)
    lines = report.lines()
    assert report.videos == ["alps/beach.MP4", "alps/snow.webm"]
    assert len(lines) == len(broken) + 1 + 1  # and the long one; and the last line
    for reason, path in broken.items():
        (line,) = [line for line in lines if str(path) in line]
        assert reason in line
        assert "\n" not in line
    assert any("beach.mp4: is longer than 0.075 minutes" in line for line in lines)
    assert lines[-1].endswith("own.h5: 2 videos (2 new, 0 from before), 0 captions")


def test_a_limit_holds_for_parts_from_before_and_for_unknown_lengths(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(films, clip)
    assert extract(films, clip, max_minutes=4.5 / 60).videos == ["alps/beach.MP4", "alps/snow.webm"]
    unknown = video_parts.probe_video(films / "beach.mp4")
    object.__setattr__(unknown, "duration", float("nan"))
    monkeypatch.setattr(video_parts, "probe_video", lambda path: unknown)
    report = extract(films, clip, max_minutes=4.5 / 60, fps=4)
    assert report.videos == ["alps/beach.MP4", "alps/snow.webm"]
    with open_features(report.path) as data:
        np.testing.assert_allclose(data.duration, [3, 4], atol=0.26)


def test_three_films_whose_names_begin_alike(tmp_path: Path, clip: Path) -> None:
    """None is lost, and each id shows its own film: of 3, 4 and 5 pictures, one a second."""
    names = ["video.mp4", "video.mp4.webm", "video.webm"]
    (tmp_path / "films").mkdir()
    for name in names[:2]:
        shutil.copy(CASES / "videos" / name, tmp_path / "films")
    captions = tmp_path / "captions.tsv"
    captions.write_text("video.mp4\tnumbers\n", encoding="utf-8")
    assert extract(tmp_path / "films", clip, captions=captions).videos == names[:2]
    shutil.copy(CASES / "videos" / "video.webm", tmp_path / "films")  # later: no id changes
    report = extract(tmp_path / "films", clip, captions=captions)
    assert (report.videos, report.computed) == (names, 1)
    with open_features(report.path) as data:
        assert [len(data.frames(row)) for row in range(3)] == [3, 5, 4]
        assert data.query_id == ["video.mp4#0"]


def test_a_name_is_the_same_however_its_letters_are_coded(tmp_path: Path, clip: Path) -> None:
    """A Mac writes é as e and an accent; a caption of another system has one letter."""
    (tmp_path / "films").mkdir()
    decomposed = tmp_path / "films" / "Cafe\u0301.mp4"
    shutil.copy(CASES / "videos" / "video.mp4", decomposed)
    report = extract(tmp_path / "films", clip, captions=CASES / "captions" / "nfc.csv")
    assert (report.videos, report.queries) == (["Caf\u00e9.mp4"], 1)
    shutil.copy(CASES / "videos" / "video.mp4", tmp_path / "films" / "Caf\u00e9.mp4")
    if len(list((tmp_path / "films").iterdir())) == 1:
        pytest.skip("this disk holds both names for one")
    with pytest.raises(ValueError, match="rename one") as error:
        find_videos(tmp_path / "films")
    assert r"'Cafe\u0301.mp4' and 'Caf\xe9.mp4' are one name" in str(error.value)


def test_hidden_folders_are_left_out_at_every_depth(films: Path) -> None:
    for hidden in (".Trash-1000/files", ".ipynb_checkpoints", "alps/.cache/a/b"):
        (films / hidden).mkdir(parents=True)
        shutil.copy(films / "beach.mp4", films / hidden)
    assert list(find_videos(films)) == ["alps/beach.MP4", "alps/snow.webm", "beach.mp4"]
    assert list(find_videos(films / ".Trash-1000")) == ["files/beach.mp4"]  # asked for by name


def link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:  # Windows allows it to few
        pytest.skip("links can't be made here")


def test_linked_folders_are_entered_and_loops_end(films: Path, tmp_path: Path) -> None:
    other = tmp_path / "disk"
    (other / "deep").mkdir(parents=True)
    shutil.copy(films / "beach.mp4", other / "deep" / "sea.mp4")
    link(other / "deep" / "up", other)
    link(other / "back", films)
    link(films / "linked", other)
    link(films / "alps" / "self", films / "alps")
    link(films / "a-second-way", films / "alps")
    link(films / "broken", tmp_path / "nowhere")
    link(films / "loop.mp4", films / "loop.mp4")
    link(films / "file.mp4", films / "beach.mp4")
    shown = ["alps/beach.MP4", "alps/snow.webm", "beach.mp4", "file.mp4", "linked/deep/sea.mp4"]
    assert list(find_videos(films)) == shown


def test_two_cameras_of_one_file_name_keep_their_own_features(tmp_path: Path, clip: Path) -> None:
    """Equal in name, size and time of change, but in other folders, or of other content."""
    shutil.copytree(CASES / "videos" / "cams", tmp_path / "cams")
    one, two = (tmp_path / "cams" / name / "0001.avi" for name in ("cam1", "cam2"))
    for file in (one, two):
        os.utime(file, (1e9, 1e9))
    with open_features(extract(tmp_path / "cams", clip).path) as data:
        first, second = data.frames(0), data.frames(1)
        assert np.abs(first - second).max() > 0.01
    shutil.copy(two, one)
    os.utime(one, (1e9, 1e9))
    report = extract(tmp_path / "cams", clip)
    assert report.computed == 1
    with open_features(report.path) as data:
        np.testing.assert_array_equal(data.frames(0), second)


def test_other_weights_in_the_model_folder_mean_other_features(tmp_path: Path, films: Path) -> None:
    clip = random_openai_clip(tmp_path / "own-clip", seed=0)
    with open_features(extract(films, clip).path) as data:
        before = data.frames(0)
    assert extract(films, clip).computed == 0
    stat = (clip / "model.safetensors").stat()
    random_openai_clip(clip, seed=1)
    for file in clip.iterdir():
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    report = extract(films, clip)
    assert report.computed == 3
    with open_features(report.path) as data:
        assert np.abs(data.frames(0) - before).max() > 0.01


def test_numbers_that_are_not_finite_are_refused_with_the_films_name(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def images(self: OpenAIClipEncoder, frames: Any) -> Any:
        rows = np.ones((len(list(frames)), self.dim), np.float32)
        rows[3:, 0] = np.inf if len(rows) == 4 else 1  # the film of 4 s
        return rows

    monkeypatch.setattr(OpenAIClipEncoder, "images", images)
    report = extract(films, clip)
    assert report.videos == ["alps/beach.MP4", "beach.mp4"]
    (line,) = (line for line in report.lines() if "not finite" in line)
    assert line.startswith(f"skipped {films / 'alps' / 'snow.webm'}: the model gives its frame at")


def test_a_file_that_may_not_be_read_is_skipped(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def content_key(file: Path) -> Any:
        if file.name == "beach.mp4":
            raise PermissionError(13, "Permission denied", str(file))
        return original(file)

    original = video_parts.content_key
    monkeypatch.setattr(video_parts, "content_key", content_key)
    report = extract(films, clip)
    assert len(report.videos) == 2
    assert report.skipped[films / "beach.mp4"].startswith("can't be read (Permission denied)")


def test_what_a_files_clock_does_is_noted_in_each_run(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "films").mkdir()
    shutil.copy(CASES / "videos" / "cat.ts", tmp_path / "films")
    for computed in (1, 0):
        report = extract(tmp_path / "films", clip)
        (note,) = report.notes[tmp_path / "films" / "cat.ts"]
        assert note.startswith("its clock steps back once")
        assert report.lines()[0] == f"note {tmp_path / 'films' / 'cat.ts'}: {note}"
        assert report.computed == computed
        with open_features(report.path) as data:
            assert (len(data.frames(0)), data.duration.tolist()) == (20, [20])


def test_captions_become_queries_with_words_and_moments(films: Path, clip: Path) -> None:
    captions = films / "captions.csv"
    captions.write_text(
        "video,text,start,end\n"
        'beach.mp4,"Waves, and a dog",0:01,3.5\n'
        "snow,it snows,,\n"
        "alps/beach,a lake,0,2\n"
        "snow,a cable car,1,4.2\n",
        encoding="utf-8",
    )
    report = extract(films, clip, captions=captions)
    assert report.queries == 4
    with open_features(report.path) as data:
        snow = ["alps/snow.webm#0", "alps/snow.webm#1"]
        assert data.query_id == ["alps/beach.MP4#0", *snow, "beach.mp4#0"]
        assert data.query_text == ["a lake", "it snows", "a cable car", "Waves, and a dog"]
        np.testing.assert_allclose(data.moment, [[0, 2], [np.nan] * 2, [1, 4.2], [1, 3.5]])
        encoder = text_encoder(data, device="cpu")
        for row, sentence in enumerate(data.query_text):
            np.testing.assert_allclose(data.words(row), encoder.words(sentence), atol=3e-4)


def test_captions_of_skipped_files_are_counted(films: Path, clip: Path) -> None:
    (films / "empty.mp4").touch()
    captions = films / "captions.tsv"
    captions.write_text("empty\tnothing\nbeach.mp4\twaves\n", encoding="utf-8")
    report = extract(films, clip, captions=captions)
    assert (report.queries, report.dropped) == (1, 1)
    assert "left out 1 captions of skipped files" in report.lines()


def test_a_caption_that_leaves_its_film_names_its_line(films: Path, clip: Path) -> None:
    captions = films / "captions.tsv"
    captions.write_text("snow\ta\t0\t4\nsnow\tb\t2\t44\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"captions\.tsv, line 2: .* 44 s, but the video ends at 3\.9 s"
    ):
        extract(films, clip, captions=captions)


def test_a_file_of_ones_own_captions_trains_a_model(films: Path, clip: Path) -> None:
    captions = films / "captions.tsv"
    captions.write_text("alps/beach\ta lake\nsnow\tsnow\nbeach.mp4\twaves\n", encoding="utf-8")
    split = {"alps/beach.MP4": "train", "alps/snow.webm": "train", "beach.mp4": "val"}
    report = extract(films, clip, captions=captions, split=split, fps=4)
    with open_features(report.path) as data:
        config = {"hidden_dim": 12, "num_heads": 3}
        from prvr_lite.config import ModelConfig

        model = build_model("mssl++", ModelConfig(data.visual_dim, data.query_dim, **config))
        history = fit(model, data, TrainConfig(epochs=2, device="cpu"), progress=False)
    assert len(history.rows) == 2
    assert np.isfinite(history.rows[-1]["loss"])


def test_nothing_to_extract_says_so(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        extract(tmp_path / "nowhere", clip)
    (tmp_path / "films").mkdir()
    with pytest.raises(ValueError, match=r"holds no video files; looked for \.mp4"):
        extract(tmp_path / "films", clip)
    (tmp_path / "films" / "empty.mp4").touch()
    with pytest.raises(ValueError, match=r"none of 1 files gave frames; .*empty\.mp4: is empty"):
        extract(tmp_path / "films", clip)
    for options in ({"fps": 0}, {"max_minutes": 0}, {"fps": float("nan")}):
        with pytest.raises(ValueError, match="above 0"):
            extract(tmp_path / "films", clip, **options)


def test_splits_are_one_for_all_drawn_or_given() -> None:
    ids = [f"film{i}" for i in range(2000)]
    drawn = [split_of(video, (80, 10, 10)) for video in ids]
    shares = [drawn.count(split) / len(ids) for split in ("train", "val", "test")]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.03)
    assert {split_of(video, (0, 0, 1)) for video in ids} == {"test"}
    assert split_of("a", "val") == "val"
    assert split_of("a", {"a": "train"}) == "train"
    wrong: list[Any] = ["all", {"b": "test"}, (1, 2), (0, 0, 0), (1, -1, 1)]
    for split in wrong:
        with pytest.raises(ValueError, match=r"split"):
            split_of("a", split)


def test_the_command(films: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (films / "empty.mp4").touch()
    out = films.parent / "made" / "own.h5"
    command = ["extract", str(films), "--out", str(out), "--model", str(clip), "--split", "1,0,1"]
    assert cli.main(command) == 0
    said = capsys.readouterr()
    assert said.out == f"{out}: 3 videos (3 new, 0 from before), 0 captions\n"
    assert f"skipped {films / 'empty.mp4'}: is empty" in said.err.splitlines()
    with open_features(out) as data:
        assert len(data.videos_in("train")) + len(data.videos_in("test")) == 3
    with pytest.raises(SystemExit):
        cli.main([*command[:-1], "80,ten,10"])
    assert "argument --split: '80,ten,10'" in capsys.readouterr().err


def test_the_benchmark_measures_both_steps(tmp_path: Path) -> None:
    assert extraction.main(["--quick", "--out", str(tmp_path)]) == 0
    with (tmp_path / "extraction.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["decode tiny", "CLIP tiny"]
    assert all(float(row["seconds"]) > 0 for row in rows)


def test_two_extractions_do_not_share_a_file(tmp_path: Path, films: Path) -> None:
    out = tmp_path / "films.h5"
    with held(out), pytest.raises(BusyError, match=r"films.h5: process .* has been working on it"):
        extract_features(films, out, model=tmp_path, progress=False)
    assert not out.exists()
