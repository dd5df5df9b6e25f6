"""``prvr-lite index``: the whole life of a collection by commands; sentences without the data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch.distributed as dist
from toy import SMALL, toy_table

from prvr_lite.cli.main import main
from prvr_lite.collection.video_collection import VideoCollection
from prvr_lite.data.columns import Projection
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.registry import build_model
from prvr_lite.search.model_record import text_side
from prvr_lite.search.sentences import WordsOrigin
from prvr_lite.search.vectors import VideoRows
from prvr_lite.search.video_index import VideoIndex

pytest.importorskip("lancedb")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = toy_table()
    table.projection = Projection(
        np.arange(9, dtype="f4"),
        np.ones((9, 7), "f4"),
        np.arange(6, dtype="f4"),
        np.ones((6, 5), "f4"),
    )
    path = tmp_path_factory.mktemp("films") / "films.h5"
    write_features(path, table)
    return path


@pytest.fixture(scope="module")
def checkpoint(films: Path) -> Path:
    path = films.with_name("model.pt")
    train = ["train", "--data", str(films), "--epochs", "1", "--checkpoint", str(path)]
    assert main(train) == 0
    return path


def run(*arguments: object) -> int:
    return main(["index", *map(str, arguments)])


def test_the_life_of_a_collection(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = tmp_path / "films.index", ["--data", films]
    assert run("build", checkpoint, "--out", folder, "--split", "train", *data) == 0
    assert "12 videos" in capsys.readouterr().out
    assert run("append", folder, "--split", "val", *data) == 0
    assert "18 videos" in capsys.readouterr().out
    assert run("build", checkpoint, "--out", tmp_path / "more", *data) == 0
    assert run("append", folder, tmp_path / "more") == 0
    assert "24 videos" in capsys.readouterr().out
    assert run("append", folder, "--split", "val", "--skip", *data) == 0
    assert run("delete", folder, "film3", "film20") == 0
    assert "22 videos" in capsys.readouterr().out
    assert run("compact", folder) == 0
    assert run("check", folder) == 0
    assert "22 videos, every value as it was written" in capsys.readouterr().out
    assert run("search", folder, "film20#1", "-k", "3", *data) == 0
    exact = capsys.readouterr().out.splitlines()
    assert exact[0] == "thing 1 of film 20"
    assert [line.split(".")[0].strip() for line in exact[1:]] == ["1", "2", "3"]
    assert all(line.endswith(" s") and "–" in line for line in exact[1:])  # and when
    assert run("candidates", folder) == 0
    assert "among the candidates" not in capsys.readouterr().out
    assert run("search", folder, "film20#1", "-k", "3", "--candidates", "22", *data) == 0
    assert capsys.readouterr().out.splitlines() == exact
    with open_features(films) as dataset:
        index = VideoCollection.open(folder).to_index()
        index.save(tmp_path / "films.pt")
        hits = index.search(dataset.words(dataset.query_id.index("film20#1")), 3)
    assert [f"{hit.video_id}  {hit.score:.4f}" for hit in hits] == [
        "  ".join(line[5:].split("  ")[:2]) for line in exact[1:]
    ]
    assert run("search", tmp_path / "films.pt", "film20#1", "-k", "3", *data) == 0
    assert capsys.readouterr().out.splitlines() == exact
    assert run("check", tmp_path / "films.pt") == 0
    assert run("append", folder, "--split", "test", "--skip", *data) == 0
    assert "1 of them not among the candidates yet" in capsys.readouterr().out


def test_search_says_when_as_the_index_does(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("build", checkpoint, "--out", tmp_path / "films", "--data", films) == 0
    capsys.readouterr()
    assert run("search", tmp_path / "films", "film20#1", "--data", films) == 0
    expected = capsys.readouterr().out
    assert main(["search", str(checkpoint), "film20#1", "--data", str(films)]) == 0
    assert capsys.readouterr().out == expected


def test_bad_input_is_one_line(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = tmp_path / "films.index", tmp_path / "films.pt"
    assert run("build", checkpoint, "--out", folder, "--data", films) == 0
    VideoCollection.open(folder).to_index().save(file)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").touch()
    capsys.readouterr()
    for arguments, message in [
        (["search", tmp_path / "none", "a cat"], "no such collection"),
        (["search", tmp_path / "old", "a cat"], "folder of prvr-lite 0.1: build it again"),
        (["search", folder, "a cat"], "word features were made by 'none'"),
        (["search", folder, "a cat", "--candidates", "20"], "word features were made by 'none'"),
        (["search", folder, "film1#1", "--candidates", "20", "--data", films], "no candidates"),
        (["search", file, "film1#1", "--candidates", "20", "--data", films], "one file"),
        (["search", films, "film1#1", "--data", films], "can't be read as 'prvr-lite index"),
        (["check", checkpoint], "expected 'prvr-lite index 3'"),
        (["delete", folder, "film1"], "no video 'film1'"),
        (["append", folder, "--data", films], "has a video 'film18' already"),
        (["append", folder, folder, "--data", films], "not both"),
        (["build", checkpoint, "--out", films, "--data", films], "choose another name"),
        (["build", checkpoint, "--out", folder, "--split", "val", "--data", films], "another coll"),
    ]:
        assert run(*arguments) == 1, arguments
        error = capsys.readouterr().err
        assert message in error
        assert error.startswith("prvr-lite: ")
        assert error.count("\n") == 1


def test_a_typed_sentence_needs_no_data(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The collection kept the name of the text model and the projection, which is what it takes."""
    with open_features(films) as dataset:
        VideoCollection.build(tmp_path / "films", build_model("mssl++", SMALL), dataset)
        words, projection = dataset.words(40), dataset.projection
    asked: list[WordsOrigin] = []

    class Encoder:
        def words(self, sentence: str) -> Any:
            assert sentence == "a thing in a film"
            return words

    def encoder(origin: WordsOrigin, **_: object) -> Encoder:
        asked.append(origin)
        return Encoder()

    monkeypatch.setattr("prvr_lite.cli.index.text_encoder", encoder)
    assert run("search", tmp_path / "films", "a thing in a film") == 0
    lines = capsys.readouterr().out.splitlines()
    expected = VideoCollection.open(tmp_path / "films").search(words)
    assert lines[0] == "a thing in a film"
    assert [line.split()[1] for line in lines[1:]] == [hit.video_id for hit in expected]
    (origin,) = asked
    assert (origin.text_model, origin.query_dim) == ("none", 5)
    for name, value in vars(projection).items():
        assert np.array_equal(getattr(origin.projection, name), value)


