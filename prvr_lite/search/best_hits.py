"""Finds the best videos of each query while blocks of videos pass by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.ranking import Hit, clip_times
from prvr_lite.search.vectors import VideoRows

QUERIES = 256  # scored at a time


@torch.inference_mode()
def best_hits(
    model: RetrievalModel, blocks: Iterable[VideoRows], queries: Tensor, k: int, alpha: float
) -> list[list[Hit]]:
    """Returns the ``k`` best videos of all blocks for each query; equal scores in the order of ids.

    Memory holds one block and k videos per query. ``Hit.video`` is -1.

    Args:
        model: scores. blocks: pass by once for all queries. queries: [Q, H] of length 1.
        k: how many. alpha: weight of the clip scale, 0..1.
    """
    best: list[list[tuple[Any, ...]]] = [[] for _ in queries]
    floor = torch.full((len(queries),), -torch.inf)  # what a video must reach to be among them
    for block in blocks:
        on_device = block.vectors.map(lambda tensor: tensor.to(model.device))
        parts = (on_device.clips, on_device.attended, on_device.clip_mask)
        for some in torch.split(torch.arange(len(queries)), QUERIES):
            scores = model.compare(queries[some], *parts)
            frame = scores.clip if scores.frame is None else scores.frame
            top = scores.fused(alpha).topk(min(k, len(block)), dim=1)
            place = top.indices  # [Q, k] rows of the block
            columns = (top.values, scores.clip.gather(1, place), frame.gather(1, place))
            key = on_device.clip_index[place, scores.key_clip.gather(1, place)]
            rising = (columns[0].cpu() >= floor[some, None]).nonzero(as_tuple=True)
            listed = [tensor.cpu()[rising].tolist() for tensor in (*columns, key, place)]
            for row, *facts, video in zip(rising[0].tolist(), *listed, strict=True):
                times = float(block.duration[video]), int(block.frames[video])
                ranked = (-facts[0], block.ids[video], *facts, *times)
                best[int(some[row])].append(ranked)
            for query in some[torch.unique(rising[0])].tolist():
                best[query] = sorted(best[query])[:k]
                floor[query] = best[query][-1][2] if len(best[query]) == k else -torch.inf
    units = model.config.num_units
    return [[_hit(rank, units, *row[1:]) for rank, row in enumerate(rows, 1)] for rows in best]


def _hit(
    rank: int,
    units: int,
    video_id: str,
    score: float,
    clip: float,
    frame: float,
    key_clip: int,
    duration: float,
    frames: int,
) -> Hit:
    start, end = clip_times(duration, frames, key_clip, units) or (None, None)
    return Hit(rank, -1, video_id, score, clip, frame, key_clip, start, end)
