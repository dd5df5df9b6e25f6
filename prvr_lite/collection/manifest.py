"""The manifest of an index on disk: what the index holds is what stands there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prvr_lite.files import FileFormatError
from prvr_lite.search.vectors import new_name

FORMAT, VERSION = "prvr-lite index", 2
MANIFEST = "manifest.json"
# an entry of the manifest; its "files": name -> length of what it stands on
Record = dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """What a folder holds.

    Attributes:
        head: the model: name, config, weights, identity; and the text side.
        shards: in the order of rows.
        deleted: the tombstones, or None.
        pending: a build or append that is not finished: its job, head and shards.
        state: another one after every change.
    """

    head: Record | None = None
    shards: tuple[Record, ...] = ()
    deleted: Record | None = None
    pending: Record | None = None
    state: str = field(default_factory=new_name)

    @property
    def files(self) -> dict[str, int]:
        """Every file that the manifest names, and its length in bytes."""
        pending = self.pending or {"head": None, "shards": []}
        records = [self.head, *self.shards, self.deleted, pending["head"], *pending["shards"]]
        return {k: n for record in records if record for k, n in record["files"].items()}

    def text(self) -> bytes:
        """As `read_manifest` reads it."""
        record = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(record, indent=1).encode()


def read_manifest(path: Path) -> Manifest:
    try:
        record = json.loads(path.read_bytes())
        kind, version = record.pop("format"), record.pop("version")
        if (kind, version) != (FORMAT, VERSION):
            raise FileFormatError(
                f"{path}: is {kind!r} version {version}, expected {FORMAT!r} version {VERSION}: "
                "build the index anew, or update prvr-lite"
            )
        manifest = Manifest(**{**record, "shards": tuple(record["shards"])})
        for shard in manifest.shards:
            assert isinstance(shard["name"], str)
            assert isinstance(shard["videos"], int)
        assert all(isinstance(length, int) for length in manifest.files.values())
    except FileFormatError:
        raise
    except Exception as error:  # any JSON at all may stand there
        raise damaged(path, error) from error
    return manifest


def damaged(path: Path, reason: object) -> FileFormatError:
    return FileFormatError(f"{path}: is damaged or cut short ({reason}): build the index anew")
