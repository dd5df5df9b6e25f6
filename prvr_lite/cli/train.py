"""``prvr-lite train``: trains a model; started again after an interruption, it goes on."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import (
    EPOCHS,
    SEED,
    TIMEOUT_SECONDS,
    Commands,
    add_data_options,
    metrics_line,
    named,
    open_data,
    say,
)
from prvr_lite.config import PRESETS
from prvr_lite.model.registry import TRAINABLE
from prvr_lite.training.fit import fit
from prvr_lite.training.parallel import TIMEOUT, this_rank
from prvr_lite.training.presets import from_preset

TEST_HABIT = (
    "--validate-on test: the epoch is chosen on the test videos, as very likely in the released "
    "runs; the result is optimistic, and can't be compared with a result chosen on val"
)


def add(commands: Commands) -> None:
    parser = commands.add_parser("train", help="train a model; goes on after an interruption")
    parser.add_argument("--model", choices=TRAINABLE, default="mssl++")
    parser.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="file that is written after every epoch"
    )
    parser.add_argument("--restart", action="store_true", help="overwrite an existing checkpoint")
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--epochs", type=EPOCHS, help="default: those of the preset")
    parser.add_argument(
        "--validate-on",
        choices=("val", "test", "none"),
        default="val",
        help="split that chooses the best epoch; none: keep the last epoch",
    )
    parser.add_argument(
        "--timeout",
        type=TIMEOUT_SECONDS,
        default=TIMEOUT,
        help="how many seconds processes of torchrun wait for each other; default: %(default)g",
    )
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    split = None if options.validate_on == "none" else options.validate_on
    if split == "test" and this_rank() == 0:
        say(TEST_HABIT)
    with open_data(options) as dataset:
        given = named(options, "seed", "epochs", "device")
        model, training = from_preset(
            options.model, dataset, options.preset, validation_split=split, **given
        )
        history = fit(
            model,
            dataset,
            training,
            checkpoint=options.checkpoint,
            resume=not options.restart,
            rank_timeout=options.timeout,
        )
    if this_rank() > 0:
        return
    best = history.best
    if "SumR" not in best:
        say(f"last epoch {best['epoch']:.0f} of {len(history.rows)}, without validation")
        return
    say(f"best epoch {best['epoch']:.0f} of {len(history.rows)}: {metrics_line(best)}")
