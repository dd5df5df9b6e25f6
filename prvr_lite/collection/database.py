"""Calls LanceDB, which no other file does: one table of a collection, and its errors in our words.

What it sees to: a handle reads the newest version; ids stay unique, because every writer merges by
the primary key and nobody ever adds; a second try where a clean-up took away the files of the
version that was being read, or another writer came first.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from prvr_lite.files import FileFormatError, needed

T = TypeVar("T")
KEPT = timedelta(hours=1)  # a version that is older is removed: no reader holds one for so long
TRIES = 10  # of work that meets another change; they wait longer and longer, 5 s in all
SMALL = 32  # files that small appends may leave before they are merged
MERGED = 100_000  # bytes that are merged in the time in which one file is opened
LOOKED_UP = 10_000  # ids in one question


class CollectionError(FileFormatError):
    """A collection that can't be read or changed; the message says where, why and how to fix it."""


class DiskError(CollectionError, OSError):
    """The disk is full, or this user may not read or write there."""


class MissingError(CollectionError, FileNotFoundError):
    """There is no such collection."""


class ExistsError(CollectionError, FileExistsError):
    """Something is there already."""


class ChangedError(CollectionError):
    """Files of the version that was being read are gone, or another writer came first."""


# words of the database's errors, which have no classes of their own: the first that fits counts
MEANINGS: tuple[tuple[str, type[CollectionError], str], ...] = (
    ("os error 28|no space left", DiskError, "the disk is full: free some space and try again"),
    ("os error (13|30)|denied", DiskError, "may not be written by this user: change permissions"),
    ("failed to connect", DiskError, "can't be reached: check the address and the permissions"),
    ("commit conflict", ChangedError, "other processes change it: try again when they are done"),
    ("was not found", MissingError, "there is no such collection: check the path"),
    ("already exists", ExistsError, "is there already: choose another name"),
    ("not found:|no longer exists", ChangedError, "files are missing: restore them, or rebuild it"),
    ("feature flag|newer version", CollectionError, "a newer LanceDB wrote it: update lancedb"),
    ("", CollectionError, "is damaged: run prvr-lite index check, or rebuild it"),
)


def connect(uri: str) -> Any:
    """Connects to a local folder or an object store; LanceDB is imported here.

    Raises:
        ModuleNotFoundError: it is not installed; names the pip extra.
    """
    os.environ.setdefault("LANCEDB_LOG", "error")  # read when it is imported
    with needed("a collection needs LanceDB: pip install 'prvr-lite[scale]'"):
        import lancedb

    return lancedb.connect(uri, read_consistency_interval=timedelta(0))


def calling(uri: str, work: Callable[[], T], tries: int = TRIES) -> T:
    """Returns what ``work`` gives; a database error becomes one line that names ``uri``.

    Work that meets a change of another process is done again.
    """
    for left in reversed(range(tries)):
        try:
            return work()
        except (CollectionError, AttributeError, TypeError, ImportError, MemoryError):
            raise  # ours, or a mistake of the code
        except Exception as error:  # the database raises RuntimeError, ValueError, OSError, panics
            text = re.split(r", (?=/)|\n", str(error))[0][:160]  # without lines of its source
            fits = (m for m in MEANINGS if re.search(m[0], str(error), re.IGNORECASE))
            _, kind, meaning = next(fits)
            if not left or kind is not ChangedError:
                raise kind(f"{uri}: {meaning} ({text})") from error
            time.sleep(random.uniform(0.05, 0.2) * (tries - left))
    raise AssertionError("unreachable")


