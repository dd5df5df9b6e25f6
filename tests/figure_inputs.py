"""Small inputs for every picture, shared by the tests of the plots."""

from __future__ import annotations

from typing import Any

from figure_checks import picture_of

from prvr_lite.plots import RankedVideo, timed_thumbnails

THUMBNAILS = timed_thumbnails([b"", picture_of((200, 0, 0)), b"", picture_of((0, 0, 200))], 20.0)


def ranking(places: int = 9, right: int = 8, **changes: Any) -> list[RankedVideo]:
    return [
        RankedVideo(
            rank=rank,
            video_id=f"v{rank}",
            score=0.9 - rank / 10,
            correct=rank == right,
            duration=20.0,
            thumbnails=THUMBNAILS,
            key_span=(5.0, 9.0),
            moment=(4.0, 10.0) if rank == right else None,
            **changes,
        )
        for rank in range(1, places + 1)
    ]


def history() -> list[dict[str, float]]:
    rows: list[dict[str, float]] = [
        {"epoch": e, "loss": 2 / e, "clip_triplet": 0.2 / e, "clip_nce": 8 / e, "lr": 1e-4}
        for e in range(1, 7)
    ]
    for row, value in zip(rows[1::2], (30.0, 44.0, 41.0), strict=True):
        row |= {"R@1": value, "R@5": value + 25, "R@10": value + 26, "SumR": 5 * value}
    rows[0]["R@1"] = float("nan")
    return rows


SEEDS = {
    "mean-pool": {"all": [20.0, 21.0, 19.0], "two-step": 19.9},
    "MS-SL++": {"all": [44.0, 43.0, 45.0], "two-step": [33.0, 40.0, 41.0]},
}
GROUPS = ["≤ .08", ".08–.15", "> .15"]
GROWTH = {"released": ([1, 10, 100], [1, 100, 10_000]), "ours": ([1, 10, 100], [1, 10, 100])}
ALPHA, SWEEP = [0.0, 0.5, 1.0], {"R@1": [30.0, 45.0, 40.0], "SumR": [250.0, 300.0, 310.0]}
