"""The yardstick: FAISS finds candidates among clips in memory, which are then scored exactly.

- "hnsw": a graph (Malkov and Yashunin, TPAMI 2020) over points of 8 bits a number.
- "ivfpq": lists around coarse centroids, points as product codes (Jegou et al., TPAMI 2011).

Needs the extra ``bench``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.model.key_clip import unit_length
from prvr_lite.search.ranking import Ranking
from prvr_lite.search.video_index import VideoIndex

KINDS = ("hnsw", "ivfpq")
ADDED = 1024  # videos added at a time
SAMPLE = 200_000  # clips that centroids and ranges are learned from
CLIPS_PER_CANDIDATE = 4  # clips asked for: several may be of one video
LINKS, EFFORT = 8, 40  # M and efConstruction of HNSW


class FaissCandidates:
    """All clips of an index in memory, as points of a FAISS index."""

    def __init__(self, index: VideoIndex, kind: str, seed: int) -> None:
        import faiss

        self.index, self.kind = index, kind
        self.faiss: Any = faiss
        self.videos, self.clips, hidden = index.rows.vectors.clips.shape
        points = index.rows.vectors.clips.flatten(0, 1)  # [V K, H]
        draw = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(points), generator=draw)[:SAMPLE]
        self.found = self._hnsw(hidden) if kind == "hnsw" else self._ivfpq(hidden, len(points))
        self.found.train(points[chosen].numpy())
        for block in torch.split(points, ADDED * self.clips):
            self.found.add(block.numpy())

    def _hnsw(self, hidden: int) -> Any:
        kind = self.faiss.ScalarQuantizer.QT_8bit
        graph = self.faiss.IndexHNSWSQ(hidden, kind, LINKS, self.faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = EFFORT
        return graph

    def _ivfpq(self, hidden: int, points: int) -> Any:
        lists = max(1, min(round(2 * points**0.5), min(points, SAMPLE) // 39))
        pieces = max(m for m in range(1, max(1, hidden // 8) + 1) if hidden % m == 0)
        coarse = self.faiss.IndexFlatIP(hidden)
        metric = self.faiss.METRIC_INNER_PRODUCT
        codes = self.faiss.IndexIVFPQ(coarse, hidden, lists, pieces, 8, metric)
        codes.own_fields = True
        coarse.this.disown()
        codes.cp.min_points_per_centroid = codes.pq.cp.min_points_per_centroid = 1
        return codes

    @property
    def nbytes(self) -> int:
        return len(self.faiss.serialize_index(self.found))

    @torch.inference_mode()
    def rank(self, queries: Tensor, k: int, count: int) -> list[list[str]]:
        """Ids of the ``k`` best of ``count`` candidates for each query [Q, H]."""
        model, rows = self.index.model, self.index.rows
        direction = unit_length(queries)
        ranked = []
        for query, videos in zip(
            direction, self._candidates(direction.numpy(), count), strict=True
        ):
            block = rows.vectors[torch.from_numpy(videos)]
            scores = model.compare(query[None], block.clips, block.attended, None)
            best = Ranking.of(torch.from_numpy(videos), scores, model.config.alpha).best(k)
            ranked.append([rows.ids[video] for video in best.video[0].tolist()])
        return ranked

    def _candidates(self, queries: NDArray[np.float32], count: int) -> list[NDArray[np.int64]]:
        """The videos of the clips nearest to each query, best first, at most ``count``."""
        asked = min(CLIPS_PER_CANDIDATE * count, self.videos * self.clips)
        if self.kind == "hnsw":
            parameters = self.faiss.SearchParametersHNSW(efSearch=2 * asked)
        else:
            probes = max(8, self.found.nlist // 16)
            parameters = self.faiss.SearchParametersIVF(nprobe=probes)
        _, clips = self.found.search(queries, asked, params=parameters)
        videos = []
        for row in np.asarray(clips, np.int64):
            place = row[row >= 0] // self.clips
            first = np.unique(place, return_index=True)[1]
            videos.append(place[np.sort(first)][:count])
        return videos