def test_an_index_of_encodings_says_that_it_knows_no_words(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_features(films) as dataset:
        index = VideoIndex.build(build_model("mssl++", SMALL), dataset)
        assert index.text is not None
        assert index.text["text_model"] == text_side(dataset)["text_model"]
    rows: VideoRows = index.rows
    VideoIndex(index.model, rows).save(tmp_path / "index")
    assert run("search", tmp_path / "index", "a cat") == 1
    assert "by a network that the file does not name" in capsys.readouterr().err


def test_a_process_that_is_lost_is_named(
    films: Path,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rank 1 of two did nothing: rank 0 says so, and a restart finishes."""
    build = ["build", checkpoint, "--out", tmp_path / "films", "--data", films, "--split", "train"]
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert run(*build) == 0
    assert "rank 0 is done; videos still missing: 6 of rank 1" in capsys.readouterr().out
    for variable in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(variable)
    assert run("search", tmp_path / "films", "film1#1", "--data", films) == 1
    assert "half built (6 videos so far): run the same build again" in capsys.readouterr().err
    assert run(*build) == 0
    assert "12 videos" in capsys.readouterr().out


@pytest.mark.skipif(
    sys.platform == "win32" or not dist.is_available(), reason="torchrun, never tried on Windows"
)
def test_torchrun_builds_one_collection(films: Path, checkpoint: Path, tmp_path: Path) -> None:
    """Every process appends to the same table; no parts, no merging."""
    folder = tmp_path / "films"
    build = ["-m", "prvr_lite", "index", "build", checkpoint, "--out", folder, "--data", films]
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, *launch, *map(str, build), "--split", "train"],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"{folder}: 12 videos" in ended.stdout
    films_there = VideoCollection.open(folder)
    assert sorted(films_there.video_ids) == sorted(f"film{v}" for v in range(12))
    assert films_there.check() == 12
