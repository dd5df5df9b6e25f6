"""Lesson 6's exercises with a twist; what they ask is in variants.md."""

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
        changes={"axes": NO_TIES},
    ),
    Variant(
        "key_clips",
        clips_for_all,
        changes={"shape": "[V]", "axes": NO_TIES},
    ),
    Variant("guided_weights", cosine_weights),
    Variant(
        "guided_weights",
        two_frames,
        changes={"gradient": ()},
    ),
    Variant("attended_frames", attended_contrast),
    Variant("attended_frames", attended_unit),
    Variant("frame_scores", key_lead),
    Variant("frame_scores", key_and_neighbours),
)
