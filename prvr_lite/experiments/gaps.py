"""Is MS-SL++ better on the same queries? Differences with intervals, from finished runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from prvr_lite.data.features import Dataset
from prvr_lite.experiments.lines import Line, line, scales
from prvr_lite.experiments.rows import EXPERIMENTS, FULL
from prvr_lite.experiments.runs import Found, Run
from prvr_lite.experiments.subsets import query_subsets
from prvr_lite.metrics import RECALL_AT, paired_interval, rank_of_first_relevant

KINDS = ("all", "steps=single", "steps=two")


def gaps(found: Mapping[str, Sequence[tuple[Run, Found]]], dataset: Dataset) -> Iterator[Line]:
    """R@1 and SumR of MS-SL++ minus those of each other row, in points, on test queries.

    What a query gets is averaged over the seeds that both rows have; the 95 % interval is a paired
    bootstrap over sibling groups of films (over films, where there are no groups). It tells what
    other films and queries might change, not what other seeds might. Each row is judged by its
    own scale.

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
            keys = {"experiment": f"{FULL} against {name}", "split": "test", "queries": kind}
            context = theirs[0][1].context
            ours, other = (
                np.mean([_gains(f, r, relevant) for r, f in side if r.seed in seeds], axis=0)
                for side in (found[FULL], theirs)
            )  # [2, Q] each
            for metric, mine, its in zip(("R@1", "SumR"), ours, other, strict=True):
                gap = paired_interval(mine[rows], its[rows], group[rows])
                for end, value in zip(("ahead", "low", "high"), gap, strict=True):
                    yield line(context, value, **keys, score="fused", metric=f"{metric} {end}")
            yield line(context, len(seeds), **keys, metric="seeds")


def _gains(found: Found, run: Run, relevant: Any) -> Any:
    """What each query adds to R@1 and to SumR, in %, [2, Q]."""
    scores = scales(found.scores["test"], run.config.alpha)
    scale = EXPERIMENTS[run.experiment].scale
    rank = rank_of_first_relevant(scores.get(scale, scores["fused"]), relevant)  # [Q]
    return 100.0 * np.stack([rank == 1, sum(rank <= k for k in RECALL_AT)])
