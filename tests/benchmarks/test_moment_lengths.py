"""The films of other lengths are trained on, compared and told of as the experiments are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from toy import toy_dataset

from benchmarks import lengths_page, moment_lengths
from prvr_lite.config import PRESETS, Preset, TrainConfig
from prvr_lite.data.sample import load_sample
from prvr_lite.lab.lines import merge_lines
from prvr_lite.lab.results import Results
from prvr_lite.lab.rows import FULL
from prvr_lite.lab.runner import perform_all
from prvr_lite.lab.runs import Setting
from prvr_lite.model.registry import build_model
from prvr_lite.search.metrics import moment_to_video_ratio

SMALL = Preset(
    {"hidden_dim": 12, "num_heads": 3, "num_units": 8, "max_frames": 10, "num_clusters": 12},
    TrainConfig(epochs=1, batch_videos=6, learning_rate=2e-3, patience=None),
)


def test_rows_are_trained_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "toy", SMALL)
    monkeypatch.setattr(moment_lengths, "MAIN_SEEDS", 2)
    monkeypatch.setattr(moment_lengths, "SWAPS", [(FULL, "mssl")])
    two = {name: moment_lengths.ROWS[name] for name in (FULL, "mssl")}
    monkeypatch.setattr(moment_lengths, "ROWS", two)
    monkeypatch.setattr(moment_lengths, "bridged", lambda _: [])  # the toy is too small for it
    monkeypatch.setattr(lengths_page, "CSV", tmp_path / "lengths.csv")
    with toy_dataset(tmp_path) as dataset:
        setting = Setting(Path(dataset.path), "toy", tmp_path / "runs")
        runs = moment_lengths.trainings(setting, dataset)
        assert [run.seed for run in runs] == [0] * len(moment_lengths.ROWS) + [1] * (len(runs) // 2)
        perform_all(runs, setting, device="cpu", workers=1, progress=False)
        merge_lines(lengths_page.CSV, moment_lengths.measured(runs, setting, dataset))
    results = Results.read(lengths_page.CSV)
    pairs = [pair for pair in moment_lengths.PAIRS if set(pair) <= set(moment_lengths.ROWS)]
    for first, second in pairs:
        gap = results.values(f"{first} against {second}", "SumR gap")
        ours, theirs = results.values(first, "SumR"), results.values(second, "SumR")
        assert gap == pytest.approx({seed: ours[seed] - theirs[seed] for seed in (0, 1)})
        (ahead,) = results.values(f"{first} against {second}", "SumR ahead").values()
        assert ahead == pytest.approx(sum(gap.values()) / 2)
    tables = lengths_page.tables()
    for row in two.values():
        assert row.label in tables["lengths_recall"]
    swap, same = (results.values(name, "R@1") for name in (f"{FULL} searched with mssl", FULL))
    assert list(swap) == list(same) == [0, 1]
    assert tables["lengths_gaps"].count("2 seeds") == len(pairs) == 1
    lengths_page.draw(tmp_path)
    assert (tmp_path / "lengths.png").stat().st_size > 1000


def test_every_query_is_of_one_share() -> None:
    with load_sample() as sample:
        kinds = moment_lengths.kinds(sample)
        queries = sample.queries_in("test")
        film = sample.query_video[queries]
        share = moment_to_video_ratio(sample.moment[queries], sample.duration[film])
    shares = np.stack([rows for kind, rows in kinds.items() if kind != "all"])
    assert (shares.sum(0) == 1).all()
    short = kinds["share=0 to 0.05"]
    assert share[short].max() <= 0.05 < share[~short].min()


def test_all_clips_stand_in_best(tmp_path: Path) -> None:
    """A model that keeps every clip keeps the one of the moment; one that keeps some may not."""
    with toy_dataset(tmp_path) as dataset:
        sizes = (dataset.visual_dim, dataset.query_dim)
        some, every = (
            moment_lengths.stand_ins(
                build_model(name, SMALL.model_config(*sizes, **more), seed=0), dataset
            )
            for name, more in (("mssl++", {}), ("mssl", {"num_clusters": None}))
        )
    assert every["best cosine"] == pytest.approx(100)
    for metric in moment_lengths.STAND_INS:
        assert (some[metric] <= every[metric] + 1e-4).all()
        assert 0 < some[metric].mean() < every[metric].mean()


def test_every_pair_has_five_seeds() -> None:
    """The page has a verdict of every pair, from the committed CSV."""
    text = lengths_page.tables()["lengths_gaps"]
    assert len(re.findall("5 seeds", text)) == len(moment_lengths.PAIRS)
