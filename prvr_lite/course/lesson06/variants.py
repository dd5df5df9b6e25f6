"""Lesson 6's exercises with a twist."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from prvr_lite.course.grading.varying import Variant
from prvr_lite.course.lesson06.answers import cosines, masked_softmax, pick, raw_scores


def second_clips(queries: Tensor, clips: Tensor) -> Tensor:
    """Which clip of each film has the second highest cosine with each query, int64.

    queries [Q, H], clips [V, K, H] -> [Q, V], numbers 0..K-1; 0 where K is 1.
    """
    ranked = cosines(queries, clips).argsort(-1, descending=True)  # [Q, V, K]
    return ranked[..., min(1, clips.shape[1] - 1)]


def clips_for_all(queries: Tensor, clips: Tensor) -> Tensor:
    """Which clip of each film has the highest mean cosine with the queries, int64.

    queries [Q, H], clips [V, K, H] -> [V], numbers 0..K-1.
    """
    return cosines(queries, clips).mean(0).argmax(-1)


def cosine_weights(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """How each clip weighs the frames of its film: softmax over real frames of cosines.

    clips [V, K, H], frames [V, T, H], frame_mask [V, T] bool (True: real), key_map [H, H]
    -> [V, K, T]; each row sums to 1, padded frames get 0.
    """
    keys = F.normalize(frames @ key_map.T, dim=-1)
    return masked_softmax(F.normalize(clips, dim=-1) @ keys.mT, frame_mask)


def two_frames(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """A weight of 1/2 for the two real frames that score highest with each clip, else 0.

    clips [V, K, H], frames [V, T, H], frame_mask [V, T] bool (True: real), key_map [H, H]
    -> [V, K, T]; each row sums to 1, padded frames get 0.
    """
    score = raw_scores(clips, frames, key_map).masked_fill(~frame_mask[:, None], -torch.inf)
    best = score.topk(min(2, score.shape[-1]), -1)
    found = best.values.isfinite().float()
    return torch.zeros_like(score).scatter(-1, best.indices, found / found.sum(-1, keepdim=True))


def attended_contrast(weight: Tensor, frames: Tensor, value_map: Tensor) -> Tensor:
    """The frames as each clip sees them, less the mean frame of the film.

    weight [V, K, T], frames [V, T, H], value_map W2 [H, H] -> [V, K, H].
    """
    return (weight @ frames - frames.mean(1, keepdim=True)) @ value_map.T


def attended_unit(weight: Tensor, frames: Tensor, value_map: Tensor) -> Tensor:
    """The frames as each clip sees them, from values that have the length 1.

    weight [V, K, T], frames [V, T, H], value_map W2 [H, H] -> [V, K, H].
    """
    return weight @ F.normalize(frames @ value_map.T, dim=-1)


def key_lead(queries: Tensor, attended: Tensor, key: Tensor) -> Tensor:
    """How far the cosine with the key clip's attended frames r is above the mean over all clips.

    queries [Q, H], attended frames r [V, K, H], key clips [Q, V] int64 -> [Q, V].
    """
    every = cosines(queries, attended)
    return pick(every, key) - every.mean(-1)


def key_and_neighbours(queries: Tensor, attended: Tensor, key: Tensor) -> Tensor:
    """Mean cosine of each query with the attended frames r of its key clip and the clips beside it.

    queries [Q, H], attended frames r [V, K, H], key clips [Q, V] int64 -> [Q, V].
    """
    distance = (torch.arange(attended.shape[1]) - key[..., None]).abs()  # [Q, V, K]
    near = (distance <= 1).to(attended)
    return (cosines(queries, attended) * near).sum(-1) / near.sum(-1)


NO_TIES = {"queries": "Qh", "clips": "VKh"}  # all cosines are 1 or -1 where vectors have one number

VARIANTS = (
    Variant(
        "key_clips",
        second_clips,
        """\
Find the **runner-up**: for each query and film the clip with the *second highest* cosine. (No
two clips have the same cosine.) A film of a single clip gives 0.""",
        changes={"axes": NO_TIES},
    ),
    Variant(
        "key_clips",
        clips_for_all,
        """\
Find **one clip per film for all queries together**: the clip whose cosine, averaged over all
$Q$ queries, is the highest. The result has the shape [V]. Each cosine is that of one query
with one clip; the mean is taken of the cosines.""",
        changes={"shape": "[V]", "axes": NO_TIES},
    ),
    Variant(
        "guided_weights",
        cosine_weights,
        """\
Weigh the frames by the **cosine**: the score of frame $f$ for clip $c$ is the cosine of $W_1
f$ with $c$ (both are divided by their lengths, which are not 0), with $W_1$ = `key_map`. Then
take the softmax over the real frames of the film; padded frames have the weight 0.""",
    ),
    Variant(
        "guided_weights",
        two_frames,
        """\
Let each clip look at **two frames only**: of the real frames of its film the two with the
highest score $(W_1 f) \\cdot c$, with $W_1$ = `key_map`, have the weight 1/2 each, and all
others 0. A film of a single real frame gives it the weight 1. (No two frames have the same
score.) Padded frames have the weight 0.""",
        changes={"gradient": ()},
    ),
    Variant(
        "attended_frames",
        attended_contrast,
        """\
Keep what makes the attended frames special: **before** $W_2$ is applied, take from the
attended frame $\\sum_t a_t f_t$ the plain mean of all $T$ frames of the film. So $r = W_2
\\big( \\sum_t a_t f_t - \\tfrac1T \\sum_t f_t \\big)$, with $a$ = `weight` and
$W_2$ = `value_map`. There is no padding here.""",
    ),
    Variant(
        "attended_frames",
        attended_unit,
        """\
Let no frame speak louder than another: divide **each value** $W_2 f_t$ by its length (which is
not 0) before the weighted sum. So $r = \\sum_t a_t \\, W_2 f_t / \\lVert W_2 f_t \\rVert$,
with $a$ = `weight` and $W_2$ = `value_map`. There is no padding here.""",
    ),
    Variant(
        "frame_scores",
        key_lead,
        """\
How special is the key clip? For each query and film compute the cosine of the query with the
$r$ of its key clip, **minus the mean cosine** of the query with the $r$ of *all* clips of this
film (the key clip included).""",
    ),
    Variant(
        "frame_scores",
        key_and_neighbours,
        """\
Be less strict about the key clip: for each query and film take the **mean of the cosines** of
the query with the $r$ of the key clip and of the clips directly before and behind it in the
list. At the ends of the list there is only one such neighbour, or none if the film has a
single clip; then the mean is taken of what is there.""",
    ),
)
