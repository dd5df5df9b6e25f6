"""Is MS-SL++ better than another row on the same queries? Differences with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.judge import gains, judged_by
from prvr_lite.lab.lines import Line, line
from prvr_lite.lab.rows import EXPERIMENTS, FULL
from prvr_lite.lab.runner import planned
from prvr_lite.lab.runs import SPLITS, Run, Setting, finished_run
from prvr_lite.lab.subsets import query_subsets
from prvr_lite.search.evaluation import relevant_matrix
from prvr_lite.search.metrics import paired_interval

KINDS = ("all", "steps=single", "steps=two")
Pair = tuple[int, dict[str, str], NDArray[np.float64]]  # seed, context, gains of both rows


def gaps(setting: Setting, dataset: Dataset) -> Iterator[Line]:
    """Yields R@1 and SumR of MS-SL++ minus those of each finished row, in points, on test queries.

    Each query's gain is averaged over the seeds that both rows have; the 95 % interval is a paired
    bootstrap over sibling groups of films (over films, where there are no groups). It shows what
    other films and queries might change, not what other seeds might: for that, see the spread of
    the paired seeds. :func:`~prvr_lite.lab.judge.judged_by` says which score each row is judged by.
    """
    kinds = {kind: rows for kind, rows, _ in query_subsets(dataset, "test") if kind in KINDS}
    runs = planned(EXPERIMENTS, None, setting, dataset)[0]
    for name in EXPERIMENTS:
        pairs = [] if name == FULL else list(_pairs(name, runs, setting, dataset))
        if pairs:
            seeds, contexts, gained = zip(*pairs, strict=True)
            both = np.stack(gained)  # [S, 2, 2, Q]
            yield from gap_lines((FULL, name), seeds, both, kinds, dataset, contexts[0])


def gap_lines(
    names: tuple[str, str],
    seeds: Sequence[int],
    gained: NDArray[np.float64],
    kinds: Mapping[str, NDArray[Any]],
    dataset: Dataset,
    context: dict[str, str],
) -> Iterator[Line]:
    """Yields how far the first of two rows is ahead: with its interval over films, and by seed.

    Args:
        gained: what each test query adds, [S, 2, 2, Q]: by seed, row, and R@1 and SumR.
        kinds: which test queries are of a kind; one that lies in a single group has no interval.
    """
    films = dataset.query_video[dataset.queries_in("test")]
    group = films if dataset.group is None else dataset.group[films]
    for kind, rows in kinds.items():
        if len(np.unique(group[rows])) < 2:
            continue
        keys = {"experiment": " against ".join(names), "split": "test", "queries": kind}
        keys["score"] = "fused"
        by_metric = gained[..., rows].transpose(2, 1, 0, 3)  # [2, 2, S, Q]
        for metric, (first, second) in zip(("R@1", "SumR"), by_metric, strict=True):
            interval = paired_interval(first.mean(0), second.mean(0), group[rows])
            for end, value in zip(("ahead", "low", "high"), interval, strict=True):
                yield line(context, value, **keys, metric=f"{metric} {end}")
            for seed, value in zip(seeds, (first - second).mean(1), strict=True):
                yield line(context, value, **keys, seed=seed, metric=f"{metric} gap")


def relevant_films(dataset: Dataset) -> dict[str, NDArray[np.bool_]]:
    """Returns for val and test which film each query was written for, [Q, V]."""
    rows = {split: (dataset.queries_in(split), dataset.videos_in(split)) for split in SPLITS}
    return {split: relevant_matrix(dataset, *both, several=False) for split, both in rows.items()}


def _pairs(name: str, runs: Sequence[Run], setting: Setting, dataset: Dataset) -> Iterator[Pair]:
    """Yields the gains of MS-SL++ and of a row, for each seed that both have finished.

    Yields:
        seed, context, and what each test query adds, [2, 2, Q]: with MS-SL++ and with the row, to
        R@1 and to SumR.
    """
    relevant = relevant_films(dataset)
    full_runs = {run.seed: run for run in runs if run.experiment == FULL}
    for run in runs:
        if run.experiment != name or run.seed not in full_runs:
            continue
        full_run = full_runs[run.seed]
        full, row = finished_run(full_run, setting), finished_run(run, setting)
        if full is not None and row is not None:
            first = gains(full, full_run, judged_by(FULL, name), relevant)
            second = gains(row, run, judged_by(name), relevant)
            yield run.seed, row.context, np.stack([first, second])
