"""From films to the feature file: captions, features, PCA, and every column of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from prvr_lite.data.columns import FeatureColumns, FeatureTable, Projection
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features

from .backbones import TEXT_MODEL, VISUAL_MODEL, Floats, TextBackbone
from .features import FilmFeatures, all_features, thumbnails
from .film import render
from .script import FPS, Film, relevant_films

VISUAL_DIM = 112
TEXT_DIM = 72
SPLITS = ("train", "val", "test")
NAME = "Emoji Theatre"
DESCRIPTION = (
    "Little untrimmed films of emoji actors, with captioned moments of very different lengths."
)
LICENSE = "Apache-2.0; pictures drawn with Noto Color Emoji (SIL Open Font License 1.1)"


def unit(rows: Floats) -> Floats:
    """[M, R]: each row divided by its length, as `Projection` does."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / (lengths + 1e-5), np.float32)


def fit_pca(rows: Floats, dim: int) -> tuple[Floats, Floats]:
    """The mean [R] and the ``dim`` directions [R, dim] of largest variance of unit rows [M, R].

    Each direction points to where its largest component is positive: a rebuild never flips one.

    Raises:
        ValueError: fewer rows than directions.
    """
    if len(rows) <= dim:
        raise ValueError(
            f"{len(rows)} train rows can't give {dim} directions; make more train films"
        )
    mean = rows.mean(0, dtype=np.float64)
    centred = rows - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    basis = vectors[:, ::-1][:, :dim]
    largest = np.abs(basis).argmax(0)
    basis = basis * np.sign(basis[largest, np.arange(dim)])
    return mean.astype(np.float32), basis.astype(np.float32)


def _offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def step_table(films: Sequence[Film]) -> tuple[NDArray[np.int64], Floats]:
    """The query row [S] and the span in seconds [S, 2] of every step of an unfolding moment."""
    queries = [(film, query) for film in films for query in film.queries]
    rows: list[int] = []
    spans: list[tuple[float, float]] = []
    for row, (film, query) in enumerate(queries):
        moment = film.moments[query.moment]
        start = moment.start
        for length in moment.lengths if len(moment.lengths) > 1 else ():
            rows.append(row)
            spans.append((start / FPS, (start + length) / FPS))
            start += length
    return np.array(rows, np.int64), np.array(spans, np.float32).reshape(-1, 2)


def relevant_table(films: Sequence[Film]) -> NDArray[np.int64]:
    """[R, 2]: (query row, video row) for every film of the query's split that truly answers it."""
    row_of = {film.id: row for row, film in enumerate(films)}
    pairs: list[tuple[int, int]] = []
    query_row = 0
    for split in SPLITS:
        for answering in relevant_films([film for film in films if film.split == split]):
            pairs += [(query_row, row_of[film.id]) for film in answering]
            query_row += 1
    return np.array(pairs, np.int64).reshape(-1, 2)


def make_table(
    films: Sequence[Film], features: Sequence[FilmFeatures], words: Sequence[Floats], note: str
) -> FeatureTable:
    """All columns of the data set; ``films`` are ordered train, val, test.

    ``features`` belong to the films, ``words`` [L, 384] to their queries in order,
    ``note`` is added to the description.
    """
    queries = [(row, film, query) for row, film in enumerate(films) for query in film.queries]
    spans = [
        (film.moments[query.moment].start, film.moments[query.moment].length)
        for _, film, query in queries
    ]
    splits = {
        split: np.array([row for row, film in enumerate(films) if film.split == split])
        for split in SPLITS
    }
    frame = unit(np.concatenate([film_features.frame for film_features in features]))
    word = unit(np.concatenate(words))
    frame_split = np.repeat([film.split for film in films], [film.length for film in films])
    word_split = np.repeat(
        [film.split for _, film, _ in queries], [len(word_features) for word_features in words]
    )
    projection = Projection(
        *fit_pca(frame[frame_split == "train"], VISUAL_DIM),
        *fit_pca(word[word_split == "train"], TEXT_DIM),
    )
    step_query, step_span = step_table(films)
    return FeatureTable(
        name=NAME,
        description=f"{DESCRIPTION} {note}",
        license=LICENSE,
        visual_model=VISUAL_MODEL,
        text_model=TEXT_MODEL,
        video_id=[film.id for film in films],
        duration=np.array([film.length / FPS for film in films], np.float32),
        frame_offset=_offsets([film.length for film in films]),
        frame=((frame - projection.visual_mean) @ projection.visual_basis).astype(np.float16),
        query_id=[f"{film.id}#{number}" for film in films for number in range(len(film.queries))],
        query_text=[query.text for _, _, query in queries],
        query_video=np.array([row for row, _, _ in queries]),
        moment=np.array(
            [(start / FPS, (start + length) / FPS) for start, length in spans], np.float32
        ),
        word_offset=_offsets([len(word_features) for word_features in words]),
        word=((word - projection.text_mean) @ projection.text_basis).astype(np.float16),
        splits=splits,
        thumbnail=[picture for film_features in features for picture in film_features.thumbnail],
        group=_group_column(films),
        relevant=relevant_table(films),
        step_query=step_query,
        step_span=step_span,
        projection=projection,
    )


def _group_column(films: Sequence[Film]) -> NDArray[np.int64]:
    """[V]: one number for each group of siblings, different in all splits."""
    numbers: dict[tuple[str, int], int] = {}
    return np.array([numbers.setdefault((film.split, film.group), len(numbers)) for film in films])


def build(films: Sequence[Film], out: Path, cache: Path, workers: int, note: str) -> None:
    """Compute what is missing in ``cache``, then write the feature file ``out``."""
    features = list(all_features(films, cache, workers))
    words = TextBackbone()([query.text for film in films for query in film.queries])
    write_features(out, make_table(films, features, words, note))
    megabytes = out.stat().st_size / 1e6
    print(f"{out}: {len(films)} films, {len(words)} queries, {megabytes:.1f} MB")


def redraw(films: Sequence[Film], stored: Path, out: Path) -> None:
    """Write ``out`` as ``stored`` is, but with the films' thumbnails drawn again.

    Raises:
        ValueError: the file holds other films.
    """
    with open_features(stored) as dataset:
        lengths = np.diff(dataset.frame_offset).tolist()
        if [(film.id, film.length) for film in films] != list(
            zip(dataset.video_id, lengths, strict=True)
        ):
            raise ValueError(f"{stored} holds other films than these seeds and numbers make")
        pictures = (thumbnails(film, list(render(film))) for film in tqdm(films, unit="film"))
        columns = {part.name: getattr(dataset, part.name) for part in fields(FeatureColumns)}
        with h5py.File(stored) as file:
            frame, word = file["frames/feature"][:], file["words/feature"][:]
    thumbnail = [picture for film_pictures in pictures for picture in film_pictures]
    write_features(out, FeatureTable(**columns, frame=frame, word=word, thumbnail=thumbnail))
    print(f"{out}: {sum(map(bool, thumbnail))} thumbnails, {out.stat().st_size / 1e6:.1f} MB")
