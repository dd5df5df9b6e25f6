"""Scoring queries against a collection: the index, compared with attention computed query by query.

    python -m benchmarks.scoring [--released CHECKOUT]

50 queries are scored against 2,179 encoded videos (TVR's validation split) by both sides; then all
10,895 queries by the index alone. Both start from encoded queries, encoded frames and kept clips;
the time to build the index, once for all queries, has its own row. With a checkout, the side
"released" is the authors' code as its evaluation calls it, without the encoding of queries.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from benchmarks import checkout
from benchmarks.inputs import unit_features
from benchmarks.measure import Row, Work, extra_mib, options, race, save
from benchmarks.released import Released, ReleasedConfig
from prvr_lite.config import ModelConfig
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import VideoEncoding
from prvr_lite.paper.checkpoint import load_authors_state_dict
from prvr_lite.search.video_index import VideoIndex

Case = tuple[int, int, int, int, int, int]  # queries, videos, K, T, H, seed


@dataclass
class Collection:
    """The same encoded videos and queries for both sides."""

    released: Released
    model: MSSLpp
    queries: Tensor  # [Q, H]
    videos: VideoEncoding  # not yet attended
    path: str | None = None  # of a checkout, whose code then is the side "released"

    def build_index(self) -> VideoIndex:
        """Attend every clip's frames, 64 videos at a time, and index the result."""
        clips, (frames, mask) = self.videos.clips, self.videos.frames_with_mask()
        with torch.inference_mode():
            attended = torch.cat(
                [
                    self.model.attend(clips[part], frames[part], mask[part])
                    for part in (slice(i, i + 64) for i in range(0, len(clips), 64))
                ]
            )
        v = self.videos
        return VideoIndex.from_encoding(
            self.model, VideoEncoding(clips, v.clip_index, frames, mask, attended=attended)
        )

    @cached_property
    def network(self) -> Any:
        """The authors' model with the same weights; what it is given as queries is encoded."""
        assert self.path is not None
        c = self.released.config
        code = checkout.load(self.path)
        network = code.network(c.visual_dim, c.query_dim, c.hidden_dim, c.num_clusters or 0)
        network.load_state_dict(self.released.state_dict())
        network.encode_query = lambda queries, mask: queries
        return network.eval()

    def score_as_released(self) -> tuple[Tensor, Tensor]:
        """S_c and S_f, each [Q, V]; frames attended again every 50 queries."""
        v, parts = self.videos, torch.split(self.queries, 50)
        frames, mask = v.frames_with_mask()
        with torch.inference_mode():
            if self.path is None:
                return self.released.scores(self.queries, v.clips, frames, mask)[:2]
            given = (None, None, v.clips, frames, mask.float())
            scores = [self.network.get_pred_from_raw_query(part, *given) for part in parts]
        return torch.cat([clip for clip, _ in scores]), torch.cat([frame for _, frame in scores])


def collection(case: Case, path: str | None = None) -> Collection:
    """Encodings like a real video's; videos of T/2 to T frames; queries near a clip of one."""
    q, v, k, t, h, seed = case
    torch.manual_seed(seed)
    sizes = {"visual_dim": 8, "query_dim": 8, "hidden_dim": h, "num_clusters": k}
    plain = Released(ReleasedConfig(**sizes)).eval()  # type: ignore[arg-type]
    model = MSSLpp(ModelConfig(**sizes)).eval()  # type: ignore[arg-type]
    load_authors_state_dict(model, plain.state_dict())
    mask = torch.arange(t) < torch.randint(t // 2, t + 1, (v, 1))  # [V, T]
    frames = unit_features("smooth", v, t, h, seed)
    clips = unit_features("smooth", v, k, h, seed + 1)
    videos = VideoEncoding(clips, torch.arange(k).expand(v, k), frames, mask)
    return Collection(plain, model, near_a_clip(clips, q), videos, path)


def near_a_clip(clips: Tensor, queries: int) -> Tensor:
    """Query vectors [Q, H], each a clip of [V, K, H] with as much noise again."""
    row = torch.randint(clips.shape[0] * clips.shape[1], (queries,))
    return clips.flatten(0, 1)[row] + torch.randn(queries, clips.shape[2])


def prepare(case: Case, side: str, path: str | None = None) -> Work:
    """Returns the work of one side; its inputs are ready."""
    both = collection(case, path)
    if side == "released":
        return both.score_as_released
    index, queries = both.build_index(), both.queries
    del both
    return lambda: index.score_vectors(queries)


def measure(case: Case, whole: int, repeats: int, path: str | None) -> list[Row]:
    """Measures both sides, then ``whole`` queries and the building of the index."""
    both = collection(case, path)
    index = both.build_index()
    sides: dict[str, Work] = {
        "released": both.score_as_released,
        "index": lambda: index.score_vectors(both.queries),
    }
    timing = race(sides, repeats, warm=["index"])
    rows: list[Row] = []
    for side in sides:
        rows.append(
            {
                "against": checkout.against(path),
                "queries": case[0],
                "videos": case[1],
                "side": side,
                "seconds": timing.median(side),
                "times_faster": timing.ratio("released", side),
                "extra_mib": extra_mib(prepare, case, side, path),
            }
        )
    for row, error in zip(rows, errors(both, index), strict=True):
        row |= error
    many = near_a_clip(both.videos.clips, whole)
    alone: dict[str, Work] = {
        "index": lambda: index.score_vectors(many),
        "build index": both.build_index,
    }
    timing = race(alone, min(repeats, 3), warm=["index"])
    for side, queries in (("index", whole), ("build index", 0)):
        rows.append(
            {
                "queries": queries,
                "videos": case[1],
                "side": side,
                "seconds": timing.median(side),
                "index_bytes_a_video": index.nbytes // len(index),
            }
        )
    return rows


def errors(both: Collection, index: VideoIndex, videos: int = 200) -> tuple[Row, Row]:
    """How much rounding changes each side, and by how much the sides differ.

    Against the released formulation in float64 on the first videos; and against each other on all.
    """
    clip, frame = both.score_as_released()
    fast = index.score_vectors(both.queries)
    assert fast.frame is not None
    v = both.videos[slice(0, videos)]
    frames, mask = v.frames_with_mask()
    wide = [x.double() for x in (both.queries, v.clips, frames)]
    with torch.inference_mode():
        plain = deepcopy(both.released).double()
        _, exact, key = plain.scores(wide[0], wide[1], wide[2], mask)  # [Q, 200]
    apart = (fast.frame - frame).abs()
    return {"error_to_float64": float((frame[:, :videos] - exact).abs().max())}, {
        "error_to_float64": float((fast.frame[:, :videos] - exact).abs().max()),
        "largest_difference": max(float(apart.max()), float((fast.clip - clip).abs().max())),
        "mean_difference": float(apart.mean()),
        "same_key_clip": float((fast.key_clip[:, :videos] == key).float().mean()),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``scoring.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, checkout.add_option)
    if chosen.quick:
        rows = measure((7, 30, 5, 12, 24, chosen.seed), 20, 1, chosen.released)
    else:
        case = (50, 2179, 32, 128, 384, chosen.seed)
        rows = measure(case, 10895, chosen.repeats, chosen.released)
    save("scoring", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
