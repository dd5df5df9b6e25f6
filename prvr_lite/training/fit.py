"""Trains a model: one call chooses the device, validates, and goes on after an interruption.

An epoch is one pass over the training videos. After each epoch the model is validated, and a
checkpoint is written. A `History` says how the training went, one row per epoch.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm

from prvr_lite.config import TrainConfig
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.device import seed_generators, use_bfloat16
from prvr_lite.files import held
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores
from prvr_lite.search.evaluation import evaluate
from prvr_lite.training import checkpoints
from prvr_lite.training.optimizer import make_optimizer, make_schedule
from prvr_lite.training.parallel import TIMEOUT, Ranks, gathered_ranks, release_group, shared_scores
from prvr_lite.training.query_diverse import loss_of


@dataclass
class History:
    """How a training went: a list of dicts, one per epoch, that plots and tables read.

    Keys of a row: epoch, loss and its terms (means over the epoch), learning_rate, seconds (of
    training, without validation); after a validation also R@1, R@5, R@10, R@100, SumR, mAP, MedR.
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, float]:
        """The row with the best validation SumR; the last row if there was no validation."""
        measured = [row for row in self.rows if "SumR" in row]
        return max(measured, key=lambda row: row["SumR"]) if measured else self.rows[-1]

    @property
    def seconds(self) -> float:
        """Seconds of training in all epochs together, without validation."""
        return sum(row["seconds"] for row in self.rows)


def fit(
    model: RetrievalModel,
    dataset: Dataset,
    config: TrainConfig | None = None,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = True,
    progress: bool = True,
    watch: Callable[[History], object] | None = None,
    rank_timeout: float = TIMEOUT,
) -> History:
    """Trains ``model`` on the train split; it ends with the weights of the best validation SumR.

    If the data set has the split ``config.validation_split``, each epoch from
    ``config.evaluate_from`` on is validated on it; if not, the weights of the last epoch are kept.
    With ``checkpoint``, a file is written after every epoch, and a later call with the same model,
    data and config goes on from it: on the same device the numbers are those of an uninterrupted
    run. Under ``torchrun`` all processes make this call and train one model together
    (:mod:`prvr_lite.training.parallel`); only rank 0 validates, writes, shows progress and calls
    ``watch``.

    Args:
        model: any model of :mod:`prvr_lite.model`; it is moved to the device and changed in place.
        dataset: an open feature file.
        config: default ``TrainConfig()``.
        checkpoint: path of the checkpoint, or None.
        resume: whether to go on from an existing checkpoint; ``False`` overwrites it.
        progress: whether to show a progress bar.
        watch: called with the history so far before the first epoch and after each one.
        rank_timeout: seconds that processes wait for each other, under ``torchrun``.

    Returns:
        the history, one row per epoch.

    Raises:
        ValueError: the features have another size than the model takes; there are fewer than two
            training videos, or one in a batch; the model has nothing to train; the split to
            validate on has no queries (a missing "val" is allowed); the device or model is
            unknown; the checkpoint belongs to another run.
        FloatingPointError: the loss became NaN or infinite.
        FileFormatError: the checkpoint can't be read.
        BusyError: another program trains into the same checkpoint.
        LostRankError: another process of ``torchrun`` ended, or was silent for too long.
    """
    config = config or TrainConfig()
    with gathered_ranks(config.device, rank_timeout) as ranks, ExitStack() as stack:
        run = _Run(model, dataset, config, ranks)
        stack.callback(run.close)
        if checkpoint is not None:  # two trainings into one file would lose one of them
            ranks.from_first(lambda: stack.enter_context(held(checkpoint)))
            if resume:
                run.load(checkpoint)
        watch = watch if watch is not None and ranks.rank == 0 else lambda history: None
        _train(run, checkpoint, quiet=ranks.rank > 0 or not progress, watch=watch)
    return run.history


def _train(run: _Run, checkpoint: Any, *, quiet: bool, watch: Callable[[History], object]) -> None:
    bar = tqdm(total=run.config.epochs, initial=run.epoch, disable=quiet, unit="epoch", leave=True)
    # Random numbers restart at each epoch from the seed: a resumed run repeats the whole one, and
    # the caller's generators are left as they were.
    devices = [run.device] if run.device.type == "cuda" else []
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


