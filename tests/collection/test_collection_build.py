"""A build appears whole, goes on where it was killed, and may be the work of several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy import SMALL, toy_table

from prvr_lite.collection import video_collection
from prvr_lite.collection.database import CollectionError, ExistsError
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.registry import build_model

pytest.importorskip("lancedb")


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

    def arm(batches: int | None) -> list[int]:
        left[0] = batches
        read.clear()
        return read

    monkeypatch.setattr(video_collection, "COMMIT", 4)
    monkeypatch.setattr(InputReader, "videos", counted)
    return arm


def films(*numbers: int) -> list[str]:
    return [f"film{number}" for number in numbers]


def test_a_killed_build_goes_on(toy: Dataset, tmp_path: Path, kill_after: Any) -> None:
    model, path = build_model("mssl++", SMALL), tmp_path / "films"
    kill_after(5)
    with pytest.raises(KilledError):
        VideoCollection.build(path, model, toy, "train", batch_videos=2)
    with pytest.raises(CollectionError, match=r"half built \(8 videos so far\): run the same"):
        VideoCollection.open(path)
    read = kill_after(None)
    assert VideoCollection.build(path, model, toy, "train", batch_videos=2) == {}
    assert read == list(range(8, 12))
    assert VideoCollection.open(path).video_ids == films(*range(12))
    VideoCollection.build(path, model, toy, "train")  # all is there: nothing to do
    assert read == list(range(8, 12))
    assert VideoCollection.open(path).check() == 12


@pytest.mark.parametrize("change", ["model", "data", "split"])
def test_a_build_of_something_else_is_refused(
    toy: Dataset, tmp_path: Path, kill_after: Any, change: str
) -> None:
    """Both where the first is unfinished and where it is done."""
    path = tmp_path / "films"
    kill_after(5)
    with pytest.raises(KilledError):
        VideoCollection.build(path, build_model("mssl++", SMALL), toy, "train", batch_videos=2)
    kill_after(None)
    model = build_model("mssl++", SMALL, seed=int(change == "model"))
    write_features(tmp_path / "other.h5", toy_table(seed=int(change == "data")))
    for _ in range(2):
        with open_features(tmp_path / "other.h5") as data:
            split = "test" if change == "split" else "train"
            with pytest.raises(ExistsError, match="an unfinished build of another model or of"):
                VideoCollection.build(path, model, data, split)
        VideoCollection.build(path, build_model("mssl++", SMALL), toy, "train")
    assert len(VideoCollection.open(path)) == 12


def test_several_processes_build_one_collection(
    toy: Dataset, tmp_path: Path, kill_after: Any
) -> None:
    """The last to end publishes it; one that was killed is known by the videos that it lacks."""
    model, path = build_model("mssl++", SMALL), tmp_path / "films"

    def process(rank: int) -> dict[int, int]:
        return VideoCollection.build(path, model, toy, "train", rank=rank, size=3, batch_videos=1)

    assert process(2) == {0: 4, 1: 4}
    kill_after(1)
    with pytest.raises(KilledError):
        process(1)
    kill_after(None)
    assert process(0) == {1: 4}
    with pytest.raises(CollectionError, match="half built"):
        VideoCollection.open(path)
    assert process(1) == {}
    assert sorted(VideoCollection.open(path).video_ids) == sorted(films(*range(12)))
    assert process(0) == {}  # it is published


def test_a_killed_append_goes_on(toy: Dataset, tmp_path: Path, kill_after: Any) -> None:
    """Each commit is whole; the rest is added by passing over what is there."""
    path = tmp_path / "films"
    VideoCollection.build(path, build_model("mssl++", SMALL), toy, "test")
    collection = VideoCollection.open(path)
    kill_after(3)
    with pytest.raises(KilledError):
        collection.append(toy, "train", batch_videos=2)
    kill_after(None)
    assert collection.video_ids == films(*range(18, 24), *range(4))
    collection.delete(films(20))  # in between
    with pytest.raises(ValueError, match=r"'film0' already \(4 of these 12\).*or skip"):
        collection.append(toy, "train")
    assert collection.append(toy, "train", batch_videos=2, skip=True) == 8
    assert collection.video_ids == films(18, 19, 21, 22, 23, *range(12))
    assert collection.check() == 17


def test_videos_deleted_later_do_not_come_back(toy: Dataset, tmp_path: Path) -> None:
    model, path = build_model("mssl++", SMALL), tmp_path / "films"
    VideoCollection.build(path, model, toy, "train")
    VideoCollection.open(path).delete(films(3))
    VideoCollection.build(path, model, toy, "train")
    assert len(VideoCollection.open(path)) == 11
