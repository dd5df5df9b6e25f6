"""When a clip that a search points to starts and ends."""

from __future__ import annotations

import numpy as np

from prvr_lite.data.features import Dataset
from prvr_lite.model.clips import clip_spans
from prvr_lite.moments.encoding import pooled_times


def clip_seconds(
    dataset: Dataset, video_id: str, clip: int, num_units: int = 32
) -> tuple[float, float] | None:
    """Start and end of a clip in its video in s; None where that can't be told.

    Args:
        dataset: where the video is.
        video_id: ``Hit.video_id``.
        clip: ``Hit.key_clip``, a row of ``clip_spans(num_units)``; -1 in models without clips.
        num_units: ``model.config.num_units``.

    Raises:
        ValueError: no such video.
    """
    if video_id not in dataset.video_id:
        raise ValueError(f"{dataset.path} has no video {video_id!r}")
    video = dataset.video_id.index(video_id)
    duration = dataset.duration[video]
    if clip < 0 or np.isnan(duration):
        return None
    frames = int(np.diff(dataset.frame_offset)[video])
    times = pooled_times([frames], [duration], num_units)[0]  # [n, 2]
    first, stop = clip_spans(num_units)[clip].tolist()
    return float(times[first, 0]), float(times[stop - 1, 1])
