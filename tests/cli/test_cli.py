"""The command line and the demo, end to end on small data; bad input is one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy import toy_table

from prvr_lite import __version__, cli
from prvr_lite.config import PRESETS
from prvr_lite.data import sample
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample
from prvr_lite.data.table import write_features
from prvr_lite.lab import demo
from prvr_lite.lab.explorer import Explorer
from prvr_lite.model.registry import build_model
from prvr_lite.search.evaluation import evaluate

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy films with two-step moments and no thumbnails."""
    table = toy_table(videos=24)
    table.step_query = np.repeat(np.arange(0, 48, 2), 2)
    start, end = table.moment[::2].T
    middle = (start + end) / 2
    table.step_span = (
        np.stack([[start, middle], [middle, end]], 1).transpose(2, 1, 0).reshape(-1, 2)
    )
    path = tmp_path_factory.mktemp("films") / "films.h5"
    write_features(path, table)
    return path


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"prvr-lite {__version__}\n"


def test_demo_prints_the_table_and_writes_the_pictures(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pictures"
    assert cli.main(["demo", "--data", str(films), "--epochs", "2", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for line in ("MS-SL++, both scales", "frame scale only", "mean-pooled T2VR", "two-step"):
        assert line in printed
    kinds = [
        f"{kind}-{what}.png" for kind in ("short", "long", "failure") for what in ("map", "ranking")
    ]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [*kinds, "models.png", "search.html", "training.png"]
    )
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in out.glob("*.png"))


def test_train_evaluate_search(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "model.pt")
    train = ["train", "--data", str(films), "--epochs", "2", "--checkpoint", checkpoint]
    assert cli.main(train) == 0
    assert "of 2: R@1" in capsys.readouterr().out
    assert cli.main(["evaluate", checkpoint, "--data", str(films)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["fused", "clip", "frame"]
    search = ["search", checkpoint, "film20#1", "-k", "3", "--data", str(films)]
    assert cli.main(search) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not any("not in the" in line for line in lines)
    assert lines[0] == "thing 1 of film 20"
    assert [line.split(".")[0].strip() for line in lines[1:]] == ["1", "2", "3"]
    assert cli.main(["search", checkpoint, "film0#0", "--data", str(films)]) == 0
    assert "not in the test split" in capsys.readouterr().out


def test_train_tells_what_choosing_on_test_means(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "--data", str(films), "--epochs", "2", "--checkpoint"]
    assert cli.main([*train, str(tmp_path / "t.pt"), "--validate-on", "test"]) == 0
    first, best = capsys.readouterr().out.splitlines()
    assert "chosen on the test videos" in first
    assert "can't be compared" in first
    assert "R@1" in best
    assert cli.main([*train, str(tmp_path / "n.pt"), "--validate-on", "none"]) == 0
    assert capsys.readouterr().out == "last epoch 1 of 2, without validation\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere.pt"], "nowhere.pt"),
        (["demo", "--data", "nowhere.h5"], "nowhere.h5"),
        (["demo", "--data", "{films}", "--device", "warp-drive"], "try 'auto'"),
        (["train", "--data", "{films}", "--checkpoint", "x.pt", "--device", "no"], "try 'auto'"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([a.replace("{films}", str(films)) for a in arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("prvr-lite: ")
    assert error.count("\n") == 1


def test_what_nobody_expected_is_one_line_too(
    films: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise KeyError("inside\nof it")

    monkeypatch.setattr("prvr_lite.cli.train.open_data", fail)
    command = ["train", "--checkpoint", "run.pt", "--data", str(films)]
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "KeyError: 'inside\\nof it'" in said
    assert "PRVR_LITE_DEBUG=1" in said
    monkeypatch.setenv("PRVR_LITE_DEBUG", "1")
    assert cli.main(command) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="pipes and /dev/full of a shell")
@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        (
            "{prvr_lite} experiments --list | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}",
            {0, 1},
            "",
        ),
        ("{prvr_lite} experiments --list >/dev/full", {1}, "No space left"),
    ],
)
def test_output_that_nobody_takes(shell: str, code: set[int], said: str) -> None:
    ended = subprocess.run(
        ["bash", "-c", shell.format(prvr_lite=f"{sys.executable} -m prvr_lite")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode in code
    assert ended.stderr.count("\n") == bool(said)
    assert said in ended.stderr


def test_searching_for_an_unknown_query(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "model.pt")
    cli.main(["train", "--data", str(films), "--epochs", "1", "--checkpoint", checkpoint])
    assert cli.main(["search", checkpoint, "nobody", "--data", str(films)]) == 1
    assert (
        "no query with the id 'nobody': give an id such as 'film18#0', or a sentence of several "
        in capsys.readouterr().err
    )


def test_telling_queries(films: Path) -> None:
    """Short and long are found where possible; the failure is the worst two-step query."""
    with open_features(films) as dataset:
        preset = PRESETS["sample"].model_config(dataset.visual_dim, dataset.query_dim)
        test = evaluate(build_model("mssl++", preset), dataset)
        chosen = demo.choose_queries(test, dataset, 0.7)
        explorer = Explorer(build_model("mssl++", preset), dataset, test)
        text = explorer.first(chosen["short"], 4)
    assert set(chosen) == {"short", "long", "failure"}
    assert all(0 <= row < len(test.queries) for row in chosen.values())
    assert chosen["failure"] % 2 == 0  # the toy's even queries are the two-step ones
    assert text.count("\n") == 4


def test_a_busy_machine_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (2.5, 0.0, 0.0), raising=False)
    assert "load 2.5" in demo.busy_hint()
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.0, 0.0))
    assert demo.busy_hint() == ""
    monkeypatch.delattr(os, "getloadavg")
    assert demo.busy_hint() == ""


def test_the_sample_opens_and_is_sound() -> None:
    with load_sample() as dataset:
        dataset.check()
        sizes = {split: len(rows) for split, rows in dataset.splits.items()}
        assert sizes == {"train": 400, "val": 100, "test": 200}
        two = demo.two_step(dataset, dataset.queries_in("test"))
        assert 0.3 < two.mean() < 0.6
        images = dataset.thumbnails(int(dataset.videos_in("test")[0]))
        assert 5 < sum(map(bool, images)) < len(images)


def test_a_missing_sample_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sample, "_PLACES", (tmp_path / "a.h5",))
    with pytest.raises(FileNotFoundError, match=r"a\.h5.*make_emoji_theatre"):
        load_sample()


@pytest.mark.slow
def test_two_epochs_on_the_sample_already_find_films() -> None:
    """Chance is R@10 of 10 % among the 100 val films; a minute of training gives far more."""
    with load_sample() as dataset:
        result = _two_epochs(dataset)
    assert result["R@10"] > 25


def _two_epochs(dataset: Dataset) -> dict[str, float]:
    from dataclasses import replace

    from prvr_lite.training.fit import fit

    preset = PRESETS["sample"]
    model = build_model("mssl++", preset.model_config(dataset.visual_dim, dataset.query_dim))
    fit(model, dataset, replace(preset.training, epochs=2, evaluate_from=9), progress=False)
    return evaluate(model, dataset, "val").fused
