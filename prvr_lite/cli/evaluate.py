"""``prvr-lite evaluate``: prints the metrics of a trained model on a split."""

from __future__ import annotations

import argparse
from pathlib import Path

from prvr_lite.cli.shared import (
    Commands,
    add_data_options,
    load_model,
    metrics_line,
    open_data,
    say,
)
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import model_name
from prvr_lite.paper.layout import COLLECTIONS
from prvr_lite.paper.published import Published, published
from prvr_lite.search.evaluation import evaluate


def add(commands: Commands) -> None:
    parser = commands.add_parser("evaluate", help="print the metrics of a trained model on a split")
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
            say(f"{scale:6s} {metrics_line(metrics)}")
    if options.split == "test":  # what papers report
        for row in comparable(dataset, model_name(model)):
            say(f"paper  {metrics_line(row.metrics)}  ({row.model}, {row.source})")


def comparable(dataset: Dataset, model: str) -> list[Published]:
    """Returns the model's and MS-SL++'s published rows, if data and features are the paper's."""
    about = COLLECTIONS.get(dataset.name)
    if about is None or about.visual_model != dataset.visual_model:
        return []
    names = dict.fromkeys((model.removesuffix("-batch-windows"), "mssl++"))
    return [row for name in names for row in published(dataset.name, name)]
