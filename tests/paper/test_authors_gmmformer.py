"""Checkpoints of GMMFormer's authors: read to the last digit, and never run."""

from __future__ import annotations

import argparse
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import GMMFORMER_CASES, GMMFormerGolden, close
from toy import SMALL

from prvr_lite import cli
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import FileFormatError
from prvr_lite.model.gmmformer import GMMFormer, GMMFormerBatchWindows
from prvr_lite.model.registry import build_model
from prvr_lite.paper.checkpoint import (
    AUTHORS_MODULES,
    NotDataError,
    is_authors_checkpoint,
    load_authors_checkpoint,
    load_authors_state_dict,
)
from prvr_lite.paper.weight_names import GMMFORMER_MODULES, MSSLPP_MODULES
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training import checkpoints
from prvr_lite.training.query_diverse import GMMFormerTrainConfig

NUMBERS = ("about", "seed")  # of a golden file's attributes, what their configuration hasn't


class WarmupLinearSchedule:
    """As in their optimizer: an object with numbers, pickled under their module's name."""

    def __init__(self) -> None:
        self.warmup, self.t_total = 0.01, 1000


class Call:
    """Pickled as a call: whoever unpickles it in full makes it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture(autouse=True)
def their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """The class under the name that their files give it."""
    package, module = types.ModuleType("Opts"), types.ModuleType("Opts.optimization")
    module.WarmupLinearSchedule = WarmupLinearSchedule  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "Opts", package)
    monkeypatch.setitem(sys.modules, "Opts.optimization", module)
    monkeypatch.setattr(WarmupLinearSchedule, "__module__", "Opts.optimization")


def settings(golden: GMMFormerGolden) -> dict[str, Any]:
    plain = {k: v.tolist() for k, v in golden.attrs.items() if k not in NUMBERS}
    return {**plain, "model_name": "GMMFormer", "data_root": "somewhere", "lr": 2.5e-4}


def record(state: dict[str, torch.Tensor], config: Any) -> dict[str, Any]:
    """As their training saves: the schedule stands in every group of the optimizer."""
    moments = {i: {"step": 3, "next_m": torch.zeros(2), "next_v": torch.zeros(2)} for i in (0, 1)}
    group = {"params": [0, 1], "lr": 2.5e-4, "schedule": WarmupLinearSchedule(), "e": 1e-6}
    optimizer = {"state": moments, "param_groups": [group, {**group, "weight_decay": 0.0}]}
    return {
        "config": config,
        "epoch": 7,
        "model_val": 176.6,
        "state_dict": state,
        "optimizer": optimizer,
    }


def write(path: Path, golden: GMMFormerGolden, config: Any = None, **kwargs: Any) -> Path:
    torch.save(record(golden.state, config or settings(golden)), path, **kwargs)
    return path


@pytest.fixture
def golden() -> GMMFormerGolden:
    return GMMFormerGolden(next(path for path in GMMFORMER_CASES if "tiny" in path.stem))


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("case", GMMFORMER_CASES, ids=lambda path: path.stem)
def test_a_released_checkpoint_scores_as_recorded(case: Path, new: bool, tmp_path: Path) -> None:
    golden = GMMFormerGolden(case)
    path = write(tmp_path / "best.ckpt", golden, _use_new_zipfile_serialization=new)
    assert is_authors_checkpoint(path)
    own = load_authors_checkpoint(path, device="cpu")
    model = load_authors_checkpoint(path, device="cpu", batch_windows=True)
    assert (type(own), type(model)) == (GMMFormer, GMMFormerBatchWindows)
    assert not model.training
    assert model.config == own.config == golden.model().config
    batch = golden.batch()
    with torch.no_grad():
        videos = model.encode_videos(*batch[:3])
        found = model.similarity(model.encode_queries(*batch[3:5]), videos)
    close(found.fused(0.7), golden.out["fused_score_alpha_0_7"])
    close(found.frame, golden.out["frame_scale_score"])


def test_other_holders_of_the_same_weights(golden: GMMFormerGolden, tmp_path: Path) -> None:
    """A Namespace, weights of a DataParallel model, and the keys that MS-SL++'s files have."""
    config, path = settings(golden), tmp_path / "best.ckpt"
    parallel = {f"module.{k}": v for k, v in golden.state.items()}
    for content in (
        record(golden.state, argparse.Namespace(**config)),
        record(parallel, config),
        {"model": golden.state, "model_cfg": config},
    ):
        torch.save(content, path)
        weights = load_authors_checkpoint(path, device="cpu").state_dict()
        theirs = golden.state["modular_vector_mapping_2.weight"]
        assert torch.equal(weights["frame_pool.weight"], theirs)


