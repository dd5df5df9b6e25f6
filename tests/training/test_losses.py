"""The losses against loops that spell out their definitions, one term at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from prvr_lite.config import TrainConfig
from prvr_lite.model.retrieval_model import TrainingScores
from prvr_lite.training.losses import (
    LossTerms,
    MSSLppLoss,
    info_nce_loss,
    sample_negatives,
    triplet_ranking_loss,
)

HARDEST = TrainConfig(hard_pool=1)  # no draw is left to chance
seeds = st.integers(0, 2**31)
owners = st.lists(st.integers(0, 3), min_size=1, max_size=7).map(
    lambda rows: [sorted(set(rows)).index(row) for row in rows]  # every video has a query
)


def some_scores(owner: list[int], seed: int) -> TrainingScores:
    g = torch.Generator().manual_seed(seed)
    q, v = len(owner), max(owner) + 1
    cosines = [torch.rand(q, width, generator=g) * 2 - 1 for width in (v, q)]
    dots = [3 * torch.randn(q, width, generator=g) for width in (v, q)]
    return TrainingScores(cosines[0], dots[0], cosines[1], dots[1])


def losses(
    scores: TrainingScores, owner: list[int], config: TrainConfig, *, hard: bool = True
) -> LossTerms:
    device = scores.clip_cosine.device
    return MSSLppLoss(config)(scores, torch.tensor(owner, device=device), hard=hard)


def hinge(margin: float, negatives: list[float], positive: float) -> float:
    """The triplet term of one row, against its hardest negative."""
    return max(0.0, margin + max(negatives) - positive) if negatives else 0.0


def nce(own: list[float], every: list[float]) -> float:
    return -math.log(sum(map(math.exp, own)) / sum(map(math.exp, every)))


def clip_by_loops(scores: TrainingScores, owner: list[int], margin: float) -> tuple[float, float]:
    cosine, dot = scores.clip_cosine.double().tolist(), scores.clip_dot.double().tolist()
    rows, videos = range(len(owner)), range(max(owner) + 1)
    triplet = contrast = 0.0
    for q in rows:
        negatives = [cosine[q][v] for v in videos if v != owner[q]]
        triplet += hinge(margin, negatives, cosine[q][owner[q]]) / len(owner)
        contrast += nce([dot[q][owner[q]]], dot[q]) / len(owner)
    for v in videos:
        own = [q for q in rows if owner[q] == v]
        negatives = [cosine[q][v] for q in rows if owner[q] != v]
        mean = sum(cosine[q][v] for q in own) / len(own)
        triplet += hinge(margin, negatives, mean) / len(videos)
        contrast += nce([dot[q][v] for q in own], [dot[q][v] for q in rows]) / len(videos)
    return triplet, contrast


def frame_by_loops(
    scores: TrainingScores, owner: list[int], margin: float, same_video: bool
) -> tuple[float, float]:
    cosine, dot = scores.frame_cosine.double(), scores.frame_dot.double()
    triplet = contrast = 0.0
    for a, b in ((cosine, dot), (cosine.T, dot.T)):
        for i in range(len(owner)):
            others = [
                j for j in range(len(owner)) if j != i and (same_video or owner[j] != owner[i])
            ]
            triplet += hinge(margin, [float(a[i, j]) for j in others], float(a[i, i])) / len(owner)
            every = [float(b[i, j]) for j in [i, *others]]
            contrast += nce([float(b[i, i])], every) / len(owner)
    return triplet, contrast


@settings(max_examples=60, deadline=None)
@given(
    owner=owners,
    seed=seeds,
    same_video=st.booleans(),
    margin=st.sampled_from([0.1, 0.2, 1.0]),
    weights=st.sampled_from([(0.02, 0.03), (1.0, 0.0), (0.5, 2.0)]),
)
def test_all_terms_by_plain_loops(
    owner: list[int], seed: int, same_video: bool, margin: float, weights: tuple[float, float]
) -> None:
    scores = some_scores(owner, seed)
    config = replace(HARDEST, margin=margin, same_video_negatives=same_video)
    if weights != (0.02, 0.03):  # those are the defaults
        config = replace(config, clip_nce_weight=weights[0], frame_nce_weight=weights[1])
    found = losses(scores, owner, config)
    clip = clip_by_loops(scores, owner, margin)
    frame = frame_by_loops(scores, owner, margin, same_video)
    expected = [clip[0], weights[0] * clip[1], frame[0], weights[1] * frame[1]]
    assert [float(term) for term in found.named().values()] == pytest.approx(expected, abs=1e-5)
    assert float(found.total) == pytest.approx(sum(expected), abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(owner=owners, seed=seeds, data=st.data())
def test_the_order_of_videos_and_queries_does_not_matter(
    owner: list[int], seed: int, data: st.DataObject
) -> None:
    scores = some_scores(owner, seed)
    video = data.draw(st.permutations(range(max(owner) + 1)))
    query = data.draw(st.permutations(range(len(owner))))
    shuffled = TrainingScores(
        scores.clip_cosine[query][:, video],
        scores.clip_dot[query][:, video],
        scores.frame_cosine[query][:, query],
        scores.frame_dot[query][:, query],
    )
    new_owner = [video.index(owner[q]) for q in query]
    before, after = losses(scores, owner, HARDEST), losses(shuffled, new_owner, HARDEST)
    for name, term in before.named().items():
        torch.testing.assert_close(after.named()[name], term, atol=1e-5, rtol=1e-5)


def repeated(negative: list[bool], rows: int) -> tuple[Tensor, Tensor]:
    """One row of scores, many times: as many draws. Higher columns score higher."""
    score = torch.arange(len(negative)).float().expand(rows, -1)
    return score, torch.tensor(negative).expand(rows, -1)


def test_random_negatives_are_uniform_over_the_true_ones() -> None:
    torch.manual_seed(0)
    allowed = [True, False, True, True, False, True, True, False]
    score, negative = repeated(allowed, 10_000)
    drawn, exists = sample_negatives(score, negative, None)
    count = drawn.long().bincount(minlength=8)
    assert bool(exists.all())
    for column, can_be in enumerate(allowed):
        if can_be:
            assert abs(int(count[column]) - 2000) < 5 * 40  # 5 standard deviations
        else:
            assert count[column] == 0


@pytest.mark.parametrize(
    ("pool", "expected"), [(1, {6}), (3, {6, 5, 2}), (4, {6, 5, 2, 1}), (20, {6, 5, 2, 1})]
)
def test_hard_negatives_are_uniform_over_the_highest(pool: int, expected: set[int]) -> None:
    """The positives, columns 7, 4, 3 and 0, aren't drawn, though one of them scores highest."""
    torch.manual_seed(1)
    score, negative = repeated([False, True, True, False, False, True, True, False], 8000)
    drawn, _ = sample_negatives(score, negative, pool)
    assert set(drawn.long().tolist()) == expected
    share = drawn.long().bincount()[sorted(expected)] / 8000
    torch.testing.assert_close(share, torch.full_like(share, 1 / len(expected)), atol=0.03, rtol=0)


