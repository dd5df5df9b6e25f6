"""Lesson 10's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.exercises.drawing import fill_padding, mask, normal, sizes
from prvr_lite.exercises.exercise import Inputs


def attended_run(score: Tensor, real: Tensor, share: float) -> Tensor:
    """The frames around each row's highest one that stay high: [R, T], [R, T] bool -> [R, 2].

    A run reaches from the peak to both sides as long as the score is at least
    low + share (peak - low), low the lowest real score. First and one-past-last frame, int64.
    """
    low, peak, place = extremes(score, real)
    return run_around(real & (score >= low + share * (peak - low)), place)


def strike_out(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """Non-maximum suppression: rows of the best, none near a better one: [N], [N, N] -> [keep].

    Takes the best, strikes it out with all that is near it, and again. -1 where none is left.
    """
    left, rows = score.clone(), []
    for _ in range(keep):
        best = int(left.argmax())
        rows.append(-1 if left[best] == -torch.inf else best)
        left[near[best]] = -torch.inf
        left[best] = -torch.inf
    return torch.tensor(rows)


def moment_recall(iou: Tensor, k: int, threshold: float) -> Tensor:
    """R@k (%) in the own film: IoU [Q, P] of P predictions, best first -> one number."""
    return 100 * (iou[:, :k] >= threshold).any(1).float().mean()


def merge_moments(
    video_score: Tensor, moment_score: Tensor, weight: float, keep: int
) -> tuple[Tensor, Tensor]:
    """The best moments of n films in one ranking: [n], [n, m] -> film, moment, [keep] each."""
    total = weight * video_score[:, None] + moment_score  # [n, m]
    best = total.flatten().topk(keep).indices
    return best // total.shape[1], best % total.shape[1]


def corpus_recall(video: Tensor, iou: Tensor, own: Tensor, k: int, threshold: float) -> Tensor:
    """R@k (%) in all films: film [Q, P] of each prediction, its IoU, own film [Q] -> one number."""
    hit = (video == own[:, None]) & (iou >= threshold)  # [Q, P]
    return 100 * hit[:, :k].any(1).float().mean()


def extremes(score: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lowest and highest real score, [R, 1] each, and the place of the highest, [R]."""
    low = score.masked_fill(~real, torch.inf).amin(1, keepdim=True)
    peak = score.masked_fill(~real, -torch.inf).max(1, keepdim=True)
    return low, peak.values, peak.indices[:, 0]


def run_around(high: Tensor, place: Tensor) -> Tensor:
    """The unbroken run of True around a place, [R, T] bool, [R] -> [R, 2]."""
    spans = []
    for row, at in zip(high.tolist(), place.tolist(), strict=True):
        start, end = at, at + 1
        while start > 0 and row[start - 1]:
            start -= 1
        while end < len(row) and row[end]:
            end += 1
        spans.append((start, end))
    return torch.tensor(spans)


