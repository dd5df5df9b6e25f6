"""Lesson 11's answers, right and wrong, and the inputs that they are tried on."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize, pad

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, sizes
from prvr_lite.course.grading.exercise import Inputs


def frames_at(shown: Tensor, at: Tensor) -> Tensor:
    """The frame that is on the screen at each time: [T] s ascending, [S] s -> [S] int64.

    A frame is on the screen from its own time until the next one's; before the first frame's time,
    the first one counts.
    """
    return (torch.searchsorted(shown, at, right=True) - 1).clamp(min=0)


def zero_shot_scores(query: Tensor, clip: Tensor, real: Tensor) -> Tensor:
    """The cosine with each video's best clip: [Q, D], [V, N, D], [V, N] bool -> [Q, V]."""
    query, clip = normalize(query, dim=1), normalize(clip, dim=2)
    score = torch.einsum("qd,vnd->qvn", query, clip)  # [Q, V, N]
    return score.masked_fill(~real, -torch.inf).amax(2)


def rescore_candidates(hits: Tensor, video_of: Tensor, score: Tensor, k: int) -> Tensor:
    """The best videos among those that own a hit, by their exact scores: -> [Q, k] rows of videos.

    hits [Q, C] rows of clips (-1: none), video_of [M] of each clip, score [Q, V]; -1 where fewer
    than k videos own one.
    """
    allowed = torch.zeros_like(score, dtype=torch.bool)
    for q, row in enumerate(hits):
        allowed[q, video_of[row[row >= 0]]] = True
    best = score.masked_fill(~allowed, -torch.inf).topk(k)
    return best.indices.masked_fill(best.values == -torch.inf, -1)


def candidate_recall(found: Tensor, exact: Tensor) -> Tensor:
    """What share of the exact best is among what was found (%): [Q, C], [Q, k] -> one number."""
    hit = (exact[:, :, None] == found[:, None]).any(2)  # [Q, k]
    return 100 * hit.float().mean()


def cell_search(
    query: Tensor, centre: Tensor, clip: Tensor, cell: Tensor, probes: int, k: int
) -> Tensor:
    """The best clips of the ``probes`` best cells: [D], [C, D], [N, D], [N] -> [k] rows of clips.

    Cells and clips by their inner product with the query; -1 where those cells hold fewer than k.
    Only clips of these cells are scored.
    """
    opened = (centre @ query).topk(probes).indices
    inside = torch.isin(cell, opened).nonzero().squeeze(1)  # rows of clips
    best = (clip[inside] @ query).topk(min(k, len(inside))).indices
    rows = torch.full((k,), -1)
    rows[: len(best)] = inside[best]
    return rows


def best_rows(score: Tensor, k: int) -> Tensor:
    """The places of the k highest of the last dimension, -1 where they are -inf."""
    values, places = pad(score, (0, k), value=-torch.inf).topk(k)
    return places.masked_fill(values == -torch.inf, -1)


def owners(hits: Tensor, video_of: Tensor, score: Tensor) -> Tensor:
    """Which videos own a hit, [Q, V] bool; a hit of -1 is none."""
    video = video_of[hits].masked_fill(hits < 0, score.shape[1])  # [Q, C]
    spare = torch.zeros(len(score), score.shape[1] + 1, dtype=torch.bool)
    return spare.scatter(1, video, True)[:, :-1]


def among(rows: Tensor, others: Tensor) -> Tensor:
    """Which of the rows are among the others of the same query: [Q, A], [Q, B] -> [Q, A] bool."""
    return (rows[:, :, None] == others[:, None]).any(2)


def wrong_frames(shown: Tensor, at: Tensor, wrong: str) -> Tensor:
    """frames_at with something wrong in it."""
    last = len(shown) - 1
    after = torch.searchsorted(shown, at, right=True)
    step = (shown[-1] - shown[0]) / last
    return {
        "nearest": (shown[None] - at[:, None]).abs().argmin(1),
        "left": (torch.searchsorted(shown, at) - 1).clamp(min=0),
        "next": torch.searchsorted(shown, at).clamp(max=last),
        "late": after.clamp(max=last),
        "minus": after - 1,
        "rate": (at / step).long().clamp(0, last),
        "rate, moved": ((at - shown[0]) / step).floor().long().clamp(0, last),
        "rate, counted": (at * len(shown) / shown[-1]).long().clamp(0, last),
        "seconds": shown[(after - 1).clamp(min=0)],
        "sorted": (after - 1).clamp(min=0).sort().values,
        "once": torch.tensor(sorted({*(after - 1).clamp(min=0).tolist()})),
    }[wrong]


