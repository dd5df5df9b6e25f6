"""Variants of MS-SL++ with one part replaced, to measure what each part is worth.

Each variant is trained and evaluated like MS-SL++; the difference is what the replaced part adds
(an ablation). ``docs/experiments.md`` has the measured differences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from prvr_lite.config import ModelConfig
from prvr_lite.model.clips import clip_windows, length_code
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.model.encoders import mean_pool
from prvr_lite.model.key_clip import clip_similarity, inner_products
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import Similarity

KMEANS_ROUNDS = 60


class KMeansClips(MSSLpp):
    """Keeps centroids of k-means in place of medoids: means of clips of several lengths.

    Clusters start as those of the medoids, in the same space (with the length code, if the config
    says so), and Lloyd's rounds follow until nothing moves (at most 60). The gradient flows
    through all members.
    """

    has_clips = False

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Chooses centroids from units [V, n, H]: [V, K, H], and -1 for their rows [V, K]."""
        n = units.shape[1]
        windows = clip_windows(n).to(units)  # [N, n]
        with torch.no_grad():
            share = self._members(units, windows)  # [V, K, N]
        centroids = (share @ windows) @ units  # [V, K, n] @ [V, n, H]
        none = torch.full(centroids.shape[:2], -1, device=units.device)
        return centroids, none

    def _members(self, units: Tensor, windows: Tensor) -> Tensor:
        """Returns the share of each clip in each centroid, [V, K, N]; rows sum to 1."""
        k = self.config.num_clusters
        if k is None:
            raise ValueError("num_clusters=None keeps every clip: there is nothing to cluster")
        points = windows @ units  # [V, N, H]
        if self.config.length_aware:
            code = length_code(units.shape[1]).to(points).expand(len(points), -1, -1)
            points = torch.cat([points, code], -1)  # [V, N, H + 256]
        _, assignment = cluster_clips(units, k, length_aware=self.config.length_aware)  # [V, N]
        share = _shares(assignment, k)
        for _ in range(KMEANS_ROUNDS):
            nearest = torch.cdist(points, share @ points).argmin(-1)  # [V, N]
            if bool((nearest == assignment).all()):
                break
            assignment = nearest
            moved = _shares(assignment, k)
            empty = moved.sum(-1, keepdim=True) == 0  # [V, K, 1]: keeps its old members
            share = torch.where(empty, share, moved)
        return share


def _shares(assignment: Tensor, k: int) -> Tensor:
    """Returns each point's share in each cluster: assignment [V, N] -> [V, K, N], 1/size or 0."""
    member = (assignment[:, None, :] == torch.arange(k, device=assignment.device)[:, None]).float()
    return member / member.sum(-1, keepdim=True).clamp(min=1)


class RandomClips(MSSLpp):
    """Keeps K random clips in place of medoids; in training they are drawn again for every video.

    In evaluation all videos keep the same K clips, drawn when the model is made.
    """

    kept: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        count = config.num_clips if config.num_clusters is None else config.num_clusters
        self.register_buffer("kept", torch.randperm(config.num_clips)[:count].sort().values)

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Draws random clips from units [V, n, H]: [V, K, H], and their rows [V, K]."""
        index = self.kept.expand(len(units), -1)  # [V, K]
        if self.training:
            noise = torch.rand(len(units), self.config.num_clips, device=units.device)  # [V, N]
            index = noise.argsort(1)[:, : len(self.kept)].sort(1).values
        return clip_windows(units.shape[1]).to(units)[index] @ units, index


class Unguided(MSSLpp):
    """Has a frame scale without key clip guided attention: there is no W1."""

    guides_frames = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        del self.key_map


class MeanFrames(Unguided):
    """Averages the frames in place of key clip guided attention: no clip guides anything."""

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Averages frames [V, T, H] after W2, the same for all K clips -> [V, K, H]."""
        mean: Tensor = self.value_map(mean_pool(frames, frame_mask))  # [V, H]
        return mean[:, None].expand_as(clips)


class MaxFrames(Unguided):
    """Takes the best frame in place of key clip guided attention: S_f = max_t cos(q, W2 f_t)."""

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """Returns all frames [V, T, H] after W2, [V, max_frames, H]: no clip guides them."""
        frames = self.value_map(frames)  # [V, T, H]
        # Padding repeats frame 0, which leaves the maximum unchanged.
        frames = torch.where(frame_mask[..., None], frames, frames[:, :1])
        missing = self.config.max_frames - frames.shape[1]
        return torch.cat([frames, *[frames[:, :1]] * missing], 1)

    def compare(
        self, queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None
    ) -> Similarity:
        """Compares queries [Q, H], clips [V, K, H], attended [V, T, H] -> S_c, S_f, key clips."""
        assert attended is not None
        clip, key = clip_similarity(queries, clips, clip_mask)
        return Similarity(clip, clip_similarity(queries, attended)[0], key)

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Scores query i with the frames of the video that query j is about, [Q, Q]."""
        best, _ = clip_similarity(queries, attended)  # [Q, V]
        return best[:, query_video]


class OwnKeyClip(MSSLpp):
    """Attends training negatives as a search does: with the key clip of the query that scores.

    In the released code a training negative is the video of another query, attended with the key
    clip of *that* query (model.py:239-244); a search attends it with the key clip of the query that
    is asked (model.py:266). Here training does the same as a search. For two queries i and j of one
    video the score (i, j) is then that of the positive (i, i), so they can't be negatives of each
    other: train with ``same_video_negatives=False``. On the sample films SumR was 321.8 ± 1.7, with
    that setting alone 328.6 ± 1.4, and as released 330.2 ± 2.2 (``docs/experiments.md``).
    """

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Scores query i with the video of query j, attended by the key clip of query i, [Q, Q]."""
        table = inner_products(queries, attended)  # [Q, V, K]
        return table.gather(2, key[..., None]).squeeze(2)[:, query_video]
