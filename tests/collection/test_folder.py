"""An index on disk: what was saved is searched, whatever is damaged is named, nothing is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_video_index import NAMES, assert_same, encode, words_of
from toy import SMALL, toy_table

from prvr_lite.collection import changes
from prvr_lite.collection import folder as index_folder
from prvr_lite.collection.folder import IndexFolder
from prvr_lite.collection.video_index import VideoIndex
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.key_clip import dual_similarity
from prvr_lite.model.records import Similarity
from prvr_lite.model.registry import build_model
from prvr_lite.search import searcher, vectors


@pytest.fixture
def folder(toy: Dataset, tmp_path: Path) -> Path:
    path = tmp_path / "films.index"
    VideoIndex.build(build_model("mssl++", SMALL), toy, "train").save(path)
    return path


def part(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded(
    toy: Dataset,
    tmp_path: Path,
    name: str,
    resident: bool,
    device: torch.device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the model inside: a query needs nothing else, not even the data. In several shards."""
    monkeypatch.setattr(vectors, "SHARD_BYTES", 1000)
    monkeypatch.setattr(changes, "COPIED", 4)
    index = VideoIndex.build(build_model(name, SMALL, seed=3).to(device), toy, batch_videos=4)
    path = tmp_path / "new" / "films.index"
    index.save(path)
    assert list(path.parent.iterdir()) == [path]
    loaded = VideoIndex.load(path, device=str(device), resident=resident)
    assert loaded.video_ids == index.video_ids
    assert loaded.model.config == index.model.config
    assert loaded.nbytes == index.nbytes
    assert not loaded.model.training
    assert_same(loaded.score(*words_of(toy)), index.score(*words_of(toy)))
    for query in toy.queries_in("test"):
        for a, b in zip(
            loaded.search(toy.words(query)), index.search(toy.words(query)), strict=True
        ):
            assert (a.video_id, a.key_clip) == (b.video_id, b.key_clip)


