"""What each row costs, measured side by side: a training epoch, a query, an index.

All rows take turns in one process, so that whatever else the machine does falls on all of them;
what counts is the median over the rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import torch

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.device import choose_device
from prvr_lite.lab.lines import Line, line
from prvr_lite.lab.runs import Run, Setting, context, finished_run, model_of
from prvr_lite.model.registry import build_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.fit import fit

ROUNDS, QUERIES, FILMS = 5, 20, 1000
Key = TypeVar("Key", bound=Hashable)


def costs(
    runs: Sequence[Run], setting: Setting, dataset: Dataset, *, device: str = "auto"
) -> Iterator[Line]:
    """Yields what each run costs, as three lines: "training s", "query ms" and "index bytes".

    The lines name the run's experiment, and no seed. On a CPU, one thread is used.

    - "training s": the median second epoch, times the epochs;
    - "query ms": encoding one query and scoring it against 1,000 films (the test films again and
      again), one at a time;
    - "index bytes": of one film.
    """
    place, threads = choose_device(device), torch.get_num_threads()
    torch.set_num_threads(1)  # the same on every machine, and the least disturbed by other work
    try:
        yield from _measured(runs, setting, dataset, place)
    finally:
        torch.set_num_threads(threads)


def _measured(
    runs: Sequence[Run], setting: Setting, dataset: Dataset, place: torch.device
) -> Iterator[Line]:
    models = {run.experiment: _trained(run, setting, place) for run in runs}
    learning = [run for run in runs if any(True for _ in models[run.experiment].parameters())]
    epochs = median_in_turns({run.experiment: _epoch(run, dataset, place) for run in learning}, 3)
    queries = median_in_turns({n: _search(m, dataset) for n, m in models.items()}, ROUNDS)
    measured_on = context(place)
    for run in runs:
        name = run.experiment
        seconds = epochs.get(name, 0.0) * run.training.epochs
        index = VideoIndex.build(models[name], dataset, "test")
        for metric, value in (
            ("training s", seconds),
            ("query ms", 1000 * queries[name] / QUERIES),
            ("index bytes", index.nbytes / len(index)),
        ):
            yield line(measured_on, value, experiment=name, metric=metric)


def median_in_turns(sides: Mapping[Key, Callable[[], float]], rounds: int) -> dict[Key, float]:
    """Returns the median seconds of each side over rounds in which every side gets its turn."""
    times = [{name: side() for name, side in sides.items()} for _ in range(rounds)]
    return {name: statistics.median(each[name] for each in times) for name in sides}


def _trained(run: Run, setting: Setting, device: torch.device) -> RetrievalModel:
    finished = finished_run(run, setting)
    if finished is None:
        return build_model(run.model, run.config, seed=run.seed).to(device)
    return model_of(finished, device=str(device))


def _epoch(run: Run, dataset: Dataset, device: torch.device) -> Callable[[], float]:
    """Returns a function that times the second epoch of a new training, in seconds.

    The first epoch also reads the features, so it is not timed.
    """
    config = replace(run.training, epochs=2, evaluate_from=10**6, device=str(device))

    def seconds() -> float:
        model = build_model(run.model, run.config, seed=run.seed)
        return fit(model, dataset, config, progress=False).rows[-1]["seconds"]

    return seconds


def _search(model: RetrievalModel, dataset: Dataset) -> Callable[[], float]:
    """Returns a function that times some queries, one after the other, against 1,000 films."""
    reader = InputReader(dataset, model.config)
    films = dataset.videos_in("test")[:FILMS]
    with torch.inference_mode():
        inputs = [t.to(model.device) for t in reader.videos(films)]
        encoded = model.eval().encode_videos(*inputs)
        index = VideoIndex.from_encoding(model, encoded[torch.arange(FILMS) % len(films)])
    queries = [reader.queries([q]) for q in dataset.queries_in("test")[:QUERIES]]

    def seconds() -> float:
        start = time.perf_counter()
        for words, mask in queries:
            index.score(words, mask).clip.cpu()
        return time.perf_counter() - start

    seconds()  # once untimed
    return seconds
