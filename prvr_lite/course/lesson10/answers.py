"""Lesson 10's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import normal, sizes
from prvr_lite.course.grading.exercise import Inputs

# Rows of attention in eighths of the way from low to peak: before some low ground, behind it, and
# frames of padding. The bar is at 5; each row has a lower hill that is longer than the peak's run.
BAR = 5
LOWS = (8000, -3000, 1000, -5000)  # of the rows: whole numbers, so that a frame can be at the bar
HILLS: tuple[tuple[tuple[int, ...], tuple[int, ...], int], ...] = (
    ((6, 8, 5, 4, 3), (6, 6, 5, 7, 6, 6), 0),  # the run begins at frame 0, the hill ends the row
    ((5, 6, 6, 7, 6, 5), (3, 4, 5, 7, 8), 1),  # the peak is the last frame before the padding
    ((1, 3, 4, 5, 6, 8, 7, 5, 4, 3), (6, 6, 5, 7, 6, 6, 6, 1), 2),  # low ground at both ends
    ((1, 5, 6, 6, 7, 6, 6), (3, 4, 6, 8, 7, 5), 0),  # the run ends with the row
)


def attended_run(score: Tensor, real: Tensor, share: float) -> Tensor:
    """The frames around each row's highest one that stay high: [R, T], [R, T] bool -> [R, 2].

    A run reaches from the peak to both sides as long as the score is at least
    low + share (peak - low), low the lowest real score. First and one-past-last frame, int64.
    """
    spans = []
    for values, kept in zip(score, real, strict=True):
        low, peak = values[kept].min(), values[kept].max()
        high = (kept & (values >= low + share * (peak - low))).tolist()
        start = int(values.masked_fill(~kept, -torch.inf).argmax())
        end = start + 1
        while start > 0 and high[start - 1]:
            start -= 1
        while end < len(high) and high[end]:
            end += 1
        spans.append((start, end))
    return torch.tensor(spans)


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
        "height": share * (peak - low),
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
    if wrong == "first":
        return run_around(high, high.int().argmax(1))
    if wrong == "right":
        return torch.stack([span[:, 0], place + 1], 1)
    if wrong == "left":
        return torch.stack([place, span[:, 1]], 1)
    if wrong == "length":
        return torch.stack([span[:, 0], span[:, 1] - span[:, 0]], 1)
    shift = {"last": torch.tensor([0, -1]), "late": torch.tensor([-1, 0])}
    return (span + shift.get(wrong, torch.tensor([0, 0]))).clamp(min=0)


def wrong_strike(score: Tensor, near: Tensor, keep: int, wrong: str) -> Tensor:
    """strike_out with something wrong in it."""
    if wrong in ("zero score", "zero score kept", "itself"):
        return wrong_loop(score, near, keep, wrong)
    if wrong == "moved":
        return moved_rows(score, near, keep)
    order = score.argsort(descending=True).tolist()
    taken: list[int] = []
    for row in order[:keep] if wrong == "first keep" else order:
        others = {"all": order[: order.index(row)], "last": taken[-1:], "once": taken[:1]}
        others |= {"none": []}
        if not any(bool(near[row, clip]) for clip in others.get(wrong, taken)):
            taken.append(row)
        elif wrong == "stops":
            break
    if wrong == "place":
        taken.sort()
    if wrong == "far":
        taken = [order[0], *(row for row in order[1:] if bool(near[order[0], row]))]
    filler = {"repeat": taken[-1], "zero": 0}.get(wrong, -1)
    return torch.tensor((taken + [filler] * keep)[:keep])


def moved_rows(score: Tensor, near: Tensor, keep: int) -> Tensor:
    """strike_out by one who cuts rows out, so that the ones behind them get other numbers."""
    rows: list[int] = []
    for _ in range(keep):
        rows.append(int(score.argmax()) if len(score) else -1)
        if len(score):
            left = ~near[rows[-1]]
            left[rows[-1]] = False
            score, near = score[left], near[left][:, left]
    return torch.tensor(rows)


def wrong_loop(score: Tensor, near: Tensor, keep: int, wrong: str) -> Tensor:
    """strike_out, round by round, with something wrong in how it strikes out."""
    left, rows = score.clone(), []
    gone = -torch.inf if wrong == "itself" else 0.0
    for _ in range(keep):
        best = int(left.argmax())
        rows.append(-1 if left[best] == gone and wrong != "zero score" else best)
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
        "queries": 100 * (iou[:k] >= threshold).any(1).float().mean(),
        "more": 100 * (iou[:, : k + 1] >= threshold).any(1).float().mean(),
        "anybody": 100 * hit.any().float(),
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
        "mixed": weight * films + (1 - weight) * moment_score,
        "sum": weight * (films + moment_score),
        "sorted": (weight * films + moment_score).sort(1, descending=True).values,
    }.get(wrong, weight * films + moment_score)
    m = total.shape[1]
    if wrong == "films":  # the best film's moments first, then those of the next
        order = [
            int(v) * m + int(i)
            for v in video_score.argsort(descending=True)
            for i in total[int(v)].argsort(descending=True)
        ]
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
    if wrong == "own first":
        named = named & (named.cumsum(1) == 1)
    if wrong == "best":
        best = iou[:, :k].argmax(1, keepdim=True)
        return 100 * (named & met).gather(1, best).float().mean()
    hit = {"anywhere": met, "film": named, "either": named | met}.get(wrong, named & met)
    if wrong in ("kth", "one"):
        return 100 * hit[:, k - 1 if wrong == "kth" else 0].float().mean()
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
    if wrong == "more":
        return 100 * hit[:, : k + 1].any(1).float().mean()
    if wrong == "long":
        return 100 * hit.any(1).float().mean()
    return (1 if wrong == "share" else 100) * hit[:, :k].any(1).float().mean()


def attention_rows(g: Generator) -> Inputs:
    """Rows of other scales: a peak with shoulders, and beyond a valley a lower, longer hill."""
    count = sizes(g, 1, len(HILLS), 6)[0]
    width = 21 + sizes(g, 1, 0, 3)[0]
    score, real = torch.zeros(count, width), torch.ones(count, width, dtype=torch.bool)
    for row, place in enumerate(torch.randperm(count, generator=g).tolist()):
        before, behind, padding = HILLS[row % len(HILLS)]
        ground = torch.randint(3, (width - padding - len(before) - len(behind),), generator=g)
        ground[0] = 0
        levels = torch.tensor([*before, *ground.tolist(), *behind, *([9] * padding)])
        score[place] = 8.0 * sizes(g, 1, 1, 9)[0] * levels + LOWS[row % len(LOWS)]
        real[place, width - padding :] = False
    garbage = score + 50 * torch.rand(score.shape, generator=g)  # above the peak
    return {"score": torch.where(real, score, garbage), "real": real, "share": BAR / 8}


def other_garbage(inputs: Inputs) -> Inputs:
    """The same rows with something else in the padding."""
    score, real = inputs["score"], inputs["real"]
    return {**inputs, "score": torch.where(real, score, -3.0 - score)}


def crowded(g: Generator) -> Inputs:
    """Candidates on a line; a row may be near itself or not, and the best one is not.

    The best five crowd at one place, with a weak one; then come three in a chain, of which the
    second falls to the first; the rest score below 0, and two or three of them survive.
    """
    far, fallen = 2 + int(torch.randint(2, (1,), generator=g)), sizes(g, 1, 1, 4)[0]
    crowd, chain, lone = [0, 0.1, 0.2, 0.3, 0.4, 0.5], [10, 10.9, 11.8], [20, 30, 40][:far]
    place = torch.tensor([*crowd, *chain, *lone, *([20.5] * fallen)])
    level = torch.tensor([10, 9, 8, 7, 6, 2, 5, 4, 3, *[-1, -2, -3][:far], *([-5] * fallen)])
    order = torch.randperm(len(place), generator=g)
    place = place[order]
    score = (level + 0.5 * torch.rand(len(level), generator=g))[order]
    near = (place[:, None] - place).abs() <= 1
    near.diagonal()[:] = torch.rand(len(place), generator=g) < 0.5
    near[score.argmax(), score.argmax()] = False
    return {"score": score, "near": near, "keep": 4 + far}  # one more than survive


def own_film_ious(g: Generator) -> Inputs:
    """Each way to hit or miss, in other numbers, so that no two answers count alike."""
    extra, wide = sizes(g, 2, 3, 7)
    ways = {(0.5, 0.1, 0.1): 1, (0.1, 0.8, 0.1): 3, (0.1, 0.1, 0.9): 2}  # … exactly, late, too late
    ways |= {(0.7, 0.6, 0.1): 1, (0.1, 0.5, 0.1): 1, (0.1, 0.95, 0.1): 2}  # the last: in the mean
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
    hit, miss = True, False
    ways: dict[tuple[tuple[bool, float], ...], int] = {  # film named rightly?, IoU: ranks 1 to 4
        ((hit, 0.7), (miss, 0.1), (miss, 0.1), (miss, 0.1)): 1,
        ((miss, 0.1), (hit, 0.5), (miss, 0.1), (miss, 0.1)): 2,  # exactly at the threshold
        ((hit, 0.1), (miss, 0.9), (miss, 0.1), (miss, 0.1)): 1,  # film here, moment there
        ((miss, 0.8), (miss, 0.1), (miss, 0.1), (miss, 0.1)): 3,
        ((miss, 0.1), (miss, 0.1), (hit, 0.9), (miss, 0.1)): 3,  # too late
        ((hit, 0.6), (hit, 0.6), (miss, 0.1), (miss, 0.1)): 2,
        ((hit, 0.1), (miss, 0.2), (hit, 0.3), (miss, 0.1)): 3,
        ((hit, 0.1), (hit, 0.2), (miss, 0.1), (hit, 0.9)): 4,  # too late in its own film, too
        ((miss, 0.1), (miss, 0.2), (miss, 0.3), (miss, 0.1)): sizes(g, 1, 2, 6)[0],
    }
    rows = [way for way, count in ways.items() for _ in range(count)]
    right = torch.tensor([[named for named, _ in row] for row in rows])  # [Q, 4]
    iou = torch.tensor([[value for _, value in row] for row in rows])
    film = torch.randint(9, (len(rows),), generator=g)
    away = torch.randint(1, 9, right.shape, generator=g)
    video = torch.where(right, film[:, None], (film[:, None] + away) % 9)
    place = torch.randperm(len(rows), generator=g)
    return {"video": video[place], "iou": iou[place], "own": film[place], "k": 2, "threshold": 0.5}