class _Run:
    """A training between two epochs: everything that a checkpoint holds."""

    def __init__(
        self, model: RetrievalModel, dataset: Dataset, config: TrainConfig, ranks: Ranks
    ) -> None:
        if not any(True for _ in model.parameters()):
            raise ValueError(f"{type(model).__name__} has no parameters: nothing to train")
        self.ranks, self.device = ranks, ranks.device
        self.model, self.dataset, self.config = model.to(self.device), dataset, config
        self.reader = InputReader(dataset, model.config)
        videos = len(self.reader.captioned("train"))
        if min(videos, config.batch_videos) < 2:
            raise ValueError(
                f"{dataset.path}: {videos} train videos with queries, {config.batch_videos} in a "
                "batch: nothing can be learned without 2 of both, one of which is not the answer"
            )
        # now: a model that has no name can't be saved later
        self.run_settings = checkpoints.run_settings(model, config, dataset)
        settings = ranks.from_all(self.run_settings)
        for rank, others in enumerate(settings):  # each rank sees all: they stop together
            problem = f"rank {rank} has other settings than rank 0"
            checkpoints.check_same_run(settings[0], others, problem)
        self.split = _validation_split(dataset, config)
        self.loss = loss_of(model, config)
        self.optimizer = make_optimizer(model, config)
        steps = config.epochs * math.ceil(videos / config.batch_videos)
        self.schedule = make_schedule(self.optimizer, config, steps)
        self.autocast = use_bfloat16(config, self.device)
        self.epoch, self.history = 0, History()
        self.best_weights: dict[str, Tensor] = {}
        self.shared = shared_scores(model, ranks) if ranks.size > 1 else None

    def close(self) -> None:
        """Releases the group of processes, so that it can be closed."""
        if self.shared is not None:
            release_group(self.shared)
            self.shared = None

    def train_epoch(self) -> dict[str, float]:
        """Trains one pass over the training videos and validates; returns the new history row."""
        config, start = self.config, time.perf_counter()
        seed = config.seed * 100_003 + self.epoch
        seed_generators(self.device, seed)
        self.model.train()
        totals: dict[str, float] = {}
        batches = list(self.reader.training_rows("train", config.batch_videos, seed))
        for rows in batches:
            terms = self.step(rows)
            totals = {name: totals.get(name, 0.0) + float(term) for name, term in terms.items()}
        row: dict[str, float] = {"epoch": self.epoch}
        row |= {name: total / len(batches) for name, total in totals.items()}
        row["learning_rate"] = float(self.schedule.get_last_lr()[0])
        row["seconds"] = time.perf_counter() - start
        if self.split is not None and self.epoch >= config.evaluate_from:
            row |= self.ranks.from_first(self.validate)
        self.history.rows.append(row)
        if row is self.history.best:
            self.best_weights = {k: t.clone() for k, t in self.model.state_dict().items()}
        self.epoch += 1
        return row

    def validate(self) -> dict[str, float]:
        """Computes the metrics on the split that chooses the epoch."""
        assert self.split is not None
        return evaluate(self.model, self.dataset, self.split, reader=self.reader).fused

    def scores(self, rows: NDArray[Any]) -> tuple[TrainingScores, Tensor]:
        """Scores a batch from the rows of its videos; also returns its query_video [Q]."""
        share = self.ranks.share(rows)
        batch = self.reader.batch(share.rows).to(self.device)
        if self.shared is None:
            return self.model(*batch), batch.query_video
        # every step has numbers of its own, also after a resumed epoch
        seed = self.config.seed * 1_000_003 + self.schedule.last_epoch
        return self.shared(batch, share, seed)  # type: ignore[no-any-return]

    def step(self, rows: NDArray[Any]) -> dict[str, Tensor]:
        """Trains on one batch: scores, loss, gradient, update. Returns the loss and its terms."""
        self.optimizer.zero_grad(set_to_none=True)  # now: the scores take the room of the gradient
        bfloat16 = (
            torch.autocast(self.device.type, torch.bfloat16) if self.autocast else nullcontext()
        )
        with bfloat16:
            scores, query_video = self.scores(rows)
            hard = self.epoch >= self.config.hard_negatives_from
            terms = self.loss(scores, query_video, hard=hard)
        loss = terms.total
        if not bool(loss.isfinite()):
            raise FloatingPointError(
                f"the loss became {loss.item()} in epoch {self.epoch}: lower learning_rate "
                f"(now {self.config.learning_rate:g}), or use precision='float32'"
            )
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

    def save(self, path: str | os.PathLike[str]) -> None:
        if self.ranks.rank > 0:
            return
        state = {
            "epoch": self.epoch,
            "weights": self.model.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": self.history.rows,
        }
        checkpoints.write_run(path, self.run_settings, state)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Restores the run from the checkpoint, if that file exists on the machine of rank 0."""
        record = self.ranks.from_first(
            lambda: checkpoints.read_run(path, self.run_settings) if Path(path).exists() else None
        )
        if record is not None:
            checkpoints.restore_state(path, record, self.model, self.optimizer, self.schedule)
            self.best_weights = {k: t.to(self.device) for k, t in record["best_weights"].items()}
            self.epoch, self.history = record["epoch"], History(record["history"])


def _validation_split(dataset: Dataset, config: TrainConfig) -> str | None:
    """Returns the split to validate on, or None: "val" may be missing, another split may not."""
    split = config.validation_split
    if split is None or (split in dataset.splits and len(dataset.queries_in(split))):
        return split
    if split == "val":
        return None
    raise ValueError(
        f"{dataset.path}: no query belongs to split {split!r}: validation_split is one of "
        f"{', '.join(dataset.splits)}, or None"
    )
