"""What a collection bears: writers at once, kills, many appends; how quickly it opens.

Each row: what was done, what the index folder of version 0.1 made of it, what a collection does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks import collection_storm as storm
from benchmarks.code_lines import code_lines
from benchmarks.measure import Row, seconds
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.search.video_index import VideoIndex

ROOT = Path(__file__).resolve().parents[1]
OLD = "retrieval index_entry index_manifest index_folder index_updates index_faiss faiss_parts"
SHOWN = (10, 400, 1000)
Ask = Callable[..., dict[str, Any]]


def rows(folder: Path, rounds: int, ask: Ask, old: Path | None) -> list[Row]:
    """All rows; ``ask`` runs a job of `collection_old.py`; without ``old`` it gives {}."""
    found = [lines_of_code(old), *appends(folder, ask, SHOWN if rounds > 1 else (3, 10))]
    with storm.processes(4) as pool:
        lost = storm_rounds(folder / "deletes", rounds, storm.deletes_beside_others, pool, 60)
        before = [ask("deletes") for _ in range(min(rounds, 6))]
        destroyed = sum(bool(result.get("destroyed")) for result in before)
        asked = f"destroyed in {destroyed} of {len(before)}" if old else ""
        found.append(row(f"two writers of 60 deletes, a reader, a compaction: {rounds} times",
                         asked, lost))  # fmt: skip
        count = 5 * rounds // 2 or 1
        lost = storm_rounds(folder / "same", count, storm.same_ids_twice, pool, 200)
        found.append(row(f"two writers add the same 200 ids: {count} times", "", lost))
    kills = [(kind, seed) for seed in range(max(1, rounds // 2)) for kind in storm.KINDS]
    lost = [
        line
        for kind, seed in kills
        for line in storm.killed(folder / "kills" / f"{kind}{seed}" / "films", kind, seed)
    ]
    found.append(row(f"{len(kills)} kills in append, optimise, candidates", "", lost))
    return [*found, opening(folder), same_scores(folder)]


def row(what: str, old: object, new: object) -> Row:
    if isinstance(new, list):
        new = "nothing lost, nothing twice, no error" if not new else f"{len(new)}: {new[0][:90]}"
    return {"what": what, "old": str(old), "new": str(new)}


def storm_rounds(folder: Path, rounds: int, work: Callable[..., list[str]], *how: Any) -> list[str]:
    pool, count = how
    return [line for r in range(rounds) for line in work(pool, folder / str(r) / "films", count)]


def lines_of_code(old: Path | None) -> Row:
    package = ROOT / "prvr_lite"
    new = [*(package / "collection").glob("*.py"), package / "search" / "video_index.py"]
    before = [] if old is None else [old / "prvr_lite" / f"{name}.py" for name in OLD.split()]
    count = code_lines(before) if before else ""
    return row("lines of code of hand-written storage, without docstrings", count, code_lines(new))


def appends(folder: Path, ask: Ask, shown: tuple[int, ...]) -> list[Row]:
    """Milliseconds of the n-th append of one video: the median of five around it."""
    films, times = storm.make(folder / "appends" / "films", 100), list[float]()
    for number in range(shown[-1] + 3):
        one = storm.random_videos([f"new {number}"], number)
        times.append(1000 * seconds(lambda one=one: films.append(one)))  # type: ignore[misc]
    before = ask("appends")
    found = []
    for n in shown:
        died = f"never: {before['died']}" if before.get("died") else ""
        old = f"{before[str(n)]:.1f} ms" if str(n) in before else died
        new = f"{statistics.median(times[n - 3 : n + 2]):.1f} ms"
        found.append(row(f"append of one video, the {n:,}th", old, new))
    return found


def opening(folder: Path) -> Row:
    storm.make(folder / "open" / "films", 2000)
    times = [
        seconds(lambda: VideoCollection.open(folder / "open" / "films", device="cpu"))
        for _ in range(5)
    ]
    return row("opening, after the database is imported", "", f"{statistics.median(times):.3f} s")


def same_scores(folder: Path) -> Row:
    """Largest difference to an index of the same videos, after append, delete and optimise."""
    films = storm.make(folder / "scores" / "films", 600)
    films.append(storm.random_videos([f"more {v}" for v in range(200)], 9))
    films.delete([str(v) for v in range(0, 600, 3)])
    films.optimise()
    films.build_candidates()
    films.append(storm.random_videos([f"last {v}" for v in range(20)], 4))
    index: VideoIndex = films.to_index()
    queries = torch.randn(20, storm.CONFIG.hidden_dim)
    right = [
        {hit.video_id: hit.score for hit in hits} for hits in index.hits(index.rank(queries, 999))
    ]
    apart = 0.0
    for how in ({}, {"candidates": 900}):
        for hits, scores in zip(films.rank(queries, 10, **how), right, strict=True):
            assert [hit.video_id for hit in hits] == list(scores)[:10]
            apart = max([apart, *(abs(hit.score - scores[hit.video_id]) for hit in hits)])
    return row("scores, largest difference to VideoIndex", "", f"{apart:.1e}")
