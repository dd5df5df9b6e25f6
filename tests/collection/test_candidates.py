"""Candidates: FAISS names videos, the index scores them; nothing deleted comes, none is stale."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
import torch
from test_video_index import encode
from toy import SMALL, toy_dataset

from prvr_lite.collection import candidates, faiss_parts
from prvr_lite.collection.candidates import CandidateIndex
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import FileFormatError
from prvr_lite.model.registry import build_model
from prvr_lite.search import vectors
from prvr_lite.search.ranking import Ranking


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SHARD_BYTES", 2000)
    monkeypatch.setattr(candidates, "ADDED", 3)
    monkeypatch.setattr(faiss_parts, "ADDED", 2)


def same(found: Ranking, expected: Ranking) -> None:
    assert torch.equal(found.video, expected.video)
    assert torch.equal(found.key_clip, expected.key_clip)
    torch.testing.assert_close(found.score, expected.score, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.frame_score, expected.frame_score, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["mssl++", "mssl", "frame-max", "max-frames"])
def test_all_videos_as_candidates_are_an_exact_search(
    toy: Dataset, tmp_path: Path, name: str
) -> None:
    """In shards of different numbers of clips, and with padding, too."""
    pytest.importorskip("faiss")
    model = build_model(name, SMALL)
    index = VideoIndex.build(model, toy, "train", folder=tmp_path / "index", batch_videos=2)
    _, queries = encode(model, toy, "train")
    expected = index.rank(queries, 5)
    index.build_candidates("hnsw")
    same(index.rank(queries, 5, candidates=99), expected)
    loaded = VideoIndex.load(tmp_path / "index")
    same(loaded.rank(queries, 5, candidates=99), expected)
    assert loaded.candidates is not None
    assert index.candidates is not None
    assert loaded.candidates.nbytes == index.candidates.nbytes
    hits = loaded.search(queries[3], 5, candidates=99)
    assert [hit.video_id for hit in hits] == [h.video_id for h in index.search(queries[3], 5)]


@pytest.mark.parametrize("kind", ["hnsw", "ivfpq"])
def test_few_candidates_are_scored_exactly(tmp_path: Path, kind: str) -> None:
    """Whatever is found has the score of the exact search, and the best is mostly found."""
    pytest.importorskip("faiss")
    with toy_dataset(tmp_path, videos=440) as dataset:
        model = build_model("mssl++", SMALL)
        index = VideoIndex.build(model, dataset, "train")
        _, queries = encode(model, dataset, "train")
    exact = index.score_vectors(queries).fused(0.7)
    index.build_candidates(kind)
    found = index.rank(queries, 10, candidates=60)
    assert found.video.shape == (440, 10)
    torch.testing.assert_close(found.score, exact.gather(1, found.video), atol=1e-6, rtol=0)
    first = (found.video[:, 0] == exact.argmax(1)).float().mean()
    assert first > 0.9
    assert index.candidates is not None
    assert index.candidates.nbytes > 1000


def test_updates(toy: Dataset, tmp_path: Path) -> None:
    """Deleted videos never come, appended ones do, and a rewritten index wants new candidates."""
    pytest.importorskip("faiss")
    model, path = build_model("mssl++", SMALL), tmp_path / "index"
    index = VideoIndex.build(model, toy, "train", folder=path, batch_videos=2)
    _, queries = encode(model, toy, "train")
    index.build_candidates()
    index.delete(["film0", "film7", "film8"])
    same(index.rank(queries, 4, candidates=99), index.rank(queries, 4))
    index.append(toy, "test", batch_videos=2)
    for asked in (index, VideoIndex.load(path)):
        same(asked.rank(queries, 8, candidates=99), index.rank(queries, 8))
    index.compact()
    for asked in (index, VideoIndex.load(path)):
        with pytest.raises(ValueError, match="before the index was rewritten: build them anew"):
            asked.search(queries[0], candidates=99)
    index.build_candidates()
    same(index.rank(queries, 4, candidates=99), index.rank(queries, 4))
    assert len(list(path.glob("candidates-*"))) == 1


def test_fewer_hits_than_asked_for(toy: Dataset) -> None:
    """When all but one candidate were deleted."""
    pytest.importorskip("faiss")
    index = VideoIndex.build(build_model("mssl++", SMALL), toy, "test")
    index.build_candidates()
    index.delete([index.search(torch.ones(12), 1)[0].video_id])
    assert len(index.search(torch.ones(12), 3, candidates=6)) == 3
    index.delete(index.video_ids[1:])
    (hit,) = index.search(torch.ones(12), 3, candidates=6)
    assert (hit.rank, hit.video, hit.video_id) == (1, 0, index.video_ids[0])


def test_candidates_that_were_all_deleted(toy: Dataset) -> None:
    """One candidate, the nearest, which is gone: no hit, and no error."""
    pytest.importorskip("faiss")
    index = VideoIndex.build(build_model("mssl++", SMALL), toy, "test")
    index.build_candidates()
    query = index.shards[0].entry.clips[2, 0]
    assert index.search(query, 1, candidates=1)[0].video_id == "film20"
    index.delete(["film20"])
    assert index.search(query, 1, candidates=1) == []


def test_what_can_not_be_done_is_said(toy: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    path = tmp_path / "index"
    index = VideoIndex.build(build_model("mssl++", SMALL), toy, "test")
    index.save(path)
    with pytest.raises(ValueError, match=r"no candidates: call index\.build_candidates"):
        index.search(torch.ones(12), candidates=10)
    with pytest.raises(FileNotFoundError, match="has no candidates: prvr-lite index candidates"):
        VideoIndex.load(path).search(torch.ones(12), candidates=10)
    with pytest.raises(ValueError, match="candidates=3 are fewer than k=10"):
        index.search(torch.ones(12), candidates=3)
    with pytest.raises(ValueError, match=r"'ivfpq' .1024 at least.: use 'hnsw'"):
        index.build_candidates("ivfpq")
    with pytest.raises(ValueError, match="no 'lsh' candidates: choose one of hnsw, ivfpq"):
        index.build_candidates("lsh")


@pytest.mark.parametrize("pattern", ["candidates.json", "candidates-*.faiss"])
@pytest.mark.parametrize("damage", ["missing", "short", "noise"])
def test_damaged_candidates_are_named(
    toy: Dataset, tmp_path: Path, pattern: str, damage: str
) -> None:
    pytest.importorskip("faiss")
    path = tmp_path / "index"
    VideoIndex.build(build_model("mssl++", SMALL), toy, folder=path).build_candidates()
    (part,) = path.glob(pattern)
    content = part.read_bytes()
    changed = {"short": content[:-5], "noise": b"x" * len(content)}.get(damage)
    part.unlink() if changed is None else part.write_bytes(changed)
    index = VideoIndex.load(path)
    with pytest.raises((FileFormatError, FileNotFoundError), match=r"candidates.*build"):
        index.search(torch.ones(12), candidates=10)
    assert len(index.search(torch.ones(12))) == 6  # an exact search needs none


def test_without_faiss_the_extra_is_named(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    real = builtins.__import__

    def no_faiss(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_faiss)
    with pytest.raises(ModuleNotFoundError, match=r"FAISS: pip install 'prvr-lite\[scale\]'"):
        index.build_candidates()
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        CandidateIndex.load(".")
