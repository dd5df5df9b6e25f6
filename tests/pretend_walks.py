"""Walks of the whole package on a device that does not exist, beside the same walks on the CPU.

Run as a program (``python tests/pretend_walks.py FOLDER``), since the device can't be taken away
again: prints a line of JSON for each walk, with its name and what went wrong, or null.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import is_dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pretend_gpu  # before anything of the package
import torch
from toy import QUICK, SMALL, toy_dataset, toy_table

from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.clustering import kmedoids
from prvr_lite.model.registry import MODELS, TRAINABLE, build_model
from prvr_lite.moments.corpus import MomentIndex, search_moments
from prvr_lite.moments.encoding import encode_split
from prvr_lite.moments.predict import METHODS, predict_moments
from prvr_lite.moments.span_head import SpanHeadConfig, fit_span_head
from prvr_lite.search.evaluation import evaluate
from prvr_lite.search.searcher import Searcher
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.fit import fit

Walk = Callable[[Dataset, str, Path], Any]
FEW = replace(QUICK, epochs=2)


def refusals(films: Dataset, device: str, folder: Path) -> Any:
    """That mistakes show: what mixes the devices, or leaves the device without a copy."""
    rows, cpu = torch.arange(3, device=device), torch.ones(3)
    here, words = cpu.to(device), torch.ones(1, 2, SMALL.query_dim)
    mistakes: list[Callable[[], Any]] = [
        lambda: here + cpu,
        lambda: torch.cat([here, cpu]),
        lambda: here.masked_fill(cpu > 0, 0.0),
        lambda: cpu[rows],
        lambda: here.numpy(),
        lambda: np.asarray(here),
        lambda: torch.randn(3, device=device, generator=torch.Generator()),
        lambda: small().to(device).encode_queries(words, words[..., 0] > 0),
    ]
    for mistake in mistakes if device != "cpu" else []:
        try:
            mistake()
        except (RuntimeError, TypeError, ValueError):
            continue
        raise AssertionError("a mistake was not refused")
    fine = [here + cpu.to(device), here[torch.tensor([0, 2])], here * torch.tensor(2.0), rows]
    return [tensor.cpu() for tensor in fine]


def small(name: str = "mssl++") -> Any:
    return build_model(name, SMALL, seed=0)


def training(name: str) -> Walk:
    """Trains, goes on from the file, loads it, evaluates: losses, weights, metrics."""

    def walk(films: Dataset, device: str, folder: Path) -> Any:
        kept, config = folder / f"{name}.pt", replace(FEW, device=device)
        model = small(name)
        with suppress(KeyboardInterrupt):
            fit(model, films, config, checkpoint=kept, progress=False, watch=_stop_after_one)
        model = small(name)
        history = fit(model, films, config, checkpoint=kept, progress=False)
        loaded = load_checkpoint(kept, device=device)
        assert loaded.device.type == torch.device(device).type
        metrics = evaluate(loaded, films, "test").fused
        losses = [row["loss"] for row in history.rows]
        return losses, [p.detach().cpu() for p in model.parameters()], metrics

    return walk


def _stop_after_one(history: Any) -> None:
    if len(history.rows) == 1:
        raise KeyboardInterrupt


def searching(films: Dataset, device: str, folder: Path) -> Any:
    """Searcher, index in memory and from its file: the same hits."""
    model = small().to(device)
    searcher = Searcher.of_split(model, films)
    words = films.words(int(films.queries_in("test")[0]))
    index = VideoIndex.build(model, films, "test")
    index.save(folder / "films.index")
    opened = VideoIndex.load(folder / "films.index", device=device)
    hits = [one.search(words, 3) for one in (searcher, index, opened)]
    assert hits[0] == hits[1] == hits[2]
    queries = searcher.encode(*InputReader(films, SMALL).queries(films.queries_in("test")))
    return hits[0], searcher.score_vectors(queries).fused(0.7).cpu()


def collection(films: Dataset, device: str, folder: Path) -> Any:
    from prvr_lite.collection.video_collection import VideoCollection

    model = small().to(device)
    VideoCollection.build(folder / "films.lance", model, films, "test")
    words = films.words(int(films.queries_in("test")[0]))
    results = []
    for resident in (False, True):
        opened = VideoCollection.open(folder / "films.lance", device=device, resident=resident)
        results.append(opened.search(words, 3))
    return results


def zero_shot(films: Dataset, device: str, folder: Path) -> Any:
    table = toy_table()
    table.word = np.pad(table.word, ((0, 0), (0, SMALL.visual_dim - SMALL.query_dim)))
    write_features(folder / "shared.h5", table)
    config = replace(SMALL, query_dim=SMALL.visual_dim)
    model = build_model("zero-shot", config).to(device)
    with open_features(folder / "shared.h5") as shared:
        searcher = Searcher.of_split(model, shared)
    query = torch.ones(1, SMALL.visual_dim, device=device)
    return searcher.hits(searcher.rank(query, 3))


def moments(films: Dataset, device: str, folder: Path) -> Any:
    """Every way to a moment: in a video, in a collection, and by a head that was trained."""
    model = small().to(device)
    found = [predict_moments(model, films, "test", method=method) for method in METHODS]
    train, val = (encode_split(model, films, split) for split in ("train", "val"))
    config = SpanHeadConfig(epochs=2, learning_rates=(1e-3,))
    head = fit_span_head(train, val, prior=True, config=config).head
    found.append(predict_moments(model, films, "test", method=head))
    index = MomentIndex.build(model, films, "test")
    ranking = search_moments(index, encode_split(model, films, "test").queries, head, top=3)
    return found, [tensor.cpu() for tensor in ranking.tensors.values()]


def clustering(films: Dataset, device: str, folder: Path) -> Any:
    points = torch.randn(2, 40, 6, generator=torch.Generator().manual_seed(0)).to(device)
    return [tensor.cpu() for tensor in kmedoids(points, k=5)]


def maps(films: Dataset, device: str, folder: Path) -> Any:
    from prvr_lite.lab.explorer import Explorer
    from prvr_lite.plots.page import alt_text

    explorer = Explorer(small().to(device), films)
    return explorer.first(0), alt_text(explorer.map(0)), alt_text(explorer.ranking(0))


def search_page(films: Dataset, device: str, folder: Path) -> Any:
    from prvr_lite.lab.search_page import split_sentences, write_search_page

    searcher = Searcher.of_split(small().to(device), films)
    sentences = split_sentences(searcher, films)
    return write_search_page(folder / "page.html", searcher, films, sentences).read_bytes()


def openai_clip(films: Dataset, device: str, folder: Path) -> Any:
    from benchmarks.tiny_openai_clip import random_openai_clip
    from prvr_lite.data.openai_clip import OpenAIClipEncoder

    clip = OpenAIClipEncoder(random_openai_clip(folder / "clip", dim=8), device=device)
    picture = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)
    return clip.images([picture]), clip.sentences(["a dog"]), clip.words("a dog")


NEEDED = {  # module that a walk needs -> walks
    "lancedb": {"collection": collection},
    "matplotlib": {"maps": maps, "search page": search_page},
    "transformers": {"OpenAI's CLIP": openai_clip},
}
WALKS: dict[str, Walk] = {
    **{f"training {name}": training(name) for name in TRAINABLE},
    "what a GPU refuses": refusals,
    "searching": searching,
    "zero-shot": zero_shot,
    "moments": moments,
    "clustering": clustering,
    **dict(chain(*(part.items() for name, part in NEEDED.items() if find_spec(name)))),
}
assert set(MODELS) - set(TRAINABLE) == {"zero-shot"}


TRAINED = 1e-4  # two epochs of a span head turn some processors' rounding into 2e-5 of a score


def walked(folder: Path) -> Iterator[tuple[str, str | None]]:
    """Each walk on both devices: its name, and what went wrong."""
    films = toy_dataset(folder)
    for name, walk in WALKS.items():
        results = []
        try:
            for device in ("cpu", str(pretend_gpu.DEVICE)):
                place = folder / f"{name} on {device.partition(':')[0]}".replace(" ", "-")
                place.mkdir()
                torch.manual_seed(0)
                with pretend_gpu.pretending():
                    results.append(walk(films, device, place))
            near = TRAINED if name == "moments" else 1e-6
            problem = (
                None if _same(*results, near) else f"the CPU gives {results[0]}, not {results[1]}"
            )
        except Exception:
            problem = traceback.format_exc()
        yield name, problem


def _same(first: Any, second: Any, near: float) -> bool:
    if isinstance(first, (list, tuple)):
        pairs = zip(first, second, strict=False)
        return len(first) == len(second) and all(_same(a, b, near) for a, b in pairs)
    if isinstance(first, dict):
        values = ((first[key], second.get(key)) for key in first)
        return first.keys() == second.keys() and all(_same(a, b, near) for a, b in values)
    if is_dataclass(first) and not isinstance(first, type):
        return _same(vars(first), vars(second), near)
    if isinstance(first, (torch.Tensor, np.ndarray, float)):
        return bool(np.allclose(first, second, rtol=1e-4, atol=near, equal_nan=True))
    return bool(first == second)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for walk_name, wrong in walked(Path(sys.argv[1])):
        print(json.dumps([walk_name, wrong]), flush=True)
