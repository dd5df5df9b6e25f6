"""Keeps the model of an index or a collection, and how typed sentences reach it, as one record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prvr_lite.data.columns import Projection
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import model_name, restore_model
from prvr_lite.model.retrieval_model import RetrievalModel


def model_record(model: RetrievalModel, text: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns tensors and plain values only, so that reading the record back runs no code."""
    side = None
    if text is not None:
        arrays = {k: torch.from_numpy(v) for k, v in text.items() if isinstance(v, np.ndarray)}
        side = {**text, **arrays}
    weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    config = asdict(model.config)
    return {"model": model_name(model), "config": config, "weights": weights, "text": side}


def restore_record(
    record: Mapping[str, Any], device: torch.device
) -> tuple[RetrievalModel, dict[str, Any] | None]:
    """Returns the model on a device, and the text side as `model_record` got it."""
    model = restore_model(record["model"], record["config"], record["weights"], device)
    if record["text"] is None:
        return model, None
    side = record["text"].items()
    return model, {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in side}


class WithModel:
    """What an index and a collection share: a model, and how typed sentences reach it.

    It is a `WordsOrigin`: ``text_encoder(index)`` reads sentences for it.
    """

    model: RetrievalModel
    text: Mapping[str, Any] | None
    path = Path("the index")  # for messages

    @property
    def text_model(self) -> str:
        """The network that made the words of the model's queries; "" where that is unknown."""
        return str((self.text or {}).get("text_model", ""))

    @property
    def query_dim(self) -> int:
        """Numbers per word feature."""
        return self.model.config.query_dim

    @property
    def projection(self) -> Projection | None:
        """What the words were projected with, where that is known."""
        arrays = {k: v for k, v in (self.text or {}).items() if k != "text_model"}
        return Projection(**arrays) if arrays else None


def text_side(dataset: Dataset) -> dict[str, Any]:
    """Returns how typed queries become the features that the model was trained on."""
    arrays = {} if dataset.projection is None else vars(dataset.projection)
    return {"text_model": dataset.text_model, **arrays}


def model_digest(model: RetrievalModel) -> str:
    """Returns 16 hexadecimal digits of a model's class, config and weights."""
    digest = hashlib.sha256(f"{type(model).__name__} {model.config}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
