"""The feature file: what is written is read back."""

from __future__ import annotations

import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from feature_tables import full_table, ragged_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prvr_lite.data.columns import FeatureFileError, Projection
from prvr_lite.data.dataset import open_features, read_rows
from prvr_lite.data.table import write_features


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.h5"
    write_features(file, full_table())
    return file


def test_videos_that_nobody_captioned_are_a_data_set(tmp_path: Path) -> None:
    write_features(tmp_path / "bare.h5", ragged_table([2, 3], []))
    with open_features(tmp_path / "bare.h5") as data:
        data.check()
        assert (len(data.query_id), len(data.video_id), data.query_dim) == (0, 2, 2)
        assert len(data.queries_in("train")) == 0
        assert data.moment.shape == (0, 2)
        assert data.frames(1).shape == (3, 3)


@pytest.mark.parametrize("precision", ["f2", "f4"])
def test_everything_written_is_read_back(tmp_path: Path, precision: str) -> None:
    table = full_table(precision)
    write_features(tmp_path / "tiny.h5", table)
    with open_features(tmp_path / "tiny.h5") as data:
        held = {"frame", "word", "thumbnail", "projection", "splits"}
        for name in (field.name for field in fields(table) if field.name not in held):
            np.testing.assert_array_equal(getattr(data, name), getattr(table, name), name)
        assert data.splits.keys() == table.splits.keys()
        for split, rows in table.splits.items():
            np.testing.assert_array_equal(data.videos_in(split), rows)
        assert (data.visual_dim, data.query_dim) == (3, 2)
        assert data.projection is not None
        assert table.projection is not None
        for part in fields(Projection):
            written = getattr(table.projection, part.name)
            np.testing.assert_array_equal(getattr(data.projection, part.name), written)
        data.check()
        frame = np.concatenate([data.frames(video) for video in range(4)])
        word = np.concatenate(data.words_of(range(5)))
        assert frame.dtype == word.dtype == np.float32
        np.testing.assert_array_equal(frame, table.frame)
        np.testing.assert_array_equal(word, table.word)
        pictures = [picture for video in range(4) for picture in data.thumbnails(video)]
        assert pictures == table.thumbnail
        np.testing.assert_array_equal(data.steps(1), [[2, 50], [50, 99]])
        assert data.steps(0).shape == (0, 2)
        assert data.queries_in("test").tolist() == [3, 4]
    with h5py.File(tmp_path / "tiny.h5") as file:
        assert file["frames/feature"].dtype == file["words/feature"].dtype == precision


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frames=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    words=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    data=st.data(),
)
def test_ragged_rows_come_back_in_the_order_asked_for(
    tmp_path: Path, frames: list[int], words: list[int], data: st.DataObject
) -> None:
    table = ragged_table(frames, words)
    write_features(tmp_path / "ragged.h5", table)
    videos = data.draw(st.lists(st.integers(0, len(frames) - 1), max_size=10))
    with open_features(tmp_path / "ragged.h5") as dataset:
        found = dataset.frames_of(videos)
        assert len(found) == len(videos)
        for video, feature in zip(videos, found, strict=True):
            start, stop = table.frame_offset[video], table.frame_offset[video + 1]
            np.testing.assert_array_equal(feature, table.frame[start:stop])
        for query in range(len(words)):
            start, stop = table.word_offset[query], table.word_offset[query + 1]
            np.testing.assert_array_equal(dataset.words(query), table.word[start:stop])


def test_the_same_table_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_features(tmp_path / "again.h5", full_table())
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    write_features(tmp_path / "plain.h5", ragged_table([2, 1], [1]))
    with open_features(tmp_path / "plain.h5") as data:
        assert (data.group, data.relevant, data.projection) == (None, None, None)
        assert (data.step_query, data.step_span) == (None, None)
        assert data.thumbnails(0) == [b"", b""]
        assert data.steps(0).shape == (0, 2)
        data.check()
        with pytest.raises(FeatureFileError, match=r"'splits/test'.*use one of: train"):
            data.queries_in("test")


def test_strings_of_any_length_that_another_program_wrote_are_read(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["queries/text"]
        file["queries/text"] = ["a", "", "熊", "d", "e"]
        file["queries/mood"] = [1, 2]  # an unknown column is let be
    with open_features(path) as data:
        assert data.query_text == ["a", "", "熊", "d", "e"]


def test_one_long_caption_does_not_blow_up_the_file(tmp_path: Path) -> None:
    table = ragged_table([1], [1] * 200)
    table.query_text = ["short"] * 199 + ["long " * 20_000]
    write_features(tmp_path / "long.h5", table)
    assert (tmp_path / "long.h5").stat().st_size < 400_000
    with open_features(tmp_path / "long.h5") as data:
        assert data.query_text == table.query_text


def test_a_pickled_data_set_opens_its_own_file(path: Path) -> None:
    with open_features(path) as data:
        expected = data.frames(3)
        copy = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(copy.frames(3), expected)
    copy.close()


def test_neighbours_are_read_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def counted(place: Path, column: h5py.Dataset, start: int, stop: int) -> NDArray[Any]:
        reads.append((start, stop))
        return read_rows(place, column, start, stop)

    with open_features(path) as data:
        monkeypatch.setattr("prvr_lite.data.dataset.read_rows", counted)
        data.frames_of([3, 0, 1, 0])
    assert reads == [(0, 5), (6, 10)]


def test_wrong_rows_and_a_closed_file_are_refused(path: Path) -> None:
    with open_features(path) as data:
        for rows in ([4], [-1]):
            with pytest.raises(IndexError, match=f"no video {rows[0]}: rows go from 0 to 3"):
                data.frames_of(rows)
        with pytest.raises(TypeError, match="list of integers"):
            data.words_of(np.array([True, False]))
        with pytest.raises(IndexError, match="no query 5"):
            data.steps(5)
        assert "4 videos, 5 queries" in repr(data)
    data.close()  # once more does no harm
    with pytest.raises(ValueError, match="closed"):
        data.frames(0)
