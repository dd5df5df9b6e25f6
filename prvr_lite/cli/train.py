"""``prvr-lite train``: fit a model; the same command goes on where it was interrupted."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import Commands, add_data_options, metrics_line, open_data
from prvr_lite.config import PRESETS
from prvr_lite.model.registry import TRAINABLE
from prvr_lite.training.fit import fit
from prvr_lite.training.parallel import TIMEOUT, own_rank
from prvr_lite.training.presets import from_preset

TEST_HABIT = (
    "--validate-on test: the epoch is chosen on the test videos, as very likely in the released "
    "runs; its number is optimistic, and can't be compared with one whose epoch val chose"
)


def add(commands: Commands) -> None:
    parser = commands.add_parser("train", help="train a model; goes on where it was interrupted")
    parser.add_argument("--model", choices=TRAINABLE, default="mssl++")
    parser.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    parser.add_argument("--checkpoint", type=Path, required=True, help="file written every epoch")
    parser.add_argument("--restart", action="store_true", help="overwrite an existing checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="default: the preset's")
    parser.add_argument(
        "--validate-on",
        choices=("val", "test", "none"),
        default="val",
        help="split that chooses the epoch; none: the last is kept",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        help="seconds that processes of torchrun wait for each other; default: %(default)g",
    )
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    split = None if options.validate_on == "none" else options.validate_on
    if split == "test" and own_rank() == 0:
        print(TEST_HABIT)
    with open_data(options) as dataset:
        model, training = from_preset(
            options.model,
            dataset,
            options.preset,
            seed=options.seed,
            epochs=options.epochs,
            device=options.device,
            validation_split=split,
        )
        history = fit(
            model,
            dataset,
            training,
            checkpoint=options.checkpoint,
            resume=not options.restart,
            rank_timeout=options.timeout,
        )
    if own_rank() > 0:
        return
    best = history.best
    if "SumR" not in best:
        print(f"last epoch {best['epoch']:.0f} of {len(history.rows)}, without validation")
        return
    print(f"best epoch {best['epoch']:.0f} of {len(history.rows)}: {metrics_line(best)}")
