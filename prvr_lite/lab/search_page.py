"""One HTML page that searches: it opens from disk, without a server, a network or Python.

The page holds what a search needs and computes the rest itself. A clip is the mean of its units,
so the cosines of all 528 clips of a film follow from the products of its 32 units with the query.
What is kept of a film is: its units, which clips are compared, the attended vector of each of
these, and which one is a query's key clip. All vectors are rounded to whole steps of 1/2000 of
their length. Scores then differ by less than 0.001 from the package's, and the ranking is the same
but for films that are that close.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import replacing
from prvr_lite.lab.ranked_video import video_thumbnails
from prvr_lite.model.key_clip import unit_length
from prvr_lite.search.evaluation import relevant_matrix
from prvr_lite.search.searcher import Searcher

STEP: Final = 1 / 2000  # of a vector's length: what it is rounded to
PICTURES: Final = 16  # thumbnails per film
FILMS: Final = 200  # films that a page holds
BATCH: Final = 64


@dataclass(frozen=True)
class Sentences:
    """The queries that a page offers.

    Attributes:
        text: Q sentences. vectors: [Q, H] their encodings.
        right: for each, the films that answer it (rows of the searcher).
        moment: for each, the film that it was written for and the true [start, end] in s, or None.
    """

    text: Sequence[str]
    vectors: Tensor
    right: Sequence[Sequence[int]]
    moment: Sequence[tuple[int, float, float] | None]

    def after(self, text: str, vector: Tensor) -> Sentences:
        """Returns these sentences behind one that was typed: vector [1, H]; nobody knows its film.

        It takes the place of a query with the same text, of which the films are known.
        """
        if text not in self.text:
            vectors = torch.cat([vector.cpu(), self.vectors.cpu()])
            return Sentences([text, *self.text], vectors, [[], *self.right], [None, *self.moment])
        same = self.text.index(text)
        order = [same, *(i for i in range(len(self.text)) if i != same)]
        words, right = [self.text[i] for i in order], [self.right[i] for i in order]
        return Sentences(words, self.vectors[order], right, [self.moment[i] for i in order])


def split_sentences(searcher: Searcher, dataset: Dataset, split: str = "test") -> Sentences:
    """Returns the queries of a split, encoded, with the films that answer them and when."""
    queries, videos = dataset.queries_in(split), dataset.videos_in(split)
    if not len(queries):
        return Sentences([], torch.zeros(0, searcher.model.config.hidden_dim), [], [])
    vectors = searcher.encode(*InputReader(dataset, searcher.model.config).queries(queries))
    several = dataset.relevant is not None
    answers = relevant_matrix(dataset, queries, videos, several=several)  # [Q, V] bool
    film = np.searchsorted(videos, dataset.query_video[queries])
    spans = [
        None if np.isnan(span).any() else (int(row), float(span[0]), float(span[1]))
        for row, span in zip(film, dataset.moment[queries], strict=True)
    ]
    right = [np.flatnonzero(row).tolist() for row in answers]
    return Sentences([dataset.query_text[query] for query in queries], vectors, right, spans)


def write_search_page(
    path: str | Path,
    searcher: Searcher,
    dataset: Dataset,
    sentences: Sentences,
    *,
    split: str = "test",
    films: str | Path | None = None,
    first: int | None = None,
) -> Path:
    """Writes a page that searches the videos of a split by the given sentences.

    Args:
        path: the HTML file. Opened in a browser, it needs nothing else.
        searcher: the videos of the split, encoded (``Searcher.of_split``).
        dataset: the feature file that they came from; its thumbnails are shown.
        sentences: what can be searched for.
        films: the folder of the video files, to which the page links; None: no links.
        first: the sentence that is shown first; None: one that is answered well.

    Returns:
        the path.

    Raises:
        ValueError: the model compares a query with vectors that are not clips, or keeps every clip
            of a video and attends the frames with each (MS-SL), which no page has room for; or
            there are no sentences.
    """
    model, rows = searcher.model, searcher.rows.vectors
    if not sentences.text:
        raise ValueError("a page needs a sentence to search for: give at least one")
    if not model.has_clips:
        raise ValueError(f"{type(model).__name__} has no clips to show: a page needs MS-SL++")
    if rows.attended is not None and rows.clips.shape[1] > 2 * model.config.num_units:
        raise ValueError(f"{type(model).__name__} keeps every clip: a page has room for MS-SL++")
    place = _best_films(searcher, sentences)
    videos = dataset.videos_in(split)[place]
    page = {
        "title": dataset.name,
        "alpha": model.config.alpha if rows.attended is not None else 1.0,
        "of": len(searcher),
        "first": first,
        "units": model.config.num_units,
        "films": [_film(dataset, int(video), films) for video in videos],
        "sentences": _sentences(sentences, place),
        **_vectors(searcher, dataset, videos, sentences, place),
    }
    template = resources.files("prvr_lite.lab").joinpath("search_page.html")
    # "<" would end the script element that holds the data, wherever a caption has "</script>"
    data = json.dumps(page, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    text = template.read_text(encoding="utf-8").replace("{{data}}", data)
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return Path(path)


def _best_films(searcher: Searcher, sentences: Sentences) -> list[int]:
    """Returns the rows of the page's films: all, or those that rank best for the sentences."""
    if len(searcher) <= FILMS:
        return list(range(len(searcher)))
    ranking = searcher.rank(sentences.vectors, FILMS)  # rows [Q, k]
    turns = ranking.video.T.reshape(-1).tolist()  # every query's first film, then every second
    return list(dict.fromkeys(turns))[:FILMS]


