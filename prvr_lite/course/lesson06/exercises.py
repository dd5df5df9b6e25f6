"""Lesson 6: the key clip, and the frames as the key clip sees them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from prvr_lite.course.grading.drawing import other_padding
from prvr_lite.course.grading.exercise import Exercise, mistake
from prvr_lite.course.lesson06 import answers as a
from prvr_lite.course.lesson06 import planted

EXERCISES = (
    Exercise(
        "key_clips",
        6,
        a.key_clips,
        a.search_inputs,
        "[Q, V]",
        (
            mistake(
                lambda q, c: a.products(q, c).argmax(-1),
                "long vectors win, as in inner products. A cosine divides by each vector's length; "
                "those of the clips of one film differ, so they decide.",
            ),
            mistake(
                lambda q, c: a.products(F.normalize(q), F.normalize(c)).argmax(-1),
                "F.normalize goes over dimension 1 unless dim says otherwise, and that is K in "
                "clips: say dim=-1, so that each vector gets length 1.",
            ),
            mistake(
                lambda q, c: a.cosines(q, c).argmin(-1),
                "it is the worst clip of each film: the key clip has the highest cosine.",
            ),
            mistake(
                lambda q, c: a.cosines(q, c).argmax(1),
                "it is the best film for each clip number: the maximum goes over the K clips.",
            ),
            mistake(
                lambda q, c: a.cosines(q, c).amax(-1),
                "it says how good the key clip is, not which one it is: max against argmax.",
            ),
            mistake(
                lambda q, c: a.cosines(q, c).argmax(-1).T,
                "films and queries changed places: the result is [Q, V].",
            ),
            mistake(
                lambda q, c: (q[:, None, None] - c).norm(dim=-1).argmin(-1),
                "it is the clip at the least distance, where long and short vectors differ too. "
                "Only the angle between query and clip may count.",
            ),
            mistake(
                lambda q, c: a.cosines(q, c).movedim(0, 2).reshape(len(q), len(c), -1).argmax(-1),
                "films and queries are mixed: view and reshape only count on, and do not swap "
                "dimensions. Transpose, so that the queries come first, or let einsum do it.",
            ),
            mistake(
                lambda q, c: F.cosine_similarity(q[:, None, None], c[None], dim=2).argmax(-1),
                "cosine_similarity goes over another dimension than the H numbers of a vector: "
                "say dim=-1.",
                lambda q, c: F.cosine_similarity(q[:, None, None], c[None]).argmax(-1),
            ),
        ),
        (
            "One query, one film: K cosines. Which of them is the largest, and where?",
            "Make all vectors unit length (F.normalize(x, dim=-1)); cosines are then products.",
            "torch.einsum('qh,vkh->qvk', …, …) of the unit vectors, then argmax over the last one.",
        ),
        minutes=10,
        loop="One product makes the cosines of all queries with all clips.",
        axes={"queries": "Qh", "clips": "VKh"},
        planted=planted.hard_searches,
    ),
    Exercise(
        "guided_weights",
        6,
        a.guided_weights,
        a.film_inputs,
        "[V, K, T]",
        (
            mistake(
                lambda c, f, mask, w: a.raw_scores(c, f, w).softmax(-1),
                "the mask is forgotten: frames that do not exist draw attention.",
            ),
            mistake(
                lambda c, f, mask, w: (a.raw_scores(c, f, w) * mask[:, None]).softmax(-1),
                "padded frames got score 0, and e^0 = 1 is much: they need -inf.",
            ),
            mistake(
                lambda c, f, mask, w: a.raw_scores(c, f, w).softmax(-1) * mask[:, None],
                "the mask comes after the softmax: the weights of the real frames no longer sum "
                "to 1. Mask the scores first.",
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(a.raw_scores(c, f, w), mask, 1),
                "the softmax goes over the clips: each clip shares its attention among the frames, "
                "so the last dimension sums to 1.",
                lambda c, f, mask, w: (
                    a.raw_scores(c, f, w).masked_fill(~mask[:, None], -torch.inf).softmax(1)
                ),
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(
                    a.raw_scores(c, f, w) / math.sqrt(c.shape[-1]), mask
                ),
                "it divides by the root of H, as a Transformer does; here nothing is scaled.",
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(a.raw_scores(c, f, w.T), mask),
                "it is f . (W1 c): W1 went to the clip, or to the frames the wrong way round. "
                "It maps the frames, and as in nn.Linear W1 f is written frames @ key_map.T.",
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(a.raw_scores(c @ w.T, f, w), mask),
                "the clip went through W1 too: only the frames are mapped, the clip stays as it "
                "is.",
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(c @ f.mT, mask),
                "W1 is missing: the frames are mapped before they meet the clip.",
            ),
            mistake(
                lambda c, f, mask, w: a.masked_softmax(
                    F.normalize(c, dim=-1) @ F.normalize(f @ w.T, dim=-1).mT, mask
                ),
                "it compares cosines: here the raw inner product goes into the softmax.",
            ),
            mistake(
                lambda c, f, mask, w: a.raw_scores(
                    c, f.masked_fill(~mask[..., None], -torch.inf), w
                ).softmax(-1),
                "frames are -inf before they are multiplied: infinity times a number may come out "
                "as +inf or nan. Mask the scores, not the frames.",
            ),
            mistake(
                lambda c, f, mask, w: a.shares(
                    a.raw_scores(c, f, w).masked_fill(~mask[:, None], 0)
                ),
                "scores are divided by their sum: softmax takes e^score first, so that no weight "
                "is below 0.",
            ),
            mistake(
                lambda c, f, mask, w: (
                    a.raw_scores(c, f, w).masked_fill(~mask[:, None], -torch.inf).log_softmax(-1)
                ),
                "log_softmax gives the logs of the weights: the weights themselves are asked for.",
            ),
        ),
        (
            "One clip, one film: a number for each frame, then a softmax over the real ones.",
            "frames @ key_map.T is W1 f for every frame, [V, T, H]. Which product gives [V, K, T]?",
            "clips @ (…).mT, masked_fill(~frame_mask[:, None], -torch.inf), softmax over the last.",
        ),
        minutes=15,
        difficulty=2,
        padding=other_padding("frames", "frame_mask"),
        gradient=("clips", "frames", "key_map"),
        axes={"clips": "VKh", "frames": "VTh", "frame_mask": "VT"},
        planted=planted.hard_films,
    ),
    Exercise(
        "attended_frames",
        6,
        a.attended_frames,
        a.weighed_inputs,
        "[V, K, H]",
        (
            mistake(
                lambda a, f, w: a @ f,
                "W2 is missing: every frame is mapped by W2 before (or after) the sum.",
            ),
            mistake(
                lambda a, f, w: a @ f @ w,
                "W2 is the wrong way round: as in nn.Linear, W2 f is written f @ value_map.T.",
            ),
            mistake(
                lambda a, f, w: a @ f @ w.T / f.shape[1],
                "it divides by T: the weights already sum to 1, so their sum is a mean.",
            ),
            mistake(
                lambda a, f, w: (f @ w.T).mean(1, keepdim=True).expand(-1, a.shape[1], -1),
                "all frames count alike: the weights are not used.",
            ),
            mistake(
                lambda a, f, w: F.one_hot(a.argmax(-1), a.shape[-1]).to(f) @ f @ w.T,
                "it keeps the one frame with the largest weight: all frames enter, each as much "
                "as its weight says.",
            ),
            mistake(
                lambda a, f, w: a @ (f + f @ w.T),
                "the frames are added to their own maps, as in a Transformer's layer: here r is "
                "the weighted sum of W2 f, and nothing else.",
            ),
        ),
        (
            "A weighted mean: T numbers and T vectors give one vector.",
            "weight [V, K, T] @ frames [V, T, H] sums over frames. Where does W2 come in?",
            "W2 may wait until after the sum, because it is linear: (weight @ frames) @ the "
            "transposed value_map.",
        ),
        minutes=5,
        gradient=("weight", "frames", "value_map"),
        axes={"weight": "VKT", "frames": "VTh"},
        planted=planted.hard_weights,
    ),
    Exercise(
        "frame_scores",
        6,
        a.frame_scores,
        a.asked_inputs,
        "[Q, V]",
        (
            mistake(
                lambda q, r, key: a.cosines(q, r).amax(-1),
                "it takes the best r of each film: r belongs to the key clip, which is given.",
            ),
            mistake(
                lambda q, r, key: a.pick(a.products(q, r), key),
                "it is the inner product: S_f is a cosine, so divide by both lengths.",
            ),
            mistake(
                lambda q, r, key: a.pick(a.products(q, F.normalize(r, dim=-1)), key),
                "the queries still have their own length: a cosine divides by both.",
            ),
            mistake(
                lambda q, r, key: a.pick(a.cosines(q, r), key[:1].expand_as(key)),
                "every query uses the key clip of the first one: each has its own in each film.",
            ),
            mistake(
                lambda q, r, key: a.cosines(q, r).gather(1, key[..., None]).squeeze(-1),
                "gather goes along dimension 1, the films: key numbers the K clips of each film, "
                "and they are the last dimension of the table [Q, V, K].",
            ),
            mistake(
                lambda q, r, key: a.cosines(q, r).mean(-1),
                "it is the mean over all clips of a film: only the key clip's r counts.",
            ),
            mistake(
                lambda q, r, key: a.pick(a.cosines(q, r), key).T,
                "films and queries changed places: the result is [Q, V].",
            ),
            mistake(
                lambda q, r, key: a.pick(a.products(F.normalize(q), F.normalize(r)), key),
                "F.normalize goes over dimension 1 unless dim says otherwise, and that is K in "
                "attended: say dim=-1, so that each vector gets length 1.",
            ),
            mistake(
                lambda q, r, key: F.cosine_similarity(q[:, None], r[0][key], dim=-1),
                "the first film's r stand for all films: key[q, v] is a row of film v.",
            ),
            mistake(
                lambda q, r, key: 1 - a.pick(a.cosines(q, r), key),
                "it is a distance, 1 minus the cosine: S_f is the cosine itself.",
            ),
        ),
        (
            "Which of the K vectors r of film v does query q look at? key[q, v] tells.",
            "Make the table of all cosines [Q, V, K] first; then pick one of the K for each pair.",
            "table.gather(2, key[..., None]) picks along dimension 2 and leaves a dimension of 1.",
        ),
        minutes=10,
        difficulty=2,
        gradient=("queries", "attended"),
        axes={"queries": "Qh", "attended": "Vkh", "key": "QV"},
        planted=planted.hard_keys,
    ),
)
