"""Converts a release as the loaders of this field read it: frame by frame, as lists of numbers.

Written from a description of the released reader (HuiGuanLab/ms-sl-pp, utils/basic_utils.py:9-68):
the feature file is opened again for every frame, its numbers become a Python list, and the lists
become an array again. Each video becomes a data set of an HDF5 file, as later releases do it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class NaiveBigFile:
    """Reads rows by id; each row opens the file and makes a list."""

    def __init__(self, folder: Path) -> None:
        self.file = str(folder / "feature.bin")
        self.names = (folder / "id.txt").read_bytes().decode("iso-8859-1").split()
        self.dim = int((folder / "shape.txt").read_text(encoding="utf-8").split()[1])
        self.row = {name: row for row, name in enumerate(self.names)}

    def read_one(self, name: str) -> list[float]:
        numbers = array("f")
        with open(self.file, "rb") as file:
            file.seek(self.row[name] * self.dim * 4)
            numbers.fromfile(file, self.dim)
        return numbers.tolist()


def read_naively(folder: Path, frames: dict[str, list[str]]) -> Iterator[tuple[str, Array]]:
    """Yields each video's features, [T, dim], from the ids of its frames."""
    big = NaiveBigFile(folder)
    for video, names in frames.items():
        yield video, np.array([big.read_one(name) for name in names], dtype=np.float32)


def convert_naively(folder: Path, frames: dict[str, list[str]], out: Path) -> None:
    """Writes the features of all videos into an HDF5 file."""
    with h5py.File(out, "w") as file:
        for video, features in read_naively(folder, frames):
            file[video] = features
