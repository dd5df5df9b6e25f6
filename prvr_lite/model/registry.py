"""The models by name, so that checkpoints and commands can say which model they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from prvr_lite.config import ModelConfig
from prvr_lite.model.baselines import (
    AttentionPool,
    FrameAttentionMax,
    FrameMax,
    MeanPool,
    TransformerPool,
    ZeroShot,
)
from prvr_lite.model.gmmformer import GMMFormer, GMMFormerBatchWindows
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.retrieval_model import RetrievalModel
from prvr_lite.model.variants import KMeansClips, MaxFrames, MeanFrames, OwnKeyClip, RandomClips

MODELS: dict[str, type[RetrievalModel]] = {
    "mssl++": MSSLpp,
    "mssl": MSSLpp,
    # after MS-SL++
    "gmmformer": GMMFormer,
    "gmmformer-batch-windows": GMMFormerBatchWindows,
    # T2VR baselines
    "mean-pool": MeanPool,
    "attention-pool": AttentionPool,
    "transformer-pool": TransformerPool,
    "frame-max": FrameMax,
    "frame-attention-max": FrameAttentionMax,
    # MS-SL++ with one part replaced
    "kmeans-clips": KMeansClips,
    "random-clips": RandomClips,
    "mean-frames": MeanFrames,
    "max-frames": MaxFrames,
    "own-key-clip": OwnKeyClip,
    # nothing to train
    "zero-shot": ZeroShot,
}
TRAINABLE = tuple(name for name, kind in MODELS.items() if kind.trainable)


def build_model(name: str, config: ModelConfig, *, seed: int = 0) -> RetrievalModel:
    """Builds a new model; the same name, config and seed give the same first weights.

    Args:
        name: a key of ``MODELS``; "mssl" is "mssl++" with every clip kept.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}: choose one of {', '.join(MODELS)}")
    if name == "mssl":
        config = replace(config, num_clusters=None)
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not disturbed
        torch.default_generator.manual_seed(seed)
        return MODELS[name](config)


def restore_model(
    name: str, config: Mapping[str, Any], weights: Mapping[str, Tensor], device: torch.device
) -> RetrievalModel:
    """Builds the model of a checkpoint or an index from its name, config fields and weights.

    Raises:
        ValueError: the name is unknown, the config is not a model's, or the weights have other
            names or sizes. No memory is taken before they are known to fit.
    """
    try:
        sizes = ModelConfig(**config)
        if not isinstance(sizes.length_aware, bool):
            raise TypeError(f"length_aware={sizes.length_aware!r:.40} is neither True nor False")
        with torch.device("meta"):  # tensors without content
            expected = build_model(name, sizes).state_dict()
    except (TypeError, RuntimeError, OverflowError) as error:
        reason = str(error).split("\n")[0]  # torch adds where in its code that was
        raise ValueError(f"its config doesn't make a model ({reason})") from error
    if not isinstance(weights, Mapping):
        raise ValueError("it has no weights")
    for key in [*expected, *(key for key in weights if key not in expected)]:
        shapes = [list(getattr(part.get(key), "shape", ())) for part in (weights, expected)]
        if key not in weights or key not in expected or shapes[0] != shapes[1]:
            raise ValueError(f"its weight {key!r} has shape {shapes[0]}, its config {shapes[1]}")
    model = build_model(name, sizes)
    model.load_state_dict(weights)
    return model.to(device).eval()


def model_name(model: RetrievalModel) -> str:
    """Returns the name by which :func:`build_model` makes this model.

    Raises:
        ValueError: the model's class is not in ``MODELS``.
    """
    if type(model) is MSSLpp:
        return "mssl" if model.config.num_clusters is None else "mssl++"
    for name, kind in MODELS.items():
        if type(model) is kind:
            return name
    raise ValueError(f"{type(model).__name__} is not in MODELS: add it there with a name")
