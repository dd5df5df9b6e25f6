"""A million clips: exact search from disk, FAISS candidates with exact scores, bytes and memory.

    python -m benchmarks.index_scale [--clips 1000000]

31,250 videos of 32 medoids, 384 numbers each. Their clips are made from real encodings: an MS-SL++
of full width, trained briefly on the sample films, encodes them; a synthetic video blends two films
and moves away from both along the directions in which encodings differ. A query starts at a clip
and leaves it as the encoded queries of the sample leave their key clips.

Writes ``index_scale.csv`` and ``index_scale.png``. Needs the extra ``scale``, about 5 GB of free
disk and 4 GB of memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.index_films import MEDOIDS, Films, write
from benchmarks.measure import RESULTS, STATUS, Row, options, save, seconds, table
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.search.ranking import Ranking

HIDDEN, EPOCHS = 384, 2
QUERIES, ALONE = 100, 20  # searched at once for recall, and one by one for the time of one
CANDIDATES = (100, 200, 800)
KINDS = ("hnsw", "ivfpq")
DEPTHS = (1, 10, 100)


def some_clips(index: VideoIndex, count: int, seed: int) -> Tensor:
    """Clips of videos from all over the index, [Q, H]."""
    rng = np.random.default_rng(seed)
    clips = []
    for video in rng.integers(len(index), size=count).tolist():
        shard, row = index._place(video)
        clips.append(shard.entry.clips[row, int(rng.integers(MEDOIDS))])
    return torch.stack(clips)


def recall(ranking: Ranking, exact: Ranking, depth: int) -> float:
    """Share of the exact search's first ``depth`` videos that are among the first ``depth``."""
    pairs = zip(ranking.video[:, :depth].tolist(), exact.video[:, :depth].tolist(), strict=True)
    depth = min(depth, exact.video.shape[1])
    return float(np.mean([len(set(a) & set(b)) / depth for a, b in pairs]))


def searched(index: VideoIndex, queries: Tensor, exact: Ranking | None, count: int | None) -> Row:
    """Recall, and the time of one query alone and of many at once."""
    k = min(DEPTHS[-1], len(index))
    index.rank(queries[:2], k, candidates=count)  # maps what is not mapped yet
    start = time.perf_counter()
    ranking = index.rank(queries, k, candidates=count)
    batch = time.perf_counter() - start
    alone = [
        seconds(lambda q=query: index.rank(q[None], k, candidates=count))  # type: ignore[misc]
        for query in queries[:ALONE]
    ]
    reference = ranking if exact is None else exact
    return {
        "candidates": len(index) if count is None else count,
        **{f"recall@{d}": recall(ranking, reference, d) for d in DEPTHS},
        "ms_alone": 1000 * float(np.median(alone)),
        "ms_in_batch": 1000 * batch / len(queries),
        "queries_a_second": len(queries) / batch,
    }


def measure(
    clips: int, folder: Path, hidden: int, epochs: int, chosen: argparse.Namespace
) -> list[Row]:
    """Exact search first, then each kind of candidates."""
    films = Films.encode(hidden, epochs)
    videos = clips // MEDOIDS
    written = seconds(lambda: write(films, videos, folder, chosen.seed))
    opened = seconds(lambda: VideoIndex.load(folder, device="cpu"))
    index = VideoIndex.load(folder, device="cpu")
    queries = films.queries(some_clips(index, QUERIES, chosen.seed), chosen.seed)
    size: Row = {"clips": videos * MEDOIDS, "videos": videos, "hidden": hidden}
    exact = index.rank(queries, min(DEPTHS[-1], videos))
    row = searched(index, queries, None, None)
    memory = peak_mib(folder, queries, None)
    rows = [{"side": "exact", **size, **row, "bytes": index.nbytes, "build_seconds": written,
             "open_ms": 1000 * opened, "peak_mib": memory}]  # fmt: skip
    print(table(rows), file=sys.stderr, flush=True)
    for kind in KINDS:
        built = seconds(lambda kind=kind: index.build_candidates(kind))  # type: ignore[misc]
        assert index.candidates is not None
        taken = index.candidates.nbytes
        for count in CANDIDATES:
            if count <= videos:
                row = searched(index, queries, exact, count)
                peak = peak_mib(folder, queries, count) if count == CANDIDATES[1] else ""
                rows.append({"side": kind, **size, **row, "bytes": taken, "build_seconds": built,
                             "peak_mib": peak})  # fmt: skip
                print(table(rows[-1:]), file=sys.stderr, flush=True)  # minutes go by between them
    return rows


def peak_mib(folder: Path, queries: Tensor, candidates: int | None) -> float:
    """Memory in MiB that a fresh process takes to search, mapped files not counted.

    The system can take back pages of a mapped file at any time, so the rest is counted (Linux:
    RssAnon, read every few milliseconds; NaN elsewhere). Libraries are loaded before.
    """
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pool:
        arguments = (folder, queries[:32], candidates, torch.get_num_threads())
        return pool.submit(_rise, *arguments).result() / 2**20


def _rise(folder: Path, queries: Tensor, candidates: int | None, threads: int) -> float:
    torch.set_num_threads(threads)
    torch.randn(300, 300) @ torch.randn(300, 300)
    if candidates is not None:
        import faiss  # noqa: F401
    before, peak, done = _anonymous(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], _anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    index = VideoIndex.load(folder, device="cpu")
    index.rank(queries, min(10, len(index)), candidates=candidates)
    done.set()
    watcher.join()
    return peak[0] - before


def _anonymous() -> float:
    """Bytes of this process's memory that don't belong to a mapped file."""
    if not STATUS.exists():
        return float("nan")
    lines = STATUS.read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) * 1024


def draw(rows: list[Row], path: Path) -> None:
    """Recall against bytes and time."""
    from prvr_lite.plots import ModelCost, accuracy_frontier

    names = {"exact": "exact", "hnsw": "HNSW {}", "ivfpq": "IVF-PQ {}"}
    costs = [
        ModelCost(
            names[str(row["side"])].format(row["candidates"]),
            100 * float(row["recall@100"]),
            float(row["bytes"]) / float(row["videos"]),
            float(row["ms_alone"]),
        )
        for row in rows
    ]
    figure = accuracy_frontier(
        costs,
        ours=None,
        metric="first 100 of an exact search (%)",
        time_label="time of one query alone",
        title=f"{rows[0]['clips']:,} clips: how much of an exact search FAISS candidates find",
    )
    figure.savefig(path, dpi=110)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, save ``index_scale.csv`` and draw ``index_scale.png``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--clips", type=int, default=1_000_000)
    given, others = parser.parse_known_args(argv)
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", others)
    clips, hidden, epochs = (3200, 48, 0) if chosen.quick else (given.clips, HIDDEN, EPOCHS)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(clips, Path(folder) / "films.index", hidden, epochs, chosen)
    save("index_scale", rows, chosen)
    target = chosen.out or (None if chosen.quick else RESULTS)
    if target is not None:
        draw(rows, target / "index_scale.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
