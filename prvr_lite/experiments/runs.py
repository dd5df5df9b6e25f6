"""One run: train a model, score val and test, and keep what was found where it is found again."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prvr_lite.config import PRESETS, ModelConfig, TrainConfig
from prvr_lite.data.features import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.evaluation import evaluate
from prvr_lite.experiments.rows import Experiment
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.base import RetrievalModel
from prvr_lite.model.zoo import build_model, restore_model
from prvr_lite.training import fit

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
    """A row of the experiments with one seed, and the configs that follow."""

    experiment: str
    seed: int
    model: str
    config: ModelConfig
    training: TrainConfig

    @property
    def key(self) -> str:
        """A file name: rows that ask for the same training share one run."""
        parts = [self.model.replace("+", "p")]
        for config, default in ((self.config, _DEFAULTS[0]), (self.training, _DEFAULTS[1])):
            for name, value in asdict(config).items():
                if name not in _UNNAMED and value != default[name]:
                    parts.append(f"{name}={value:g}" if value is not None else f"{name}=all")
        return "-".join([*parts, f"seed={self.seed}"])

    def identity(self, dataset: Dataset) -> dict[str, Any]:
        """What must be the same for a kept run to be this one."""
        training = {k: v for k, v in asdict(self.training).items() if k != "device"}
        sizes = [len(dataset.video_id), len(dataset.query_id), int(dataset.frame_offset[-1])]
        return {
            "model": self.model,
            "config": asdict(self.config),
            "training": training,
            "data": [dataset.name, *sizes],
        }


_DEFAULTS = (asdict(ModelConfig(visual_dim=1, query_dim=1)), asdict(TrainConfig()))
_UNNAMED = {
    "visual_dim", "query_dim", "device", "seed", "evaluate_from", "warmup", "patience", "precision",
}  # fmt: skip


def plan(name: str, row: Experiment, seed: int, setting: Setting, dataset: Dataset) -> Run:
    """The run of a row with a seed.

    Raises:
        ValueError: a row that this data set does not allow.
    """
    config, training = row.configs(
        PRESETS[setting.preset], dataset.visual_dim, dataset.query_dim, seed
    )
    if setting.epochs is not None:
        training = replace(training, epochs=setting.epochs)
    return Run(name, seed, row.model, config, training)


@dataclass(frozen=True)
class Found:
    """What a finished run found.

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
    return setting.folder / f"{run.key}.pt"


def recall(run: Run, setting: Setting, dataset: Dataset) -> Found | None:
    """A finished run, or None where it is missing, damaged or of another training."""
    path = path_of(run, setting)
    try:
        record = load_record(path, RUN_FORMAT)
    except (FileNotFoundError, FileFormatError):
        return None
    if record["identity"] != run.identity(dataset):
        return None
    scores = {
        split: {scale: score.numpy() for scale, score in record["scores"][split].items()}
        for split in record["scores"]
    }
    return Found(scores, record["seconds"], record["parameters"], record["context"], path)


def model_of(found: Found, *, device: str = "cpu") -> RetrievalModel:
    """The trained model of a finished run."""
    record = load_record(found.path, RUN_FORMAT)
    identity = record["identity"]
    weights = record["weights"]
    return restore_model(identity["model"], identity["config"], weights, torch.device(device))


def perform(run: Run, setting: Setting, dataset: Dataset, *, progress: bool = False) -> None:
    """Train, score and keep; an interrupted training goes on from its last epoch."""
    path = path_of(run, setting)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".checkpoint")
    model = build_model(run.model, run.config, seed=run.seed)
    seconds = 0.0
    if any(True for _ in model.parameters()):
        try:
            history = fit(model, dataset, run.training, checkpoint=half, progress=progress)
        except (FileFormatError, ValueError):  # damaged, or of another training: start anew
            model = build_model(run.model, run.config, seed=run.seed)
            history = fit(
                model, dataset, run.training, checkpoint=half, resume=False, progress=progress
            )
        seconds = history.seconds
    record = {
        "identity": run.identity(dataset),
        "scores": {split: _scores(model, dataset, split) for split in SPLITS},
        "seconds": seconds,
        "parameters": sum(p.numel() for p in model.parameters()),
        "context": context(model.device),
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
    """Where and when something was measured; nothing that names this machine."""
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
    """Short name of the checked-out commit, with "+" where a module differs; "" outside a clone."""
    here = Path(__file__).parents[1]
    try:
        name = _git(here, "rev-parse", "--short=10", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
