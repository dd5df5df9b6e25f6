"""MS-SL++ with one part replaced: what each part is worth is measured against these."""

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
    """Centroids of k-means in place of medoids: means of clips, which are clips of no length.

    Clusters start as those of the medoids, in the same space (with the length code, if the config
    says so), and Lloyd's rounds follow until nothing moves (at most 60). The gradient flows
    through all members.
    """

    has_clips = False

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """units [V, n, H] -> centroids [V, K, H], and -1 for their rows [V, K]."""
        n = units.shape[1]
        windows = clip_windows(n).to(units)  # [N, n]
        with torch.no_grad():
            share = self._members(units, windows)  # [V, K, N]
        centroids = (share @ windows) @ units  # [V, K, n] @ [V, n, H]
        none = torch.full(centroids.shape[:2], -1, device=units.device)
        return centroids, none

    def _members(self, units: Tensor, windows: Tensor) -> Tensor:
        """Share of each clip in each centroid, [V, K, N]; rows sum to 1."""
        k = self._num_clusters()
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

    def _num_clusters(self) -> int:
        if self.config.num_clusters is None:
            raise ValueError("num_clusters=None keeps every clip: there is nothing to cluster")
        return self.config.num_clusters


def _shares(assignment: Tensor, k: int) -> Tensor:
    """assignment [V, N] -> [V, K, N], 1/size on the members of each cluster."""
    member = (assignment[:, None, :] == torch.arange(k, device=assignment.device)[:, None]).float()
    return member / member.sum(-1, keepdim=True).clamp(min=1)


class RandomClips(MSSLpp):
    """K random clips in place of medoids: drawn anew for every video while training, then fixed.

    In evaluation all videos keep the same K clips, drawn when the model is made.
    """

    kept: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        count = config.num_clips if config.num_clusters is None else config.num_clusters
        self.register_buffer("kept", torch.randperm(config.num_clips)[:count].sort().values)

    def select_clips(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """units [V, n, H] -> random clips [V, K, H] and their rows [V, K]."""
        index = self.kept.expand(len(units), -1)  # [V, K]
        if self.training:
            noise = torch.rand(len(units), self.config.num_clips, device=units.device)  # [V, N]
            index = noise.argsort(1)[:, : len(self.kept)].sort(1).values
        return clip_windows(units.shape[1]).to(units)[index] @ units, index


class Unguided(MSSLpp):
    """A frame scale without key clip guided attention: there is no W1."""

    guides_frames = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        del self.key_map


class MeanFrames(Unguided):
    """The mean of the frames in place of key clip guided attention: no clip guides anything."""

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """frames [V, T, H] -> their mean after W2, the same for all K clips [V, K, H]."""
        mean: Tensor = self.value_map(mean_pool(frames, frame_mask))  # [V, H]
        return mean[:, None].expand_as(clips)


class MaxFrames(Unguided):
    """The best frame in place of key clip guided attention: S_f = max over t of cos(q, W2 f_t)."""

    def attend(self, clips: Tensor, frames: Tensor, frame_mask: Tensor) -> Tensor:
        """frames [V, T, H] -> all of them after W2, [V, max_frames, H]: no clip guides them."""
        frames = self.value_map(frames)  # [V, T, H]
        # Padding repeats frame 0, which leaves the maximum unchanged.
        frames = torch.where(frame_mask[..., None], frames, frames[:, :1])
        missing = self.config.max_frames - frames.shape[1]
        return torch.cat([frames, *[frames[:, :1]] * missing], 1)

    def compare(
        self, queries: Tensor, clips: Tensor, attended: Tensor | None, clip_mask: Tensor | None
    ) -> Similarity:
        """queries [Q, H], clips [V, K, H], attended [V, T, H] -> S_c, S_f and key clips, [Q, V]."""
        assert attended is not None
        clip, key = clip_similarity(queries, clips, clip_mask)
        return Similarity(clip, clip_similarity(queries, attended)[0], key)

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Query i with the frames of query j's own video, [Q, Q]."""
        best, _ = clip_similarity(queries, attended)  # [Q, V]
        return best[:, query_video]


class OwnKeyClip(MSSLpp):
    """Negatives attended as a search attends them: with the key clip of the query that scores.

    As released, a training negative is the other query's video seen through the *other* query's
    key clip (model.py:239-244), a search sees it through the current one's (model.py:266). Here
    both do the latter. Queries of one video then get the very same score with it, so they can't be
    negatives of each other: train with ``same_video_negatives=False``.
    """

    def frame_scores(
        self, queries: Tensor, attended: Tensor, key: Tensor, query_video: Tensor
    ) -> Tensor:
        """Query i with the own video of query j, attended with the key clip of query i, [Q, Q]."""
        table = inner_products(queries, attended)  # [Q, V, K]
        return table.gather(2, key[..., None]).squeeze(2)[:, query_video]