def wrong_zero_shot(query: Tensor, clip: Tensor, real: Tensor, wrong: str) -> Tensor:
    """zero_shot_scores with something wrong in it."""
    q = query if wrong in ("dot", "query") else normalize(query, dim=1)
    c = clip if wrong in ("dot", "clip") else normalize(clip, dim=1 if wrong == "axis" else 2)
    share = real[..., None] / real.sum(1)[:, None, None]  # [V, N, 1]
    if wrong == "video":  # the mean clip, which is a short cut to the whole film
        return q @ normalize((clip * share).sum(1), dim=1).T
    if wrong == "feature":
        return q @ normalize(clip.masked_fill(~real[..., None], -torch.inf).amax(1), dim=1).T
    score = torch.einsum("qd,vnd->qvn", q, c)
    return {
        "mean": (score * share[..., 0]).sum(2),
        "padding": score.amax(2),
        "zero": (score * real).amax(2),
        "lowest": score.masked_fill(~real, torch.inf).amin(2),
    }.get(wrong, score.masked_fill(~real, -torch.inf).amax(2))


def wrong_rescore(hits: Tensor, video_of: Tensor, score: Tensor, k: int, wrong: str) -> Tensor:
    """rescore_candidates with something wrong in it."""
    allowed, video = owners(hits, video_of, score), video_of[hits]
    if wrong == "last":  # a hit of -1 picks the last clip
        allowed = torch.zeros_like(allowed).scatter(1, video, True)
    if wrong == "order":
        lists = [
            [v for v, h in zip(*map(list, row), strict=True) if h >= 0]
            for row in zip(video.tolist(), hits.tolist(), strict=True)
        ]
        return torch.tensor([([*dict.fromkeys(row)] + [-1] * k)[:k] for row in lists])
    if wrong in ("twice", "column"):
        clip_score = score.gather(1, video).masked_fill(hits < 0, -torch.inf)  # [Q, C]
        place = best_rows(clip_score, k)
        if wrong == "column":
            return place
        return video.gather(1, place.clamp(min=0)).where(place >= 0, place)
    if wrong == "count":
        made = (video[..., None] == torch.arange(score.shape[1])) & (hits >= 0)[..., None]
        score = made.sum(1) + score / 1e3  # [Q, V]
    if wrong == "lowest":
        score = -score
    left = score.masked_fill(~allowed, 0.0 if wrong == "zero" else -torch.inf)
    if wrong == "all":
        left = score
    return left.topk(k).indices if wrong == "filler" else best_rows(left, k)


def wrong_candidate_recall(found: Tensor, exact: Tensor, wrong: str) -> Tensor:
    """candidate_recall with something wrong in it."""
    hit = among(exact, found)  # [Q, k]
    return {
        "place": 100 * (found[:, : exact.shape[1]] == exact).float().mean(),
        "first": 100 * hit[:, 0].float().mean(),
        "any": 100 * hit.any(1).float().mean(),
        "all": 100 * hit.all(1).float().mean(),
        "found": 100 * hit.sum() / (found >= 0).sum(),
        "cut": 100 * among(exact, found[:, : exact.shape[1]]).float().mean(),
        "anywhere": 100 * torch.isin(exact, found).float().mean(),
        "count": 100 * hit.sum(1).float().mean(),
        "share": hit.float().mean(),
    }[wrong]


def wrong_cells(
    query: Tensor, centre: Tensor, clip: Tensor, cell: Tensor, probes: int, k: int, wrong: str
) -> Tensor:
    """cell_search with something wrong in it."""
    fit, score = centre @ query, clip @ query
    if wrong == "cosine":
        fit = normalize(centre, dim=1) @ query
    if wrong == "distance":
        fit = -(centre - query).norm(dim=1)
    near = fit.topk(1 if wrong == "one" else probes, largest=wrong != "far").indices
    inside = torch.isin(cell, near)
    if wrong == "clips":  # the cells of the best clips, which one would have to know already
        inside = torch.isin(cell, cell[score.topk(probes).indices])
    if wrong == "all":
        return best_rows(score, k)
    if wrong == "within":  # rows of the list that was searched, not of all clips
        rows = score[inside].sort(descending=True).indices.tolist()
        return torch.tensor((rows + [-1] * k)[:k])
    if wrong == "by cell":
        score = score - 1e3 * (fit > fit[cell][:, None]).sum(1)  # by how many cells are better
    if wrong == "lowest":
        score = -score
    left = score.masked_fill(~inside, 0.0 if wrong == "zero" else -torch.inf)
    return left.topk(k).indices if wrong == "filler" else best_rows(left, k)


