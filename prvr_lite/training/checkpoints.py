"""Writes and reads checkpoints: what a training leaves on disk after each epoch, with its model."""

from __future__ import annotations

import os
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from prvr_lite.config import TrainConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.fingerprint import dataset_summary
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError, damaged, load_record, save_record
from prvr_lite.model.registry import model_name, restore_model
from prvr_lite.model.retrieval_model import RetrievalModel

CHECKPOINT_FORMAT = "prvr-lite checkpoint 1"
STATE = {  # what a training goes on from
    "epoch": int,
    "weights": dict,
    "best_weights": dict,
    "optimizer": dict,
    "schedule": dict,
    "history": list,
}


def run_settings(model: RetrievalModel, config: TrainConfig, dataset: Dataset) -> dict[str, Any]:
    """Returns what must be equal in a checkpoint and a run, so that the run may go on from it.

    Raises:
        ValueError: the model has no name, so a checkpoint could not be turned into a model again.
    """
    return {
        "model": model_name(model),
        "config": vars(model.config).copy(),
        "training": config.run_fields,
        "data": dataset_summary(dataset),
    }


def write_run(path: str | os.PathLike[str], run: dict[str, Any], state: dict[str, Any]) -> None:
    """Writes the settings of a run and its state to a file, as a whole or not at all."""
    save_record(path, CHECKPOINT_FORMAT, {**run, **state})


def read_run(path: str | os.PathLike[str], run: dict[str, Any]) -> dict[str, Any]:
    """Reads the state of the run with these settings, onto the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not a checkpoint, or is damaged.
        ValueError: the checkpoint is of another run; the message says what differs.
    """
    record = load_record(path, CHECKPOINT_FORMAT)
    for name, kind in {**{part: type(value) for part, value in run.items()}, **STATE}.items():
        if not isinstance(record.get(name), kind):
            raise _wrong(path, f"its {name!r} is not of type {kind.__name__}")
    if not 0 < record["epoch"] == len(record["history"]):
        raise _wrong(path, f"it has {len(record['history'])} epochs, not {record['epoch']}")
    fix = "give another path, or overwrite it (resume=False; prvr-lite train --restart)"
    check_same_run(record, run, f"{path}: belongs to another run", fix)
    return record


def load_checkpoint(path: str | os.PathLike[str], *, device: str = "auto") -> RetrievalModel:
    """Loads the model of a checkpoint that :func:`prvr_lite.fit` wrote, ready to search.

    Its weights are those of the best epoch so far on the split that the run validates on; where
    the run doesn't validate, those of the last epoch.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not a checkpoint, or is damaged.
        ValueError: the device is unknown.
    """
    where = choose_device(device)
    record = load_record(path, CHECKPOINT_FORMAT)
    missing = [name for name in ("model", "config", "best_weights") if name not in record]
    if missing:
        raise _wrong(path, f"{', '.join(missing)} missing")
    try:
        return restore_model(record["model"], record["config"], record["best_weights"], where)
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def restore_state(
    path: str | os.PathLike[str],
    state: dict[str, Any],
    model: RetrievalModel,
    optimizer: Optimizer,
    schedule: LRScheduler,
) -> None:
    """Puts the state of a run into its parts, also the best weights, which are needed at the end.

    Raises:
        FileFormatError: weights, or a state of the optimizer, that don't fit.
    """
    try:
        model.load_state_dict(state["best_weights"] or state["weights"])
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        for parameter, moments in optimizer.state.items():
            for name, moment in moments.items():
                if name != "step" and moment.shape != parameter.shape:
                    raise ValueError(f"its optimizer's {name} has shape {list(moment.shape)}")
        schedule.load_state_dict(state["schedule"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        raise _wrong(path, " ".join(str(error).split())[:200]) from error


def _wrong(path: str | os.PathLike[str], problem: str) -> FileFormatError:
    fix = "delete it, or train again (resume=False; prvr-lite train --restart)"
    return damaged(path, f"is not a whole checkpoint: {problem}", fix)


def check_same_run(
    first: dict[str, Any],
    second: dict[str, Any],
    problem: str,
    fix: str = "start every machine with the same command, code and data",
) -> None:
    """Raises a ValueError with problem, differences and fix, unless both settings are equal."""
    for part, value in second.items():
        if first[part] != value:
            raise ValueError(f"{problem} ({_difference(first[part], value)}): {fix}")


def _difference(first: Any, second: Any) -> str:
    """Returns in words what differs between two parts of the settings."""
    if not isinstance(second, dict):
        return f"{first!r} instead of {second!r}"
    unset = "the default"  # a field that counts only where it isn't
    return ", ".join(
        f"{k}={_shown(first, k, unset)} instead of {_shown(second, k, unset)}"
        for k in {**first, **second}
        if first.get(k, unset) != second.get(k, unset)
    )


def _shown(part: dict[str, Any], name: str, unset: str) -> str:
    return repr(part[name]) if name in part else unset
