"""The processes ("ranks") that ``torchrun`` starts to train one model, on several GPUs or machines.

Who they are, which videos of a batch each takes, what they tell each other, what happens when one
is lost, and how their scores become one loss.

Each rank encodes a share of a batch. The encodings are gathered, so that every rank holds the
scores of all queries with all videos and forms the whole loss: negatives are drawn from the whole
batch, as on one GPU. Scores and loss cost little beside encoding. Gradients flow back to the rank
that encoded; ``DistributedDataParallel`` adds them up.
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
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from prvr_lite.data.batches import Batch
from prvr_lite.device import choose_device, seed_generators
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores

T = TypeVar("T")
TIMEOUT = 1800.0  # seconds; longer than rank 0 takes to validate, while the others wait
# words of the errors that torch raises when a rank is gone; they have no class of their own
LOST = ("gloo", "nccl", "connection", "broken pipe", "timed out", "timeout")

_groups = count()  # opened so far: the same number on every rank, as all fit alike


class LostRankError(ConnectionError):
    """Another rank is gone or silent: this one can't go on."""


def world_size() -> int:
    """How many processes train together: 1 unless ``torchrun`` (or the caller) started more."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_world_size()
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


def own_rank() -> int:
    """The number of this process among them, from 0."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank()
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0


def own_device(name: str) -> torch.device:
    """The device of this process: on GPUs, that of its number on this machine.

    Raises:
        ValueError: more processes than GPUs here; one GPU named for all; an unfit device.
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
        raise ValueError(f"device={name!r} can't serve {world_size()} processes: 'cuda' or 'cpu'")
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
        rows: of the data set.
        start: place of the first among the videos of the whole batch.
        spare: the batch has no video left for this rank: it encodes one all the same, so that it
            takes part in adding up gradients, and then drops it.
    """

    rows: NDArray[Any]
    start: int
    spare: bool


@dataclass(frozen=True)
class Ranks:
    """The processes that train together, seen from one of them; alone, nothing travels."""

    rank: int
    size: int
    device: torch.device

    def share(self, rows: NDArray[Any]) -> Share:
        """This rank's videos of a batch, in order, so that gathering restores the batch."""
        parts = np.array_split(rows, self.size)
        start, own = sum(map(len, parts[: self.rank])), parts[self.rank]
        return Share(own if len(own) else rows[:1], start, not len(own))

    def from_first(self, make: Callable[[], T]) -> T:
        """What ``make`` gives on rank 0, on every rank; its OSError or ValueError likewise."""
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

    def everyone(self, mine: T) -> list[T]:
        """What each rank gives, on every rank."""
        if self.size == 1:
            return [mine]
        box: list[Any] = [None] * self.size
        dist.all_gather_object(box, mine)
        return box


@contextmanager
def gathered_ranks(device: str, timeout: float = TIMEOUT) -> Iterator[Ranks]:
    """The group of processes that ``torchrun`` started, or this one alone.

    The group is opened and closed here unless the caller has opened it: NCCL between GPUs, gloo
    between CPUs.

    Args:
        device: as in ``TrainConfig``.
        timeout: seconds after which a rank that waits for another gives up.

    Raises:
        LostRankError: another rank ended, or kept this one waiting for longer than ``timeout``.
        ValueError: see :func:`own_device`.
    """
    where = own_device(device)
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
    """A model that encodes one rank's share of a batch and scores the whole of it.

    Dropout draws from numbers of its own on each rank, so that the generators which draw negatives
    stay in step: every rank draws the same ones.
    """

    def __init__(self, model: RetrievalModel, ranks: Ranks) -> None:
        super().__init__()
        self.model, self.ranks = model, ranks

    def forward(self, batch: Batch, share: Share, seed: int) -> tuple[TrainingScores, Tensor]:
        """One rank's batch -> scores of the whole batch, and its query_video [Q].

        Args:
            batch: of the videos in ``share``.
            seed: of this step; the same on every rank.
        """
        device = self.ranks.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            seed_generators(device, (seed * self.ranks.size + self.ranks.rank) % 2**63)
            videos = self.model.encode_videos(*batch[:3])
            queries = self.model.encode_queries(*batch[3:5])  # [own Q, H]
        owner = batch.query_video + share.start
        if share.spare:
            videos, queries, owner = videos[:0], queries[:0], owner[:0]
        # Frames stay: what scores need of them is in `attended`.
        whole = replace(videos, frames=None, frame_mask=None).map(gather)
        query_video = gather(owner)  # [Q]
        return self.model.training_scores(gather(queries), whole, query_video), query_video


def shared_scores(model: RetrievalModel, ranks: Ranks) -> nn.Module:
    """:class:`SharedScores`, whose gradients are added up over the ranks."""
    devices = [ranks.device] if ranks.device.type == "cuda" else None
    return DistributedDataParallel(SharedScores(model, ranks), device_ids=devices)


def release_group(shared: nn.Module) -> None:
    """Free what holds the process group, before the group is closed; ``shared`` is unusable after.

    ``DistributedDataParallel`` keeps a reducer, and the reducer keeps the group. If the reducer is
    freed after ``destroy_process_group``, it is its destructor that ends gloo's worker thread: it
    waits for the thread and holds Python's lock (the GIL), while the thread waits for that lock to
    free a tensor, so that neither ends. An error's traceback keeps the wrapper alive. The reducer
    is therefore taken out of the wrapper instead of waiting for the wrapper to be freed.
    """
    for name in ("logger", "reducer"):  # the logger keeps the reducer
        vars(shared).pop(name, None)
    gc.collect()


def gather(own: Tensor) -> Tensor:
    """Rows of every rank, in order of ranks: [own R, ...] -> [R, ...], with gradient.

    Ranks may have other numbers of rows, and other sizes of the second dimension (frames): these
    are filled up with zeros, or False, behind.
    """
    tensor = own.float() if own.is_floating_point() else own
    shape = torch.tensor([*tensor.shape, 0][:2], device=own.device)
    shapes = [torch.empty_like(shape) for _ in range(dist.get_world_size())]
    dist.all_gather(shapes, shape)
    counts, widths = torch.stack(shapes).T.tolist()
    if tensor.dim() > 1:
        missing = max(widths) - tensor.shape[1]
        tensor = F.pad(tensor, [0] * (2 * tensor.dim() - 3) + [missing])
    gathered: Tensor = _Gather.apply(tensor, counts)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    """All ranks' rows forward; backward, this rank's part of the gradient.

    Every rank forms the same whole loss, so this part is complete already. It is multiplied by the
    number of ranks because DistributedDataParallel takes the mean over ranks where the gradient of
    one loss is the sum.
    """

    @staticmethod
    def forward(context: Any, own: Tensor, counts: list[int]) -> Tensor:
        context.start, context.counts = sum(counts[: dist.get_rank()]), counts
        if 0 in own.shape[1:]:  # nothing to send
            return own.new_zeros(sum(counts), *own.shape[1:])
        filled = own.new_zeros(max(counts), *own.shape[1:])
        filled[: len(own)] = own
        parts = [torch.empty_like(filled) for _ in counts]
        dist.all_gather(parts, filled)
        return torch.cat([part[:rows] for part, rows in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        rows = context.counts[dist.get_rank()]
        own = gradient[context.start : context.start + rows]
        return own * len(context.counts), None
