"""Lesson 11's exercises with a twist; what they ask is in variants.md."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from prvr_lite.course.grading.exercise import Inputs
from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson11.answers import among, best_rows, owners


def nearest_frames(shown: Tensor, at: Tensor) -> Tensor:
    """The frame whose time is nearest to each time: [T] s ascending, [S] s -> [S] int64."""
    return (at[:, None] - shown).abs().argmin(1)


def next_frames(shown: Tensor, at: Tensor) -> Tensor:
    """The first frame at or after each time: [T] s ascending, [S] s -> [S] int64; -1: none."""
    place = torch.searchsorted(shown, at)
    return place.where(place < len(shown), -1)


def two_clips(query: Tensor, clip: Tensor, real: Tensor) -> Tensor:
    """Mean cosine with each film's two best clips: [Q, D], [V, N, D], [V, N] bool -> [Q, V]."""
    cosine = torch.einsum("qd,vnd->qvn", normalize(query, dim=1), normalize(clip, dim=2))
    best = cosine.masked_fill(~real, -torch.inf).topk(min(2, clip.shape[1])).values
    used = best.isfinite()
    return best.masked_fill(~used, 0).sum(2) / used.sum(2)


def film_vector_scores(query: Tensor, clip: Tensor, real: Tensor) -> Tensor:
    """The cosine with one vector per film: [Q, D], [V, N, D], [V, N] bool -> [Q, V]."""
    film = (normalize(clip, dim=2) * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    return normalize(query, dim=1) @ normalize(film, dim=1).T


def by_votes(hits: Tensor, video_of: Tensor, score: Tensor, k: int) -> Tensor:
    """The films with the most hits, of equal ones the best exact score -> [Q, k] rows of films.

    hits [Q, C] rows of clips (-1: none), video_of [M] the film of each clip, score [Q, V] exact
    scores; -1 where fewer than k films own a hit.
    """
    rows = []
    for own_hits, exact in zip(hits, score.tolist(), strict=True):
        votes = video_of[own_hits[own_hits >= 0]].bincount(minlength=len(exact)).tolist()
        known = [film for film, count in enumerate(votes) if count]
        known.sort(key=lambda film: (votes[film], exact[film]), reverse=True)
        rows.append((known + [-1] * k)[:k])
    return torch.tensor(rows)


def hit_twice(hits: Tensor, video_of: Tensor, score: Tensor, k: int) -> Tensor:
    """The best films among those that own at least two hits -> [Q, k] rows of films.

    hits [Q, C] rows of clips (-1: none), video_of [M] the film of each clip, score [Q, V] exact
    scores; best first, -1 where fewer than k films own two hits.
    """
    film = video_of[hits][..., None] == torch.arange(score.shape[1])  # [Q, C, V]
    count = (film & (hits >= 0)[..., None]).sum(1)
    return best_rows(score.masked_fill(count < 2, -torch.inf), k)


def owned_share(hits: Tensor, video_of: Tensor, score: Tensor, k: int) -> Tensor:
    """Which of the k best films own a hit: -> [Q, k] bool, the best film first.

    hits [Q, C] rows of clips (-1: none), video_of [M] the film of each clip, score [Q, V] exact
    scores, k at most V.
    """
    return owners(hits, video_of, score).gather(1, score.topk(k).indices)


def recall_by_rank(found: Tensor, exact: Tensor) -> Tensor:
    """What weighted share of the exact best is among what was found, in %, over all queries.

    found [Q, C] rows (-1: none), exact [Q, k] rows, best first -> one number.
    """
    weight = 1 / torch.arange(1, exact.shape[1] + 1)
    return 100 * (among(exact, found) * weight).sum(1).mean() / weight.sum()


def complete_queries(found: Tensor, exact: Tensor) -> Tensor:
    """Of how many queries all of the exact best are among what was found, in %.

    found [Q, C] rows (-1: none), exact [Q, k] rows; the order of either does not matter.
    """
    return 100 * among(exact, found).all(1).float().mean()


def near_cells(
    query: Tensor, centre: Tensor, clip: Tensor, cell: Tensor, probes: int, k: int
) -> Tensor:
    """The best clips of the `probes` nearest cells -> [k] rows of clips, best first.

    query [D], centre [C, D], clip [N, D], cell [N] of each clip. Cells by the distance of their
    centre from the query, clips by their inner product with it; -1 where those cells hold fewer
    than k clips. Only clips of these cells are scored.
    """
    opened = (centre - query).square().sum(1).argsort()[:probes]
    rows = [row for row, one in enumerate(cell.tolist()) if one in opened.tolist()]
    score = clip[rows] @ query
    ranked = [rows[i] for i in score.argsort(descending=True).tolist()]
    return torch.tensor((ranked + [-1] * k)[:k])


def best_of_each_cell(
    query: Tensor, centre: Tensor, clip: Tensor, cell: Tensor, probes: int, k: int
) -> Tensor:
    """The best clip of each of the `probes` best cells -> [k] rows of clips, best first.

    query [D], centre [C, D], clip [N, D], cell [N] of each clip. Cells and clips by their inner
    product with the query; -1 where fewer than k of those cells hold a clip. Only clips of these
    cells are scored.
    """
    found: list[tuple[float, int]] = []
    for one in (centre @ query).topk(probes).indices.tolist():
        rows = (cell == one).nonzero().squeeze(1)
        if len(rows):
            score, place = (clip[rows] @ query).max(0)
            found.append((float(score), int(rows[place])))
    ranked = [row for _, row in sorted(found, reverse=True)]
    return torch.tensor((ranked + [-1] * k)[:k])


def not_more_than_films(inputs: Inputs, g: Generator) -> Inputs:
    return {**inputs, "k": min(inputs["k"], inputs["score"].shape[1])}


VARIANTS = (
    Variant("frames_at", nearest_frames),
    Variant("frames_at", next_frames),
    Variant("zero_shot_scores", two_clips),
    Variant(
        "zero_shot_scores",
        film_vector_scores,
        changes={"axes": {"query": "Qd", "clip": "VNd", "real": "VN"}},
    ),
    Variant("rescore_candidates", by_votes),
    Variant("rescore_candidates", hit_twice),
    Variant(
        "rescore_candidates",
        owned_share,
        inputs=not_more_than_films,
    ),
    Variant("candidate_recall", recall_by_rank),
    Variant("candidate_recall", complete_queries),
    Variant("cell_search", near_cells),
    Variant("cell_search", best_of_each_cell),
)
