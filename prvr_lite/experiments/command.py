"""What ``prvr-lite experiments`` does: plan, perform, measure costs, write the CSV."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from prvr_lite.data.features import Dataset
from prvr_lite.experiments.cost import costs
from prvr_lite.experiments.gaps import gaps
from prvr_lite.experiments.lines import Line, lines_of_run, merge_lines
from prvr_lite.experiments.moment_stage import moment_lines
from prvr_lite.experiments.rows import EXPERIMENTS, Experiment, choose, searches
from prvr_lite.experiments.runner import RunError, perform_all, planned
from prvr_lite.experiments.runs import Found, Run, Setting, recall

CSV = Path("benchmarks/results/experiments.csv")
STAGES = {
    "moments": "where in the films: SVMR and VCMR of the finished runs of MS-SL++",
    "cost": "time and memory of every row, side by side",
}


def run_experiments(
    names: Sequence[str],
    setting: Setting,
    csv: Path = CSV,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    device: str = "auto",
) -> int:
    """Perform what is missing of the named rows, groups and stages (none: all), update the CSV.

    Returns:
        how many lines the CSV has.

    Raises:
        ValueError: an unknown name, or a data set without what a row needs.
        RunError: some runs failed; the CSV has what the others found.
    """
    stages = [name for name in names if name in STAGES] if names else list(STAGES)
    wanted = [name for name in names if name not in STAGES]
    rows = choose(wanted) if wanted or not names else {}
    with setting.open() as dataset:
        runs, refused = planned(rows, seeds, setting, dataset)
        for name, reason in refused.items():
            print(f"{name}: left out, {reason}")
        try:
            perform_all(runs, setting, dataset, device=device, workers=workers)
        finally:
            count = _write(rows, runs, setting, dataset, csv)
        if "moments" in stages:
            moments = moment_lines(
                setting, dataset, seeds=seeds, device=device, workers=workers or os.cpu_count() or 1
            )
            count = merge_lines(csv, moments)
        if "cost" in stages:
            first = planned(EXPERIMENTS, 1, setting, dataset)[0]
            count = merge_lines(csv, costs(first, setting, dataset, device=device))
    return count


def _write(
    rows: dict[str, Experiment], runs: Sequence[Run], setting: Setting, dataset: Dataset, csv: Path
) -> int:
    """Lines of all finished runs, and of how far MS-SL++ is ahead of each row."""
    found: dict[str, list[tuple[Run, Found]]] = {name: [] for name in rows}
    lines: list[Line] = []
    for run in runs:
        one = recall(run, setting, dataset)
        if one is not None:
            lines += lines_of_run(rows[run.experiment], run, one, dataset)
            if rows[run.experiment].group != "search":
                found[run.experiment].append((run, one))
    return merge_lines(csv, [*lines, *gaps(found, dataset)])


def list_experiments(setting: Setting) -> str:
    """Every row with its group, and which of its seeds are finished."""
    lines = []
    with setting.open() as dataset:
        for name, row in {**EXPERIMENTS, **searches()}.items():
            runs, refused = planned({name: row}, None, setting, dataset)
            done = [str(run.seed) for run in runs if recall(run, setting, dataset) is not None]
            state = refused.get(name, f"seeds {' '.join(done) or 'none'} of {row.seeds}")
            lines.append(f"{row.group:7s} {name:32s} {row.label:46s} {state}")
    lines += [f"{'stage':7s} {name:32s} {label}" for name, label in STAGES.items()]
    return "\n".join(lines)


__all__ = ["CSV", "RunError", "list_experiments", "run_experiments"]
