"""Wrong answers to the longer two exercises of lesson 10, and what helps the one who gave them."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import named_mistake
from prvr_lite.course.lesson10 import answers as a

OF_STRIKES = (
    named_mistake(
        a.wrong_strike,
        "none",
        "nothing is struck out: these are simply the best ones, neighbours and all.",
    ),
    named_mistake(
        a.wrong_strike,
        "all",
        "what was struck out strikes others too: only candidates that were *taken* count. "
        "If b is near a, and c near b but not near a, then a and c both stay.",
    ),
    named_mistake(
        a.wrong_strike,
        "first keep",
        "it takes the best `keep` first and strikes out among them: where those are "
        "neighbours, worse candidates further away should come up. Strike out first.",
    ),
    named_mistake(
        a.wrong_strike,
        "itself",
        "the same row is taken again and again: near need not say that a row is near "
        "itself, so strike out the row that you took as well.",
    ),
    named_mistake(
        a.wrong_strike,
        "zero score",
        "what is struck out gets the score 0, and that beats every score below 0: it must "
        "be lower than any score can be.",
        "zero score kept",
    ),
    named_mistake(
        a.wrong_strike,
        "last",
        "it compares with the one taken last: a candidate must be far from all taken.",
    ),
    named_mistake(
        a.wrong_strike,
        "place",
        "they come in the order of their rows: the best comes first.",
    ),
    named_mistake(
        a.wrong_strike,
        "far",
        "near is the wrong way round: it keeps what is near the best one.",
    ),
    named_mistake(
        a.wrong_strike,
        "repeat",
        "where nothing is left it repeats the last one: give -1 there.",
    ),
    named_mistake(
        a.wrong_strike,
        "zero",
        "where nothing is left it gives row 0, which is a candidate like any other: give -1 there.",
    ),
    named_mistake(
        a.wrong_strike,
        "once",
        "only the very best one strikes others out: each one that is taken does.",
    ),
    named_mistake(
        a.wrong_strike,
        "stops",
        "it stops at the first candidate that is struck out: worse ones may still be far from all "
        "that were taken.",
    ),
    named_mistake(
        a.wrong_strike,
        "moved",
        "rows were cut out of score, and all that follow have other numbers then: strike out by a "
        "score that none can have.",
    ),
)

OF_RUNS = (
    named_mistake(
        a.wrong_run,
        "gaps",
        "it reaches over a gap: from the first high frame to the last, even if low ones "
        "lie between. The run ends at the first low frame on each side of the peak.",
    ),
    named_mistake(
        a.wrong_run,
        "zero",
        "the bar is a share of the peak itself: scores have no zero to measure from. Take "
        "low + share (peak - low).",
    ),
    named_mistake(
        a.wrong_run,
        "mean",
        "the bar is the mean of the row: it is low + share (peak - low).",
    ),
    named_mistake(
        a.wrong_run,
        "down",
        "the bar is measured from the peak downwards: share says how far above low it lies.",
    ),
    named_mistake(
        a.wrong_run,
        "one bar",
        "one bar serves all rows: each row has its own low and peak (amin and amax over "
        "the frames of a row).",
    ),
    named_mistake(
        a.wrong_run,
        "low nan",
        "the padding counts for low: filled with -inf or 0 it may be the lowest of all. "
        "low is that of the real frames.",
        "low -inf",
        "low 0",
    ),
    named_mistake(
        a.wrong_run, "strict", "a frame exactly at the bar is high: at least, not above."
    ),
    named_mistake(
        a.wrong_run,
        "longest",
        "it is the longest high run of the row: the one that holds the peak is asked for.",
    ),
    named_mistake(
        a.wrong_run,
        "wrap",
        "the walk to the left does not stop at frame 0: index -1 is the *last* frame. "
        "Walk on only while there is a frame before.",
    ),
    named_mistake(
        a.wrong_run,
        "length",
        "the second number is the length of the run: one past its last frame is asked for.",
    ),
    named_mistake(
        a.wrong_run,
        "padding",
        "the padding is taken for frames: neither peak, low, nor the run may lie there.",
        "walk",
    ),
    named_mistake(
        a.wrong_run,
        "last",
        "the end is one too small: it is one past the last frame of the run.",
    ),
    named_mistake(
        a.wrong_run,
        "late",
        "the start is one too small: it is the first frame of the run itself.",
    ),
    named_mistake(
        a.wrong_run,
        "left",
        "it only walks to the right: the run reaches to both sides of the peak.",
    ),
    named_mistake(
        a.wrong_run,
        "right",
        "it only walks to the left: the run reaches to both sides of the peak.",
    ),
    named_mistake(
        a.wrong_run,
        "height",
        "low is missing in the bar: share (peak - low) says how far above low it lies.",
    ),
    named_mistake(
        a.wrong_run,
        "first",
        "it is the first high run of the row: start at the peak.",
    ),
)
