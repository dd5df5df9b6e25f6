"""Lesson 12's exercises with a twist."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from prvr_lite.course.grading.varying import Variant


def rows_of_the_file(data: bytes, ids: list[str], dim: int, names: list[str]) -> Tensor:
    """Rows of a feature.bin by name -> [m, dim] float32, each once, in the order of the file.

    data: the file's bytes, little-endian float32, row after row. ids: names of all its rows.
    names may ask for a row twice.
    """
    wanted = set(names)
    rows = [row for row, name in enumerate(ids) if name in wanted]
    return torch.tensor(np.frombuffer(data, "<f4")).reshape(-1, dim)[rows]


def rows_from_differences(data: bytes, ids: list[str], dim: int, names: list[str]) -> Tensor:
    """Rows of a file of differences by name -> [n, dim] float32, in the order of names.

    data: the file's bytes, little-endian float32, row after row. ids: names of all its rows.
    names may ask for a row twice.
    """
    steps = np.frombuffer(data, "<f4").reshape(-1, dim)
    whole = steps.cumsum(0, dtype=np.float64).astype(np.float32)
    return torch.from_numpy(whole[[ids.index(name) for name in names]])


def join_by_time(caption_id: list[str], video: list[str], moment: Tensor) -> Tensor:
    """Times of captions "<video>#enc#<n>" -> [Q, 2] s; NaN where there is no such annotation.

    Annotation a is about video[a] and lasts moment[a], [A, 2] s. Caption n belongs to the n-th
    annotation of its video by start time, counted from 0.
    """
    times = torch.full((len(caption_id), 2), torch.nan)
    order = moment[:, 0].argsort().tolist()
    for q, caption in enumerate(caption_id):
        name, number = caption.split("#enc#")
        rows = [row for row in order if video[row] == name]
        if int(number) < len(rows):
            times[q] = moment[rows[int(number)]]
    return times


def join_from_the_end(caption_id: list[str], video: list[str], moment: Tensor) -> Tensor:
    """Times of captions "<video>#enc#<n>" -> [Q, 2] s; NaN where there is no such annotation.

    Annotation a is about video[a] and lasts moment[a], [A, 2] s. Caption n belongs to annotation n
    of its video, counted from 0 from the last annotation back.
    """
    found = []
    for name, number in (caption.split("#enc#") for caption in caption_id):
        own = moment[torch.tensor([one == name for one in video])].flip(0)
        found.append(own[int(number)] if int(number) < len(own) else torch.full((2,), torch.nan))
    return torch.stack(found)


def side_of_the_sum(printed: Tensor) -> Tensor:
    """How rows of R@1, R@5, R@10, R@100, SumR [M, 5] fail to add up, [M] int64: -1, 0 or 1.

    Each of the five numbers was rounded to one decimal.
    """
    off = printed[:, 4] - printed[:, :4].sum(1)
    return (off > 5 * 0.05).long() - (off < -5 * 0.05).long()


def cannot_be_recalls(printed: Tensor) -> Tensor:
    """Which rows of R@1, R@5, R@10, R@100, SumR [M, 5] cannot be right, [M] bool.

    Each of the five numbers was rounded to one decimal.
    """
    recalls = printed[:, :4]
    sum_is_off = (printed[:, 4] - recalls.sum(1)).abs() > 0.25
    return sum_is_off | (recalls.diff(dim=1) < 0).any(1)


def optimism_of_one(val: Tensor, test: Tensor) -> Tensor:
    """What choosing on test adds, with one choice for all seeds: [S, C] each -> one number.

    results of C choices with S seeds.
    """
    mean_val, mean_test = val.mean(0), test.mean(0)
    return mean_test.max() - mean_test[mean_val.argmax()]


def disagreement(val: Tensor, test: Tensor) -> Tensor:
    """For how many seeds (%) val and test prefer another choice: [S, C] each -> one number.

    results of C choices with S seeds.
    """
    return 100 * (val.argmax(1) != test.argmax(1)).float().mean()


VARIANTS = (
    Variant(
        "bigfile_rows",
        rows_of_the_file,
        """\
Read the file **from front to back**: the rows of the result are in the order of the *file*,
not of `names`, and a name that is asked for twice gives one row only. `data` holds
little-endian float32 numbers, row after row, `dim` numbers per row, and row r belongs to
ids[r]. The result is a tensor of the type float32, with as many rows as there are different
names.""",
        changes={"shape": "[m, dim]"},
    ),
    Variant(
        "bigfile_rows",
        rows_from_differences,
        """\
Read a file of **differences**: it holds the first row as it is, and of every later row only
what was added to the row before it. So row r is the sum of the file's rows 0 to r. The numbers
in `data` are little-endian float32, row after row, `dim` of them per row, and row r belongs to
ids[r]. Return the restored rows in the order of `names` (a name may be asked for twice), as a
tensor of the type float32.""",
    ),
    Variant(
        "join_moments",
        join_by_time,
        """\
Suppose that captions were numbered **by time**: caption `#enc#n` belongs to the n-th
annotation of its video, counted from 0, when the video's annotations are sorted by their start
(the first number of the moment). No two annotations of a video start at the same time. NaN
where the video has no such annotation, or where there is no such video.""",
    ),
    Variant(
        "join_moments",
        join_from_the_end,
        """\
Suppose that captions were numbered **from the end**: caption `#enc#0` belongs to the *last*
annotation of its video in the order of the file, `#enc#1` to the one before it, and so on. NaN
where the video has no such annotation, or where there is no such video.""",
    ),
    Variant(
        "cannot_add_up",
        side_of_the_sum,
        """\
Say **in which direction** a row fails to add up: 1 if the printed SumR is too *large* for its
four recalls, -1 if it is too *small*, and 0 if rounding can explain the difference. Each of
the five numbers was rounded to one decimal, so a difference of up to 5 · 0.05 is possible. The
result has the shape [M], of integers (int64).""",
    ),
    Variant(
        "cannot_add_up",
        cannot_be_recalls,
        """\
Name the rows that cannot be right for **one of two reasons**: the four recalls and SumR differ
by more than rounding can explain (each of the five numbers was rounded to one decimal, so 5 ·
0.05 is possible); or the recalls **fall**: R@1, R@5, R@10, R@100 can stay the same or rise
from one to the next, never fall. The result is `True` for a row if at least one of the two
holds.""",
    ),
    Variant(
        "optimism",
        optimism_of_one,
        """\
Let all seeds share **one choice**: average the results over the seeds first, on val and on
test. Then compute the best mean on test, minus the mean on test of the choice whose mean on
val is the best. (No two choices have the same mean.)""",
    ),
    Variant(
        "optimism",
        disagreement,
        """\
How often does choosing on test matter at all? Return the **percentage of seeds** for which the
best choice on test is another one than the best choice on val. (No two choices have the same
result.)""",
    ),
)
