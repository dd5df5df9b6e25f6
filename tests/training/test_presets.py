"""From a preset to a model and the config that trains it."""

from __future__ import annotations

import pytest
import torch

from prvr_lite.config import PRESETS
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.registry import build_model
from prvr_lite.training.presets import from_preset


def test_a_model_and_its_training_come_from_the_preset(toy: Dataset) -> None:
    model, config = from_preset("mssl++", toy, "tvr", seed=3)
    sizes = PRESETS["tvr"].model_config(toy.visual_dim, toy.query_dim)
    assert model.config == sizes
    assert (config.seed, config.margin) == (3, 0.1)
    same, other = build_model("mssl++", sizes, seed=3), build_model("mssl++", sizes, seed=4)
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    assert torch.equal(weights, torch.nn.utils.parameters_to_vector(same.parameters()))
    assert not torch.equal(weights, torch.nn.utils.parameters_to_vector(other.parameters()))


def test_changes_replace_what_the_preset_says(toy: Dataset) -> None:
    model, config = from_preset(
        "mssl++", toy, architecture={"hidden_dim": 24}, epochs=2, patience=1, device="cpu"
    )
    assert model.config.hidden_dim == 24
    assert model.config.max_frames == PRESETS["sample"].model["max_frames"]
    assert (config.epochs, config.patience, config.device) == (2, 1, "cpu")
    assert from_preset("mssl++", toy, epochs=None)[1] == PRESETS["sample"].training


def test_a_field_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="speed, colour: can't be changed; choose from epochs,"):
        PRESETS["tvr"].train_config(speed=3, seed=1, colour="red")
