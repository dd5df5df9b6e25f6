"""Checkpoints: what a training run leaves on disk after each epoch, and the model in them."""

from __future__ import annotations

import os
from typing import Any

from prvr_lite.config import TrainConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.fingerprint import identity
from prvr_lite.device import choose_device
from prvr_lite.files import load_record, save_record
from prvr_lite.model.registry import model_name, restore_model
from prvr_lite.model.retrieval_model import RetrievalModel

CHECKPOINT_FORMAT = "prvr-lite checkpoint 1"


def run_identity(model: RetrievalModel, config: TrainConfig, dataset: Dataset) -> dict[str, Any]:
    """What must be the same for a checkpoint to be this run's.

    Raises:
        ValueError: a model without a name: it could not be built again.
    """
    return {
        "model": model_name(model),
        "config": vars(model.config).copy(),
        "training": config.identity,
        "data": identity(dataset),
    }


def write_run(path: str | os.PathLike[str], run: dict[str, Any], state: dict[str, Any]) -> None:
    """Write the identity of a run and where it stands: whole, or not at all."""
    save_record(path, CHECKPOINT_FORMAT, {**run, **state})


def read_run(path: str | os.PathLike[str], run: dict[str, Any]) -> dict[str, Any]:
    """Where the run of this identity stands, on the CPU.

    Raises:
        FileNotFoundError: no such file.
        FileFormatError: not such a file, or a damaged one.
        ValueError: it is of another run; the message says what differs.
    """
    record = load_record(path, CHECKPOINT_FORMAT)
    check_same_run(
        record,
        run,
        f"{path}: is of another run",
        "give another path, or overwrite it (resume=False; prvr-lite train --restart)",
    )
    return record


def load_checkpoint(path: str | os.PathLike[str], *, device: str = "auto") -> RetrievalModel:
    """The model of a checkpoint that :func:`prvr_lite.fit` wrote, ready to search.

    Its weights are those of the best epoch so far on the split that the run validates on; where
    the run doesn't validate, those of the last epoch.

    Raises:
        FileNotFoundError: no such file.
        FileFormatError: not such a file, or a damaged one.
        ValueError: an unknown device.
    """
    where = choose_device(device)
    record = load_record(path, CHECKPOINT_FORMAT)
    return restore_model(record["model"], record["config"], record["best_weights"], where)


def check_same_run(
    theirs: dict[str, Any],
    mine: dict[str, Any],
    what: str,
    mend: str = "start every machine with the same command, code and data",
) -> None:
    """Raise ValueError, "what (the differences): how to mend", unless two identities agree."""
    for part, here in mine.items():
        if theirs[part] != here:
            raise ValueError(f"{what} ({_difference(theirs[part], here)}): {mend}")


def _difference(theirs: Any, mine: Any) -> str:
    """What differs between two parts of an identity, in words."""
    if not isinstance(mine, dict):
        return f"{theirs!r} instead of {mine!r}"
    unset = "the default"  # a field that counts only where it isn't
    return ", ".join(
        f"{k}={_shown(theirs, k, unset)} instead of {_shown(mine, k, unset)}"
        for k in {**theirs, **mine}
        if theirs.get(k, unset) != mine.get(k, unset)
    )


def _shown(part: dict[str, Any], name: str, unset: str) -> str:
    return repr(part[name]) if name in part else unset
