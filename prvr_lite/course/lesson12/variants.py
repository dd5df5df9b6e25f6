"""Lesson 12's exercises with a twist; what they ask is in variants.md."""

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
        changes={"shape": "[m, dim]"},
    ),
    Variant("bigfile_rows", rows_from_differences),
    Variant("join_moments", join_by_time),
    Variant("join_moments", join_from_the_end),
    Variant("cannot_add_up", side_of_the_sum),
    Variant("cannot_add_up", cannot_be_recalls),
    Variant("optimism", optimism_of_one),
    Variant("optimism", disagreement),
)
