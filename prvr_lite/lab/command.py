"""What ``prvr-lite experiments`` does: plan, perform, measure costs, write the CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from prvr_lite.data.dataset import Dataset
from prvr_lite.files import held
from prvr_lite.lab.cost import costs
from prvr_lite.lab.gaps import gaps
from prvr_lite.lab.lines import Line, lines_of_run, merge_lines
from prvr_lite.lab.moment_stage import moment_lines
from prvr_lite.lab.rows import EXPERIMENTS, Experiment, choose, searches
from prvr_lite.lab.runner import RunError, perform_all, planned
from prvr_lite.lab.runs import Run, Setting, finished_run, path_of
from prvr_lite.text import printable

CSV = Path("benchmarks/results/experiments.csv")
STAGES = {
    "moments": "where in the films: SVMR and VCMR of the finished runs of MS-SL++",
    "cost": "time and memory of every row, side by side",
}


def default_csv(setting: Setting) -> Path:
    """Returns the CSV behind the pages for the full run on the sample; else one beside the runs.

    Another data set, another preset or a shorter training must not slip into the sample's table.
    """
    sample = Setting(folder=setting.folder)
    return CSV if setting == sample else setting.folder / "experiments.csv"


def run_experiments(
    names: Sequence[str],
    setting: Setting,
    csv: Path,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    device: str = "auto",
    progress: bool = True,
) -> int:
    """Runs what is missing of the named rows, groups and stages (none: all); updates the CSV.

    Args:
        progress: show a bar that counts the runs.

    Returns:
        how many lines the CSV has.

    Raises:
        ValueError: an unknown name or count, or a data set without what is needed.
        RunError: some runs failed; the CSV has the numbers of all others.
        BusyError: another program makes runs in the same folder, or writes the same CSV.
    """
    for name, count in (("seeds", seeds), ("workers", workers)):
        if count is not None and count < 1:
            raise ValueError(f"{name}={count}: give 1 or more")
    stages = [name for name in names if name in STAGES] if names else list(STAGES)
    wanted = [name for name in names if name not in STAGES]
    rows = choose(wanted, STAGES) if wanted or not names else {}
    failure: RunError | None = None
    with held(setting.folder), held(csv), setting.open() as dataset:
        runs, refused = planned(rows, seeds, setting, dataset)
        for name, reason in refused.items():
            print(printable(f"{name}: left out, {reason}"))
        try:
            perform_all(runs, setting, device=device, workers=workers, progress=progress)
        except RunError as error:
            failure = error
        finally:
            count = merge_lines(csv, _lines(rows, runs, setting, dataset))
        if "moments" in stages:
            for lines in moment_lines(setting, dataset, seeds, device=device, workers=workers):
                count = merge_lines(csv, lines)
        if "cost" in stages:
            first = planned(EXPERIMENTS, 1, setting, dataset)[0]
            count = merge_lines(csv, costs(first, setting, dataset, device=device))
    if failure is not None:
        raise failure
    return count


def _lines(
    rows: dict[str, Experiment], runs: Sequence[Run], setting: Setting, dataset: Dataset
) -> Iterator[Line]:
    """Yields the lines of the runs that are finished, and of all gaps to MS-SL++."""
    for run in runs:
        finished = finished_run(run, setting)
        if finished is not None:
            yield from lines_of_run(rows[run.experiment], run, finished, dataset)
    if runs:
        yield from gaps(setting, dataset)


def list_experiments(setting: Setting) -> str:
    """Returns every row with its group, and which of its seeds are finished, as text."""
    lines = []
    with setting.open() as dataset:
        rows = {**EXPERIMENTS, **searches()}
        runs, refused = planned(rows, None, setting, dataset)
        for name, row in rows.items():
            seeds_of_row = [run for run in runs if run.experiment == name]
            done = [str(run.seed) for run in seeds_of_row if path_of(run, setting).exists()]
            state = refused.get(name, f"seeds {' '.join(done) or 'none'} of {row.seeds}")
            lines.append(f"{row.group:7s} {name:32s} {row.label:46s} {state}")
    lines += [f"{'stage':7s} {name:32s} {label}" for name, label in STAGES.items()]
    return "\n".join(lines)
