"""Does the length code pay where moments are from 2 % to 90 % of a film, some inside another?

    python -m benchmarks.moment_lengths --work FOLDER

draws the films (``data_samples/theatre/lengths.py``: the plots of the sample, other lengths),
trains each row with five seeds and the sample's settings, and writes ``results/moment_lengths.csv``
in the format of ``results/experiments.csv``. Finished films and runs wait in FOLDER.

What was written down before the first run:

1. MS-SL++ with the length code beats the one without it here, as it does not on the sample: the
   sample's moments are too much alike. It holds if "MS-SL++" is the verdict; else it does not.
2. Medoids beat random clips because of the short moments. It holds if the gap is largest for
   moments up to 5 % of the film, and nil or negative above 40 %.
3. 32 medoids fall behind all clips where lengths vary more. It holds if "MS-SL" is the verdict.
4. The key clip's guidance beats a mean of frames because of the short moments; as for 2.
5. With 8 medoids the choice matters more, so the code matters more. Before training, medoids that
   are chosen with the code overlap less with the true moments of the sample: it should cost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.joint_space import bridges
from benchmarks.measure import RESULTS, options
from prvr_lite.config import PRESETS
from prvr_lite.course.lesson11.bridge import UNITS, Pairs
from prvr_lite.data.batches import InputReader, pool_features
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.table import write_features
from prvr_lite.lab.gaps import gap_lines, relevant_films
from prvr_lite.lab.judge import TUNED, gains
from prvr_lite.lab.lines import Line, line, merge_lines
from prvr_lite.lab.rows import EXPERIMENTS, FULL, MAIN_SEEDS, Experiment
from prvr_lite.lab.runner import perform_all, planned
from prvr_lite.lab.runs import SPLITS, FinishedRun, Run, Setting, finished_run, model_of
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.model.key_clip import unit_length
from prvr_lite.model.registry import build_model
from prvr_lite.moments.moment_metrics import temporal_iou
from prvr_lite.search.evaluation import evaluate
from prvr_lite.search.metrics import moment_to_video_ratio, rank_of_first_relevant
from prvr_lite.search.vectors import encode_rows, join_rows

CSV: Final = RESULTS / "moment_lengths.csv"
FILMS: Final = (280, 60, 160)  # train, val, test: fewer than the sample's, to save time
FEW, FEW_PLAIN = "K=8", "K=8, no length code"
ROWS: Final[dict[str, Experiment]] = {
    **{
        name: EXPERIMENTS[name]
        for name in (FULL, "no-length-code", "mssl", "random-clips", "mean-frames", FEW)
    },
    FEW_PLAIN: replace(
        EXPERIMENTS[FEW],
        label="K = 8 medoids, without the length code",
        architecture={"num_clusters": 8, "length_aware": False},
    ),
}
PAIRS: Final = [
    *((FULL, name) for name in ("no-length-code", "mssl", "random-clips", "mean-frames")),
    (FEW, FEW_PLAIN),
]
SWAPS: Final = [  # trained with the clips of one row, searched with those of another
    *((FULL, name) for name in ("no-length-code", "mssl", "random-clips")),
    ("random-clips", FULL),
]
BRIDGED: Final = ("mssl", FULL, "no-length-code", "random-clips")  # whose clips the bridge gets
EDGES: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)  # shares of a film
SHORTEST: Final = 0.02
METRICS: Final = ("R@1", "SumR")
STAND_INS: Final = ("best IoU", "best cosine")
Bool = NDArray[np.bool_]


def make_films(path: Path, cache: Path, counts: Sequence[int] = FILMS, workers: int = 2) -> None:
    """Draws the films, computes their features and writes the feature file."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_samples"))
    from make_emoji_theatre import SEED, TEST_SEED, all_films
    from theatre.backbones import TextBackbone
    from theatre.build import make_table
    from theatre.features import all_features
    from theatre.lengths import retimed

    train, val, test = counts
    drawn, labelled = zip(*map(retimed, all_films(train, val, test, SEED, TEST_SEED)), strict=True)
    features = list(all_features(drawn, cache, workers))
    words = TextBackbone()([query.text for film in labelled for query in film.queries])
    write_features(path, make_table(labelled, features, words, "Moments from 2 % to 90 %."))


