"""Lesson 1: how a bag of frames gets one score, and how a ranking gets one number."""

from __future__ import annotations

import torch

from prvr_lite.course.grading.drawing import other_padding
from prvr_lite.course.grading.exercise import Exercise, Mistake
from prvr_lite.course.lesson01 import answers as a
from prvr_lite.course.lesson01 import planted
from prvr_lite.course.lesson01.answers import log_sum_exp_score, max_score, mean_score, recall_at

UNMASKED = "padding counts as frames: let the mask say which of the T places are real."

EXERCISES = (
    Exercise(
        "mean_score",
        1,
        mean_score,
        a.frame_inputs,
        "[V]",
        (
            Mistake(lambda score, mask: score.mean(1), UNMASKED),
            Mistake(
                lambda score, mask: (score * mask).mean(1),
                "it divides by T, padding included: divide by the number of real frames.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum(1),
                "it is the sum: a long film would beat a short one by its length alone.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum() / mask.sum(),
                "it is one number for all films: average over the frames (dimension 1) only.",
            ),
            Mistake(
                lambda score, mask: (score * mask).sum(0) / mask.sum(0),
                "it averages over films: frames are dimension 1.",
            ),
        ),
        (
            "What is the mean of the real frames of one film, written with a plain loop?",
            "score * mask makes what is not real 0. By what do you divide then?",
            "(score * mask).sum(1) / … the number of True in each row.",
        ),
        minutes=5,
        padding=other_padding("score", "mask"),
        gradient=("score",),
        loop="sum(1) adds up the rows of all films at once.",
        axes={"score": "VT", "mask": "VT"},
        planted=planted.hard_frames,
    ),
    Exercise(
        "max_score",
        1,
        max_score,
        a.frame_inputs,
        "[V]",
        (
            Mistake(lambda score, mask: score.amax(1), UNMASKED),
            Mistake(
                lambda score, mask: (score * mask).amax(1),
                "padding became 0, and 0 beats every negative score: fill it with -inf instead.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask, -torch.inf).argmax(1),
                "it says where the best frame is, not how good it is: argmax against max.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(mask, -torch.inf).amax(1),
                "the mask is the wrong way round: True is a real frame, which must stay.",
            ),
            Mistake(
                lambda score, mask: score.masked_fill(~mask, -torch.inf).amax(0),
                "it is the best film of each frame: frames are dimension 1.",
            ),
        ),
        (
            "Which number can never be the largest of a row?",
            "score.masked_fill(where, value) puts a value where a mask is True. ~mask turns it.",
            "score.masked_fill(~mask, -torch.inf), and then the maximum over dimension 1.",
        ),
        minutes=5,
        padding=other_padding("score", "mask"),
        gradient=("score",),
        axes={"score": "VT", "mask": "VT"},
        planted=planted.hard_frames,
    ),
    Exercise(
        "log_sum_exp_score",
        1,
        log_sum_exp_score,
        a.soft_inputs,
        "[V]",
        (
            Mistake(a.padded_log_sum_exp, UNMASKED),
            Mistake(
                a.padded_count,
                "the count is T, padding included: take the log of the number of real frames.",
            ),
            Mistake(
                a.zero_score,
                "padding became a score of 0, and e^0 = 1 still counts: fill it with -inf instead.",
            ),
            Mistake(
                a.plain_exponentials,
                "at a low temperature e^(score / temperature) is too large (or too small) for a "
                "number: torch.logsumexp takes the largest term out first.",
                also=(a.real_exponentials,),
            ),
            Mistake(
                lambda score, mask, temperature: temperature * a.log_sum(score / temperature, mask),
                "it is the log of a sum: a long film gets more than a short one. Take the mean.",
            ),
            Mistake(
                lambda score, mask, temperature: (
                    temperature * a.log_sum(score / temperature, mask) / mask.sum(1)
                ),
                "it divides the log by the count: the count stands inside the log, and the log of "
                "a quotient is a difference.",
            ),
            Mistake(
                lambda score, mask, temperature: (
                    temperature * a.log_sum(score / temperature, mask) - mask.sum(1).log()
                ),
                "the log of the count was not multiplied by the temperature: the whole difference "
                "is.",
            ),
            Mistake(
                lambda score, mask, temperature: (
                    a.log_sum(score / temperature, mask) - mask.sum(1).log()
                ),
                "the score was divided by the temperature and never multiplied back.",
            ),
            Mistake(
                a.upside_down,
                "the temperature is upside down: a low one must come close to the maximum.",
            ),
        ),
        (
            "Start with the loop: exponentials of score / temperature, their mean, its logarithm.",
            "log(mean) = log(sum) - log(count); torch.logsumexp does the first one safely.",
            "(score / temperature).masked_fill(~mask, -torch.inf).logsumexp(1), minus the log of "
            "mask.sum(1), times the temperature.",
        ),
        minutes=10,
        difficulty=2,
        padding=other_padding("score", "mask"),
        gradient=("score",),
        axes={"score": "VT", "mask": "VT"},
        planted=planted.hard_soft,
    ),
    Exercise(
        "recall_at",
        1,
        recall_at,
        a.ranking_inputs,
        "one number",
        (
            Mistake(
                lambda score, right, k: recall_at(score, right, k) / 100,
                "it is a fraction: recalls are given in per cent.",
            ),
            Mistake(
                lambda score, right, k: recall_at(score, right, k) * len(score) / 100,
                "it is a number of queries: take their share of all queries, in per cent.",
            ),
            Mistake(
                lambda score, right, k: recall_at(score, right, k - 1),
                "it is off by one: the k-th place still counts.",
            ),
            Mistake(
                lambda score, right, k: recall_at(score, right, k + 1),
                "it is off by one: place k + 1 is too late.",
            ),
            Mistake(
                lambda score, right, k: recall_at(-score, right, k),
                "it ranks the other way round: the highest score is the best.",
            ),
            Mistake(
                a.ties_for_the_model,
                "ties count for the model: one that scores every film alike would be perfect. "
                "Count a film that is just as good as ahead.",
            ),
            Mistake(
                a.by_topk,
                "ties are broken by chance: of two films that score alike, topk and argsort put "
                "one ahead. Count how many films score at least as much as the right one.",
                also=(a.by_sorting,),
            ),
            Mistake(
                a.by_one_sort,
                "argsort says which film has each place, not which place a film has. Count how "
                "many films score at least as much as the right one.",
            ),
            Mistake(
                a.wrong_own,
                "gather(0, …) picks a row: column right[i] of row i is gather(1, right[:, None]).",
            ),
        ),
        (
            "How many films must be ahead of the right one, so that it is not among the first k?",
            "right_score = score.gather(1, right[:, None]): the score of each query's right film, "
            "[Q, 1].",
            "rank = (score >= right_score).sum(1); then the share of queries with rank <= k, times"
            " 100.",
        ),
        minutes=10,
        difficulty=2,
        loop="gather and one comparison do it for all queries at once.",
        axes={"score": "Qv", "right": "Q"},
        planted=planted.hard_rankings,
    ),
)
