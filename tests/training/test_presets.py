"""From a preset to a model and the config that trains it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from prvr_lite.config import PRESETS
from prvr_lite.data.dataset import Dataset
from prvr_lite.model.gmmformer import GMMFormer
from prvr_lite.model.registry import MODELS, build_model
from prvr_lite.training.presets import GMMFORMER_PRESETS, from_preset, preset_of


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


def test_gmmformer_has_presets_of_its_own(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """As released; the sample's differs from that of MS-SL++ in losses and dropout alone."""
    assert set(GMMFORMER_PRESETS) == set(PRESETS)
    names = ("learning_rate", "margin", "clip_nce_weight", "frame_nce_weight", "diverse_weight")
    names += ("diverse_margin", "diverse_scale", "hard_negatives_from", "patience", "epochs")
    released = {
        "tvr": (3e-4, 0.1, 0.05, 0.04, 0.001, 0.15, 32, 30, 10, 100),
        "activitynet": (2.5e-4, 0.2, 0.02, 0.04, 0.015, 0.2, 32, 20, 10, 100),
        "charades": (2.5e-4, 0.2, 0.02, 0.02, 0.005, 0.15, 32, 100, 10, 100),
    }
    dropouts = {"tvr": 0.2, "activitynet": 0.2, "charades": 0.15}
    for preset, values in released.items():
        config = preset_of("gmmformer", preset).training
        assert tuple(getattr(config, name) for name in names) == values
        sizes = preset_of("gmmformer", preset).model_config(1024, 1024)
        assert (sizes.dropout, sizes.input_dropout) == (dropouts[preset],) * 2
        assert (sizes.hidden_dim, sizes.num_units, sizes.max_frames) == (384, 32, 128)
    model, config = from_preset("gmmformer-batch-windows", toy, diverse_weight=0.5, seed=2)
    assert (config.diverse_weight, config.seed) == (0.5, 2)  # type: ignore[attr-defined]
    plain = vars(PRESETS["sample"].training)
    changed = {name for name, value in plain.items() if getattr(config, name) != value}
    assert changed == {"frame_nce_weight", "seed"}
    assert model.config.hidden_dim == 192
    assert preset_of("mssl", "tvr") == PRESETS["tvr"]
    monkeypatch.setitem(MODELS, "own", type("Own", (GMMFormer,), {}))  # named after the import
    assert preset_of("own", "tvr") == GMMFORMER_PRESETS["tvr"]
    with pytest.raises(ValueError, match="no model 'gmm'"):
        from_preset("gmm", toy)
    for field in ("diverse_weight", "diverse_margin", "diverse_scale"):
        with pytest.raises(ValueError, match=f"{field}=-1 must lie in 0"):
            replace(config, **{field: -1})


def test_a_field_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="speed, colour: can't be changed; choose from epochs,"):
        PRESETS["tvr"].train_config(speed=3, seed=1, colour="red")
