"""Says what a row of a collection holds; turns encoded videos into rows and back.

    id          string, the primary key
    duration    seconds; null where it is unknown
    frames      number of frames; 0 where it is unknown
    clip_index  [K] which of the N clips each vector is (`clip_spans`), which tells its span
    clips       [K, H] float32 of length 1
    attended    [K, H] float32 of length 1; more or fewer in some models, none in others
    digest      CRC-32 of all of these, so that damage is noticed

K may differ from row to row: only real clips are stored.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.utils.dlpack import from_dlpack

from prvr_lite.model.records import VideoEncoding
from prvr_lite.search.vectors import VideoRows, join_rows

LISTS = ("clip_index", "clips", "attended")
COLUMNS = ("id", "duration", "frames", *LISTS)  # and the digest


def make_schema(hidden: int, metadata: Mapping[str, str]) -> Any:
    """Returns the columns of the table; ``hidden`` is H."""
    import pyarrow as pa

    def required(name: str, kind: Any, **more: Any) -> Any:
        return pa.field(name, kind, nullable=False, **more)

    vector = pa.list_(pa.field("item", pa.float32()), hidden)
    key = {"lance-schema:unenforced-primary-key": "true"}
    columns = [
        required("id", pa.string(), metadata=key),
        pa.field("duration", pa.float64()),
        required("frames", pa.int32()),
        required("clip_index", pa.list_(required("item", pa.int32()))),
        required("clips", pa.list_(required("item", vector))),
        required("attended", pa.list_(required("item", vector))),
        required("digest", pa.int64()),
    ]
    return pa.schema(columns, metadata=dict(metadata))


def to_batch(rows: VideoRows, schema: Any) -> Any:
    """Returns videos as a record batch of the table."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "id": rows.ids,
        "duration": pa.array(rows.duration.numpy(), from_pandas=True),  # NaN: null
        "frames": rows.frames.numpy(),
    }
    for name in LISTS:
        tensor, kind = getattr(rows.vectors, name), schema.field(name).type
        tensor = rows.vectors.clips[:, :0] if tensor is None else tensor
        mask = rows.vectors.clip_mask
        if mask is None or mask.shape != tensor.shape[:2]:  # all are real
            mask = torch.ones(tensor.shape[:2], dtype=torch.bool, device=tensor.device)
        values = pa.array(tensor[mask].flatten().cpu().numpy())
        if name == "clip_index":
            values = values.cast(pa.int32())
        else:
            values = pa.FixedSizeListArray.from_arrays(values, type=kind.value_type)
        ends = torch.nn.functional.pad(mask.sum(1).cumsum(0), (1, 0)).int().cpu().numpy()
        columns[name] = pa.ListArray.from_arrays(ends, values, type=kind)
    batch = pa.record_batch({**columns, "digest": [0] * len(rows)}, schema=schema)
    digest = pa.array(digests(batch), pa.int64())
    return batch.set_column(len(columns), schema.field("digest"), digest)


def from_batch(batch: Any) -> VideoRows:
    """Returns a record batch as videos; their vectors are read-only memory of the database."""
    clip_index, clips, attended = (_padded(batch[name]) for name in LISTS)
    return VideoRows(
        batch["id"].to_pylist(),
        torch.from_numpy(np.array(batch["duration"].fill_null(float("nan")))),
        torch.from_numpy(np.array(batch["frames"])),
        VideoEncoding(clips, clip_index.long(), attended=attended),
    )


def _padded(column: Any) -> Any:
    """Returns a column as [V, K, H] or [V, K]; None where all lists are empty.

    Shorter lists repeat their last item, which leaves every maximum unchanged.
    """
    numbers, width = _numbers(column)
    if not len(numbers):
        return None
    values = from_dlpack(numbers).view(-1, *width)
    lengths = torch.from_numpy(np.array(column.value_lengths())).long()[:, None]  # [V, 1]
    longest = int(lengths.max())
    if int(lengths.min()) == longest:
        return values.view(len(column), longest, *width)
    place = torch.minimum(torch.arange(longest), lengths - 1)  # [V, K]
    return values[lengths.cumsum(0) - lengths + place]


def _numbers(column: Any) -> tuple[Any, list[int]]:
    """Returns the numbers in all lists of these rows, and [H] where lists hold vectors."""
    items = column.flatten()
    vectors = hasattr(items.type, "list_size")
    return (items.flatten(), [items.type.list_size]) if vectors else (items, [])


def digests(batch: Any) -> list[int]:
    """Returns the CRC-32 of each row of a record batch."""
    facts = zip(*(batch[name].to_pylist() for name in COLUMNS[:3]), strict=True)
    checksums = [zlib.crc32(repr(fact).encode()) for fact in facts]
    for name in LISTS:
        numbers, width = _numbers(batch[name])
        content = numbers.to_numpy().view(np.uint8)
        ends = np.cumsum([0, *batch[name].value_lengths().to_pylist()]) * 4 * math.prod(width)
        for row, (start, stop) in enumerate(pairwise(ends)):
            checksums[row] = zlib.crc32(content[start:stop], checksums[row])
    return checksums


def without_ids(rows: VideoRows, ids: Container[str]) -> VideoRows:
    """Returns the videos whose ids are not among ``ids``."""
    kept = [row for row, video_id in enumerate(rows.ids) if video_id not in ids]
    place = torch.tensor(kept, dtype=torch.long)
    names = [rows.ids[row] for row in kept]
    return VideoRows(names, rows.duration[place], rows.frames[place], rows.vectors[place])


def gather_rows(blocks: Iterable[VideoRows], count: int) -> Iterator[VideoRows]:
    """Yields the same videos in blocks of ``count`` or a few more; the last one may be smaller."""
    waiting: list[VideoRows] = []
    for block in blocks:
        waiting += [block] if len(block) else []
        if sum(map(len, waiting)) >= count:
            yield join_rows(waiting)
            waiting = []
    if waiting:
        yield join_rows(waiting)
