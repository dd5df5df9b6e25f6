"""From videos to moments: how well trained MS-SL++ models find them, and what a span head adds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import load_record, save_record
from prvr_lite.lab.cost import median_in_turns
from prvr_lite.lab.lines import Line, line
from prvr_lite.lab.rows import EXPERIMENTS, FULL, MOMENTS
from prvr_lite.lab.runner import device_names, planned
from prvr_lite.lab.runs import Run, Setting, context, finished_run, model_of, path_of
from prvr_lite.model.registry import build_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.moments.corpus import MomentIndex, choose_weight, search_moments
from prvr_lite.moments.encoding import EncodedSplit, encode_split
from prvr_lite.moments.moment_metrics import svmr_metrics, vcmr_metrics
from prvr_lite.moments.predict import METHODS, SCORERS, Scorer, predict_moments
from prvr_lite.moments.span_head import SpanHeadConfig, fit_span_head, known_moments
from prvr_lite.text import printable

MOMENT_FORMAT = "prvr-lite moments 1"
FILMS = (1, 2, 5, 10, 20, 50)  # kept of the first stage; and all of them
CHOOSING = 20  # films kept on val while the weight of their score is chosen
TIMED = 64  # queries that are timed
ROUNDS = 3
SPLITS = ("train", "val", "test")


def moment_lines(
    setting: Setting, dataset: Dataset, seeds: int | None, *, device: str, workers: int | None
) -> Iterator[list[Line]]:
    """Yields SVMR and VCMR of each finished run of MS-SL++ as CSV lines; measures what is missing.

    The numbers are kept beside each run, and not measured again. Where the data set has no moments
    or durations, this is printed, and nothing is yielded.
    """
    runs = planned({FULL: EXPERIMENTS[FULL]}, seeds, setting, dataset)[0]
    ready = [run for run in runs if finished_run(run, setting) is not None]
    reason = _missing(dataset) or ("" if ready else f"no run of {FULL} is finished")
    if reason:
        print(printable(f"moments: left out, {reason}"))
        return
    missing = [run for run in ready if not _kept(run, setting).exists()]
    places = device_names(device)
    for i, run in enumerate(tqdm(missing, desc="moments", unit="seed", disable=not missing)):
        lines = _of_run(run, setting, dataset, places[i % len(places)])
        save_record(_kept(run, setting), MOMENT_FORMAT, {"lines": lines})
    for run in ready:
        yield load_record(_kept(run, setting), MOMENT_FORMAT)["lines"]


def _kept(run: Run, setting: Setting) -> Path:
    return path_of(run, setting).with_suffix(".moments")


def _missing(dataset: Dataset) -> str:
    """Returns what a data set lacks to measure moments; "" if nothing."""
    for split in SPLITS:
        queries = dataset.queries_in(split) if split in dataset.splits else np.empty(0, int)
        if not np.isfinite(dataset.moment[queries]).all(axis=1).any():
            return f"no query of {split} has a known moment"
        if np.isnan(dataset.duration[dataset.videos_in(split)]).any():
            return f"a video of {split} has an unknown duration"
    return ""


def _of_run(run: Run, setting: Setting, dataset: Dataset, device: str) -> list[Line]:
    finished = finished_run(run, setting)
    assert finished is not None  # its caller looked
    model = model_of(finished, device=device)
    where = {"experiment": MOMENTS, "seed": run.seed, "split": "test", "queries": "all"}
    measured_on = context(model.device)
    return [
        line(measured_on, value, **where, score=score, metric=metric)
        for score, metrics in measure(model, dataset, run.seed).items()
        for metric, value in metrics.items()
    ]


def measure(model: RetrievalModel, dataset: Dataset, seed: int) -> dict[str, dict[str, float]]:
    """Returns metrics on the test queries by predictor, or by predictor and films kept."""
    reader = InputReader(dataset, model.config)
    split = {name: encode_split(model, dataset, name, reader=reader) for name in SPLITS}
    split |= {name: known_moments(split[name], name) for name in ("val", "test")}
    config = SpanHeadConfig(seed=seed)
    heads = {
        name: fit_span_head(split["train"], split["val"], prior=prior, config=config).head
        for name, prior in {"span head": False, "span head + key clip": True}.items()
    }
    methods: dict[str, str | Scorer] = {**{name: name for name in METHODS}, **heads}
    metrics = {name: _svmr(model, dataset, method, reader) for name, method in methods.items()}
    metrics["span head, untrained MS-SL++"] = _control(model, dataset, seed, reader)
    index = {s: MomentIndex.build(model, dataset, s, reader=reader) for s in ("val", "test")}
    scorers: dict[str, Scorer] = {**SCORERS, "span head": heads["span head"]}
    for name, scorer in scorers.items():
        metrics |= _corpus(name, scorer, index, split)
    return metrics


def _svmr(
    model: RetrievalModel, dataset: Dataset, method: str | Scorer, reader: InputReader
) -> dict[str, float]:
    """Returns how well a method finds the known moments of the test queries in their films."""
    spans = predict_moments(model, dataset, "test", method=method, reader=reader)
    truth = dataset.moment[dataset.queries_in("test")]
    known = np.isfinite(truth).all(axis=1)
    return svmr_metrics(spans[known], truth[known])


def _control(
    model: RetrievalModel, dataset: Dataset, seed: int, reader: InputReader
) -> dict[str, float]:
    """Returns the metrics of a span head on a model that never learned to retrieve."""
    blank = build_model(FULL, model.config, seed=seed).to(model.device)
    train, val = (encode_split(blank, dataset, name, reader=reader) for name in ("train", "val"))
    head = fit_span_head(train, val, config=SpanHeadConfig(seed=seed)).head
    return _svmr(blank, dataset, head, reader)


def _corpus(
    name: str, scorer: Scorer, index: Mapping[str, MomentIndex], split: Mapping[str, EncodedSplit]
) -> dict[str, dict[str, float]]:
    """Returns VCMR metrics by the number of films kept; val's best films choose the weight."""
    most = min(CHOOSING, len(index["val"]))
    weight = choose_weight(index["val"], split["val"], scorer, top=most)
    test, films = split["test"], index["test"]
    kept = [n for n in FILMS if n < len(films)] + [len(films)]
    some = test.queries[:TIMED]
    times = median_in_turns({n: partial(_seconds, films, some, scorer, n) for n in kept}, ROUNDS)
    metrics = {}
    for n in kept:
        ranking = search_moments(films, test.queries, scorer, top=n, weight=weight)
        metrics[f"{name}, n={n}"] = {
            **vcmr_metrics(ranking.video, ranking.span, test.own, test.moment),
            "query ms": 1000 * times[n] / len(some),
        }
    return metrics


def _seconds(index: MomentIndex, queries: torch.Tensor, scorer: Scorer, films: int) -> float:
    """Returns the seconds that a search for all queries takes if it keeps ``films`` films."""
    start = time.perf_counter()
    search_moments(index, queries, scorer, top=films).score.cpu()
    return time.perf_counter() - start
