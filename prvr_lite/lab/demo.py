"""The whole path in one call: train on the sample films, tell how well it retrieves, draw why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.explorer import Explorer
from prvr_lite.lab.search_page import split_sentences, write_search_page
from prvr_lite.plots import page
from prvr_lite.plots.bars import recall_bars
from prvr_lite.plots.training_curves import training_curves
from prvr_lite.search.evaluation import Evaluation, evaluate, two_step
from prvr_lite.search.metrics import (
    moment_to_video_ratio,
    rank_of_first_relevant,
    retrieval_metrics,
)
from prvr_lite.text import printable
from prvr_lite.training.fit import History, fit
from prvr_lite.training.presets import from_preset

BASELINES = {"mean-pool": "mean-pooled T2VR", "frame-max": "frames alone, max"}
COLUMNS = ("R@1", "R@5", "R@10", "R@100", "SumR")
Rows = NDArray[Any]


@dataclass(frozen=True)
class Trained:
    """One trained model with what it scored on the test films."""

    model: Any
    history: History
    test: Evaluation


def run_demo(
    dataset: Dataset, out: Path, *, seed: int = 0, epochs: int | None = None, device: str = "auto"
) -> dict[str, dict[str, float]]:
    """Trains MS-SL++ and two baselines, prints the retrieval table, fills ``out`` with pictures.

    Beside them stands ``search.html``, a page to search with (``lab.search_page``).

    Returns:
        the table: line -> metrics, with "single-step" and "two-step" R@1 beside the usual ones.
    """
    print(printable(f"{dataset.name}: {dataset.description}"))
    print(busy_hint(), end="")
    trained = {}
    for name in ("mssl++", *BASELINES):
        trained[name] = train_and_test(name, dataset, seed=seed, epochs=epochs, device=device)
    table = retrieval_table(trained, dataset)
    print_table(table, trained)
    out.mkdir(parents=True, exist_ok=True)
    ours = trained["mssl++"]
    page.save_figure(training_curves(ours.history.rows), out / "training.png")
    page.save_figure(recall_bars(_bars(table)), out / "models.png")
    explorer = Explorer(ours.model, dataset, ours.test)
    for kind, query in choose_queries(ours.test, dataset, ours.model.config.alpha).items():
        print(f"\n{kind}: {explorer.first(query)}")
        page.save_figure(explorer.ranking(query), out / f"{kind}-ranking.png")
        page.save_figure(explorer.map(query), out / f"{kind}-map.png")
    sentences = split_sentences(explorer.index, dataset)
    page_file = write_search_page(out / "search.html", explorer.index, dataset, sentences)
    pictures = ", ".join(sorted(p.name for p in out.glob("*.png")))
    print(f"\npictures: {pictures} in {printable(out)}")
    print(f"to search yourself, open {printable(page_file)} in a browser")
    return table


def busy_hint() -> str:
    """Returns advice if other work makes torch's CPU threads wait for each other; else ""."""
    threads = torch.get_num_threads()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # Windows has none
    if torch.cuda.is_available() or threads == 1 or load < 0.75:
        return ""
    return (
        f"(This machine is busy, load {load:.1f}: if training crawls, run it with one thread,\n"
        " OMP_NUM_THREADS=1. On an idle machine all threads are faster.)\n"
    )


def train_and_test(
    name: str, dataset: Dataset, *, seed: int, epochs: int | None = None, device: str = "auto"
) -> Trained:
    """Trains one model by the sample preset, and evaluates it on the test films."""
    model, config = from_preset(name, dataset, seed=seed, epochs=epochs, device=device)
    print(
        f"\ntraining {name} ({sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters)"
    )
    history = fit(model, dataset, config)
    where = model.device.type
    print(f"{history.seconds:.0f} s of training on {where}")
    return Trained(model, history, evaluate(model, dataset, "test"))


def retrieval_table(trained: dict[str, Trained], dataset: Dataset) -> dict[str, dict[str, float]]:
    """Returns the metrics of each line of the printed table."""
    ours = trained["mssl++"]
    similarity, alpha = ours.test.similarity, ours.model.config.alpha
    lines = {
        "MS-SL++, both scales": (similarity.fused(alpha), ours.test),
        "  clip scale only": (similarity.clip, ours.test),
        "  frame scale only": (similarity.frame, ours.test),
    }
    for name, label in BASELINES.items():
        lines[label] = (trained[name].test.similarity.clip, trained[name].test)
    return {label: _line(score, test, dataset) for label, (score, test) in lines.items()}


def _line(score: Any, test: Evaluation, dataset: Dataset) -> dict[str, float]:
    two = two_step(dataset, test.queries)
    hit = rank_of_first_relevant(score, test.relevant) == 1  # [Q]
    steps = {"single-step": ~two, "two-step": two}
    recalls = {kind: 100 * float(hit[rows].mean()) for kind, rows in steps.items() if rows.any()}
    return retrieval_metrics(score, test.relevant) | recalls


def print_table(table: dict[str, dict[str, float]], trained: dict[str, Trained]) -> None:
    queries, videos = trained["mssl++"].test.relevant.shape
    kinds = [kind for kind in ("single-step", "two-step") if kind in next(iter(table.values()))]
    print(
        f"\n{queries} queries, {videos} films to find them in; recalls in %, R@1 by kind of moment"
    )
    print(f"{'':24s}" + "".join(f"{c:>8s}" for c in COLUMNS) + "".join(f"{k:>13s}" for k in kinds))
    for label, line in table.items():
        numbers = "".join(f"{line[c]:8.1f}" for c in COLUMNS)
        print(f"{label:24s}{numbers}" + "".join(f"{line[k]:13.1f}" for k in kinds))


def _bars(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    kinds = {"all": "R@1", "single-step": "single-step", "two-step": "two-step"}
    whole = [label for label in table if not label.startswith(" ")]
    return {
        label: {kind: table[label][key] for kind, key in kinds.items() if key in table[label]}
        for label in reversed(whole)  # the plain baseline first, in grey
    }


def choose_queries(test: Evaluation, dataset: Dataset, alpha: float) -> dict[str, int]:
    """Returns three queries (rows of the test): a short moment found, a long one found, a failure.

    The failure is the two-step query (any, where there is none) whose film ranks lowest.
    """
    rank = rank_of_first_relevant(test.similarity.fused(alpha), test.relevant)  # [Q]
    right = dataset.query_video[test.queries]
    ratio = moment_to_video_ratio(dataset.moment[test.queries], dataset.duration[right])
    two = two_step(dataset, test.queries)
    best = rank == rank.min()  # 1, unless no query at all is answered
    short = best & ~two if (best & ~two).any() else best
    long = best & two if (best & two).any() else best
    lost = two if two.any() else np.ones(len(two), dtype=bool)
    return {
        "short": int(np.where(short, np.nan_to_num(ratio, nan=1.0), 2.0).argmin()),
        "long": int(np.where(long, np.nan_to_num(ratio, nan=0.0), -1.0).argmax()),
        "failure": int((rank * lost).argmax()),
    }
