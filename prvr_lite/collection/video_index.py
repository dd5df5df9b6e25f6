"""Search: encode a collection once, then score any query against it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from prvr_lite.collection.candidates import CandidateIndex
from prvr_lite.collection.changes import (
    check_new,
    identity,
    in_memory,
    text_side,
    tombstones,
    without,
    write_pending,
    write_shards,
)
from prvr_lite.collection.folder import IndexFolder
from prvr_lite.collection.manifest import Manifest, Record
from prvr_lite.data.batches import InputReader
from prvr_lite.data.columns import Projection
from prvr_lite.data.dataset import Dataset
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.search.ranking import Hit, Ranking
from prvr_lite.search.searcher import Searcher, Words
from prvr_lite.search.vectors import Shard, chosen_rows, encoded_shard, make_entry, new_name

Folder: TypeAlias = "str | os.PathLike[str]"


class VideoIndex(Searcher):
    """A searchable collection of videos under one model.

    Because key clip guided attention depends on the clip alone, it is computed for every clip
    when the index is built; a query then costs two tables of inner products, a maximum and a
    gather, whatever the length of the videos.

    An index lives in memory, or in the folder that `load` opened or `build(folder=...)` wrote: its
    vectors are then read from the disk as a search passes by them, and `append`, `merge`, `delete`
    and `compact` change the folder.

    Args:
        shards: its videos, in order.
        folder: where it lives.
        text: how typed queries get into the model's space, see `text_side`.
    """

    def __init__(
        self,
        model: RetrievalModel,
        shards: Sequence[Shard],
        folder: IndexFolder | None = None,
        text: Record | None = None,
    ) -> None:
        super().__init__(model, shards)
        self.candidates: CandidateIndex | None = None
        self.folder, self.text = folder, text

    @property
    def path(self) -> Path:
        """Where the index is, for messages."""
        return self.folder.path if self.folder else Path("the index in memory")

    @property
    def text_model(self) -> str:
        """The network that made the words of the model's queries; "" where that is unknown."""
        return "" if self.text is None else str(self.text["text_model"])

    @property
    def query_dim(self) -> int:
        """Numbers per word feature."""
        return self.model.config.query_dim

    @property
    def projection(self) -> Projection | None:
        """What the words were projected with, where the index knows it."""
        arrays = {k: v for k, v in (self.text or {}).items() if k != "text_model"}
        return Projection(**arrays) if arrays else None

    @classmethod
    def build(
        cls,
        model: RetrievalModel,
        dataset: Dataset,
        split: str = "test",
        *,
        batch_videos: int = 64,
        reader: InputReader | None = None,
        folder: Folder | None = None,
        part: tuple[int, int] | None = None,
    ) -> VideoIndex:
        """Encode the videos of a split, a batch at a time, on the model's device.

        Args:
            reader: reuse the pooled inputs of an earlier call.
            folder: write them there instead of keeping them in memory. An index that is there
                stays until all are encoded; the same call goes on where it was interrupted.
            part: (i, n) takes the i-th of n parts of the split, i from 0, so that n processes can
                encode one each; `merge` joins them.

        Raises:
            ValueError: a split without videos, or features of another size than the model's.
            FileFormatError: the folder holds something else, or a damaged index.
        """
        reader = reader or InputReader(dataset, model.config)
        rows = chosen_rows(dataset, split, part)
        if folder is None:
            shard = encoded_shard(model, reader, rows, batch_videos)
            return cls(model, [shard], text=text_side(dataset))
        where = IndexFolder.start(folder)
        write_pending(where, model, reader, rows, kind="build", batch=batch_videos)
        return cls(model, where.shards(), where, text_side(dataset))

    @classmethod
    def from_encoding(
        cls,
        model: RetrievalModel,
        videos: VideoEncoding,
        video_ids: Sequence[str] | None = None,
    ) -> VideoIndex:
        """An index of videos that are already encoded; ids default to their rows.

        Raises:
            ValueError: not one id a video.
        """
        ids = video_ids if video_ids is not None else [str(v) for v in range(len(videos))]
        with torch.inference_mode():
            return cls(model, [Shard.of(make_entry(videos), ids)])

    def append(
        self,
        dataset: Dataset,
        split: str = "test",
        *,
        batch_videos: int = 64,
        reader: InputReader | None = None,
    ) -> None:
        """Encode the videos of a split and add them behind the others.

        In a folder: all or nothing, and the same call goes on where it was interrupted.

        Raises:
            ValueError: as `build`, or a video whose id the index has already.
        """
        reader = reader or InputReader(dataset, self.model.config)
        rows = chosen_rows(dataset, split)
        check_new(self.shards, [dataset.video_id[v] for v in rows])
        if self.folder is None:
            self._hold([*self.shards, encoded_shard(self.model, reader, rows, batch_videos)])
            return
        write_pending(self.folder, self.model, reader, rows, kind="append", batch=batch_videos)
        self._hold(self.folder.shards())

    def merge(self, others: Iterable[VideoIndex]) -> None:
        """Add the videos of other indices of the same model, in their order; nothing is encoded.

        Raises:
            ValueError: another model, or a video whose id is there already.
        """
        others, own = list(others), identity(self.model)
        for other in others:
            if identity(other.model) != own:
                raise ValueError(
                    f"{other.path}: was made by another model: build it with this one's"
                )
        check_new(self.shards, [video_id for other in others for video_id in other.video_ids])
        added = [shard for other in others for shard in other.shards]
        if self.folder is None:
            self._hold([*self.shards, *added])
            return
        records = (*self.folder.manifest.shards, *write_shards(self.folder, added))
        self.folder.commit(replace(self.folder.manifest, shards=records, state=new_name()))
        self._hold(self.folder.shards())

    def delete(self, video_ids: Sequence[str]) -> None:
        """Take videos out. Their bytes stay until `compact`; rows behind them move up.

        Raises:
            ValueError: an id that the index does not have, or no video would be left.
        """
        shards = without(self.shards, video_ids)
        if self.folder is not None:
            deleted = self.folder.write_deleted(tombstones(shards))
            now = replace(self.folder.manifest, deleted=deleted, state=new_name())
            self.folder.commit(now)
        self._hold(shards)

    def compact(self) -> None:
        """Rewrite the index without what was deleted, in shards of even size; rows stay."""
        if self.folder is None:
            self._hold([in_memory(self.shards)])
            return
        records = tuple(write_shards(self.folder, self.shards))
        now = replace(self.folder.manifest, shards=records, deleted=None, state=new_name())
        self.folder.commit(now)
        self._hold(self.folder.shards())

    def build_candidates(self, kind: str = "hnsw", **options: Any) -> CandidateIndex:
        """Index all clips with FAISS, for ``search(..., candidates=...)``; kept in the folder.

        Deleted videos never come out of them, appended ones are scored besides; after `compact`,
        or to be faster again after many appends, build them anew.

        Args:
            kind: "hnsw" (finds better) or "ivfpq" (smaller); options as `CandidateIndex.build`.

        Raises:
            ModuleNotFoundError: FAISS is not installed; names the pip extra.
            ValueError: an unknown kind, or too few clips for it.
        """
        self.candidates = CandidateIndex.build(self.shards, kind, **options)
        if self.folder is not None:
            self.candidates.save(self.folder.path)
        return self.candidates

    def rank(
        self,
        queries: Tensor,
        k: int = 10,
        *,
        alpha: float | None = None,
        candidates: int | None = None,
    ) -> Ranking:
        """As `Searcher.rank`; with ``candidates``, only so many videos per query are scored.

        FAISS finds them. Videos that were appended after the candidates were built are scored
        besides.

        Raises:
            ValueError: as `Searcher.rank`, fewer candidates than k, or candidates that are not
                there or were built for another index.
        """
        if candidates is None:
            return super().rank(queries, k, alpha=alpha)
        direction, alpha = self._asked(queries, k, alpha)
        if candidates < k:
            raise ValueError(f"candidates={candidates} are fewer than k={k}: ask for more")
        with torch.inference_mode():
            return self._rank_candidates(direction, k, alpha, candidates)

    def search(
        self,
        words: Words,
        k: int = 10,
        *,
        alpha: float | None = None,
        candidates: int | None = None,
    ) -> list[Hit]:
        """As `Searcher.search`; ``candidates`` as in `rank`."""
        ranking = self.rank(self.query(words), k, alpha=alpha, candidates=candidates)
        return self.hits(ranking)[0]

    def _rank_candidates(self, direction: Tensor, k: int, alpha: float, count: int) -> Ranking:
        known = self._known()
        rankings = []
        places = known.places(direction.cpu().float().numpy(), count, least=k)
        for query, pairs in zip(direction, places, strict=True):
            parts = [Ranking.none(1, direction.device)]
            for videos, entry in self._gather(torch.from_numpy(pairs)):
                parts.append(Ranking.of(videos, self._compare(query[None], entry), alpha))
            rankings.append(Ranking.join(parts, dim=1).best(k).padded(k))
        found = Ranking.join(rankings)
        if len(known.covered) == len(self.shards):
            return found
        rest = self._rank_all(direction, k, alpha, len(known.covered))
        return Ranking.join([found, rest], dim=1).best(k)

    def _known(self) -> CandidateIndex:
        """The candidates, checked against the present shards."""
        if self.candidates is None and self.folder is not None:
            self.candidates = CandidateIndex.load(self.folder.path)
        if self.candidates is None:
            raise ValueError("there are no candidates: call index.build_candidates() first")
        if not self.candidates.still_covers(self.shards):
            raise ValueError(
                "the candidates were built before the index was rewritten: build them anew with "
                "index.build_candidates(), or prvr-lite index candidates"
            )
        return self.candidates

    def _gather(self, pairs: Tensor) -> Iterator[tuple[Tensor, VideoEncoding]]:
        """Shards and rows [C, 2] -> rows of the index and vectors of what is alive, by shard."""
        device = self.model.device
        for number in sorted(set(pairs[:, 0].tolist())):
            shard = self.shards[number]
            rows, order = shard.alive(pairs[pairs[:, 0] == number, 1].sort().values)
            if len(rows):
                entry = shard.entry[rows.to(shard.entry.clips.device)]
                yield order + self._starts[number], entry.map(lambda tensor: tensor.to(device))

    def save(self, path: Folder) -> None:
        """Write the index with its model into a folder: loadable without unpickling code.

        An index that is there is replaced in one go; if the saving is killed, it stays.

        Raises:
            FileFormatError: something else is there.
        """
        folder = IndexFolder.start(path)
        head = folder.write_head(self.model, self.text)
        folder.commit(Manifest(head, tuple(write_shards(folder, self.shards))))

    @classmethod
    def load(cls, path: Folder, *, device: str = "auto", resident: bool = False) -> VideoIndex:
        """Open a folder that :meth:`save` or :meth:`build` wrote: milliseconds, whatever its size.

        Args:
            device: where queries are encoded and scored.
            resident: read all vectors onto the device now, instead of a block at a time whenever
                a search passes by; changes then no longer reach the folder.

        Raises:
            FileNotFoundError: no such folder.
            FileFormatError: no index, a damaged or a half-built one.
            ValueError: an unknown device.
        """
        where, folder = choose_device(device), IndexFolder.open(path)
        if folder.manifest.head is None:
            raise FileFormatError(f"{path}: is half built: run the same build again to go on")
        model, shards = folder.model(where), folder.shards()
        if resident:
            return cls(model, [in_memory(shards, where)], text=folder.text())
        return cls(model, shards, folder, folder.text())
