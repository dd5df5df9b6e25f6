"""The film that a search found: where in it, and what its captions say."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from prvr_lite.course.kit import captions
from prvr_lite.data.dataset import Dataset
from prvr_lite.lab.ranked_video import video_thumbnails
from prvr_lite.plots import page
from prvr_lite.plots.film_strip import film_strip
from prvr_lite.search.ranking import Hit

SHOWN: Final = 5  # captions at most: those next to what was found


def found_film(data: Dataset, hit: Hit, sentence: str) -> page.Picture:
    """Draws a found film with the part that was found, and under it the moments of its captions.

    Args:
        data: the film's data set. hit: what was found. sentence: what was looked for.
    Raises:
        ValueError: the film's duration is unknown.
    """
    video, bars, middle = data.video_id.index(hit.video_id), [], 0.0
    about = "the film's captions"
    if hit.start is not None and hit.end is not None:
        bars.append((f"found for “{sentence}”", (hit.start, hit.end)))
        middle = (hit.start + hit.end) / 2
        about = f"first bar: found; below: {about}"
    told = captions(data, video, data.moment)
    timed = [span for span in told if np.isfinite(span[0])]
    near = sorted(timed, key=lambda span: abs(sum(span) / 2 - middle))[:SHOWN]
    bars += [(told[span], span) for span in sorted(near)]
    seconds, pictures = float(data.duration[video]), video_thumbnails(data, video)
    how: dict[str, Any] = {"moments": bars, "kind": "bar", "ranked": True, "about": about}
    return film_strip(hit.video_id, seconds, pictures, **how)
