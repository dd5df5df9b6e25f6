"""Some videos of an open data set, written again: the same videos, queries, words and times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prvr_lite.course.lesson12.table_of import table_of
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


def test_what_is_written_again_is_what_was_read(sample: Dataset, tmp_path: Path) -> None:
    train, test = sample.videos_in("train"), sample.videos_in("test")
    videos = [int(test[3]), int(train[7]), int(train[2]), int(test[3])]  # in any order, one twice
    write_features(tmp_path / "some.h5", table_of(sample, videos))
    with open_features(tmp_path / "some.h5") as some:
        some.check()
        kept = sorted(set(videos))
        assert some.video_id == [sample.video_id[v] for v in kept]
        assert list(some.splits) == ["train", "test"]
        assert [some.video_id[v] for v in some.videos_in("test")] == [sample.video_id[test[3]]]
        for new, old in enumerate(kept):
            assert np.array_equal(some.frames(new), sample.frames(old))
            own = np.flatnonzero(sample.query_video == old)
            twins = np.flatnonzero(some.query_video == new)
            assert [some.query_id[q] for q in twins] == [sample.query_id[q] for q in own]
            assert np.array_equal(some.moment[twins], sample.moment[own])
            for twin, query in zip(twins.tolist(), own.tolist(), strict=True):
                assert np.array_equal(some.words(twin), sample.words(query))


def test_all_of_it(sample: Dataset) -> None:
    table = table_of(sample)
    assert table.video_id == sample.video_id
    assert np.array_equal(table.frame_offset, sample.frame_offset)
    assert np.array_equal(table.word_offset, sample.word_offset)
    assert np.array_equal(table.query_video, sample.query_video)


def test_videos_that_are_not_there(sample: Dataset) -> None:
    with pytest.raises(IndexError, match="index 700 is out of bounds for axis 0 with size 700"):
        table_of(sample, [700, 3])
    with pytest.raises(ValueError, match="at least one array"):
        table_of(sample, [])
