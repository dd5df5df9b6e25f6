"""Lesson 2: windows over the frames of a film, features of length 1, films in one batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from prvr_lite.course.grading.exercise import Exercise, Mistake
from prvr_lite.course.lesson02 import answers as a
from prvr_lite.course.lesson02 import planted
from prvr_lite.course.lesson02.answers import (
    even_bounds,
    normalise,
    pad_ragged,
    places,
    pool_bounds,
    pool_features,
    window_size,
)

EXERCISES = (
    Exercise(
        "pool_bounds",
        2,
        pool_bounds,
        a.count_inputs,
        "[count + 1]",
        (
            Mistake(
                lambda total, count: even_bounds(total, count).long().clamp(max=total - 1),
                "the bounds are cut off, not rounded: 2.7 must become 3. int() and .long() cut.",
            ),
            Mistake(
                lambda total, count: (even_bounds(total, count) + 0.5).long().clamp(max=total - 1),
                "halves always go up: 2.5 must become 2, its even neighbour. Use round.",
            ),
            Mistake(
                lambda total, count: even_bounds(total, count).ceil().long().clamp(max=total - 1),
                "every bound goes up: 2.1 must become 2. ceil goes up, round goes to the nearest.",
            ),
            Mistake(
                lambda total, count: a.steps(count) * (total // count),
                "every window has total // count frames: what is left over is shared out nowhere. "
                "Multiply first, and round last.",
                also=(
                    lambda total, count: (a.steps(count) * (total // count)).clamp(max=total - 1),
                ),
            ),
            Mistake(
                lambda total, count: (
                    ((a.steps(count) + 1).double() / count * total)
                    .round()
                    .long()
                    .clamp(max=total - 1)
                ),
                "i begins at 1: it runs from 0 to count, as the first window starts at frame 0.",
            ),
            Mistake(
                lambda total, count: even_bounds(total, count).round().long(),
                "the last bound is total, and no frame has that row: cap the bounds at total - 1.",
            ),
            Mistake(
                lambda total, count: pool_bounds(total, count)[:-1],
                "there are count bounds; count windows need count + 1 (posts of a fence).",
            ),
            Mistake(
                lambda total, count: torch.linspace(0, total - 1, count + 1).round().long(),
                "the bounds spread over total - 1 frames: spread them over total, cap them then.",
            ),
        ),
        (
            "Cut a film of 8 frames into 4 windows by hand. Where does each start, the last end?",
            "torch.arange(count + 1) is i = 0..count. Divide by count, multiply by total.",
            "(torch.arange(count + 1).double() / count * total).round(), as integers (.long()), "
            "and none above total - 1 (.clamp). Python's floats have as many digits as .double().",
        ),
        planted=planted.hard_counts,
    ),
    Exercise(
        "pool_features",
        2,
        pool_features,
        a.film_inputs,
        "[count, D]",
        (
            Mistake(
                lambda features, count: a.pool(features, count, lambda a, z: z),
                "the mean of an empty window is NaN: where b_i = b_(i+1), take frame b_i.",
            ),
            Mistake(
                a.zeros_for_nothing,
                "an empty window became zeros: where b_i = b_(i+1), take frame b_i.",
            ),
            Mistake(
                a.overall_count,
                "it divides by T / count: divide by the number of frames in this very window.",
            ),
            Mistake(
                lambda features, count: a.pool(features, count, lambda a, z: z + 1),
                "frame b_(i+1) is counted twice: it belongs to the next window alone.",
            ),
            Mistake(
                a.ends_instead,
                "each window has lost its first frame b_i and got b_(i+1), which belongs to the "
                "next one: features[b[i] : b[i + 1]] holds its start, not its end.",
            ),
            Mistake(
                a.strongest,
                "it takes the largest of each number in a window: take the mean.",
            ),
            Mistake(
                lambda features, count: features[pool_bounds(len(features), count)[:-1]],
                "it picks the first frame of each window: take the mean of all of them.",
            ),
            Mistake(
                lambda features, count: (
                    pool_features(features, count) * window_size(features, count)
                ),
                "it is the sum of each window: a long film would have longer vectors.",
            ),
            Mistake(
                a.to_the_end,
                "the last window runs to the end of the film: as released it stops before frame "
                "b_count = T - 1, although that looks odd.",
            ),
            Mistake(
                lambda features, count: F.adaptive_avg_pool1d(features.T, count).T,
                "torch's adaptive pooling lets neighbouring windows share frames: bounds don't.",
            ),
        ),
        (
            "Write a loop over i first. Which frames does features[b[i] : b[i + 1]] hold?",
            "Two neighbouring bounds may be equal: max(b[i + 1], b[i] + 1) is never empty.",
            "torch.stack([features[a : max(z, a + 1)].mean(0) for a, z in …]) over neighbouring "
            "bounds.",
        ),
        minutes=15,
        difficulty=2,
        gradient=("features",),
        axes={"features": "TD"},
        planted=planted.short_films,
    ),
    Exercise(
        "normalise",
        2,
        normalise,
        a.row_inputs,
        "[..., D]",
        (
            Mistake(
                lambda features: features / features.norm(dim=-1, keepdim=True),
                "a black frame has length 0, and 0 / 0 is NaN: add 1e-5 to the length, in "
                "brackets, before you divide.",
            ),
            Mistake(
                lambda features: F.normalize(features, dim=-1, eps=1e-5),
                "F.normalize divides by max(|x|, eps), not by |x| + eps: dark frames differ.",
            ),
            Mistake(
                lambda features: features / (features.norm() + 1e-5),
                "it is one length for everything: each row has its own.",
            ),
            Mistake(
                lambda features: features / (features.norm(dim=-2, keepdim=True) + 1e-5),
                "it is the length over the frames: a row's numbers are the last dimension.",
                also=(lambda features: features / (features.norm(dim=1, keepdim=True) + 1e-5),),
            ),
            Mistake(
                lambda features: features / (features.norm(dim=-1) + 1e-5),
                "the lengths have lost a dimension, so they meet the wrong one: keepdim=True.",
            ),
            Mistake(
                lambda features: features / (features.square().sum(-1, keepdim=True) + 1e-5),
                "it divides by the squared length: the root is missing.",
            ),
            Mistake(
                lambda features: features / (features.square().sum(-1, keepdim=True) + 1e-5).sqrt(),
                "1e-5 stands under the root, where it counts as 0.003: add it to the length.",
            ),
            Mistake(
                lambda features: features / (features.abs().sum(-1, keepdim=True) + 1e-5),
                "it divides by the sum of the numbers: the length is the root of the summed "
                "squares.",
                also=(lambda features: features / (features.sum(-1, keepdim=True) + 1e-5),),
            ),
            Mistake(
                lambda features: features / (features.abs().amax(-1, keepdim=True) + 1e-5),
                "it divides by the largest number of a row: divide by the length of the row.",
            ),
        ),
        (
            "The length of a row is the root of its summed squares: features.norm(dim=…).",
            "Which dimension is summed? And how does [..., 1] differ from [...] in a division?",
            "features / (features.norm(dim=-1, keepdim=True) + 1e-5).",
        ),
        minutes=5,
        gradient=("features",),
        axes={"features": "ABD"},
        planted=planted.rows_of_any_shape,
    ),
    Exercise(
        "pad_ragged",
        2,
        pad_ragged,
        a.ragged_inputs,
        "[V, T, D] and [V, T]",
        (
            Mistake(
                lambda features, offset: (pad_ragged(features, offset)[0], ~places(offset)),
                "the mask is the wrong way round: True is a real frame.",
            ),
            Mistake(
                lambda features, offset: (
                    pad_ragged(features, offset)[0],
                    torch.ones_like(places(offset)),
                ),
                "the mask calls everything real: it must be False behind the end of a film.",
            ),
            Mistake(
                lambda features, offset: (
                    (padded := pad_ragged(features, offset)[0]),
                    padded.ne(0).any(-1),
                ),
                "the mask is read off the zeros: a black frame is real. Use the offsets.",
            ),
            Mistake(
                a.one_too_many,
                "the mask reaches one place too far: a film of T_v frames has "
                "them at the places 0 to T_v - 1 (< against <=).",
            ),
            Mistake(
                a.neighbours,
                "frames of the next film stand behind the short ones: stop at "
                "its own end, offset[v + 1].",
            ),
            Mistake(a.zeros_in_front, "the zeros stand in front: films start at place 0."),
            Mistake(
                a.mask_of_offsets,
                "the mask compares places with offsets, which say where films lie end to end: "
                "compare them with lengths, offset[v + 1] - offset[v].",
            ),
            Mistake(
                a.last_film_forgotten,
                "the last film is left out: V + 1 offsets make V films.",
            ),
        ),
        (
            "Film v is features[offset[v] : offset[v + 1]]. How long is the longest?",
            "Start with zeros of shape [V, T, D] and copy one film at a time; then the mask: "
            "torch.arange(T) < length[v].",
            "length = offset.diff(); mask = torch.arange(length.max()) < length[:, None]; in a "
            "loop padded[v, :length[v]] = the film.",
        ),
        minutes=15,
        difficulty=2,
        outputs=("padded", "mask"),
        planted=planted.ragged_ends,
    ),
)
