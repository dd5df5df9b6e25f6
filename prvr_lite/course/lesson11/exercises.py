"""Lesson 11: frames by their times, zero-shot scores, candidates, their recall, and cells."""

from __future__ import annotations

from prvr_lite.course.grading.drawing import other_padding
from prvr_lite.course.grading.exercise import Exercise, named_mistakes
from prvr_lite.course.lesson11 import answers as a
from prvr_lite.course.lesson11 import planted

EXERCISES = (
    Exercise(
        "frames_at",
        11,
        a.frames_at,
        a.screen_times,
        "[S]",
        named_mistakes(
            a.wrong_frames,
            {
                "nearest": "it takes the frame whose time is nearest: that may be one that is yet "
                "to come. On the screen is the last one that has begun.",
                "left": "at exactly its own time a frame is already on the screen: begun means "
                "time <= t, not <.",
                "next": "it takes the next frame to begin: on the screen is the last one that has.",
                "late": "every frame is one too late: searchsorted counts the frames that have "
                "begun, and rows begin at 0.",
                "minus": "before the first frame it gives -1, which is the *last* frame when you "
                "index with it: the first one counts there.",
                "rate | rate, moved | rate, counted": "it assumes an even rate: these frames come "
                "at uneven times, so look their times up.",
                "seconds": "these are times: the frame is asked for, a row (int64).",
                "sorted": "the frames come in the order of time: at is in any order, and the "
                "result keeps it.",
                "once": "each frame comes once: one that is held is on the screen at several of "
                "the times.",
            },
        ),
        (
            "Draw the frames as bars on a line, each from its time to the next one's. Which bar "
            "lies above t?",
            "How many frames have begun by t? The last of them is on the screen. torch."
            "searchsorted(shown, at, right=True) counts them.",
            "That count - 1, and clamp(min=0) for what lies before the first.",
        ),
        minutes=8,
        loop="searchsorted, or one comparison, counts the frames for all times at once.",
        axes={"shown": "T", "at": "S"},
        planted=planted.hard_times,
    ),
    Exercise(
        "zero_shot_scores",
        11,
        a.zero_shot_scores,
        a.clip_table,
        "[Q, V]",
        named_mistakes(
            a.wrong_zero_shot,
            {
                "dot": "these are inner products: divide query and clips by their lengths first.",
                "query": "the query keeps its length: a cosine needs both at length 1.",
                "clip": "the clips keep their lengths, so a long one wins over a fitting one: a "
                "cosine needs both at length 1.",
                "axis": "the clips are normalised over the wrong dimension: each clip is a vector "
                "of D numbers, the last dimension.",
                "mean": "it takes the mean over clips: one fitting clip is enough, so take the "
                "best.",
                "video": "it averages the clips first: that is one vector for the whole video, and "
                "lesson 1 showed how a short moment is lost in it.",
                "feature": "it takes the largest of each feature, which no clip has together: "
                "score the clips, then take the best score.",
                "padding": "the padding counts: where real is False there is no clip.",
                "zero": "the padding scores 0, which beats every clip that points away: masked is "
                "-inf, not 0.",
                "lowest": "it takes the worst clip: take the best.",
            },
        ),
        (
            "One query and one video: N cosines. Which of them is the video's score, and which of "
            "them do not count?",
            "With unit vectors, torch.einsum('qd,vnd->qvn', query, clip) is the table of cosines.",
            "masked_fill(~real, -torch.inf) on [Q, V, N], then amax over the last dimension.",
        ),
        minutes=8,
        padding=other_padding("clip", "real"),
        axes={"query": "QD", "clip": "VND", "real": "VN"},
        planted=planted.hard_tables,
    ),
    Exercise(
        "rescore_candidates",
        11,
        a.rescore_candidates,
        a.clip_hits,
        "[Q, k]",
        named_mistakes(
            a.wrong_rescore,
            {
                "last": "a hit of -1 is taken for the last clip, as Python's lists do: -1 means "
                "that nothing was found, so it must not make a candidate.",
                "order": "the videos come in the order of their hits: that order is approximate, "
                "and knows one scale only. Rank them by their exact scores.",
                "all": "it ranks all videos: only those that own a hit may be scored, or nothing "
                "is saved.",
                "twice": "a video comes once for each of its hits: several clips of one video make "
                "one candidate.",
                "column": "these are places among the hits: the rows of videos are asked for.",
                "count": "it ranks by the number of hits: a video with one fitting clip may be the "
                "right one. The exact score decides.",
                "zero": "what is not a candidate scores 0, which beats candidates with scores "
                "below 0: use -inf.",
                "filler": "where there are fewer than k candidates, it fills up with videos that "
                "are not candidates: give -1 there.",
                "lowest": "the worst come first.",
            },
        ),
        (
            "Write down for one query: which videos own a hit? Cross out the scores of all others.",
            "A table allowed [Q, V] of False; for each query, allowed[q, video_of[hits that are "
            "not -1]] = True. A loop over queries is fine.",
            "score.masked_fill(~allowed, -torch.inf).topk(k); its indices, and -1 where its values "
            "are -inf.",
        ),
        minutes=12,
        difficulty=2,
        axes={"hits": "Qc", "score": "Qv"},
        planted=planted.hard_hits,
    ),
    Exercise(
        "candidate_recall",
        11,
        a.candidate_recall,
        a.found_and_exact,
        "one number",
        named_mistakes(
            a.wrong_candidate_recall,
            {
                "place": "it compares place by place: found in another order is found as well.",
                "first": "it only asks for the very best: all k of the exact ones are asked for.",
                "any": "one of k in common is enough for it: the share of the k that is found is "
                "asked for.",
                "all": "it only counts queries with all k found: the share of the k that is found "
                "is asked for.",
                "found": "it divides by what was found, which is the precision: recall divides by "
                "what should have been found.",
                "cut": "it looks at the first k that were found only: all C of them are "
                "candidates.",
                "anywhere": "it looks among what *any* query found: each query has its own row.",
                "count": "it counts the found ones of a query: divide by k.",
                "share": "it is a share, 0 to 1: recalls are given in per cent.",
            },
        ),
        (
            "One query: how many of the k exact ones are somewhere in its row of found ones?",
            "exact[:, :, None] == found[:, None, :] compares each with each, [Q, k, C].",
            "any over the last dimension, then 100 times the mean over the rest.",
        ),
        minutes=6,
        axes={"found": "QC", "exact": "QK"},
        planted=planted.hard_recalls,
    ),
    Exercise(
        "cell_search",
        11,
        a.cell_search,
        a.cells_of_clips,
        "[k]",
        named_mistakes(
            a.wrong_cells,
            {
                "one": "it opens one cell only: the best clip may lie just across a border, so "
                "open probes of them.",
                "all": "it looks at every clip: only those in the opened cells may be scored, or "
                "nothing is saved.",
                "far": "it opens the cells that fit least.",
                "cosine": "it opens cells by their cosine: centres are means of clips, and no "
                "vectors of length 1. Take the inner product as it is.",
                "distance": "it opens the nearest cells by distance: clips are ranked by inner "
                "product, so their cells must be, too. The two differ unless all centres have one "
                "length.",
                "clips": "it opens the cells of the best clips: for that you would have to score "
                "every clip first. Choose the cells by their centres.",
                "by cell": "it lists the clips of the best cell first, then those of the next: all "
                "clips of the opened cells compete in one ranking.",
                "within": "these are places among the opened clips: rows of all clips are asked "
                "for.",
                "zero": "clips of closed cells score 0, which beats open ones below 0: use -inf.",
                "filler": "where the opened cells hold fewer than k clips, it goes on with closed "
                "ones: give -1 there.",
                "lowest": "the worst clips come first.",
            },
        ),
        (
            "Two searches, one after the other: a small one among the centres, then one among the "
            "clips of the cells that it chose.",
            "(centre @ query).topk(probes).indices are the cells; torch.isin(cell, cells) says "
            "which clips lie in them.",
            "inside = torch.isin(cell, cells).nonzero().squeeze(1) are their rows; score "
            "clip[inside] alone. topk of min(k, len(inside)) gives places in this list: look up "
            "inside, and fill up with -1.",
        ),
        minutes=12,
        difficulty=3,
        planted=planted.hard_cells,
        sparing="clip",
    ),
)
