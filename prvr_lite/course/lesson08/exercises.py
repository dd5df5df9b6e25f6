"""Lesson 8: the whole model, a training step, the learning rate, the epoch to keep, the spread."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import Exercise, named_mistakes
from prvr_lite.course.lesson08 import answers as a
from prvr_lite.course.lesson08 import planted

EXERCISES = (
    Exercise(
        "whole_score",
        8,
        a.whole_score,
        a.score_inputs,
        "[Q, V] and [Q, V]",
        named_mistakes(
            a.wrong_score,
            {
                "raw": "these are raw inner products: for a cosine, queries, clips and attended "
                "frames are divided by their lengths first.",
                "long queries": "the queries are not divided by their lengths.",
                "long clips": "the clips are not divided by their lengths: long ones win for every "
                "query.",
                "long frames": "the attended frames are not divided by their lengths.",
                "free": "S_f is the best over all attended vectors: it must be the one of the key "
                "clip, even where another would score higher.",
                "swapped": "alpha is on the wrong side: it weighs the clip scale, 1 - alpha the "
                "frame scale.",
                "sum": "it is the plain sum of both scales: weigh them with alpha and 1 - alpha.",
                "frame": "the key clip is chosen by the frame scale: it is the clip with the best "
                "S_c.",
                "fused": "the key clip is chosen by both scales together: S_c alone decides, "
                "before the frames are looked at.",
                "mean": "it is the mean over clips: a film counts by its best clip.",
                "mean frame": "S_f is the mean over all attended vectors: only that of the key "
                "clip counts.",
                "first key": "S_f uses the key clips of the first query for all: each query has "
                "its own.",
                "alpha twice": "both scales are weighed with alpha: the frame scale gets 1 - "
                "alpha.",
                "over clips": "F.normalize goes over dimension 1 unless dim says otherwise, and "
                "that is K in clips and attended: say dim=-1.",
            },
        ),
        (
            "Two tables [Q, V, K] of cosines: one with the clips, one with what they attend.",
            "The best of the first table over K gives S_c and the key clip (max returns both).",
            "S_f = frame_table.gather(2, key[..., None]).squeeze(2); then alpha and 1 - alpha.",
        ),
        minutes=10,
        difficulty=2,
        gradient=("queries", "clips", "attended"),
        outputs=("score", "key"),
        axes={"queries": "Qh", "clips": "VKh", "attended": "VKh"},
        planted=planted.hard_scores,
    ),
    Exercise(
        "learning_rate_at",
        8,
        a.learning_rate_at,
        a.rate_inputs,
        "one number",
        named_mistakes(
            a.wrong_rate,
            {
                "zero": "the first step has rate 0, and moves nothing: begin at peak / (warm + 1).",
                "early": "the warm-up is at its peak one step too early: step number `warm` is the "
                "first at the peak, so `warm` steps lie below it.",
                "cold": "there is no warm-up: the first `warm` steps rise from near 0.",
                "whole": "the way down is measured from the first step, so the rate jumps when the "
                "warm-up ends: it falls over the steps that are left after it.",
                "flat": "the rate stays at its peak: after the warm-up it falls, straight to 0.",
                "cosine": "it falls along a cosine, as in many other recipes: here it is a "
                "straight line.",
                "ahead": "the way down is one step ahead: at step `warm` the rate is the peak "
                "itself.",
                "nothing": "the last step has rate 0, and moves nothing: the line meets 0 one step "
                "later, at step number `steps`.",
                "share": "it is a share of the peak: multiply it by `peak`.",
            },
        ),
        (
            "Draw it: a short rise, a peak at step `warm`, a straight line that would meet 0 at "
            "step `steps`.",
            "Rising: peak * (step + 1) / (warm + 1). What does that give for step = warm?",
            "Falling: peak times the share of the steps after `warm` that are still to come, "
            "(steps - step) / (steps - warm).",
        ),
        minutes=8,
        planted=planted.all_rates,
    ),
    Exercise(
        "train_steps",
        8,
        a.train_steps,
        planted.run_inputs,
        "[S]",
        named_mistakes(
            a.wrong_steps,
            {
                "kept | kept later": "gradients are not set to 0 for each batch: backward adds to "
                "what is there, so each step also takes earlier ones again.",
                "emptied": "nothing is ever learned: is optimizer.step() called, and are the "
                "gradients still there when it is? zero_grad belongs before backward.",
                "wild": "the gradient is not clipped when the optimizer takes its step: "
                "clip_grad_norm_ belongs between backward and step.",
                "each": "each tensor is clipped by itself (as the released BertAdam does): here "
                "the gradient of the whole model counts as one vector, clipped in one call.",
                "constant": "the schedule does not move between the steps: the learning rate stays "
                "that of the first one. It moves once per batch.",
                "early": "the schedule steps before the optimizer: the first rate is never used, "
                "and torch warns of it.",
                "eval": "the model is in eval mode: dropout is off, and other layers too behave as "
                "in a test. Begin with run.model.train().",
                "after": "the losses are those after each step: keep the one that backward was "
                "called on.",
                "once": "the schedule moves once in the end: it moves once per batch, within the "
                "loop.",
                "value": "clip_grad_value_ cuts each number by itself, which turns the gradient: "
                "clip_grad_norm_ shortens the whole vector.",
            },
        ),
        (
            "What must be gone before backward? What must be there before the optimizer steps?",
            "Loss, zero_grad, backward, clip_grad_norm_, optimizer, schedule: in this order.",
            "torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.max_norm) clips; collect "
            "loss.detach() of each batch, and torch.stack them in the end.",
        ),
        minutes=15,
        difficulty=3,
        planted=planted.hard_runs,
        after=planted.left_behind,
    ),
    Exercise(
        "best_epoch",
        8,
        a.best_epoch,
        a.epoch_inputs,
        "(best, last)",
        named_mistakes(
            a.wrong_epoch,
            {
                "all": "patience is not used: training ends early, and what would have come later "
                "can't be known.",
                "future": "it keeps an epoch that was never trained: a better value that comes "
                "after the stop can't be known.",
                "last": "it keeps the last epoch: keep the one with the best value so far.",
                "equal": "of two equal epochs it keeps the later one: an equal value is not a "
                "better one.",
                "soon": "it stops too soon: the last epoch is the first one that is *more* than "
                "patience after the best, and that one is still trained.",
                "neighbour": "it compares with the epoch before: what counts is how long ago the "
                "best one was.",
                "all bad": "it counts all epochs that were not a new best: with each new best, the "
                "count begins again.",
                "untrained": "the epoch that exceeds the patience has been trained as well: it is "
                "the last one, not the one before it.",
                "from 1": "the epochs are counted from 1: the first one is 0.",
                "lowest": "it keeps the lowest value, as for a loss: of SumR, the highest is the "
                "best.",
            },
        ),
        (
            "Walk through the epochs and remember which one was best so far.",
            "A strictly higher value makes a new best. How many epochs have passed since then?",
            "if epoch - best > patience: return best, epoch; after the loop best, len(sumr) - 1.",
        ),
        minutes=10,
        difficulty=2,
        outputs=("best", "last"),
        planted=planted.hard_epochs,
    ),
    Exercise(
        "seed_interval",
        8,
        a.seed_interval,
        a.interval_inputs,
        "two numbers",
        named_mistakes(
            a.wrong_interval,
            {
                "sign": "the sign is wrong: it is ours minus theirs, above 0 where ours is better.",
                "apart": "the seeds are not paired: take the difference seed by seed first, and "
                "then its spread. What both models share in a seed cancels.",
                "spread": "it is the spread of single seeds: the mean of S of them is steadier, by "
                "the square root of S.",
                "biased": "the deviation is divided by S: of a sample it is divided by S - 1 "
                "(torch's std does so by default).",
                "variance": "it is made from the variance: take the standard deviation, its square "
                "root.",
                "whole": "it is the whole width: half of it is asked for, what stands behind the "
                "±.",
                "ends": "these are the two ends of the interval: its middle and half its width are "
                "asked for.",
                "no t": "t is missing: one standard error covers far less than 95 %, and of a few "
                "seeds even two do.",
                "normal": "1.96 holds for very many seeds: t is given, and it grows as they get "
                "few.",
                "count": "the half width is divided by S: a mean of S is steadier by the square "
                "root of S.",
                "one more": "it is the band of one further run: here it is about the mean over all "
                "seeds, t times the deviation over the square root of S.",
                "ours": "it is the spread of our own seeds: what counts is that of the "
                "differences.",
            },
        ),
        (
            "One number per seed first: ours - theirs. Everything else is about these S numbers.",
            "Their standard deviation, divided by the square root of S, is the standard error.",
            "gap.mean() and t * gap.std() / math.sqrt(len(gap)).",
        ),
        minutes=8,
        difficulty=2,
        outputs=("mean", "half"),
        planted=planted.few_seeds,
    ),
)
