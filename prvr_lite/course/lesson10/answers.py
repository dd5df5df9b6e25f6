"""Lesson 10's answers, right and wrong."""

from __future__ import annotations

import torch
from torch import Tensor


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


def longest_run(high: Tensor) -> Tensor:
    """The longest unbroken run of True, wherever the peak is, [R, T] bool -> [R, 2]."""
    rows = []
    for row in high:
        spans = run_around(row.expand(int(row.sum()), -1), row.nonzero()[:, 0])
        rows.append(spans[(spans[:, 1] - spans[:, 0]).argmax()])
    return torch.stack(rows)


def wrapped_run(high: Tensor, place: Tensor) -> Tensor:
    """run_around by one who does not stop at frame 0: index -1 is the last frame."""
    span = run_around(high, place)
    for row, (start, _) in enumerate(span.tolist()):
        while high[row, start - 1]:
            start -= 1
        span[row, 0] = start
    return span


def wrong_bar(score: Tensor, real: Tensor, share: float, wrong: str) -> Tensor:
    """The bar of attended_run with something wrong in it, [R, 1]."""
    low, peak, _ = extremes(score, real)
    if wrong == "one bar":
        low, peak = low.amin(), peak.amax()
    filled = {"low -inf": -torch.inf, "low nan": -torch.inf, "low 0": 0.0}.get(wrong)
    if filled is not None:
        low = score.masked_fill(~real, filled).amin(1, keepdim=True)
    return {
        "zero": share * peak,
        "mean": (score * real).sum(1, keepdim=True) / real.sum(1, keepdim=True),
        "down": peak - share * (peak - low),
        "low -inf": (1 - share) * low + share * peak,
    }.get(wrong, low + share * (peak - low))


def wrong_run(score: Tensor, real: Tensor, share: float, wrong: str) -> Tensor:
    """attended_run with something wrong in it."""
    seen = torch.ones_like(real) if wrong == "padding" else real
    bar, (_, _, place) = wrong_bar(score, seen, share, wrong), extremes(score, seen)
    high = score > bar if wrong == "strict" else score >= bar
    high = high if wrong == "walk" else seen & high
    span = run_around(high, place)
    if wrong == "longest":
        return longest_run(high)
    if wrong == "wrap":
        return wrapped_run(high, place)
    if wrong == "gaps":
        steps = torch.arange(score.shape[1])
        first = torch.where(high, steps, score.shape[1]).amin(1)
        return torch.stack([first, torch.where(high, steps, -1).amax(1) + 1], 1)
    if wrong == "left":
        return torch.stack([place, span[:, 1]], 1)
    if wrong == "length":
        return torch.stack([span[:, 0], span[:, 1] - span[:, 0]], 1)
    shift = {"last": torch.tensor([0, -1]), "late": torch.tensor([-1, 0])}
    return (span + shift.get(wrong, torch.tensor([0, 0]))).clamp(min=0)


def wrong_strike(score: Tensor, near: Tensor, keep: int, wrong: str) -> Tensor:
    """strike_out with something wrong in it."""
    if wrong in ("nought", "nought told", "itself"):
        return wrong_loop(score, near, keep, wrong)
    order = score.argsort(descending=True).tolist()
    taken: list[int] = []
    for row in order[:keep] if wrong == "first keep" else order:
        others = {"all": order[: order.index(row)], "last": taken[-1:], "none": []}
        if not any(bool(near[row, other]) for other in others.get(wrong, taken)):
            taken.append(row)
    if wrong == "place":
        taken.sort()
    if wrong == "far":
        taken = [order[0], *(row for row in order[1:] if bool(near[order[0], row]))]
    filler = {"repeat": taken[-1], "zero": 0}.get(wrong, -1)
    return torch.tensor((taken + [filler] * keep)[:keep])


def wrong_loop(score: Tensor, near: Tensor, keep: int, wrong: str) -> Tensor:
    """strike_out, round by round, with something wrong in how it strikes out."""
    left, rows = score.clone(), []
    gone = -torch.inf if wrong == "itself" else 0.0
    for _ in range(keep):
        best = int(left.argmax())
        rows.append(-1 if left[best] == gone and wrong != "nought" else best)
        left[near[best]] = gone
        if wrong != "itself":
            left[best] = gone
    return torch.tensor(rows)


def wrong_recall(iou: Tensor, k: int, threshold: float, wrong: str) -> Tensor:
    """moment_recall with something wrong in it."""
    first = iou[:, :k]
    hit = first > threshold if wrong == "above" else first >= threshold
    return {
        "all": 100 * (iou >= threshold).any(1).float().mean(),
        "one": 100 * (iou[:, 0] >= threshold).float().mean(),
        "kth": 100 * (iou[:, k - 1] >= threshold).float().mean(),
        "every": 100 * hit.float().mean(),
        "sum": 100 * hit.float().sum(1).mean(),
        "both": 100 * hit.all(1).float().mean(),
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
    best = {"upwards": best.flip(0), "places": best.sort().values}.get(wrong, best)
    film, moment = best // m, best % m
    return {
        "turned": (moment, film),
        "by n": (best // len(films), best % len(films)),
        "flat": (best, moment),
    }.get(wrong, (film, moment))


def wrong_corpus(
    video: Tensor, iou: Tensor, own: Tensor, k: int, threshold: float, wrong: str
) -> Tensor:
    """corpus_recall with something wrong in it."""
    named, met = video == own[:, None], iou >= threshold
    if wrong == "above":
        met = iou > threshold
    if wrong == "first":  # only the first prediction is asked for its film
        named = named[:, :1].expand_as(met)
    hit = {"anywhere": met, "film": named}.get(wrong, named & met)
    if wrong == "apart":
        return 100 * (named[:, :k].any(1) & met[:, :k].any(1)).float().mean()
    if wrong == "found":  # only queries whose film is among the first k
        return 100 * hit[:, :k].any(1).float().sum() / named[:, :k].any(1).sum()
    if wrong == "within":  # the first k predictions in the own film, wherever they rank
        inside = named & (named.cumsum(1) <= k)
        return 100 * (inside & met).any(1).float().mean()
    if wrong in ("every", "sum"):
        each = hit[:, :k].float()
        return 100 * (each.mean() if wrong == "every" else each.sum(1).mean())
    if wrong == "long":
        return 100 * hit.any(1).float().mean()
    return (1 if wrong == "share" else 100) * hit[:, :k].any(1).float().mean()
