"""Append, merge, delete, compact: the index is then what one built from scratch would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_video_index import assert_same
from toy import SMALL, toy_table

from prvr_lite.collection import changes
from prvr_lite.collection.folder import IndexFolder
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.files import FileFormatError
from prvr_lite.model.registry import build_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search import vectors


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two batches of two videos fill a shard; three videos are copied at a time."""
    monkeypatch.setattr(vectors, "SHARD_BYTES", 2000)
    monkeypatch.setattr(changes, "COPIED", 3)


@pytest.fixture(params=["memory", "folder"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "films.index" if request.param == "folder" else None


def build(model: RetrievalModel, data: Dataset, split: str, folder: Path | None) -> VideoIndex:
    return VideoIndex.build(model, data, split, folder=folder, batch_videos=2)


def same(found: VideoIndex, ids: list[str], model: RetrievalModel, data: Dataset) -> None:
    """As an index of just these videos, in this order, whichever way it is asked."""
    rows = [data.video_id.index(video_id) for video_id in ids]
    with torch.inference_mode():
        videos = model.eval().encode_videos(*InputReader(data, model.config).videos(rows))
        words = InputReader(data, model.config).queries(range(9))
        queries = model.encode_queries(*words)
    expected = VideoIndex.from_encoding(model, videos, ids)
    for index in [found] + ([VideoIndex.load(found.folder.path)] if found.folder else []):
        assert index.video_ids == ids
        assert len(index) == len(ids)
        assert_same(index.score(*words), expected.score(*words))
        for a, b in zip(
            index.hits(index.rank(queries, 5)),
            expected.hits(expected.rank(queries, 5)),
            strict=True,
        ):
            assert [(h.video, h.video_id, h.key_clip) for h in a] == [
                (h.video, h.video_id, h.key_clip) for h in b
            ]


def films(*numbers: int) -> list[str]:
    return [f"film{number}" for number in numbers]


@pytest.mark.parametrize("name", ["mssl++", "frame-max", "mean-pool", "max-frames"])
def test_an_index_that_grew_and_shrank_is_as_if_built_anew(
    toy: Dataset, place: Path | None, name: str
) -> None:
    model = build_model(name, SMALL)
    index = build(model, toy, "train", place)
    same(index, films(*range(12)), model, toy)
    assert place is None or name == "mean-pool" or len(index.shards) > 2
    index.append(toy, "test", batch_videos=2)
    same(index, films(*range(12), *range(18, 24)), model, toy)
    index.delete(films(0, 19, 5, 6, 7))
    left = films(1, 2, 3, 4, 8, 9, 10, 11, 18, 20, 21, 22, 23)
    same(index, left, model, toy)
    index.append(toy, "val")
    same(index, [*left, *films(*range(12, 18))], model, toy)
    index.delete(films(1, 17))
    left = [*left[1:], *films(*range(12, 17))]
    same(index, left, model, toy)
    before = index.nbytes
    index.compact()
    same(index, left, model, toy)
    assert index.nbytes < before
    assert all(shard.live is None for shard in index.shards)


def test_a_deleted_video_may_come_back(toy: Dataset, place: Path | None) -> None:
    model = build_model("mssl++", SMALL)
    index = build(model, toy, "test", place)
    index.delete(films(18, 20, 22))
    single = VideoIndex.build(model, toy, "test")
    single.delete(films(18, 19, 21, 23))
    index.merge([single])
    same(index, films(19, 21, 23, 20, 22), model, toy)


def test_parts_encoded_apart_are_the_whole_when_merged(toy: Dataset, place: Path | None) -> None:
    """As several processes or machines would, each with one part in a folder of its own."""
    model = build_model("mssl++", SMALL)
    parts = [
        VideoIndex.build(model, toy, "train", part=(i, 3), folder=place and place.with_name(str(i)))
        for i in range(3)
    ]
    index, *others = parts
    index.merge(others)
    same(index, films(*range(12)), model, toy)


def test_ids_stay_unique_and_are_known(toy: Dataset, place: Path | None) -> None:
    model = build_model("mssl++", SMALL)
    index = build(model, toy, "test", place)
    with pytest.raises(ValueError, match="has a video 'film18' already: delete it first"):
        index.append(toy, "test")
    with pytest.raises(ValueError, match="has a video 'film18' already"):
        index.merge([VideoIndex.build(model, toy, "test")])
    with pytest.raises(ValueError, match="no video 'film1': nothing was deleted"):
        index.delete(films(18, 1))
    with pytest.raises(ValueError, match="all videos of the index"):
        index.delete(films(*range(18, 24)))
    other = VideoIndex.build(build_model("mssl++", SMALL, seed=1), toy, "train")
    with pytest.raises(ValueError, match="another model"):
        index.merge([other])
    with pytest.raises(ValueError, match="part 3 of 3"):
        VideoIndex.build(model, toy, "train", part=(3, 3))
    same(index, films(*range(18, 24)), model, toy)


class KilledError(BaseException):
    """As a signal: nothing catches it."""


@pytest.fixture
def kill_after(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Batches until the encoder is killed; None: never. The list is of the videos read."""
    read: list[int] = []
    left: list[int | None] = [None]
    videos = InputReader.videos

    def counted(self: InputReader, rows: Any) -> Any:
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
        read.extend(int(row) for row in rows)
        return videos(self, rows)

    monkeypatch.setattr(InputReader, "videos", counted)

    def arm(batches: int | None) -> list[int]:
        left[0] = batches
        read.clear()
        return read

    return arm


def test_a_killed_build_goes_on(toy: Dataset, tmp_path: Path, kill_after: Any) -> None:
    model, path = build_model("mssl++", SMALL), tmp_path / "films.index"
    kill_after(5)
    with pytest.raises(KilledError):
        build(model, toy, "train", path)
    with pytest.raises(FileFormatError, match="half built: run the same build again"):
        VideoIndex.load(path)
    read = kill_after(None)
    index = build(model, toy, "train", path)
    assert read == list(range(8, 12))  # two whole shards of four were there
    same(index, films(*range(12)), model, toy)
    names = {entry.name for entry in path.iterdir()}
    assert names == {"manifest.json", *IndexFolder.open(path).manifest.files}


@pytest.mark.parametrize("change", ["model", "data", "split"])
def test_a_build_of_something_else_does_not_go_on(
    toy: Dataset, tmp_path: Path, kill_after: Any, change: str
) -> None:
    path = tmp_path / "films.index"
    kill_after(5)
    with pytest.raises(KilledError):
        build(build_model("mssl++", SMALL), toy, "train", path)
    read = kill_after(None)
    model = build_model("mssl++", SMALL, seed=int(change == "model"))
    write_features(tmp_path / "other.h5", toy_table(seed=int(change == "data")))
    with open_features(tmp_path / "other.h5") as data:
        split = "test" if change == "split" else "train"
        index = build(model, data, split, path)
        assert read == data.videos_in(split).tolist()
        same(index, [data.video_id[v] for v in data.videos_in(split)], model, data)


def test_a_killed_append_or_rebuild_leaves_the_index_and_goes_on(
    toy: Dataset, tmp_path: Path, kill_after: Any
) -> None:
    model, path = build_model("mssl++", SMALL), tmp_path / "films.index"
    index = build(model, toy, "test", path)
    kill_after(3)
    with pytest.raises(KilledError):
        index.append(toy, "train", batch_videos=2)
    kill_after(None)
    opened = VideoIndex.load(path)
    same(opened, films(*range(18, 24)), model, toy)
    opened.delete(films(20))  # in between
    read = kill_after(None)
    opened.append(toy, "train", batch_videos=2)
    assert read == list(range(4, 12))
    same(opened, films(18, 19, 21, 22, 23, *range(12)), model, toy)
    kill_after(3)
    with pytest.raises(KilledError):
        build(build_model("mssl++", SMALL, seed=2), toy, "train", path)
    kill_after(None)
    same(VideoIndex.load(path), films(18, 19, 21, 22, 23, *range(12)), model, toy)


@pytest.mark.parametrize("update", ["append", "delete", "compact", "merge"])
def test_an_update_that_fails_leaves_the_index(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: str
) -> None:
    model, path = build_model("mssl++", SMALL), tmp_path / "films.index"
    index = build(model, toy, "train", path)
    index.delete(films(3))
    other = VideoIndex.build(model, toy, "test")
    work = {
        "append": lambda: index.append(toy, "test"),
        "delete": lambda: index.delete(films(4)),
        "compact": index.compact,
        "merge": lambda: index.merge([other]),
    }[update]
    left = films(0, 1, 2, *range(4, 12))

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("prvr_lite.collection.folder.os.replace", full_disk)
        with pytest.raises(OSError, match="no space left"):
            work()
    same(index, left, model, toy)
    work()
    same(VideoIndex.load(path), index.video_ids, model, toy)


def test_a_change_by_another_process_is_noticed(toy: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "films.index"
    mine = build(build_model("mssl++", SMALL), toy, "train", path)
    VideoIndex.load(path).delete(films(3))
    with pytest.raises(FileFormatError, match="another process changed this index"):
        mine.delete(films(4))
    assert VideoIndex.load(path).video_ids == films(0, 1, 2, *range(4, 12))


def test_rows_that_are_none_are_refused(toy: Dataset) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    for row in (-1, 6):
        with pytest.raises(IndexError, match="rows go from 0 to 5"):
            index.clip_index(row)
    assert np.array_equal(np.sort(index.clip_index(5)), index.clip_index(5))
