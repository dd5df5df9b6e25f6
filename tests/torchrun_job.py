"""What each process of the tests' ``torchrun`` runs: ``torchrun_job.py JOB FOLDER``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from toy import QUICK, SMALL

from prvr_lite.config import TrainConfig
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.model.registry import build_model
from prvr_lite.training.fit import fit
from prvr_lite.training.parallel import LostRankError, this_rank

loop = import_module("prvr_lite.training.fit")  # the file; its face gives the function

STILL = replace(SMALL, dropout=0.0, input_dropout=0.0)  # nothing is left to chance but negatives
# name, model, training: what is trained alone and by two processes. One batch of a video each
# leaves a rank without work; frame-max compares frames, of which ranks have unequal numbers.
RUNS: dict[str, tuple[str, TrainConfig]] = {
    "plain": ("mssl++", QUICK),
    "frames": ("frame-max", replace(QUICK, batch_videos=5)),
    "windows": ("gmmformer", replace(QUICK, batch_videos=5, epochs=2)),
    "one video": ("mssl++", replace(QUICK, batch_videos=2, epochs=2)),
    "resumed": ("mssl++", replace(QUICK, seed=3)),
    "dropout": ("mssl++", replace(QUICK, precision="bfloat16")),
}


@contextmanager
def films_of(name: str, dataset: Dataset) -> Iterator[Dataset]:
    """Three train videos for "one video", whose second batch leaves nothing to the second rank."""
    splits = dict(dataset.splits)
    if name == "one video":
        dataset.splits["train"] = splits["train"][:3]
    try:
        yield dataset
    finally:
        dataset.splits.update(splits)


def train(name: str, dataset: Dataset, folder: Path) -> None:
    """One of ``RUNS``; what was seen goes to ``NAME.RANK.json``."""
    rank, (model_name, config) = this_rank(), RUNS[name]
    watched: list[int] = []
    sizes = SMALL if name == "dropout" else STILL
    model = build_model(model_name, sizes, seed=rank)  # rank 0's weights count
    with films_of(name, dataset):
        history = fit(
            model,
            dataset,
            config,
            checkpoint=folder / f"{name}.pt",
            progress=False,
            watch=lambda h: watched.append(len(h.rows)),
        )
    weights = [float(w.double().abs().sum()) for w in model.state_dict().values()]
    seen = {"rows": history.rows, "watched": watched, "weights": weights}
    (folder / f"{name}.{rank}.json").write_text(json.dumps(seen), encoding="utf-8")


def refuse(dataset: Dataset, folder: Path) -> None:
    """A checkpoint of another run; ranks that were asked for different runs; a silent rank."""
    said = []
    for config in (replace(QUICK, margin=0.3), replace(QUICK, seed=this_rank())):
        model = build_model("mssl++", STILL)
        path = folder / "plain.pt" if config.margin == 0.3 else None
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            fit(model, dataset, config, checkpoint=path, progress=False)
        said.append(str(caught.value))
    mine, first = (folder / f"refused.{rank}.json" for rank in (this_rank(), 0))
    step = loop._Run.step

    def silent(run: loop._Run, rows: object) -> dict[str, torch.Tensor]:
        be_impatient()
        end = time.monotonic() + 60
        while this_rank() and not first.exists() and time.monotonic() < end:
            time.sleep(0.05)
        return step(run, rows)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop._Run, "step", silent)
        with pytest.raises(LostRankError) as lost:
            fit(build_model("mssl++", STILL), dataset, QUICK, progress=False)
    mine.write_text(json.dumps([*said, str(lost.value)]), encoding="utf-8")


def be_impatient() -> None:
    """From now on a rank that waits for another one gives up after 0.3 s."""
    dist.distributed_c10d._set_pg_timeout(timedelta(milliseconds=300))


def misbehave(job: str, dataset: Dataset, folder: Path) -> None:
    """In the second epoch rank 1 is killed ("die"), raises ("raise") or never answers ("hush")."""
    step = loop._Run.step

    def changed(run: loop._Run, rows: object) -> dict[str, torch.Tensor]:
        if run.epoch == 1:
            be_impatient()
            if run.ranks.rank == 1:
                if job == "die":
                    os.kill(os.getpid(), signal.SIGKILL)
                if job == "raise":
                    raise ValueError("rank 1 does not like this batch")
                time.sleep(600)  # the launcher ends this process once rank 0 has given up
        return step(run, rows)  # type: ignore[arg-type]

    loop._Run.step = changed  # type: ignore[method-assign, assignment]
    train("plain", dataset, folder)


def main() -> None:
    torch.set_num_threads(1)
    job, folder = sys.argv[1], Path(sys.argv[2])
    with open_features(folder / "toy.h5") as dataset:
        if job != "runs":
            try:
                misbehave(job, dataset, folder)
            except (ConnectionError, ValueError) as error:  # as the command line does
                sys.exit(f"prvr-lite: {error}")
        else:
            for name in RUNS:
                train(name, dataset, folder)
            refuse(dataset, folder)


if __name__ == "__main__":
    main()
