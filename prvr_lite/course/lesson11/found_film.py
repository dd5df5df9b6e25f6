"""The film that a search found: where in it, and what its captions say."""

from __future__ import annotations

from typing import Final

import numpy as np

from prvr_lite.data.dataset import Dataset
from prvr_lite.plots import page
from prvr_lite.plots.film_strip import film_strip
from prvr_lite.plots.strip import timed_thumbnails
from prvr_lite.search.ranking import Hit

CAPTIONS: Final = 5  # that are shown at most: those next to what was found


def found_film(data: Dataset, hit: Hit, sentence: str) -> page.Picture:
    """Draws a found film with the part that was found, and under it the moments of its captions.

    Args:
        data: the film's data set. hit: what was found. sentence: what was looked for.
    Raises:
        ValueError: the film's duration is unknown.
    """
    video, bars = data.video_id.index(hit.video_id), []
    if hit.start is not None and hit.end is not None:
        bars.append((f"found for “{sentence}”", (hit.start, hit.end)))
    told: dict[tuple[float, float], str] = {}  # of each moment its first caption
    for query in np.flatnonzero(data.query_video == video):
        start, end = map(float, data.moment[query])
        if np.isfinite(start):
            told.setdefault((start, end), data.query_text[query])
    middle = sum(bars[0][1]) / 2 if bars else 0.0
    near = sorted(told, key=lambda span: abs(sum(span) / 2 - middle))[:CAPTIONS]
    bars += [(told[span], span) for span in sorted(near)]
    seconds = float(data.duration[video])
    pictures = timed_thumbnails(data.thumbnails(video), seconds)
    return film_strip(hit.video_id, seconds, pictures, moments=bars, kind="bar", ranked=True)
