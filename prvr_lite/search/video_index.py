"""Keeps an index of videos in memory, and in the one file that it is saved to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.device import choose_device
from prvr_lite.files import DiskError, FileFormatError, first_line, load_record, save_record
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.check_rows import check_rows
from prvr_lite.search.model_record import WithModel, model_record, restore_record, text_side
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.vectors import VideoRows, make_entry

FORMAT = "prvr-lite index 3"
VERIFIED = 256 << 20  # bytes of a file whose values are checked whenever it is loaded
COLLECTION = "prvr_lite.collection.VideoCollection"
REMOVED = {  # what the index of 0.1 had -> what a collection has instead
    "append": "append",
    "merge": "append",
    "delete": "delete",
    "compact": "optimise",
    "build_candidates": "build_candidates",
    "folder": "build, and VideoIndex has save",
    "part": "build(rank=i, size=n)",
    "candidates": "search(candidates=n)",
}


def gone(name: str) -> str:
    """Says what to call instead of something that the index of 0.1 had."""
    return f"VideoIndex has no {name!r}: {COLLECTION} has {REMOVED.get(name, 'more')}"


class VideoIndex(Searcher, WithModel):
    """A searchable collection of videos under one model; it does not change.

    Because key clip guided attention depends on the clip alone, it is computed for every clip
    when the index is built; a query then costs two tables of inner products, a maximum and a
    gather, whatever the length of the videos. A collection that grows is a
    `prvr_lite.collection.VideoCollection`.

    Args:
        rows: its videos, in order.
        text: how typed queries get into the model's space, see `text_side`.
    """

    def __init__(
        self, model: RetrievalModel, rows: VideoRows, text: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(model, rows)
        self.text = text

    @classmethod
    def build(
        cls,
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        batch_videos: int = 64,
        reader: InputReader | None = None,
        **removed: Any,
    ) -> VideoIndex:
        """Encodes the videos of a split, a batch at a time, on the model's device.

        Args:
            reader: reuse the pooled inputs of an earlier call.

        Raises:
            ValueError: a split without videos, or features of another size than the model's.
        """
        for name in removed:
            raise TypeError(gone(name))
        index = cls.of_split(model, dataset, split, batch_videos=batch_videos, reader=reader)
        index.text = text_side(dataset)
        return index

    @classmethod
    def from_encoding(
        cls, model: RetrievalModel, videos: VideoEncoding, video_ids: Sequence[str] | None = None
    ) -> VideoIndex:
        """Returns an index of videos that are encoded already; ids default to their rows.

        Hits don't say when; with durations they do: ``VideoIndex(model, encoding_rows(...))``.

        Raises:
            ValueError: not one id per video, or vectors that are not finite.
        """
        ids = [str(v) for v in range(len(videos))] if video_ids is None else video_ids
        return cls(model, encoding_rows(videos, ids))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the index with its model into one file, which is loaded without unpickling code.

        An index that is there is replaced in one go; if the saving is killed, it stays.

        Raises:
            FileFormatError: something else is there, or a program still maps the old file.
            ValueError: there is no video, or a vector that is zero or not finite.
        """
        target, rows = Path(path), self.rows
        if target.is_dir():
            raise FileFormatError(f"{path}: is a folder: choose another name")
        if target.exists():
            load_record(target, FORMAT, mmap=True, verify=False)  # something else stays
        if not len(rows):
            raise ValueError(f"{path}: there is no video to save: build the index of some first")
        check_rows(rows, self.model.config.hidden_dim)
        ids = np.frombuffer(json.dumps(rows.ids).encode(), np.uint8)
        record = {
            **model_record(self.model, self.text),
            "ids": torch.from_numpy(ids.copy()),
            "duration": rows.duration,
            "frames": rows.frames,
            "vectors": {name: t.cpu() for name, t in rows.vectors.tensors.items()},
        }
        try:
            save_record(target, FORMAT, record)
        except DiskError as error:
            if not (target.exists() and isinstance(error.__cause__, PermissionError)):
                raise
            raise FileFormatError(  # Windows keeps a file that is mapped
                f"{path}: can't be replaced ({error.__cause__.strerror}): close the program "
                "that has the file open, or save under another name"
            ) from error

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        resident: bool = False,
        verify: bool | None = None,
    ) -> VideoIndex:
        """Maps a file that :meth:`save` wrote, so that a big one opens in milliseconds.

        Header, sizes and metadata are always checked.

        Args:
            device: where queries are encoded and scored.
            resident: read all vectors onto the device now, instead of a block at a time whenever
                a search passes by.
            verify: check all values too (checksums, vectors that are zero or not finite); None:
                where the file has less than 256 MB.

        Raises:
            FileNotFoundError: no such file.
            FileFormatError: not an index, a damaged one, or one of an older version.
            ValueError: an unknown device.
        """
        where, file = choose_device(device), Path(path)
        if file.is_dir():
            refuse_folder(file)
        verify = file.stat().st_size < VERIFIED if verify is None else verify
        record = load_record(file, FORMAT, mmap=True, verify=verify)
        try:
            rows = _rows(record)
            model, text = restore_record(record, where)
            if verify:
                check_rows(rows, model.config.hidden_dim)
        except Exception as error:  # any tensors at all may stand there
            problem = f"{path}: is damaged ({first_line(error)}): save it again"
            raise FileFormatError(problem) from error
        return cls(model, rows.to(where) if resident else rows, text)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(gone(name))


