"""Several processes train one model: the same numbers as one, and no harm where one is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
import torch.distributed as dist
from torchrun_job import RUNS, STILL, films_of
from toy import toy_dataset

from prvr_lite import cli
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import open_features
from prvr_lite.model.registry import build_model
from prvr_lite.training import parallel
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.fit import History, fit
from prvr_lite.training.parallel import Ranks, SharedScores, rank_device, this_rank, world_size

loop = import_module("prvr_lite.training.fit")  # the file; its face gives the function

HERE = Path(__file__).parents[1]
torchrun_here = pytest.mark.skipif(
    sys.platform == "win32" or not dist.is_available(),
    reason="torchrun with gloo: never tried on Windows, absent from some builds of torch",
)
Result = dict[str, Any]
MARK = "PRVR_LITE_TEST_JOB"


def torchrun(*arguments: str, limit: float = 150) -> tuple[int, str, float]:
    """Two processes here; exit status, all they said, seconds. None is left behind.

    The ranks have sessions of their own, so that they outlive their launcher: each carries a mark
    in its environment by which it is found and killed. They write to a file, because a pipe that
    an orphan holds open would never end.
    """
    mark = f"prvr-lite-{uuid.uuid4()}"
    paths = [str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")]
    changed = {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", MARK: mark}
    start = time.monotonic()
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, *launch, *arguments],
            env={**os.environ, **changed, "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=limit)
        finally:
            process.kill()
            process.wait(timeout=10)
            kill_marked(mark)
        output.seek(0)
        return status, output.read(), time.monotonic() - start


def kill_marked(mark: str) -> None:
    """Kill every process that was started with this mark in its environment."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                process.kill()


def sums(model: torch.nn.Module) -> list[float]:
    return [float(w.double().abs().sum()) for w in model.state_dict().values()]


class StoppedError(Exception):
    pass


def stop(history: History) -> None:
    if len(history.rows) == 2:
        raise StoppedError


def alone(name: str, folder: Path, **kwargs: Any) -> Result:
    """One of the runs, by this process."""
    kind, config = RUNS[name]
    model = build_model(kind, STILL, seed=0)
    with open_features(folder / "toy.h5") as dataset, films_of(name, dataset):
        history = fit(model, dataset, config, progress=False, **kwargs)
    return {"rows": history.rows, "weights": sums(model)}


