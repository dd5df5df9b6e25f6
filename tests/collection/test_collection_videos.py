"""A collection: as an index of the same videos whatever became of it, and refusals in one line."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from collection_inputs import encoding, videos
from toy import SMALL, toy_dataset

from prvr_lite.collection import video_collection
from prvr_lite.collection.database import (
    ChangedError,
    CollectionError,
    DiskError,
    ExistsError,
    MissingError,
)
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import build_model
from prvr_lite.moments import clip_seconds
from prvr_lite.search.model_record import text_side
from prvr_lite.search.vectors import encode_rows, join_rows
from prvr_lite.search.video_index import VideoIndex, encoding_rows

pytest.importorskip("lancedb")

ODD = [
    "it's",
    'a "b"',
    "x'; DROP TABLE videos; --",
    "two\nlines",
    "\0",
    "\\",
    "",
    "é",
    "e\u0301",
    "🎬",
]


def create(folder: Path, name: str = "mssl++", seed: int = 0) -> VideoCollection:
    return VideoCollection.create(folder / "films", build_model(name, SMALL, seed=seed))


def names(*numbers: int) -> list[str]:
    return [f"film{number}" for number in numbers]


def same(films: VideoCollection, ids: list[str], data: Dataset, **how: Any) -> None:
    """Scores, key clips and seconds are those of an index of these videos."""
    reader, places = InputReader(data, SMALL), [data.video_id.index(v) for v in ids]
    index = VideoIndex(films.model, join_rows(list(encode_rows(films.model, reader, places))))
    queries = index.encode(*reader.queries(range(12)))
    assert len(films) == len(ids)
    expected = index.hits(index.rank(queries, 5))
    for hits, right in zip(films.rank(queries, 5, **how), expected, strict=True):
        assert [hit.video_id for hit in hits] == [hit.video_id for hit in right]
        for a, b in zip(hits, right, strict=True):
            assert (a.rank, a.key_clip, a.start, a.end) == (b.rank, b.key_clip, b.start, b.end)
            for part in ("score", "clip_score", "frame_score"):
                assert getattr(a, part) == pytest.approx(getattr(b, part), abs=1e-6)
            span = clip_seconds(data, a.video_id, a.key_clip, SMALL.num_units)
            assert (a.start, a.end) == (span or (None, None))


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("name", ["mssl++", "frame-max", "mean-pool", "max-frames", "gmmformer"])
def test_a_collection_that_grew_and_shrank_scores_as_an_index(
    toy: Dataset, tmp_path: Path, name: str, resident: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact and with all as candidates; read a few rows at a time; opened again."""
    monkeypatch.setattr(video_collection, "COMMIT", 4)
    monkeypatch.setattr(video_collection, "SCANNED", 2000)
    films = VideoCollection.create(tmp_path / "films", build_model(name, SMALL), text_side(toy))
    assert films.append(toy, "train", batch_videos=2) == 12
    films.resident = resident
    same(films, names(*range(12)), toy)
    films.build_candidates()
    films.append(toy, "test", batch_videos=4)
    left = names(*range(12), *range(18, 24))
    same(films, left, toy)
    same(films, left, toy, candidates=99)
    assert films.unindexed == 6
    films.delete(names(0, 19, 5))
    left = [video for video in left if video not in names(0, 19, 5)]
    same(films, left, toy, candidates=99)
    films.optimise()
    assert films.unindexed == 0
    opened = VideoCollection.open(tmp_path / "films", device="cpu", resident=resident)
    assert opened.video_ids == left
    for each in (films, opened):
        same(each, left, toy)
        same(each, left, toy, candidates=99)
    assert opened.check() == len(left)
    assert opened.text == films.text


