"""A collection in the database beside an index file, FAISS, and the index folder of version 0.1.

    python -m benchmarks.collection [--clips 1000000] [--old CHECKOUT] [--rounds 20]

**Scale**: 31,250 videos of 32 medoids, 384 numbers each. Their clips are made from real
encodings: an MS-SL++ of full width, trained briefly on the sample films, encodes them; a synthetic
video blends two films and moves away from both along the directions in which encodings differ. A
query starts at a clip and leaves it as the encoded queries of the sample leave their key clips.

**Care** (`collection_care.py`): several writers at once, kills, a thousand appends, opening.

Writes ``collection.csv``, ``collection_care.csv`` and ``collection.png``. ``--old`` is a checkout
of this project at version 0.1.0, which is measured beside. Needs the extras ``scale`` and
``bench``, about 12 GB of free disk and 8 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks import collection_care
from benchmarks.collection_faiss import KINDS, FaissCandidates
from benchmarks.collection_films import MEDOIDS, Films
from benchmarks.measure import RESULTS, Row, extra_mib, options, save, seconds, table
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.search.ranking import Hit
from prvr_lite.search.video_index import VideoIndex

HIDDEN, EPOCHS = 384, 2
QUERIES, ALONE = 100, 20  # searched at once for recall, and one by one for the time of one
CANDIDATES = (50, 200, 800)
K = 10
Ids = list[list[str]]


def ids(hits: Sequence[Sequence[Hit]]) -> Ids:
    return [[hit.video_id for hit in row] for row in hits]


def recall(found: Ids, exact: Ids) -> float:
    """Share of the exact search's first ten that are among the first ten."""
    return float(
        np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, exact, strict=True)])
    )


def searched(search: Callable[[Tensor], Ids], queries: Tensor, exact: Ids | None) -> Row:
    """Recall, and milliseconds of one query alone and of each of many at once."""
    search(queries[:2])  # opens what is not open yet
    start = time.perf_counter()
    found = search(queries)
    batch = time.perf_counter() - start
    alone = [seconds(lambda q=query: search(q[None])) for query in queries[:ALONE]]  # type: ignore[misc]
    return {
        "recall@10": recall(found, found if exact is None else exact),
        "ms_alone": 1000 * float(np.median(alone)),
        "ms_in_batch": 1000 * batch / len(queries),
    }


