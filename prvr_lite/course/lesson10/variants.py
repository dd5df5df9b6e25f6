"""Lesson 10's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson10 import planted
from prvr_lite.course.lesson10.answers import extremes


def kept_iou(iou: Tensor, k: int, threshold: float) -> Tensor:
    """Mean of the best IoU of each query (%): IoU [Q, P] of P predictions, best first.

    -> one number; a best IoU below the threshold counts as 0.
    """
    best = iou[:, :k].amax(1)
    return 100 * torch.where(best >= threshold, best, 0.0).mean()


def rank_of_first_hit(iou: Tensor, k: int, threshold: float) -> Tensor:
    """Mean reciprocal rank of the first hit (%): IoU [Q, P] of P predictions, best first.

    -> one number. An IoU of exactly the threshold is a hit.
    """
    hit = iou[:, :k] >= threshold
    rank = torch.arange(1, hit.shape[1] + 1)
    return 100 * (hit / rank).amax(1).mean()


def strike_wider(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """Suppression in two steps: score [N], near [N, N] bool -> [keep] rows, best first, int64.

    -1 where none is left. near need not say that a row is near itself. score stays as it is.
    """
    rows: list[int] = []
    left = torch.ones_like(score, dtype=torch.bool)
    close = near | torch.eye(len(score), dtype=torch.bool)
    while len(rows) < keep and bool(left.any()):
        best = int(score.masked_fill(~left, -torch.inf).argmax())
        rows.append(best)
        left &= ~close[close[best]].any(0)
    return torch.tensor(rows + [-1] * (keep - len(rows)))


def strike_and_fill(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """Suppression that fills up: score [N], near [N, N] bool -> [keep] rows, int64.

    First the rows that survive, then those that were struck out, each from the best score down; -1
    behind the last row. near need not say that a row is near itself. score stays as it is.
    """
    taken: list[int] = []
    struck: list[int] = []
    for row in score.argsort(descending=True).tolist():
        (struck if any(bool(near[one, row]) for one in taken) else taken).append(row)
    return torch.tensor(([*taken, *struck] + [-1] * keep)[:keep])


def run_over_gaps(score: Tensor, real: Tensor, share: float) -> Tensor:
    """The frames around each row's highest one that stay high but for single frames, int64.

    score [R, T], real [R, T] bool (False: padding) -> [R, 2], first and one-past-last frame.
    High is at least low + share (peak - low); low and peak are those of the row's real frames.
    """
    low, peak, place = extremes(score, real)
    high = real & (score >= low + share * (peak - low))
    spans = []
    for row, at in zip(high.tolist(), place.tolist(), strict=True):
        first = last = at
        for step in range(at - 1, -1, -1):
            first = step if row[step] and first - step <= 2 else first
        for step in range(at + 1, len(row)):
            last = step if row[step] and step - last <= 2 else last
        spans.append((first, last + 1))
    return torch.tensor(spans)


def count_high_runs(score: Tensor, real: Tensor, share: float) -> Tensor:
    """How many unbroken runs of high frames each row has: [R, T], [R, T] bool -> [R] int64.

    High is at least low + share (peak - low); low and peak are those of the row's real frames.
    """
    low, peak, _ = extremes(score, real)
    high = real & (score >= low + share * (peak - low))
    begins = high[:, 1:] & ~high[:, :-1]
    return begins.sum(1) + high[:, 0]


def one_moment_per_film(
    video_score: Tensor, moment_score: Tensor, weight: float, keep: int
) -> tuple[Tensor, Tensor]:
    """The best moment of each film, best first, by weight x film's score + moment's score.

    video_score [n], moment_score [n, m] -> which film and which of its moments, [keep] each, int64;
    -1 in both where there are fewer films.
    """
    best, moment = moment_score.max(1)
    order = (weight * video_score + best).argsort(descending=True)[:keep]
    film, place = torch.full((2, keep), -1)
    film[: len(order)], place[: len(order)] = order, moment[order]
    return film, place


def repeats_left_out(video: Tensor, iou: Tensor, own: Tensor, k: int, threshold: float) -> Tensor:
    """R@k (%) in all films, of each film its first prediction only: film of each prediction [Q, P],
    its IoU with the query's true moment [Q, P], each query's own film [Q] -> one number."""
    found = []
    for films, ious, right in zip(video.tolist(), iou, own.tolist(), strict=True):
        kept = [place for place, film in enumerate(films) if film not in films[:place]][:k]
        found.append(any(films[p] == right and bool(ious[p] >= threshold) for p in kept))
    return 100 * torch.tensor(found).float().mean()


def ranks_within_film(video: Tensor, iou: Tensor, own: Tensor, k: int, threshold: float) -> Tensor:
    """R@k (%) among the predictions that name the own film: film of each prediction [Q, P], its IoU
    with the query's true moment [Q, P], each query's own film [Q] -> one number."""
    named = video == own[:, None]
    first = named & (named.cumsum(1) <= k)
    return 100 * (first & (iou >= threshold)).any(1).float().mean()


def crowds_and_a_chain(g: Generator) -> Iterator[Inputs]:
    """The lesson's; and a row that had been struck out, through which another one is struck."""
    yield from planted.hard_crowds(g)
    near = torch.zeros(6, 6, dtype=torch.bool)
    for one, another in ((0, 1), (1, 2), (2, 3), (2, 4)):
        near[one, another] = near[another, one] = True
    for keep in (2, 3, 6):
        order = torch.randperm(6, generator=g)
        score = torch.tensor([6.0, 2.0, 3.0, 5.0, 4.0, 1.0])[order]
        yield {"score": score, "near": near[order][:, order], "keep": keep}


VARIANTS = (
    Variant("moment_recall", kept_iou),
    Variant("moment_recall", rank_of_first_hit),
    Variant(
        "strike_out",
        strike_wider,
        changes={"planted": crowds_and_a_chain},
    ),
    Variant("strike_out", strike_and_fill),
    Variant("attended_run", run_over_gaps),
    Variant(
        "attended_run",
        count_high_runs,
        changes={"shape": "[R]"},
    ),
    Variant("merge_moments", one_moment_per_film),
    Variant("corpus_recall", repeats_left_out),
    Variant("corpus_recall", ranks_within_film),
)
