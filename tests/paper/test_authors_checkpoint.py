"""The authors' own checkpoints: read to the last digit, and never run."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from golden_cases import CASES, Golden, close
from toy import QUICK, SMALL

from prvr_lite import cli
from prvr_lite.data.dataset import Dataset
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.registry import build_model
from prvr_lite.paper.checkpoint import NotDataError, is_authors_checkpoint, load_authors_checkpoint
from prvr_lite.training.fit import fit

NUMBERS = ("about", "seed")  # of a golden file's attributes, what their configuration hasn't


class EasyDict(dict):  # type: ignore[type-arg]
    """As easydict's: every item is an attribute too, so that it is pickled twice."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        vars(self).update(values)


@pytest.fixture
def easydict(monkeypatch: pytest.MonkeyPatch) -> type[EasyDict]:
    """The class under the name that their files give it."""
    module = types.ModuleType("easydict")
    module.EasyDict = EasyDict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "easydict", module)
    monkeypatch.setattr(EasyDict, "__module__", "easydict")
    return EasyDict


def settings(golden: Golden) -> dict[str, Any]:
    plain = {k: v.item() for k, v in golden.attrs.items() if k not in NUMBERS}
    return {**plain, "device": [1]}


def write(path: Path, golden: Golden, config: Any, **kwargs: Any) -> Path:
    """As method/train.py:164 saves."""
    record = {"model": golden.state, "model_cfg": config, "epoch": 7}
    torch.save(record, path, **kwargs)
    return path


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_released_checkpoint_scores_as_recorded(
    case: Path, new: bool, tmp_path: Path, easydict: type[EasyDict]
) -> None:
    golden = Golden(case)
    config = easydict(settings(golden))
    path = write(tmp_path / "model.ckpt", golden, config, _use_new_zipfile_serialization=new)
    assert is_authors_checkpoint(path)
    model = load_authors_checkpoint(path, device="cpu")
    assert not model.training
    reference, batch = golden.model(), golden.batch()
    assert model.config == reference.config
    model.select_clips = reference.select_clips  # type: ignore[method-assign]  # see Golden.model
    if "select_clips" not in vars(reference):
        del model.select_clips
    with torch.no_grad():
        videos = model.encode_videos(batch.unit_input, batch.frame_input, batch.frame_mask)
        found = model.similarity(model.encode_queries(batch.word_input, batch.word_mask), videos)
    close(found.fused(0.7), golden.out["fused_score_alpha_0_7"])
    close(found.clip, golden.out["clip_scale_score"])


@pytest.fixture
def golden() -> Golden:
    return Golden(next(path for path in CASES if path.stem == "small_clustered-1"))


def test_other_classes_that_held_their_configuration(golden: Golden, tmp_path: Path) -> None:
    """A Namespace, a plain dict, the key "opt", and weights of a DataParallel model."""
    config = settings(golden)
    write(tmp_path / "namespace.ckpt", golden, argparse.Namespace(**config))
    write(tmp_path / "dict.ckpt", golden, config)
    parallel = {f"module.{k}": v for k, v in golden.state.items()}
    torch.save({"model": parallel, "opt": config, "optimizer": {}}, tmp_path / "opt.ckpt")
    for path in tmp_path.iterdir():
        weights = load_authors_checkpoint(path, device="cpu").state_dict()
        assert torch.equal(weights["key_map.weight"], golden.state["mapping_linear.0.weight"])


def test_what_was_allowed_before_is_allowed_after(golden: Golden, tmp_path: Path) -> None:
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals([EasyDict])
    path = write(tmp_path / "model.ckpt", golden, settings(golden))
    load_authors_checkpoint(path, device="cpu")
    try:
        assert list(torch.serialization.get_safe_globals()) == [EasyDict]
    finally:
        torch.serialization.clear_safe_globals()


