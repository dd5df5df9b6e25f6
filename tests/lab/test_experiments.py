"""The experiments: rows, resuming, the CSV, and what is told of a run."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy import toy_dataset, toy_table

from prvr_lite.cli import main
from prvr_lite.config import PRESETS, Preset, TrainConfig
from prvr_lite.data.dataset import Dataset
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features
from prvr_lite.lab import runner, runs
from prvr_lite.lab.command import CSV as EXPERIMENTS_CSV
from prvr_lite.lab.command import default_csv, list_experiments, run_experiments
from prvr_lite.lab.cost import costs
from prvr_lite.lab.gaps import gaps
from prvr_lite.lab.judge import ALPHAS
from prvr_lite.lab.lines import COLUMNS, merge_lines, read_lines
from prvr_lite.lab.results import Results
from prvr_lite.lab.rows import (
    EXPERIMENTS,
    FULL,
    RATES,
    Experiment,
    choose,
    rates_of,
    searches,
)
from prvr_lite.lab.runner import RunError, perform_all, planned
from prvr_lite.lab.runs import Setting, finished_run, model_of, perform
from prvr_lite.lab.subsets import query_subsets
from prvr_lite.model.registry import MODELS
from prvr_lite.moments import METHODS, predict_moments, svmr_metrics
from prvr_lite.search.evaluation import evaluate

SMALL = Preset(
    {"hidden_dim": 12, "num_heads": 3, "num_units": 16, "max_frames": 10, "num_clusters": 5},
    TrainConfig(epochs=1, batch_videos=6, learning_rate=2e-3, patience=None),
)
CSV = Path(__file__).parents[2] / "benchmarks" / "results" / "experiments.csv"


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    monkeypatch.setitem(PRESETS, "toy", SMALL)
    with toy_dataset(tmp_path) as dataset:
        path = Path(dataset.path)
    return Setting(path, "toy", tmp_path / "runs")


def read(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV, each a dictionary of texts."""
    return read_lines(path).to_dict("records")


def only(lines: list[dict[str, str]], **keys: str) -> float:
    found = [float(o["value"]) for o in lines if all(o[k] == v for k, v in keys.items())]
    assert len(found) == 1, (keys, found)
    return found[0]


def test_rows_are_chosen_by_name_and_by_group() -> None:
    assert set(choose(["mssl", "frames"])) == {"mssl", "mean-frames", "max-frames", "own-key-clip"}
    assert set(choose([])) == {*EXPERIMENTS, *searches()}
    assert list(choose(["main"]))[-1] == FULL
    with pytest.raises(ValueError, match=r"no experiment 'mssl\+': choose among the groups main"):
        choose(["mssl", "mssl+"])
    with pytest.raises(ValueError, match="the stages cost, or the rows that --list shows"):
        choose(["costs"], ["cost"])


def test_every_row_changes_something(setting: Setting) -> None:
    """No two rows ask for the same training, but the search at the rate that a row has."""
    with setting.open() as dataset:
        planned_runs, refused = planned(EXPERIMENTS, 1, setting, dataset)
        assert set(refused) == {"zero-shot"}
        keys = {run.key for run in planned_runs}
        assert len(keys) == len(planned_runs) == len(EXPERIMENTS) - 1
        others, _ = planned(searches(), 1, setting, dataset)
        shared = [run for run in others if run.key in keys]
        assert len(shared) == len(EXPERIMENTS) - 1 - len(
            [row for row in EXPERIMENTS.values() if row.group != "main"]
        )
        again, _ = planned({FULL: EXPERIMENTS[FULL]}, 3, setting, dataset)
        assert len({run.key for run in again}) == 3


