"""Lesson 9: two scales in one score, key clip and moment, short and long moments, failures."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import Exercise, named_mistakes
from prvr_lite.course.lesson09 import answers as a
from prvr_lite.course.lesson09 import planted

EXERCISES = (
    Exercise(
        "alpha_curve",
        9,
        a.alpha_curve,
        a.two_scales,
        "[A]",
        named_mistakes(
            a.wrong_curve,
            {
                "swapped": "alpha is on the wrong side: it weighs the clip scale, 1 - alpha the "
                "frame scale. At alpha = 1 only clips count.",
                "kind": "a tie counts as found: where another film scores as high as the query's "
                "own, the model does not separate them. Only films that are alone in front are "
                "found.",
                "nothing": "nothing is ever found: the own film scores as high as itself, so it is "
                "among those that you count.",
                "argmax": "a tie goes to whichever film stands first in the table: argmax and "
                "argsort can't see ties. Count how many films score at least as high as the own "
                "one.",
                "recalls": "it mixes two recalls: that is a straight line from one to the other. "
                "Mix the scores, and rank again for each alpha.",
                "sum": "the frame scale keeps its full weight: it counts by 1 - alpha.",
                "standard": "each scale is standardised first, so alpha no longer means what it "
                "says: mix the scores as they are.",
                "five": "it counts films at rank 2 as found too: R@1 wants the very first.",
                "row": "it takes film number i for the film of query i: queries outnumber films, "
                "and own[i] says which film is the one of query i.",
                "both": "alpha weighs both scales alike, so it decides nothing: the frame scale "
                "counts by 1 - alpha.",
                "fill": "the own film is taken out by a score of 0, and where all films score "
                "below 0 that is the best: count instead how many films score at least as high as "
                "the own one.",
                "queries": "it compares the queries with each other: a query chooses among films, "
                "which are the last dimension.",
                "misses": "these are the misses: R@1 counts what is found.",
                "share": "it is a share, 0 to 1: recalls are given in per cent.",
                "count": "it counts queries: divide by their number, and give it in per cent.",
            },
        ),
        (
            "One alpha first: mix the two tables. How many films of a row score at least as high "
            "as the own film, itself included?",
            "score.gather(1, own[:, None]) is each query's own score; the query has found its film "
            "where (score >= that).sum(1) is 1.",
            "For all alphas at once: alphas[:, None, None] makes the table [A, Q, V]. A loop over "
            "alphas with torch.stack is fine too.",
        ),
        minutes=12,
        difficulty=2,
        axes={"clip": "Qv", "frame": "Qv", "own": "Q", "alphas": "A"},
        planted=planted.hard_curves,
    ),
    Exercise(
        "span_iou",
        9,
        a.span_iou,
        a.two_spans,
        "[Q]",
        named_mistakes(
            a.wrong_iou,
            {
                "negative": "spans that lie apart get a number below 0: they share no time, so 0.",
                "gap": "spans that lie apart get credit for the gap between them: abs makes an "
                "overlap of it. They share no time, so 0.",
                "per cent": "it is in per cent: an IoU is given as a share, 0 to 1.",
                "first": "it is the share of the first span: a tiny span within a huge one would "
                "be perfect, or the other way round. Divide by all time that either of them "
                "covers.",
                "second": "it is the share of the second span that is met: a span as long as the "
                "film would always be perfect. Divide by all time that either of them covers.",
                "short": "it divides by the shorter span: one within the other would be perfect, "
                "however much longer that is. Divide by all time that either of them covers.",
                "long": "it divides by the longer span: what only the shorter one covers is part "
                "of the union, too.",
                "shared": "these are the seconds that they share: divide by the seconds that "
                "either covers.",
                "sum": "what they share is counted twice below the line: two equal spans get 1/2.",
                "dice": "it is the Dice coefficient, 2 x shared / (both lengths). The IoU divides "
                "by the union, in which shared time counts once.",
                "swapped": "min and max changed places: what both share begins at the later start "
                "and ends at the earlier end.",
                "yes": "it only says whether they meet: how much they share is asked for.",
                "ordered": "it takes for granted that the first span begins and ends first: what "
                "they share begins at the later start and ends at the earlier end, whosever they "
                "are.",
                "counted": "1 is added to each length, as one counts pixels: these are times, and "
                "a span lasts end - start.",
                "apart": "what they share is missing below the line: it belongs to the union, "
                "once.",
            },
        ),
        (
            "Draw two bars on a line. Where does what they share begin, where does it end?",
            "shared = smaller end - larger start, and 0 if that is negative (clamp(min=0)).",
            "The union is the length of one + the length of the other - shared.",
        ),
        minutes=8,
        axes={"first": "Qx", "second": "Qx"},
        planted=planted.hard_spans,
    ),
    Exercise(
        "recall_by_ratio",
        9,
        a.recall_by_ratio,
        a.ranked_moments,
        "[groups]",
        named_mistakes(
            a.wrong_recall,
            {
                "all": "it divides by all queries: the three numbers then say how large the groups "
                "are. Divide by the queries of each group.",
                "share of hits": "it is the share of the found queries that is in each group: the "
                "share of each group that is found is asked for.",
                "upper": "a ratio of exactly 0.2 or 0.4 goes to the group above: the groups are "
                "(0, 0.2], (0.2, 0.4], (0.4, 1], so an edge belongs to the lower one.",
                "end": "it divides the end of the moment by the duration: the length counts, end - "
                "start.",
                "thirds": "the edges are at 1/3 and 2/3: the field uses 0.2 and 0.4.",
                "equal": "the groups are equally large: the field's edges are fixed, 0.2 and 0.4, "
                "so that data sets can be compared.",
                "nested | nested upwards": "groups lie within each other: a query belongs to one "
                "group only.",
                "one": "k is not used: what counts is rank 1 alone. R@k means rank <= k.",
                "longest": "all moments are divided by the longest film: each by the duration of "
                "its own.",
                "rest": "the moment is divided by the rest of its film: divide by all of it.",
                "misses": "these are the misses: R@k counts what is found.",
                "below": "rank k itself must count: R@k means rank <= k.",
                "only k": "it counts rank k alone: whatever is ranked better is found as well.",
                "seconds": "the length in seconds is taken for the ratio: divide it by the "
                "duration of the film.",
                "share": "these are shares, 0 to 1: recalls are given in per cent.",
            },
        ),
        (
            "Two numbers per query: how much of its film the moment covers, and if it is found.",
            "torch.bucketize(ratio, torch.tensor([0.2, 0.4])) gives 0, 1 or 2; or compare twice.",
            "hit = (rank <= k).float(); for each group 100 * hit[group == g].mean(), stacked.",
        ),
        minutes=8,
        planted=planted.hard_moments,
    ),
    Exercise(
        "failure_kind",
        9,
        a.failure_kind,
        a.planted_failures,
        "[Q]",
        named_mistakes(
            a.wrong_kind,
            {
                "tie": "a tie counts as found: the own film must score above its rival, not as "
                "high.",
                "argmax": "the own film may be its own rival: argmax over all films gives a tie to "
                "whichever stands first. Take the own film out, then look for the best.",
                "zero": "the own film is taken out by a score that others fall below, such as 0 or "
                "-1: then it is its own rival still. Give it a score that is lower than any can "
                "be.",
                "answering": "films that truly answer are taken out together with the own one: "
                "such a film may be the rival, and that is kind 1. Take out the own film alone.",
                "order": "a sibling that truly answers is called a sibling: the first rule that "
                "holds decides, and answering comes first.",
                "ahead": "another film ahead of the own one decides: only the rival, the best of "
                "all, does.",
                "own": "it asks whether the own film answers the query, which it always does: ask "
                "that of the rival.",
                "films": "nothing is ever of kind 2: a rival of the own film's group is a sibling "
                "(the own film itself is never the rival).",
                "unasked": "nothing is ever of kind 1: does the rival truly answer the query?",
                "always": "nothing is ever of kind 0: where the own film scores above its rival, "
                "the query is found. Or was the own score overwritten before you compared?",
                "second": "the film at rank 2 is taken for the rival: where the own film is not "
                "the first one, that one is its rival.",
                "from 1": "the kinds are numbered from 1: found is 0, stranger is 3.",
                "numbers": "2 and 3 changed places: a sibling is 2, a stranger 3.",
            },
        ),
        (
            "One query: cover its own film with your thumb. Which film is best now, and by whom "
            "is it beaten?",
            "score.scatter(1, own[:, None], -torch.inf) takes the own film out; max(1) of that "
            "gives the rival and its score.",
            "Begin with torch.where(group[rival] == group[own], 2, 3), then let answers[row, "
            "rival] put 1 over it, and own score > rival's score 0.",
        ),
        minutes=15,
        difficulty=3,
        axes={"score": "Qv", "own": "Q", "answers": "Qv"},
        planted=planted.all_rules,
    ),
)