def same_run(ours: Result, theirs: Result, loss: float) -> None:
    for mine, row in zip(ours["rows"], theirs["rows"], strict=True):
        assert row.keys() == mine.keys()
        for key in row.keys() - {"seconds"}:
            # losses are sums in another order; ranks of videos are whole numbers
            assert row[key] == pytest.approx(mine[key], abs=loss if "loss" in key else 1e-5), key
    # key biases have no gradient but rounding noise, so that they stay near 0
    assert theirs["weights"] == pytest.approx(ours["weights"], rel=1e-4, abs=1e-6)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all of ``RUNS``, and what must be refused, left: two processes, one job."""
    folder = tmp_path_factory.mktemp("together")
    toy_dataset(folder).close()
    with pytest.raises(StoppedError):  # after two epochs; two processes then go on
        alone("resumed", folder, checkpoint=folder / "resumed.pt", watch=stop)
    status, said, _ = torchrun(str(HERE / "torchrun_job.py"), "runs", str(folder))
    assert status == 0, said
    return folder


def read(folder: Path, name: str, rank: int) -> Any:
    return json.loads((folder / f"{name}.{rank}.json").read_text(encoding="utf-8"))


@torchrun_here
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RUNS.keys() - {"dropout"}))
def test_two_processes_give_the_numbers_of_one(together: Path, name: str) -> None:
    """Random and hard negatives, validation, the kept weights; nobody else writes or watches."""
    expected, first, second = alone(name, together), *(read(together, name, r) for r in (0, 1))
    same_run(expected, first, loss=1e-6)
    assert [r["SumR"] for r in second["rows"]] == [r["SumR"] for r in first["rows"]]
    assert second["weights"] == first["weights"]
    already = 2 if name == "resumed" else 0
    assert first["watched"] == list(range(already, len(first["rows"]) + 1))
    assert second["watched"] == []
    assert sums(load_checkpoint(together / f"{name}.pt", device="cpu")) == first["weights"]


@torchrun_here
@pytest.mark.slow
def test_dropout_differs_and_the_loss_is_still_one(together: Path) -> None:
    """With dropout, in bfloat16, both processes draw the same negatives and form the same loss."""
    first, second = (read(together, "dropout", rank)["rows"] for rank in (0, 1))
    still = read(together, "plain", 0)["rows"]
    for mine, theirs, without in zip(first, second, still, strict=True):
        assert mine["loss"] == theirs["loss"]
        assert abs(mine["loss"] - without["loss"]) > 1e-3


@torchrun_here
@pytest.mark.slow
def test_every_process_hears_of_a_mistake(together: Path) -> None:
    for rank in (0, 1):
        other, mixed, lost = read(together, "refused", rank)
        assert "plain.pt: belongs to another run (margin=0.2 instead of 0.3)" in other
        assert "rank 1 has other settings than rank 0 (seed=0 instead of 1)" in mixed
        assert "lost touch with another of the 2 processes" in lost
        assert "goes on from the last epoch" in lost


@torchrun_here
@pytest.mark.slow
def test_a_killed_process_ends_the_job_and_one_process_finishes_it(tmp_path: Path) -> None:
    toy_dataset(tmp_path).close()
    status, said, seconds = torchrun(str(HERE / "torchrun_job.py"), "die", str(tmp_path))
    assert status != 0
    assert seconds < 100
    assert "SIGKILL" in said  # torchrun tells which rank, and of what
    path = tmp_path / "plain.pt"
    assert len(load_checkpoint(path, device="cpu").state_dict()) > 0
    epochs: list[int] = []
    resumed = alone("plain", tmp_path, checkpoint=path, watch=lambda h: epochs.append(len(h.rows)))
    assert epochs == [1, 2, 3]  # the first one was not done again
    same_run(alone("plain", tmp_path), resumed, loss=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plain.pt", "toy.h5"]


@torchrun_here
@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "words"),
    [("raise", "rank 1 does not like this batch"), ("hush", "lost touch with another of the 2")],
)
def test_a_rank_that_raises_or_is_silent_ends_the_job(tmp_path: Path, job: str, words: str) -> None:
    """No rank waits for ever, and the epoch that was finished is kept."""
    toy_dataset(tmp_path).close()
    status, said, seconds = torchrun(str(HERE / "torchrun_job.py"), job, str(tmp_path))
    assert status != 0
    assert words in said
    assert seconds < 100
    assert len(load_checkpoint(tmp_path / "plain.pt", device="cpu").state_dict()) > 0


@torchrun_here
@pytest.mark.slow
def test_the_command_under_torchrun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words come once; the same command without torchrun finds the run finished."""
    toy_dataset(tmp_path).close()
    path = tmp_path / "model.pt"
    command = ["train", "--data", str(tmp_path / "toy.h5"), "--checkpoint", str(path)]
    command += ["--epochs", "1", "--device", "cpu", "--timeout", "60"]
    status, said, _ = torchrun("-m", "prvr_lite", *command)
    assert status == 0, said
    assert said.count("best epoch 0 of 1: R@1") == 1
    before = path.read_bytes()
    assert cli.main(command) == 0
    assert capsys.readouterr().out.strip() in said
    assert path.read_bytes() == before


