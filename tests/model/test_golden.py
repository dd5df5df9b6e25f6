"""Parity: every number recorded from the authors' released code, case by case."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from golden_cases import CASES, Golden, close

from prvr_lite.config import TrainConfig
from prvr_lite.data.batches import normalise, pool_features
from prvr_lite.model.clips import length_code
from prvr_lite.model.clustering import cluster_clips, kmedoids
from prvr_lite.paper.checkpoint import translate
from prvr_lite.training.losses import MSSLppLoss


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.param)


def test_there_are_cases() -> None:
    assert len(CASES) == 4


def test_pooled_inputs(golden: Golden) -> None:
    units = [normalise(pool_features(raw, golden.attrs["map_size"])) for raw in golden.raw]
    frames = [normalise(pool_features(raw, golden.attrs["max_ctx_l"])) for raw in golden.raw]
    close(torch.tensor(np.stack(units)), golden.inputs["clip_input"], 1e-6)
    close(torch.tensor(np.stack(frames)), golden.inputs["frame_input"], 1e-6)


def test_encodings(golden: Golden) -> None:
    model, batch = golden.model().eval(), golden.batch()
    with torch.no_grad():
        videos = model.encode_videos(batch.unit_input, batch.frame_input, batch.frame_mask)
        close(videos.frames, golden.out["encoded_frames"])
        close(videos.clips, golden.out["clips"])
        close(model.encode_queries(batch.word_input, batch.word_mask), golden.out["query"])
        if "all_clips" in golden.out:
            close(model.all_clips(batch.unit_input), golden.out["all_clips"])


def test_kmedoids(golden: Golden) -> None:
    """Of the recorded clips, to the last tie."""
    if "medoid_index" not in golden.out:
        pytest.skip("this case keeps all clips")
    config = golden.model().config
    points = golden.out["all_clips"]
    if config.length_aware:
        code = length_code(config.num_units).expand(len(points), -1, -1)
        points = torch.cat([points, code], dim=-1)
    medoids, assignment = kmedoids(points, config.num_clusters)
    assert torch.equal(medoids, golden.out["medoid_index"])
    assert torch.equal(assignment, golden.out["cluster_assignment"])


def test_cluster_clips(golden: Golden) -> None:
    """Of units encoded here; without a length code the ties are many and the last bit decides."""
    model = golden.model().eval()
    if not model.config.length_aware or model.config.num_clusters is None:
        pytest.skip("no clustering, or one decided by rounding noise")
    units = model.unit_encoder(golden.inputs["clip_input"])
    medoids, assignment = cluster_clips(units, model.config.num_clusters)
    assert torch.equal(medoids, golden.out["medoid_index"])
    assert torch.equal(assignment, golden.out["cluster_assignment"])


def test_scores(golden: Golden) -> None:
    model, batch = golden.model().eval(), golden.batch()
    with torch.no_grad():
        videos = model.encode_videos(batch.unit_input, batch.frame_input, batch.frame_mask)
        similarity = model.similarity(
            model.encode_queries(batch.word_input, batch.word_mask), videos
        )
    close(similarity.clip, golden.out["clip_scale_score"])
    close(similarity.frame, golden.out["frame_scale_score"])
    close(similarity.fused(0.7), golden.out["fused_score_alpha_0_7"])
    assert torch.equal(similarity.key_clip, golden.out["key_clip_index"])


def test_losses_and_gradients(golden: Golden) -> None:
    model, batch = golden.model().train(), golden.batch()  # recorded without dropout
    config = TrainConfig(
        margin=float(golden.attrs["margin"]), hard_pool=int(golden.attrs["hard_pool_size"])
    )
    terms = MSSLppLoss(config)(
        model(*batch), batch.query_video, hard=bool(golden.attrs["use_hard_negative"])
    )
    assert terms.clip_triplet.item() == pytest.approx(golden.loss["clip_trip_loss"], abs=1e-5)
    assert terms.clip_nce.item() == pytest.approx(golden.loss["clip_nce_loss"], abs=1e-5)
    assert terms.frame_triplet.item() == pytest.approx(golden.loss["frame_trip_loss"], abs=1e-5)
    assert terms.frame_nce.item() == pytest.approx(golden.loss["frame_nce_loss"], abs=1e-5)
    assert terms.total.item() == pytest.approx(golden.loss["loss_overall"], abs=1e-5)
    terms.total.backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    assert {translate(name) for name in golden.grad} == set(grads)
    for name, theirs in golden.grad.items():
        ours = grads[translate(name)]
        # key biases move every attention score alike: their true gradient is 0, so what is recorded
        # is rounding noise, held to the size of the other gradients
        scale = max(float(theirs.norm()), 1e-4 * max(float(g.norm()) for g in golden.grad.values()))
        assert float((ours - theirs).norm()) <= 1e-4 * scale, name
