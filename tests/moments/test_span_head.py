"""The span head: what it sees, what it learns, and that it learns the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from toy import SMALL

from prvr_lite.data.batches import pooled_times
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.clips import clip_spans, multi_scale_clips
from prvr_lite.model.registry import build_model
from prvr_lite.moments.corpus import MomentIndex, search_moments
from prvr_lite.moments.encoding import ClipEncoding, EncodedSplit, encode_split
from prvr_lite.moments.moment_metrics import svmr_metrics
from prvr_lite.moments.predict import clip_overlap, predict_moments, rank_moments
from prvr_lite.moments.span_head import (
    SpanHead,
    SpanHeadConfig,
    clip_targets,
    fit_span_head,
    part_windows,
)

QUICK = SpanHeadConfig(epochs=12, batch_queries=32, learning_rates=(2e-2,))


def hidden_moments(
    queries: int, seed: int, device: Any = "cpu", *, told: bool = False, signal: float = 3
) -> EncodedSplit:
    """A video a query: units of noise, and in one clip the query's direction, turned.

    Cosines with the query say nothing, for it was turned by a fixed rotation that a head must
    learn. With ``told`` every query's one medoid, so its key clip, is its true clip.
    """
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((12, 12)))[0]
    query = rng.standard_normal((queries, 12))
    truth = rng.integers(0, 21, queries)
    spans = clip_spans(6).numpy()[truth]
    inside = (np.arange(6) >= spans[:, :1]) & (np.arange(6) < spans[:, 1:])  # [Q, n]
    units = (
        rng.standard_normal((queries, 6, 12)) + signal * inside[..., None] * (query @ turn)[:, None]
    )
    medoids = truth[:, None] if told else np.zeros((queries, 1), int)
    unit = torch.from_numpy(units).float().to(device)
    medoid = torch.from_numpy(medoids).to(device)
    times = torch.from_numpy(pooled_times([6] * queries, [6.0] * queries, 6)).float().to(device)
    clips = ClipEncoding(unit, multi_scale_clips(unit).norm(dim=-1), medoid, medoid, times)
    vector, moment = torch.from_numpy(query).float(), torch.from_numpy(spans).float()
    own = torch.arange(queries, device=device)
    return EncodedSplit(clips, vector.to(device), own, moment.to(device))


def miou(split: EncodedSplit, scorer: Any) -> float:
    return svmr_metrics(rank_moments(split, scorer), split.moment)["mIoU"]


def test_a_planted_signal_is_learned(device: torch.device) -> None:
    """On unseen queries, far better than before training and than without the true words."""
    train, val = (hidden_moments(q, s, device) for q, s in ((600, 0), (100, 1)))
    fit = fit_span_head(train, val, config=QUICK)
    unseen = hidden_moments(200, 2, device)
    found = miou(unseen, fit.head)
    torch.manual_seed(0)
    untrained = miou(unseen, SpanHead(12, 6, QUICK).to(device))
    wrong = replace(unseen, queries=unseen.queries.roll(1, 0))
    assert found > 60 > 45 > untrained
    assert miou(wrong, fit.head) < found - 15
    assert fit.seconds > 0
    assert fit.val[2e-2]["mIoU"] == pytest.approx(miou(val, fit.head))


def test_the_prior_is_used() -> None:
    """Where units are noise and the key clip is the answer, only a head that is told finds it."""
    train, val, unseen = (hidden_moments(200, seed, told=True, signal=0) for seed in range(3))
    config = replace(QUICK, epochs=8)
    with_prior, without = (
        fit_span_head(train, val, prior=prior, config=config).head for prior in (True, False)
    )
    assert miou(unseen, with_prior) > 90
    assert miou(unseen, without) < 50
    with_prior.prior.weight.data.zero_()
    assert miou(unseen, with_prior) < 50


def test_the_best_learning_rate_on_val_is_kept() -> None:
    train, val = hidden_moments(200, 0), hidden_moments(60, 1)
    config, lines = replace(QUICK, epochs=4, learning_rates=(1e-9, 2e-2)), list[str]()
    fit = fit_span_head(train, val, config=config, watch=lines.append)
    assert len(lines) == 8  # one for each epoch at each rate
    assert lines[4].startswith("span head: epoch 1 of 4, learning rate 0.02, loss ")
    assert fit.learning_rate == 2e-2
    assert fit.val[2e-2]["mIoU"] > fit.val[1e-9]["mIoU"]
    assert list(fit.val) == [1e-9, 2e-2]


def test_the_same_seed_gives_the_same_head(device: torch.device) -> None:
    train, val = hidden_moments(64, 0, device), hidden_moments(20, 1, device)
    config = replace(QUICK, epochs=2)
    torch.manual_seed(5)
    expected_random = torch.rand(1)
    torch.manual_seed(5)
    first = fit_span_head(train, val, config=config).head.state_dict()
    assert torch.equal(torch.rand(1), expected_random)  # the caller's generator is left alone
    again = fit_span_head(train, val, config=config).head.state_dict()
    other = fit_span_head(train, val, config=replace(config, seed=1)).head.state_dict()
    for name, weight in first.items():
        torch.testing.assert_close(weight, again[name], atol=1e-5, rtol=0)
        assert not torch.equal(weight, other[name])


def test_queries_of_unknown_moment_are_left_out() -> None:
    train, val = hidden_moments(40, 0), hidden_moments(20, 1)
    config = replace(QUICK, epochs=1)
    part = EncodedSplit(train.clips, train.queries[:30], train.own[:30], train.moment[:30])
    unknown = replace(train, moment=train.moment.clone())
    unknown.moment[30:] = torch.nan
    expected, found = (fit_span_head(t, val, config=config).head for t in (part, unknown))
    for name, weight in expected.state_dict().items():
        assert torch.equal(weight, found.state_dict()[name])
    nothing = replace(val, moment=torch.full_like(val.moment, torch.nan))
    with pytest.raises(ValueError, match="no query of val has a known moment: a span head can't"):
        fit_span_head(train, nothing)
    with pytest.raises(ValueError, match="no query of train has a known moment"):
        fit_span_head(nothing, val)


def test_targets_are_those_of_the_iou() -> None:
    """The softmax of each clip's IoU with the true moment, which here is a clip itself."""
    train = hidden_moments(30, 0)
    truth = [clip_spans(6).tolist().index(m) for m in train.moment.int().tolist()]
    expected = (clip_overlap(6)[truth] / 0.1).softmax(1).float()
    torch.testing.assert_close(clip_targets(train, 0.1).float(), expected, atol=1e-5, rtol=0)


