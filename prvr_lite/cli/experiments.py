"""``prvr-lite experiments``: trains baselines and ablations with several seeds; writes one CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import (
    EPOCHS,
    LESSONS,
    SEEDS,
    WORKERS,
    Commands,
    add_data_options,
    named,
    say,
)
from prvr_lite.config import PRESETS
from prvr_lite.files import needed


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "experiments", help="train baselines and ablations; goes on after an interruption"
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "names",
        nargs="*",
        help="rows, groups (such as main, clips, search) or stages: see --list; default: all",
    )
    parser.add_argument("--list", action="store_true", help="list all rows, and which are finished")
    parser.add_argument(
        "--seeds", type=SEEDS, help="how many seeds of each row; default: those of the row"
    )
    parser.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    parser.add_argument("--epochs", type=EPOCHS, help="default: those of the preset")
    parser.add_argument(
        "--workers", type=WORKERS, help="how many runs at a time; default: one per core"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("runs/experiments"),
        help="folder in which finished runs are kept",
    )
    parser.add_argument(
        "--csv",
        type=Path,
        help="default: benchmarks/results/experiments.csv for the sample, else a file in --folder",
    )
    add_data_options(parser)


def run(options: argparse.Namespace) -> None:
    with needed(f"the tables of the experiments need pandas: {LESSONS}"):
        from prvr_lite.lab.command import default_csv, list_experiments, run_experiments
        from prvr_lite.lab.runs import Setting

    setting = Setting(options.data, options.preset, options.folder, options.epochs)
    if options.list:
        for line in list_experiments(setting).split("\n"):
            say(line)
        return
    csv = options.csv or default_csv(setting)
    given = named(options, "seeds", "workers", "device")
    count = run_experiments(options.names, setting, csv, **given)
    say(f"{csv}: {count} numbers")
