"""A synthetic collection of any size whose clips lie as real ones do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from prvr_lite.collection.folder import IndexFolder
from prvr_lite.collection.manifest import Manifest
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.batches import InputReader
from prvr_lite.data.sample import load_sample
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.training.fit import fit
from prvr_lite.training.presets import from_preset

MEDOIDS = 32
BLOCK, SHARD = 512, 2560  # videos made and written at a time


@dataclass(frozen=True)
class Films:
    """Encodings of the sample: clips and attended frames [F, K, H], queries' steps away [R, H]."""

    model: RetrievalModel
    clips: Tensor
    attended: Tensor
    residual: Tensor

    @classmethod
    def encode(cls, hidden: int, epochs: int) -> Films:
        """Train briefly and encode every film and query."""
        with load_sample() as dataset:
            model, training = from_preset(
                "mssl++",
                dataset,
                architecture={"hidden_dim": hidden, "num_clusters": MEDOIDS},
                device="cpu",
            )
            reader = InputReader(dataset, model.config)
            if epochs:
                training = replace(training, epochs=epochs, evaluate_from=epochs + 1)
                fit(model, dataset, training, progress=False)
            index = VideoIndex.build(model, dataset, "train", reader=reader)
            queries = index.encode(*reader.queries(dataset.queries_in("train")))
            key_clips = np.searchsorted(
                dataset.videos_in("train"), dataset.query_video[dataset.queries_in("train")]
            )
        entry, direction = index.shards[0].entry, unit_length(queries)
        assert entry.attended is not None
        clips = entry.clips[torch.from_numpy(key_clips)]  # [R, K, H]
        key = (clips @ direction[..., None]).squeeze(2).argmax(1)  # [R]
        residual = direction - clips[torch.arange(len(key)), key]
        return cls(model, entry.clips, entry.attended, residual)

    def videos(self, count: int, seed: int) -> VideoEncoding:
        """Synthetic videos: blends of two films that moved off together and clip by clip."""
        draw = torch.Generator().manual_seed(seed)
        first, second = torch.randint(len(self.clips), (2, count), generator=draw)
        blend = torch.rand(count, 1, 1, generator=draw) / 2
        spread = (self.clips - self.clips.mean((0, 1))).flatten(0, 1)  # [F K, H]
        steps = []
        for shape, size in (((count, 1), 0.5), ((count, MEDOIDS), 0.3)):
            steps.append(size * spread[torch.randint(len(spread), shape, generator=draw)])
        moved = [
            unit_length(torch.lerp(vectors[first], vectors[second], blend) + steps[0] + steps[1])
            for vectors in (self.clips, self.attended)
        ]
        index = torch.arange(MEDOIDS).expand(count, -1).contiguous()
        return VideoEncoding(moved[0], index, attended=moved[1])

    def queries(self, clips: Tensor, seed: int) -> Tensor:
        """[Q, H]: each of these clips [Q, H] with a step that a real query makes from its own."""
        draw = torch.Generator().manual_seed(seed)
        return (
            clips + self.residual[torch.randint(len(self.residual), (len(clips),), generator=draw)]
        )


def write(films: Films, videos: int, folder: Path, seed: int) -> None:
    """The collection, a block at a time."""
    where = IndexFolder.start(folder)
    head, records = where.write_head(films.model, None), []
    for start in range(0, videos, SHARD):
        blocks = [
            films.videos(min(BLOCK, videos - row), seed + 1 + row)
            for row in range(start, min(start + SHARD, videos), BLOCK)
        ]
        entry = VideoEncoding.join(blocks)
        records.append(where.write_shard(entry, [f"v{start + i}" for i in range(len(entry))]))
    where.commit(Manifest(head, tuple(records)))
