"""What a picture needs of a video that a query found, taken from the data set."""

from __future__ import annotations

from prvr_lite.data.dataset import Dataset
from prvr_lite.plots.ranked_gallery import RankedVideo
from prvr_lite.plots.strip import Span, Thumbnail, timed_thumbnails


def ranked_video(
    dataset: Dataset,
    video: int,
    rank: int,
    score: float,
    *,
    correct: bool,
    key_span: Span | None = None,
    moment: Span | None = None,
    chosen: bool = False,
) -> RankedVideo:
    """Returns one video (a row of the data set) at its rank, with its thumbnails.

    Args:
        correct: whether it answers the query.
        key_span: of its best clip, in s. moment: the true one, in s.
        chosen: whether a picture of it follows below the ranking.
    """
    return RankedVideo(
        rank=rank,
        video_id=dataset.video_id[video],
        score=score,
        correct=correct,
        duration=float(dataset.duration[video]),
        thumbnails=video_thumbnails(dataset, video),
        key_span=key_span,
        moment=moment,
        chosen=chosen,
    )


def video_thumbnails(dataset: Dataset, video: int) -> list[Thumbnail]:
    """Returns the thumbnails of a video (a row of the data set), each with its time in s."""
    return timed_thumbnails(dataset.thumbnails(video), float(dataset.duration[video]))
