"""``prvr-lite evaluate``: the metrics of a trained model on a split."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.commands.shared import (
    Commands,
    add_data_options,
    load_model,
    metrics_line,
    open_data,
)
from prvr_lite.evaluation import evaluate


def add(commands: Commands) -> None:
    parser = commands.add_parser("evaluate", help="metrics of a trained model on a split")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--split", default="test")
    add_data_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    model = load_model(options)
    with open_data(options) as dataset:
        result = evaluate(model, dataset, options.split)
    for scale in ("fused", "clip", "frame"):
        metrics = getattr(result, scale)
        if metrics is not None:
            print(f"{scale:6s} {metrics_line(metrics)}")
