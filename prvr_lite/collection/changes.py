"""How an index comes about and changes on disk, a shard at a time, so that memory stays bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.collection.folder import IndexFolder
from prvr_lite.collection.manifest import Manifest, Record
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.fingerprint import fingerprint
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.vectors import Shard, encoded, gathered, live_ids, new_name

COPIED = 256  # videos copied at a time


def identity(model: RetrievalModel) -> str:
    """16 hexadecimal digits of a model's class, config and weights."""
    found = hashlib.sha256(f"{type(model).__name__} {model.config}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    return found.hexdigest()[:16]


def job_of(model: RetrievalModel, dataset: Dataset, ids: Sequence[str], kind: str) -> Record:
    """What an interrupted build or append must have in common with the one that goes on."""
    digest = hashlib.sha256("\0".join(ids).encode()).hexdigest()[:16]
    data = fingerprint(dataset)
    return {"kind": kind, "model": identity(model), "data": data, "videos": len(ids), "ids": digest}


def write_pending(
    folder: IndexFolder,
    model: RetrievalModel,
    reader: InputReader,
    rows: NDArray[Any],
    *,
    kind: str,
    batch: int,
) -> None:
    """Encodes videos into the folder: a "build" replaces what it holds, an "append" adds to it.

    Until all are written the index stays as it was; the same job, if it was killed, goes on after
    its last whole shard, and any other job starts anew.
    """
    ids = [reader.dataset.video_id[v] for v in rows]
    job = job_of(model, reader.dataset, ids, kind)
    pending = folder.manifest.pending
    if pending is None or pending["job"] != job:
        head = None
        if kind == "build":
            head = folder.write_head(model, text_side(reader.dataset))
        pending = {"job": job, "head": head, "shards": []}
    done = sum(record["videos"] for record in pending["shards"])
    for entry in gathered(encoded(model, reader, rows[done:], batch)):
        record = folder.write_shard(entry, ids[done : done + len(entry)])
        done += len(entry)
        pending = {**pending, "shards": [*pending["shards"], record]}
        folder.commit(replace(folder.manifest, pending=pending, state=new_name()))
    new = tuple(pending["shards"])
    if kind == "build":
        folder.commit(Manifest(pending["head"], new))
        return
    now = folder.manifest
    folder.commit(replace(now, shards=now.shards + new, pending=None, state=new_name()))


def write_shards(folder: IndexFolder, shards: Sequence[Shard]) -> list[Record]:
    """What is alive in these shards, copied into new ones."""
    ids = live_ids(shards)
    blocks = (entry for shard in shards for entry in shard.blocks(COPIED))
    return [
        folder.write_shard(entry, [next(ids) for _ in range(len(entry))])
        for entry in gathered(blocks)
    ]


def in_memory(shards: Sequence[Shard], device: torch.device | None = None) -> Shard:
    """What is alive in these shards, as one."""
    entry = VideoEncoding.join([part for shard in shards for part in shard.blocks(COPIED)])
    placed = entry if device is None else entry.map(lambda tensor: tensor.to(device))
    return Shard.of(placed, list(live_ids(shards)))


def text_side(dataset: Dataset) -> Record:
    """How typed queries become the features that the model was trained on."""
    projection = dataset.projection
    arrays = {} if projection is None else vars(projection)
    return {"text_model": dataset.text_model, **arrays}


def check_new(shards: Sequence[Shard], ids: Sequence[str]) -> None:
    """Raises ValueError for an id that is there already, or twice in ``ids``."""
    there = set(live_ids(shards))
    for video_id in ids:
        if video_id in there:
            raise ValueError(f"the index has a video {video_id!r} already: delete it first")
        there.add(video_id)


def without(shards: Sequence[Shard], ids: Sequence[str]) -> list[Shard]:
    """The shards with the videos of these ids deleted.

    Raises:
        ValueError: an id that the index does not have, or no video would be left.
    """
    wanted = set(ids)
    found: set[str] = set()
    changed = []
    for shard in shards:
        rows = [row for row in shard.rows.tolist() if shard.ids[row] in wanted]
        found.update(shard.ids[row] for row in rows)
        changed.append(shard.without(rows) if rows else shard)
    missing = [video_id for video_id in ids if video_id not in found]
    if missing:
        raise ValueError(f"the index has no video {missing[0]!r}: nothing was deleted")
    if not any(len(shard) for shard in changed):
        raise ValueError("these are all videos of the index: delete its folder instead")
    return changed


def tombstones(shards: Sequence[Shard]) -> NDArray[np.int64]:
    """[D, 2] shard and row of every deleted video."""
    pairs = [
        (number, row)
        for number, shard in enumerate(shards)
        if shard.live is not None
        for row in (~shard.live).nonzero().squeeze(1).tolist()
    ]
    return np.array(pairs, dtype="<i8").reshape(-1, 2)
