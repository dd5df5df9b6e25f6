"""GMMFormer's losses: what the golden cases can't show."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from toy import QUICK, SMALL

from prvr_lite.data.dataset import Dataset
from prvr_lite.model.gmmformer import GMMFormerScores
from prvr_lite.model.registry import build_model
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.fit import History, fit
from prvr_lite.training.losses import MSSLppLoss
from prvr_lite.training.query_diverse import (
    GMMFormerLoss,
    GMMFormerTrainConfig,
    loss_of,
    query_diversity,
)


def by_loop(queries: torch.Tensor, owner: list[int], margin: float, scale: float) -> list[float]:
    each = []
    for i, query in enumerate(queries):
        total = torch.tensor(1.0, dtype=torch.float64)
        for j, other in enumerate(queries):
            if i != j and owner[i] == owner[j]:
                cosine = torch.cosine_similarity(query.double(), other.double(), dim=0)
                total += torch.exp(scale * (cosine + margin))
        each.append(float(total.log()))
    return each


@pytest.mark.parametrize("owner", [[0], [0, 1, 2], [1, 0, 1, 1, 0, 2], [0, 0]])
def test_diversity_by_plain_loops(owner: list[int]) -> None:
    """The queries of a video may stand apart; one that is alone adds 0, but counts."""
    queries = torch.randn(len(owner), 5, generator=torch.Generator().manual_seed(1))
    found = query_diversity(queries, torch.tensor(owner), margin=0.2, scale=8.0)
    assert found.tolist() == pytest.approx(by_loop(queries, owner, 0.2, 8.0), abs=1e-5)


def test_diversity_is_finite_in_every_precision() -> None:
    """Two equal queries at a scale whose exponential is too large for a float."""
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        queries = torch.ones(2, 4, dtype=kind, requires_grad=True)
        found = query_diversity(queries, torch.tensor([0, 0]), margin=0.2, scale=500.0)
        assert found.tolist() == pytest.approx([600.0, 600.0], rel=1e-5)
        found.sum().backward()
        assert bool(queries.grad.isfinite().all())
    with torch.autocast("cpu", torch.bfloat16):
        queries = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
        found = query_diversity(queries, torch.zeros(6).long(), margin=0.2, scale=32.0)
    assert found.tolist() == pytest.approx(by_loop(queries, [0] * 6, 0.2, 32.0), abs=1e-3)


def scores(queries: int, videos: int, seed: int = 0) -> GMMFormerScores:
    g = torch.Generator().manual_seed(seed)
    tables = [torch.rand(queries, videos, generator=g) for _ in range(4)]
    return GMMFormerScores(*tables, query=torch.randn(queries, 3, generator=g))


def test_both_scales_are_ranked_alike() -> None:
    """Exchanging the tables and the weights of both scales exchanges the terms."""
    first, owner = scores(5, 3), torch.tensor([2, 0, 1, 1, 0])
    config = GMMFormerTrainConfig(
        hard_pool=1, clip_triplet_weight=2.0, clip_nce_weight=3.0, frame_nce_weight=5.0
    )
    exchanged = replace(
        config,
        clip_triplet_weight=1.0,
        frame_triplet_weight=2.0,
        clip_nce_weight=5.0,
        frame_nce_weight=3.0,
    )
    second = GMMFormerScores(
        first.frame_cosine, first.frame_dot, first.clip_cosine, first.clip_dot, first.query
    )
    ours = GMMFormerLoss(config)(first, owner, hard=True).named()
    theirs = GMMFormerLoss(exchanged)(second, owner, hard=True).named()
    for name, term in ours.items():
        other = name.replace("clip", "?").replace("frame", "clip").replace("?", "frame")
        assert float(term) == pytest.approx(float(theirs[other]))
    assert float(GMMFormerLoss(config)(first, owner, hard=True).total) == pytest.approx(
        sum(map(float, ours.values()))
    )


def test_a_plain_config_has_the_released_settings() -> None:
    model = build_model("gmmformer", SMALL)
    loss = loss_of(model, replace(QUICK, margin=0.7))
    assert loss.config == GMMFormerTrainConfig(**asdict(replace(QUICK, margin=0.7)))
    assert (loss.config.diverse_weight, loss.config.margin) == (0.015, 0.7)
    assert type(loss_of(build_model("mssl++", SMALL), QUICK)) is MSSLppLoss


def test_a_video_without_a_query_is_named() -> None:
    with pytest.raises(ValueError, match=r"videos \[1\] of this batch have no query"):
        GMMFormerLoss(GMMFormerTrainConfig())(scores(2, 3), torch.tensor([0, 2]), hard=False)


def test_training_goes_on_from_its_checkpoint(toy: Dataset, tmp_path: Path) -> None:
    """Interrupted after an epoch, it ends with the same weights; other settings are another run."""
    name = "gmmformer-batch-windows"
    config = GMMFormerTrainConfig(**{**asdict(QUICK), "epochs": 2, "diverse_weight": 0.1})
    whole, half = build_model(name, SMALL), build_model(name, SMALL)
    fit(whole, toy, config, progress=False)
    path = tmp_path / "half.pt"

    def stop(history: History) -> None:
        if len(history.rows) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(half, toy, config, checkpoint=path, progress=False, watch=stop)
    again = build_model(name, SMALL)
    with pytest.raises(ValueError, match=r"diverse_weight=0\.1 instead of 0\.2"):
        fit(again, toy, replace(config, diverse_weight=0.2), checkpoint=path, progress=False)
    fit(again, toy, config, checkpoint=path, progress=False)
    restored = load_checkpoint(path, device="cpu")
    assert type(restored) is type(whole)
    for model in (again, restored):
        for key, weight in whole.state_dict().items():
            torch.testing.assert_close(model.state_dict()[key], weight, msg=key)