def query_clips(films: Films, videos: int, seed: int) -> Tensor:
    """Clips of videos from all over the collection, [Q, H]."""
    rng, blocks = np.random.default_rng(seed), []
    for start in np.linspace(0, max(0, videos - 1), 5).astype(int):
        block = films.videos(1 + QUERIES // 5, seed + 1 + int(start) // 512 * 512).clips
        blocks.append(block[: QUERIES // 5, int(rng.integers(MEDOIDS))])
    return torch.cat(blocks)


def measure_scale(clips: int, folder: Path, hidden: int, epochs: int, seed: int) -> list[Row]:
    """Exact searches first, then candidates of the database and of FAISS."""
    films, videos = Films.encode(hidden, epochs), clips // MEDOIDS
    queries = films.queries(query_clips(films, videos, seed), seed)
    record = {"clips": films.clips, "attended": films.attended, "residual": films.residual}
    weights = films.model.state_dict()
    facts = {"weights": weights, "config": asdict(films.model.config), "queries": queries}
    torch.save({**record, **facts, "videos": videos, "seed": seed}, folder / "films.pt")
    collection = VideoCollection.create(folder / "films", films.model)
    size: Row = {"clips": videos * MEDOIDS, "videos": videos, "hidden": hidden}
    written = seconds(lambda: collection._insert(films.rows(videos, seed), False))
    rows = [{"side": "collection, exact", **size, "built_s": written,
             **searched(lambda q: ids(collection.rank(q, K)), queries, None),
             "mib": collection.nbytes / 2**20,
             "peak_mib": extra_mib(_exact_search, folder, False)}]  # fmt: skip
    exact = ids(collection.rank(queries, K))
    show(rows)
    for number in CANDIDATES:
        if collection.unindexed is None:
            built = seconds(collection.build_candidates)
        rows.append({"side": "IVF-SQ", **size, "candidates": number, "built_s": built,
                     **searched(lambda q, n=number: ids(collection.rank(q, K, candidates=n)),  # type: ignore[misc]
                                queries, exact),
                     "mib": index_mib(folder / "films")})  # fmt: skip
        show(rows[-1:])
    return rows + in_memory(collection, folder, queries, exact, size, seed)


def in_memory(
    collection: VideoCollection, folder: Path, queries: Tensor, exact: Ids, size: Row, seed: int
) -> list[Row]:
    """The same videos resident, in one mapped file, and as points of FAISS."""
    collection.resident, file = True, folder / "films.index"
    loaded = seconds(lambda: collection.rank(queries[:1], K))
    rows: list[Row] = [{"side": "collection, resident", **size, "built_s": loaded,
             **searched(lambda q: ids(collection.rank(q, K)), queries, exact)}]  # fmt: skip
    collection.resident, collection._in_memory = False, None
    saved = seconds(lambda: collection.to_index().save(file))
    index = VideoIndex.load(file, device="cpu")
    opened = seconds(lambda: VideoIndex.load(file, device="cpu"))
    rows.append({"side": "index file, exact", **size, "built_s": saved, "open_ms": 1000 * opened,
                 **searched(lambda q: ids(index.hits(index.rank(q, K))), queries, exact),
                 "mib": file.stat().st_size / 2**20})  # fmt: skip
    show(rows)
    for kind in KINDS:
        start = time.perf_counter()
        candidates = FaissCandidates(index, kind, seed)
        built = time.perf_counter() - start
        for number in CANDIDATES:
            search = lambda q, n=number, c=candidates: c.rank(q, K, n)  # noqa: E731
            rows.append({"side": f"FAISS {kind}", **size, "candidates": number, "built_s": built,
                         **searched(search, queries, exact),
                         "mib": candidates.nbytes / 2**20})  # fmt: skip
            show(rows[-1:])
    return rows


def _exact_search(folder: Path, resident: bool) -> Callable[[], object]:
    """For a fresh process, whose memory is looked at."""
    from prvr_lite.collection.database import connect

    connect("memory://")  # the library itself is not counted
    queries = torch.load(folder / "films.pt", weights_only=True)["queries"]
    films = VideoCollection.open(folder / "films", device="cpu", resident=resident)
    return lambda: films.rank(queries[:32], K)


def index_mib(folder: Path) -> float:
    files = (folder / "videos.lance" / "_indices").rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


def old_version(checkout: Path | None, job: str, folder: Path, *inputs: Path) -> Row:
    """What `collection_old.py` finds in another checkout; nothing where there is none."""
    if checkout is None:
        return {}
    script = Path(__file__).with_name("collection_old.py")
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    ended = subprocess.run(
        [sys.executable, str(script), job, str(folder), *map(str, inputs)],
        capture_output=True, text=True, check=True, timeout=900, env=environment, cwd=checkout,
    )  # fmt: skip
    return dict(json.loads(ended.stdout.splitlines()[-1]))


def show(rows: list[Row]) -> None:
    print(table(rows), file=sys.stderr, flush=True)  # minutes go by between them


def draw(rows: list[Row], path: Path) -> None:
    """Recall against bytes and time."""
    from prvr_lite.plots import ModelCost, accuracy_frontier

    costs = [
        ModelCost(
            " ".join(map(str, filter(None, (row["side"], row.get("candidates"))))),
            100 * float(row["recall@10"]),
            float(row["mib"]) * 2**20 / float(row["videos"]),
            float(row["ms_alone"]),
        )
        for row in rows
        if row.get("mib")
    ]
    figure = accuracy_frontier(
        costs,
        ours=None,
        metric="first 10 of an exact search (%)",
        time_label="time of one query alone",
        title=f"{rows[0]['clips']:,} clips: how much of an exact search candidates find",
    )
    figure.savefig(path, dpi=110)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--old", type=Path, help="a checkout at version 0.1.0")
    parser.add_argument(
        "--rounds", type=int, default=20, help="of each storm of processes; 0: none"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, save both CSVs and draw ``collection.png``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add_options)
    clips, hidden, epochs = (3200, 48, 0) if chosen.quick else (chosen.clips, HIDDEN, EPOCHS)
    with tempfile.TemporaryDirectory() as work:
        folder, numbers = Path(work), count()
        rounds = 1 if chosen.quick else chosen.rounds

        def ask(job: str, *inputs: Path) -> Row:
            where = folder / f"old {next(numbers)}" / "films"
            where.parent.mkdir()
            return old_version(chosen.old, job, where, *inputs)

        if rounds:
            save("collection_care", collection_care.rows(folder, rounds, ask, chosen.old), chosen)
        rows = measure_scale(clips, folder, hidden, epochs, chosen.seed)
        if chosen.old is not None:
            size = {name: rows[0][name] for name in ("clips", "videos", "hidden")}
            exact = ask("exact", folder / "films.pt")
            rows.append({"side": "folder of 0.1, exact", **size, "recall@10": 1.0, **exact})
        save("collection", rows, chosen)
        target = chosen.out or (None if chosen.quick else RESULTS)
        if target is not None:
            draw(rows, target / "collection.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
