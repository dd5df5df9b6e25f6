"""Every experiment as a row: a model, what is changed in it or in its training, how many seeds.

``EXPERIMENTS`` is in the order of the tables. All changes are against a preset, so the same rows
can be run on any data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from prvr_lite.config import ModelConfig, Preset, TrainConfig

NEVER = 10**6  # an epoch that never comes
MAIN_SEEDS, ABLATION_SEEDS, SEARCH_SEEDS = 5, 3, 2
RATES = (0.5, 1.0, 2.0)  # the same search for every model of the main table …
WIDER = {"attention-pool": (0.25,), "transformer-pool": (0.25,)}  # … wider where its end was best
FULL = "mssl++"  # what ablations are compared with
MOMENTS = f"moments of {FULL}"  # under which name SVMR and VCMR stand in the CSV


@dataclass(frozen=True)
class Experiment:
    """One row.

    Attributes:
        label: what a reader calls it.
        group: "main", or the part of MS-SL++ that is taken apart: "clips", "frames", "losses".
        model: a name of ``prvr_lite.model.registry.MODELS``.
        rate: learning rate, as a multiple of the preset's.
        length: number of epochs, as a multiple of the preset's.
        architecture, training: fields of ModelConfig and TrainConfig that differ from the preset.
        seeds: how many are run by default, from 0.
        scale: the score it is judged by; "clip" or "frame" where the other one is not trained.
    """

    label: str
    group: str
    model: str = FULL
    rate: float = 1.0
    length: int = 1
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = ABLATION_SEEDS
    scale: str = "fused"

    def configs(
        self, preset: Preset, visual_dim: int, query_dim: int, seed: int
    ) -> tuple[ModelConfig, TrainConfig]:
        """Returns the two configs of one run: the model's and the training's."""
        config = preset.model_config(visual_dim, query_dim, **self.architecture)
        plain = preset.training
        longer: dict[str, Any] = {
            "learning_rate": plain.learning_rate * self.rate,
            "epochs": plain.epochs * self.length,
            "hard_negatives_from": plain.hard_negatives_from * self.length,
        }
        training = preset.train_config(seed=seed, **{**longer, **self.training})
        if training.patience is None:  # the last epoch counts: no need to validate the others
            training = replace(training, evaluate_from=NEVER)
        return config, training


def _main(
    model: str, label: str, rate: float = 1.0, seeds: int = MAIN_SEEDS
) -> dict[str, Experiment]:
    """Returns a row of the main table, which has the name of its model."""
    return {model: Experiment(label, "main", model, rate, seeds=seeds)}


def _clips(label: str, model: str = FULL, **architecture: Any) -> Experiment:
    return Experiment(label, "clips", model, architecture=architecture)


def _losses(label: str, scale: str = "fused", **training: Any) -> Experiment:
    return Experiment(label, "losses", training=training, scale=scale)


# The rates of "main" are those of the best mean SumR on val (``searches``); a test holds them
# against the CSV.
EXPERIMENTS: dict[str, Experiment] = {
    **_main("mean-pool", "mean pooling"),
    **_main("attention-pool", "attention pooling", rate=0.5),
    **_main("transformer-pool", "temporal transformer, mean (CLIP4Clip's head)", rate=0.5),
    **_main("zero-shot", "all clips, zero-shot", seeds=1),
    **_main("frame-max", "frames alone, max"),
    **_main("frame-attention-max", "frames with self-attention, max (XML's branch)"),
    **_main("gmmformer", "GMMFormer"),
    **_main("gmmformer-batch-windows", "GMMFormer, windows over the batch (as released)"),
    **_main("mssl", "MS-SL, all clips"),
    **_main(FULL, "MS-SL++"),  # last of "main": its scales follow it in the table
    **{f"K={k}": _clips(f"K = {k} medoids", num_clusters=k) for k in (4, 8, 16, 64, 128)},
    "no-length-code": _clips("clustering without the length code", length_aware=False),
    "kmeans": _clips("k-means centroids for medoids", "kmeans-clips"),
    "random-clips": _clips("random clips for medoids", "random-clips"),
    "mean-frames": Experiment("mean of frames for KCGA", "frames", "mean-frames"),
    "max-frames": Experiment("best frame for KCGA", "frames", "max-frames"),
    "own-key-clip": Experiment(
        "training as search: own key clips",
        "frames",
        "own-key-clip",
        training={"same_video_negatives": False},
    ),
    "three-times": Experiment("three times as long", "losses", length=3, seeds=1),
    "no-same-video": _losses("no same-video negatives", same_video_negatives=False),
    "no-hard": _losses("no hard negatives", hard_negatives_from=NEVER),
    "no-clip-triplet": _losses("no clip triplet loss", clip_triplet_weight=0.0),
    "no-clip-nce": _losses("no clip infoNCE loss", clip_nce_weight=0.0),
    "no-frame-triplet": _losses("no frame triplet loss", frame_triplet_weight=0.0),
    "no-frame-nce": _losses("no frame infoNCE loss", frame_nce_weight=0.0),
    "clip-scale": _losses(
        "clip scale trained alone", "clip", frame_triplet_weight=0.0, frame_nce_weight=0.0
    ),
    "frame-scale": _losses(
        "frame scale trained alone", "frame", clip_triplet_weight=0.0, clip_nce_weight=0.0
    ),
}


def searches() -> dict[str, Experiment]:
    """Returns the search over learning rates: each trained model of the main table at each rate."""
    found = {}
    for name, row in EXPERIMENTS.items():
        if row.group != "main" or row.model == "zero-shot":
            continue
        for rate in rates_of(name):
            label = f"{row.label}, rate x {rate:g}"
            searched = replace(row, label=label, group="search", rate=rate, seeds=SEARCH_SEEDS)
            found[search_name(name, rate)] = searched
    return found


def rates_of(name: str) -> tuple[float, ...]:
    """Returns the learning rates that were tried for a row of the main table, ascending."""
    return tuple(sorted((*WIDER.get(name, ()), *RATES)))


def search_name(name: str, rate: float) -> str:
    return f"{name} rate x {rate:g}"


def choose(names: Iterable[str], others: Iterable[str] = ()) -> dict[str, Experiment]:
    """Returns rows by name or group ("main", "clips", "frames", "losses", "search"); none: all.

    Args:
        others: what else may be asked for, to be named in the error.

    Raises:
        ValueError: a name that is neither.
    """
    every = {**EXPERIMENTS, **searches()}
    groups = dict.fromkeys(row.group for row in every.values())
    wanted = list(names)
    unknown = [name for name in wanted if name not in every and name not in groups]
    if unknown:
        raise ValueError(
            f"there is no experiment {unknown[0]!r}: choose among the groups {', '.join(groups)}, "
            f"the stages {', '.join(others)}, or the rows that --list shows"
        )
    return {
        name: row
        for name, row in every.items()
        if not wanted or name in wanted or row.group in wanted
    }
