"""Search and evaluation: an index scores as the model does, however it is cut up, and on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy import QUERY, SMALL, toy_table

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.clips import multi_scale_clips
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import Similarity, VideoEncoding
from prvr_lite.model.registry import MODELS, TRAINABLE, build_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search import evaluation, searcher
from prvr_lite.search.evaluation import evaluate
from prvr_lite.search.metrics import retrieval_metrics
from prvr_lite.search.video_index import VideoIndex

NAMES = sorted(TRAINABLE)


def encode(
    model: RetrievalModel, dataset: Dataset, split: str = "test"
) -> tuple[VideoEncoding, torch.Tensor]:
    """All videos and all queries of a split at once."""
    reader, device = InputReader(dataset, model.config), model.device
    videos = [t.to(device) for t in reader.videos(dataset.videos_in(split))]
    queries = [t.to(device) for t in reader.queries(dataset.queries_in(split))]
    with torch.no_grad():
        return model.eval().encode_videos(*videos), model.encode_queries(*queries)


def words_of(dataset: Dataset, split: str = "test") -> tuple[torch.Tensor, torch.Tensor]:
    return InputReader(dataset, SMALL).queries(dataset.queries_in(split))


def assert_same(found: Similarity, expected: Similarity) -> None:
    torch.testing.assert_close(found.clip.cpu(), expected.clip.cpu(), atol=1e-6, rtol=0)
    assert torch.equal(found.key_clip.cpu(), expected.key_clip.cpu())
    assert (found.frame is None) == (expected.frame is None)
    if found.frame is not None and expected.frame is not None:
        torch.testing.assert_close(found.frame.cpu(), expected.frame.cpu(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("block", [3, 256])
@pytest.mark.parametrize("name", NAMES)
def test_an_index_scores_as_the_model_does(
    toy: Dataset, name: str, block: int, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoded two at a time or all at once; scored in blocks of three or all at once."""
    monkeypatch.setattr(searcher, "BLOCK", block)
    model = build_model(name, SMALL).to(device)
    videos, queries = encode(model, toy, "train")
    expected = model.similarity(queries, videos)
    assert expected.clip.shape == (24, 12)
    small = VideoIndex.build(model, toy, "train", batch_videos=2)
    large = VideoIndex.build(model, toy, "train", batch_videos=64)
    ready = VideoIndex.from_encoding(model, videos)
    for index in (small, large, ready):
        assert len(index) == 12
        assert_same(index.score(*words_of(toy, "train")), expected)
        assert_same(index.score_vectors(queries), expected)
    assert small.video_ids == large.video_ids == [f"film{v}" for v in range(12)]
    assert ready.video_ids == [str(v) for v in range(12)]


@pytest.mark.parametrize("alpha", [None, 0.0, 0.25, 1.0])
@pytest.mark.parametrize("name", ["mssl++", "mssl", "frame-max"])
def test_search(toy: Dataset, name: str, alpha: float | None, device: torch.device) -> None:
    model = build_model(name, replace(SMALL, alpha=0.6)).to(device)
    index = VideoIndex.build(model, toy, "train")
    similarity = index.score(*words_of(toy, "train"))
    fused = similarity.fused(0.6 if alpha is None else alpha).cpu()
    for row, query in enumerate(toy.queries_in("train")[:5]):
        hits = index.search(toy.words(query), k=99, alpha=alpha)
        assert [hit.rank for hit in hits] == list(range(1, 13))
        assert [hit.video for hit in hits] == fused[row].argsort(descending=True).tolist()
        assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        for hit in hits:
            assert hit.video_id == f"film{hit.video}"
            assert hit.score == pytest.approx(float(fused[row, hit.video]), abs=1e-6)
            assert hit.clip_score == pytest.approx(float(similarity.clip[row, hit.video]), abs=1e-6)
            if similarity.frame is not None:
                frame = float(similarity.frame[row, hit.video])
                assert hit.frame_score == pytest.approx(frame, abs=1e-6)
        best = index.search(toy.words(query), k=3, alpha=alpha)
        assert [hit.video for hit in best] == [hit.video for hit in hits[:3]]


