"""``prvr-lite train``: fit a model; the same command goes on where it was interrupted."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from prvr_lite.commands.shared import Commands, add_data_options, metrics_line, open_data
from prvr_lite.config import PRESETS
from prvr_lite.model.zoo import TRAINABLE, build_model
from prvr_lite.training import fit


def add(commands: Commands) -> None:
    parser = commands.add_parser("train", help="train a model; goes on where it was interrupted")
    parser.add_argument("--model", choices=TRAINABLE, default="mssl++")
    parser.add_argument("--preset", choices=PRESETS, default="sample", help="hyper-parameters")
    parser.add_argument("--checkpoint", type=Path, required=True, help="file written every epoch")
    parser.add_argument("--restart", action="store_true", help="overwrite an existing checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="default: the preset's")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    preset = PRESETS[options.preset]
    training = replace(preset.training, seed=options.seed, device=options.device)
    if options.epochs is not None:
        training = replace(training, epochs=options.epochs)
    with open_data(options) as dataset:
        config = preset.model_config(dataset.visual_dim, dataset.query_dim)
        model = build_model(options.model, config, seed=options.seed)
        history = fit(
            model, dataset, training, checkpoint=options.checkpoint, resume=not options.restart
        )
    best = history.best
    print(f"best epoch {best['epoch']:.0f} of {len(history.rows)}: {metrics_line(best)}")
