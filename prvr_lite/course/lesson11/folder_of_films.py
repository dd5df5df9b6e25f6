"""A folder of films for those who have none at hand, and what a search in a folder finds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from prvr_lite.course.lesson11.render_film import render_film
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.openai_clip import Float
from prvr_lite.data.sample import sample_film
from prvr_lite.search.ranking import Hit

WHOLE: Final = ("test_000a", "test_001b", "test_016a", "test_035c", "test_046a")  # travel as MP4
RENDERED: Final = slice(20, None, 25)  # of the other test films: seven, of seven groups


def sample_folder(dataset: Dataset, folder: Path) -> list[int]:
    """Fills a folder with twelve test films as MP4 files, and a table of their captions.

    Five of them are whole films; seven are rendered from thumbnails, which is blurred.

    Returns:
        the films' rows in the data set, in the order of their ids.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [dataset.video_id[video] for video in dataset.videos_in("test")]
    others = [name for name in names if name not in WHOLE][RENDERED]
    for name in WHOLE:
        shutil.copy(sample_film(name)[0], folder)
    for name in others:
        render_film(dataset, dataset.video_id.index(name), folder / f"{name}.mp4")
    videos = sorted(dataset.video_id.index(name) for name in (*WHOLE, *others))
    lines = []
    for query in dataset.queries_in("test"):
        if (video := int(dataset.query_video[query])) in videos:
            times = "{:.2f}\t{:.2f}".format(*dataset.moment[query])
            lines.append(f"{dataset.video_id[video]}\t{dataset.query_text[query]}\t{times}")
    (folder / "captions.tsv").write_text("\n".join(lines), encoding="utf-8")
    return videos


def show_hits(title: str, hits: Sequence[Hit], right: str = "") -> None:
    """Prints what was found under a title: film, seconds, score, and a mark at the right film."""
    print(title)
    for hit in hits:
        when = "" if hit.start is None else f", {hit.start:.1f} to {hit.end:.1f} s"
        mark = "  <- the right film" if hit.video_id == right else ""
        print(f"  {hit.rank}. {hit.video_id}{when}, score {hit.score:.2f}{mark}")


def frames_inside(data: Dataset, queries: Sequence[int], sentences: Float) -> tuple[float, float]:
    """Returns the % of queries whose film's best frame lies in the moment, and the % by chance.

    Args:
        data: films and captions; captions without times do not count.
        queries: rows. sentences: [Q, D] their vectors, in the space of the frames.
    Returns:
        the share in %, and its chance: the mean share of the film that a moment takes; NaN where
        no caption has times.
    """
    hit, share = [], []
    for query, sentence in zip(queries, sentences, strict=True):
        (start, end), video = data.moment[query], int(data.query_video[query])
        if np.isfinite(start):
            frames = data.frames(video)
            step = float(data.duration[video]) / len(frames)  # s
            hit.append(start <= step * int((frames @ sentence).argmax()) < end)
            share.append((end - start) / data.duration[video])
    return 100 * float(np.mean(hit or np.nan)), 100 * float(np.mean(share or np.nan))