@pytest.mark.parametrize("pool", [None, 1, 20])
def test_a_row_without_negatives_gives_nothing(pool: int | None) -> None:
    score = torch.tensor([[0.5, 0.9], [0.5, 0.9]], requires_grad=True)
    negative = torch.tensor([[False, True], [False, False]])
    loss = triplet_ranking_loss(torch.tensor([0.5, -1.0]), score, negative, margin=0.2, pool=pool)
    loss.backward()
    assert loss.item() == pytest.approx((0.2 + 0.9 - 0.5) / 2)  # a mean over both rows
    assert score.grad.tolist() == [[0, 0.5], [0, 0]]


@pytest.mark.parametrize("pool", [None, 3])
def test_gradient_reaches_the_positive_and_the_one_drawn(pool: int | None) -> None:
    torch.manual_seed(2)
    score = torch.rand(8, 6, requires_grad=True)
    positive = torch.rand(8, requires_grad=True)
    negative = torch.rand(8, 6) < 0.7
    negative[:, 0] = True
    triplet_ranking_loss(positive, score, negative, margin=3.0, pool=pool).backward()
    torch.testing.assert_close(positive.grad, torch.full((8,), -1 / 8))
    assert (score.grad != 0).sum(1).tolist() == [1] * 8
    assert not bool((score.grad != 0)[~negative].any())
    torch.testing.assert_close(score.grad.sum(1), torch.full((8,), 1 / 8))


def test_video_to_text_sets_the_mean_of_its_own_queries_against_the_hardest() -> None:
    """The gradient says who took part: both queries of video 0 with half weight each."""
    cosine = torch.tensor([[0.1, 0.0], [0.5, 0.2], [0.4, 0.3], [0.2, 0.6]], requires_grad=True)
    scores = TrainingScores(cosine, torch.zeros(4, 2), None, None)
    losses(scores, [0, 0, 1, 1], replace(HARDEST, margin=2.0, hard_pool=20)).clip_triplet.backward()
    text_to_video = torch.tensor([[-1.0, 1], [-1, 1], [1, -1], [1, -1]]) / 4
    video_to_text = torch.tensor([[-0.5, 0], [-0.5, 1], [1, -0.5], [0, -0.5]]) / 2
    torch.testing.assert_close(cosine.grad, text_to_video + video_to_text)


