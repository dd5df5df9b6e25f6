"""Lesson 9's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import sizes
from prvr_lite.course.grading.exercise import Inputs

EDGES = (0.2, 0.4)  # of moment-to-video ratio, as in prvr_lite.search.metrics


def alpha_curve(clip: Tensor, frame: Tensor, own: Tensor, alphas: Tensor) -> Tensor:
    """R@1 (%) of alpha S_c + (1 - alpha) S_f: [Q, V], [Q, V], own film [Q], [A] -> [A].

    A tie counts against the model: a query has found its film where no other scores as high.
    """
    weight = alphas[:, None, None]
    score = weight * clip + (1 - weight) * frame  # [A, Q, V]
    column = own[None, :, None].expand(len(alphas), -1, 1)  # [A, Q, 1]
    own_score = score.gather(2, column)
    hit = (score >= own_score).sum(2) == 1  # [A, Q]
    return 100 * hit.float().mean(1)


def span_iou(first: Tensor, second: Tensor) -> Tensor:
    """Shared time over joint time of two spans (start, end), 0 to 1: [Q, 2], [Q, 2] -> [Q]."""
    start = torch.maximum(first[:, 0], second[:, 0])
    end = torch.minimum(first[:, 1], second[:, 1])
    shared = (end - start).clamp(min=0)
    lengths = (first[:, 1] - first[:, 0]) + (second[:, 1] - second[:, 0])
    return shared / (lengths - shared)


def recall_by_ratio(rank: Tensor, moment: Tensor, duration: Tensor, k: int) -> Tensor:
    """R@k (%) of the queries whose moment covers (0, .2], (.2, .4], (.4, 1] of its film.

    rank [Q] of the own film from 1, moment [Q, 2] s, duration [Q] s of the film -> [3].
    """
    ratio = (moment[:, 1] - moment[:, 0]) / duration  # [Q]
    group = torch.bucketize(ratio, torch.tensor([0.2, 0.4]))  # [Q], 0..2
    hit = (rank <= k).float()
    return torch.stack([100 * hit[group == g].mean() for g in range(3)])


def failure_kind(score: Tensor, own: Tensor, answers: Tensor, group: Tensor) -> Tensor:
    """Why each query failed, if it did: [Q, V], [Q], [Q, V] bool, [V] -> [Q] int64.

    The rival is the best film but the own one. The first rule that holds decides.

    0 found: the own film scores above the rival (a tie is none).
    1 answers: the rival truly answers the query as well.
    2 sibling: the rival is of the own film's group.
    3 stranger: none of these.
    """
    row = torch.arange(len(own))
    best, rival = score.scatter(1, own[:, None], -torch.inf).max(1)  # [Q] both
    kind = torch.where(group[rival] == group[own], 2, 3)
    kind = torch.where(answers[row, rival], 1, kind)
    return torch.where(score[row, own] > best, 0, kind)


def found_alone(score: Tensor, own: Tensor) -> Tensor:
    """Does the own film score above all others? [..., Q, V], [Q] -> [..., Q] bool."""
    return (score >= mine_of(score, own)).sum(-1) == 1


def mine_of(score: Tensor, own: Tensor) -> Tensor:
    """[..., Q, V], [Q] -> [..., Q, 1]."""
    return score.gather(-1, own[:, None].expand(*score.shape[:-1], 1))


def rivals(score: Tensor, own: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each query's row, its own film's score and its rival, [Q] each."""
    others = score.scatter(1, own[:, None], -torch.inf)
    return torch.arange(len(own)), mine_of(score, own)[:, 0], others.argmax(1)


