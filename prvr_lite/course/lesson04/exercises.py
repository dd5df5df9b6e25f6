"""Lesson 4: every clip of a film by its number, all of them at once, and the best one's score."""

from __future__ import annotations

import torch.nn.functional as F

from prvr_lite.course.grading.exercise import Exercise, Mistake
from prvr_lite.course.lesson04 import planted
from prvr_lite.course.lesson04.answers import (
    SUMS,
    all_clips,
    by_end,
    by_inner_product,
    by_start,
    clip_at,
    clip_row,
    clip_scores,
    inner_products,
    late_clip,
    mean_of_ends,
    mean_score,
    ordered_by_start,
    row_inputs,
    score_inputs,
    signless_score,
    span_inputs,
    strongest_units,
    unit_inputs,
    without_gradient,
    without_zero,
    wrong_differences,
    wrong_means,
)

EXERCISES = (
    Exercise(
        "clip_row",
        4,
        clip_row,
        span_inputs,
        "one number",
        (
            Mistake(
                lambda start, end, n: clip_row(start, end + 1, n),
                "it counts one length too many: end is one past the last unit, so the length is "
                "end - start, and only shorter clips stand before the first of that length.",
            ),
            Mistake(
                lambda start, end, n: by_start(n).index((start, end)),
                "it counts all clips of the first start, then all of the next: here all clips of "
                "one length come together, the shortest first.",
            ),
            Mistake(
                lambda start, end, n: by_end(n).index((start, end)),
                "it counts all clips of the first end, then all of the next: here all clips of "
                "one length come together, the shortest first.",
            ),
            Mistake(
                lambda start, end, n: sum(range(1, end - start)) + start,
                "it adds up the shorter lengths 1, 2, 3, …: add up how many windows each of them "
                "has, n of length 1, n - 1 of length 2, and so on.",
            ),
            Mistake(
                lambda start, end, n: (end - start - 1) * n + start,
                "it thinks that there are n windows of every length: of length 2 there are n - 1.",
            ),
            Mistake(
                lambda start, end, n: clip_row(start, end, n) - (end - start - 1),
                "it counts one window too few of every shorter length: of length n there is one, "
                "not none.",
            ),
            Mistake(
                lambda start, end, n: clip_row(start, end, n) + end - start,
                "it goes on from the end: among clips of one length, the start counts.",
            ),
            Mistake(
                lambda start, end, n: clip_row(start, end, n) + 1,
                "it is one too many: the first clip has row 0.",
            ),
            Mistake(
                lambda start, end, n: clip_row(0, end - start, n),
                "all clips of one length get the same row: those that start earlier count too.",
            ),
        ),
        (
            "Which clips stand before this one? First all that are shorter. And then?",
            "There are n - length + 1 windows of a length. Add them up for all shorter lengths.",
            "sum(n - length + 1 for length in range(1, end - start)), plus the start.",
        ),
        minutes=8,
        planted=planted.every_span,
    ),
    Exercise(
        "clip_at",
        4,
        clip_at,
        row_inputs,
        "two numbers",
        (
            Mistake(
                lambda row, n: (clip_at(row, n)[0], clip_at(row, n)[1] - 1),
                "its end is the last unit: give one past the last, as in a Python slice.",
            ),
            Mistake(
                lambda row, n: (clip_at(row, n)[0], clip_at(row, n)[1] - clip_at(row, n)[0]),
                "it gives start and length: start and end are asked for.",
            ),
            Mistake(
                lambda row, n: by_start(n)[row],
                "it goes through the starts first: all clips of one length come together, the "
                "shortest first.",
            ),
            Mistake(
                lambda row, n: by_end(n)[row],
                "it goes through the ends first: all clips of one length come together, the "
                "shortest first.",
            ),
            Mistake(
                lambda row, n: (n - clip_at(row, n)[1], n - clip_at(row, n)[0]),
                "it goes through the clips of a length from right to left: go from left to right.",
            ),
            Mistake(
                lambda row, n: (row % n, row % n + row // n + 1),
                "it thinks that there are n windows of every length: of length 2 there are n - 1.",
            ),
            Mistake(
                late_clip,
                "it is wrong for the first clip of each length: with w windows of a length, the "
                "rows 0..w-1 are theirs, and row w is not (>= against >).",
            ),
        ),
        (
            "Rows 0..n-1 have length 1. If the row is beyond them, take n off it, and go on.",
            "A while loop: as long as row >= n - length + 1, subtract that and add 1 to length.",
            "What is left of row when the loop ends is the start. The end is start + length.",
        ),
        minutes=10,
        difficulty=2,
        outputs=("start", "end"),
        planted=planted.every_row,
    ),
    Exercise(
        "all_clips",
        4,
        all_clips,
        unit_inputs,
        "[V, N, H]",
        (
            Mistake(
                without_zero,
                "the first unit of every clip is missing: the sum of units start..end-1 is "
                "total[end] - total[start] only if total begins with a zero.",
            ),
            Mistake(
                lambda units: wrong_differences(units, "start is 0"),
                "every clip begins at unit 0: subtract total[start] from total[end].",
            ),
            Mistake(
                lambda units: wrong_differences(units, "turned"),
                "every number has the wrong sign: it is total[end] - total[start], divided by the "
                "length.",
            ),
            Mistake(
                lambda units: wrong_differences(units, "end - 1"),
                "the last unit of every clip is missing: with a zero in front, total[end] is the "
                "sum of the units 0..end-1.",
            ),
            Mistake(
                lambda units: wrong_means(units, by="end"),
                "it divides by the end: the length of a clip is end - start.",
            ),
            Mistake(
                mean_of_ends,
                "it is the mean of the first and the last unit of a clip: take all of its units.",
            ),
            Mistake(
                lambda units: wrong_means(units, by="one"),
                "they are sums: a clip is the mean of its units, so divide by its length.",
            ),
            Mistake(
                lambda units: wrong_means(units, by="more"),
                "it divides by the length + 1: as the end is one past the last unit, the length is "
                "end - start.",
            ),
            Mistake(
                lambda units: wrong_means(units, by="n"),
                "it divides by n: a clip is the mean of its own units, so divide by its length.",
            ),
            Mistake(
                ordered_by_start,
                "the clips are right, but not in order: all of one length together, the shortest "
                "first.",
            ),
            Mistake(
                lambda units: wrong_means(units, longest=units.shape[1] - 1),
                "the longest clip is missing: the whole film, all n units, is a clip too.",
            ),
            Mistake(
                lambda units: wrong_means(units, axis=0),
                "it adds up over films: units are dimension 1.",
            ),
            Mistake(
                strongest_units,
                "it takes the maximum of the units of each clip: take the mean.",
            ),
        ),
        (
            "If you know the sum of the first 9 units and of the first 4: what is the sum of the "
            "units 4..8?",
            "total = units.cumsum(1) with a zero in front: F.pad(total, (0, 0, 1, 0)), "
            "[V, n+1, H].",
            "With start and end as lists or tensors of all spans: "
            "(total[:, end] - total[:, start]) / length[:, None].",
        ),
        minutes=15,
        difficulty=2,
        gradient=("units",),
        loop="Look up the running total at all ends at once, total[:, end], and at all starts.",
        loop_calls=SUMS,
        axes={"units": "VNH"},
        planted=planted.hard_units,
    ),
    Exercise(
        "clip_scores",
        4,
        clip_scores,
        score_inputs,
        "[Q, V] and [Q, V]",
        (
            Mistake(
                inner_products,
                "these are inner products: a clip could win by being long. Divide queries and "
                "clips by their norms.",
                also=(lambda queries, clips: inner_products(queries / queries.shape[-1], clips),),
            ),
            Mistake(
                by_inner_product,
                "the best clip is chosen by inner products: choose it by the cosines themselves.",
            ),
            Mistake(
                lambda queries, clips: inner_products(F.normalize(queries, dim=-1), clips),
                "the clips are not divided by their norms.",
            ),
            Mistake(
                lambda queries, clips: inner_products(queries, F.normalize(clips, dim=-1)),
                "the queries are not divided by their norms: the scores are not cosines.",
            ),
            Mistake(
                lambda queries, clips: inner_products(F.normalize(queries), F.normalize(clips)),
                "clips are divided by norms over the wrong dimension (F.normalize takes dimension "
                "1 unless it is given another one): H is the last one.",
            ),
            Mistake(
                mean_score,
                "the score is the mean over the clips: a short moment would be hidden. Take the "
                "best.",
            ),
            Mistake(
                signless_score,
                "it takes a cosine of -1 for a match: no absolute values.",
            ),
            Mistake(
                without_gradient,
                "no gradient comes through the score (detach, no_grad or .item()), but training "
                "needs it.",
            ),
        ),
        (
            "A cosine is the inner product of two vectors, each divided by its norm.",
            "F.normalize(x, dim=-1) divides by norms. All inner products: "
            "torch.einsum('qh,vnh->qvn', q, c).",
            "score, key = (…).max(-1) gives the best one and where it is.",
        ),
        minutes=12,
        difficulty=2,
        gradient=("queries", "clips"),
        outputs=("score", "key"),
        axes={"queries": "Qh", "clips": "VNh"},
        planted=planted.hard_clips,
    ),
)
