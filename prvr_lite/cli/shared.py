"""What several commands share: options, the data set, a line of metrics."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.files import FileFormatError
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.paper.checkpoint import is_authors_checkpoint, load_authors_checkpoint
from prvr_lite.training.checkpoints import load_checkpoint

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """``--data`` and ``--device``, which every command on a feature file has."""
    parser.add_argument("--data", type=Path, help="feature file; default: the sample films")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")


def open_data(options: argparse.Namespace) -> Dataset:
    return load_sample() if options.data is None else open_features(options.data)


def load_model(options: argparse.Namespace) -> RetrievalModel:
    """The model of ``options.checkpoint``: ours, or the authors' own file; its content tells."""
    try:
        return load_checkpoint(options.checkpoint, device=options.device)
    except FileFormatError:  # only then is the file read again
        if not is_authors_checkpoint(options.checkpoint):
            raise
    return load_authors_checkpoint(options.checkpoint, device=options.device)


def metrics_line(metrics: dict[str, float]) -> str:
    names = [n for n in ("R@1", "R@5", "R@10", "R@100", "SumR", "mAP", "MedR") if n in metrics]
    return "  ".join(f"{name} {metrics[name]:.4g}" for name in names)
