"""Moments from encodings: times, suppression, the three readings, and search over a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor
from toy import SMALL, toy_table

from prvr_lite.data.batches import InputReader, pool_features, pooled_times
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.registry import build_model
from prvr_lite.moments import corpus, encoding, predict
from prvr_lite.moments.corpus import MomentIndex, choose_weight, search_moments
from prvr_lite.moments.encoding import (
    ClipEncoding,
    attended_clips,
    encode_clips,
    encode_split,
    peak_runs,
)
from prvr_lite.moments.moment_metrics import temporal_iou, vcmr_metrics
from prvr_lite.moments.predict import (
    SCORERS,
    clip_map,
    clip_overlap,
    frame_attention_clips,
    key_clips,
    non_maximum_suppression,
    predict_moments,
    rank_moments,
)

Array = NDArray[Any]


def small_model(device: Any = "cpu", name: str = "mssl++") -> Any:
    return build_model(name, SMALL, seed=3).to(device).eval()


# --- times


@given(st.integers(1, 40), st.integers(1, 12))
def test_a_row_covers_the_frames_it_averages(total: int, count: int) -> None:
    """Frame f as a one-hot feature: what is in a pooled row says which frames it averages."""
    pooled = pool_features(np.eye(total, dtype=np.float32), count)
    times = pooled_times([total], [3.0], count)[0] * total / 3
    for row, (start, end) in zip(pooled, times, strict=True):
        inside = np.flatnonzero(row)
        assert start == pytest.approx(inside[0])
        assert end == pytest.approx(inside[-1] + 1) or end == pytest.approx(total)
    assert times[-1, 1] == pytest.approx(total)


def test_videos_of_all_lengths_share_a_table() -> None:
    times = pooled_times([4, 2], [8.0, 1.0], [4, 2])
    assert times[0].tolist() == [[0, 2], [2, 4], [4, 6], [6, 8]]
    assert times[1, :2].tolist() == [[0, 0.5], [0.5, 1]]


def test_seconds_of_clips() -> None:
    times = torch.tensor([[[0.0, 1], [1, 2.5], [2.5, 4]], [[0, 2], [2, 4], [4, 6]]])
    clips = ClipEncoding(torch.zeros(2, 3, 1), *[torch.zeros(2, 6)] * 3, times)
    found = clips.seconds(torch.tensor([[0, 5, 4], [-1, 2, 3]]))  # 4: units 1 and 2; 5: all
    assert found[0].tolist() == [[0, 1], [0, 4], [1, 4]]
    assert found[1, 0].isnan().all()
    assert found[1, 1:].tolist() == [[4, 6], [0, 4]]
    other = clips.seconds(torch.tensor([[1, 1]]), torch.tensor([[1, 0]]))
    assert other.tolist() == [[[2, 4], [1, 2.5]]]


# --- suppression


def test_overlap_of_clips_is_their_iou() -> None:
    spans = clip_spans(5).numpy().astype(float)
    expected = temporal_iou(spans[:, None], spans)
    np.testing.assert_allclose(clip_overlap(5).numpy(), expected)


def loop_suppression(score: Array, near: Array, keep: int) -> list[int]:
    """One row, one candidate at a time, best first; among equals the lowest index."""
    chosen: list[int] = []
    for row in sorted(range(len(score)), key=lambda i: (-score[i], i)):
        if score[row] > -np.inf and not any(near[row, c] for c in chosen):
            chosen.append(row)
    return (chosen + [-1] * keep)[:keep]


@given(
    arrays(np.float32, (4, 21), elements=st.sampled_from([-np.inf, 0.0, 0.5, 1.0, 2.0])),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.integers(1, 24),
)
def test_suppression_is_that_of_a_plain_loop(score: Array, threshold: float, keep: int) -> None:
    near = clip_overlap(6) > threshold
    found = non_maximum_suppression(torch.from_numpy(score), near, keep)
    expected = [loop_suppression(row, near.numpy(), keep) for row in score]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("score", "near", "keep"),
    [
        (torch.zeros(3), torch.zeros(3, 3), 1),
        (torch.zeros(2, 3), torch.zeros(2, 2), 1),
        (torch.zeros(2, 3), torch.zeros(3, 3), 0),
    ],
)
def test_suppression_wants_fitting_shapes(score: Tensor, near: Tensor, keep: int) -> None:
    with pytest.raises(ValueError, match=r"score .*near .*keep=\d do not fit"):
        non_maximum_suppression(score, near.bool(), keep)


# --- the three readings


def test_the_clip_map_is_the_cosine_of_real_clips(toy: Dataset, device: torch.device) -> None:
    model, reader = small_model(device), InputReader(toy, SMALL)
    videos = toy.videos_in("test")
    clips, whole = encode_clips(model, reader, videos)
    queries = encode_split(model, toy, "test", reader=reader).queries[: len(videos)]
    with torch.no_grad():
        real = model.all_clips(reader.videos(videos)[0].to(device))  # [V, N, H]
    expected = torch.cosine_similarity(queries[:, None], real, dim=-1)
    torch.testing.assert_close(clip_map(queries, clips), expected, atol=1e-6, rtol=0)
    shared = torch.cosine_similarity(queries[:, None], real[:1], dim=-1)
    torch.testing.assert_close(clip_map(queries, clips[:1]), shared, atol=1e-6, rtol=0)
    similarity = model.similarity(queries, whole)  # S_c is the best medoid's
    best = key_clips(queries, clips).max(1)
    torch.testing.assert_close(best.values, similarity.clip.diagonal(), atol=1e-6, rtol=0)
    assert torch.equal(
        best.indices, clips.medoids.gather(1, similarity.key_clip.diagonal()[:, None])[:, 0]
    )


def test_runs_reach_down_to_half_the_height() -> None:
    score = torch.tensor([[[0.0, 6, 5, 10, 7, 4, 9, 99], [1, 1, 1, 1, 1, 1, 1, 99]]])
    mask = torch.arange(8)[None] < 7
    assert peak_runs(score, mask).tolist() == [[[1, 5], [0, 7]]]
    assert peak_runs(score, mask, share=0.65).tolist() == [[[3, 5], [0, 7]]]


@given(arrays(np.float32, (2, 3, 9), elements=st.integers(-5, 5)), st.integers(1, 9))
def test_runs_are_those_of_a_plain_loop(score: Array, length: int) -> None:
    mask = torch.arange(9) < torch.tensor([[length], [9]])
    found = peak_runs(torch.from_numpy(score), mask)
    for video, total in enumerate((length, 9)):
        for row, run in zip(score[video][:, :total], found[video].tolist(), strict=True):
            peak = int(row.argmax())
            start, end = peak, peak + 1
            while start > 0 and row[start - 1] >= (row.min() + row.max()) / 2:
                start -= 1
            while end < total and row[end] >= (row.min() + row.max()) / 2:
                end += 1
            assert run == [start, end]


def test_runs_become_the_nearest_clips() -> None:
    units = torch.from_numpy(pooled_times([8], [8.0], 4))  # 0-2, 2-4, 4-6, 6-8 s
    frames = torch.from_numpy(pooled_times([8], [8.0], 8))
    runs = torch.tensor([[[0, 8], [2, 4], [3, 6], [7, 8], [1, 2]]])
    rows = attended_clips(runs, frames, units)[0]
    spans = clip_spans(4)[rows]
    assert spans.tolist() == [[0, 4], [1, 2], [1, 3], [3, 4], [0, 1]]


def test_attended_clips_carry_the_best_score_of_their_medoids() -> None:
    one = torch.eye(3)[None]  # three units, each a direction of its own
    medoids, attended = torch.tensor([[0, 1, 2]]), torch.tensor([[5, 5, 4]])
    clips = ClipEncoding(one, torch.ones(1, 6), medoids, attended, torch.zeros(1, 3, 2))
    score = frame_attention_clips(torch.tensor([[0.6, 0.8, 0.0]]), clips)[0]
    assert score[5] == pytest.approx(0.8)
    assert score[4] == 0
    assert score[:4].tolist() == [-torch.inf] * 4


# --- predictions


def planted(folder: Path) -> Dataset:
    """Films of 12 frames and 6 s; the query is the very direction of frames 4 to 7."""
    table = toy_table(videos=6)
    rng = np.random.default_rng(5)
    things = np.linalg.qr(rng.standard_normal((7, 7)))[0][:, :5]
    frame = np.tile(-things[:, 0], (6, 12, 1))
    frame[:, 4:8] = things[:, 1]
    table.duration, table.frame_offset = np.full(6, 6, "f4"), np.arange(0, 73, 12)
    table.frame = frame.reshape(72, 7).astype("f4")
    table.moment = np.tile(np.array([2, 4], "f4"), (12, 1))
    table.splits = {"train": np.arange(0), "val": np.arange(3), "test": np.arange(3, 6)}
    write_features(folder / "planted.h5", table)
    return open_features(folder / "planted.h5")


def test_a_planted_moment_is_found(tmp_path: Path) -> None:
    """Each unit is 1 s; the encoders are replaced by what they would have to learn."""
    with planted(tmp_path) as dataset:
        model = small_model()
        weight = torch.zeros(12, 7)
        weight[:7] = torch.eye(7)
        for branch in (model.unit_encoder, model.frame_encoder):
            branch.forward = lambda x, mask=None: x @ weight.T
        thing = torch.from_numpy(dataset.frames(0)[5])
        model.encode_queries = lambda words, mask: (weight @ thing).expand(len(words), -1)
        model.key_map.weight.data = torch.eye(12)
        found = {m: predict_moments(model, dataset, "test", method=m) for m in SCORERS}
        again = rank_moments(encode_split(model, dataset, "test"), clip_map)
    for method in SCORERS:
        assert found[method].shape == (6, 5, 2)
    assert np.allclose(found["clip map"], again)
    first = found["clip map"][:, 0]  # clips 2-3, 3-4 and 2-4 s tie: all inside
    assert ((first >= 2) & (first <= 4)).all()
    assert (temporal_iou(found["key clip"][:, 0], [2, 4]) >= 1 / 3).all()  # no medoid need fit
    assert np.allclose(found["frame attention"][:, 0], [2, 4])


@pytest.mark.parametrize("name", ["mssl++", "mssl"])
def test_predictions_do_not_depend_on_batches(
    toy: Dataset, name: str, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_model(device, name)
    for method in SCORERS:
        whole = predict_moments(model, toy, "train", method=method, k=3)
        for module in (encoding, predict):
            monkeypatch.setattr(module, "BATCH_VIDEOS", 5)
        parts = predict_moments(model, toy, "train", method=method, k=3)
        monkeypatch.undo()
        kept = rank_moments(encode_split(model, toy, "train"), SCORERS[method], 3)
        np.testing.assert_allclose(whole, parts, atol=1e-5)
        np.testing.assert_allclose(whole, kept, atol=1e-5)


def test_videos_that_nobody_asks_for_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = toy_table()
    table.query_video[40:42], table.relevant = 21, None  # nobody asks for film 20, in test
    write_features(tmp_path / "toy.h5", table)
    monkeypatch.setattr(predict, "BATCH_VIDEOS", 1)
    with open_features(tmp_path / "toy.h5") as dataset:
        found = predict_moments(small_model(), dataset)
        kept = rank_moments(encode_split(small_model(), dataset, "test"), clip_map)
    np.testing.assert_allclose(found, kept, atol=1e-5)


def test_what_moments_cannot_be_found_from(toy: Dataset, tmp_path: Path) -> None:
    model = small_model()
    with pytest.raises(ValueError, match="no method 'guess': choose one of key clip, clip map"):
        predict_moments(model, toy, method="guess")
    with pytest.raises(ValueError, match="MeanPool has no clips to find moments by: use 'mssl"):
        predict_moments(build_model("mean-pool", SMALL), toy)
    with pytest.raises(ValueError, match="KMeansClips has no clips to find moments by: use 'mssl"):
        predict_moments(build_model("kmeans-clips", SMALL), toy)
    with pytest.raises(ValueError, match=r"MeanFrames has no key clip guided attention .* 'mssl"):
        predict_moments(build_model("mean-frames", SMALL), toy)
    table = toy_table()
    table.duration[20] = np.nan
    table.splits["val"] = table.splits["val"][:0]
    write_features(tmp_path / "unknown.h5", table)
    with open_features(tmp_path / "unknown.h5") as dataset:
        with pytest.raises(ValueError, match=r"duration of video 'film20' is unknown \(NaN\)"):
            predict_moments(model, dataset)
        with pytest.raises(
            ValueError, match="no query belongs to split 'val': there is nothing to find"
        ):
            predict_moments(model, dataset, "val")
        with pytest.raises(ValueError, match="split 'val' has no videos: nothing to search"):
            MomentIndex.build(model, dataset, "val")


# --- search


def loop_search(
    index: MomentIndex, queries: Tensor, scorer: Any, top: int, keep: int, weight: float
) -> tuple[Array, Array, Array]:
    """One query and one video at a time."""
    near = (clip_overlap(6) > corpus.CORPUS_NMS_THRESHOLD).numpy()
    columns: list[list[Any]] = [[], [], []]
    alpha = index.videos.model.config.alpha
    for query in queries:
        score = index.videos.score_vectors(query[None]).fused(alpha)[0].numpy()
        found = []
        for video in np.argsort(-score, kind="stable")[:top]:
            clips = index.clips[int(video) : int(video) + 1]
            of_clip = scorer(query[None], clips)[0].detach().numpy()
            for row in loop_suppression(of_clip, near, 10):
                if row >= 0:
                    span = clips.seconds(torch.tensor([[row]]))[0, 0].tolist()
                    found.append((weight * score[video] + of_clip[row], video, span))
        found.sort(key=lambda moment: -moment[0])
        found = (found + [(-np.inf, -1, [np.nan] * 2)] * keep)[:keep]
        for column, place in zip(columns, (1, 2, 0), strict=True):
            column.append([moment[place] for moment in found])
    return np.array(columns[0]), np.array(columns[1]), np.array(columns[2])


@pytest.mark.parametrize("method", list(SCORERS))
@pytest.mark.parametrize(("top", "keep"), [(6, 100), (6, 4), (2, 7), (1, 1)])
def test_search_is_that_of_a_plain_loop(
    toy: Dataset, method: str, top: int, keep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exhaustive with top = V = 6; queries searched 5 at a time, pairs scored 2 at a time."""
    monkeypatch.setattr(corpus, "QUERIES", 5)
    monkeypatch.setattr(corpus, "PAIRS", 2)
    model, scorer = small_model(), SCORERS[method]
    split, index = encode_split(model, toy, "test"), MomentIndex.build(model, toy, "test")
    assert len(index) == 6
    found = search_moments(index, split.queries, scorer, top=top, keep=keep, weight=0.5)
    video, span, score = loop_search(index, split.queries, scorer, top, keep, 0.5)
    np.testing.assert_allclose(found.score.numpy(), score, atol=1e-6)
    assert np.array_equal(found.video.numpy(), video)
    np.testing.assert_allclose(found.span.numpy(), span, atol=1e-5)


