"""Kinds of queries: by steps, share of the film, moments and length of the film, right answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.search.evaluation import relevant_matrix, two_step
from prvr_lite.search.metrics import moment_to_video_ratio, ratio_bin

Bool = NDArray[np.bool_]
Int = NDArray[np.int64]
LENGTHS = ("short", "medium", "long")


def query_subsets(dataset: Dataset, split: str) -> Iterator[tuple[str, Bool, Bool]]:
    """Yields every kind of query that the data set can tell apart.

    - "all"; "correct=several": all queries, every film that truly answers counts as correct;
    - "steps=single", "steps=two": does the moment unfold?
    - "ratio=(0, 0.2]", …: share of the film that the moment fills;
    - "moments=3", …: how many different moments of the film have a query;
    - "length=short", "medium", "long": thirds of the split's films by duration;
    - "answers=several, own correct" and "answers=several, all correct": the queries that more
      than one film answers, with one or all of these films counted as correct.

    Yields:
        name, which queries [Q] bool, and their correct videos [Q, V] bool (of all queries).
    """
    queries, videos = dataset.queries_in(split), dataset.videos_in(split)
    labelled = relevant_matrix(dataset, queries, videos, several=False)
    every = np.ones(len(queries), dtype=bool)
    yield "all", every, labelled
    for name, rows in _kinds(dataset, queries, videos):
        if rows.any():
            yield name, rows, labelled
    if dataset.relevant is not None:
        several = relevant_matrix(dataset, queries, videos, several=True)
        yield "correct=several", every, several
        many = several.sum(1) > 1
        if many.any():
            yield "answers=several, own correct", many, labelled
            yield "answers=several, all correct", many, several


def _kinds(dataset: Dataset, queries: Int, videos: Int) -> Iterator[tuple[str, Bool]]:
    if dataset.step_query is not None:
        two = two_step(dataset, queries)
        yield "steps=single", ~two
        yield "steps=two", two
    film = dataset.query_video[queries]
    moment, duration = dataset.moment[queries], dataset.duration
    if not np.isnan(moment).all():
        bins = np.asarray(ratio_bin(moment_to_video_ratio(moment, duration[film])))
        for name in np.unique(bins):
            yield f"ratio={name}", bins == name
        moments = {v: len(np.unique(moment[film == v], axis=0)) for v in np.unique(film)}
        count = np.array([moments[v] for v in film])
        for number in np.unique(count):
            yield f"moments={number}", count == number
    if not np.isnan(duration[videos]).any():
        edges: Any = np.quantile(duration[videos], [1 / 3, 2 / 3])
        third = np.searchsorted(edges, duration[film])
        for i, name in enumerate(LENGTHS):
            yield f"length={name}", third == i
