"""Lesson 10: moments in a film and in many: runs of attention, suppression, recalls, merging."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import Exercise, named_mistakes
from prvr_lite.course.lesson10 import answers as a
from prvr_lite.course.lesson10 import planted

EXERCISES = (
    Exercise(
        "moment_recall",
        10,
        a.moment_recall,
        a.own_film_ious,
        "one number",
        named_mistakes(
            a.wrong_recall,
            {
                "above": "an IoU of exactly the threshold must count: a hit needs at least that "
                "much.",
                "all": "it looks at all predictions: only the first k count.",
                "one": "it looks at the first prediction only: any of the first k may hit.",
                "kth": "it looks at prediction number k alone: any of the first k may hit.",
                "every | sum": "it counts predictions: a query is hit or not, however many of its "
                "predictions hit. any(1), then the mean over queries.",
                "both": "it asks that *all* of the first k hit: one good prediction among them is "
                "enough.",
                "mean": "it compares the mean IoU of the first k with the threshold: one good "
                "prediction among them is enough.",
                "queries": "it takes the first k queries: predictions are the columns, iou[:, :k].",
                "more": "it looks at one prediction too many: the first k are iou[:, :k].",
                "anybody": "one query's hit counts for others too: any(1) asks in each row by "
                "itself.",
                "share": "it is a share, 0 to 1: recalls are given in per cent.",
                "miou": "it averages the IoU itself: the share of queries that reach the threshold "
                "is asked for.",
            },
        ),
        (
            "One query: is one of its first k numbers at least the threshold?",
            "iou[:, :k] >= threshold is a table of hits, [Q, k].",
            "A row is hit where any(1) is; 100 times the mean of that over the queries.",
        ),
        minutes=5,
        axes={"iou": "Qp"},
        planted=planted.hard_ious,
    ),
    Exercise(
        "strike_out",
        10,
        a.strike_out,
        a.crowded,
        "[keep]",
        named_mistakes(
            a.wrong_strike,
            {
                "none": "nothing is struck out: these are simply the best ones, neighbours and "
                "all.",
                "all": "what was struck out strikes others too: only candidates that were *taken* "
                "count. If b is near a, and c near b but not near a, then a and c both stay.",
                "first keep": "it takes the best `keep` first and strikes out among them: where "
                "those are neighbours, worse candidates further away should come up. Strike out "
                "first.",
                "itself": "the same row is taken again and again: near need not say that a row is "
                "near itself, so strike out the row that you took as well.",
                "zero score | zero score kept": "what is struck out gets the score 0, and that "
                "beats every score below 0: it must be lower than any score can be.",
                "last": "it compares with the one taken last: a candidate must be far from all "
                "taken.",
                "place": "they come in the order of their rows: the best comes first.",
                "far": "near is the wrong way round: it keeps what is near the best one.",
                "repeat": "where nothing is left it repeats the last one: give -1 there.",
                "zero": "where nothing is left it gives row 0, which is a candidate like any "
                "other: give -1 there.",
                "once": "only the very best one strikes others out: each one that is taken does.",
                "stops": "it stops at the first candidate that is struck out: worse ones may still "
                "be far from all that were taken.",
                "moved": "rows were cut out of score, and all that follow have other numbers then: "
                "strike out by a score that none can have.",
            },
        ),
        (
            "By hand, on five numbers: take the largest, cross out its neighbours, take the "
            "largest of the rest.",
            "Crossing out is left[near[best]] = -torch.inf, on a copy of score.",
            "keep times: best = left.argmax(); remember best, or -1 if left[best] is -inf; cross "
            "out near[best] and best itself; torch.tensor(rows) in the end.",
        ),
        minutes=12,
        difficulty=2,
        planted=planted.hard_crowds,
    ),
    Exercise(
        "attended_run",
        10,
        a.attended_run,
        a.attention_rows,
        "[R, 2]",
        named_mistakes(
            a.wrong_run,
            {
                "gaps": "it reaches over a gap: from the first high frame to the last, even if low "
                "ones lie between. The run ends at the first low frame on each side of the peak.",
                "zero": "the bar is a share of the peak itself: scores have no zero to measure "
                "from. Take low + share (peak - low).",
                "mean": "the bar is the mean of the row: it is low + share (peak - low).",
                "down": "the bar is measured from the peak downwards: share says how far above low "
                "it lies.",
                "one bar": "one bar serves all rows: each row has its own low and peak (amin and "
                "amax over the frames of a row).",
                "low nan | low -inf | low 0": "the padding counts for low: filled with -inf or 0 "
                "it may be the lowest of all. low is that of the real frames.",
                "strict": "a frame exactly at the bar is high: at least, not above.",
                "longest": "it is the longest high run of the row: the one that holds the peak is "
                "asked for.",
                "wrap": "the walk to the left does not stop at frame 0: index -1 is the *last* "
                "frame. Walk on only while there is a frame before.",
                "length": "the second number is the length of the run: one past its last frame is "
                "asked for.",
                "padding | walk": "the padding is taken for frames: neither peak, low, nor the run "
                "may lie there.",
                "last": "the end is one too small: it is one past the last frame of the run.",
                "late": "the start is one too small: it is the first frame of the run itself.",
                "left": "it only walks to the right: the run reaches to both sides of the peak.",
                "right": "it only walks to the left: the run reaches to both sides of the peak.",
                "height": "low is missing in the bar: share (peak - low) says how far above low it "
                "lies.",
                "first": "it is the first high run of the row: start at the peak.",
            },
        ),
        (
            "Draw one row as a mountain. Where is the bar, and where does your finger stop when "
            "it walks down from the peak to the left, and to the right?",
            "A loop over rows is fine: start at the peak; while there is a frame before, and it "
            "is real and at least the bar, go back one.",
            "low and peak over real frames only; bar = low + share * (peak - low); two while "
            "loops from the peak; torch.tensor of [start, end] for each row.",
        ),
        minutes=15,
        difficulty=3,
        padding=a.other_garbage,
        axes={"score": "Rt", "real": "Rt"},
        planted=planted.hard_rows,
    ),
    Exercise(
        "merge_moments",
        10,
        a.merge_moments,
        a.film_moments,
        "[keep] and [keep]",
        named_mistakes(
            a.wrong_merge,
            {
                "films": "it lists the best film's moments first, then the next film's: all "
                "moments of all films compete in one ranking.",
                "unweighted": "the weight is not used.",
                "moments": "the weight is on the moments: it weighs the film's score.",
                "mixed": "the moment's score counts by 1 - weight: here it counts in full.",
                "sum": "the weight is on both: it weighs the film's score alone.",
                "sorted": "the second result counts within the film's sorted moments: the column "
                "of moment_score is asked for.",
                "alone": "the film's score is not used: a moment counts by itself and by its film.",
                "product": "it multiplies both scores: they are added, or two bad ones make a good "
                "one.",
                "turned": "film and moment changed places: the first result names the films.",
                "lowest": "it ranks the lowest totals first.",
                "upwards": "these are the right moments, but the best one comes last: best first.",
                "places": "these are the right moments, but in the order of the table: best first.",
                "by n": "the place in the flattened table is divided by the number of films: a row "
                "of the table has as many places as a film has moments.",
                "flat": "the first result is the place in the flattened table: the film is asked "
                "for, which is the row of this place.",
            },
        ),
        (
            "A table of n films and m moments each, one total per cell. Which cells are highest?",
            "total = weight * video_score[:, None] + moment_score; total.flatten().topk(keep).",
            "A place p in the flattened table is film p // m, moment p % m.",
        ),
        minutes=10,
        difficulty=2,
        outputs=("video", "moment"),
        planted=planted.hard_merges,
    ),
    Exercise(
        "corpus_recall",
        10,
        a.corpus_recall,
        a.corpus_predictions,
        "one number",
        named_mistakes(
            a.wrong_corpus,
            {
                "anywhere": "it takes a good overlap in any film: the prediction must name the own "
                "film too.",
                "film": "it only asks for the film: the moment must be met as well.",
                "apart": "one prediction may name the film and another meet the moment: both must "
                "hold for one and the same prediction.",
                "found": "it leaves out the queries whose film was not found: those are misses.",
                "within": "it counts the first k predictions *in the own film*: moments of other "
                "films take places too.",
                "every | sum": "it counts predictions: a query is hit or not.",
                "long": "it looks at all predictions: only the first k of the whole ranking count.",
                "first": "it asks the first prediction alone for its film: each prediction names "
                "its own.",
                "own first": "only the first moment in the own film may hit: any of the first k "
                "may.",
                "best": "the prediction of the best overlap decides: if it lies in another film, a "
                "worse one may still be a hit.",
                "more": "it looks at one prediction too many: the first k are those before place "
                "k.",
                "either": "the film or the moment is enough for it: both must hold.",
                "kth | one": "it looks at a single place of the ranking: any of the first k may "
                "hit.",
                "above": "an IoU of exactly the threshold must count.",
                "share": "it is a share, 0 to 1: recalls are given in per cent.",
            },
        ),
        (
            "What must be true of a single prediction for it to be a hit? Two things at once.",
            "hit = (video == own[:, None]) & (iou >= threshold), a table [Q, P].",
            "As moment_recall: 100 * hit[:, :k].any(1).float().mean().",
        ),
        minutes=6,
        axes={"video": "Qp", "iou": "Qp", "own": "Q"},
        planted=planted.hard_predictions,
    ),
)