class VideoTable:
    """One table, read at its newest version whenever it is asked.

    Args:
        uri: a local folder, or the address of an object store.
        name: of the table.

    Raises:
        MissingError: there is none.
    """

    def __init__(self, uri: str | os.PathLike[str], name: str) -> None:
        self.uri = os.fspath(uri)
        if "://" not in self.uri and not Path(self.uri, f"{name}.lance").exists():
            raise MissingError(f"{uri}: there is no such collection: check the path")
        self._table = self._call(lambda: connect(self.uri).open_table(name))

    @classmethod
    def create(cls, uri: str | os.PathLike[str], name: str, content: Any) -> VideoTable:
        """Makes a table of a schema or of rows (`pyarrow`), as a whole or not at all.

        Raises:
            ExistsError: there is one of this name.
        """
        where = os.fspath(uri)
        rows = content if hasattr(content, "num_rows") else content.empty_table()
        calling(where, lambda: connect(where).create_table(name, rows, schema=rows.schema))
        return cls(where, name)

    @classmethod
    def exists(cls, uri: str | os.PathLike[str], name: str) -> bool:
        """Returns whether a table of this name exists."""
        try:
            cls(uri, name)
        except MissingError:
            return False
        return True

    def _call(self, work: Callable[[], T], tries: int = TRIES) -> T:
        return calling(self.uri, work, tries)

    def __len__(self) -> int:
        return int(self._call(lambda: self._table.count_rows()))

    @property
    def schema(self) -> Any:
        return self._table.schema

    @property
    def metadata(self) -> dict[str, str]:
        """Returns what was written when the table was made."""
        pairs = self.schema.metadata or {}
        return {key.decode(): value.decode() for key, value in pairs.items()}

    @property
    def version(self) -> int:
        """Returns a number that every change raises."""
        return int(self._call(lambda: self._table.version))

    @property
    def nbytes(self) -> int:
        """Returns the bytes of the newest version."""
        return int(self._call(lambda: self._table.stats())["total_bytes"])

    def insert(self, batch: Any) -> int:
        """Adds the rows whose ids the table lacks, in one commit; returns how many it added.

        Where two writers insert the same id at the same moment, one of them does. Each commit opens
        all files to look for the ids, so files are merged where that costs less than opening them.
        """
        new = self._table.merge_insert("id").when_not_matched_insert_all().use_index(False)
        inserted = int(self._call(lambda: new.execute(batch)).num_inserted_rows)
        stats = self._call(self._table.stats)
        files = stats["fragment_stats"]["num_small_fragments"]
        if files >= SMALL and MERGED * files**2 >= stats["total_bytes"]:
            with suppress(ChangedError):  # another process is at it
                self._call(lambda: self._table.optimize(cleanup_older_than=KEPT), tries=1)
        return inserted

    def delete(self, ids: Sequence[str]) -> int:
        """Deletes the rows of these ids in one commit, and returns how many it deleted."""
        return int(self._call(lambda: self._table.delete(_among(ids))).num_deleted_rows)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Returns the given ids that the table contains."""
        there = set[str]()
        for start in range(0, len(ids), LOOKED_UP):
            question = self._table.search().where(_among(ids[start : start + LOOKED_UP]))
            there.update(self._call(question.select(["id"]).limit(None).to_arrow)["id"].to_pylist())
        return there

    def scan(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Yields all rows of one version in order, as record batches of at most ``rows``."""
        question = self._table.search().select(list(columns)).limit(None)
        batches = self._call(lambda: question.to_batches(batch_size=rows))
        while (batch := self._call(lambda: next(batches, None), tries=1)) is not None:
            if len(batch):
                yield batch

    def nearest(self, query: Any, count: int, probes: int, columns: Sequence[str]) -> list[Any]:
        """Returns the ``count`` rows with a clip nearest to ``query`` [H], by the index.

        Rows that came after the index was built are compared all the same.
        """
        question = self._table.search(query, vector_column_name="clips").distance_type("cosine")
        question = question.nprobes(probes).limit(count).select([*columns, "_distance"])
        return self._call(question.to_arrow).to_batches()  # type: ignore[no-any-return]

    def build_index(self, partitions: int) -> None:
        """Indexes all clips: lists around centroids, one byte per number (IVF-SQ)."""
        from lancedb.index import IvfSq

        config = IvfSq(distance_type="cosine", num_partitions=partitions)
        self._call(lambda: self._table.create_index("clips", config=config))

    def unindexed(self) -> int | None:
        """Counts the rows that the index does not contain; None if no index exists."""
        names = [index.name for index in self._call(self._table.list_indices)]
        if not names:
            return None
        return int(self._call(lambda: self._table.index_stats(names[0])).num_unindexed_rows)

    def optimise(self) -> None:
        """Merges small files, takes new rows into the index, removes versions older than `KEPT`.

        Twice, because the database removes before it merges.
        """
        for _ in range(2):
            self._call(lambda: self._table.optimize(cleanup_older_than=KEPT))


def _among(ids: Sequence[str]) -> Any:
    """Returns the condition that a row has one of these ids, whatever characters they hold."""
    from lancedb.expr import col

    return col("id").isin(list(ids))
