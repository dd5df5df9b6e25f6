"""Says when frames, units and clips of a video start and end, in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.data.dataset import Dataset
from prvr_lite.model.clips import clip_spans


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
    duration = dataset.duration[video]
    if clip < 0 or np.isnan(duration):
        return None
    frames = int(np.diff(dataset.frame_offset)[video])
    times = pooled_times([frames], [duration], num_units)[0]  # [n, 2]
    first, stop = clip_spans(num_units)[clip].tolist()
    return float(times[first, 0]), float(times[stop - 1, 1])


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


def pooled_times(num_frames: Any, duration: Any, count: Any) -> NDArray[np.float64]:
    """Returns the times that rows of ``pool_features(frames, count)`` cover, [V, max count, 2] s.

    Frame f of T is assumed to last from f/T to (f+1)/T of the video. Row i covers the frames that
    it averages. That is not exactly i/count to (i+1)/count: where count doesn't divide T, rows
    differ by one frame; where T < count, several rows are the same frame. The last row reaches to
    the end of the video, although no row uses the very last frame where T is well above count.

    Args:
        num_frames: [V] T of each video; duration: [V] s.
        count: rows that each video is pooled to, an integer or [V]; with T, rows are frames.
    """
    total, length = np.asarray(num_frames)[:, None], np.asarray(duration, np.float64)[:, None]
    rows = np.broadcast_to(np.asarray(count), len(total))[:, None]  # [V, 1]
    place = np.arange(rows.max() + 1)  # [max count + 1]
    bounds = np.minimum(np.round(place / rows * total), total - 1)  # [V, max count + 1]
    end = np.maximum(bounds[:, 1:], bounds[:, :-1] + 1)  # an empty row repeats one frame
    end = np.where(place[1:] == rows, total, end)
    spans = np.stack([bounds[:, :-1], end], axis=-1)  # [V, max count, 2] frames
    seconds: NDArray[np.float64] = spans * (length / total)[..., None]
    return seconds
