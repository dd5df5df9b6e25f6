"""``prvr-lite index``: the whole life of an index by commands; typed sentences without the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy import SMALL, toy_table

from prvr_lite import cli
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.columns import Projection
from prvr_lite.data.dataset import open_features
from prvr_lite.data.table import write_features
from prvr_lite.model.registry import build_model
from prvr_lite.search.sentences import WordsOrigin


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
    assert cli.main(train) == 0
    return path


def run(*arguments: object) -> int:
    return cli.main(["index", *map(str, arguments)])


def test_the_life_of_an_index(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = tmp_path / "films.index", ["--data", films]
    assert run("build", checkpoint, "--out", folder, "--split", "train", *data) == 0
    assert "12 videos" in capsys.readouterr().out
    assert run("append", folder, "--split", "val", *data) == 0
    assert "18 videos" in capsys.readouterr().out
    for part in (1, 2):
        out = tmp_path / str(part)
        assert run("build", checkpoint, "--out", out, "--part", f"{part}/2", *data) == 0
    assert run("append", folder, tmp_path / "1", tmp_path / "2") == 0
    assert "24 videos" in capsys.readouterr().out
    assert run("delete", folder, "film3", "film20") == 0
    assert "22 videos" in capsys.readouterr().out
    assert run("compact", folder) == 0
    capsys.readouterr()
    assert run("search", folder, "film20#1", "-k", "3", *data) == 0
    exact = capsys.readouterr().out.splitlines()
    assert exact[0] == "thing 1 of film 20"
    assert [line.split(".")[0].strip() for line in exact[1:]] == ["1", "2", "3"]
    pytest.importorskip("faiss")
    assert run("candidates", folder) == 0
    assert "hnsw candidates" in capsys.readouterr().out
    assert run("search", folder, "film20#1", "-k", "3", "--candidates", "22", *data) == 0
    assert capsys.readouterr().out.splitlines() == exact


def test_bad_input_is_one_line(
    films: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "films.index"
    assert run("build", checkpoint, "--out", folder, "--data", films) == 0
    capsys.readouterr()
    for arguments, message in [
        (["search", tmp_path / "none", "a cat"], "no such index"),
        (["search", folder, "a cat"], "words were made by 'none'"),
        (["search", folder, "a cat", "--candidates", "20"], "words were made by 'none'"),
        (["search", folder, "film1#1", "--candidates", "20", "--data", films], "no candidates"),
        (["delete", folder, "film1"], "no video 'film1'"),
        (["append", folder, "--data", films], "has a video 'film18' already"),
        (["append", folder, folder, "--data", films], "not both"),
        (["build", checkpoint, "--out", films, "--data", films], "choose another name"),
        (["build", checkpoint, "--out", folder, "--part", "3/2"], "give it as 1/4"),
    ]:
        assert run(*arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.startswith("prvr-lite: ")
        assert error.count("\n") == 1


def test_a_typed_sentence_needs_no_data(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index kept the name of the text model and the projection, which is what it takes."""
    with open_features(films) as dataset:
        VideoIndex.build(build_model("mssl++", SMALL), dataset, folder=tmp_path / "index")
        words, projection = dataset.words(40), dataset.projection
    asked: list[WordsOrigin] = []

    class Encoder:
        def words(self, sentence: str) -> Any:
            assert sentence == "a thing in a film"
            return words

    def encoder(side: WordsOrigin, **_: object) -> Encoder:
        asked.append(side)
        return Encoder()

    monkeypatch.setattr("prvr_lite.cli.index.text_encoder", encoder)
    assert run("search", tmp_path / "index", "a thing in a film") == 0
    lines = capsys.readouterr().out.splitlines()
    expected = VideoIndex.load(tmp_path / "index").search(words)
    assert lines[0] == "a thing in a film"
    assert [line.split()[1] for line in lines[1:]] == [hit.video_id for hit in expected]
    (side,) = asked
    assert (side.text_model, side.query_dim) == ("none", 5)
    for name, value in vars(projection).items():
        assert np.array_equal(getattr(side.projection, name), value)


def test_an_index_of_encodings_says_that_it_knows_no_words(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_features(films) as dataset:
        index = VideoIndex.build(build_model("mssl++", SMALL), dataset)
    VideoIndex(index.model, index.shards).save(tmp_path / "index")
    assert run("search", tmp_path / "index", "a cat") == 2
    error = capsys.readouterr().err
    assert f"{tmp_path / 'index'}: its words were made by a network it does not name" in error
    assert "with --data" in error
