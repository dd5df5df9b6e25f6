"""The tidy CSV: one number a line, with where it comes from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prvr_lite.data.dataset import Dataset
from prvr_lite.files import FileFormatError, replacing
from prvr_lite.lab.judge import ALPHAS, TUNED, best_alpha, scales
from prvr_lite.lab.rows import EXPERIMENTS, FULL, Experiment, searches
from prvr_lite.lab.runs import Found, Run
from prvr_lite.lab.subsets import query_subsets
from prvr_lite.search.metrics import retrieval_metrics

CONTEXT = ("date", "commit", "device", "threads", "python", "torch", "numpy")
KEYS = ("experiment", "seed", "split", "queries", "score", "metric")
COLUMNS = (*KEYS, "value", *CONTEXT)
FEW = ("R@1", "SumR")  # what is kept of val, of kinds of queries and of the sweep over alpha

Line = dict[str, str]


def line(context: Mapping[str, str], value: float, **keys: object) -> Line:
    """One line; keys that are not given stay empty."""
    named = {key: str(keys.get(key, "")) for key in KEYS}
    return {**named, "value": f"{value:.9g}", **context}


def lines_of_run(row: Experiment, run: Run, found: Found, dataset: Dataset) -> Iterator[Line]:
    """Everything that is told of a run: by scale, by alpha, by kind of query; what it took."""
    where = {"experiment": run.experiment, "seed": run.seed}
    splits = ("val",) if row.group == "search" else ("val", "test")
    alpha = run.config.alpha
    for split in splits:
        for name, rows, relevant in query_subsets(dataset, split):
            if name != "all" and (row.group != "main" or split != "test"):
                continue
            keys = {**where, "split": split, "queries": name}
            if name == "all" and split == "val":
                alpha = best_alpha(found, relevant, alpha)
            scores = scales(found.scores[split], run.config.alpha)
            kept = None if (split, name) == ("test", "all") else FEW
            for scale in scores if name == "all" else ("fused",):
                yield from _metrics(scores[scale][rows], relevant[rows], found, keys, scale, kept)
            yield line(found.context, int(rows.sum()), metric="queries", **keys)
            if (split, name) == ("test", "all") and "frame" in scores:
                tuned = scales(found.scores[split], alpha)["fused"]
                yield from _metrics(tuned, relevant, found, keys, TUNED, kept)
                yield line(found.context, alpha, **keys, score=TUNED, metric="alpha")
                if run.experiment == FULL:
                    yield from _sweep(found, relevant, keys)
    yield line(found.context, found.seconds, metric="training s as run", **where)
    yield line(found.context, found.parameters, metric="parameters", **where)


def _metrics(
    score: Any,
    relevant: Any,
    found: Found,
    keys: Mapping[str, Any],
    scale: str,
    kept: Sequence[str] | None,
) -> Iterator[Line]:
    for metric, value in retrieval_metrics(score, relevant).items():
        if kept is None or metric in kept:
            yield line(found.context, value, **keys, score=scale, metric=metric)


def _sweep(found: Found, relevant: Any, keys: Mapping[str, Any]) -> Iterator[Line]:
    for alpha in ALPHAS:
        score = scales(found.scores[keys["split"]], alpha)["fused"]
        yield from _metrics(score, relevant, found, keys, f"alpha={alpha:.2f}", FEW)


def read_lines(path: Path) -> list[Line]:
    """The lines of a CSV; none where there is no file.

    Raises:
        FileFormatError: a file with other columns.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        lines = list(reader)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise FileFormatError(
            f"{path}: columns are {reader.fieldnames}, not {list(COLUMNS)}: give another --csv, or "
            "delete the file"
        )
    return lines


def merge_lines(path: Path, fresh: Iterable[Line]) -> int:
    """Write fresh lines; those of other experiments and seeds that the file holds stay.

    Returns:
        how many lines the file has now.
    """
    new = list(fresh)
    replaced = {(one["experiment"], one["seed"]) for one in new}
    lines = [o for o in read_lines(path) if (o["experiment"], o["seed"]) not in replaced] + new
    order = {name: i for i, name in enumerate([*EXPERIMENTS, *searches()])}
    lines.sort(key=lambda o: (order.get(o["experiment"], len(order)), o["experiment"], o["seed"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return len(lines)
