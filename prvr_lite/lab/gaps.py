"""Is MS-SL++ better on the same queries? Differences with intervals, from finished runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.judge import gains, judged_by
from prvr_lite.lab.lines import Line, line
from prvr_lite.lab.rows import EXPERIMENTS, FULL
from prvr_lite.lab.runner import planned
from prvr_lite.lab.runs import SPLITS, Setting, recall
from prvr_lite.lab.subsets import query_subsets
from prvr_lite.search.evaluation import relevant_matrix
from prvr_lite.search.metrics import paired_interval

KINDS = ("all", "steps=single", "steps=two")


def gaps(setting: Setting, dataset: Dataset) -> Iterator[Line]:
    """R@1 and SumR of MS-SL++ minus those of each other finished row, in points, on test queries.

    What a query gets is averaged over the seeds that both rows have; the 95 % interval is a paired
    bootstrap over sibling groups of films (over films, where there are no groups). It tells what
    other films and queries might change, not what other seeds might: for that, see the spread of
    the paired seeds. By which score each is judged: :func:`~prvr_lite.lab.judge.judged_by`.
    """
    queries = dataset.queries_in("test")
    film = dataset.query_video[queries]
    group = film if dataset.group is None else dataset.group[film]
    kinds = [(n, r) for n, r, _ in query_subsets(dataset, "test") if n in KINDS]
    for name in EXPERIMENTS:
        pairs = [] if name == FULL else list(_pairs(name, setting, dataset))
        for kind, rows in kinds:
            if not pairs or len(np.unique(group[rows])) < 2:
                continue
            keys = {"experiment": f"{FULL} against {name}", "split": "test", "queries": kind}
            keys["score"] = "fused"
            told = pairs[0].context
            for i, metric in enumerate(("R@1", "SumR")):
                ours = np.stack([pair.ours[i, rows] for pair in pairs])  # [S, Q]
                theirs = np.stack([pair.theirs[i, rows] for pair in pairs])
                gap = paired_interval(ours.mean(0), theirs.mean(0), group[rows])
                for end, value in zip(("ahead", "low", "high"), gap, strict=True):
                    yield line(told, value, **keys, metric=f"{metric} {end}")
                for pair, apart in zip(pairs, (ours - theirs).mean(1), strict=True):
                    yield line(told, apart, **keys, seed=pair.seed, metric=f"{metric} gap")


@dataclass(frozen=True)
class _Pair:
    """What each test query adds with MS-SL++ and with a row, [2, Q] each, by the same seed."""

    seed: int
    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]
    context: dict[str, str]


def _pairs(name: str, setting: Setting, dataset: Dataset) -> Iterator[_Pair]:
    """The seeds that both MS-SL++ and a row have finished."""
    relevant = {
        split: relevant_matrix(
            dataset, dataset.queries_in(split), dataset.videos_in(split), several=False
        )
        for split in SPLITS
    }
    rows = {key: EXPERIMENTS[key] for key in (FULL, name)}
    runs = planned(rows, None, setting, dataset)[0]
    ours = {run.seed: run for run in runs if run.experiment == FULL}
    for run in runs:
        if run.experiment != name or run.seed not in ours:
            continue
        mine, its = recall(ours[run.seed], setting), recall(run, setting)
        if mine is not None and its is not None:
            first = gains(mine, ours[run.seed], judged_by(FULL, name), relevant)
            second = gains(its, run, judged_by(name), relevant)
            yield _Pair(run.seed, first, second, its.context)
