"""Builds a model, and the config that trains it, from the name of a preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prvr_lite.config import PRESETS, TrainConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import build_model
from prvr_lite.model.retrieval_model import RetrievalModel


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
    values = PRESETS[preset]
    config = values.train_config(seed=seed, **training)
    sizes = values.model_config(dataset.visual_dim, dataset.query_dim, **(architecture or {}))
    return build_model(model, sizes, seed=seed), config
