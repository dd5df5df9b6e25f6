"""Trains one model in several processes, which ``torchrun`` starts, on several GPUs or machines.

torch calls these processes *ranks*, and numbers them from 0. This file says which rank a process
is, which videos of a batch it takes, how ranks exchange data, what happens when one is lost, and
how their scores become one loss.

Each rank encodes a part of the batch. The encodings are gathered, so that every rank holds the
scores of all queries with all videos and computes the whole loss: negatives are drawn from the
whole batch, as on one GPU. Scores and loss take little time compared with encoding. Gradients flow
back to the rank that encoded; ``DistributedDataParallel`` adds them up.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from prvr_lite.data.batches import Batch
from prvr_lite.device import choose_device, seed_generators
from prvr_lite.model.records import widened
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores

T = TypeVar("T")
MAX_TIMEOUT = 30 * 86_400.0  # seconds
TIMEOUT = 1800.0  # seconds; longer than rank 0 takes to validate, while the others wait
# words of the errors that torch raises when a rank is gone; they have no class of their own
LOST = ("gloo", "nccl", "connection", "broken pipe", "timed out", "timeout")

_groups = count()  # opened so far: the same number on every rank, as all fit alike


class LostRankError(ConnectionError):
    """Another process ended, or did not answer in time, so this one can't go on."""


def world_size() -> int:
    """Returns how many processes train together: 1, unless ``torchrun`` started more."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_world_size()
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def this_rank() -> int:
    """Returns the number of this process among those that train together, from 0."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank()
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0


def rank_device(name: str) -> torch.device:
    """Returns the device of this process; on GPUs, the GPU with its number on this machine.

    Raises:
        ValueError: there are more processes than GPUs; one GPU is named for all processes; the
            device can't be used.
    """
    if world_size() == 1:
        return choose_device(name)
    local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if local < gpus:
        torch.cuda.set_device(local)
    device = choose_device(name)
    if device.type == "cpu":
        return device
    if device.type != "cuda" or device.index is not None:
        raise ValueError(
            f"device={name!r} can't be used by {world_size()} processes: choose 'cuda' or 'cpu'"
        )
    if local >= gpus:
        raise ValueError(
            f"process {local} of this machine finds {gpus} GPUs: start torchrun with "
            f"--nproc-per-node={gpus}, or train on device='cpu'"
        )
    return torch.device("cuda", local)


@dataclass(frozen=True)
class Share:
    """The videos of a batch that one rank encodes.

    Attributes:
        rows: rows of the data set.
        start: place of the first of them among the videos of the whole batch.
        spare: whether the batch has no video left for this rank. Then it encodes one all the same,
            to take part in adding up gradients, and drops the result.
    """

    rows: NDArray[Any]
    start: int
    spare: bool


@dataclass(frozen=True)
class Ranks:
    """The processes that train together, as one of them sees them; a single one sends nothing."""

    rank: int
    size: int
    device: torch.device

    def share(self, rows: NDArray[Any]) -> Share:
        """Returns this rank's videos of a batch; gathering the parts of all restores the batch."""
        parts = np.array_split(rows, self.size)
        start, part = sum(map(len, parts[: self.rank])), parts[self.rank]
        return Share(part if len(part) else rows[:1], start, not len(part))

    def from_first(self, make: Callable[[], T]) -> T:
        """Runs ``make`` on rank 0; every rank gets its result, or its OSError or ValueError."""
        if self.size == 1:
            return make()
        box: list[Any] = [None, None]
        if self.rank == 0:
            try:
                box[0] = make()
            except (OSError, ValueError) as error:
                box[1] = error
        dist.broadcast_object_list(box, src=0)
        if box[1] is not None:
            raise box[1]
        return box[0]  # type: ignore[no-any-return]

    def from_all(self, value: T) -> list[T]:
        """Returns the values of all ranks, to every rank."""
        if self.size == 1:
            return [value]
        box: list[Any] = [None] * self.size
        dist.all_gather_object(box, value)
        return box


@contextmanager
def gathered_ranks(device: str, timeout: float = TIMEOUT) -> Iterator[Ranks]:
    """Yields the group of processes that ``torchrun`` started, or this process as a group of one.

    The group is opened and closed here, unless the caller has opened it. GPUs exchange data by
    NCCL, CPUs by gloo.

    Args:
        device: as in ``TrainConfig``.
        timeout: seconds after which a rank that waits for another gives up.

    Raises:
        LostRankError: another rank ended, or kept this one waiting for longer than ``timeout``.
        ValueError: see :func:`rank_device`.
    """
    if not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError(f"rank_timeout={timeout}: give seconds above 0, up to {MAX_TIMEOUT:g}")
    where = rank_device(device)
    if world_size() == 1:
        yield Ranks(0, 1, where)
        return
    opened = not dist.is_initialized()
    try:
        if opened:
            _open_group(where, timedelta(seconds=timeout))
        yield Ranks(dist.get_rank(), dist.get_world_size(), where)
    except RuntimeError as error:
        words = " ".join(str(error).split())
        if not any(word in words.lower() for word in LOST):
            raise
        raise LostRankError(
            f"lost touch with another of the {world_size()} processes ({words[:120]}): one ended, "
            "or was silent for too long; start all again: training goes on from the last epoch "
            "that the checkpoint holds"
        ) from error
    finally:
        if opened and dist.is_initialized():
            dist.destroy_process_group()


