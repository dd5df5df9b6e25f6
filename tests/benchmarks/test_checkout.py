"""A checkout of the released code is measured as it is; a folder that is none is one clear line."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import checkout, clustering, scoring, speed_page, training_step

# Made-up modules with the names that are called: what they compute is as plain as can be.
FAKE = {
    "method/fast_kmeans.py": """
import matplotlib.pyplot as plt
import torch
from easydict import EasyDict

def batch_fast_kmedoids_with_split(points, k, split_size=4):
    assert split_size == 64 and EasyDict(a=1).a == 1
    medoids = torch.arange(k).expand(len(points), k)
    return torch.zeros(points.shape[:2], dtype=torch.long), medoids
""",
    "method/model.py": """
import torch
from method.fast_kmeans import batch_fast_kmedoids_with_split

class MS_SL_Net_pp(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.linear = torch.nn.Linear(config.hidden_size, 1)

    def load_state_dict(self, weights):
        self.weights = weights

    def encode_feat_map(self, units):
        return batch_fast_kmedoids_with_split(units, self.config.cluster_num, split_size=64)[1]

    def get_pred_from_raw_query(self, query, query_mask, labels, clips, frames, mask):
        unit = torch.nn.functional.normalize
        assert mask.dtype == torch.float32 and len(self.encode_query(query, None)) == len(query)
        score = torch.einsum("qh,vkh->qvk", unit(query, dim=-1), unit(clips, dim=-1)).amax(-1)
        return score, score
""",
    "method/optimization.py": """
class BertAdam:
    def __init__(self, groups, lr, weight_decay, warmup, t_total, schedule):
        self.groups = groups
""",
}


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    for name, text in FAKE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_checkout_is_a_side_of_the_benchmarks(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (clustering, scoring):
        monkeypatch.setattr(module, "extra_mib", lambda *_: 1.0)
        assert module.main(["--quick", "--released", str(fake), "--out", str(tmp_path)]) == 0
    assert "method" not in sys.modules
    with (tmp_path / "clustering.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["against"] for row in rows} == {"released code"}
    assert {row["side"] for row in rows} >= {"released", clustering.FROM_UNITS, "cluster_clips"}


def test_its_optimizer_decays_no_bias_and_no_norm(fake: Path) -> None:
    model = torch.nn.Sequential()
    model.add_module("linear", torch.nn.Linear(2, 2))
    model.add_module("LayerNorm", torch.nn.LayerNorm(2))
    decayed, plain = checkout.Checkout(fake).optimizer(model, 10).groups
    assert [p.shape for p in decayed["params"]] == [(2, 2)]
    assert decayed["weight_decay"] == 0.01
    assert (len(plain["params"]), plain["weight_decay"]) == (3, 0.0)


def test_medoids_of_its_model_can_be_recorded(fake: Path) -> None:
    code = checkout.Checkout(fake)
    network = code.network(4, 4, 6, 2)
    with code.recorded_medoids() as calls:
        network.encode_feat_map(torch.zeros(3, 5, 6))
    network.encode_feat_map(torch.zeros(3, 5, 6))
    (medoids, assignment), = calls  # fmt: skip
    assert (medoids.tolist(), assignment.shape) == ([[0, 1]] * 3, (3, 5))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("method/model.py", None, "is not a checkout"),
        ("method/model.py", "import torch\nimport no_such_package", "can't be imported"),
        ("method/model.py", "def (", "can't be imported"),
        ("method/optimization.py", "", "has no BertAdam"),
    ],
)
def test_a_folder_that_is_no_checkout_is_one_line(
    fake: Path, name: str, text: str | None, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is None:
        (fake / name).unlink()
    else:
        (fake / name).write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit):
        training_step.main(["--quick", "--released", str(fake)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert "argument --released: " in last
    assert problem in last
    assert str(fake) in last


def test_the_table_names_the_side() -> None:
    assert "our formulation" in speed_page._line([{"against": "formulation"}], "", "", "", "x")
    line = speed_page._line([{"against": "released code"}], "a", "b", "c", "clustering")
    assert "| the authors' code | `python -m benchmarks.clustering` |" in line