@pytest.mark.slow
def test_all_rows_from_training_to_csv(setting: Setting, tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    names = list(EXPERIMENTS)
    count = run_experiments([*names, "cost"], setting, path, seeds=1, workers=1, device="cpu")
    lines = read(path)
    assert len(lines) == count
    trained = set(names) - {"zero-shot"}
    assert {o["experiment"] for o in lines if " against " not in o["experiment"]} == trained
    assert {o["experiment"] for o in lines if " against " in o["experiment"]} == {
        f"{FULL} against {name}" for name in trained - {FULL}
    }
    assert all(o["torch"] == torch.__version__ and o["date"] and o["device"] for o in lines)
    with setting.open() as dataset:
        for run in planned(EXPERIMENTS, 1, setting, dataset)[0]:
            found = finished_run(run, setting)
            assert found is not None
            test = evaluate(model_of(found), dataset, "test")
            keys = {"experiment": run.experiment, "seed": "0", "split": "test", "queries": "all"}
            for scale in ("fused", "clip", "frame"):
                metrics = getattr(test, scale)
                if metrics is None or (test.frame is None and scale == "clip"):
                    continue
                for metric, value in metrics.items():
                    told = only(lines, **keys, score=scale, metric=metric)
                    assert told == pytest.approx(value, rel=1e-5)
            cost = {"experiment": run.experiment, "seed": ""}
            assert only(lines, **cost, metric="query ms") > 0
            assert only(lines, **cost, metric="training s") > 0
    sweep = {"experiment": FULL, "seed": "0", "split": "test", "metric": "SumR"}
    fused = only(lines, **sweep, queries="all", score="fused")
    assert only(lines, **sweep, score="alpha=0.70") == pytest.approx(fused)
    clip = only(lines, **sweep, queries="all", score="clip")
    assert only(lines, **sweep, score="alpha=1.00") == pytest.approx(clip)


def test_moments_of_every_seed(
    setting: Setting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are what the room of moments says of the trained models, seed by seed."""
    path = tmp_path / "found.csv"
    run_experiments(["moments"], setting, path, workers=1, device="cpu")
    assert "moments: left out, no run of mssl++ is finished" in capsys.readouterr().out
    run_experiments([FULL, "moments"], setting, path, seeds=2, workers=1, device="cpu")
    lines = [o for o in read(path) if o["experiment"] == f"moments of {FULL}"]
    assert {o["seed"] for o in lines} == {"0", "1"}
    assert {o["score"] for o in lines} == {
        *METHODS,
        "span head",
        "span head + key clip",
        "span head, untrained MS-SL++",
        *(f"{name}, n={n}" for name in (*METHODS, "span head") for n in (1, 2, 5, 6)),
    }
    with setting.open() as dataset:
        for run in planned({FULL: EXPERIMENTS[FULL]}, 2, setting, dataset)[0]:
            found = finished_run(run, setting)
            assert found is not None
            truth = dataset.moment[dataset.queries_in("test")]
            metrics = svmr_metrics(
                predict_moments(model_of(found), dataset, method="key clip"), truth
            )
            for metric, value in metrics.items():
                keys = {"seed": str(run.seed), "score": "key clip", "metric": metric}
                assert only(lines, **keys) == pytest.approx(value, rel=1e-5)
    one = {"seed": "0", "metric": "R@100 IoU=0.3"}
    most = [only(lines, **one, score=f"clip map, n={n}") for n in (1, 2, 5, 6)]
    assert most == sorted(most)  # more films, more moments within reach


def test_index_bytes_are_counted(setting: Setting) -> None:
    """K clips and K attended frames of H float32 each, and the row of each clip."""
    with setting.open() as dataset:
        some = {name: EXPERIMENTS[name] for name in (FULL, "mean-pool")}
        lines = list(costs(planned(some, 1, setting, dataset)[0], setting, dataset, device="cpu"))
    assert only(lines, experiment=FULL, metric="index bytes") == 5 * (2 * 12 * 4 + 8)
    assert only(lines, experiment="mean-pool", metric="index bytes") == 12 * 4 + 8


def test_what_is_finished_is_not_done_again(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def spy(run: runs.Run, *rest: object, **named: object) -> None:
        done.append(f"{run.experiment} {run.seed}")
        perform(run, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "perform", spy)

    def again(**changes: object) -> list[str]:
        done.clear()
        run_experiments(
            ["mean-pool", "frame-max"],
            replace(setting, **changes),  # type: ignore[arg-type]
            tmp_path / "x.csv",
            seeds=2,
            workers=1,
        )
        return sorted(done)

    everything = ["frame-max 0", "frame-max 1", "mean-pool 0", "mean-pool 1"]
    assert again() == everything
    assert again() == []
    kept = sorted(setting.folder.glob("*.pt"))
    assert len(kept) == 4
    kept[0].unlink()
    assert again() == ["frame-max 0"]
    kept[1].write_bytes(kept[1].read_bytes()[:100])  # damaged
    assert again() == ["frame-max 1"]
    kept[2].write_bytes(kept[3].read_bytes())  # another run under this name
    assert again() == ["mean-pool 0"]
    assert again(epochs=2) == everything
    assert again() == []


def test_a_half_trained_run_goes_on(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the first of three epochs, it ends with the scores of an undisturbed run."""
    setting = replace(setting, epochs=3)
    original = runs.fit
    epochs: list[int] = []

    def stopping(model: object, dataset: Dataset, config: TrainConfig, **named: object) -> object:
        history = original(model, dataset, config, **named)  # type: ignore[arg-type]
        epochs.append(len(history.rows))
        return history

    with setting.open() as dataset:
        run = planned({FULL: EXPERIMENTS[FULL]}, 1, setting, dataset)[0][0]
        perform(run, setting, dataset)
        whole = finished_run(run, setting)
        runs.path_of(run, setting).unlink()
        monkeypatch.setattr(runs, "fit", stopping)
        monkeypatch.setattr(runs, "evaluate", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):  # trained, but not scored yet
            perform(run, setting, dataset)
        monkeypatch.setattr(runs, "evaluate", evaluate)
        perform(run, setting, dataset)
        resumed = finished_run(run, setting)
    assert epochs == [3, 3]
    assert whole is not None
    assert resumed is not None
    np.testing.assert_array_equal(resumed.scores["test"]["clip"], whole.scores["test"]["clip"])
    assert not list(setting.folder.glob("*.checkpoint"))


def test_a_failed_run_costs_no_other(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: runs.Run, *rest: object) -> None:
        if run.experiment == "mean-pool":
            raise FloatingPointError("the loss became nan")
        perform(run, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "perform", broken)
    path = tmp_path / "x.csv"
    with pytest.raises(RunError, match="1 of 2 runs failed; mean-pool, seed 0: the loss became"):
        run_experiments(["mean-pool", "frame-max"], setting, path, seeds=1, workers=1)
    assert {o["experiment"] for o in read(path)} == {"frame-max"}


def test_a_model_and_a_row_of_ones_own_run_like_the_others(
    setting: Setting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As lesson 13 shows; without a bar, if none is wanted."""
    monkeypatch.setitem(MODELS, "own", type("Own", (MODELS["mean-pool"],), {}))
    monkeypatch.setitem(EXPERIMENTS, "own", Experiment("my own", "mine", "own", seeds=1))
    path = tmp_path / "x.csv"
    assert "mine    own" in list_experiments(setting)
    capsys.readouterr()
    run_experiments(["own"], setting, path, workers=1, progress=False)
    assert capsys.readouterr().err == ""
    found = Results.read(path)
    assert len(found.values("own", "SumR", split="val")) == 1


@pytest.mark.slow
def test_two_at_a_time_find_the_same(setting: Setting) -> None:
    with setting.open() as dataset:
        todo = planned({"mean-pool": EXPERIMENTS["mean-pool"]}, 2, setting, dataset)[0]
        alone = replace(setting, folder=setting.folder / "alone")
        # a new process does not know the preset of this test: the runs carry their configs
        perform_all(todo, setting, device="cpu", workers=2)
        perform_all(todo, alone, device="cpu", workers=1)
        for run in todo:
            a, b = finished_run(run, setting), finished_run(run, alone)
            assert a is not None
            assert b is not None
            np.testing.assert_allclose(
                a.scores["test"]["clip"], b.scores["test"]["clip"], atol=1e-5
            )


def test_lines_of_other_rows_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    blank = dict.fromkeys(COLUMNS, "")
    first = [{**blank, "experiment": FULL, "seed": s, "value": "1"} for s in ("0", "1", "")]
    assert merge_lines(path, first) == 3
    assert merge_lines(path, [{**blank, "experiment": FULL, "seed": "1", "value": "2"}]) == 3
    merge_lines(path, [{**blank, "experiment": "mean-pool", "seed": "0", "value": "3"}])
    found = [(o["experiment"], o["seed"], o["value"]) for o in read(path)]
    assert found == [("mean-pool", "0", "3"), (FULL, "", "1"), (FULL, "0", "1"), (FULL, "1", "2")]
    merge_lines(path, [{**blank, "experiment": "a, b", "seed": "10", "value": "1e-9"}])
    merge_lines(path, [{**blank, "experiment": "a, b", "seed": "9", "value": "4"}])
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[-2:] == ['"a, b",10,,,,,1e-9' + "," * 7, '"a, b",9,,,,,4' + "," * 7]
    assert merge_lines(path, []) == 6
    assert path.read_text(encoding="utf-8") == text  # cells stay as they were written
    path.write_text("model,R@1\nmine,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"columns are .* give another --csv"):
        merge_lines(path, first)
    assert path.read_text(encoding="utf-8").startswith("model")  # nothing is lost


def test_kinds_of_queries_are_counted_right() -> None:
    """Against plain loops over the sample's test queries."""
    with load_sample() as data:
        found = {name: (rows, right) for name, rows, right in query_subsets(data, "test")}
        queries = data.queries_in("test")
        for row, query in enumerate(queries):
            film = data.query_video[query]
            start, end = data.moment[query]
            ratio = float(end - start) / float(data.duration[film])
            told = {tuple(data.moment[q]) for q in queries if data.query_video[q] == film}
            steps = "two" if len(data.steps(query)) else "single"
            group = "(0, 0.2]" if ratio <= 0.2 else "(0.2, 0.4]" if ratio <= 0.4 else "(0.4, 1]"
            mine = {f"steps={steps}", f"ratio={group}", f"moments={len(told)}"}
            kinds = {name for name, (rows, _) in found.items() if rows[row]}
            assert mine <= kinds
            assert len([k for k in kinds if k.startswith("length=")]) == 1
            answers = {int(v) for q, v in data.relevant if q == query}
            assert ("answers=several, own correct" in kinds) == (len(answers) > 1)
            right = data.videos_in("test")[found["correct=several"][1][row]]
            assert set(right.tolist()) == answers
        durations = [
            [data.duration[data.query_video[q]] for q in queries[found[f"length={n}"][0]]]
            for n in ("short", "medium", "long")
        ]
        assert max(durations[0]) <= min(durations[1]) <= max(durations[1]) <= min(durations[2])


def test_gaps_are_differences_of_mean_hits(setting: Setting) -> None:
    """Against evaluate; a change of MS-SL++ is judged with the alpha of val, on both sides."""
    some = {name: EXPERIMENTS[name] for name in (FULL, "mean-pool", "K=4", "clip-scale")}
    with setting.open() as dataset:
        todo = planned(some, 2, setting, dataset)[0]
        perform_all(todo, setting, device="cpu", workers=1)
        lines = list(gaps(setting, dataset))
        assert {o["experiment"] for o in lines} == {
            f"{FULL} against {n}" for n in some if n != FULL
        }
        fused: dict[str, list[dict[str, float]]] = {}
        tuned: dict[str, list[dict[str, float]]] = {}
        for run in todo:
            found = finished_run(run, setting)
            assert found is not None
            model = model_of(found)
            sums = {a: evaluate(model, dataset, "val", alpha=a).fused["SumR"] for a in ALPHAS}
            best = [a for a in ALPHAS if sums[a] == max(sums.values())]
            alpha = min(best, key=lambda a: abs(a - 0.7))
            fused.setdefault(run.experiment, []).append(evaluate(model, dataset).fused)
            tuned.setdefault(run.experiment, []).append(evaluate(model, dataset, alpha=alpha).fused)
            if run.experiment == "clip-scale":
                tuned["clip-scale"][-1] = evaluate(model, dataset).clip
    for name, scores in (("mean-pool", fused), ("K=4", tuned), ("clip-scale", tuned)):
        keys = {"experiment": f"{FULL} against {name}", "queries": "all"}
        for metric in ("R@1", "SumR"):
            ours, theirs = ([m[metric] for m in scores[n]] for n in (FULL, name))
            ahead = only(lines, **keys, metric=f"{metric} ahead")
            assert ahead == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-3)
            low, high = (only(lines, **keys, metric=f"{metric} {end}") for end in ("low", "high"))
            assert low <= ahead <= high
            for seed in (0, 1):
                apart = only(lines, **keys, metric=f"{metric} gap", seed=str(seed))
                assert apart == pytest.approx(ours[seed] - theirs[seed], abs=1e-3)


def test_other_data_loses_and_mixes_nothing(setting: Setting, tmp_path: Path) -> None:
    """The same rows on another data set: other files, another CSV, and the first ones stay."""
    run_experiments(["mean-pool"], setting, default_csv(setting), seeds=1, workers=1, device="cpu")
    first = {path: path.read_bytes() for path in setting.folder.glob("*.pt")}
    (tmp_path / "other").mkdir()
    with toy_dataset(tmp_path / "other", videos=30) as dataset:
        other = replace(setting, data=Path(dataset.path))
    run_experiments(["mean-pool"], other, tmp_path / "o.csv", seeds=1, workers=1, device="cpu")
    assert len(list(setting.folder.glob("*.pt"))) == 2
    assert all(path.read_bytes() == text for path, text in first.items())
    assert default_csv(Setting()) == EXPERIMENTS_CSV
    assert default_csv(replace(Setting(), epochs=1)).parent == Setting().folder
    assert default_csv(setting) == setting.folder / "experiments.csv"


def test_data_without_a_split_is_refused_before_training(setting: Setting, tmp_path: Path) -> None:
    table = toy_table()
    del table.splits["val"]
    write_features(tmp_path / "noval.h5", table)
    with pytest.raises(ValueError, match="no query in split 'val': runs need val and test"):
        run_experiments(
            ["mean-pool"], replace(setting, data=tmp_path / "noval.h5"), tmp_path / "x.csv"
        )
    assert not list(setting.folder.glob("*"))


@pytest.mark.slow
def test_data_without_times_has_no_moments(
    setting: Setting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, and the other stages go on; some unknown moments only leave their queries out."""
    table = toy_table()
    table.moment[::2] = np.nan
    write_features(tmp_path / "some.h5", table)
    some = replace(setting, data=tmp_path / "some.h5")
    asked, path = [FULL, "moments", "cost"], tmp_path / "x.csv"
    run_experiments(asked, some, path, seeds=1, workers=1, device="cpu")
    assert any(o["metric"] == "mIoU" for o in read(path))
    table.duration[:] = np.nan
    write_features(tmp_path / "none.h5", table)
    none = replace(setting, data=tmp_path / "none.h5")
    run_experiments(asked, none, tmp_path / "y.csv", seeds=1, workers=1, device="cpu")
    assert "moments: left out, a video of train has an unknown duration" in capsys.readouterr().out
    lines = read(tmp_path / "y.csv")
    assert any(o["metric"] == "query ms" for o in lines)
    assert not any(o["metric"] == "mIoU" for o in lines)


def test_gmmformer_is_trained_by_its_own_preset() -> None:
    """Its losses and dropout; epochs, batches and the search over rates are those of all models."""
    names = ("epochs", "batch_videos", "learning_rate", "warmup", "hard_negatives_from", "margin")
    rows = {name: row for name, row in {**EXPERIMENTS, **searches()}.items() if "gmm" in name}
    assert len(rows) == 2 * (1 + 3)
    setting = Setting()
    with setting.open() as dataset:
        full = planned({FULL: EXPERIMENTS[FULL]}, 5, setting, dataset)[0]
        runs_of = {
            name: planned({name: row}, None, setting, dataset)[0] for name, row in rows.items()
        }
    for name in ("gmmformer", "gmmformer-batch-windows"):
        assert [run.seed for run in runs_of[name]] == [0, 1, 2, 3, 4]
        for run, other in zip(runs_of[name], full, strict=True):
            rate = EXPERIMENTS[name].rate
            for field in names:
                factor = rate if field == "learning_rate" else 1
                assert getattr(run.training, field) == factor * getattr(other.training, field)
            assert (run.training.frame_nce_weight, run.config.dropout) == (0.04, 0.2)
            assert run.training.diverse_weight == 0.015
        rates = [runs_of[f"{name} rate x {rate:g}"][0].training.learning_rate for rate in RATES]
        assert rates == [1e-3, 2e-3, 4e-3]
    assert len({run.key for run in runs_of["gmmformer"] + runs_of["gmmformer-batch-windows"]}) == 10


def test_fewer_epochs_shorten_every_row(setting: Setting) -> None:
    with setting.open() as dataset:
        some = {name: EXPERIMENTS[name] for name in (FULL, "three-times")}
        short = planned(some, 1, replace(setting, epochs=5), dataset)[0]
    assert [run.training.epochs for run in short] == [5, 15]


def test_the_command(setting: Setting, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, folder = tmp_path / "x.csv", str(setting.folder)
    common = ["--data", str(setting.data), "--folder", folder, "--epochs", "1", "--device", "cpu"]
    asked = ["experiments", "mean-pool", "--seeds", "1", "--workers", "1", "--csv", str(path)]
    assert main([*asked, *common]) == 0
    assert "numbers" in capsys.readouterr().out
    with path.open(encoding="utf-8", newline="") as file:
        assert {o["experiment"] for o in csv.DictReader(file)} == {"mean-pool"}
    assert main(["experiments", "--list", *common]) == 0
    listed = capsys.readouterr().out
    assert "mean pooling" in listed
    assert "seeds 0 of 5" in listed
    assert "seeds none of 3" in listed
    assert "share no space" in listed
    assert main(["experiments", "nothing", *common]) == 1
    assert "there is no experiment 'nothing'" in capsys.readouterr().err


def test_the_command_without_pandas_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lines", "command", "gaps", "cost", "moment_stage"):
        monkeypatch.delitem(sys.modules, f"prvr_lite.lab.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert main(["experiments", "--list"]) == 1
    assert "need pandas: pip install 'prvr-lite[lessons]'" in capsys.readouterr().err


@pytest.mark.skipif(not CSV.exists(), reason="no experiments.csv yet: prvr-lite experiments")
def test_rates_are_those_that_val_chose() -> None:
    """Each measured model of the main table has the rate of its best mean SumR on val."""
    lines = [o for o in read(CSV) if o["metric"] == "SumR" and o["split"] == "val"]
    measured = {o["experiment"] for o in lines}
    assert {FULL, "mssl", "mean-pool", "frame-max"} <= measured
    for name, row in EXPERIMENTS.items():
        if row.group != "main" or row.model == "zero-shot" or name not in measured:
            continue
        by_rate = {}
        for rate in rates_of(name):
            scores = [
                float(o["value"])
                for o in lines
                if o["experiment"] == f"{name} rate x {rate:g}" and o["score"] == "fused"
            ]
            assert len(scores) >= 2
            by_rate[rate] = np.mean(scores)
        assert row.rate == max(by_rate, key=lambda r: by_rate[r]), (name, by_rate)
        assert min(by_rate) < row.rate < max(by_rate), f"{name}: widen the search"
