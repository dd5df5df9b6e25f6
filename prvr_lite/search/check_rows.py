"""Raises ValueError for ids or vectors that a search would miss or score wrongly in silence."""

from __future__ import annotations

from collections import Counter

from prvr_lite.search.vectors import VideoRows

UNIT = 1e-3  # how far the length of a vector that was normalised may be from 1


def check_rows(rows: VideoRows, hidden: int) -> None:
    """Raises ValueError for ids or vectors that a search would miss or score wrongly in silence.

    Raises:
        ValueError: an id that is duplicated or not Unicode text; a video without clips; a vector
            that is zero, not finite or of another width than ``hidden``.
    """
    for video_id, count in Counter(rows.ids).items():
        if count > 1:
            raise ValueError(f"video {video_id!r} is duplicated: give each video an id of its own")
        if video_id != video_id.encode(errors="replace").decode():  # half of a surrogate pair
            raise ValueError(f"video {video_id!r}: its id is not Unicode text: give it another one")
    mask = rows.vectors.clip_mask
    for name in ("clips", "attended"):
        tensor = getattr(rows.vectors, name)
        if tensor is None:
            continue
        if tensor.shape[-1] != hidden:
            raise ValueError(
                f"{name} have {tensor.shape[-1]} numbers per vector, the model has {hidden}: "
                "encode these videos with it"
            )
        wrong = ~((tensor.norm(dim=-1) - 1).abs() < UNIT)  # [V, K]; NaN is not
        if mask is not None and mask.shape == wrong.shape:
            wrong = (wrong & mask) | ~mask.any(1, keepdim=True)
        if wrong.any():
            video_id = rows.ids[int(wrong.any(1).nonzero()[0])]
            raise ValueError(
                f"video {video_id!r}: {name} hold a vector that is zero or not finite, or none at "
                "all, which no search finds: check its features and encode it again"
            )