def _rows(record: dict[str, Any]) -> VideoRows:
    """Returns the videos of a file, whose sizes fit each other and the model."""
    ids = json.loads(record["ids"].numpy().tobytes())
    vectors = VideoEncoding(**record["vectors"])
    _, K, _ = vectors.clips.shape
    shapes = {"clips": [len(ids), K, record["config"]["hidden_dim"]], "clip_index": [len(ids), K]}
    for name, tensor in vectors.tensors.items():
        right = shapes.get(name, [len(ids), *tensor.shape[1:]])
        if list(tensor.shape) != right or (tensor.dim() == 3 and tensor.dtype != torch.float32):
            raise ValueError(
                f"{name} are {tensor.dtype} {list(tensor.shape)}, expected {right}, "
                "vectors in float32"
            )
    for name in ("duration", "frames"):
        if len(record[name]) != len(ids):
            raise ValueError(f"{len(record[name])} values of {name} for {len(ids)} videos")
    return VideoRows(ids, record["duration"], record["frames"], vectors)


def refuse_folder(folder: Path) -> NoReturn:
    """Raises FileFormatError: says what the folder is, and how to open it or to build it again."""
    kind = "is a folder: an index is one file"
    if (folder / "videos.lance").exists():
        kind = f"is a collection: open it with {COLLECTION}.open"
    if (folder / "manifest.json").exists():
        kind = "is an index folder of prvr-lite 0.1: build it again with prvr-lite index build"
    raise FileFormatError(f"{folder}: {kind}")


def encoding_rows(
    videos: VideoEncoding, ids: Sequence[str], duration: Any = None, frames: Any = None
) -> VideoRows:
    """Returns rows of videos that are encoded already.

    Without durations and frame counts hits don't say when.

    Raises:
        ValueError: not one id, duration or frame count per video, or an encoding that is not
            finite.
    """
    count = len(videos)
    seconds = torch.full((count,), torch.nan) if duration is None else torch.as_tensor(duration)
    frame_count = torch.zeros(count) if frames is None else torch.as_tensor(frames)
    for name, values in (("ids", ids), ("durations", seconds), ("frame counts", frame_count)):
        if len(values) != count:
            raise ValueError(f"{len(values)} {name} for {count} encoded videos: give one each")
    with torch.inference_mode():
        vectors = make_entry(videos, ids)
    return VideoRows(list(ids), seconds.double(), frame_count.int(), vectors)
