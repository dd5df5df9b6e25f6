"""Lesson 10: moments in a film and in many: runs of attention, suppression, recalls, merging."""

from __future__ import annotations

from prvr_lite.course.grading.exercise import Exercise, named_mistake
from prvr_lite.course.lesson10 import answers as a
from prvr_lite.course.lesson10 import mistakes, planted

EXERCISES = (
    Exercise(
        "moment_recall",
        10,
        a.moment_recall,
        a.own_film_ious,
        "one number",
        (
            named_mistake(
                a.wrong_recall,
                "above",
                "an IoU of exactly the threshold must count: a hit needs at least that much.",
            ),
            named_mistake(
                a.wrong_recall, "all", "it looks at all predictions: only the first k count."
            ),
            named_mistake(
                a.wrong_recall,
                "one",
                "it looks at the first prediction only: any of the first k may hit.",
            ),
            named_mistake(
                a.wrong_recall,
                "kth",
                "it looks at prediction number k alone: any of the first k may hit.",
            ),
            named_mistake(
                a.wrong_recall,
                "every",
                "it counts predictions: a query is hit or not, however many of its predictions "
                "hit. any(1), then the mean over queries.",
                "sum",
            ),
            named_mistake(
                a.wrong_recall,
                "both",
                "it asks that *all* of the first k hit: one good prediction among them is enough.",
            ),
            named_mistake(
                a.wrong_recall,
                "mean",
                "it compares the mean IoU of the first k with the threshold: one good prediction "
                "among them is enough.",
            ),
            named_mistake(
                a.wrong_recall,
                "queries",
                "it takes the first k queries: predictions are the columns, iou[:, :k].",
            ),
            named_mistake(
                a.wrong_recall,
                "more",
                "it looks at one prediction too many: the first k are iou[:, :k].",
            ),
            named_mistake(
                a.wrong_recall,
                "anybody",
                "one query's hit counts for others too: any(1) asks in each row by itself.",
            ),
            named_mistake(
                a.wrong_recall, "share", "it is a share, 0 to 1: recalls are given in per cent."
            ),
            named_mistake(
                a.wrong_recall,
                "miou",
                "it averages the IoU itself: the share of queries that reach the threshold is "
                "asked for.",
            ),
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
        mistakes.OF_STRIKES,
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
        mistakes.OF_RUNS,
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
        (
            named_mistake(
                a.wrong_merge,
                "films",
                "it lists the best film's moments first, then the next film's: all moments of all "
                "films compete in one ranking.",
            ),
            named_mistake(a.wrong_merge, "unweighted", "the weight is not used."),
            named_mistake(
                a.wrong_merge,
                "moments",
                "the weight is on the moments: it weighs the film's score.",
            ),
            named_mistake(
                a.wrong_merge,
                "mixed",
                "the moment's score counts by 1 - weight: here it counts in full.",
            ),
            named_mistake(
                a.wrong_merge,
                "sum",
                "the weight is on both: it weighs the film's score alone.",
            ),
            named_mistake(
                a.wrong_merge,
                "sorted",
                "the second result counts within the film's sorted moments: the column of "
                "moment_score is asked for.",
            ),
            named_mistake(
                a.wrong_merge,
                "alone",
                "the film's score is not used: a moment counts by itself and by its film.",
            ),
            named_mistake(
                a.wrong_merge,
                "product",
                "it multiplies both scores: they are added, or two bad ones make a good one.",
            ),
            named_mistake(
                a.wrong_merge,
                "turned",
                "film and moment changed places: the first result names the films.",
            ),
            named_mistake(a.wrong_merge, "lowest", "it ranks the lowest totals first."),
            named_mistake(
                a.wrong_merge,
                "upwards",
                "these are the right moments, but the best one comes last: best first.",
            ),
            named_mistake(
                a.wrong_merge,
                "places",
                "these are the right moments, but in the order of the table: best first.",
            ),
            named_mistake(
                a.wrong_merge,
                "by n",
                "the place in the flattened table is divided by the number of films: a row of the "
                "table has as many places as a film has moments.",
            ),
            named_mistake(
                a.wrong_merge,
                "flat",
                "the first result is the place in the flattened table: the film is asked for, "
                "which is the row of this place.",
            ),
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
        (
            named_mistake(
                a.wrong_corpus,
                "anywhere",
                "it takes a good overlap in any film: the prediction must name the own film too.",
            ),
            named_mistake(
                a.wrong_corpus, "film", "it only asks for the film: the moment must be met as well."
            ),
            named_mistake(
                a.wrong_corpus,
                "apart",
                "one prediction may name the film and another meet the moment: both must hold for "
                "one and the same prediction.",
            ),
            named_mistake(
                a.wrong_corpus,
                "found",
                "it leaves out the queries whose film was not found: those are misses.",
            ),
            named_mistake(
                a.wrong_corpus,
                "within",
                "it counts the first k predictions *in the own film*: moments of other films "
                "take places too.",
            ),
            named_mistake(
                a.wrong_corpus, "every", "it counts predictions: a query is hit or not.", "sum"
            ),
            named_mistake(
                a.wrong_corpus,
                "long",
                "it looks at all predictions: only the first k of the whole ranking count.",
            ),
            named_mistake(
                a.wrong_corpus,
                "first",
                "it asks the first prediction alone for its film: each prediction names its own.",
            ),
            named_mistake(
                a.wrong_corpus,
                "own first",
                "only the first moment in the own film may hit: any of the first k may.",
            ),
            named_mistake(
                a.wrong_corpus,
                "best",
                "the prediction of the best overlap decides: if it lies in another film, a worse "
                "one may still be a hit.",
            ),
            named_mistake(
                a.wrong_corpus,
                "more",
                "it looks at one prediction too many: the first k are those before place k.",
            ),
            named_mistake(
                a.wrong_corpus,
                "either",
                "the film or the moment is enough for it: both must hold.",
            ),
            named_mistake(
                a.wrong_corpus,
                "kth",
                "it looks at a single place of the ranking: any of the first k may hit.",
                "one",
            ),
            named_mistake(a.wrong_corpus, "above", "an IoU of exactly the threshold must count."),
            named_mistake(
                a.wrong_corpus, "share", "it is a share, 0 to 1: recalls are given in per cent."
            ),
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