def test_info_nce_of_large_scores_is_finite() -> None:
    score = torch.tensor([[500.0, -500.0]], requires_grad=True)
    loss = info_nce_loss(score, torch.tensor([[False, True]]))
    loss.backward()
    assert loss.item() == pytest.approx(1000)
    assert score.grad.tolist() == [[1, -1]]


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_queries_that_share_a_key_clip_can_not_meet_the_margin(seed: int) -> None:
    """Queries 0 and 1 attend the same video with the same clip: their columns are equal."""
    scores, owner = some_scores([0, 0, 1], seed), [0, 0, 1]
    scores.frame_cosine[:, 1] = scores.frame_cosine[:, 0]
    stuck = losses(scores, owner, HARDEST).frame_triplet
    assert float(stuck) >= 2 * HARDEST.margin / 3 - 1e-6


def test_leaving_out_queries_of_the_same_video_lets_the_margin_be_met() -> None:
    cosine = torch.tensor([[1.0, 1, -1], [1, 1, -1], [-1, -1, 1]])
    scores = TrainingScores(cosine[:, 1:], cosine[:, 1:], cosine, cosine)
    released = losses(scores, [0, 0, 1], HARDEST)
    mended = losses(scores, [0, 0, 1], replace(HARDEST, same_video_negatives=False))
    assert float(released.frame_triplet) == pytest.approx(4 / 3 * HARDEST.margin)
    assert float(mended.frame_triplet) == 0
    assert float(mended.frame_nce) < float(released.frame_nce)
    assert float(mended.clip_triplet) == float(released.clip_triplet)


def test_random_negatives_until_hard_ones_are_asked_for() -> None:
    """Every term draws at random, from all; the gradient says what was drawn.

    Six queries give 1/6 each to the video drawn, three videos 1/3 each to the query drawn.
    """
    torch.manual_seed(3)
    owner, config = [0, 0, 1, 1, 2, 2], replace(HARDEST, margin=3.0)
    by_query, by_video, frame = torch.zeros(6, 3), torch.zeros(6, 3), torch.zeros(6, 6)
    for _ in range(60):
        scores = some_scores(owner, 5)
        scores.clip_cosine.requires_grad_()
        scores.frame_cosine.requires_grad_()
        terms = losses(scores, owner, config, hard=False)
        (terms.clip_triplet + terms.frame_triplet).backward()
        sixths = (6 * scores.clip_cosine.grad).round()
        by_query += (sixths == 1) | (sixths == 3)
        by_video += sixths >= 2
        frame += scores.frame_cosine.grad > 0
    other = torch.tensor(owner)[:, None] != torch.arange(3)
    assert torch.equal(by_query > 0, other)
    assert torch.equal(by_video > 0, other)
    assert torch.equal(frame > 0, ~torch.eye(6, dtype=torch.bool))
    assert by_query.sum(1).tolist() == [60] * 6
    assert by_video.sum(0).tolist() == [60] * 3


def test_a_model_without_a_frame_scale_has_two_terms() -> None:
    both = some_scores([0, 1, 1], 0)
    clip_only = TrainingScores(both.clip_cosine, both.clip_dot, None, None)
    terms = losses(clip_only, [0, 1, 1], HARDEST)
    assert list(terms.named()) == ["clip_triplet", "clip_nce"]
    assert float(terms.total) == float(terms.clip_triplet + terms.clip_nce)
    every = losses(both, [0, 1, 1], HARDEST).named()
    assert list(every) == ["clip_triplet", "clip_nce", "frame_triplet", "frame_nce"]
    assert every["clip_nce"] == terms.clip_nce


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("queries", [1, 3])
def test_a_batch_of_one_video(queries: int, hard: bool) -> None:
    owner = [0] * queries
    scores = some_scores(owner, 0)
    tensors = [t.requires_grad_() for t in vars(scores).values()]
    config = replace(HARDEST, same_video_negatives=False)
    terms = losses(scores, owner, config, hard=hard)
    terms.total.backward()
    assert {name: term.item() for name, term in terms.named().items()} == pytest.approx(
        {"clip_triplet": 0, "clip_nce": 0, "frame_triplet": 0, "frame_nce": 0}, abs=1e-7
    )
    assert all(t.grad is not None and bool(t.grad.isfinite().all()) for t in tensors)
    assert (losses(scores, owner, HARDEST).frame_nce.item() > 0) == (queries > 1)


def test_a_video_without_a_query_is_named() -> None:
    with pytest.raises(ValueError, match=r"videos \[1, 3\].*no query: leave them out"):
        losses(some_scores([0, 2, 3, 4], 0), [0, 2, 2, 4], HARDEST)


def test_devices_agree(device: torch.device) -> None:
    scores, owner = some_scores([0, 1, 1, 2], 0), [0, 1, 1, 2]
    moved = TrainingScores(**{name: t.to(device) for name, t in vars(scores).items()})
    expected, found = (losses(s, owner, HARDEST).named() for s in (scores, moved))
    for name, term in expected.items():
        torch.testing.assert_close(found[name].cpu(), term)