def kinds(dataset: Dataset, split: str = "test") -> dict[str, Bool]:
    """Returns which queries of a split are of which kind: all, and by the share of the film."""
    queries = dataset.queries_in(split)
    film, moment = dataset.query_video[queries], dataset.moment[queries]
    share = moment_to_video_ratio(moment, dataset.duration[film])
    names = [f"share={low:g} to {high:g}" for low, high in pairwise(EDGES)]
    place = np.clip(np.searchsorted(EDGES, share), 1, len(names)) - 1
    found = {"all": np.ones(len(queries), bool)}
    found |= {name: place == number for number, name in enumerate(names)}
    return {name: rows for name, rows in found.items() if rows.any()}


def trainings(setting: Setting, dataset: Dataset) -> list[Run]:
    """Returns every run, seed by seed, those with few medoids last: so it can be stopped early."""
    runs, _ = planned(ROWS, MAIN_SEEDS, setting, dataset)
    return sorted(runs, key=lambda run: (run.experiment in (FEW, FEW_PLAIN), run.seed))


def measured(runs: Sequence[Run], setting: Setting, dataset: Dataset) -> Iterator[Line]:
    """Yields R@1 and SumR of each finished run, with its alpha from val, and how pairs differ."""
    relevant = relevant_films(dataset)
    gained: dict[str, dict[int, NDArray[np.float64]]] = {}
    context: dict[str, str] = {}
    plans = {(run.experiment, run.seed): run for run in runs}
    for run in runs:
        finished = finished_run(run, setting)
        if finished is None:
            continue
        context = finished.context
        points = gains(finished, run, TUNED, relevant)  # [2, Q]
        gained.setdefault(run.experiment, {})[run.seed] = points
        named = dict(zip(METRICS, points, strict=True)) | stand_ins(model_of(finished), dataset)
        yield from _by_kind(run.experiment, run.seed, named, dataset, context)
        for other in [other for trained, other in SWAPS if trained == run.experiment]:
            swap = swapped(finished, plans[other, run.seed], dataset)
            points = gains(swap, run, TUNED, relevant)
            name = f"{run.experiment} searched with {other}"
            named = dict(zip(METRICS, points, strict=True))
            yield from _by_kind(name, run.seed, named, dataset, context)
    for name, hit in bridged(dataset):
        yield from _by_kind(f"bridge searched with {name}", "", {"R@1": hit}, dataset, context)
    for kind, rows in kinds(dataset).items():
        yield line(context, int(rows.sum()), split="test", queries=kind, metric="queries")
    for pair in PAIRS:
        seeds = [seed for seed in gained.get(pair[0], {}) if seed in gained.get(pair[1], {})]
        if seeds:
            both = np.stack([[gained[row][seed] for row in pair] for seed in seeds])
            yield from gap_lines(pair, seeds, both, kinds(dataset), dataset, context)


def _by_kind(
    experiment: str,
    seed: int | str,
    named: dict[str, NDArray[np.float64]],
    dataset: Dataset,
    context: dict[str, str],
) -> Iterator[Line]:
    """Yields the mean over each kind of queries of metrics whose values are one per query."""
    keys: dict[str, Any] = {"experiment": experiment, "seed": seed, "split": "test"}
    for kind, rows in kinds(dataset).items():
        for metric, values in named.items():
            mean = float(values[rows].mean())
            yield line(context, mean, **keys, queries=kind, score="fused", metric=metric)


def swapped(finished: FinishedRun, other: Run, dataset: Dataset) -> FinishedRun:
    """Returns a run as if its model, trained as it was, kept the clips of another row in search.

    Its alpha is chosen on val for these clips, as it is for any other run.
    """
    model = build_model(other.model, other.config, seed=other.seed)
    model.load_state_dict(model_of(finished).state_dict(), strict=False)  # random clips stay
    found = {split: evaluate(model, dataset, split).similarity.tensors for split in SPLITS}
    scores = {
        split: {scale: tensors[scale].numpy() for scale in ("clip", "frame")}
        for split, tensors in found.items()
    }
    return replace(finished, scores=scores)