def test_opening_reads_no_vectors(
    toy: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a search maps them into memory."""
    read: dict[str, Any] = {}
    load = np.load

    def spy(path: Path, **how: Any) -> Any:
        read[path.name] = load(path, **how)
        return read[path.name]

    monkeypatch.setattr(np, "load", spy)
    index = VideoIndex.load(folder)
    assert len(index) == 12
    assert not any(name.startswith("shard") for name in read)
    index.search(toy.words(0))
    assert isinstance(read[part(folder, "shard-*.clips.npy").name], np.memmap)


@pytest.mark.parametrize("k", [1, 3, 12, 99])
@pytest.mark.parametrize("name", ["mssl++", "frame-max", "max-frames"])
def test_the_best_are_those_of_the_whole_table(
    toy: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, k: int
) -> None:
    """However often the running best is merged."""
    monkeypatch.setattr(searcher, "BLOCK", 5)
    monkeypatch.setattr("prvr_lite.search.ranking.WAITING", 6)
    model = build_model(name, SMALL)
    index = VideoIndex.build(model, toy, "train")
    _, queries = encode(model, toy, "train")
    fused = index.score_vectors(queries).fused(0.25)
    found = index.rank(queries, k, alpha=0.25)
    order = fused.sort(dim=1, descending=True, stable=True).indices[:, :k]
    assert torch.equal(found.video, order)
    torch.testing.assert_close(found.score, fused.gather(1, order), atol=1e-6, rtol=0)


def test_equal_scores_come_in_the_order_of_rows(toy: Dataset) -> None:
    model = build_model("mssl++", SMALL)
    videos, queries = encode(model, toy)
    index = VideoIndex.from_encoding(model, videos[torch.tensor([2, 1, 2, 2, 1])])
    rows = index.rank(queries, 5).video.tolist()
    assert {tuple(row) for row in rows} <= {(0, 2, 3, 1, 4), (1, 4, 0, 2, 3)}


@pytest.mark.parametrize("step", ["weights", "shard", "manifest"])
def test_a_save_that_fails_leaves_the_old_index(
    toy: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    expected = VideoIndex.load(folder).search(toy.words(0))

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    broken = {
        "weights": ("torch.save", full_disk),
        "shard": ("prvr_lite.collection.folder.np.save", full_disk),
        "manifest": ("prvr_lite.collection.folder.os.replace", full_disk),
    }[step]
    other = VideoIndex.build(build_model("mssl++", SMALL, seed=8), toy, "test")
    with monkeypatch.context() as patch:
        patch.setattr(*broken)
        with pytest.raises(OSError, match="no space left"):
            other.save(folder)
    index = VideoIndex.load(folder)
    assert index.search(toy.words(0)) == expected
    other.save(folder)  # and what the failure left behind is cleared away
    assert VideoIndex.load(folder).video_ids == other.video_ids
    names = {path.name for path in folder.iterdir()}
    assert names == {"manifest.json", *IndexFolder.open(folder).manifest.files}


def test_a_first_save_that_fails_can_be_repeated(
    toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "films.index"
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    with monkeypatch.context() as patch:
        patch.setattr(index_folder.IndexFolder, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index.save(path)
    with pytest.raises(FileFormatError, match=r"films\.index: has no manifest\.json.*save it anew"):
        VideoIndex.load(path)
    index.save(path)
    assert len(VideoIndex.load(path)) == 6


PARTS = ["weights-*", "shard-*.clips.npy", "shard-*.attended.npy", "shard-*.ids.json", "text-*"]


@pytest.mark.parametrize("pattern", PARTS)
@pytest.mark.parametrize("fault", ["missing", "short"])
def test_a_missing_or_short_part_is_named(folder: Path, pattern: str, fault: str) -> None:
    path = part(folder, pattern)
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    expected = "is missing" if fault == "missing" else "is damaged or cut short .*bytes"
    with pytest.raises(FileFormatError, match=f"{path.name}.*{expected}.*build the index anew"):
        VideoIndex.load(folder)


@pytest.mark.parametrize("pattern", PARTS[:-1])
def test_a_part_of_the_right_length_but_damaged_is_named(
    toy: Dataset, folder: Path, pattern: str
) -> None:
    path = part(folder, pattern)
    path.write_bytes(b"\x80" * path.stat().st_size)
    with pytest.raises(FileFormatError, match=path.name):
        VideoIndex.load(folder).search(toy.words(0))


def test_arrays_of_another_length_than_the_manifest_says(toy: Dataset, folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["shards"][0]["videos"] = 11
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(FileFormatError, match="the manifest says 11"):
        VideoIndex.load(folder).search(toy.words(0))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "",
        lambda text: text.replace('"shards"', '"sherds"'),
        lambda text: text.replace('"videos"', '"vidoes"'),
        lambda text: text.replace('"version": 2', '"version": 3'),
        lambda text: text.replace('"prvr-lite index"', '"a cookery book"'),
    ],
)
def test_a_manifest_that_is_none_is_named(folder: Path, change: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"manifest\.json.*build the index anew"):
        VideoIndex.load(folder)


def test_what_is_no_index_is_named_and_kept(folder: Path, toy: Dataset, tmp_path: Path) -> None:
    index, file, other = VideoIndex.load(folder), tmp_path / "run.pt", tmp_path / "photos"
    save_record(file, "a checkpoint", {"x": 1})
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"cat")
    for path in (file, other):
        with pytest.raises(FileFormatError, match=path.name):
            VideoIndex.load(path)
        with pytest.raises(FileFormatError, match="no index: choose another name"):
            index.save(path)
    assert load_record(file, "a checkpoint")["x"] == 1
    assert (other / "cat.jpg").read_bytes() == b"cat"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        VideoIndex.load(tmp_path / "nowhere")


def test_a_saved_index_may_be_copied_and_saved_onto_itself(
    toy: Dataset, folder: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    index = VideoIndex.load(moved)
    expected = index.search(toy.words(3))
    index.save(moved)
    assert VideoIndex.load(moved).search(toy.words(3)) == expected


def test_ids_and_text_model_in_any_script(tmp_path: Path) -> None:
    table = toy_table()
    table.video_id = [f"фильм {v} 映画" for v in range(24)]
    table.text_model = "some/model"
    write_features(tmp_path / "films.h5", table)
    with open_features(tmp_path / "films.h5") as dataset:
        VideoIndex.build(build_model("mssl++", SMALL), dataset).save(tmp_path / "films.index")
    index = VideoIndex.load(tmp_path / "films.index")
    assert index.video_ids == table.video_id[-6:]
    assert index.text is not None
    assert index.text["text_model"] == "some/model"


def test_few_queries_score_as_many_do() -> None:
    """For few, the attended frames of key clips are gathered instead of all being scored."""
    clips, attended = torch.nn.functional.normalize(torch.randn(2, 9, 40, 12), dim=-1)
    queries = torch.nn.functional.normalize(torch.randn(20, 12), dim=-1)
    many = dual_similarity(queries, clips, attended)
    for start in range(0, 20, 5):
        part = slice(start, start + 5)
        assert many.frame is not None
        assert_same(
            dual_similarity(queries[part], clips, attended),
            Similarity(many.clip[part], many.frame[part], many.key_clip[part]),
        )