def test_the_weight_of_the_clip_scale(golden: GMMFormerGolden, tmp_path: Path) -> None:
    """Of the sum of both; files without it have the released one."""
    path, plain = tmp_path / "best.ckpt", settings(golden)
    for clip, frame, alpha in ((0.6, 0.2, 0.75), (1, 0, 1.0), (0.0, 2.5, 0.0)):
        write(path, golden, {**plain, "clip_scale_w": clip, "frame_scale_w": frame})
        assert load_authors_checkpoint(path, device="cpu").config.alpha == pytest.approx(alpha)
    del plain["clip_scale_w"], plain["frame_scale_w"]
    model = load_authors_checkpoint(write(path, golden, plain), device="cpu")
    assert model.config.alpha == pytest.approx(0.7)


@pytest.mark.parametrize("place", ["config", "epoch", "optimizer", "weights"])
def test_calls_are_refused(place: str, golden: GMMFormerGolden, tmp_path: Path) -> None:
    marker, content = tmp_path / "ran", record(dict(golden.state), settings(golden))
    if place == "weights":
        content["state_dict"]["frame_pos_embed.LayerNorm.bias"] = Call(marker)
    elif place == "optimizer":
        content["optimizer"]["param_groups"][0]["schedule"].warmup = Call(marker)
    else:
        content[place] = Call(marker)
    for new in (True, False):
        path = tmp_path / "evil.ckpt"
        torch.save(content, path, _use_new_zipfile_serialization=new)
        with pytest.raises(NotDataError, match=r"evil\.ckpt: names .*system, which is not data"):
            load_authors_checkpoint(path)
        with pytest.raises(NotDataError):
            is_authors_checkpoint(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 48}, "hidden_size=48, but modular_vector_mapping.weight has 12"),
        ({"n_heads": 5}, "not a multiple of num_heads=5"),
        ({"n_heads": "3"}, "n_heads='3' is not of type int"),
        ({"drop": 2.0}, "dropout=2.0 must lie in 0..1"),
        ({"clip_scale_w": "0.7"}, "clip_scale_w='0.7' is not of type float"),
        ({"clip_scale_w": 0.0, "frame_scale_w": 0.0}, "weigh nothing"),
        ({"clip_scale_w": float("nan")}, "weigh nothing|alpha=nan"),
        ({"map_size": 10**9}, "map_size=1000000000, but clip_pos_embed.* has 11 positions"),
    ],
)
def test_contradicting_sizes_are_refused(
    change: dict[str, Any], message: str, golden: GMMFormerGolden, tmp_path: Path
) -> None:
    path = write(tmp_path / "best.ckpt", golden, {**settings(golden), **change})
    with pytest.raises(FileFormatError, match=rf"don't make a GMMFormer \(.*({message})"):
        load_authors_checkpoint(path)


