"""What `benchmarks.collection` asks of an older checkout, whose index was a folder of its own.

    PYTHONPATH=OLD python benchmarks/collection_old.py JOB FOLDER [ARGUMENT]

runs with the package of the checkout OLD (version 0.1.0) and prints one line of JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

LIMIT = 150.0  # seconds that appends or a storm may take
SHOWN = (10, 400, 1000)


def part(module: str, name: str) -> Any:
    """Something of the old package, which is not the one that type checks see."""
    return getattr(import_module(module), name)


def films(path: Path) -> Any:
    record = torch.load(path, weights_only=True)
    restore = part("prvr_lite.model.zoo", "restore_model")
    model = restore("mssl++", record["config"], record["weights"], torch.device("cpu"))
    vectors = [record[name] for name in ("clips", "attended", "residual")]
    return part("benchmarks.index_films", "Films")(model, *vectors)


def exact(folder: Path, inputs: Path) -> dict[str, float]:
    """Milliseconds of an exact search from disk, one query and each of many."""
    record = torch.load(inputs, weights_only=True)
    part("benchmarks.index_films", "write")(films(inputs), record["videos"], folder, record["seed"])
    index = part("prvr_lite.retrieval", "VideoIndex").load(folder, device="cpu")
    queries = record["queries"]
    index.rank(queries[:2], 10)
    alone = [_ms(lambda q=query: index.rank(q[None], 10)) for query in queries[:20]]
    batch = _ms(lambda: index.rank(queries, 10)) / len(queries)
    return {"ms_alone": statistics.median(alone), "ms_in_batch": batch}


def _ms(work: Any) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def small(folder: Path, videos: int) -> Any:
    """An index of random videos, ids "0", "1", …"""
    config = part("prvr_lite.config", "ModelConfig")(
        8, 8, hidden_dim=16, num_heads=2, num_units=4, max_frames=4, max_words=4, num_clusters=4
    )
    model = part("prvr_lite.model.zoo", "build_model")("mssl++", config)
    index = random_index(model, [str(v) for v in range(videos)])
    index.save(folder)
    return model


def random_index(model: Any, ids: list[str]) -> Any:
    vectors = torch.randn(2, len(ids), 4, 16)
    places, mask = torch.arange(4).expand(len(ids), -1).contiguous(), torch.ones(len(ids), 1) > 0
    encoding = part("prvr_lite.model.encoding", "VideoEncoding")(
        vectors[0], places, vectors[0, :, :1], mask, attended=vectors[1]
    )
    return part("prvr_lite.retrieval", "VideoIndex").from_encoding(model, encoding, ids)


def appends(folder: Path, _: Path) -> dict[str, Any]:
    """Milliseconds of the 10th, 400th and 1,000th append of one video, or why there was none."""
    with suppress(ImportError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # the usual limit under Linux
    model, times = small(folder, 100), list[float]()
    index, start = part("prvr_lite.retrieval", "VideoIndex").load(folder), time.monotonic()
    died = ""
    while len(times) < SHOWN[-1] + 3 and not died:
        one = random_index(model, [f"new {len(times)}"])
        try:
            times.append(_ms(lambda one=one: index.merge([one])))
        except OSError as error:
            died = str(error)
        if time.monotonic() - start > LIMIT:
            died = f"stopped after {LIMIT:.0f} s"
    found = {str(n): statistics.median(times[n - 3 : n + 2]) for n in SHOWN if len(times) >= n}
    return {**found, "appends": len(times), "died": died}


def deletes(folder: Path, _: Path) -> dict[str, Any]:
    """Two processes delete 60 videos each, beside a reader and a compaction; what is left."""
    small(folder, 160)
    context = multiprocessing.get_context("spawn")
    jobs = [context.Process(target=_delete, args=(folder, first)) for first in (0, 1)]
    others = [context.Process(target=_disturb, args=(folder, name)) for name in ("read", "compact")]
    for process in (*jobs, *others):
        process.start()
    for process in jobs:
        process.join(LIMIT)
    (folder.parent / "stop").touch()
    for process in (*jobs, *others):
        process.join(10)
        if process.is_alive():
            process.kill()
    try:
        index = part("prvr_lite.retrieval", "VideoIndex").load(folder)
        index.score_vectors(torch.randn(1, 16))
        there = set(index.video_ids)
    except Exception as error:
        return {"destroyed": True, "why": str(error)[:200]}
    expected = {str(v) for v in range(120, 160)}
    return {"destroyed": False, "lost": len(expected - there), "extra": len(there - expected)}


def _delete(folder: Path, first: int) -> None:
    kind = part("prvr_lite.files", "FileFormatError")
    limit = time.monotonic() + LIMIT / 2
    for video in range(first, 120, 2):
        while time.monotonic() < limit:
            try:
                part("prvr_lite.retrieval", "VideoIndex").load(folder).delete([str(video)])
                break
            except kind as error:
                if "another process" not in str(error):
                    time.sleep(0.01)
            except OSError:
                time.sleep(0.01)


def _disturb(folder: Path, name: str) -> None:
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit and not (folder.parent / "stop").exists():
        try:
            index = part("prvr_lite.retrieval", "VideoIndex").load(folder)
            index.compact() if name == "compact" else index.score_vectors(torch.randn(1, 16))
        except (OSError, ValueError):
            time.sleep(0.01)


JOBS = {"exact": exact, "appends": appends, "deletes": deletes}

if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(JOBS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[-1]))))
