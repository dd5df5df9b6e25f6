"""Declares the columns of a feature file, each once, as a field of `FeatureTable`.

A field says which name the column has inside the HDF5 file ("videos/id", "queries/moment", …), what
kind of values it holds, and in which shape. `COLUMNS` lists the columns by these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from prvr_lite.files import FileFormatError, fault_text

Array = NDArray[Any]
Kind = Literal["text", "integers", "floats", "float16 or float32", "variable-length bytes"]
FORMAT, VERSION = "prvr-lite features", 1
SPLITS = ("train", "val", "test")


class FeatureFileError(FileFormatError):
    """A feature file has a fault; the message names file, column and row, and how to fix it."""


def fault(
    path: Path, column: str, problem: str, fix: str, row: int | None = None
) -> FeatureFileError:
    """Returns the error that names file, column and row, what is wrong there, and how to fix it."""
    where = column if column.startswith("attribute") else f"column '{column}'"
    where += "" if row is None else f", row {row}"
    return FeatureFileError(fault_text(path, f"{where}: {problem}", fix))


@dataclass(frozen=True)
class Column:
    """What a column holds. A letter in `shape` stands for a length that several columns share."""

    kind: Kind
    shape: tuple[str | int, ...]
    optional: bool = False


def column(name: str, kind: Kind, *shape: str | int) -> dict[str, Column]:
    """Returns what declares a field as a column; optional if its default is None (`declared`)."""
    return {name: Column(kind, shape)}


def declared(record: type[Any]) -> dict[str, Column]:
    """Returns the columns that the fields of a record declare, by their names inside the file."""
    return {
        name: replace(declaration, optional=True) if part.default is None else declaration
        for part in fields(record)
        for name, declaration in part.metadata.items()
    }


@dataclass(frozen=True)
class Projection:
    """How a raw feature x becomes a stored one: (x / (|x| + 1e-5) - mean) @ basis.

    Attributes:
        visual_mean: [Rv] float32, Rv = length of the raw visual feature.
        visual_basis: [Rv, Dv] float32.
        text_mean: [Rw] float32, Rw = length of the raw word feature.
        text_basis: [Rw, Dw] float32.
    """

    visual_mean: Array = field(metadata=column("projection/visual_mean", "floats", "Rv"))
    visual_basis: Array = field(metadata=column("projection/visual_basis", "floats", "Rv", "Dv"))
    text_mean: Array = field(metadata=column("projection/text_mean", "floats", "Rw"))
    text_basis: Array = field(metadata=column("projection/text_basis", "floats", "Rw", "Dw"))


@dataclass(kw_only=True, eq=False)
class FeatureColumns:
    """The names of a data set, and the columns that are read when its file is opened.

    V videos have F frames in all, Q queries have W words in all. Times are in seconds.

    Attributes:
        name, description, license: of the data set.
        visual_model, text_model: names of the models that computed the features.
        video_id: V ids, all different.
        duration: [V], NaN where unknown.
        frame_offset: [V+1]; video v has the rows frame_offset[v] up to frame_offset[v+1] of the
            frames.
        group: [V] sibling group of each video (videos with one number are alike).
        query_id: Q ids, all different.
        query_text: Q captions.
        query_video: [Q] row of the video that each query is about.
        moment: [Q, 2] start and end, NaN where unknown.
        word_offset: [Q+1]; query q has the rows word_offset[q] up to word_offset[q+1] of the words.
        relevant: [R, 2] (query row, video row): every video that truly answers a query.
        step_query: [S] query row of each step of an unfolding moment, ordered by query.
        step_span: [S, 2] start and end of each step, ordered by time within a query.
        splits: "train", "val" or "test" -> rows of videos.
        projection: how features of new videos and typed queries are brought into this space.
    """

    name: str
    description: str
    license: str
    visual_model: str
    text_model: str
    video_id: list[str] = field(metadata=column("videos/id", "text", "V"))
    duration: Array = field(metadata=column("videos/duration", "floats", "V"))
    frame_offset: Array = field(metadata=column("videos/frame_offset", "integers", "V+1"))
    group: Array | None = field(default=None, metadata=column("videos/group", "integers", "V"))
    query_id: list[str] = field(metadata=column("queries/id", "text", "Q"))
    query_text: list[str] = field(metadata=column("queries/text", "text", "Q"))
    query_video: Array = field(metadata=column("queries/video", "integers", "Q"))
    moment: Array = field(metadata=column("queries/moment", "floats", "Q", 2))
    word_offset: Array = field(metadata=column("queries/word_offset", "integers", "Q+1"))
    relevant: Array | None = field(
        default=None,
        metadata=column("relevant/query", "integers", "R")
        | column("relevant/video", "integers", "R"),
    )
    step_query: Array | None = field(default=None, metadata=column("steps/query", "integers", "S"))
    step_span: Array | None = field(default=None, metadata=column("steps/span", "floats", "S", 2))
    splits: dict[str, Array] = field(
        metadata={f"splits/{split}": Column("integers", (split,), True) for split in SPLITS}
    )
    projection: Projection | None = field(default=None, metadata=declared(Projection))


@dataclass(kw_only=True)
class FeatureTable(FeatureColumns):
    """A whole data set in memory, ready for `write_features`.

    Attributes:
        frame: [F, Dv] float16 or float32.
        word: [W, Dw] float16 or float32.
        thumbnail: one small JPEG or WebP picture per frame; b"" for a frame without.

    The other fields are those of `FeatureColumns`: name, description, license, visual_model,
    text_model, video_id, duration, frame_offset, query_id, query_text, query_video, moment,
    word_offset and splits; and, where they are known, group, relevant, step_query, step_span and
    projection.
    """

    frame: Array = field(metadata=column("frames/feature", "float16 or float32", "F", "Dv"))
    word: Array = field(metadata=column("words/feature", "float16 or float32", "W", "Dw"))
    thumbnail: list[bytes] | None = field(
        default=None, metadata=column("frames/thumbnail", "variable-length bytes", "F")
    )


GROUPS = ("videos", "frames", "queries", "words", "relevant", "steps", "splits", "projection")
WHOLE_GROUPS = ("relevant", "steps", "projection")  # all of their columns or none
ATTRIBUTES = tuple(part.name for part in fields(FeatureColumns) if not part.metadata)
# In the order of writing and checking: the first column with a letter sets the letter's length.
COLUMNS: Mapping[str, Column] = dict(
    sorted(declared(FeatureTable).items(), key=lambda item: GROUPS.index(item[0].split("/")[0]))
)
# not read when a file is opened
BIG = tuple(name for name in declared(FeatureTable) if name not in declared(FeatureColumns))