def test_few_candidates_have_exact_scores(tmp_path: Path) -> None:
    """Rows that were appended after the index are among them at once."""
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(2000)]))
    films.build_candidates()
    films.append(videos([f"new{v}" for v in range(20)], seed=1))
    queries = torch.cat([encoding(20).clips[:, 3], encoding(20, seed=1).clips[:, 3]])
    exact = films.rank(queries, 2020, alpha=0.9)
    found = films.rank(queries, 10, alpha=0.9, candidates=50)
    for hits, right in zip(found, exact, strict=True):
        scores = {hit.video_id: hit.score for hit in right}
        assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        for hit in hits:
            assert hit.score == pytest.approx(scores[hit.video_id], abs=1e-6)
    new = films.rank(queries[20:], 1, alpha=1.0, candidates=50)
    assert [hits[0].video_id for hits in new] == [f"new{v}" for v in range(20)]
    films.optimise()
    assert films.unindexed == 0


@pytest.mark.parametrize("search", [{}, {"candidates": 30}])
def test_any_text_is_an_id(tmp_path: Path, search: dict[str, int]) -> None:
    films = create(tmp_path)
    ids = [*ODD, "x" * 100_000]
    films.append(videos(ids))
    films.build_candidates()
    queries = encoding(len(ids)).clips[:, 2]
    assert [hits[0].video_id for hits in films.rank(queries, 1, alpha=1.0, **search)] == ids
    for number, video_id in enumerate(ids, 1):
        with pytest.raises(ValueError, match="already"):
            films.append(videos([video_id]))
        assert films.delete([video_id]) == 1
        assert films.video_ids == ids[number:]
    assert films.rank(queries, 3) == [[] for _ in ids]


def test_equal_scores_come_in_the_order_of_ids(tmp_path: Path) -> None:
    films = create(tmp_path)
    for video_id in ("c", "a", "b"):
        films.append(videos([video_id]))
    films.build_candidates()
    query = encoding(1).clips[0, 0]
    for how in ({}, {"candidates": 9}):
        assert [hit.video_id for hit in films.search(query, 3, **how)] == ["a", "b", "c"]


def test_what_is_there_is_refused_or_passed_over(toy: Dataset, tmp_path: Path) -> None:
    films = create(tmp_path)
    films.append(toy, "test")
    with pytest.raises(ValueError, match=r"has a video 'film18' already \(6 of these 6\)"):
        films.append(toy, "test")
    with pytest.raises(ValueError, match="video 'b' is duplicated"):
        films.append(videos(["a", "b", "b"]))
    assert films.append(toy, "test", skip=True) == 0
    assert films.append(videos(["a", "film18", "b"]), skip=True) == 2
    with pytest.raises(ValueError, match="no video 'nobody': nothing was deleted"):
        films.delete(["film18", "nobody"])
    assert sorted(films.video_ids) == sorted([*names(*range(18, 24)), "a", "b"])


def test_vectors_of_another_model_are_refused(toy: Dataset, tmp_path: Path) -> None:
    films, other = create(tmp_path), create(tmp_path / "other", seed=1)
    other.append(toy, "test")
    with pytest.raises(ValueError, match=r"other.films: was made by another model"):
        films.append(other)
    with pytest.raises(ValueError, match="have 16 numbers per vector, the model has 12"):
        films.append(videos(["a"], dim=16))
    zero = encoding(2)
    zero.clips[1, 2] = 0
    with pytest.raises(ValueError, match="video 'b': clips hold a vector that is zero"):
        films.append(encoding_rows(zero, ["a", "b"]))
    assert len(films) == 0


def test_another_collection_is_appended_without_encoding(toy: Dataset, tmp_path: Path) -> None:
    films, other = create(tmp_path), create(tmp_path / "other")
    films.append(toy, "train")
    other.append(toy, "test")
    other.append(toy, "val")
    assert films.append(other) == 12
    same(films, names(*range(24)), toy)
    assert films.append(other, skip=True) == 0


def test_an_index_of_it(toy: Dataset, tmp_path: Path) -> None:
    films = create(tmp_path)
    with pytest.raises(ValueError, match="is empty: append videos first"):
        films.to_index()
    with pytest.raises(ValueError, match="is empty: append videos first"):
        films.build_candidates()
    assert films.search(torch.ones(12)) == []
    films.append(toy, "train")
    index = films.to_index()
    assert index.video_ids == names(*range(12))
    for query in toy.queries_in("train")[:5]:
        hits = index.search(toy.words(query), 5)
        assert [h.video_id for h in hits] == [h.video_id for h in films.search(toy.words(query), 5)]


