"""One run of an experiment: train a model, score val and test, and keep the result in a file."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prvr_lite.config import ModelConfig, TrainConfig
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.lab.rows import Experiment
from prvr_lite.model.registry import build_model, restore_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.evaluation import evaluate
from prvr_lite.training.fit import fit
from prvr_lite.training.presets import preset_of

RUN_FORMAT = "prvr-lite run 1"
SPLITS = ("val", "test")


@dataclass(frozen=True)
class Setting:
    """Where runs happen: the data (None: the sample), the preset, the folder of finished runs."""

    data: Path | None = None
    preset: str = "sample"
    folder: Path = Path("runs/experiments")
    epochs: int | None = None

    def open(self) -> Dataset:
        return load_sample() if self.data is None else open_features(self.data)


@dataclass(frozen=True)
class Run:
    """A row of the experiments with one seed, and the configs and data that follow."""

    experiment: str
    seed: int
    model: str
    config: ModelConfig
    training: TrainConfig
    data: str  # its fingerprint

    @property
    def settings(self) -> dict[str, Any]:
        """Returns the settings that must be equal for a kept run to be this one."""
        return {
            "model": self.model,
            "config": asdict(self.config),
            "training": self.training.run_fields,
            "data": self.data,
        }

    @property
    def key(self) -> str:
        """Returns a file name for these settings: rows that ask for the same run share it."""
        digest = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()
        return f"{self.model.replace('+', 'p')}-seed{self.seed}-{digest[:12]}"


def plan(
    name: str, row: Experiment, seed: int, setting: Setting, dataset: Dataset, data: str
) -> Run:
    """Returns the run of a row with a seed.

    `data` is the data set's fingerprint, which is taken once for all runs.
    """
    preset = preset_of(row.model, setting.preset)
    preset = replace(preset, training=preset.train_config(epochs=setting.epochs))
    sizes = (dataset.visual_dim, dataset.query_dim)
    return Run(name, seed, row.model, *row.configs(preset, *sizes, seed), data)


@dataclass(frozen=True)
class FinishedRun:
    """The result of a finished run.

    Attributes:
        scores: split -> scale ("clip", "frame") -> [Q, V].
        seconds: of training. parameters: how many the model has.
        context: date, commit, device, threads, versions.
    """

    scores: dict[str, dict[str, np.ndarray[Any, Any]]]
    seconds: float
    parameters: int
    context: dict[str, str]
    path: Path


def path_of(run: Run, setting: Setting) -> Path:
    """Returns the file of a run; only ``finished_run`` knows if it is whole."""
    return setting.folder / f"{run.key}.pt"


def finished_run(run: Run, setting: Setting) -> FinishedRun | None:
    """Returns a finished run; None if it is missing, damaged or of another training."""
    path = path_of(run, setting)
    try:
        record = load_record(path, RUN_FORMAT)
    except (FileNotFoundError, FileFormatError):
        return None
    if record["identity"] != run.settings:
        return None
    scores = {
        split: {scale: score.numpy() for scale, score in record["scores"][split].items()}
        for split in record["scores"]
    }
    return FinishedRun(scores, record["seconds"], record["parameters"], record["context"], path)


def model_of(finished: FinishedRun, *, device: str = "cpu") -> RetrievalModel:
    """Returns the trained model of a finished run."""
    record = load_record(finished.path, RUN_FORMAT)
    settings = record["identity"]
    weights = record["weights"]
    return restore_model(settings["model"], settings["config"], weights, torch.device(device))


def perform(run: Run, setting: Setting, dataset: Dataset) -> None:
    """Performs and keeps a run: trains and scores; an interrupted training is continued."""
    path = path_of(run, setting)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".checkpoint")
    measured_on = context(choose_device(run.training.device))  # of the code that is about to run
    model = build_model(run.model, run.config, seed=run.seed)
    seconds = 0.0
    if any(True for _ in model.parameters()):
        try:
            history = fit(model, dataset, run.training, checkpoint=half, progress=False)
        except FileFormatError:  # a damaged checkpoint: start again from the first epoch
            model = build_model(run.model, run.config, seed=run.seed)
            history = fit(
                model, dataset, run.training, checkpoint=half, resume=False, progress=False
            )
        seconds = history.seconds
    record = {
        "identity": run.settings,
        "scores": {split: _scores(model, dataset, split) for split in SPLITS},
        "seconds": seconds,
        "parameters": sum(p.numel() for p in model.parameters()),
        "context": measured_on,
        "weights": {k: t.cpu() for k, t in model.state_dict().items()},
    }
    save_record(path, RUN_FORMAT, record)
    half.unlink(missing_ok=True)


def _scores(model: RetrievalModel, dataset: Dataset, split: str) -> dict[str, torch.Tensor]:
    similarity = evaluate(model, dataset, split).similarity
    scores = {"clip": similarity.clip}
    if similarity.frame is not None:
        scores["frame"] = similarity.frame
    return scores


def context(device: torch.device) -> dict[str, str]:
    """Returns where and when something was measured, without the name of this machine."""
    name = f"{platform.machine()} CPU"
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "commit": commit(),
        "device": name,
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        "torch": str(torch.__version__),  # a subclass of str, which no record may hold
        "numpy": np.__version__,
    }


@lru_cache(maxsize=1)
def commit() -> str:
    """Returns the short name of the checked-out commit; "" outside a clone.

    A "+" follows it where a module differs.
    """
    here = Path(__file__).parent
    try:
        _git(here, "ls-files", "--error-unmatch", Path(__file__).name)  # a clone of this, or …
        name = _git(here, "rev-parse", "--short=10", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", "..")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
