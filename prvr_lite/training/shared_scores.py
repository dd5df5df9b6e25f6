"""Scores of a whole batch of which every rank encodes a share (:mod:`prvr_lite.training.parallel`).

The encodings are gathered, so that every rank holds the scores of all queries with all videos and
forms the whole loss: negatives are drawn from the whole batch, as on one GPU. Scores and loss cost
little beside encoding. Gradients flow back to the rank that encoded; ``DistributedDataParallel``
adds them up.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from prvr_lite.data.batches import Batch
from prvr_lite.device import seed_generators
from prvr_lite.model.retrieval_model import RetrievalModel, TrainingScores
from prvr_lite.training.parallel import Ranks, Share


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
