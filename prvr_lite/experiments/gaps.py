"""Is MS-SL++ better on the same queries? Differences with intervals, from finished runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from prvr_lite.data.features import Dataset
from prvr_lite.experiments.lines import Line, line
from prvr_lite.experiments.rows import FULL
from prvr_lite.experiments.runs import Found, Run
from prvr_lite.experiments.subsets import query_subsets
from prvr_lite.metrics import paired_interval, rank_of_first_relevant

KINDS = ("all", "steps=single", "steps=two")


def gaps(found: Mapping[str, Sequence[tuple[Run, Found]]], dataset: Dataset) -> Iterator[Line]:
    """R@1 of MS-SL++ minus that of each other row, in points, on test queries.

    A query's hits are averaged over the seeds that both rows have; the 95 % interval is a paired
    bootstrap over sibling groups of films (over films, where there are no groups).

    Args:
        found: row -> its finished runs.
    """
    if not found.get(FULL):
        return
    queries = dataset.queries_in("test")
    film = dataset.query_video[queries]
    group = film if dataset.group is None else dataset.group[film]
    for name, theirs in found.items():
        if name == FULL or not theirs:
            continue
        seeds = {run.seed for run, _ in theirs} & {run.seed for run, _ in found[FULL]}
        for kind, rows, relevant in query_subsets(dataset, "test"):
            if kind not in KINDS or not seeds or len(np.unique(group[rows])) < 2:
                continue
            ours, other = (
                np.mean([_hits(f, r, relevant) for r, f in side if r.seed in seeds], axis=0)
                for side in (found[FULL], theirs)
            )
            gap = paired_interval(ours[rows], other[rows], group[rows])
            keys = {"experiment": f"{FULL} against {name}", "split": "test", "queries": kind}
            for metric, value in zip(("ahead", "low", "high"), gap, strict=True):
                context = theirs[0][1].context
                yield line(context, 100 * value, **keys, score="fused", metric=f"R@1 {metric}")
            yield line(theirs[0][1].context, len(seeds), **keys, metric="seeds")


def _hits(found: Found, run: Run, relevant: Any) -> Any:
    """Whether each query finds its film first, [Q] float."""
    scores = found.scores["test"]
    score = scores["clip"]
    if "frame" in scores:
        score = run.config.alpha * score + (1 - run.config.alpha) * scores["frame"]
    return (rank_of_first_relevant(score, relevant) == 1).astype(float)