def test_search_by_an_encoded_query(toy: Dataset, device: torch.device) -> None:
    """The same hits as by its words, of which the first four count."""
    model = build_model("mssl++", SMALL).to(device)
    index = VideoIndex.build(model, toy)
    _, vectors = encode(model, toy)
    for query, vector in zip(toy.queries_in("test"), vectors, strict=True):
        words = toy.words(query)
        expected = index.search(words)
        for asked in (vector, vector.tolist(), torch.from_numpy(words), words.astype("f8")):
            found = index.search(asked)
            assert [hit.video for hit in found] == [hit.video for hit in expected]
            for a, b in zip(found, expected, strict=True):
                assert a.score == pytest.approx(b.score, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_key_clip_is_a_row_among_all_clips(toy: Dataset, name: str) -> None:
    """The clip whose cosine with the query is the clip score; baselines and centroids have none.

    A unit is a clip of length 1.
    """
    model = build_model(name, SMALL).eval()
    index = VideoIndex.build(model, toy)
    _, vectors = encode(model, toy)
    hits = [hit for vector in vectors for hit in index.search(vector)]
    if not MODELS[name].has_clips:
        assert {hit.key_clip for hit in hits} == {-1}
        return
    units = InputReader(toy, SMALL).videos(toy.videos_in("test"))[0]
    with torch.no_grad():
        clips = unit_length(multi_scale_clips(model.encode_units(units)))
    for hit, query in zip(hits, vectors.repeat_interleave(6, 0), strict=True):
        assert hit.key_clip in index.clip_index(hit.video)
        cosine = torch.cosine_similarity(clips[hit.video, hit.key_clip], query, dim=0)
        assert hit.clip_score == pytest.approx(float(cosine), abs=1e-6)
    assert len({hit.key_clip for hit in hits}) > 3


def test_one_video_and_one_query(toy: Dataset) -> None:
    model = build_model("mssl++", SMALL)
    videos, queries = encode(model, toy)
    index = VideoIndex.from_encoding(model, videos[2:3], ["only"])
    words, mask = words_of(toy)
    assert_same(index.score(words[:1], mask[:1]), model.similarity(queries[:1], videos[2:3]))
    (hit,) = index.search(toy.words(toy.queries_in("test")[0]))
    assert (hit.rank, hit.video, hit.video_id) == (1, 0, "only")


def test_an_id_for_each_video(toy: Dataset) -> None:
    model = build_model("mssl++", SMALL)
    with pytest.raises(ValueError, match="2 ids for 6 encoded videos: give one each"):
        VideoIndex.from_encoding(model, encode(model, toy)[0], ["a", "b"])


def test_an_index_is_two_vectors_a_clip(toy: Dataset) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    assert index.nbytes == 2 * 6 * 5 * 12 * 4 + 6 * 5 * 8  # vectors, and rows of clips
    toy.close()
    assert len(index.search(np.ones((2, 5)))) == 6  # the file is needed no more


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    table = toy_table()
    table.splits["val"] = np.array([], int)
    write_features(tmp_path / "empty.h5", table)
    with open_features(tmp_path / "empty.h5") as dataset:
        model = build_model("mssl++", SMALL)
        with pytest.raises(ValueError, match=r"empty\.h5.*'val'"):
            evaluate(model, dataset, "val")
        with pytest.raises(ValueError, match=r"empty\.h5.*'val'"):
            VideoIndex.build(model, dataset, "val")


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_is_the_metrics_of_its_parts(
    toy: Dataset, name: str, device: torch.device
) -> None:
    model = build_model(name, replace(SMALL, alpha=0.4)).to(device)
    found = evaluate(model, toy, "train")
    videos, queries = encode(model, toy, "train")
    assert_same(found.similarity, model.similarity(queries, videos))
    assert found.similarity.clip.device.type == "cpu"
    right = np.repeat(np.arange(12), 2)
    assert (found.relevant == (right[:, None] == np.arange(12))).all()
    assert (found.queries.tolist(), found.videos.tolist()) == ([*range(24)], [*range(12)])
    assert found.clip == retrieval_metrics(found.similarity.clip, right)
    assert found.fused == retrieval_metrics(found.similarity.fused(0.4), right)
    if found.similarity.frame is None:
        assert found.frame is None
    else:
        assert found.frame == retrieval_metrics(found.similarity.frame, right)
        assert evaluate(model, toy, "train", alpha=1.0).fused == found.clip
        assert evaluate(model, toy, "train", alpha=0.0).fused == found.frame


@pytest.mark.parametrize("name", ["mssl++", "mean-pool"])
@pytest.mark.parametrize("queries", [1, 5, 23])
def test_queries_are_scored_some_at_a_time(
    toy: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, queries: int
) -> None:
    """Sorted by length for that; each score comes back to its own query."""
    model = build_model(name, SMALL)
    whole = evaluate(model, toy, "train")
    monkeypatch.setattr(evaluation, "QUERIES", queries)
    assert_same(evaluate(model, toy, "train").similarity, whole.similarity)


def test_a_reader_is_reused(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has pooled is not read again, and the numbers stay."""
    model, reader = build_model("mssl++", SMALL), InputReader(toy, SMALL)
    expected = evaluate(model, toy)
    assert evaluate(model, toy, reader=reader).fused == expected.fused
    read: list[Any] = []
    frames_of = toy.frames_of
    monkeypatch.setattr(toy, "frames_of", lambda rows: read.extend(rows) or frames_of(rows))
    again = evaluate(model, toy, reader=reader)
    assert_same(again.similarity, expected.similarity)
    assert read == []


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Dataset]:
    """Film 20 answers query 37, of film 18, too; film 3 is in another split."""
    table = toy_table()
    table.relevant = np.concatenate([table.relevant, [[37, 20], [37, 3]]])
    table.relevant = table.relevant[np.lexsort(table.relevant.T[::-1])]
    write_features(tmp_path / "several.h5", table)
    with open_features(tmp_path / "several.h5") as dataset:
        yield dataset


def test_several_videos_may_be_right(several: Dataset) -> None:
    model = build_model("mssl++", SMALL)
    one, more = (evaluate(model, several, several=flag) for flag in (False, True))
    expected = np.repeat(np.eye(6, dtype=bool), 2, axis=0)
    assert (one.relevant == expected).all()
    expected[1, 2] = True
    assert (more.relevant == expected).all()
    assert more.fused == retrieval_metrics(more.similarity.fused(0.7), expected)
    assert more.fused != one.fused


def test_what_can_not_be_evaluated(tmp_path: Path) -> None:
    table = toy_table()
    table.relevant = None
    table.query_video = np.where(table.query_video >= 18, 0, table.query_video)
    write_features(tmp_path / "poor.h5", table)
    with open_features(tmp_path / "poor.h5") as dataset:
        model = build_model("mssl++", SMALL)
        with pytest.raises(ValueError, match=r"poor\.h5.*no table.*several=False"):
            evaluate(model, dataset, "train", several=True)
        with pytest.raises(ValueError, match=r"poor\.h5: no query belongs to split 'test'"):
            evaluate(model, dataset)


def test_a_query_of_another_shape_is_refused(toy: Dataset) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    for wrong in (torch.zeros(3, 99), torch.zeros(0, QUERY), torch.zeros(99)):
        with pytest.raises(ValueError, match="give word features"):
            index.search(wrong)
    with pytest.raises(ValueError, match="k=0"):
        index.search(torch.zeros(1, QUERY), 0)
    with pytest.raises(ValueError, match=r"alpha=5"):
        index.search(torch.zeros(1, QUERY), alpha=5)