def test_missing_parts_are_refused(golden: GMMFormerGolden, tmp_path: Path) -> None:
    path, config = tmp_path / "best.ckpt", settings(golden)
    for name, message in (
        ("modular_vector_mapping_2.weight", r"frame_pool\.weight"),
        ("frame_encoder_2.attn3.self.key.bias", r"blocks\.1\.attentions\.3\.key\.bias"),
        ("clip_pos_embed.position_embeddings.weight", "clip_pos_embed.position_embeddings.weight"),
    ):
        left = {key: tensor for key, tensor in golden.state.items() if key != name}
        torch.save(record(left, config), path)
        with pytest.raises(FileFormatError, match=message):
            load_authors_checkpoint(path)
    for name in ("clip_encoder.attn4.self.key.bias", "mapping_linear.0.weight"):
        torch.save(record({**golden.state, name: torch.zeros(1)}, config), path)
        with pytest.raises(FileFormatError, match=f"'{name}' is not the name of a weight of the"):
            load_authors_checkpoint(path)
    del config["n_heads"]
    with pytest.raises(FileFormatError, match="n_heads"):
        load_authors_checkpoint(write(path, golden, config))
    for broken in (3, torch.zeros(()), None):  # in the place of a tensor, of the configuration
        for content in (
            record({**golden.state, "modular_vector_mapping.weight": broken}, settings(golden)),
            record(golden.state, broken),
        ):
            torch.save(content, path)
            with pytest.raises(FileFormatError, match="don't make a GMMFormer"):
                load_authors_checkpoint(path)
    for other in ({"state_dict": golden.state}, {"state_dict": 3, "config": config}):
        torch.save(other, path)
        assert not is_authors_checkpoint(path)
        with pytest.raises(FileFormatError, match="is not a checkpoint of the authors' release"):
            load_authors_checkpoint(path)


def test_weights_of_the_other_model_are_refused(golden: GMMFormerGolden) -> None:
    """Names that both releases have mean the same weight in both."""
    shared = set(MSSLPP_MODULES) & set(GMMFORMER_MODULES)
    assert len(shared) == 4 * 3 + 5 + 1  # three fronts, the attention of words, their pooling
    assert all(MSSLPP_MODULES[name] == GMMFORMER_MODULES[name] for name in shared)
    with pytest.raises(KeyError, match=r"attn0.*is not the name of a weight of the released"):
        load_authors_state_dict(build_model("mssl++", SMALL), golden.state)


def test_damage_is_refused(golden: GMMFormerGolden, tmp_path: Path) -> None:
    whole = write(tmp_path / "best.ckpt", golden).read_bytes()
    at = whole.index(golden.state["modular_vector_mapping_2.weight"].numpy().tobytes())
    flipped = whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1 :]
    for number, damaged in enumerate((whole[:-100], b"", flipped)):
        path = tmp_path / f"{number}.ckpt"
        path.write_bytes(damaged)
        assert not is_authors_checkpoint(path)
        with pytest.raises(FileFormatError, match="can't be read"):
            load_authors_checkpoint(path)


def test_commands_take_either_kind_of_file(
    toy: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same weights, as we and as the authors save them, give the same lines."""
    model = build_model("gmmformer", SMALL)
    ours, theirs = tmp_path / "ours.pt", tmp_path / "theirs.ckpt"
    run = checkpoints.run_settings(model, GMMFormerTrainConfig(), toy)
    checkpoints.write_run(ours, run, {"best_weights": model.state_dict()})
    names = {place: name for name, place in AUTHORS_MODULES.items()}
    state = {}
    for name, tensor in model.state_dict().items():
        module, _, kind = name.rpartition(".")
        state[f"{names[module]}.{kind}"] = tensor
    config = {"n_heads": SMALL.num_heads, "map_size": SMALL.num_units, "drop": 0.1}
    torch.save(record(state, {**config, "input_drop": 0.1}), theirs)
    for command in (["evaluate", "{}"], ["search", "{}", "film20#1"]):
        said = []
        for path in (ours, theirs):
            arguments = [part.format(path) for part in command]
            assert cli.main([*arguments, "--data", str(toy.path), "--device", "cpu"]) == 0
            said.append(capsys.readouterr().out)
        assert said[0] == said[1]
    index = VideoIndex.build(load_authors_checkpoint(theirs, device="cpu"), toy)
    index.save(tmp_path / "toy.index")
    loaded = VideoIndex.load(tmp_path / "toy.index", device="cpu")
    assert type(loaded.model) is GMMFormer
    # 6 units, 1 frame vector, the row of each unit
    assert loaded.nbytes == len(loaded) * (7 * SMALL.hidden_dim * 4 + 6 * 8)
    words = toy.words(toy.queries_in("test")[0])
    assert [hit.score for hit in loaded.search(words)] == [hit.score for hit in index.search(words)]
