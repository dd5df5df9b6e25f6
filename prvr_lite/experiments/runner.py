"""Running many runs: on every core or GPU, skipping what is finished, losing nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context

import torch
from tqdm.auto import tqdm

from prvr_lite.data.features import Dataset
from prvr_lite.experiments.rows import Experiment
from prvr_lite.experiments.runs import Run, Setting, perform, plan, recall
from prvr_lite.optimization import choose_device

RUNS_PER_GPU = 2  # small models leave a GPU waiting for Python


class RunError(ValueError):
    """Some runs failed; the others are kept."""


def planned(
    rows: Mapping[str, Experiment], seeds: int | None, setting: Setting, dataset: Dataset
) -> tuple[list[Run], dict[str, str]]:
    """The runs of some rows, and the rows that this data set does not allow, with the reason.

    Args:
        seeds: how many of each row, from 0; None: as each row says.
    """
    runs, refused = [], {}
    for name, row in rows.items():
        if row.model == "zero-shot" and dataset.visual_dim != dataset.query_dim:
            refused[name] = (
                f"frames have {dataset.visual_dim} numbers and words {dataset.query_dim}: they "
                "share no space"
            )
            continue
        count = row.seeds if seeds is None else seeds
        runs += [plan(name, row, seed, setting, dataset) for seed in range(count)]
    return runs, refused


def perform_all(
    runs: Sequence[Run], setting: Setting, dataset: Dataset, *, device: str, workers: int | None
) -> None:
    """Perform what is not finished yet, several at a time; finished runs are kept as they end.

    Args:
        device: "auto": all CUDA GPUs in turn, else the CPU with a thread a run.
        workers: runs at a time; None: one a CPU core, or two a GPU; 1: in this process.

    Raises:
        RunError: naming each run that failed and why, after all others are done.
    """
    unique = {run.key: run for run in runs}
    missing = [run for run in unique.values() if recall(run, setting, dataset) is None]
    done = len(unique) - len(missing)
    if not missing:
        return
    places = _places(device)
    if workers is None:
        workers = len(places) * RUNS_PER_GPU if places[0] != "cpu" else os.cpu_count() or 1
    workers = max(1, min(workers, len(missing)))
    failed = []
    placed = [
        replace(run, training=replace(run.training, device=places[i % len(places)]))
        for i, run in enumerate(missing)
    ]
    with tqdm(total=len(unique), initial=done, unit="run", smoothing=0.05) as bar:
        for run, error in (_here if workers == 1 else _side_by_side)(placed, setting, workers):
            bar.update()
            bar.set_postfix_str(f"{run.experiment}, seed {run.seed}")
            if error is not None:
                failed.append(f"{run.experiment}, seed {run.seed}: {error}")
    if failed:
        raise RunError(f"{len(failed)} of {len(missing)} runs failed; " + "; ".join(failed))


Outcome = tuple[Run, Exception | None]


def _here(runs: Sequence[Run], setting: Setting, workers: int) -> Iterator[Outcome]:
    """One after the other in this process, with all its threads."""
    for run in runs:
        try:
            _work(run, setting)
        except Exception as error:  # the other runs go on; it is told at the end
            yield run, error
        else:
            yield run, None


def _side_by_side(runs: Sequence[Run], setting: Setting, workers: int) -> Iterator[Outcome]:
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread)
    with pool:
        tasks = {pool.submit(_work, run, setting): run for run in runs}
        try:
            for task in as_completed(tasks):
                error = task.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield tasks[task], error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # begun ones go on later where they were
            raise


def _places(device: str) -> list[str]:
    if device == "auto" and torch.cuda.device_count() > 1:
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return [str(choose_device(device))]


def _one_thread() -> None:
    """Runs side by side on a CPU are fastest with a thread each."""
    torch.set_num_threads(1)


def _work(run: Run, setting: Setting) -> None:
    with setting.open() as dataset:
        perform(run, setting, dataset)
