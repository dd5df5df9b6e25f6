"""Lesson 6: the key clip, and the frames as the key clip sees them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from prvr_lite.course.grading.drawing import fill_padding, mask, normal, other_padding, sizes
from prvr_lite.course.grading.exercise import Exercise, Function, Inputs, Mistake


def key_clips(queries: Tensor, clips: Tensor) -> Tensor:
    """Which clip of each film is most like each query: [Q, H], [V, K, H] -> rows [Q, V] int64."""
    table = F.normalize(queries, dim=-1) @ F.normalize(clips, dim=-1).mT  # [V, Q, K]
    return table.argmax(-1).T  # [Q, V]


def guided_weights(clips: Tensor, frames: Tensor, frame_mask: Tensor, key_map: Tensor) -> Tensor:
    """softmax over frames of (W1 f) . c: [V, K, H], [V, T, H], [V, T] bool, [H, H] -> [V, K, T]."""
    score = clips @ (frames @ key_map.T).mT  # [V, K, T]
    return score.masked_fill(~frame_mask[:, None], -torch.inf).softmax(-1)


def attended_frames(weight: Tensor, frames: Tensor, value_map: Tensor) -> Tensor:
    """r = sum over frames of a W2 f: [V, K, T], [V, T, H], [H, H] -> [V, K, H]."""
    return (weight @ frames) @ value_map.T


def frame_scores(queries: Tensor, attended: Tensor, key: Tensor) -> Tensor:
    """cos(q, r of the key clip): [Q, H], [V, K, H], [Q, V] int64 -> S_f [Q, V]."""
    video = torch.arange(attended.shape[0])
    chosen = attended[video, key]  # [Q, V, H]
    return F.cosine_similarity(queries[:, None], chosen, dim=-1)


def _search(g: Generator) -> Inputs:
    videos, clips, width, queries = sizes(g, 4, 3, 8)
    length = torch.linspace(0.2, 5, clips)[torch.randperm(clips, generator=g)]
    vectors = normal(g, videos, clips, width) * length[:, None]
    return {"queries": 2 * normal(g, queries, width), "clips": vectors}


def _film(g: Generator) -> Inputs:
    videos, clips, frames, width = sizes(g, 4, 2, 7)
    real = mask(g, videos, frames)
    return {
        "clips": normal(g, videos, clips, width),
        "frames": fill_padding(normal(g, videos, frames, width), real, g),
        "frame_mask": real,
        "key_map": normal(g, width, width) / 2,
    }


def _weighed(g: Generator) -> Inputs:
    videos, clips, frames, width = sizes(g, 4, 2, 7)
    return {
        "weight": (2 * normal(g, videos, clips, frames)).softmax(-1),
        "frames": normal(g, videos, frames, width),
        "value_map": normal(g, width, width) / 2,
    }


def _asked(g: Generator) -> Inputs:
    videos, clips, width, queries = sizes(g, 4, 3, 8)
    return {
        "queries": 2 * normal(g, queries, width),
        "attended": 3 * normal(g, videos, clips, width),
        "key": torch.randint(clips, (queries, videos), generator=g),
    }


def _table(queries: Tensor, clips: Tensor) -> Tensor:
    """Raw inner products [Q, V, K]."""
    return torch.einsum("qh,vkh->qvk", queries, clips)


def _softmax(score: Tensor, frame_mask: Tensor, axis: int = -1) -> Tensor:
    return score.masked_fill(~frame_mask[:, None], torch.finfo(score.dtype).min).softmax(axis)


def _raw(clips: Tensor, frames: Tensor, key_map: Tensor) -> Tensor:
    return clips @ (frames @ key_map.T).mT  # [V, K, T]


def _cosines(queries: Tensor, vectors: Tensor) -> Tensor:
    return _table(F.normalize(queries, dim=-1), F.normalize(vectors, dim=-1))  # [Q, V, K]


def _pick(table: Tensor, key: Tensor) -> Tensor:
    return table.gather(2, key[..., None]).squeeze(-1)  # [Q, V]


def _wrong(answer: Function, message: str, *also: Function) -> Mistake:
    """A mistake whose answers take the inputs by their order."""
    first, *others = (_by_name(one) for one in (answer, *also))
    return Mistake(first, message, others)


def _by_name(answer: Function) -> Function:
    return lambda **given: answer(*given.values())


EXERCISES = (
    Exercise(
        "key_clips", 6, key_clips, _search, "[Q, V]",
        (
            _wrong(lambda q, c: _table(q, c).argmax(-1),
                "long vectors win: it compares inner products. A cosine divides by the lengths; "
                "those of the clips of one film differ, so they decide."),
            _wrong(lambda q, c: _table(F.normalize(q), F.normalize(c)).argmax(-1),
                "F.normalize goes over dimension 1 unless told otherwise, and that is K in clips: "
                "say dim=-1, so that each vector gets length 1."),
            _wrong(lambda q, c: _cosines(q, c).argmin(-1),
                "it is the worst clip of each film: the key clip has the highest cosine."),
            _wrong(lambda q, c: _cosines(q, c).argmax(1),
                "it is the best film for each clip number: the maximum goes over the K clips."),
            _wrong(lambda q, c: _cosines(q, c).amax(-1),
                "it says how good the key clip is, not which one it is: max against argmax."),
            _wrong(lambda q, c: _cosines(q, c).argmax(-1).T,
                "films and queries changed places: the result is [Q, V]."),
            _wrong(lambda q, c: (q[:, None, None] - c).norm(dim=-1).argmin(-1),
                "it is the clip at the least distance, where long and short vectors differ too. "
                "Only the angle between query and clip may count."),
        ),
        (
            "One query, one film: K cosines. Which of them is the largest, and where?",
            "Make all vectors unit length (F.normalize(x, dim=-1)); cosines are then products.",
            "torch.einsum('qh,vkh->qvk', …, …) of the unit vectors, then argmax over the last one.",
        ),
        minutes=10, loop="One product makes the cosines of all queries with all clips.",
    ),
    Exercise(
        "guided_weights", 6, guided_weights, _film, "[V, K, T]",
        (
            _wrong(lambda c, f, mask, w: _raw(c, f, w).softmax(-1),
                "the mask is forgotten: frames that do not exist draw attention."),
            _wrong(lambda c, f, mask, w: (_raw(c, f, w) * mask[:, None]).softmax(-1),
                "padded frames got score 0, and e^0 = 1 is a good share: they need -inf."),
            _wrong(lambda c, f, mask, w: _raw(c, f, w).softmax(-1) * mask[:, None],
                "the mask comes after the softmax: the weights of the real frames no longer sum "
                "to 1. Mask the scores first."),
            _wrong(lambda c, f, mask, w: _softmax(_raw(c, f, w), mask, 1),
                "the softmax goes over the clips: each clip shares its attention among the frames, "
                "so the last dimension sums to 1.",
                lambda c, f, mask, w: _raw(c, f, w)
                .masked_fill(~mask[:, None], -torch.inf)
                .softmax(1)),
            _wrong(lambda c, f, mask, w: _softmax(_raw(c, f, w) / math.sqrt(c.shape[-1]), mask),
                "it divides by the root of H, as a Transformer does; here nothing is scaled."),
            _wrong(lambda c, f, mask, w: _softmax(_raw(c, f, w.T), mask),
                "it is f . (W1 c): W1 went to the clip, or to the frames the wrong way round. "
                "It maps the frames, and as in nn.Linear W1 f is written frames @ key_map.T."),
            _wrong(lambda c, f, mask, w: _softmax(_raw(c @ w.T, f, w), mask),
                "the clip went through W1 too: only the frames are mapped, the clip stays as it "
                "is."),
            _wrong(lambda c, f, mask, w: _softmax(c @ f.mT, mask),
                "W1 is missing: the frames are mapped before they meet the clip."),
            _wrong(
                lambda c, f, mask, w: _softmax(
                    F.normalize(c, dim=-1) @ F.normalize(f @ w.T, dim=-1).mT, mask
                ),
                "it compares cosines: here the raw inner product goes into the softmax.",
            ),
        ),
        (
            "One clip, one film: a number for each frame, then a softmax over the real ones.",
            "frames @ key_map.T is W1 f for every frame, [V, T, H]. Which product gives [V, K, T]?",
            "clips @ (…).mT, masked_fill(~frame_mask[:, None], -torch.inf), softmax over the last.",
        ),
        minutes=15, difficulty=2, padding=other_padding("frames", "frame_mask"),
        gradient=("clips", "frames", "key_map"),
    ),
    Exercise(
        "attended_frames", 6, attended_frames, _weighed, "[V, K, H]",
        (
            _wrong(lambda a, f, w: a @ f,
                "W2 is missing: every frame is mapped by W2 before (or after) the sum."),
            _wrong(lambda a, f, w: a @ f @ w,
                "W2 is the wrong way round: as in nn.Linear, W2 f is written f @ value_map.T."),
            _wrong(lambda a, f, w: a @ f @ w.T / f.shape[1],
                "it divides by T: the weights already sum to 1, so their sum is a mean."),
            _wrong(lambda a, f, w: (f @ w.T).mean(1, keepdim=True).expand(-1, a.shape[1], -1),
                "all frames count alike: the weights are not used."),
            _wrong(lambda a, f, w: F.one_hot(a.argmax(-1), a.shape[-1]).to(f) @ f @ w.T,
                "it keeps the one frame with the largest weight: all frames enter, each as much "
                "as its weight says."),
        ),
        (
            "A weighted mean: T numbers and T vectors give one vector.",
            "weight [V, K, T] @ frames [V, T, H] sums over frames. Where does W2 come in?",
            "W2 may wait until after the sum, because it is linear: (weight @ frames) @ the "
            "transposed value_map.",
        ),
        minutes=5, gradient=("weight", "frames", "value_map"),
    ),
    Exercise(
        "frame_scores", 6, frame_scores, _asked, "[Q, V]",
        (
            _wrong(lambda q, r, key: _cosines(q, r).amax(-1),
                "it takes the best r of each film: r belongs to the key clip, which is given."),
            _wrong(lambda q, r, key: _pick(_table(q, r), key),
                "it is the inner product: S_f is a cosine, so divide by both lengths."),
            _wrong(lambda q, r, key: _pick(_table(q, F.normalize(r, dim=-1)), key),
                "the queries still have their own length: a cosine divides by both."),
            _wrong(lambda q, r, key: _pick(_cosines(q, r), key[:1].expand_as(key)),
                "every query uses the key clip of the first one: each has its own in each film."),
            _wrong(lambda q, r, key: _cosines(q, r).gather(1, key[..., None]).squeeze(-1),
                "gather goes along dimension 1, the films: key numbers the K clips of each film, "
                "and they are the last dimension of the table [Q, V, K]."),
            _wrong(lambda q, r, key: _cosines(q, r).mean(-1),
                "it is the mean over all clips of a film: only the key clip's r counts."),
            _wrong(lambda q, r, key: _pick(_cosines(q, r), key).T,
                "films and queries changed places: the result is [Q, V]."),
        ),
        (
            "Which of the K vectors r of film v does query q look at? key[q, v] tells.",
            "Make the table of all cosines [Q, V, K] first; then pick one of the K for each pair.",
            "table.gather(2, key[..., None]) picks along dimension 2 and leaves a dimension of 1.",
        ),
        minutes=10, difficulty=2, gradient=("queries", "attended"),
    ),
)  # fmt: skip
