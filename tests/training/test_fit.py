"""Training: it learns, it can be watched, stopped, resumed and repeated."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from toy import QUICK, SMALL, toy_dataset, toy_table

from prvr_lite.config import PRESETS, TrainConfig
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.device import choose_device
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.gmmformer import GMMFormer
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.registry import MODELS, TRAINABLE, build_model
from prvr_lite.search.evaluation import evaluate
from prvr_lite.training import optimizer as optimization
from prvr_lite.training.checkpoints import CHECKPOINT_FORMAT, load_checkpoint
from prvr_lite.training.fit import fit

loop = import_module("prvr_lite.training.fit")  # the file; its face gives the function


def weights(model: torch.nn.Module) -> OrderedDict[str, torch.Tensor]:
    return OrderedDict((k, v.cpu()) for k, v in model.state_dict().items())


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(
        torch.equal(x, y) for x, y in zip(weights(a).values(), weights(b).values(), strict=True)
    )


def test_it_learns_the_toy(tmp_path: Path, device: torch.device) -> None:
    """Among 69 films, untrained, the median rank is about 35; trained, it is a tenth of that."""
    with toy_dataset(tmp_path, videos=150) as dataset:
        model = build_model("mssl++", replace(SMALL, hidden_dim=24, dropout=0.0, input_dropout=0.0))
        before = evaluate(model, dataset, "val").fused["MedR"]
        config = replace(QUICK, epochs=25, learning_rate=4e-3, device=str(device))
        history = fit(model, dataset, config, progress=False)
        after = evaluate(model, dataset, "val").fused["MedR"]
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]
    assert before > 20
    assert after < 5


@pytest.mark.parametrize("name", sorted(TRAINABLE))
def test_history_of_every_model(toy: Dataset, name: str) -> None:
    model = build_model(name, SMALL)
    history = fit(model, toy, QUICK, progress=False)
    assert [row["epoch"] for row in history.rows] == [0, 1, 2]
    assert {"loss", "clip_triplet", "clip_nce", "SumR", "R@1", "seconds"} <= set(history.rows[0])
    assert ("frame_nce" in history.rows[0]) == issubclass(MODELS[name], (MSSLpp, GMMFormer))
    assert ("query_diverse" in history.rows[0]) == issubclass(MODELS[name], GMMFormer)
    assert history.best["SumR"] == max(row["SumR"] for row in history.rows)
    assert history.seconds > 0
    assert not model.training


def test_a_run_can_be_watched(toy: Dataset) -> None:
    """Once before it begins and after each epoch, with all rows so far."""
    seen = []
    model = build_model("mean-pool", SMALL)
    history = fit(model, toy, QUICK, progress=False, watch=lambda h: seen.append(len(h.rows)))
    assert seen == list(range(QUICK.epochs + 1))
    assert len(history.rows) == QUICK.epochs


def test_same_seed_same_numbers(toy: Dataset) -> None:
    first, second = (build_model("mssl++", SMALL, seed=1) for _ in range(2))
    rows = [fit(model, toy, QUICK, progress=False).rows for model in (first, second)]
    assert same_weights(first, second)
    for a, b in zip(*rows, strict=True):
        assert {k: v for k, v in a.items() if k != "seconds"} == {
            k: v for k, v in b.items() if k != "seconds"
        }
    other = build_model("mssl++", SMALL, seed=1)
    fit(other, toy, replace(QUICK, seed=8), progress=False)
    assert not same_weights(first, other)


def test_fitting_leaves_the_callers_random_numbers_alone(toy: Dataset) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    fit(build_model("mean-pool", SMALL), toy, QUICK, progress=False)
    assert torch.equal(torch.rand(1), expected)


class InterruptedRunError(Exception):
    pass


def test_an_interrupted_run_ends_like_a_whole_one(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_model("mssl++", SMALL)
    expected = fit(whole, toy, QUICK, progress=False)
    path = tmp_path / "run" / "checkpoint.pt"
    step, steps = loop._Run.step, []

    def failing(run: loop._Run, rows: object) -> dict[str, torch.Tensor]:
        steps.append(rows)
        if len(steps) == 5:  # in the middle of the second epoch
            raise InterruptedRunError
        return step(run, rows)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "step", failing)
        with pytest.raises(InterruptedRunError):
            fit(build_model("mssl++", SMALL), toy, QUICK, checkpoint=path, progress=False)
    resumed = build_model("mssl++", SMALL, seed=77)  # its weights come from the checkpoint
    history = fit(resumed, toy, QUICK, checkpoint=path, progress=False)
    assert [r["loss"] for r in history.rows] == [r["loss"] for r in expected.rows]
    assert same_weights(resumed, whole)
    assert same_weights(load_checkpoint(path, device="cpu"), whole)
    assert list(path.parent.iterdir()) == [path]  # nothing half-written lies about
    again = fit(build_model("mssl++", SMALL), toy, QUICK, checkpoint=path, progress=False)
    assert again.rows == history.rows  # a finished run is not run again


def test_a_checkpoint_of_another_run_is_refused(toy: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    fit(build_model("mssl++", SMALL), toy, QUICK, checkpoint=path, progress=False)
    with pytest.raises(ValueError, match=r"margin=0.2 instead of 0.3.*--restart"):
        fit(build_model("mssl++", SMALL), toy, replace(QUICK, margin=0.3), checkpoint=path)
    with pytest.raises(ValueError, match="'mssl\\+\\+' instead of 'mean-pool'"):
        fit(build_model("mean-pool", SMALL), toy, QUICK, checkpoint=path)
    with toy_dataset(tmp_path, videos=30) as other, pytest.raises(ValueError, match=r"48, .* 60"):
        fit(build_model("mssl++", SMALL), other, QUICK, checkpoint=path)
    before = path.read_bytes()
    model = build_model("mean-pool", SMALL)
    fit(model, toy, QUICK, checkpoint=path, resume=False, progress=False)
    assert path.read_bytes() != before


@pytest.mark.parametrize("damage", ["truncated", "text", "other"])
def test_a_damaged_checkpoint_is_named(toy: Dataset, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint.pt"
    fit(
        build_model("mean-pool", SMALL),
        toy,
        replace(QUICK, epochs=1),
        checkpoint=path,
        progress=False,
    )
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "text":
        path.write_text("hello")
    else:
        save_record(path, "something else", {"a": 1})
    with pytest.raises(FileFormatError, match=r"checkpoint\.pt"):
        load_checkpoint(path)
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "nowhere.pt")


def test_nothing_in_a_record_can_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    torch.save({"format": "kind", "x": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(FileFormatError):
        load_record(tmp_path / "evil.pt", "kind")
    assert not (tmp_path / "ran").exists()


def test_a_failed_write_keeps_the_old_record(tmp_path: Path) -> None:
    path = tmp_path / "record.pt"
    save_record(path, "kind", {"x": 1})
    with pytest.raises((AttributeError, TypeError, RuntimeError, Exception)):
        save_record(path, "kind", {"x": lambda: None})
    assert load_record(path, "kind")["x"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_patience(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """SumR falls after the second epoch: with patience 1, the fourth is the last."""
    sums = iter([100.0, 200.0, 150.0, 140.0, 130.0])

    class Falling:
        def __init__(self) -> None:
            self.fused = {"SumR": next(sums), "R@1": 0.0}

    monkeypatch.setattr(loop, "evaluate", lambda *a, **k: Falling())
    model = build_model("mean-pool", SMALL)
    history = fit(model, toy, replace(QUICK, epochs=5, patience=1), progress=False)
    assert len(history.rows) == 4
    assert history.best["epoch"] == 1


def test_validation_may_start_late_or_never(toy: Dataset, tmp_path: Path) -> None:
    late = fit(
        build_model("mean-pool", SMALL), toy, replace(QUICK, evaluate_from=2), progress=False
    )
    assert ["SumR" in row for row in late.rows] == [False, False, True]
    table = toy_table()
    table.splits = {"train": table.splits["train"], "test": table.splits["test"]}
    write_features(tmp_path / "noval.h5", table)
    with open_features(tmp_path / "noval.h5") as dataset:
        never = fit(build_model("mean-pool", SMALL), dataset, QUICK, progress=False)
    assert never.best["epoch"] == 2  # the last, for want of a better judge


def test_a_loss_that_explodes_says_what_to_do(toy: Dataset) -> None:
    model = build_model("mean-pool", SMALL)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        fit(model, toy, QUICK, progress=False)


def test_a_model_of_other_sizes_is_refused(toy: Dataset) -> None:
    with pytest.raises(ValueError, match="visual_dim=7, the model was built for 9"):
        fit(build_model("mssl++", replace(SMALL, visual_dim=9)), toy, QUICK)


@pytest.mark.parametrize(("videos", "batch"), [(0, 4), (1, 4), (6, 1)])
def test_a_training_without_negatives_is_refused(videos: int, batch: int, tmp_path: Path) -> None:
    """Its loss would be 0 from the first step on."""
    table = toy_table()
    table.splits = {"train": np.arange(videos), "test": np.arange(6, 12)}
    write_features(tmp_path / "few.h5", table)
    with (
        open_features(tmp_path / "few.h5") as dataset,
        pytest.raises(ValueError, match=f"{videos} train videos.*{batch} in a batch: nothing can"),
    ):
        fit(build_model("mssl++", SMALL), dataset, replace(QUICK, batch_videos=batch))


def test_videos_without_queries_do_not_count(tmp_path: Path) -> None:
    """Of 12 train videos 6 have queries: two batches of 4 an epoch, and the rate ends at 0."""
    table = toy_table()
    table.query_video = np.where(table.query_video < 6, table.query_video + 6, table.query_video)
    table.moment[:] = np.nan
    table.relevant = None
    write_features(tmp_path / "some.h5", table)
    with open_features(tmp_path / "some.h5") as dataset:
        history = fit(build_model("mean-pool", SMALL), dataset, QUICK, progress=False)
    assert history.rows[-1]["learning_rate"] == 0


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_videos": 0}, "batch_videos"),
        ({"warmup": 2.0}, "warmup"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_impossible_training_is_refused(change: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* must lie in"):
        replace(QUICK, **change)


def test_devices() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match="try 'auto'"):
        choose_device("warp-drive")


def test_bfloat16_trains(toy: Dataset, device: torch.device) -> None:
    model = build_model("mssl++", SMALL)
    config = replace(QUICK, precision="bfloat16", device=str(device))
    history = fit(model, toy, config, progress=False)
    assert np.isfinite(history.rows[-1]["loss"])
    with pytest.raises(ValueError, match="precision='half'"):
        fit(model, toy, replace(QUICK, precision="half"))


def test_schedule_warms_up_then_falls_to_nothing() -> None:
    model = torch.nn.Linear(1, 1)
    config = TrainConfig(learning_rate=1.0, warmup=0.1)
    optimizer = optimization.make_optimizer(model, config)
    schedule = optimization.make_schedule(optimizer, config, 100)
    rates = []
    for _ in range(101):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert 0 < rates[0] < 0.2
    assert rates.index(max(rates)) == 10
    assert rates[-1] == 0


def test_biases_and_norms_do_not_decay() -> None:
    groups = optimization.make_optimizer(build_model("mssl++", SMALL), TrainConfig()).param_groups
    assert [g["weight_decay"] for g in groups] == [0.01, 0.0]
    assert all(p.dim() == 1 for p in groups[1]["params"])


def test_presets_are_the_released_hyper_parameters() -> None:
    tvr = PRESETS["tvr"].model_config(3072, 768)
    assert (tvr.hidden_dim, tvr.num_clips, tvr.num_clusters, tvr.alpha) == (384, 528, 32, 0.7)
    assert PRESETS["tvr"].training.margin == 0.1
    assert PRESETS["charades"].training.margin == 0.2


def test_the_split_that_chooses_the_epoch(toy: Dataset, tmp_path: Path) -> None:
    """None: the last epoch is kept. "test": the best on the test films. Each is another run."""
    models, histories = {}, {}
    for split in ("val", "test", None):
        models[split] = build_model("mssl++", SMALL)
        config = replace(QUICK, epochs=4, validation_split=split)
        path = tmp_path / f"{split}.pt"
        histories[split] = fit(models[split], toy, config, checkpoint=path, progress=False)
        kept = histories[split].best
        measured = evaluate(load_checkpoint(path, device="cpu"), toy, split or "val").fused
        if split is not None:
            assert measured["SumR"] == kept["SumR"]
        other = replace(config, validation_split="val" if split != "val" else "test")
        with pytest.raises(ValueError, match="validation_split="):
            fit(build_model("mssl++", SMALL), toy, other, checkpoint=path, progress=False)
    losses = [[row["loss"] for row in h.rows] for h in histories.values()]
    assert losses[0] == losses[1] == losses[2]
    assert not any("SumR" in row for row in histories[None].rows)
    assert histories[None].best["epoch"] == 3
    last = load_record(tmp_path / "None.pt", CHECKPOINT_FORMAT)
    assert all(torch.equal(last["weights"][k], v) for k, v in weights(models[None]).items())


def test_a_split_without_queries_is_refused(toy: Dataset) -> None:
    with pytest.raises(ValueError, match=r"no query belongs to split 'dev'.*train, val, test, or"):
        fit(build_model("mean-pool", SMALL), toy, replace(QUICK, validation_split="dev"))


def test_a_checkpoint_from_before_the_choice_goes_on(toy: Dataset, tmp_path: Path) -> None:
    """Its record names no validation_split; neither does that of a run which validates on val."""
    path = tmp_path / "checkpoint.pt"
    fit(build_model("mean-pool", SMALL), toy, QUICK, checkpoint=path, progress=False)
    record = load_record(path, CHECKPOINT_FORMAT)
    assert "validation_split" not in record["training"]
    assert {"epochs", "margin", "precision"} <= set(record["training"])
    none = replace(QUICK, validation_split=None)
    with pytest.raises(ValueError, match="validation_split=the default instead of None"):
        fit(build_model("mean-pool", SMALL), toy, none, checkpoint=path)
