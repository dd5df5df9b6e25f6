"""Reads the captions of a release, and the features of their words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from prvr_lite.files import damaged, open_hdf5
from prvr_lite.paper.bigfile import STORED, Float, check_finite_rows, existing
from prvr_lite.paper.frame_sources import canonical_names, read_table, table_sizes
from prvr_lite.text import canonical_name, read_text


class Caption(NamedTuple):
    """One line of a caption file: ``<video>#enc#<n> <text>``; ids as `canonical_name` has them."""

    id: str
    video: str
    number: int  # n, or -1 where the id has none
    text: str


def read_captions(path: str | os.PathLike[str]) -> list[Caption]:
    """Reads the captions of a file, in the order of the file.

    The id is the text before the first space; the id of its video is the text before the first
    ``#`` (HuiGuanLab/ms-sl-pp, method/data_provider.py).

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line has no id or no text, an id is duplicated, there is no line, or the
            text is not UTF-8.
    """
    path = existing(Path(path), "the captions of a split")
    captions: dict[str, Caption] = {}
    for row, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        name, _, text = line.strip().partition(" ")
        name = canonical_name(name)
        video, _, rest = name.partition("#")
        if not text.strip() or not video:
            problem = f"line {row} is {line[:60]!r}, without " + ("text" if video else "a video")
            raise damaged(path, problem, "write '<video>#enc#<n> <text>'")
        if name in captions:
            problem = f"line {row}: caption '{name}' is duplicated"
            raise damaged(path, problem, "give every caption an id of its own")
        number = rest.rpartition("#")[2]
        place = int(number) if number.isascii() and number.isdigit() else -1
        captions[name] = Caption(name, video, place, text.strip())
    if not captions:
        raise damaged(path, "has no captions", "download it again")
    return list(captions.values())


def write_captions(path: str | os.PathLike[str], captions: Sequence[tuple[str, str]]) -> None:
    """Writes (id, text) pairs, one per line; line breaks in a text become spaces."""
    lines = (f"{name} {' '.join(text.split())}\n" for name, text in captions)
    Path(path).write_text("".join(lines), encoding="utf-8", newline="\n")


class WordFeatures:
    """The words' features of captions: ``roberta_<c>_query_feat.hdf5``, [L, dim] per caption.

    Args:
        path: the file.
        captions: the captions whose features will be asked for, [Q].

    Attributes:
        counts: [Q] words of each caption.
        dim: length of a word's features.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not HDF5, a caption has no features, or its features are not a
            matrix with rows of the common length.
    """

    def __init__(self, path: str | os.PathLike[str], captions: Sequence[str]) -> None:
        self.path = Path(path)
        self._file = open_hdf5(existing(self.path, "the features of the captions' words"))
        if all(map(str.isascii, captions)):
            self._names = list(captions)
        else:
            stored = canonical_names(self.path, self._file)
            self._names = [stored.get(canonical_name(name), name) for name in captions]
        counts, self.dim, self._places = table_sizes(
            self.path, self._file, self._names, "caption", "word"
        )
        self.counts = np.array(counts, dtype=np.int64)
        self._bytes = self.path.open("rb", buffering=0)

    def words(self, query: int) -> Float:
        """Reads a caption's word features by its row, [L, dim]; FileFormatError if not finite."""
        name, place = self._names[query], self._places[query]
        if place is None:
            return read_table(self.path, self._file, name, "caption", "word")
        # plain bytes: read without HDF5 in a fifth of the time
        rows = np.empty((self.counts[query], self.dim), STORED)
        self._bytes.seek(place)
        if self._bytes.readinto(rows.data) != rows.nbytes:
            raise damaged(self.path, f"ends within caption '{name}'", "copy or download it again")
        check_finite_rows(self.path, rows, lambda row: f"caption '{name}', word {row}")
        return rows

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        self._bytes.close()
