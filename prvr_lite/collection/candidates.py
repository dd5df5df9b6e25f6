"""Candidates at clip scale by FAISS: which videos are worth an exact score.

Every clip that an index keeps, a unit vector, is a point; the nearest points of a query, by inner
product, name the videos that are then scored exactly at both scales from the index's own vectors.
So an approximate search can only miss a video, never misjudge one.

- "hnsw": a graph (Malkov and Yashunin, TPAMI 2020) over points of 8 bits a number. H + 8 M bytes a
  clip and a little more; the better candidates.
- "ivfpq": lists around coarse centroids, points as product codes (Jegou et al., TPAMI 2011). H / 8
  + 8 bytes a clip; the smaller one.

FAISS and torch each bring an OpenMP library. On macOS two of them in one process can crash or
hang; there, install both from conda-forge, or set OMP_NUM_THREADS=1. FAISS is imported only when
candidates are built, loaded or searched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prvr_lite.collection.faiss_parts import ADDED, hnsw, import_faiss, ivfpq, points, sample_points
from prvr_lite.files import FileFormatError
from prvr_lite.search.vectors import Shard, new_name

KINDS = ("hnsw", "ivfpq")
FORMAT = "prvr-lite candidates 1"
RECORD = "candidates.json"
FEWEST = 1024  # clips that "ivfpq" needs: fewer make no 256 codes
CLIPS_A_CANDIDATE = 4  # clips asked for at first
MOST = 64  # and at last


@dataclass(frozen=True)
class Covered:
    """A shard that the candidates know: its name, videos and clips a video."""

    name: str
    videos: int
    clips: int


class CandidateIndex:
    """Clips of an index's shards, to find candidate videos by. `build` or `load` makes one."""

    _written: int | None = None  # length of its file

    def __init__(self, kind: str, faiss_index: Any, covered: Sequence[Covered]) -> None:
        self.kind, self.faiss_index, self.covered = kind, faiss_index, tuple(covered)
        ends = accumulate((c.videos * c.clips for c in self.covered), initial=0)
        self._first_clip: NDArray[np.int64] = np.array(list(ends), np.int64)  # of each shard

    @classmethod
    def build(
        cls,
        shards: Sequence[Shard],
        kind: str = "hnsw",
        *,
        links: int = 8,
        effort: int = 40,
        lists: int | None = None,
        seed: int = 0,
    ) -> CandidateIndex:
        """Index the clips of these shards, deleted videos' too, a block at a time.

        Args:
            shards: ``index.shards``.
            kind: "hnsw" or "ivfpq".
            links: M of HNSW, neighbours a clip: more find better and take more memory.
            effort: efConstruction of HNSW: more build better and slower.
            lists: of "ivfpq"; None: 2 sqrt(clips).
            seed: of the sample that centroids are learned from.

        Raises:
            ModuleNotFoundError: FAISS is not installed; names the pip extra.
            ValueError: an unknown kind, or too few clips for it.
        """
        faiss = import_faiss()
        if kind not in KINDS:
            raise ValueError(f"there are no {kind!r} candidates: choose one of {', '.join(KINDS)}")
        covered = [Covered(s.name, s.videos, s.entry.clips.shape[1]) for s in shards]
        count = sum(c.videos * c.clips for c in covered)
        if kind == "ivfpq" and count < FEWEST:
            raise ValueError(
                f"{count} clips are too few for 'ivfpq' ({FEWEST} at least): use 'hnsw'"
            )
        sample = sample_points(shards, count, np.random.default_rng(seed))
        if kind == "hnsw":
            found = hnsw(faiss, sample.shape[1], links, effort)
        else:
            found = ivfpq(
                faiss, sample.shape[1], lists or max(1, round(2 * count**0.5)), len(sample)
            )
        found.train(sample)
        for shard in shards:
            for start in range(0, shard.videos, ADDED):
                found.add(points(shard.entry[start : start + ADDED]))
        return cls(kind, found, covered)

    @property
    def nbytes(self) -> int:
        """Bytes of the FAISS index, as it is written."""
        if self._written is not None:
            return self._written
        return len(import_faiss().serialize_index(self.faiss_index))

    def still_covers(self, shards: Sequence[Shard]) -> bool:
        """Whether the first of these shards are those it was built from; more may have come."""
        names = [shard.name for shard in shards[: len(self.covered)]]
        return names == [c.name for c in self.covered]

    def places(
        self,
        queries: NDArray[np.float32],
        count: int,
        *,
        least: int = 1,
        effort: int | None = None,
    ) -> list[NDArray[np.int64]]:
        """For each query, at most ``count`` videos with the nearest clips, [C, 2] shard and row.

        Args:
            queries: [Q, H] of length 1.
            count: candidates a query: the videos of its CLIPS_A_CANDIDATE x count nearest clips,
                of which several may be of one video; deleted videos may be among them.
            least: ask for more clips, within reason, where these are of fewer videos.
            effort: clips that HNSW looks at (efSearch; never fewer than it returns), lists that
                IVF-PQ looks into (nprobe); None: twice what is returned, and a 16th of the lists.
        """
        total = int(self._first_clip[-1])
        wanted = min(least, sum(c.videos for c in self.covered))
        found: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)] * len(queries)
        short, asked = list(range(len(queries))), CLIPS_A_CANDIDATE * count
        while short:
            for query, clips in zip(short, self._clips(queries[short], asked, effort), strict=True):
                found[query] = self._videos(clips[clips >= 0])[:count]
            short = [query for query in short if len(found[query]) < wanted]
            if asked >= min(total, MOST * count):
                break
            asked *= 4
        return found

    def _clips(
        self, queries: NDArray[np.float32], asked: int, effort: int | None
    ) -> NDArray[np.int64]:
        """The nearest clips of each query, best first, [Q, at most asked]; -1 behind the last."""
        faiss, asked = import_faiss(), min(asked, int(self._first_clip[-1]))
        if self.kind == "hnsw":
            parameters = faiss.SearchParametersHNSW(efSearch=max(asked, effort or 2 * asked))
        else:
            probes = effort or max(8, self.faiss_index.nlist // 16)
            parameters = faiss.SearchParametersIVF(nprobe=probes)
        _, clips = self.faiss_index.search(queries, asked, params=parameters)
        return np.asarray(clips, np.int64)

    def _videos(self, clips: NDArray[np.int64]) -> NDArray[np.int64]:
        """Clips, best first -> their videos, each once and in this order, [C, 2]."""
        shard = np.searchsorted(self._first_clip, clips, side="right") - 1
        size = np.array([c.clips for c in self.covered], np.int64)
        pairs: NDArray[np.int64] = np.stack(
            [shard, (clips - self._first_clip[shard]) // size[shard]], 1
        )
        code = pairs[:, 0] << 40 | pairs[:, 1]
        first: NDArray[np.int64] = np.unique(code, return_index=True)[1]
        return pairs[np.sort(first)]

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write it into the folder of its index, in place of what candidates were there."""
        faiss, where = import_faiss(), Path(folder)
        name = f"candidates-{new_name()}.faiss"
        faiss.write_index(self.faiss_index, str(where / name))
        self._written = (where / name).stat().st_size
        record = {
            "format": FORMAT,
            "kind": self.kind,
            "file": name,
            "bytes": self._written,
            "covered": [asdict(c) for c in self.covered],
        }
        part = where / f".{RECORD}.{os.getpid()}.part"
        part.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(part, where / RECORD)
        for path in where.glob("candidates-*.faiss"):
            if path.name != name:
                path.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> CandidateIndex:
        """Read what :meth:`save` wrote.

        Raises:
            ModuleNotFoundError: FAISS is not installed; names the pip extra.
            FileNotFoundError: the folder has no candidates.
            FileFormatError: damaged ones.
        """
        faiss, path = import_faiss(), Path(folder) / RECORD
        if not path.exists():
            raise FileNotFoundError(
                f"{folder}: has no candidates: prvr-lite index candidates {folder} builds them"
            )
        try:
            record = json.loads(path.read_bytes())
            file = path.with_name(record["file"])
            covered = [Covered(**c) for c in record["covered"]]
            if record["format"] != FORMAT or file.stat().st_size != record["bytes"]:
                raise ValueError(f"{file.name} is another one or cut short")
            found = cls(record["kind"], faiss.read_index(str(file)), covered)
        except Exception as error:  # damaged bytes make FAISS fail in any way it can
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise FileFormatError(
                f"{path}: candidates are damaged ({reason}): build them anew"
            ) from error
        found._written = record["bytes"]
        return found
