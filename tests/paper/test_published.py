"""Published numbers are those of one document each, and shown for the paper's data sets alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paper_releases import VISUAL, WORDS, release_table, small_release
from toy import QUICK

from prvr_lite import cli
from prvr_lite.config import ModelConfig
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.registry import build_model
from prvr_lite.paper.convert import convert_release
from prvr_lite.paper.published import AUTHORS, PUBLISHED, published
from prvr_lite.training.fit import fit


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.model} {row.collection}")
def test_recalls_rise_and_add_up(row) -> None:
    """Each is rounded to a digit, so their sum may be off by two of those."""
    *recalls, total = row.recall
    assert recalls == sorted(recalls)
    assert total == pytest.approx(sum(recalls), abs=0.21)


def test_three_rows_a_model() -> None:
    assert len(PUBLISHED) == 3 * 10
    assert [row.collection for row in PUBLISHED[:3]] == ["tvr", "activitynet", "charades"]
    (row,) = published("tvr", "mssl++")
    assert row.metrics == {"R@1": 13.6, "R@5": 33.1, "R@10": 44.2, "R@100": 83.5, "SumR": 174.5}
    assert row.source == AUTHORS
    (row,) = published("activitynet", "gmmformer")
    assert list(row.metrics.values()) == [8.3, 24.9, 36.7, 76.1, 146.0]
    theirs = {row.model for row in published("tvr") if row.source == AUTHORS}
    assert theirs == {"MS-SL", "MS-SL++", "GMMFormer"}
    assert published("emoji theatre") == []


def test_evaluate_prints_the_papers_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_release(tmp_path, "charades")
    path, checkpoint = tmp_path / "charades.h5", str(tmp_path / "model.pt")
    assert cli.main(["convert", str(tmp_path), "charades", "--out", str(path)]) == 0
    assert "Charades-STA" in capsys.readouterr().out
    sizes = {"visual_dim": VISUAL, "query_dim": WORDS, "hidden_dim": 8, "num_heads": 2}
    config = ModelConfig(**sizes, num_units=4, num_clusters=3)
    with open_features(path) as dataset:
        model = build_model("mssl++", config)
        fit(model, dataset, replace(QUICK, epochs=1), checkpoint=checkpoint, progress=False)
    assert cli.main(["evaluate", checkpoint, "--data", str(path)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    expected = "paper R@1 1.8 R@5 7.6 R@10 12 R@100 48.4 SumR 69.7 (MS-SL++, authors' README)"
    assert " ".join(last.split()) == expected
    assert cli.main(["evaluate", checkpoint, "--data", str(path), "--split", "train"]) == 0
    assert "paper" not in capsys.readouterr().out
    table = release_table()  # the same, but not called charades
    table.splits = {"train": np.arange(6), "test": np.arange(6, 12)}
    write_features(tmp_path / "other.h5", table)
    assert cli.main(["evaluate", checkpoint, "--data", str(tmp_path / "other.h5")]) == 0
    assert "paper" not in capsys.readouterr().out


def test_other_features_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_release(tmp_path, "charades")
    features = tmp_path / "charades" / "FeatureData"
    (features / "i3d_rgb_lgi").rename(features / "clip")
    path = tmp_path / "charades.h5"
    convert_release(tmp_path, "charades", path, feature="clip")
    from prvr_lite.cli.evaluate import comparable

    with open_features(path) as dataset:
        assert dataset.visual_model == "clip"
        assert comparable(dataset, "mssl++") == []
        dataset.visual_model = "I3D, RGB, as released with LGI"
        assert [row.model for row in comparable(dataset, "mssl")] == ["MS-SL", "MS-SL++"]
        for name in ("gmmformer", "gmmformer-batch-windows"):
            assert [row.model for row in comparable(dataset, name)] == ["GMMFormer", "MS-SL++"]