def test_search_never_scores_a_video_that_was_not_chosen(toy: Dataset) -> None:
    model = small_model()
    split, index = encode_split(model, toy, "test"), MomentIndex.build(model, toy, "test")
    pairs = 0

    def counting(queries: Tensor, videos: ClipEncoding) -> Tensor:
        nonlocal pairs
        pairs += len(queries)
        return clip_map(queries, videos)

    for top in (1, 2, 6):
        pairs = 0
        search_moments(index, split.queries, counting, top=top)
        assert pairs == top * len(split.queries)


def test_search_on_any_device(toy: Dataset, device: torch.device) -> None:
    model = small_model(device)
    split, index = encode_split(model, toy, "test"), MomentIndex.build(model, toy, "test")
    found = search_moments(index, split.queries, key_clips, top=3)
    assert found.video.device.type == device.type
    assert vcmr_metrics(found.video, found.span, split.own, split.moment)["R@100 IoU=0.3"] >= 0


@pytest.mark.parametrize("wrong", [{"top": 0}, {"top": 7}, {"keep": 0}, {"per_video": 0}])
def test_search_wants_sensible_counts(toy: Dataset, wrong: dict[str, int]) -> None:
    index = MomentIndex.build(small_model(), toy, "test")
    with pytest.raises(ValueError, match=r"top=\d+, keep=\d+, per_video=\d+: top must lie in 1..6"):
        search_moments(index, torch.zeros(1, 12), **wrong)


def test_the_chosen_weight_is_the_best_and_the_least(toy: Dataset) -> None:
    model = small_model()
    split, index = encode_split(model, toy, "test"), MomentIndex.build(model, toy, "test")
    recall = []
    for weight in (-100.0, 0.0, 100.0):
        found = search_moments(index, split.queries, top=6, weight=weight)
        metrics = vcmr_metrics(found.video, found.span, split.own, split.moment)
        recall.append(sum(metrics.values()))
    chosen = choose_weight(index, split, top=6, weights=(-100.0, 0.0, 100.0))
    assert chosen == (-100.0, 0.0, 100.0)[int(np.argmax(recall))]
    assert len(set(recall)) > 1
    assert choose_weight(index, split, top=6, weights=(1.0, 1.0 + 1e-9)) == 1.0
