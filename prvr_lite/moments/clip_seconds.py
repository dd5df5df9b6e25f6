"""Says when a clip of a video in a data set starts and ends, in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.search.ranking import clip_times


def clip_seconds(
    dataset: Dataset, video_id: str, clip: int, num_units: int = 32
) -> tuple[float, float] | None:
    """Returns start and end of a clip in its video, in s; None if the clip or duration is unknown.

    Args:
        dataset: the data set that the video is in.
        video_id: ``Hit.video_id``.
        clip: ``Hit.key_clip``, a row of ``clip_spans(num_units)``; -1 in models without clips.
        num_units: ``model.config.num_units``.

    Raises:
        ValueError: there is no such video.
    """
    if video_id not in dataset.video_id:
        raise ValueError(f"{dataset.path} has no video {video_id!r}")
    video = dataset.video_id.index(video_id)
    frames = int(dataset.frame_offset[video + 1] - dataset.frame_offset[video])
    return clip_times(float(dataset.duration[video]), frames, clip, num_units)


def frames_and_duration(dataset: Dataset, videos: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns the number of frames [V] and the duration [V] in s of some videos.

    Raises:
        ValueError: the duration of a video is unknown.
    """
    rows = np.asarray(videos)
    duration = dataset.duration[rows]
    if np.isnan(duration).any():
        video = dataset.video_id[rows[np.isnan(duration)][0]]
        raise ValueError(
            f"{dataset.path}: the duration of video {video!r} is unknown (NaN), so its moments "
            "have no times: write the feature file with durations, or leave the video out"
        )
    return np.diff(dataset.frame_offset)[rows], duration