class Call:
    """Pickled as a call: whoever unpickles it in full makes it."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


def with_pickle(path: Path, pickled: bytes) -> Path:
    """A torch file whose pickle is replaced by these operations."""
    good = io.BytesIO()
    torch.save({"model": {}, "model_cfg": {}}, good)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, pickled if name.endswith("data.pkl") else old.read(name))
    return path


def short(text: str) -> bytes:
    return b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()


def hand_made(marker: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles by hand, with the name that must be told."""
    shell = short(f"touch {marker}")
    return {
        "getattr chain": (
            b"\x80\x02c__builtin__\ngetattr\nc__builtin__\n__import__\n"
            + short("os")
            + b"\x85R"
            + short("system")
            + b"\x86R"
            + shell
            + b"\x85R.",
            "getattr",
        ),
        "protocol 4": (
            b"\x80\x04" + short("os") + short("system") + b"\x93" + shell + b"\x85R.",
            "os.system",
        ),
        "inst": (b"(" + shell + b"ios\nsystem\n.", "os.system"),
        # a state that would become a method of every stand-in
        "build on a class": (
            b"\x80\x02cargparse\nNamespace\nN}"
            + short("__setstate__")
            + b"ctorch._utils\n_rebuild_parameter\ns\x86b.",
            "can't be read",
        ),
        "setstate": (
            b"\x80\x02cargparse\nNamespace\n)\x81}"
            + short("__setstate__")
            + b"cposix\nsystem\nsb"
            + shell
            + b"b.",
            "posix.system",
        ),
        "dotted name": (b"\x80\x02ctorch\nserialization.os.system\n" + shell + b"\x85R.", "torch"),
    }


@pytest.mark.parametrize("which", sorted(hand_made(Path("x"))))
def test_hand_made_pickles_are_refused(which: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    pickled, name = hand_made(marker)[which]
    path = with_pickle(tmp_path / "evil.ckpt", pickled)
    with pytest.raises(FileFormatError, match=name) as caught:
        load_authors_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert not marker.exists()
    assert not hasattr(argparse.Namespace(), "__setstate__")


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("which", ["system", "eval", "load"])
@pytest.mark.parametrize("place", ["model_cfg", "epoch", "weights"])
def test_calls_are_refused(
    place: str, which: str, new: bool, golden: Golden, tmp_path: Path, easydict: type[EasyDict]
) -> None:
    """Wherever they hide in a checkpoint that is otherwise whole."""
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'w')"
    inner = tmp_path / "inner.pt"
    torch.save(Call(eval, code), inner)
    call = {
        "system": Call(os.system, f"touch {marker}"),
        "eval": Call(eval, code),
        "load": Call(torch.load, str(inner), None, None, False),
    }[which]
    record: dict[str, Any] = {"model": dict(golden.state), "epoch": 1}
    record["model_cfg"] = easydict(settings(golden))
    if place == "weights":
        record["model"]["mapping_linear.0.weight"] = call
    else:
        record[place] = call
    path = tmp_path / "evil.ckpt"
    torch.save(record, path, _use_new_zipfile_serialization=new)
    with pytest.raises(NotDataError, match=rf"evil\.ckpt: names .*{which}, which is not data"):
        load_authors_checkpoint(path)
    with pytest.raises(NotDataError):
        is_authors_checkpoint(path)
    assert not marker.exists()