def length(span: Tensor) -> Tensor:
    return span[:, 1] - span[:, 0]


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Shared time; below 0 where spans lie apart."""
    return torch.minimum(first[:, 1], second[:, 1]) - torch.maximum(first[:, 0], second[:, 0])


def zeroed(score: Tensor, own: Tensor) -> Tensor:
    """The best of all films where the own one got the score 0: [A, Q, V], [Q] -> [A, Q]."""
    return score.scatter(2, own[None, :, None].expand(len(score), -1, 1), 0.0).amax(2)


def wrong_curve(clip: Tensor, frame: Tensor, own: Tensor, alphas: Tensor, wrong: str) -> Tensor:
    """alpha_curve with something wrong in it."""
    weight = alphas[:, None, None]
    if wrong == "recalls":
        clips, frames = (found_alone(s, own).float().mean() for s in (clip, frame))
        return 100 * (alphas * clips + (1 - alphas) * frames)
    if wrong == "standard":
        clip, frame = ((s - s.mean(1, True)) / s.std(1, keepdim=True) for s in (clip, frame))
    if wrong == "swapped":
        clip, frame = frame, clip
    score = weight * clip + (1 - weight) * frame  # [A, Q, V]
    if wrong in ("sum", "both"):
        score = (weight if wrong == "both" else 1) * frame + weight * clip
    ahead = (score > mine_of(score, own)).sum(-1)
    first = score.argmax(-1)  # [A, Q]
    hits = {"kind": ahead == 0, "argmax": first == own, "five": ahead < 2}
    hits |= {"row": first == torch.arange(len(own)), "nothing": first < 0}
    hits |= {
        "misses": ~found_alone(score, own),
        "fill": mine_of(score, own)[..., 0] > zeroed(score, own),
    }
    hits |= {"queries": (score >= mine_of(score, own)).sum(1) == 1}  # [A, V]
    hit = hits.get(wrong, found_alone(score, own)).float()
    return (
        hit.mean(1) if wrong == "share" else hit.sum(1) if wrong == "count" else 100 * hit.mean(1)
    )


def wrong_iou(first: Tensor, second: Tensor, wrong: str) -> Tensor:
    """span_iou with something wrong in it."""
    raw, both = overlap(first, second), length(first) + length(second)
    shared = raw.clamp(min=0)
    hull = torch.maximum(first[:, 1], second[:, 1]) - torch.minimum(first[:, 0], second[:, 0])
    ordered, counted = (first[:, 1] - second[:, 0]).clamp(min=0), (raw + 1).clamp(min=0)
    return {
        "negative": raw / (both - raw),
        "gap": raw.abs() / (both - raw.abs()),
        "per cent": 100 * shared / (both - shared),
        "first": shared / length(first),
        "second": shared / length(second),
        "sum": shared / both,
        "dice": 2 * shared / both,
        "short": shared / torch.minimum(length(first), length(second)),
        "long": shared / torch.maximum(length(first), length(second)),
        "shared": shared,
        "swapped": hull / (both - hull),
        "yes": (raw > 0).float(),
        "ordered": ordered / (both - ordered),
        "counted": counted / (both + 2 - counted),
        "apart": shared / (both - 2 * shared),
    }[wrong]


def wrong_recall(rank: Tensor, moment: Tensor, duration: Tensor, k: int, wrong: str) -> Tensor:
    """recall_by_ratio with something wrong in it."""
    covered = moment[:, 1] if wrong == "end" else length(moment)
    whole = {"longest": duration.max(), "rest": duration - covered}.get(wrong, duration)
    ratio = covered if wrong == "seconds" else covered / whole
    edges = torch.tensor((1 / 3, 2 / 3) if wrong == "thirds" else EDGES)
    if wrong == "equal":
        edges = ratio.quantile(torch.tensor([1 / 3, 2 / 3]))
    group = torch.bucketize(ratio, edges, right=wrong == "upper")
    hits = {"below": rank < k, "only k": rank == k, "one": rank == 1, "misses": rank > k}
    hit = hits.get(wrong, rank <= k).float()
    nested = {"nested": torch.le, "nested upwards": torch.ge}.get(wrong, torch.eq)
    rows = [nested(group, g) for g in range(3)]
    if wrong == "all":
        return torch.stack([100 * (hit * row).mean() for row in rows])
    if wrong == "share of hits":
        return torch.stack([100 * row.float()[hit > 0].mean() for row in rows])
    return torch.stack([(1 if wrong == "share" else 100) * hit[row].mean() for row in rows])


def wrong_kind(score: Tensor, own: Tensor, answers: Tensor, group: Tensor, wrong: str) -> Tensor:
    """failure_kind with something wrong in it."""
    row, own_score, rival = rivals(score, own)
    best = score[row, rival]
    if wrong in ("zero", "answering"):
        others = score.scatter(1, own[:, None], 0.0 if wrong == "zero" else -torch.inf)
        others = others.masked_fill(answers, -torch.inf) if wrong == "answering" else others
        best, rival = others.max(1)
    if wrong == "argmax":
        first = score.argmax(1)
        rival, best = first, torch.where(first == own, -torch.inf, torch.inf)
    if wrong == "second":
        best, rival = (found[:, 1] for found in score.topk(2))
    same, answering = group[rival] == group[own], answers[row, rival]
    if wrong == "ahead":  # any film ahead, not the rival alone
        ahead = (score >= own_score[:, None]).scatter(1, own[:, None], False)  # [Q, V]
        same, answering = ((ahead & s).any(1) for s in (group == group[own, None], answers))
    if wrong == "own":
        answering = answers[row, own]
    kind = torch.where(rival == own if wrong == "films" else same, 2, 3)
    if wrong == "numbers":
        kind = 5 - kind
    if wrong != "unasked":
        kind = torch.where(answering, 1, kind)
    if wrong == "order":
        kind = torch.where(same, 2, torch.where(answering, 1, 3))
    if wrong == "always":
        return kind
    if wrong == "from 1":
        return torch.where(own_score > best, 1, kind + 1)
    return torch.where(own_score >= best if wrong == "tie" else own_score > best, 0, kind)


def two_scales(g: Generator) -> Inputs:
    """Scores on a grid, so that sums are exact; two queries whose own film ties for the best."""
    (a, v), q = sizes(g, 2, 4, 7), sizes(g, 1, 9, 12)[0]
    clip, frame = (torch.randint(-r, r + 1, (q, v), generator=g) / 8 for r in (5, 15))
    own = torch.randint(v, (q,), generator=g)
    clip, frame = (s.scatter_add(1, own[:, None], torch.full((q, 1), 0.75)) for s in (clip, frame))
    for row, (right, wrong) in enumerate(((0, v - 1), (v - 1, 0))):
        own[row] = right
        for score in (clip, frame):
            score[row, [right, wrong]] = 3.0
    order, alphas = torch.randperm(q, generator=g), torch.randperm(9, generator=g)[:a] / 8
    return {"clip": clip[order], "frame": frame[order], "own": own[order], "alphas": alphas}


def two_spans(g: Generator) -> Inputs:
    """Spans that overlap, one that lies within the other, and two that lie apart."""
    rows = sizes(g, 1, 5, 9)[0]
    start = 10 * torch.rand(rows, generator=g)
    first = torch.stack([start, start + 2 + 3 * torch.rand(rows, generator=g)], 1)
    second = first + (torch.rand(rows, 2, generator=g) - 0.4) * 2
    second[0] = first[0] + torch.tensor([0.5, -0.7])
    second[1], second[2] = first[1] + 7, first[2] - 6
    order = torch.randperm(rows, generator=g)
    return {"first": first[order], "second": second[order]}


def ranked_moments(g: Generator) -> Inputs:
    """In each group a moment at its upper edge, a rank of k, one below and two above."""
    k, parts = 2 + int(torch.randint(3, (1,), generator=g)), []
    for low, count in zip((0.0, 0.2, 0.4), sizes(g, 3, 4, 7), strict=True):
        seconds = 10.0 * torch.randint(1, 4, (count,), generator=g)
        share = low + 0.03 + 0.14 * torch.rand(count, generator=g)
        start = (1 - share) * seconds * torch.rand(count, generator=g)
        span = torch.stack([start, start + share * seconds], 1)
        span[0] = torch.tensor([0.0, 2 + 10 * low]) * seconds[0] / 10  # exact: at the edge
        rank = torch.randint(1, 7, (count,), generator=g)
        rank[:4] = torch.tensor([k, 1, k + 1, k + 3])
        parts.append((rank, span, seconds))
    rank, moment, duration = (torch.cat(column) for column in zip(*parts, strict=True))
    order = torch.randperm(len(rank), generator=g)
    return {"rank": rank[order], "moment": moment[order], "duration": duration[order], "k": k}


def planted_failures(g: Generator) -> Inputs:
    """Each kind of failure, in turn; who is ahead is planted, everybody else scores low."""
    groups, extra = sizes(g, 2, 3, 4)
    films, queries = 3 * groups, 14 + extra
    label = torch.randperm(films, generator=g) % groups
    score = torch.rand(queries, films, generator=g) / 2
    answers = torch.zeros(queries, films, dtype=torch.bool)
    own = 1 + torch.randint(films - 2, (queries,), generator=g)
    for q, right_film in enumerate(own.tolist()):
        kin = [v for v in range(films) if label[v] == label[right_film] and v != right_film]
        strangers = [v for v in range(films) if label[v] != label[right_film]]
        score[q, right_film], answers[q, right_film] = 0.7, True
        tied = (films - 1 if q % 2 else 0, 0.7)  # after the own film, or before it
        near, far = (kin[0], 0.9), (strangers[0], 0.9)
        weaker = [(v, 0.8) for v, _ in (near, far)]
        ahead = ([], [tied], [near], [far], [near, weaker[1]], [far, weaker[0]], [tied])[q % 7]
        for film, value in ahead:
            score[q, film] = value
        answers[
            q,
            (right_film, right_film, kin[0], strangers[0], strangers[0], right_film, right_film)[
                q % 7
            ],
        ] = True
        if 7 <= q < 14:  # each kind also where all scores lie below 0
            score[q] -= 2
    order = torch.randperm(queries, generator=g)
    return {"score": score[order], "own": own[order], "answers": answers[order], "group": label}
