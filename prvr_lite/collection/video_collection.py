"""Keeps a collection of videos that grows: says what is in it, changes it, searches it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from prvr_lite.collection.database import ChangedError, CollectionError, ExistsError, VideoTable
from prvr_lite.collection.rows import (
    COLUMNS,
    digests,
    from_batch,
    gather_rows,
    to_batch,
    without_ids,
)
from prvr_lite.collection.tables import MODEL, Uri, open_tables, publish, start_videos
from prvr_lite.data.batches import InputReader
from prvr_lite.data.checks import check_encoded
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.fingerprint import fingerprint
from prvr_lite.device import choose_device
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.best_hits import best_hits
from prvr_lite.search.check_rows import check_rows
from prvr_lite.search.model_record import WithModel, model_digest, text_side
from prvr_lite.search.ranking import Hit
from prvr_lite.search.searcher import Words, check_ranking, query_vector
from prvr_lite.search.vectors import VideoRows, chosen_rows, encode_rows, join_rows
from prvr_lite.search.video_index import VideoIndex

T = TypeVar("T")
COMMIT = 256  # videos that are added in one commit: 25 MB at the released sizes
SCANNED = 6 << 20  # bytes that a scan reads at a time: they stay in the caches
CLIPS_PER_LIST = 5000  # of the candidates' index
RESIDENT = 1024  # videos in memory scored at a time
PROBES = 40  # lists that a search for candidates looks into


class VideoCollection(WithModel):
    """Videos under one model in a database: many processes may add, delete and search at once.

    The address of a video is its id, any text. A row holds its duration, number of frames, clips,
    attended frames and a digest. The model that encoded the videos lives beside them, and encodes
    every query. `create`, `build` or `open` makes one.

    Attributes:
        uri: where it is. model: encodes queries. text: how typed queries get into its space.
        resident: whether vectors are kept on the model's device for speed; they are read again
            after every change of the collection.
    """

    def __init__(
        self, table: VideoTable, model: RetrievalModel, text: Any, resident: bool = False
    ) -> None:
        self._table, self.model, self.text = table, model.eval(), text
        self.uri, self.resident = table.uri, resident
        self._in_memory: tuple[int, VideoRows] | None = None

    @classmethod
    def create(cls, uri: Uri, model: RetrievalModel, text: Any = None) -> VideoCollection:
        """Makes a new and empty collection.

        Args:
            uri: a folder that does not exist or is empty, or the address of an object store,
                "s3://…", whose credentials are in the usual variables of the environment.
            model: encodes its videos and queries.
            text: what `text_side` tells of a data set; None: typed sentences can't be searched.

        Raises:
            ExistsError: something is there.
        """
        films = cls(start_videos(uri, model, ""), model, text)
        publish(uri, model, text)
        return films

    @classmethod
    def build(
        cls,
        uri: Uri,
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        rank: int = 0,
        size: int = 1,
        batch_videos: int = 64,
    ) -> dict[int, int]:
        """Encodes a split into a new collection, which appears when the last video is there.

        ``size`` processes may share the work, each with another ``rank``: all append to one table,
        and the last to end publishes it. Whatever was killed is started again with the same
        arguments, and passes over what is there. A build that is published stays as it is.

        Returns:
            For each process how many of its videos are not there yet; empty: it is published.

        Raises:
            ExistsError: something else is there, or an unfinished build of another model or data.
            ValueError: a split without videos.
        """
        videos = chosen_rows(dataset, split)
        names = [dataset.video_id[video] for video in videos]
        job = hashlib.sha256("\0".join([fingerprint(dataset), *names]).encode())
        films = cls(start_videos(uri, model, job.hexdigest()[:16]), model, text_side(dataset))
        if VideoTable.exists(uri, MODEL):
            return {}
        films._encode(dataset, np.array_split(videos, size)[rank], True, batch_videos)
        shares = enumerate(np.array_split(np.array(names, object), size))
        left = {process: len(ids) - len(films._table.known(list(ids))) for process, ids in shares}
        if not any(left.values()):
            with suppress(ExistsError):  # another process was as far at the same moment
                publish(uri, model, films.text)
        return {process: count for process, count in left.items() if count}

    @classmethod
    def open(cls, uri: Uri, *, device: str = "auto", resident: bool = False) -> VideoCollection:
        """Opens the collection at ``uri``.

        Args:
            device: where queries are encoded and scored.
            resident: keep all vectors on that device; else they are read as a search passes by.

        Raises:
            MissingError: there is none.
            CollectionError: one that is half built, damaged, or not ours.
            ValueError: an unknown device.
        """
        return cls(*open_tables(uri, choose_device(device)), resident)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def video_ids(self) -> list[str]:
        """Returns all ids, in the order in which they came."""
        return [v for batch in self._table.scan(["id"], 1 << 16) for v in batch["id"].to_pylist()]

    @property
    def nbytes(self) -> int:
        """Returns the bytes of its newest version."""
        return self._table.nbytes

    @property
    def unindexed(self) -> int | None:
        """Counts the videos that the index of candidates lacks; None if no such index was built."""
        return self._table.unindexed()

    def append(
        self,
        source: Dataset | VideoCollection | VideoRows,
        split: str = "test",
        *,
        skip: bool = False,
        batch_videos: int = 64,
    ) -> int:
        """Adds videos, 256 in one commit, and returns how many were added.

        Args:
            source: a data set, whose ``split`` is encoded; another collection of the same model;
                or videos that this model has encoded (`encoding_rows`).
            skip: pass over videos that are there already, for instance to go on where an append
                was interrupted; by default they are refused before anything is added.

        Raises:
            ValueError: an id that is there, or is duplicated among them; a vector that is zero,
                not finite or of another width; a collection of another model.
        """
        if isinstance(source, Dataset):
            return self._encode(source, chosen_rows(source, split), skip, batch_videos)
        if isinstance(source, VideoRows):
            return self._insert([without_ids(source, self._known(source.ids, skip))], skip)
        if source._table.metadata["model"] != self._table.metadata["model"]:
            raise ValueError(f"{source.uri}: was made by another model: build it with this one")
        known = self._known(source.video_ids, skip)
        return self._insert((without_ids(rows, known) for rows in source._rows()), skip)

    def _encode(self, dataset: Dataset, videos: Any, skip: bool, batch_videos: int) -> int:
        known = self._known([dataset.video_id[video] for video in videos], skip)
        new = [video for video in videos if dataset.video_id[video] not in known]
        reader = InputReader(dataset, self.model.config, memory=0)
        return self._insert(encode_rows(self.model, reader, new, batch_videos), skip)

    def _known(self, ids: Sequence[str], skip: bool) -> set[str]:
        """Returns the given ids that the collection contains; without ``skip`` one is an error."""
        known = self._table.known(ids)
        if known and not skip:
            raise ValueError(
                f"{self.uri} has a video {min(known)!r} already ({len(known):,} of these "
                f"{len(ids):,}): delete it first, or skip what is there"
            )
        return known

    def _insert(self, blocks: Iterable[VideoRows], skip: bool) -> int:
        """Adds rows, `COMMIT` at a time, and returns how many were added."""
        added = 0
        for rows in gather_rows(blocks, COMMIT):
            check_rows(rows, self.model.config.hidden_dim)
            inserted = self._table.insert(to_batch(rows, self._table.schema))
            added += inserted
            if inserted < len(rows) and not skip:
                raise ValueError(
                    f"{self.uri}: another process added {len(rows) - inserted} of the videos "
                    f"{rows.ids[0]!r} to {rows.ids[-1]!r} meanwhile; the others are in now"
                )
        return added

    def delete(self, video_ids: Sequence[str]) -> int:
        """Deletes videos, all in one commit, and returns how many it deleted.

        Raises:
            ValueError: an id that the collection does not have; nothing is deleted then.
        """
        missing = set(video_ids) - self._table.known(video_ids)
        if missing:
            raise ValueError(f"{self.uri} has no video {min(missing)!r}: nothing was deleted")
        return self._table.delete(video_ids)

    def optimise(self) -> None:
        """Merges small files, gives deleted bytes back, takes new videos into the candidates.

        Versions older than an hour are removed; whoever reads one of them opens the newest one.
        One process at a time is enough.
        """
        self._table.optimise()

    def build_candidates(self) -> None:
        """Indexes all clips, for ``search(..., candidates=...)``.

        Videos that are added later are compared besides, until `optimise` takes them in.

        Raises:
            ValueError: an empty collection.
        """
        first = next(self._table.scan(["clip_index"], 1), None)
        if first is None:
            raise ValueError(f"{self.uri}: is empty: append videos first")
        clips = len(self) * len(first["clip_index"][0])
        self._table.build_index(max(1, round(clips / CLIPS_PER_LIST)))

    def check(self) -> int:
        """Compares every row with its digest, and returns the number of rows.

        Raises:
            CollectionError: damaged rows, which are named, or an id that is duplicated.
        """
        seen, damaged = set[str](), list[str]()
        for batch in self._batches("digest"):
            stored = batch["digest"].to_pylist()
            ids = batch["id"].to_pylist()
            for video_id, digest, right in zip(ids, digests(batch), stored, strict=True):
                damaged += [video_id] if digest != right or video_id in seen else []
                seen.add(video_id)
        if damaged:
            raise CollectionError(
                f"{self.uri}: {len(damaged)} of {len(seen)} videos are damaged ({damaged[0]!r} "
                "first): delete them and append them again"
            )
        if model_digest(self.model) != self._table.metadata["model"]:
            raise CollectionError(f"{self.uri}: its model is damaged: rebuild the collection")
        return len(seen)

    def _batches(self, *more: str) -> Iterator[Any]:
        """Yields all rows in the order in which they came, `SCANNED` bytes at a time."""
        size = max(1, min(COMMIT, SCANNED * len(self) // max(1, self.nbytes)))
        return self._table.scan([*COLUMNS, *more], size)

    def _rows(self) -> Iterator[VideoRows]:
        return map(from_batch, self._batches())

    def _blocks(self) -> Iterator[VideoRows]:
        """Yields all videos of the newest version, from the table or from memory."""
        if not self.resident or not len(self):
            return self._rows()
        version = self._table.version
        if self._in_memory is None or self._in_memory[0] != version:
            self._in_memory = version, join_rows(list(self._rows())).to(self.model.device)
        return self._in_memory[1].blocks(RESIDENT)

    def to_index(self) -> VideoIndex:
        """Returns all videos as an index in memory.

        Raises:
            ValueError: an empty collection.
        """
        if not (blocks := _again(lambda: list(self._rows()))):
            raise ValueError(f"{self.uri}: is empty: append videos first")
        return VideoIndex(self.model, join_rows(blocks), self.text)

    def search(
        self,
        words: Words,
        k: int = 10,
        *,
        alpha: float | None = None,
        candidates: int | None = None,
    ) -> list[Hit]:
        """Returns the ``k`` best videos for one query.

        Args:
            words: [L, Dw] its word features (``dataset.words(query)``), or [H] an encoded query.
            alpha: weight of the clip scale, 0..1; None: the model's.
            candidates: score only so many videos, which the index of `build_candidates` finds;
                None: all.

        Raises:
            ValueError: a query of another shape, or as `rank`.
        """
        query = query_vector(self.model, words)
        return self.rank(query, k, alpha=alpha, candidates=candidates)[0]

    def rank(
        self,
        queries: Tensor,
        k: int = 10,
        *,
        alpha: float | None = None,
        candidates: int | None = None,
    ) -> list[list[Hit]]:
        """Returns the ``k`` best videos for each encoded query [Q, H]; ties in the order of ids.

        All videos pass by once for all queries, in bounded memory, unless ``candidates`` are asked
        for. ``Hit.video`` is -1: rows of a collection have no numbers.

        Raises:
            ValueError: k below 1, alpha outside 0..1, a query that is zero or not finite, fewer
                candidates than k, or none built.
        """
        alpha = self.model.config.alpha if alpha is None else alpha
        check_ranking(k, alpha)
        direction = unit_length(check_encoded(queries, "query").to(self.model.device))  # [Q, H]
        if not bool((direction.norm(dim=1) > 0).all()):
            raise ValueError("a query is zero: nothing is nearest to it")

        def best(blocks: Iterable[VideoRows], some: Tensor) -> list[list[Hit]]:
            return best_hits(self.model, blocks, some, k, alpha)

        if candidates is None:
            return _again(lambda: best(self._blocks(), direction))
        if candidates < k:
            raise ValueError(f"candidates={candidates} are fewer than k={k}: ask for more")
        if self.unindexed is None:
            raise ValueError(f"{self.uri}: has no candidates: call build_candidates() first")
        vectors = direction.cpu().float().numpy()
        near = (self._table.nearest(v, candidates, PROBES, COLUMNS) for v in vectors)
        return [
            best(map(from_batch, rows), query[None])[0]
            for rows, query in zip(near, direction, strict=True)
        ]


def _again(work: Callable[[], T]) -> T:
    """Begins work that reads much again, once, where the collection changed under it."""
    try:
        return work()
    except ChangedError:
        return work()
