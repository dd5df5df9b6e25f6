"""``prvr-lite demo``: trains on the sample films, prints a table of results, draws pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import EPOCHS, LESSONS, SEED, Commands, add_data_options, open_data
from prvr_lite.files import needed


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo", help="train on the sample films, print results, draw pictures"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/demo"), help="folder for the pictures"
    )
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--epochs", type=EPOCHS, help="default: those of the preset")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    with needed(f"the demo draws pictures; it needs: {LESSONS}"):
        from prvr_lite.lab.demo import run_demo

    with open_data(options) as dataset:
        run_demo(
            dataset, options.out, seed=options.seed, epochs=options.epochs, device=options.device
        )