def _film(dataset: Dataset, video: int, films: str | Path | None) -> dict[str, Any]:
    """Returns what the page shows of a film: id, seconds, thumbnails with their times, a link."""
    shown = video_thumbnails(dataset, video)
    if len(shown) > PICTURES:
        time = np.array([time for time, _ in shown])
        middle = (np.arange(PICTURES) + 0.5) / PICTURES * float(dataset.duration[video])
        nearest = np.abs(time - np.nan_to_num(middle)[:, None]).argmin(1)
        shown = [shown[i] for i in dict.fromkeys(nearest.tolist())]
    seconds = float(dataset.duration[video])
    link = films and (Path(films).absolute() / dataset.video_id[video]).as_uri()
    return {
        "id": dataset.video_id[video],
        "seconds": seconds if math.isfinite(seconds) else None,
        "times": [round(time, 2) for time, _ in shown],
        "pictures": [base64.b64encode(image).decode() for _, image in shown],
        **({"link": link} if link else {}),
    }


def _sentences(sentences: Sentences, place: Sequence[int]) -> list[dict[str, Any]]:
    """Returns every sentence with the films of the page that answer it, and the true moment."""
    row = {video: i for i, video in enumerate(place)}
    entries = []
    for i, text in enumerate(sentences.text):
        right, moment = sentences.right[i], sentences.moment[i]
        one: dict[str, Any] = {"text": text, "right": [row[v] for v in right if v in row]}
        if moment and moment[0] in row:
            one["moment"] = [row[moment[0]], round(moment[1], 2), round(moment[2], 2)]
        entries.append(one)
    return entries


def _vectors(
    searcher: Searcher,
    dataset: Dataset,
    videos: NDArray[np.int64],
    sentences: Sentences,
    place: Sequence[int],
) -> Mapping[str, Any]:
    """Returns queries, units and attended vectors, each quantized, and the rows of the clips."""
    model, rows = searcher.model, searcher.rows.vectors
    reader = InputReader(dataset, model.config, memory=0)
    units = []
    with torch.inference_mode():
        for start in range(0, len(videos), BATCH):
            unit_input = reader.videos(videos[start : start + BATCH])[0].to(model.device)
            units.append(model.encode_units(unit_input).float().cpu())
    encoded = torch.cat(units)  # [V, n, H]
    # One scale per film: a clip's cosine does not change where all units grow alike.
    scaled = encoded / encoded.norm(dim=-1).mean(1)[:, None, None].clamp(min=1e-12)
    some = torch.as_tensor(list(place))
    vectors: dict[str, Any] = {
        "width": encoded.shape[-1],
        "query": _packed(unit_length(sentences.vectors.float().cpu())),
        "unit": _packed(scaled),
        "clips": rows.clip_index[some].tolist(),
    }
    if rows.attended is not None:
        vectors["attended"] = _packed(rows.attended[some].float().cpu())
        # Two clips may be equally good but for rounding, and attend different frames.
        key = searcher.score_vectors(sentences.vectors).key_clip[:, some]  # [Q, V], each below K
        vectors["key"] = _compressed(key.cpu().numpy().astype(np.uint8))
    return vectors


def _packed(vectors: Tensor) -> str:
    """Returns vectors as compressed text: int16 multiples of STEP, all low bytes, then all high."""
    steps: NDArray[np.int16] = np.round(vectors.numpy() / STEP).astype("<i2")
    planes = steps.reshape(-1).view(np.uint8).reshape(-1, 2).T  # [2, numbers]
    return _compressed(planes)


def _compressed(numbers: NDArray[np.uint8]) -> str:
    return base64.b64encode(zlib.compress(numbers.tobytes(), 9)).decode()
