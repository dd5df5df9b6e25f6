"""What a picture needs of a video that a query found, taken from the data set."""

from __future__ import annotations

from typing import Any

from prvr_lite.data.dataset import Dataset
from prvr_lite.plots.ranked_gallery import RankedVideo
from prvr_lite.plots.strip import Thumbnail, timed_thumbnails


def ranked_video(
    dataset: Dataset, video: int, rank: int, score: float, **marks: Any
) -> RankedVideo:
    """Returns one video (a row of the data set) at its rank, with its thumbnails.

    Args:
        marks: what else is known of it, ``RankedVideo``'s correct, key_span, moment and chosen.
    """
    seconds, pictures = float(dataset.duration[video]), video_thumbnails(dataset, video)
    name = dataset.video_id[video]
    return RankedVideo(rank, name, score, duration=seconds, thumbnails=pictures, **marks)


def video_thumbnails(dataset: Dataset, video: int) -> list[Thumbnail]:
    """Returns the thumbnails of a video (a row of the data set), each with its time in s."""
    return timed_thumbnails(dataset.thumbnails(video), float(dataset.duration[video]))
