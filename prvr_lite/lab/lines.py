"""The CSV of the experiments: one number per line, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from prvr_lite.data.dataset import Dataset
from prvr_lite.files import damaged, replacing
from prvr_lite.lab.judge import ALPHAS, TUNED, best_alpha, scales
from prvr_lite.lab.rows import EXPERIMENTS, FULL, Experiment, searches
from prvr_lite.lab.runs import FinishedRun, Run
from prvr_lite.lab.subsets import query_subsets
from prvr_lite.search.metrics import retrieval_metrics

CONTEXT = ("date", "commit", "device", "threads", "python", "torch", "numpy")
KEYS = ("experiment", "seed", "split", "queries", "score", "metric")
COLUMNS = (*KEYS, "value", *CONTEXT)
FEW = ("R@1", "SumR")  # what is kept of val, of kinds of queries and of the sweep over alpha

Line = dict[str, str]


def line(context: Mapping[str, str], value: float, **keys: object) -> Line:
    """Returns one line of the CSV; keys that are not given stay empty."""
    named = {key: str(keys.get(key, "")) for key in KEYS}
    return {**named, "value": f"{value:.9g}", **context}


def lines_of_run(
    row: Experiment, run: Run, finished: FinishedRun, dataset: Dataset
) -> Iterator[Line]:
    """Yields all numbers of a run: by scale, alpha and kind of query; also what training took."""
    where = {"experiment": run.experiment, "seed": run.seed}
    given = tuned = run.config.alpha
    for split in ("val",) if row.group == "search" else ("val", "test"):
        for kind, rows, relevant in query_subsets(dataset, split):
            if kind != "all" and (row.group != "main" or split != "test"):
                continue
            keys = {**where, "split": split, "queries": kind}
            if kind == "all" and split == "val":
                tuned = best_alpha(finished, relevant, given)
            mixtures = {"fused": ("fused", given)}  # name of a score -> scale, alpha
            if kind == "all" and "frame" in finished.scores[split]:
                mixtures |= _more_mixtures(run, split, tuned)
            if TUNED in mixtures:
                yield line(finished.context, tuned, **keys, score=TUNED, metric="alpha")
            for score, (scale, alpha) in mixtures.items():
                similarity = scales(finished.scores[split], alpha)[scale][rows]
                for metric, value in retrieval_metrics(similarity, relevant[rows]).items():
                    swept = score.startswith("alpha=")
                    if metric in FEW or ((split, kind) == ("test", "all") and not swept):
                        yield line(finished.context, value, **keys, score=score, metric=metric)
            yield line(finished.context, int(rows.sum()), metric="queries", **keys)
    yield line(finished.context, finished.seconds, metric="training s as run", **where)
    yield line(finished.context, finished.parameters, metric="parameters", **where)


def _more_mixtures(run: Run, split: str, tuned: float) -> dict[str, tuple[str, float]]:
    """Returns further scores to report: name -> (scale, alpha).

    They are each scale alone; on test also the mixture with val's alpha and, for MS-SL++, with
    every other alpha.
    """
    mixtures = {scale: (scale, run.config.alpha) for scale in ("clip", "frame")}
    if split == "test":
        mixtures[TUNED] = ("fused", tuned)
        if run.experiment == FULL:
            mixtures |= {f"alpha={alpha:.2f}": ("fused", alpha) for alpha in ALPHAS}
    return mixtures


def read_lines(path: Path) -> pd.DataFrame:
    """Returns the lines of a CSV, every cell as text; no line if there is no such file.

    The row with the index ``i`` is line ``i + 2`` of the file.

    Raises:
        FileFormatError: the file has other columns, or a line has too many cells.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS, dtype=object)
    another = "give another --csv, or delete the file"
    try:
        cells = pd.read_csv(
            path, header=None, dtype=object, keep_default_na=False, skip_blank_lines=False
        )
    except ValueError as error:  # pandas names the line that is too long
        problem = str(error).strip().rpartition("error: ")[2]
        raise damaged(path, problem, f"correct the line, {another}") from error
    if tuple(cells.iloc[0]) != COLUMNS:
        problem = f"columns are {list(cells.iloc[0])}, not {list(COLUMNS)}"
        raise damaged(path, problem, another)
    cells.index -= 1
    return cells.set_axis(COLUMNS, axis=1)[(cells != "").any(axis=1)].iloc[1:]


def merge_lines(path: Path, fresh: Iterable[Line]) -> int:
    """Writes fresh lines; those of other experiments and seeds that the file holds stay.

    Returns:
        how many lines the file has now.
    """
    new, kept = pd.DataFrame(list(fresh), columns=COLUMNS), read_lines(path)
    runs, replaced = (pd.MultiIndex.from_frame(t[["experiment", "seed"]]) for t in (kept, new))
    lines = pd.concat([kept[~runs.isin(replaced)], new])
    order = {name: i for i, name in enumerate([*EXPERIMENTS, *searches()])}
    lines["place"] = lines["experiment"].map(order).fillna(len(order))
    lines = lines.sort_values(["place", "experiment", "seed"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        lines.to_csv(part, columns=COLUMNS, index=False, lineterminator="\n")
    return len(lines)