def _open_group(device: torch.device, patience: timedelta) -> None:
    store, rank, size = next(dist.rendezvous("env://", timeout=patience))  # type: ignore[attr-defined]
    store.set_timeout(patience)
    # a second group under the same names would meet the addresses that the first one left there
    fresh = dist.PrefixStore(f"prvr-lite {next(_groups)}", store)  # type: ignore[attr-defined]
    nccl = device.type == "cuda" and dist.is_nccl_available()
    dist.init_process_group(
        "nccl" if nccl else "gloo", store=fresh, rank=rank, world_size=size, timeout=patience
    )


class SharedScores(nn.Module):
    """Encodes one rank's part of a batch and scores the whole batch.

    Each rank seeds dropout differently, and leaves the generators that draw negatives alone: so
    every rank draws the same negatives.
    """

    def __init__(self, model: RetrievalModel, ranks: Ranks) -> None:
        super().__init__()
        self.model, self.ranks = model, ranks

    def forward(self, batch: Batch, share: Share, seed: int) -> tuple[TrainingScores, Tensor]:
        """Scores the whole batch from this rank's part of it; also returns query_video [Q].

        Args:
            batch: the batch of the videos in ``share``.
            seed: the seed of this step; the same on every rank.
        """
        device = self.ranks.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            seed_generators(device, (seed * self.ranks.size + self.ranks.rank) % 2**63)
            videos = self.model.encode_videos(*batch[:3])
            queries = self.model.encode_queries(*batch[3:5])  # [Q of this rank, H]
        owner = batch.query_video + share.start
        if share.spare:
            videos, queries, owner = videos[:0], queries[:0], owner[:0]
        # Frames are not sent: `attended` holds all that scores need of them.
        whole = replace(videos, frames=None, frame_mask=None).map(gather)
        query_video = gather(owner)  # [Q]
        return self.model.training_scores(gather(queries), whole, query_video), query_video


def shared_scores(model: RetrievalModel, ranks: Ranks) -> nn.Module:
    """Returns :class:`SharedScores` that adds up gradients over the ranks."""
    devices = [ranks.device] if ranks.device.type == "cuda" else None
    return DistributedDataParallel(SharedScores(model, ranks), device_ids=devices)


def release_group(shared: nn.Module) -> None:
    """Frees what holds the process group, before it is closed; don't use ``shared`` afterwards.

    ``DistributedDataParallel`` keeps a reducer, and the reducer keeps the group. If the reducer is
    freed after ``destroy_process_group``, it is its destructor that ends gloo's worker thread: it
    waits for the thread and holds Python's lock (the GIL), while the thread waits for that lock to
    free a tensor, so that neither ends. An error's traceback keeps the wrapper alive. The reducer
    is therefore taken out of the wrapper instead of waiting for the wrapper to be freed.
    """
    for name in ("logger", "reducer"):  # the logger keeps the reducer
        vars(shared).pop(name, None)
    gc.collect()


def gather(rows: Tensor) -> Tensor:
    """Gathers the rows of every rank, in order of ranks: [R_i, ...] -> [R, ...], with gradient.

    Ranks may have different numbers of rows and different sizes of the second dimension (frames):
    the latter are padded with zeros, or False, at the end.
    """
    tensor = rows.float() if rows.is_floating_point() else rows
    shape = torch.tensor([*tensor.shape, 0][:2], device=rows.device)
    shapes = [torch.empty_like(shape) for _ in range(dist.get_world_size())]
    dist.all_gather(shapes, shape)
    counts, widths = torch.stack(shapes).T.tolist()
    if tensor.dim() > 1:
        tensor = widened(tensor, max(widths))
    gathered: Tensor = _Gather.apply(tensor, counts)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    """Forward: the rows of all ranks. Backward: this rank's part of the gradient.

    Every rank computes the same whole loss, so this part is complete already. It is multiplied by
    the number of ranks because DistributedDataParallel takes the mean over ranks, but the gradient
    of one loss is the sum.
    """

    @staticmethod
    def forward(context: Any, rows: Tensor, counts: list[int]) -> Tensor:
        context.start, context.counts = sum(counts[: dist.get_rank()]), counts
        if 0 in rows.shape[1:]:  # nothing to send
            return rows.new_zeros(sum(counts), *rows.shape[1:])
        filled = rows.new_zeros(max(counts), *rows.shape[1:])
        filled[: len(rows)] = rows
        parts = [torch.empty_like(filled) for _ in counts]
        dist.all_gather(parts, filled)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        count = context.counts[dist.get_rank()]
        return gradient[context.start : context.start + count] * len(context.counts), None