def test_tar_files_never_reach_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to 2.5 torch runs what one holds, though only tensors are allowed."""
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch was given a tar file"))
    path = tmp_path / "old.pt"
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(FileFormatError, match="a tar file"):
        load_authors_checkpoint(path)
    with pytest.raises(FileFormatError, match="a tar file"):
        load_record(path, "kind")


def test_the_calls_would_have_run(tmp_path: Path) -> None:
    """What the tests above refuse is real: torch with everything allowed makes the call."""
    marker = tmp_path / "ran"
    torch.save(Call(eval, f"open({str(marker)!r}, 'w').close()"), tmp_path / "evil.ckpt")
    torch.load(tmp_path / "evil.ckpt", weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 48}, "hidden_size=48, but modular_vector_mapping.weight has 32"),
        ({"n_heads": 5}, "not a multiple of num_heads=5"),
        ({"n_heads": "4"}, "n_heads='4' is not of type int"),
        ({"cluster_num": 10**6}, "num_clusters=1000000"),
        ({"map_size": 10**9}, "map_size=1000000000, but clip_pos_embed.* has [0-9]+ positions"),
    ],
)
def test_contradicting_sizes_are_refused(
    change: dict[str, Any], message: str, golden: Golden, tmp_path: Path
) -> None:
    path = write(tmp_path / "model.ckpt", golden, {**settings(golden), **change})
    with pytest.raises(FileFormatError, match=message):
        load_authors_checkpoint(path)


def test_missing_parts_are_refused(golden: Golden, tmp_path: Path) -> None:
    path, config = tmp_path / "model.ckpt", settings(golden)
    del golden.state["mapping_linear.1.weight"]
    with pytest.raises(FileFormatError, match=r"value_map\.weight"):
        load_authors_checkpoint(write(path, golden, config))
    golden.state["extra.weight"] = torch.zeros(1)
    with pytest.raises(FileFormatError, match=r"extra\.weight"):
        load_authors_checkpoint(write(path, golden, config))
    del config["n_heads"]
    with pytest.raises(FileFormatError, match="n_heads"):
        load_authors_checkpoint(write(path, golden, config))
    for broken in (3, torch.zeros(())):  # in the place of the configuration, of a tensor
        with pytest.raises(FileFormatError, match="don't make an MS-SL\\+\\+"):
            load_authors_checkpoint(write(path, golden, broken))
        golden.state["clip_input_proj.LayerNorm.weight"] = broken
        with pytest.raises(FileFormatError, match="don't make an MS-SL\\+\\+"):
            load_authors_checkpoint(write(path, golden, settings(golden)))
    for other in (golden.state, {"model": 3, "model_cfg": config}, [1]):
        torch.save(other, path)
        assert not is_authors_checkpoint(path)
        with pytest.raises(FileFormatError, match="is not a checkpoint of the authors' release"):
            load_authors_checkpoint(path)


def test_damage_is_refused(golden: Golden, tmp_path: Path) -> None:
    whole = write(tmp_path / "model.ckpt", golden, settings(golden)).read_bytes()
    at = whole.index(golden.state["mapping_linear.0.weight"].numpy().tobytes())
    flipped = whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1 :]
    for number, damaged in enumerate((whole[:-100], whole[: len(whole) // 2], b"", flipped)):
        path = tmp_path / f"{number}.ckpt"
        path.write_bytes(damaged)
        assert not is_authors_checkpoint(path)
        with pytest.raises(FileFormatError, match="can't be read"):
            load_authors_checkpoint(path)
    assert not is_authors_checkpoint(tmp_path / "nowhere.ckpt")
    with pytest.raises(FileNotFoundError):
        load_authors_checkpoint(tmp_path / "nowhere.ckpt")


def test_commands_take_either_kind_of_file(
    toy: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], easydict: type[EasyDict]
) -> None:
    """The same weights, as we and as the authors save them, give the same lines."""
    model = build_model("mssl++", SMALL)
    assert isinstance(model, MSSLpp)
    fit(model, toy, QUICK, checkpoint=tmp_path / "ours.pt", progress=False)
    theirs = write_theirs(tmp_path / "theirs.ckpt", model, easydict)
    for command in (["evaluate", "{}"], ["search", "{}", "film20#1"]):
        said = []
        for path in (tmp_path / "ours.pt", theirs):
            arguments = [part.format(path) for part in command]
            assert cli.main([*arguments, "--data", str(toy.path), "--device", "cpu"]) == 0
            said.append(capsys.readouterr().out)
        assert said[0] == said[1]
    torch.save({"model": {}, "model_cfg": Call(os.system, "true")}, tmp_path / "evil.ckpt")
    assert cli.main(["evaluate", str(tmp_path / "evil.ckpt"), "--data", str(toy.path)]) == 1
    assert "system, which is not data" in capsys.readouterr().err
    save_record(tmp_path / "other.pt", "prvr-lite index", {"model": {}, "opt": {}})
    assert cli.main(["evaluate", str(tmp_path / "other.pt"), "--data", str(toy.path)]) == 1
    assert "is 'prvr-lite index'" in capsys.readouterr().err


def write_theirs(path: Path, model: MSSLpp, easydict: type[EasyDict]) -> Path:
    """Our weights under their names."""
    from prvr_lite.paper.checkpoint import AUTHORS_MODULES

    names = {ours: theirs for theirs, ours in AUTHORS_MODULES.items()}
    state = {}
    for name, tensor in model.state_dict().items():
        module, _, kind = name.rpartition(".")
        state[f"{names[module]}.{kind}"] = tensor
    c = model.config
    config = easydict(
        {
            "visual_input_size": c.visual_dim,
            "query_input_size": c.query_dim,
            "hidden_size": c.hidden_dim,
            "n_heads": c.num_heads,
            "map_size": c.num_units,
            "max_ctx_l": c.max_frames,
            "max_desc_l": c.max_words,
            "cluster": True,
            "cluster_num": c.num_clusters,
            "length_pos": True,
            "drop": 0.1,
            "input_drop": 0.1,
        }
    )
    torch.save({"model": state, "model_cfg": config, "epoch": 3}, path)
    return path
