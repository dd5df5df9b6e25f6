"""Checks that a feature file has the columns it should have, and that their values make sense.

The same checks run on a table before it is written and on a file when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from torch import Tensor

from prvr_lite.data.columns import COLUMNS, SPLITS, WHOLE_GROUPS, Array, fault

# Annotators round times: ActivityNet Captions has moments that end 0.01 s after their video.
TIME_TOLERANCE = 0.5  # s

_IS_KIND: dict[str, Callable[[np.dtype[Any]], bool]] = {
    "text": lambda dtype: dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None,
    "integers": lambda dtype: dtype.kind in "iu",
    "floats": lambda dtype: dtype.kind == "f",
    "float16 or float32": lambda dtype: dtype.kind == "f" and dtype.itemsize in (2, 4),
    "variable-length bytes": lambda dtype: h5py.check_vlen_dtype(dtype) == np.uint8,
}


def check_structure(path: Path, columns: Mapping[str, Any]) -> None:
    """Checks that all columns are there, with the right kind and shape; reads no values.

    Raises:
        FeatureFileError: a column is missing, or has the wrong kind or shape; names the first.
    """
    present = {name.split("/")[0] for name in columns}
    sizes: dict[str, int] = {}
    for name, column in COLUMNS.items():
        if name in columns:
            stored = columns[name]
            if not _IS_KIND[column.kind](stored.dtype):
                raise fault(path, name, f"holds {stored.dtype}", f"store {column.kind}")
            _check_shape(path, name, stored.shape or (), column.shape, sizes)
        elif not column.optional:
            raise fault(path, name, "is missing", "write the file again with this column")
        elif (group := name.split("/")[0]) in WHOLE_GROUPS and group in present:
            fix = f"write it, or leave out the whole group '{group}'"
            raise fault(path, name, f"is missing although '{group}' has other columns", fix)
    if "splits" not in present:
        problem = "is missing, as are val and test"
        raise fault(path, "splits/train", problem, "write at least one split")
    for name in columns:
        if name.startswith("splits/") and name not in COLUMNS:
            raise fault(path, name, "is not a known split", f"name it one of {', '.join(SPLITS)}")


def _check_shape(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    expected: tuple[str | int, ...],
    sizes: dict[str, int],
) -> None:
    symbols = "[" + ", ".join(map(str, expected)) + "]"
    if len(shape) != len(expected):
        raise fault(path, name, f"has shape {list(shape)}, not {symbols}", f"store it as {symbols}")
    for axis, (length, symbol) in enumerate(zip(shape, expected, strict=True)):
        if isinstance(symbol, int):
            needed = symbol
        elif symbol.endswith("+1"):
            needed = sizes[symbol[:-2]] + 1
        else:
            needed = sizes.setdefault(symbol, length)
        if length != needed:
            problem = f"has shape {list(shape)}, but axis {axis} of {symbols} must be {needed} long"
            row = min(length, needed) if axis == 0 else None  # the first row too many or missing
            raise fault(path, name, problem, "write all columns from the same table", row)
        # a file without queries is allowed: videos without captions can be searched, too
        if length == 0 and symbol in ("V", "Dv", "Dw", "Rv", "Rw"):
            fix = "store at least one video, and features with at least one number"
            raise fault(path, name, "is empty", fix)


def check_values(path: Path, values: Mapping[str, Array], ids: Mapping[str, list[str]]) -> None:
    """Checks the values of every column except the big ones, of which it uses the shape only.

    Raises:
        FeatureFileError: a value is wrong; names the first.
    """
    for name in ("videos/id", "queries/id"):
        _check_ids(path, name, ids[name])
    num_videos, num_queries = len(ids["videos/id"]), len(ids["queries/id"])
    _check_offsets(path, values, "videos/frame_offset", "frames/feature", "video", "frame")
    _check_offsets(path, values, "queries/word_offset", "words/feature", "query", "word")
    duration, video = values["videos/duration"], values["queries/video"]
    wrong = np.isinf(duration) | (duration <= 0)
    fix = "give seconds above 0, or NaN where it is unknown"
    _refuse(path, "videos/duration", duration, wrong, "is not a duration", fix)
    _check_rows(path, "queries/video", video, num_videos, "videos")
    _check_spans(path, "queries/moment", values["queries/moment"], duration[video], unknown=True)
    _check_splits(path, values, num_videos)
    if "relevant/query" in values:
        _check_relevant(path, values, num_videos, num_queries)
    if "steps/query" in values:
        _check_steps(path, values, duration, num_queries)
    for name in (name for name in values if name.startswith("projection/")):
        check_finite(path, name, values[name])


def _refuse(path: Path, column: str, values: Array, bad: Array, problem: str, fix: str) -> None:
    """Raises an error for the first row where `bad` is true, and shows its value."""
    if bad.any():
        row = int(bad.argmax())
        raise fault(path, column, f"{values[row].tolist()} {problem}", fix, row)


def check_finite(path: Path, column: str, values: Array, first: int = 0, whose: str = "") -> None:
    """Refuses NaN and infinity; `first` is the row of values[0], `whose` names their owner."""
    finite = np.isfinite(values)
    if not finite.all():
        row = first + int((~finite.reshape(len(values), -1).all(1)).argmax())
        fix = "compute this feature again, or leave its item out"
        raise fault(path, column, f"holds NaN or infinity{whose}", fix, row)


def _check_ids(path: Path, column: str, ids: list[str]) -> None:
    if len(set(ids)) == len(ids) and "" not in ids:
        return
    seen: dict[str, int] = {}
    for row, name in enumerate(ids):
        if not name or name in seen:
            problem = f"id '{name}' is also in row {seen[name]}" if name else "the id is empty"
            raise fault(path, column, problem, "give every row an id of its own", row)
        seen[name] = row


def _check_offsets(
    path: Path, values: Mapping[str, Array], column: str, feature: str, owner: str, item: str
) -> None:
    """Checks that offsets start at 0, give each owner at least one item, and end with the items."""
    offset, total = values[column], values[feature].shape[0]
    if offset[0] != 0:
        fix = f"start at 0, the row of the first {item}"
        raise fault(path, column, f"starts at {offset[0]}", fix, 0)
    wrong = offset[1:] <= offset[:-1]  # a difference of huge numbers would not say so
    if wrong.any():
        row = int(wrong.argmax())
        verb = "goes back" if offset[row + 1] < offset[row] else "stays"
        problem = f"{verb} from {offset[row]} to {offset[row + 1]}: {owner} {row} has no {item}"
        raise fault(path, column, problem, f"every {owner} needs at least one {item}", row + 1)
    if offset[-1] != total:
        problem = f"ends at {offset[-1]}, but '{feature}' has {total} rows"
        fix = f"let it end with the number of {item}s"
        raise fault(path, column, problem, fix, len(offset) - 1)


def _check_rows(path: Path, column: str, rows: Array, limit: int, of: str) -> None:
    outside = (rows < 0) | (rows >= limit)
    fix = f"give a row from 0 to {limit - 1}"
    _refuse(path, column, rows, outside, f"is outside the {limit} {of}", fix)


def _check_spans(
    path: Path, column: str, span: Array, duration: Array, unknown: bool = False
) -> None:
    """Checks times in s: start <= end, and both within the video where its length is known."""
    start, end = span[:, 0], span[:, 1]
    known = ~(np.isnan(start) & np.isnan(end) & unknown)
    fix = "give both times in seconds" + (", or NaN for both" if unknown else "")
    _refuse(path, column, span, known & ~np.isfinite(start + end), "is not finite", fix)
    _refuse(path, column, span, known & (start > end), "starts after it ends", "swap the times")
    outside = (start < 0) | (end > duration + TIME_TOLERANCE)  # NaN duration: nothing to compare
    if (known & outside).any():
        row = int((known & outside).argmax())
        problem = f"{span[row].tolist()} s is not inside its video of {duration[row]:g} s"
        raise fault(path, column, problem, "cut the times to the video", row)


def _check_splits(path: Path, values: Mapping[str, Array], num_videos: int) -> None:
    owner = np.full(num_videos, -1)
    present = [split for split in SPLITS if f"splits/{split}" in values]
    for index, split in enumerate(present):
        column, rows = f"splits/{split}", values[f"splits/{split}"]
        _check_rows(path, column, rows, num_videos, "videos")
        again = np.ones(len(rows), bool)
        again[np.unique(rows, return_index=True)[1]] = False
        _refuse(path, column, rows, again, "is listed twice", "list every video once")
        taken = owner[rows] >= 0
        if taken.any():
            row = int(taken.argmax())
            problem = f"video {rows[row]} is also in split '{present[owner[rows[row]]]}'"
            raise fault(path, column, problem, "keep every video in one split only", row)
        owner[rows] = index


def _check_relevant(
    path: Path, values: Mapping[str, Array], num_videos: int, num_queries: int
) -> None:
    query, video = values["relevant/query"], values["relevant/video"]
    _check_rows(path, "relevant/query", query, num_queries, "queries")
    _check_rows(path, "relevant/video", video, num_videos, "videos")
    query_video = values["queries/video"]
    listed = np.zeros(num_queries, bool)
    listed[query[query_video[query] == video]] = True
    problem = "is not listed in 'relevant' for this query"
    fix = "list each query with its own video too"
    _refuse(path, "queries/video", query_video, ~listed, problem, fix)


def _check_steps(
    path: Path, values: Mapping[str, Array], duration: Array, num_queries: int
) -> None:
    query, span = values["steps/query"], values["steps/span"]
    _check_rows(path, "steps/query", query, num_queries, "queries")
    back = np.zeros(len(query), bool)
    back[1:] = np.diff(query) < 0
    _refuse(path, "steps/query", query, back, "comes after a later query", "sort by query")
    back[1:] = (np.diff(query) == 0) & (np.diff(span[:, 0]) < 0)
    _refuse(path, "steps/span", span, back, "starts before the step above it", "sort by time")
    _check_spans(path, "steps/span", span, duration[values["queries/video"][query]])


def all_finite(rows: Array) -> bool:
    """Returns whether all numbers are finite: neither NaN nor infinite."""
    # A sum is NaN or infinite if a summand is, and needs no table of booleans; only where finite
    # numbers add up to more than float32 holds do the numbers themselves have to be looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.sum(rows)) or np.isfinite(rows).all())


def check_encoded(vectors: Tensor, what: str, names: Sequence[str] = ()) -> Tensor:
    """Returns encoded videos or queries, [V, ...]; one that is not finite would spoil every rank.

    Args:
        what: "video" or "query", for the message.
        names: an id for each; where there are none, the message gives the row.

    Raises:
        ValueError: a vector with a number that is NaN or infinite.
    """
    if not vectors.isfinite().all():
        row = int((~vectors.flatten(1).isfinite()).any(1).nonzero()[0])
        name = repr(names[row]) if names else row
        raise ValueError(
            f"{what} {name}: its encoding is not finite: check its features, and the weights of "
            "the model"
        )
    return vectors
