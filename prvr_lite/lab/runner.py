"""Running many runs: on every core or GPU, skipping what is finished, losing nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from typing import Any

import torch
from tqdm.auto import tqdm

from prvr_lite.data.dataset import Dataset
from prvr_lite.data.fingerprint import fingerprint
from prvr_lite.device import choose_device
from prvr_lite.lab.rows import Experiment
from prvr_lite.lab.runs import SPLITS, Run, Setting, finished_run, perform, plan

MAX_WORKERS = 61  # what Windows can wait for
RUNS_PER_GPU = 2  # small models leave a GPU waiting for Python


class RunError(ValueError):
    """Some runs failed; the others are kept."""


def planned(
    rows: Mapping[str, Experiment], seeds: int | None, setting: Setting, dataset: Dataset
) -> tuple[list[Run], dict[str, str]]:
    """Returns the runs of some rows, and the rows that this data set does not allow, with reasons.

    Args:
        seeds: how many of each row, from 0; None: as each row says.

    Raises:
        ValueError: a data set without val or test queries.
    """
    for split in SPLITS:
        if not len(dataset.queries_in(split) if split in dataset.splits else ()):
            raise ValueError(f"{dataset.path}: no query in split {split!r}: runs need val and test")
    runs, refused, data = [], {}, fingerprint(dataset)
    for name, row in rows.items():
        if row.model == "zero-shot" and not _one_space(dataset):
            refused[name] = (
                f"frames are {dataset.visual_model!r} [{dataset.visual_dim}], words "
                f"{dataset.text_model!r} [{dataset.query_dim}]: they share no space"
            )
            continue
        count = row.seeds if seeds is None else seeds
        runs += [plan(name, row, seed, setting, dataset, data) for seed in range(count)]
    return runs, refused


def _one_space(dataset: Dataset) -> bool:
    """Returns whether frames and words come from one model, such as CLIP, and have one size."""
    same_model = dataset.visual_model == dataset.text_model
    return same_model and dataset.visual_dim == dataset.query_dim


def perform_all(
    runs: Sequence[Run],
    setting: Setting,
    *,
    device: str,
    workers: int | None,
    progress: bool = True,
) -> None:
    """Performs the runs that are not finished yet, several at a time; keeps each when it ends.

    Args:
        device: "auto": all CUDA GPUs in turn, else the CPU with one thread per run.
        workers: runs at a time; None: one per CPU core, or two per GPU; 1: in this process.
        progress: show a bar that counts the runs.

    Raises:
        RunError: naming each run that failed and why, after all others are done.
    """
    unique = {run.key: run for run in runs}
    missing = [run for run in unique.values() if finished_run(run, setting) is None]
    done = len(unique) - len(missing)
    if not missing:
        return
    places = device_names(device)
    if workers is None:
        workers = len(places) * RUNS_PER_GPU if places[0] != "cpu" else os.cpu_count() or 1
    workers = max(1, min(workers, len(missing), MAX_WORKERS))
    failed = []
    placed = [
        replace(run, training=replace(run.training, device=places[i % len(places)]))
        for i, run in enumerate(missing)
    ]
    look = {"unit": "run", "smoothing": 0.05, "disable": not progress}
    with tqdm(total=len(unique), initial=done, **look) as bar:
        for run, error in (_here if workers == 1 else _side_by_side)(placed, setting, workers):
            bar.update()
            bar.set_postfix_str(f"{run.experiment}, seed {run.seed}")
            if error is not None:
                failed.append(f"{run.experiment}, seed {run.seed}: {error}")
    if failed:
        raise RunError(f"{len(failed)} of {len(missing)} runs failed; " + "; ".join(failed))


Outcome = tuple[Run, Exception | None]


def _here(runs: Sequence[Run], setting: Setting, workers: int) -> Iterator[Outcome]:
    """Performs the runs one after the other in this process, with all its threads."""
    for run in runs:
        try:
            _work(run, setting)
        except Exception as error:  # the other runs go on; it is reported at the end
            yield run, error
        else:
            yield run, None


def _side_by_side(runs: Sequence[Run], setting: Setting, workers: int) -> Iterator[Outcome]:
    # side by side on a CPU, runs are fastest with one thread per process
    one_thread: dict[str, Any] = {"initializer": torch.set_num_threads, "initargs": (1,)}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), **one_thread) as pool:
        left = iter(runs)
        tasks = {pool.submit(_work, run, setting): run for run in islice(left, workers)}
        while tasks:  # never more than there are workers: an interruption starts no other run
            done, _ = wait(tasks, return_when=FIRST_COMPLETED)
            for task in done:
                run, error = tasks.pop(task), task.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                for following in islice(left, 1):
                    tasks[pool.submit(_work, following, setting)] = following
                yield run, error


def device_names(device: str) -> list[str]:
    """Returns the devices to use: for "auto" all CUDA GPUs, else the CPU; or the one named."""
    if device == "auto" and torch.cuda.device_count() > 1:
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return [str(choose_device(device))]


def _work(run: Run, setting: Setting) -> None:
    with setting.open() as dataset:
        perform(run, setting, dataset)