def test_windows_see_inside_before_and_after() -> None:
    rows = dict(zip(map(tuple, clip_spans(5).tolist()), part_windows(5, 2), strict=True))
    third = 1 / 3
    assert rows[1, 4].tolist() == pytest.approx(
        [0, third, third, third, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    )
    assert rows[0, 5].tolist() == pytest.approx([0.2] * 5 + [0.0] * 10)
    assert rows[3, 4].tolist()[5:] == [0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("prior", [False, True])
def test_a_shared_video_scores_as_its_copies(prior: bool) -> None:
    split = hidden_moments(5, 0, told=True)
    torch.manual_seed(0)
    head = SpanHead(12, 6, QUICK, prior=prior)
    shared = head(split.queries, split.clips[2:3])
    copies = head(split.queries, split.clips[[2] * 5])
    torch.testing.assert_close(shared, copies, atol=1e-5, rtol=0)


def test_a_head_takes_every_place_of_a_scorer(toy: Dataset, device: torch.device) -> None:
    """On a frozen and an untrained model alike; the model's weights stay as they are."""
    model = build_model("mssl++", SMALL, seed=1).to(device)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    train, val, test = (encode_split(model, toy, split) for split in ("train", "val", "test"))
    fit = fit_span_head(train, val, prior=True, config=replace(QUICK, epochs=2))
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    spans = predict_moments(model, toy, "test", method=fit.head)
    np.testing.assert_allclose(spans, rank_moments(test, fit.head), atol=1e-5)
    index = MomentIndex.build(model, toy, "test")
    alone = search_moments(index, test.queries, fit.head, top=6, per_video=5, threshold=0.6, keep=1)
    best = rank_moments(test, fit.head, 1)[:, 0]
    own = (alone.video[:, 0] == test.own).cpu().numpy()
    assert own.any()
    np.testing.assert_allclose(alone.span[:, 0].cpu().numpy()[own], best[own], atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"channels": 0}, "channels=0 must lie in 1..inf"),
        ({"epochs": 0}, "epochs=0"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0 must lie in 0"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"learning_rates": ()}, "learning_rates is empty: give at least one"),
    ],
)
def test_impossible_configs_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpanHeadConfig(**wrong)