@pytest.fixture
def second_of_two(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment in which torchrun starts the second of two processes."""
    for name, value in (("RANK", "1"), ("LOCAL_RANK", "1"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(
    "command", [["demo"], ["experiments"], ["evaluate", "x.pt"], ["search", "x.pt", "q"]]
)
def test_only_training_is_shared(
    command: list[str], second_of_two: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (this_rank(), world_size()) == (1, 2)
    assert cli.main(command) == 1
    error = capsys.readouterr().err
    assert error == (
        "prvr-lite (rank 1): torchrun works only with `train` and `index build`: start this "
        "command without it\n"
    )


def test_each_process_has_a_device_of_its_own(second_of_two: pytest.MonkeyPatch) -> None:
    assert rank_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="'meta' can't be used by 2 processes"):
        rank_device("meta")
    chosen: list[int] = []
    second_of_two.setattr(torch.cuda, "is_available", lambda: True)
    second_of_two.setattr(torch.cuda, "set_device", chosen.append)
    second_of_two.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"process 1 .* finds 1 GPUs: .*--nproc-per-node=1"):
        rank_device("auto")
    second_of_two.setattr(torch.cuda, "device_count", lambda: 2)
    assert rank_device("auto") == torch.device("cuda", 1)
    assert chosen == [1]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("videos", [1, 2, 7, 12])
def test_shares_make_up_the_batch(videos: int, size: int) -> None:
    rows = np.arange(10, 10 + videos)
    shares = [Ranks(r, size, torch.device("cpu")).share(rows) for r in range(size)]
    real = [share for share in shares if not share.spare]
    assert np.array_equal(np.concatenate([share.rows for share in real]), rows)
    assert all(rows[share.start] == share.rows[0] for share in real)
    assert all(len(share.rows) == 1 for share in shares if share.spare)
    sizes = [len(share.rows) for share in real]
    assert max(sizes) - min(sizes) <= 1


def test_other_errors_keep_their_name(second_of_two: pytest.MonkeyPatch) -> None:
    """Only what torch says of a lost rank becomes one."""
    second_of_two.setattr(parallel, "_open_group", lambda *_: None)
    second_of_two.setattr(dist, "get_rank", lambda: 1)
    second_of_two.setattr(dist, "get_world_size", lambda: 2)
    for words, kind in (
        ("shapes can't be multiplied", RuntimeError),
        ("[gloo/transport] Connection closed by peer", parallel.LostRankError),
    ):
        with pytest.raises(kind, match=words.split()[-1]), parallel.gathered_ranks("cpu"):
            raise RuntimeError(words)


@pytest.mark.skipif(not dist.is_available(), reason="a build of torch without torch.distributed")
@pytest.mark.parametrize("kind", ["mssl++", "frame-max", "gmmformer"])
def test_gathered_scores_and_gradients_are_those_of_the_model(tmp_path: Path, kind: str) -> None:
    """A group of one process: what is gathered is what was sent, forward and backward."""
    model = build_model(kind, STILL)
    with toy_dataset(tmp_path) as dataset:
        rows = np.array([2, 0, 5])
        batch = InputReader(dataset, STILL).batch(rows)
    expected = model(*batch)
    expected.clip_dot.sum().backward()
    gradients = [p.grad for p in model.parameters()]
    model.zero_grad()
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        ranks = Ranks(0, 1, torch.device("cpu"))
        scores, owner = SharedScores(model, ranks)(batch, ranks.share(rows), 0)
        scores.clip_dot.sum().backward()
    finally:
        dist.destroy_process_group()
    assert torch.equal(owner, batch.query_video)
    for name, mine in vars(expected).items():
        theirs = getattr(scores, name)
        assert theirs is mine is None or torch.equal(theirs, mine), name
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert gradient is parameter.grad is None or torch.equal(parameter.grad, gradient)


def test_training_has_no_group_of_its_own() -> None:
    """Alone, nothing of torch.distributed is opened."""
    assert world_size() == 1
    with parallel.gathered_ranks("cpu") as ranks:
        assert (ranks.rank, ranks.size, dist.is_initialized()) == (0, 1, False)
        assert ranks.from_first(lambda: 3) == 3
        assert ranks.from_all(4) == [4]
    assert loop.TIMEOUT == parallel.TIMEOUT
