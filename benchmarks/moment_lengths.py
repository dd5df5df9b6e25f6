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
from numpy.typing import NDArray

from benchmarks.measure import RESULTS, options
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.table import write_features
from prvr_lite.lab.judge import TUNED, gains
from prvr_lite.lab.lines import Line, line, merge_lines
from prvr_lite.lab.rows import EXPERIMENTS, FULL, MAIN_SEEDS, Experiment
from prvr_lite.lab.runner import perform_all, planned
from prvr_lite.lab.runs import SPLITS, Run, Setting, finished_run, model_of
from prvr_lite.model.clips import clip_spans
from prvr_lite.moments.moment_metrics import temporal_iou
from prvr_lite.search.evaluation import relevant_matrix
from prvr_lite.search.metrics import moment_to_video_ratio, paired_interval
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
EDGES: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)  # shares of a film
METRICS: Final = ("R@1", "SumR")
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
    every = {"all": np.ones(len(queries), bool)}
    return every | {name: place == number for number, name in enumerate(names)}


def trainings(setting: Setting, dataset: Dataset) -> list[Run]:
    """Returns every run, seed by seed: one that is stopped early has as many seeds of each row."""
    runs, _ = planned(ROWS, MAIN_SEEDS, setting, dataset)
    return sorted(runs, key=lambda run: run.seed)


def measured(runs: Sequence[Run], setting: Setting, dataset: Dataset) -> Iterator[Line]:
    """Yields R@1 and SumR of each finished run, with its alpha from val, and how pairs differ."""
    relevant = {
        split: relevant_matrix(
            dataset, dataset.queries_in(split), dataset.videos_in(split), several=False
        )
        for split in SPLITS
    }
    gained: dict[str, dict[int, NDArray[np.float64]]] = {}
    context: dict[str, str] = {}
    for run in runs:
        finished = finished_run(run, setting)
        if finished is None:
            continue
        context = finished.context
        points = gains(finished, run, TUNED, relevant)  # [2, Q]
        gained.setdefault(run.experiment, {})[run.seed] = points
        keys: dict[str, Any] = {"experiment": run.experiment, "seed": run.seed, "split": "test"}
        for kind, rows in kinds(dataset).items():
            for metric, values in zip(METRICS, points, strict=True):
                mean = float(values[rows].mean())
                yield line(context, mean, **keys, queries=kind, score="fused", metric=metric)
        for kind, overlap in overlaps(model_of(finished), dataset).items():
            yield line(context, overlap, **keys, queries=kind, score="clip", metric="best IoU")
    for kind, rows in kinds(dataset).items():
        yield line(context, int(rows.sum()), split="test", queries=kind, metric="queries")
    for first, second in PAIRS:
        yield from _gap(first, second, gained, dataset, context)


def _gap(
    first: str,
    second: str,
    gained: dict[str, dict[int, NDArray[np.float64]]],
    dataset: Dataset,
    context: dict[str, str],
) -> Iterator[Line]:
    """Yields how far the first row is ahead of the second: over groups of films, and by seed."""
    seeds = [seed for seed in gained.get(first, {}) if seed in gained.get(second, {})]
    if not seeds:
        return
    ours, theirs = (np.stack([gained[row][seed] for seed in seeds]) for row in (first, second))
    films = dataset.query_video[dataset.queries_in("test")]
    group = films if dataset.group is None else dataset.group[films]
    keys = {"experiment": f"{first} against {second}", "split": "test", "score": "fused"}
    for kind, rows in kinds(dataset).items():
        for number, metric in enumerate(METRICS):
            a, b = ours[:, number, rows], theirs[:, number, rows]  # [S, Q]
            interval = paired_interval(a.mean(0), b.mean(0), group[rows])
            for end, value in zip(("ahead", "low", "high"), interval, strict=True):
                yield line(context, value, **keys, queries=kind, metric=f"{metric} {end}")
            for seed, value in zip(seeds, (a - b).mean(1), strict=True):
                yield line(context, value, **keys, queries=kind, seed=seed, metric=f"{metric} gap")


def overlaps(model: Any, dataset: Dataset) -> dict[str, float]:
    """How well the clips that a model keeps can cover the true moments, by kind of query.

    Returns:
        kind -> the mean IoU, in %, of each test query's moment with the best clip of its film.
    """
    videos, queries = dataset.videos_in("test"), dataset.queries_in("test")
    rows = join_rows(list(encode_rows(model, InputReader(dataset, model.config), videos)))
    place = np.searchsorted(videos, dataset.query_video[queries])
    index = rows.vectors.clip_index[place]  # [Q, K]
    share = clip_spans(model.config.num_units)[index] / model.config.num_units  # [Q, K, 2]
    spans = share.numpy() * rows.duration[place].numpy()[:, None, None]
    best = temporal_iou(spans, dataset.moment[queries][:, None]).max(1)  # [Q]
    return {kind: 100 * float(best[some].mean()) for kind, some in kinds(dataset).items()}


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