def bridged(dataset: Dataset) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yields R@1 of each test query, [Q] in %, over the bridge of lesson 11, for kept clips.

    Nothing is trained: two matrices in closed form. Clips are chosen among units that are scaled to
    the mean norm that the sample's encoder gives them.
    """
    *_, bridge = bridges(dataset)
    pairs = Pairs.of_split(dataset, "test")
    pooled = [pool_features(one, UNITS) for one in dataset.frames_of(dataset.videos_in("test"))]
    units = torch.from_numpy(np.stack(pooled))
    units = units * (PRESETS["sample"].model["hidden_dim"] ** 0.5 / units.norm(dim=-1).mean())
    every = torch.from_numpy(np.stack([bridge.frames(clips) for clips in pairs.clips]))  # [V, N, P]
    sentences = torch.from_numpy(bridge.sentences(pairs.words))
    random = np.random.default_rng(0).permuted(np.indices(every.shape[:2])[1], axis=1)
    choices = (
        torch.arange(every.shape[1]).expand(every.shape[:2]),
        *(cluster_clips(units, 32, length_aware=aware)[0] for aware in (True, False)),
        torch.from_numpy(random[:, :32]),
    )
    for name, kept in zip(BRIDGED, choices, strict=True):
        score = torch.stack(
            [(sentences @ a[k].T).amax(1) for a, k in zip(every, kept, strict=True)]
        )
        rank = rank_of_first_relevant(score.T, torch.from_numpy(pairs.film))
        yield name, 100.0 * (rank == 1)


def stand_ins(model: Any, dataset: Dataset) -> dict[str, NDArray[np.float64]]:
    """How well the clips that a model keeps stand in for the clip of each test query's moment.

    Returns:
        "best IoU": [Q] in %, how much of the true moment the best kept clip covers. "best cosine":
        [Q] in %, how much the kept clip that looks most like it looks like the clip of the moment,
        which is the one of all clips with the best IoU.
    """
    n, videos = model.config.num_units, dataset.videos_in("test")
    queries, reader = dataset.queries_in("test"), InputReader(dataset, model.config)
    kept = join_rows(list(encode_rows(model, reader, videos)))
    place = np.searchsorted(videos, dataset.query_video[queries])
    spans = clip_spans(n)[None] / n * kept.duration[place, None, None]  # [Q, N, 2]
    overlap = temporal_iou(spans.numpy(), dataset.moment[queries][:, None])  # [Q, N]
    with torch.inference_mode():
        every = unit_length(model.all_clips(reader.videos(videos)[0]))  # [V, N, H]
    found = []
    for iou, film in zip(overlap, place, strict=True):
        moment = every[film, int(iou.argmax())]
        alike = (kept.vectors.clips[film] @ moment).max()
        found.append((iou[kept.vectors.clip_index[film].numpy()].max(), float(alike)))
    return dict(zip(STAND_INS, 100 * np.array(found).T, strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Draws what is missing, trains what is missing, writes the CSV."""
    chosen = options(
        "MS-SL++ on films with moments from 2 % to 90 %",
        argv,
        lambda parser: parser.add_argument(
            "--work", type=Path, default=Path("runs/moment_lengths"), help="folder to work in"
        ),
    )
    counts, epochs = ((8, 4, 8), 1) if chosen.quick else (FILMS, None)
    films = chosen.work / f"films-{'-'.join(map(str, counts))}.h5"
    if not films.exists():
        make_films(films, chosen.work / "cache", counts)
    setting = Setting(films, folder=chosen.work / "runs", epochs=epochs)
    with setting.open() as dataset:
        runs = trainings(setting, dataset)
        perform_all(runs, setting, device="cpu", workers=1)
        out = chosen.out or (None if chosen.quick else RESULTS)
        if out is not None:
            merge_lines(out / CSV.name, measured(runs, setting, dataset))
    return 0


if __name__ == "__main__":
    sys.exit(main())