def screen_times(g: Generator) -> Inputs:
    """Frames at uneven times on a grid of 1/8 s; before, at, shortly before and after them."""
    frames, extra = sizes(g, 2, 5, 9)
    gaps = torch.randint(3, 17, (frames,), generator=g)
    gaps[1], gaps[2] = 16, 3  # never an even rate
    shown = gaps.cumsum(0) / 8
    inner = 1 + int(torch.randint(frames - 2, (1,), generator=g))
    marks = [shown[0] - 0.25, shown[inner], shown[inner + 1] - 0.125, shown[-1] + 0.5, shown[-1]]
    span = float(shown[-1])
    at = torch.cat([torch.stack(marks), (torch.rand(extra, generator=g) * span * 16).ceil() / 16])
    at = at[torch.randperm(len(at), generator=g)]
    return {"shown": shown, "at": torch.cat([at, shown[-1:], shown[:1]])}  # never in order


def clip_table(g: Generator) -> Inputs:
    """Clips of other lengths than 1; one film that one query is against, with padding."""
    q, v, n, d = sizes(g, 4, 3, 8)
    real = mask(g, v, n + 1)
    real[0, -1] = False
    real[0, 0] = True
    clip = normal(g, v, n + 1, d) * (0.5 + 2 * torch.rand(v, n + 1, 1, generator=g))
    clip[0] = 2 + 0.2 * normal(g, n + 1, d)
    query = normal(g, q, d) * 3
    query[0], query[1] = query[0].abs(), -1 - query[1].abs()
    return {"query": query, "clip": fill_padding(clip, real, g), "real": real}


def clip_hits(g: Generator) -> Inputs:
    """Clips of a few films each; some hits are -1, and some queries hit fewer than k films."""
    q, v = sizes(g, 2, 4, 8)
    clips, hits = 3 * v, v + 3
    video_of = (torch.arange(clips) % v)[torch.randperm(clips, generator=g)]
    rows = torch.stack([torch.randperm(clips, generator=g)[:hits] for _ in range(q)])
    k = 3
    rows[0, 2:] = -1  # at most two films
    rows[1, -1] = -1
    rows[1] = torch.where(video_of[rows[1]] == video_of[-1], -1, rows[1])  # the last film is none
    values = torch.linspace(-1.5, 0.5, v)
    score = torch.stack([values[torch.randperm(v, generator=g)] for _ in range(q)])
    score[1, video_of[-1]] = 0.9  # … though the best
    return {"hits": rows, "video_of": video_of, "score": score, "k": k}


def found_and_exact(g: Generator) -> Inputs:
    """Rows found and exact ones, that share some in other places; -1 where nothing was found."""
    q, k = sizes(g, 1, 6, 9)[0], 3
    width, films = k + sizes(g, 1, 2, 4)[0], 14
    exact = torch.stack([torch.randperm(films, generator=g)[:k] for _ in range(q)])
    candidates = torch.stack([torch.randperm(films, generator=g)[:width] for _ in range(q)])
    candidates[0, :k] = exact[0].flip(0)  # all of them, in another order
    candidates[0, k:] = -1
    candidates[1, :] = torch.tensor([f for f in range(films) if f not in exact[1].tolist()])[:width]
    candidates[2, 0], candidates[2, -1] = exact[2, 1], exact[2, 0]
    candidates[2, 1:-1] = -1
    candidates[3, :] = -1
    order = torch.randperm(q, generator=g)
    return {"found": candidates[order], "exact": exact[order]}


def cells_of_clips(g: Generator) -> Inputs:
    """Cells around centres of other lengths; the best cells hold too few of the k."""
    cells, d = sizes(g, 2, 4, 7)
    each, probes = 4, 2
    query = 1.5 * normalize(normal(g, d), dim=0)
    centre = normalize(normal(g, cells, d), dim=1) * (0.5 + 1.5 * torch.rand(cells, 1, generator=g))
    centre[0] = 6 * query  # far away, and yet the best
    order = torch.randperm(cells, generator=g)
    cell = (torch.arange(each * cells) % cells)[torch.randperm(each * cells, generator=g)]
    clip = 0.1 * centre[cell] + normal(g, each * cells, d)
    centre, cell = centre[order], order.argsort()[cell]
    k = each * probes + 1  # one more than there are
    return {
        "query": query,
        "centre": centre,
        "clip": clip,
        "cell": cell,
        "probes": probes,
        "k": k,
    }
