"""A synthetic collection of any size whose clips lie as real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.sample import load_sample
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.vectors import VideoRows
from prvr_lite.search.video_index import encoding_rows
from prvr_lite.training.fit import fit
from prvr_lite.training.presets import from_preset

MEDOIDS = 32
BLOCK = 512  # videos made at a time


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
            searcher = Searcher.of_split(model, dataset, "train", reader=reader)
            queries = searcher.encode(*reader.queries(dataset.queries_in("train")))
            film = np.searchsorted(
                dataset.videos_in("train"), dataset.query_video[dataset.queries_in("train")]
            )
        vectors, direction = searcher.rows.vectors, unit_length(queries)
        assert vectors.attended is not None
        clips = vectors.clips[torch.from_numpy(film)]  # [R, K, H]
        key = (clips @ direction[..., None]).squeeze(2).argmax(1)  # [R]
        residual = direction - clips[torch.arange(len(key)), key]
        return cls(model, vectors.clips, vectors.attended, residual)

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

    def rows(self, count: int, seed: int) -> Iterator[VideoRows]:
        """Videos "v0", "v1", … of 20 s and 40 frames, a block at a time."""
        for start in range(0, count, BLOCK):
            some = min(BLOCK, count - start)
            ids = [f"v{start + video}" for video in range(some)]
            vectors = self.videos(some, seed + 1 + start)
            yield encoding_rows(vectors, ids, [20.0] * some, [40] * some)

    def queries(self, clips: Tensor, seed: int) -> Tensor:
        """[Q, H]: each of these clips [Q, H] with a step that a real query makes from its own."""
        draw = torch.Generator().manual_seed(seed)
        return (
            clips + self.residual[torch.randint(len(self.residual), (len(clips),), generator=draw)]
        )
