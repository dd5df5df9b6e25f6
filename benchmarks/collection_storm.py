"""Several processes at one collection: deletes beside a reader, equal ids, kills.

Each function below is the work of one process or of one round; ``benchmarks.collection`` counts
rounds, and the tests run a few.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch

from prvr_lite.collection.database import connect
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.config import ModelConfig
from prvr_lite.model.records import VideoEncoding
from prvr_lite.model.registry import build_model
from prvr_lite.search.vectors import VideoRows
from prvr_lite.search.video_index import encoding_rows

CONFIG = ModelConfig(
    8, 8, hidden_dim=16, num_heads=2, num_units=4, max_frames=4, max_words=4, num_clusters=4
)
KINDS = ("append", "optimise", "candidates")  # what is killed


def random_videos(ids: Sequence[str], seed: int) -> VideoRows:
    """Random videos of the small model."""
    count = len(ids)
    draw = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, count, 4, CONFIG.hidden_dim, generator=draw)
    places = torch.arange(4).expand(count, -1).contiguous()
    frames, mask = vectors[0, :, :1], torch.ones(count, 1, dtype=torch.bool)
    return encoding_rows(VideoEncoding(vectors[0], places, frames, mask, attended=vectors[1]), ids)


def make(folder: Path, videos: int, seed: int = 0) -> VideoCollection:
    """A collection with the ids "0", "1", …"""
    films = VideoCollection.create(folder, build_model("mssl++", CONFIG))
    films.append(random_videos([str(v) for v in range(videos)], seed))
    return films


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes, not forked: the database does not bear it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        list(pool.map(_ready, range(4 * count)))
        yield pool


def _ready(_: int) -> None:
    torch.set_num_threads(1)
    connect("memory://")
    time.sleep(0.2)  # so that each process takes one of these


def delete(folder: Path, ids: Sequence[str], start: float) -> list[str]:
    """Delete videos one by one; what went wrong."""
    films, wrong = VideoCollection.open(folder, device="cpu"), []
    time.sleep(max(0.0, start - time.time()))
    for video_id in ids:
        try:
            films.delete([video_id])
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    return wrong


def optimise(folder: Path, start: float, stop: float) -> list[str]:
    films, wrong = VideoCollection.open(folder, device="cpu"), []
    time.sleep(max(0.0, start - time.time()))
    while time.time() < stop and not (folder.with_name("stop")).exists():
        try:
            films.optimise()
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    return wrong


def read(folder: Path, start: float, stop: float) -> tuple[int, list[str]]:
    """Search again and again; how often, and what went wrong."""
    films, wrong, searches = VideoCollection.open(folder, device="cpu"), [], 0
    time.sleep(max(0.0, start - time.time()))
    while time.time() < stop and not (folder.with_name("stop")).exists():
        try:
            (hits,) = films.rank(torch.randn(1, CONFIG.hidden_dim), 10)
            assert len({hit.video_id for hit in hits}) == 10
        except (ValueError, OSError) as error:
            wrong.append(str(error))
        searches += 1
    return searches, wrong


def append(folder: Path, ids: Sequence[str], seed: int, start: float) -> tuple[int, str]:
    """Add videos; how many, and what was said."""
    films = VideoCollection.open(folder, device="cpu")
    time.sleep(max(0.0, start - time.time()))
    try:
        return films.append(random_videos(ids, seed)), ""
    except ValueError as error:
        return 0, str(error)


def deletes_beside_others(pool: ProcessPoolExecutor, folder: Path, deletes: int) -> list[str]:
    """Two processes delete, one reads, one optimises; everything that is wrong afterwards."""
    kept = 40
    films = make(folder, 2 * deletes + kept)
    start, stop = time.time() + 0.5, time.time() + 120
    shares = [[str(v) for v in range(n, 2 * deletes, 2)] for n in (0, 1)]
    optimiser = pool.submit(optimise, folder, start, stop)
    reader = pool.submit(read, folder, start, stop)
    deleted = [pool.submit(delete, folder, share, start) for share in shares]
    wrong = [line for job in deleted for line in job.result()]
    folder.with_name("stop").touch()
    wrong += optimiser.result() + reader.result()[1]
    folder.with_name("stop").unlink()
    return wrong + differences(films, [str(v) for v in range(2 * deletes, 2 * deletes + kept)])


def same_ids_twice(pool: ProcessPoolExecutor, folder: Path, videos: int) -> list[str]:
    """Two processes add videos of the same ids at the same moment; what is wrong afterwards."""
    films = make(folder, 20)
    ids, start = [f"new {v}" for v in range(videos)], time.time() + 0.3
    jobs = [pool.submit(append, folder, ids, 5, start) for _ in range(2)]
    said = [job.result()[1] for job in jobs]
    wrong = [
        line for line in said if line and "another process" not in line and "has a" not in line
    ]
    return wrong + differences(films, [*(str(v) for v in range(20)), *ids])


def differences(films: VideoCollection, ids: Sequence[str]) -> list[str]:
    """Says what is lost, extra, duplicated or damaged."""
    there, wrong = films.video_ids, []
    if lost := set(ids) - set(there):
        wrong.append(f"lost {sorted(lost)[:5]}")
    if extra := set(there) - set(ids):
        wrong.append(f"extra {sorted(extra)[:5]}")
    if len(there) != len(set(there)):
        wrong.append(f"{len(there) - len(set(there))} duplicated")
    try:
        films.check()
    except ValueError as error:
        wrong.append(str(error))
    return wrong


def victim(folder: Path, kind: str) -> None:
    """Work until killed; each confirmed append is written down."""
    torch.set_num_threads(1)
    films = VideoCollection.open(folder, device="cpu")
    folder.with_name("working").touch()
    for step in range(10_000):
        if kind == "append":
            films.append(random_videos([f"{step}/{v}" for v in range(8)], step))
            with folder.with_name("confirmed").open("a", encoding="utf-8") as file:
                file.write(f"{step}\n")
        elif kind == "optimise":
            films.append(random_videos([f"one {step}"], step))
            films.optimise()
        else:
            films.build_candidates()


def killed(folder: Path, kind: str, seed: int) -> list[str]:
    """Kill a process somewhere in its work; what is wrong afterwards."""
    videos = 2000 if kind == "candidates" else 100
    films = make(folder, videos)
    process = multiprocessing.get_context("spawn").Process(target=victim, args=(folder, kind))
    process.start()
    assert process.pid is not None
    limit = time.time() + 60
    while not folder.with_name("working").exists() and time.time() < limit:
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0.0, 0.8))
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    there, confirmed = films.video_ids, folder.with_name("confirmed")
    steps = confirmed.read_text(encoding="utf-8").split() if confirmed.exists() else []
    expected = [f"{step}/{v}" for step in steps for v in range(8)]
    wrong = [f"lost {video_id}" for video_id in expected if video_id not in there]
    blocks = {video_id.split("/")[0] for video_id in there if "/" in video_id}
    wrong += [f"half of {b}" for b in blocks if sum(v.startswith(f"{b}/") for v in there) != 8]
    films.optimise()  # and it can be changed as before
    films.append(random_videos(["after"], 1))
    return wrong + differences(films, [*there, "after"])
