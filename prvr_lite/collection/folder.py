"""An index on disk: a folder of arrays that are mapped into memory, and a manifest of them.

    manifest.json                 format, model, config, shards, what is deleted, the files' lengths
    weights-….pt                  the model
    text-….npz                    how typed queries get into the model's space (where that is known)
    shard-….clips.npy             [V, K, H] float32, and so on for each tensor of the encoding
    shard-….ids.json              the V ids
    deleted-….npy                 [D, 2] shard and row of deleted videos

A file, once written, never changes, and no name is used twice. What the index holds is what the
manifest says; it is replaced in one go, last. So whatever is killed in the middle leaves the index
as it was, and files that no manifest names, which the next change removes.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray

from prvr_lite.collection.manifest import MANIFEST, Manifest, Record, damaged, read_manifest
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.registry import model_name, restore_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.vectors import Shard, new_name

WEIGHTS = "prvr-lite index weights"
OURS = re.compile(r"(weights|text|shard|deleted)-[0-9a-f]{12}\..*|\..*\.part")
TENSORS = tuple(field.name for field in fields(VideoEncoding))


class IndexFolder:
    """The files of an index. `VideoIndex` is what searches them."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> IndexFolder:
        """Reads the manifest and compares the lengths of all files with it; reads none of them.

        Raises:
            FileNotFoundError: no such folder.
            FileFormatError: no index, or one with a part that is missing, damaged or cut short.
        """
        folder = Path(path)
        if not folder.exists():
            raise FileNotFoundError(f"{folder}: there is no such index")
        if folder.is_dir() and not (folder / MANIFEST).exists():
            raise FileFormatError(
                f"{folder}: has no {MANIFEST}: it is no index, or its saving was interrupted: "
                "save it anew"
            )
        if not folder.is_dir():
            raise FileFormatError(f"{folder}: is a file; an index is a folder: save it anew")
        found = cls(folder, read_manifest(folder / MANIFEST))
        for name, length in found.manifest.files.items():
            found._check_length(name, length)
        return found

    @classmethod
    def start(cls, path: str | os.PathLike[str]) -> IndexFolder:
        """The folder to write to: one with an index as it is, or a new or empty one.

        Raises:
            FileFormatError: something else is there.
        """
        folder = Path(path)
        if (folder / MANIFEST).exists():
            return cls.open(folder)
        if folder.is_file() or (
            folder.is_dir() and any(not OURS.fullmatch(entry.name) for entry in folder.iterdir())
        ):
            raise FileFormatError(f"{folder}: is there already and no index: choose another name")
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, Manifest())

    def commit(self, manifest: Manifest) -> None:
        """Makes this the index, then removes the files that no longer belong to it.

        Raises:
            FileFormatError: another process changed the index in the meantime.
        """
        target = self.path / MANIFEST
        if target.exists() and read_manifest(target).state != self.manifest.state:
            raise FileFormatError(
                f"{self.path}: another process changed this index meanwhile: load it and try again"
            )
        part = self.path / f".{MANIFEST}.{os.getpid()}.part"
        with part.open("wb") as file:
            _flush(file, lambda: file.write(manifest.text()))
        os.replace(part, target)
        self.manifest = manifest
        for entry in self.path.iterdir():
            if OURS.fullmatch(entry.name) and entry.name not in manifest.files:
                with suppress(OSError):  # Windows keeps a file that is mapped: the next change
                    entry.unlink()

    def write_head(self, model: RetrievalModel, text: Record | None) -> Record:
        """The model's weights, and the arrays of the text side."""
        name = f"weights-{new_name()}.pt"
        weights = {k: t.cpu() for k, t in model.state_dict().items()}
        save_record(self.path / name, WEIGHTS, {"weights": weights})
        head = {"model": model_name(model), "config": asdict(model.config), "weights": name}
        files = {name: (self.path / name).stat().st_size}
        if text is not None:
            arrays = {k: v for k, v in text.items() if isinstance(v, np.ndarray)}
            file = f"text-{new_name()}.npz"
            files[file] = self._write(file, lambda stream: np.savez(stream, **arrays))  # type: ignore[arg-type]
            head["text"] = {"file": file, **{k: v for k, v in text.items() if k not in arrays}}
        return {**head, "files": files}

    def write_shard(self, entry: VideoEncoding, ids: Sequence[str]) -> Record:
        """Videos that the index holds as soon as a manifest with this record is committed."""
        name, files = new_name(), {}
        for tensor, values in entry.tensors.items():
            array = values.detach().cpu().numpy()
            file = f"shard-{name}.{tensor}.npy"
            files[file] = self._write(file, partial(np.save, arr=array))
        text = json.dumps(list(ids), ensure_ascii=False).encode()
        file = f"shard-{name}.ids.json"
        files[file] = self._write(file, lambda stream: stream.write(text))
        return {"name": name, "videos": len(entry), "files": files}

    def write_deleted(self, pairs: NDArray[np.int64]) -> Record | None:
        """[D, 2] shard and row of every deleted video."""
        if not len(pairs):
            return None
        file = f"deleted-{new_name()}.npy"
        return {"file": file, "files": {file: self._write(file, partial(np.save, arr=pairs))}}

    def shards(self, records: Iterable[Record] | None = None) -> list[Shard]:
        """The shards of the index, or these; their files are opened at first use."""
        manifest = self.manifest
        found = [
            Shard(r["name"], r["videos"], partial(self._entry, r), partial(self._ids, r))
            for r in (manifest.shards if records is None else records)
        ]
        if records is None and manifest.deleted is not None:
            pairs = self._array(manifest.deleted["file"])  # [D, 2]
            for number in np.unique(pairs[:, 0]).tolist():
                rows = pairs[pairs[:, 0] == number, 1].tolist()
                found[number] = found[number].without(rows)
        return found

    def model(self, device: torch.device) -> RetrievalModel:
        head = self.manifest.head
        assert head is not None
        weights = load_record(self.path / head["weights"], WEIGHTS)["weights"]
        return restore_model(head["model"], head["config"], weights, device)

    def text(self) -> Record | None:
        """The text side as `write_head` got it."""
        told = (self.manifest.head or {}).get("text")
        if told is None:
            return None
        with np.load(self.path / told["file"]) as arrays:
            return {**{k: v for k, v in told.items() if k != "file"}, **arrays}

    def _entry(self, record: Record) -> VideoEncoding:
        names = {t: f"shard-{record['name']}.{t}.npy" for t in TENSORS}
        tensors = {
            t: _tensor(self._array(file, "r")) if file in record["files"] else None
            for t, file in names.items()
        }
        lengths = {t: len(tensor) for t, tensor in tensors.items() if tensor is not None}
        if set(lengths.values()) != {record["videos"]}:
            raise FileFormatError(
                f"{self.path}: shard {record['name']} has {lengths} videos, the manifest says "
                f"{record['videos']}: build the index anew"
            )
        return VideoEncoding(**tensors)  # type: ignore[arg-type]

    def _ids(self, record: Record) -> list[str]:
        path = self.path / f"shard-{record['name']}.ids.json"
        try:
            ids = json.loads(path.read_bytes())
        except ValueError as error:
            raise damaged(path, error) from error
        if not isinstance(ids, list) or len(ids) != record["videos"]:
            raise damaged(path, f"does not hold {record['videos']} ids")
        return ids

    def _array(self, name: str, mode: Any = None) -> NDArray[Any]:
        try:
            return np.load(self.path / name, mmap_mode=mode)  # type: ignore[no-any-return]
        except (ValueError, EOFError) as error:
            raise damaged(self.path / name, error) from error

    def _write(self, name: str, write: Callable[[IO[bytes]], object]) -> int:
        """Writes a file that is on the disk when a manifest names it; its length."""
        with (self.path / name).open("wb") as file:
            _flush(file, lambda: write(file))
            return file.tell()

    def _check_length(self, name: str, length: int) -> None:
        path = self.path / name
        if not path.exists():
            raise FileFormatError(f"{path}: is missing: build the index anew")
        if path.stat().st_size != length:
            found = f"has {path.stat().st_size:,} bytes and should have {length:,}"
            raise damaged(path, found)


def _flush(file: IO[bytes], write: Callable[[], object]) -> None:
    write()
    file.flush()
    os.fsync(file.fileno())


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    with warnings.catch_warnings():  # it is read-only, and nothing here writes to it
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array)