def test_a_search_that_can_not_be(tmp_path: Path) -> None:
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(20)]))
    for query in (torch.zeros(12), torch.full((12,), float("nan"))):
        with pytest.raises(ValueError, match=r"zero|not finite"):
            films.search(query)
    with pytest.raises(ValueError, match="k=0"):
        films.search(torch.ones(12), 0)
    with pytest.raises(ValueError, match="alpha=5"):
        films.search(torch.ones(12), alpha=5)
    with pytest.raises(ValueError, match="has no candidates: call build_candidates"):
        films.search(torch.ones(12), candidates=10)
    films.build_candidates()
    with pytest.raises(ValueError, match="candidates=3 are fewer than k=10"):
        films.search(torch.ones(12), candidates=3)


def test_a_stale_handle_sees_every_change(tmp_path: Path) -> None:
    """Of other handles too: deletes, appends, candidates; a resident one reads again."""
    first = create(tmp_path)
    first.append(videos([str(v) for v in range(20)]))
    second = VideoCollection.open(tmp_path / "films", resident=True)
    query = encoding(20).clips[7, 0]
    assert second.search(query, 1, alpha=1.0)[0].video_id == "7"
    first.delete(["7"])
    assert second.search(query, 1, alpha=1.0)[0].video_id != "7"
    second.append(encoding_rows(encoding(20)[7:8], ["seven"]))
    assert first.search(query, 1, alpha=1.0)[0].video_id == "seven"
    assert first.delete(["seven", "8"]) == 2
    assert second.delete(["9"]) == 1
    assert len(first) == len(second) == 17


def test_a_search_begins_again_after_a_clean_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the files of the version that it reads are gone: once, by itself, with what is new."""
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(40)]))
    reader = VideoCollection.open(tmp_path / "films")
    scan, left = reader._table.scan, [1]

    def interrupted(*how: Any) -> Iterator[Any]:
        for number, batch in enumerate(scan(*how)):
            yield batch
            if number == 1 and left:
                left.pop()
                films.delete(["7"])
                films.append(encoding_rows(encoding(40)[7:8], ["seven"]))
                raise ChangedError("Not found: data.lance")

    monkeypatch.setattr(reader._table, "scan", interrupted)
    monkeypatch.setattr(video_collection, "SCANNED", 1 << 11)
    assert reader.search(encoding(40).clips[7, 0], 1, alpha=1.0)[0].video_id == "seven"
    assert not left


@pytest.mark.filterwarnings("ignore:optimize")
def test_an_open_reader_outlives_a_clean_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every version but the newest."""
    monkeypatch.setattr("prvr_lite.collection.database.KEPT", timedelta(microseconds=1))
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(40)]))
    reader = VideoCollection.open(tmp_path / "films")
    for start in range(0, 30, 10):
        films.delete([str(v) for v in range(start, start + 10)])
        films.optimise()
        assert len(reader.search(torch.ones(12), 40)) == 30 - start


def test_what_is_not_a_collection_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    (tmp_path / "file").write_bytes(b"cat")
    model = build_model("mssl++", SMALL)
    for path in (tmp_path / "photos", tmp_path / "file"):
        with pytest.raises(ExistsError, match="something else is there already"):
            VideoCollection.create(path, model)
        with pytest.raises(MissingError, match=f"{path.name}: there is no such collection"):
            VideoCollection.open(path)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"
    create(tmp_path)
    with pytest.raises(ExistsError, match="films: is there already: choose another name"):
        create(tmp_path)


def test_metadata_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """LanceDB constructs the class that the key ``embedding_functions`` names."""
    import lancedb

    films = create(tmp_path)
    schema = films._table.schema
    connection = lancedb.connect(tmp_path / "films")
    for metadata in (
        {**schema.metadata, b"embedding_functions": b"[]"},
        {**schema.metadata, b"format": b"prvr-lite collection 9"},
        {},
    ):
        connection.drop_table("videos")
        connection.create_table("videos", schema=schema.with_metadata(metadata))
        with pytest.raises(CollectionError, match="expected 'prvr-lite collection 1'"):
            VideoCollection.open(tmp_path / "films")


