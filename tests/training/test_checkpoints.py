"""Checkpoints with damage or wrong content: one line, before anything large is built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import QUICK, SMALL, toy_table

from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.files import BusyError, FileFormatError, held
from prvr_lite.model.registry import build_model
from prvr_lite.training.checkpoints import load_checkpoint
from prvr_lite.training.fit import fit

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "toy.h5"
    write_features(path, toy_table())
    return path


@pytest.fixture(scope="module")
def whole(films: Path) -> Path:
    with open_features(films) as dataset:
        train(films.with_name("whole.pt"), dataset)
    return films.with_name("whole.pt")


def train(path: Path, dataset: Dataset) -> None:
    fit(build_model("mssl++", SMALL), dataset, QUICK, checkpoint=path, progress=False)


def changed(whole: Path, path: Path, change: Change) -> Path:
    record = torch.load(whole, weights_only=True)
    change(record)
    torch.save(record, path)
    return path


def first_weight(record: dict[str, Any], part: str) -> tuple[dict[str, Any], str]:
    return record[part], next(iter(record[part]))


def drop_weight(record: dict[str, Any]) -> None:
    weights, name = first_weight(record, "best_weights")
    del weights[name]


def widen_weight(record: dict[str, Any]) -> None:
    weights, name = first_weight(record, "best_weights")
    weights[name] = weights[name].new_zeros(*weights[name].shape, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("best_weights"), "best_weights missing"),
        (lambda r: r.pop("model"), "model missing"),
        (lambda r: r.update(config=3), "config doesn't make a model"),
        (lambda r: r["config"].update(alpha="high"), "doesn't make a model|alpha"),
        (lambda r: r["config"].update(new=1), "config doesn't make a model"),
        (lambda r: r["config"].pop("query_dim"), "config doesn't make a model"),
        (lambda r: r["config"].update(hidden_dim=3_000_000), "its config .3000000"),
        (lambda r: r["config"].update(hidden_dim=3 * 10**30), "config"),
        (lambda r: r["config"].update(num_heads=0), "num_heads"),
        (lambda r: r["config"].update(length_aware="yes"), "length_aware='yes'"),
        (lambda r: r["config"].update(length_aware=torch.zeros(9)), "length_aware="),
        (lambda r: r.update(model="other"), "there is no model 'other'"),
        (lambda r: r.update(model=["mssl++"]), "model"),
        (lambda r: r.update(best_weights=[1]), "weights"),
        (drop_weight, "has shape"),
        (widen_weight, "has shape"),
    ],
)
def test_wrong_content_is_one_line(
    whole: Path, tmp_path: Path, change: Change, message: str
) -> None:
    path = changed(whole, tmp_path / "wrong.pt", change)
    with pytest.raises(FileFormatError, match=message) as caught:
        load_checkpoint(path, device="cpu")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(epoch="1"), "'epoch' is not of type int"),
        (lambda r: r.update(epoch=7), "has 3 epochs, not 7"),
        (lambda r: r.update(history=r["history"][:1]), "has 1 epochs, not 3"),
        (lambda r: r.update(history=None), "'history' is not of type list"),
        (lambda r: r.update(optimizer={}), "param_groups"),
        (lambda r: r["optimizer"]["state"][0].update(exp_avg=torch.zeros(1)), "exp_avg has shape"),
        (lambda r: r.update(best_weights={"a": torch.zeros(1)}), "Missing key"),
        (lambda r: r.pop("weights"), "'weights' is not of type dict"),
        (lambda r: r.pop("config"), "'config' is not of type dict"),
    ],
)
def test_a_training_does_not_go_on_from_wrong_content(
    whole: Path, films: Path, tmp_path: Path, change: Change, message: str
) -> None:
    path = changed(whole, tmp_path / "wrong.pt", change)
    before = path.read_bytes()
    with open_features(films) as dataset, pytest.raises(FileFormatError, match=message) as caught:
        train(path, dataset)
    assert "\n" not in str(caught.value)
    assert "prvr-lite train --restart" in str(caught.value)
    assert path.read_bytes() == before


def test_one_bit_of_a_weight_is_noticed(whole: Path, tmp_path: Path) -> None:
    """torch writes checksums and does not read them."""
    content = bytearray(whole.read_bytes())
    record = torch.load(whole, weights_only=True)
    weight = record["best_weights"]["query_encoder.pool.weight"].numpy().tobytes()
    content[content.index(weight) + 2] ^= 1
    (tmp_path / "flipped.pt").write_bytes(content)
    torch.load(tmp_path / "flipped.pt", weights_only=True)
    with pytest.raises(FileFormatError, match=r"the checksum of its part .* is wrong"):
        load_checkpoint(tmp_path / "flipped.pt")


def test_two_trainings_do_not_share_a_checkpoint(films: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    with open_features(films) as dataset:
        with held(path), pytest.raises(BusyError, match=r"run.pt: process .* has been working"):
            train(path, dataset)
        assert list(tmp_path.iterdir()) == []
        train(path, dataset)
    assert list(tmp_path.iterdir()) == [path]