def wrong_run(score: Tensor, real: Tensor, share: float, wrong: str) -> Tensor:
    """attended_run with something wrong in it."""
    seen = torch.ones_like(real) if wrong == "padding" else real
    low, peak, place = extremes(score, seen)
    bar = low + share * (peak - low)
    if wrong == "zero":
        bar = share * peak
    if wrong == "mean":
        bar = (score * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
    high = seen & (score >= bar)
    span = run_around(high, place)
    if wrong == "gaps":
        steps = torch.arange(score.shape[1])
        first = torch.where(high, steps, score.shape[1]).amin(1)
        return torch.stack([first, torch.where(high, steps, -1).amax(1) + 1], 1)
    if wrong == "left":
        span = torch.stack([place, span[:, 1]], 1)
    shift = {"last": torch.tensor([0, -1]), "late": torch.tensor([-1, 0])}
    return (span + shift.get(wrong, torch.tensor([0, 0]))).clamp(min=0)


def wrong_strike(score: Tensor, near: Tensor, keep: int, wrong: str) -> Tensor:
    """strike_out with something wrong in it."""
    order = score.argsort(descending=True).tolist()
    taken: list[int] = []
    for row in order:
        others = {"all": order[: order.index(row)], "last": taken[-1:], "none": []}
        if not any(bool(near[row, other]) for other in others.get(wrong, taken)):
            taken.append(row)
    if wrong == "place":
        taken.sort()
    if wrong == "far":
        taken = [order[0], *(row for row in order[1:] if bool(near[order[0], row]))]
    filler = {"repeat": taken[-1], "zero": 0}.get(wrong, -1)
    return torch.tensor((taken + [filler] * keep)[:keep])


def wrong_recall(iou: Tensor, k: int, threshold: float, wrong: str) -> Tensor:
    """moment_recall with something wrong in it."""
    first = iou[:, :k]
    hit = first > threshold if wrong == "above" else first >= threshold
    return {
        "all": 100 * (iou >= threshold).any(1).float().mean(),
        "one": 100 * (iou[:, 0] >= threshold).float().mean(),
        "kth": 100 * (iou[:, k - 1] >= threshold).float().mean(),
        "every": 100 * hit.float().mean(),
        "mean": 100 * (first.mean(1) >= threshold).float().mean(),
        "share": hit.any(1).float().mean(),
        "miou": 100 * first.amax(1).mean(),
    }.get(wrong, 100 * hit.any(1).float().mean())


def wrong_merge(
    video_score: Tensor, moment_score: Tensor, weight: float, keep: int, wrong: str
) -> tuple[Tensor, Tensor]:
    """merge_moments with something wrong in it."""
    films = video_score[:, None]
    total = {
        "unweighted": films + moment_score,
        "moments": films + weight * moment_score,
        "alone": moment_score + 0 * films,
        "product": weight * films * moment_score,
    }.get(wrong, weight * films + moment_score)
    m = total.shape[1]
    if wrong == "films":  # the best film's moments first, then those of the next
        order = [
            int(v) * m + int(i) for v in video_score.argsort(descending=True)
            for i in total[int(v)].argsort(descending=True)
        ]  # fmt: skip
        best = torch.tensor(order[:keep])
    else:
        best = total.flatten().topk(keep, largest=wrong != "lowest").indices
    return (best % m, best // m) if wrong == "turned" else (best // m, best % m)


def wrong_corpus(
    video: Tensor, iou: Tensor, own: Tensor, k: int, threshold: float, wrong: str
) -> Tensor:
    """corpus_recall with something wrong in it."""
    named, met = video == own[:, None], iou >= threshold
    if wrong == "above":
        met = iou > threshold
    hit = {"anywhere": met, "film": named}.get(wrong, named & met)
    if wrong == "apart":
        return 100 * (named[:, :k].any(1) & met[:, :k].any(1)).float().mean()
    if wrong == "found":  # only queries whose film is among the first k
        return 100 * hit[:, :k].any(1).float().sum() / named[:, :k].any(1).sum()
    if wrong == "within":  # the first k predictions in the own film, wherever they rank
        inside = named & (named.cumsum(1) <= k)
        return 100 * (inside & met).any(1).float().mean()
    if wrong == "every":
        return 100 * hit[:, :k].float().mean()
    return (1 if wrong == "share" else 100) * hit[:, :k].any(1).float().mean()


def attention_rows(g: Generator) -> Inputs:
    """A peak with shoulders and foothills, and behind a valley a second, lower peak."""
    rows = sizes(g, 1, 3, 5)[0]
    width, second = 15, 12
    real = torch.ones(rows, width + 2, dtype=torch.bool)
    real[:, width:] = mask(g, rows, 2)
    score = 5 + 0.4 * torch.rand(rows, width + 2, generator=g)  # low ground, far from 0
    for row in score:
        at = 3 + int(torch.randint(4, (1,), generator=g))
        row[at - 1 : at + 5] = torch.tensor([8.6, 10.0, 9.2, 8.4, 7.4, 6.2])
        row[second] = 9.0
    score[:, 0] = 4.8
    return {"score": fill_padding(score, real, g), "real": real, "share": 0.6}


def other_garbage(inputs: Inputs) -> Inputs:
    """The same rows with something else in the padding."""
    score, real = inputs["score"], inputs["real"]
    return {**inputs, "score": torch.where(real, score, -3.0 - score)}


def crowded(g: Generator) -> Inputs:
    """Candidates on a line, near their neighbours: chains of near ones, and too few far ones."""
    n = sizes(g, 1, 8, 12)[0]
    place = torch.arange(n, dtype=torch.float32)
    near = (place[:, None] - place).abs() <= 1
    order = torch.randperm(n, generator=g)
    score = torch.empty(n)
    score[order] = torch.linspace(2, -1, n)
    top = 1 + int(torch.randint(n - 3, (1,), generator=g))
    score[top], score[top + 1], score[top + 2] = 5.0, 4.0, 3.0  # the third is far from the first
    return {"score": score, "near": near, "keep": n}


def own_film_ious(g: Generator) -> Inputs:
    """Each way to hit or miss, in other numbers, so that no two answers count alike."""
    extra, wide = sizes(g, 2, 3, 7)
    ways = {(0.5, 0.1, 0.1): 1, (0.1, 0.8, 0.1): 3, (0.1, 0.1, 0.9): 2}  # … exactly, late, too late
    ways |= {(0.7, 0.6, 0.1): 1, (0.1, 0.5, 0.1): 1}
    rows = [way for way, count in ways.items() for _ in range(count)] + extra * [(0.1, 0.1, 0.1)]
    iou = torch.tensor(rows)
    iou = torch.cat([iou, 0.4 * torch.rand(len(iou), wide - 2, generator=g)], 1)
    return {"iou": iou[torch.randperm(len(iou), generator=g)], "k": 2, "threshold": 0.5}


def film_moments(g: Generator) -> Inputs:
    """Scores around 0, of both signs; the weight is none of 0 and 1."""
    n, m = sizes(g, 2, 3, 6)
    drawn = normal(g, n), 2 * normal(g, n, m)
    given = (*drawn, 2.0 + float(torch.rand(1, generator=g)), n + m)
    return dict(zip(("video_score", "moment_score", "weight", "keep"), given, strict=True))


def corpus_predictions(g: Generator) -> Inputs:
    """Each way to be right or wrong, in other numbers, so that no two answers count alike."""
    own_here, other = True, False
    ways: dict[tuple[tuple[bool, float], ...], int] = {  # film named rightly?, IoU: ranks 1 to 3
        ((own_here, 0.7), (other, 0.1), (other, 0.1)): 1,
        ((other, 0.1), (own_here, 0.5), (other, 0.1)): 2,  # exactly at the threshold
        ((own_here, 0.1), (other, 0.9), (other, 0.1)): 1,  # film here, moment there
        ((other, 0.8), (other, 0.1), (other, 0.1)): 3,
        ((other, 0.1), (other, 0.1), (own_here, 0.9)): 2,  # too late
        ((own_here, 0.6), (own_here, 0.6), (other, 0.1)): 1,
        ((own_here, 0.1), (other, 0.2), (own_here, 0.3)): 2,
        ((other, 0.1), (other, 0.2), (other, 0.3)): sizes(g, 1, 2, 6)[0],
    }
    rows = [way for way, count in ways.items() for _ in range(count)]
    right = torch.tensor([[named for named, _ in row] for row in rows])  # [Q, 3]
    iou = torch.tensor([[value for _, value in row] for row in rows])
    own = torch.randint(9, (len(rows),), generator=g)
    away = torch.randint(1, 9, right.shape, generator=g)
    video = torch.where(right, own[:, None], (own[:, None] + away) % 9)
    place = torch.randperm(len(rows), generator=g)
    return {"video": video[place], "iou": iou[place], "own": own[place], "k": 2, "threshold": 0.5}