def test_a_flipped_bit_is_found_and_named(tmp_path: Path) -> None:
    films = create(tmp_path)
    films.append(videos([f"film {v}" for v in range(30)]))
    assert films.check() == 30
    (data,) = (tmp_path / "films" / "videos.lance" / "data").glob("*.lance")
    content = bytearray(data.read_bytes())
    vector = encoding(30).clips[17, 3].numpy().tobytes()
    content[content.index(vector) + 5] ^= 8
    data.write_bytes(content)
    with pytest.raises(CollectionError, match=r"1 of 30 videos are damaged \('film 17' first\)"):
        VideoCollection.open(tmp_path / "films").check()


@pytest.mark.parametrize("table", ["videos", "model"])
def test_missing_and_cut_files_are_one_line(tmp_path: Path, table: str) -> None:
    films = create(tmp_path)
    films.append(videos([f"film {v}" for v in range(30)]))
    (data,) = (tmp_path / "films" / f"{table}.lance" / "data").glob("*.lance")
    content = data.read_bytes()
    for change in (content[: len(content) // 2], b"", None):
        data.unlink() if change is None else data.write_bytes(change)
        with pytest.raises(CollectionError, match="films: ") as caught:
            VideoCollection.open(tmp_path / "films").check()
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    import os

    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    films = create(tmp_path)
    films.append(videos(list("abc")))
    folders = [path for path in (tmp_path / "films").rglob("*") if path.is_dir()]
    for path in folders:
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert len(films.rank(torch.ones(1, 12))[0]) == 3
        with pytest.raises(DiskError, match="may not write there"):
            films.delete(["a"])
    finally:
        for path in folders:
            path.chmod(stat.S_IRWXU)


def test_opening_is_quick(tmp_path: Path) -> None:
    import time

    create(tmp_path).append(videos([str(v) for v in range(300)]))
    start = time.perf_counter()
    VideoCollection.open(tmp_path / "films", device="cpu")
    assert time.perf_counter() - start < 1  # 0.04 s where nothing else runs


def test_durations_that_are_unknown(tmp_path: Path) -> None:
    with toy_dataset(tmp_path) as data:
        data.duration[3] = float("nan")
        films = create(tmp_path)
        films.append(data, "train")
        hits = films.search(data.words(0), 12)
    assert {hit.video_id for hit in hits if hit.start is None} == {"film3"}


def test_a_deleted_video_may_come_back(toy: Dataset, tmp_path: Path) -> None:
    films = create(tmp_path)
    films.append(toy, "train")
    films.delete(names(3, 5, 7))
    assert films.append(toy, "train", skip=True) == 3
    same(films, names(*range(12)), toy)
    assert films.video_ids[-3:] == names(3, 5, 7)


def test_candidates_without_those_deleted(tmp_path: Path) -> None:
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(40)]))
    films.build_candidates()
    query = encoding(40).clips[7, 0]
    assert films.search(query, 1, alpha=1.0, candidates=1)[0].video_id == "7"
    films.delete([str(v) for v in range(2, 40)])
    hits = films.search(query, 10, candidates=40)
    assert {hit.video_id for hit in hits} == {"0", "1"}


def test_damaged_candidates_harm_no_exact_search(tmp_path: Path) -> None:
    """They are named, and built again."""
    films = create(tmp_path)
    films.append(videos([str(v) for v in range(300)]))
    films.build_candidates()
    query = encoding(300).clips[7, 0]
    expected = films.search(query)
    for path in (tmp_path / "films" / "videos.lance" / "_indices").rglob("*.*"):
        path.write_bytes(b"x" * path.stat().st_size)
    opened = VideoCollection.open(tmp_path / "films")
    with pytest.raises(CollectionError, match="films: ") as caught:
        opened.search(query, candidates=20)
    assert "\n" not in str(caught.value)
    assert opened.search(query) == expected
    opened.build_candidates()
    assert VideoCollection.open(tmp_path / "films").search(query, candidates=300) == expected
