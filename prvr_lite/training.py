"""Training: one call that picks the device, watches validation, and survives an interruption."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from prvr_lite.config import TrainConfig
from prvr_lite.data.batches import Batch, InputReader
from prvr_lite.data.features import Dataset
from prvr_lite.data.fingerprint import identity
from prvr_lite.evaluation import evaluate
from prvr_lite.files import load_record, save_record
from prvr_lite.history import History
from prvr_lite.losses import MSSLppLoss
from prvr_lite.model.base import RetrievalModel
from prvr_lite.model.zoo import model_name, restore_model
from prvr_lite.optimization import (
    choose_device,
    make_optimizer,
    make_schedule,
    seed_generators,
    use_bfloat16,
)

CHECKPOINT_FORMAT = "prvr-lite checkpoint 1"


def fit(
    model: RetrievalModel,
    dataset: Dataset,
    config: TrainConfig | None = None,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = True,
    progress: bool = True,
    watch: Callable[[History], object] | None = None,
) -> History:
    """Train ``model`` on the train split; it ends with the weights of the best validation SumR.

    Where the data set has a val split, each epoch from ``config.evaluate_from`` on is validated.
    With ``checkpoint``, every epoch is written there, and a later call with the same model, data
    and config goes on from it: on the same device, the numbers are those of an uninterrupted run.

    Args:
        model: any model of :mod:`prvr_lite.model`, changed in place and moved to the device.
        dataset: an open feature file.
        config: default ``TrainConfig()``.
        checkpoint: path of the checkpoint, or None.
        resume: whether an existing checkpoint is taken up (else it is overwritten).
        progress: whether to show a progress bar.
        watch: called with the history so far before the first epoch and after each one.

    Returns:
        the history, one row an epoch.

    Raises:
        ValueError: features of another size than the model's; no training videos; nothing to
            train; an unknown device or model; a checkpoint of another run.
        FloatingPointError: the loss is not finite any more.
        FileFormatError: a checkpoint that can't be read.
    """
    run = _Run(model, dataset, config or TrainConfig())
    if checkpoint is not None and resume and Path(checkpoint).exists():
        run.load(checkpoint)
    bar = tqdm(
        total=run.config.epochs, initial=run.epoch, disable=not progress, unit="epoch", leave=True
    )
    # Random numbers restart at each epoch from the seed: a resumed run repeats the whole one, and
    # the caller's generators are left as they were.
    devices = [run.device] if run.device.type == "cuda" else []
    watch = watch or (lambda history: None)
    with torch.random.fork_rng(devices=devices), bar:
        watch(run.history)
        while run.epoch < run.config.epochs and not run.out_of_patience:
            row = run.train_epoch()
            if checkpoint is not None:
                run.save(checkpoint)
            bar.update()
            shown = {k: row[k] for k in ("loss", "SumR") if k in row}
            bar.set_postfix({k: f"{v:.4g}" for k, v in shown.items()})
            watch(run.history)
    run.restore_best()
    return run.history


class _Run:
    """A training run between two epochs: everything that a checkpoint holds."""

    def __init__(self, model: RetrievalModel, dataset: Dataset, config: TrainConfig) -> None:
        if not any(True for _ in model.parameters()):
            raise ValueError(f"{type(model).__name__} has no parameters: nothing to train")
        self.device = choose_device(config.device)
        self.model, self.dataset, self.config = model.to(self.device), dataset, config
        self.reader = InputReader(dataset, model.config)
        videos = len(self.reader.captioned("train"))
        if not videos:
            raise ValueError(f"{dataset.path}: no train video has a query: nothing to train on")
        self.identity = self._identity()  # now: a model that has no name can't be saved later
        self.validate = "val" in dataset.splits and len(dataset.queries_in("val")) > 0
        self.loss = MSSLppLoss(config)
        self.optimizer = make_optimizer(model, config)
        steps = config.epochs * math.ceil(videos / config.batch_videos)
        self.schedule = make_schedule(self.optimizer, config, steps)
        self.autocast = use_bfloat16(config, self.device)
        self.epoch = 0
        self.history = History()
        self.best_weights: dict[str, Tensor] = {}

    def train_epoch(self) -> dict[str, float]:
        """One pass over the training videos, and validation; returns the new history row."""
        config, start = self.config, time.perf_counter()
        seed = config.seed * 100_003 + self.epoch
        seed_generators(self.device, seed)
        self.model.train()
        totals: dict[str, float] = {}
        batches = 0
        for batch in self.reader.training_batches("train", config.batch_videos, seed):
            terms = self.step(batch.to(self.device))
            totals = {name: totals.get(name, 0.0) + float(term) for name, term in terms.items()}
            batches += 1
        row: dict[str, float] = {"epoch": self.epoch}
        row |= {name: total / batches for name, total in totals.items()}
        row["learning_rate"] = float(self.schedule.get_last_lr()[0])
        row["seconds"] = time.perf_counter() - start
        if self.validate and self.epoch >= config.evaluate_from:
            row |= evaluate(self.model, self.dataset, "val", reader=self.reader).fused
        self.history.rows.append(row)
        if row is self.history.best:
            self.best_weights = {k: t.clone() for k, t in self.model.state_dict().items()}
        self.epoch += 1
        return row

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One batch: scores, loss, gradient, update. Returns the loss and its terms."""
        bfloat16 = (
            torch.autocast(self.device.type, torch.bfloat16) if self.autocast else nullcontext()
        )
        with bfloat16:
            scores = self.model(*batch)
            hard = self.epoch >= self.config.hard_negatives_from
            terms = self.loss(scores, batch.query_video, hard=hard)
        loss = terms.total
        if not bool(loss.isfinite()):
            raise FloatingPointError(
                f"the loss became {loss.item()} in epoch {self.epoch}: lower learning_rate "
                f"(now {self.config.learning_rate:g}), or use precision='float32'"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        return {name: term.detach() for name, term in {"loss": loss, **terms.named()}.items()}

    @property
    def out_of_patience(self) -> bool:
        if self.config.patience is None or not self.history.rows:
            return False
        return self.epoch - 1 - self.history.best["epoch"] > self.config.patience

    def restore_best(self) -> None:
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be this run's."""
        return {
            "model": model_name(self.model),
            "config": asdict(self.model.config),
            "training": {k: v for k, v in asdict(self.config).items() if k != "device"},
            "data": identity(self.dataset),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        record = {
            **self.identity,
            "epoch": self.epoch,
            "weights": self.model.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": self.history.rows,
        }
        save_record(path, CHECKPOINT_FORMAT, record)

    def load(self, path: str | os.PathLike[str]) -> None:
        record = load_record(path, CHECKPOINT_FORMAT)
        for part, mine in self.identity.items():
            if record[part] != mine:
                raise ValueError(
                    f"{path}: is of another run ({_difference(record[part], mine)}): give another "
                    "path, or overwrite it (resume=False; prvr-lite train --restart)"
                )
        self.epoch = record["epoch"]
        self.model.load_state_dict(record["weights"])
        self.best_weights = {k: t.to(self.device) for k, t in record["best_weights"].items()}
        self.optimizer.load_state_dict(record["optimizer"])
        self.schedule.load_state_dict(record["schedule"])
        self.history = History(record["history"])


def load_checkpoint(path: str | os.PathLike[str], *, device: str = "auto") -> RetrievalModel:
    """The model of a checkpoint that :func:`fit` wrote, with its best weights, ready to search.

    Raises:
        FileNotFoundError: no such file.
        FileFormatError: not such a file, or a damaged one.
        ValueError: an unknown device.
    """
    where = choose_device(device)
    record = load_record(path, CHECKPOINT_FORMAT)
    return restore_model(record["model"], record["config"], record["best_weights"], where)


def _difference(theirs: Any, mine: Any) -> str:
    if not isinstance(mine, dict):
        return f"{theirs!r} instead of {mine!r}"
    return ", ".join(
        f"{k}={theirs.get(k)!r} instead of {v!r}" for k, v in mine.items() if theirs.get(k) != v
    )
