"""Baselines and variants against plain loops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_model import inputs
from toy import QUERY, SMALL, VISUAL

from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.clips import clip_spans, clip_windows, length_code, multi_scale_clips
from prvr_lite.model.registry import build_model
from prvr_lite.search.evaluation import evaluate
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.fit import fit

LENGTHS, WORDS, OWNER = [5, 8, 3], [2, 4, 1, 3], torch.tensor([0, 1, 1, 2])


def test_global_models_pool_the_real_frames() -> None:
    _, frames, mask, _, _ = inputs(LENGTHS, WORDS, 1)
    for name in ("mean-pool", "attention-pool", "transformer-pool"):
        model = build_model(name, SMALL).eval()
        videos = model.encode_videos(frames[:, :6], frames, mask)
        for v, length in enumerate(LENGTHS):
            encoded = videos.frames[v, :length]
            if name == "transformer-pool":
                seen = encoded + model.temporal(encoded[None])[0]  # type: ignore[operator]
                encoded = seen / seen.norm(dim=-1, keepdim=True)
            weight = torch.full((length,), 1 / length)
            if name == "attention-pool":
                weight = (encoded @ model.weight.weight[0]).softmax(0)  # type: ignore[union-attr]
            torch.testing.assert_close(videos.clips[v, 0], weight @ encoded)


def test_the_temporal_transformer_sees_order() -> None:
    model = build_model("transformer-pool", SMALL).eval()
    _, frames, mask, _, _ = inputs([8], [1], 1)
    there, back = (model.encode_videos(f, f, mask).clips for f in (frames, frames.flip(1)))
    assert not torch.allclose(there, back, atol=1e-4)


@pytest.mark.parametrize("length_aware", [True, False])
def test_kmeans_has_settled(length_aware: bool) -> None:
    """Each centroid is the mean of the clips that are nearest to it, in the clustered space."""
    model = build_model("kmeans-clips", replace(SMALL, length_aware=length_aware)).eval()
    units = torch.randn(3, 6, 12, generator=torch.Generator().manual_seed(3))
    centroids, index = model.select_clips(units)  # type: ignore[operator]
    assert (index == -1).all()
    share = model._members(units, clip_windows(6).float())  # type: ignore[operator]
    code = length_code(6) if length_aware else torch.zeros(21, 2)
    for clip, member, centroid in zip(multi_scale_clips(units), share, centroids, strict=True):
        points = torch.cat([clip, code], 1)  # [21, D]
        for k in range(5):
            torch.testing.assert_close(centroid[k], clip[member[k] > 0].mean(0))
        means = torch.stack([points[row > 0].mean(0) for row in member])
        for i, point in enumerate(points):
            nearest = (means - point).norm(dim=1)
            assert nearest[member[:, i].argmax()] <= nearest.min() + 1e-5


def test_random_clips_are_clips() -> None:
    """Fixed and the same for all videos in evaluation, drawn anew in training."""
    model = build_model("random-clips", SMALL)
    units = torch.randn(3, 6, 12)
    clips = multi_scale_clips(units)
    for mode in (True, False):
        kept, index = model.train(mode).select_clips(units)  # type: ignore[operator]
        again = model.select_clips(units)[1]  # type: ignore[operator]
        assert torch.equal(index, again) != mode
        for v in range(3):
            assert len(set(index[v].tolist())) == 5
            torch.testing.assert_close(kept[v], clips[v, index[v]])
        assert (index == index[0]).all() != mode
    other = build_model("random-clips", SMALL, seed=1)
    assert not torch.equal(model.kept, other.kept)  # type: ignore[arg-type]


def test_frames_without_a_guide() -> None:
    """S_f is the cosine with the mean frame, or the best cosine with any one frame, after W2."""
    batch = inputs(LENGTHS, WORDS, 5)
    for name in ("mean-frames", "max-frames"):
        model = build_model(name, SMALL).eval()
        videos = model.encode_videos(*batch[:3])
        queries = model.encode_queries(*batch[3:])
        found = model.similarity(queries, videos).frame
        training = model(*batch, OWNER).frame_cosine
        assert found is not None
        for v, length in enumerate(LENGTHS):
            frames = model.value_map(videos.frames[v, :length])  # type: ignore[operator]
            if name == "mean-frames":
                frames = frames.mean(0, keepdim=True)
            for q, query in enumerate(queries):
                best = torch.cosine_similarity(frames, query[None], dim=1).max()
                torch.testing.assert_close(found[q, v], best)
        torch.testing.assert_close(training, found[:, OWNER])


def test_own_key_clip_trains_on_what_a_search_scores() -> None:
    batch = inputs(LENGTHS, WORDS, 6)
    model = build_model("own-key-clip", SMALL).eval()
    searched = model.similarity(
        model.encode_queries(*batch[3:]), model.encode_videos(*batch[:3])
    ).frame
    assert searched is not None
    torch.testing.assert_close(model(*batch, OWNER).frame_cosine, searched[:, OWNER])
    released = build_model("mssl++", SMALL).eval()  # the same weights by the same seed
    theirs = released(*batch, OWNER).frame_cosine
    assert theirs is not None
    torch.testing.assert_close(theirs.diagonal(), searched[torch.arange(4), OWNER])
    assert not torch.allclose(theirs, searched[:, OWNER], atol=1e-5)


def test_zero_shot_is_the_best_clip_of_raw_features(tmp_path: Path) -> None:
    config = ModelConfig(visual_dim=7, query_dim=7, num_units=6, max_frames=8, num_clusters=None)
    model = build_model("zero-shot", config).eval()
    units, _, _, _, _ = inputs(LENGTHS, WORDS, 7)
    frames, mask = units, torch.ones(3, 6, dtype=torch.bool)
    words = torch.randn(2, 4, 7)
    word_mask = torch.tensor([[True, True, False, False], [True] * 4])
    videos = model.encode_videos(units, frames, mask)
    found = model.similarity(model.encode_queries(words, word_mask), videos)
    assert found.frame is None
    spans = clip_spans(6)
    for q, count in enumerate((2, 4)):
        query = words[q, :count].mean(0)
        for v in range(3):
            clips = torch.stack([units[v, a:b].mean(0) for a, b in spans])
            cosine = torch.cosine_similarity(clips, query[None], dim=1)
            torch.testing.assert_close(found.clip[q, v], cosine.max())
            assert found.key_clip[q, v] == cosine.argmax()
    path = tmp_path / "index.pt"
    VideoIndex.from_encoding(model, videos).save(path)
    hit = VideoIndex.load(path, device="cpu").search(words[1].mean(0))[0]
    assert hit.score == pytest.approx(float(found.clip[1].max()))


def test_zero_shot_needs_one_space(toy: Dataset) -> None:
    with pytest.raises(ValueError, match=f"visual features have {VISUAL} .* {QUERY}: zero-shot"):
        build_model("zero-shot", SMALL)
    shared = ModelConfig(visual_dim=7, query_dim=7)
    with pytest.raises(ValueError, match="query_dim=5"):
        evaluate(build_model("zero-shot", shared), toy)
    with pytest.raises(ValueError, match="nothing to train"):
        fit(build_model("zero-shot", shared), toy)
