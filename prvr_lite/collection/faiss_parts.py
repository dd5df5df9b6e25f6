"""What candidates are made of: the FAISS indices, and the clips that go into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.model.records import VideoEncoding
from prvr_lite.search.vectors import Shard

ADDED = 1024  # videos added at a time
SAMPLE = 200_000  # clips that centroids and ranges are learned from


def import_faiss() -> Any:
    """FAISS, imported where it is needed.

    Raises:
        ModuleNotFoundError: it is not installed; names the pip extra.
    """
    try:
        import faiss
    except ModuleNotFoundError as error:
        need = "candidates need FAISS: pip install 'prvr-lite[scale]'"
        raise ModuleNotFoundError(need, name="faiss") from error
    return faiss


def hnsw(faiss: Any, dim: int, links: int, effort: int) -> Any:
    kind = faiss.ScalarQuantizer.QT_8bit
    found = faiss.IndexHNSWSQ(dim, kind, links, faiss.METRIC_INNER_PRODUCT)
    found.hnsw.efConstruction = effort
    return found


def ivfpq(faiss: Any, dim: int, lists: int, sample: int) -> Any:
    lists = min(lists, max(1, sample // 39))  # FAISS's own measure of points a centroid needs
    pieces = max(m for m in range(1, max(1, dim // 8) + 1) if dim % m == 0)
    coarse = faiss.IndexFlatIP(dim)
    found = faiss.IndexIVFPQ(coarse, dim, lists, pieces, 8, faiss.METRIC_INNER_PRODUCT)
    found.own_fields = True
    coarse.this.disown()
    found.cp.min_points_per_centroid = found.pq.cp.min_points_per_centroid = 1
    return found


def points(entry: VideoEncoding) -> NDArray[np.float32]:
    """Clips of V videos, [V K, H]; what is no clip repeats its video's first: none is best."""
    clips = entry.clips.float()  # [V, K, H]
    if entry.clip_mask is not None:
        clips = torch.where(entry.clip_mask[..., None], clips, clips[:, :1])
    return np.ascontiguousarray(clips.flatten(0, 1).cpu().numpy())


def sample_points(
    shards: Sequence[Shard], count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """About SAMPLE of the ``count`` clips, or all, of as many videos as possible, [S, H]."""
    found: list[NDArray[np.float32]] = []
    for shard in shards:
        share = max(1, round(SAMPLE * shard.videos * shard.entry.clips.shape[1] / count))
        videos = np.sort(rng.permutation(shard.videos)[:share])
        for rows in np.array_split(videos, -(-len(videos) // ADDED)):
            block = points(shard.entry[torch.from_numpy(rows)])  # [V K, H]
            taken = -(-share * len(rows) // len(videos))
            found.append(block[rng.permutation(len(block))[:taken]])
    return np.concatenate(found)
