"""Builds a model, and the config that trains it, from the name of a preset.

A preset holds the settings of MS-SL++ for one data set (:mod:`prvr_lite.config`). GMMFormer has
settings of its own for the same data sets, which stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prvr_lite.config import PRESETS, Preset, TrainConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.gmmformer import GMMFormer
from prvr_lite.model.registry import MODELS, build_model
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.training.query_diverse import GMMFormerTrainConfig


def _gmmformer(name: str, dropout: float, **training: Any) -> Preset:
    """Returns MS-SL++'s preset with GMMFormer's dropout and training, and without clustering."""
    sizes = {"num_clusters": None, "dropout": dropout, "input_dropout": dropout}
    same = {**vars(PRESETS[name].training), "frame_nce_weight": 0.04}
    return Preset({**PRESETS[name].model, **sizes}, GMMFormerTrainConfig(**{**same, **training}))


# As released (huangmozhi9527/GMMFormer, src/Configs). The sample takes the losses and the dropout
# of ActivityNet Captions, and all else from the sample's preset of MS-SL++.
GMMFORMER_PRESETS = {
    "sample": _gmmformer("sample", 0.2),
    "tvr": _gmmformer(
        "tvr",
        0.2,
        learning_rate=3e-4,
        clip_nce_weight=0.05,
        hard_negatives_from=30,
        patience=10,
        diverse_weight=0.001,
        diverse_margin=0.15,
    ),
    "activitynet": _gmmformer("activitynet", 0.2, patience=10),
    "charades": _gmmformer(
        "charades",
        0.15,
        frame_nce_weight=0.02,
        hard_negatives_from=100,  # never, in 100 epochs
        patience=10,
        diverse_weight=0.005,
        diverse_margin=0.15,
    ),
}


def preset_of(model: str, name: str) -> Preset:
    """Returns the preset of a data set for a model, by their names.

    Every subclass of GMMFormer has GMMFormer's, also one that is added to ``MODELS`` later.

    Raises:
        KeyError: there is no such preset.
    """
    special = GMMFORMER_PRESETS if issubclass(MODELS.get(model, object), GMMFormer) else {}
    return special.get(name) or PRESETS[name]


def from_preset(
    model: str,
    dataset: Dataset,
    preset: str = "sample",
    *,
    seed: int = 0,
    architecture: Mapping[str, Any] | None = None,
    **training: Any,
) -> tuple[RetrievalModel, TrainConfig]:
    """Builds a new model for the features of a data set, and the config to ``fit`` it with.

    Args:
        model: the model's name, such as "mssl++" (see ``model.registry.MODELS``).
        dataset: an open feature file; only the sizes of its features are used.
        preset: a name in ``PRESETS``.
        seed: the seed of the first weights and of the training.
        architecture: changes to the preset's ModelConfig.
        training: changes to the preset's TrainConfig, such as device="cpu" or epochs=6;
            epochs=None keeps the preset's.
    Raises:
        ValueError: the model is unknown, or a change names a field that TrainConfig does not have.
    """
    values = preset_of(model, preset)
    config = values.train_config(seed=seed, **training)
    sizes = values.model_config(dataset.visual_dim, dataset.query_dim, **(architecture or {}))
    return build_model(model, sizes, seed=seed), config
