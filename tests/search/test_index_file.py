"""An index in one file: what was saved is searched, damage is named, nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_video_index import NAMES, assert_same, encode, words_of
from toy import SMALL, toy_table

from prvr_lite.collection.rows import without_ids
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features
from prvr_lite.files import FileFormatError, load_record, save_record
from prvr_lite.model.key_clip import dual_similarity
from prvr_lite.model.records import Similarity
from prvr_lite.model.registry import build_model
from prvr_lite.search import searcher
from prvr_lite.search.video_index import FORMAT, VideoIndex

Record = dict[str, Any]


@pytest.fixture
def file(toy: Dataset, tmp_path: Path) -> Path:
    path = tmp_path / "films.index"
    VideoIndex.build(build_model("mssl++", SMALL), toy, "train").save(path)
    return path


@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded(
    toy: Dataset, tmp_path: Path, name: str, resident: bool, device: torch.device
) -> None:
    """With the model inside: a query needs nothing else, not even the data."""
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
            assert (a.start, a.end) == (b.start, b.end)
            assert (a.start is None) == (a.key_clip < 0)


def test_opening_maps_the_vectors(file: Path) -> None:
    """They are read when a search passes by: what is written into the file by then shows."""
    content = file.read_bytes()
    index = VideoIndex.load(file)
    place = content.index(index.rows.vectors.clips[3, 2].numpy().tobytes())
    loaded = VideoIndex.load(file, verify=False)
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(bytes(4))
    assert loaded.rows.vectors.clips[3, 2, 0] == 0


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


@pytest.mark.parametrize("step", ["torch.save", "os.replace"])
def test_a_save_that_fails_leaves_the_old_index(
    toy: Dataset, file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    expected = VideoIndex.load(file).search(toy.words(0))

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    other = VideoIndex.build(build_model("mssl++", SMALL, seed=8), toy, "test")
    with monkeypatch.context() as patch:
        patch.setattr(step, full_disk)
        with pytest.raises(OSError, match="no space left"):
            other.save(file)
    assert VideoIndex.load(file).search(toy.words(0)) == expected
    other.save(file)
    assert VideoIndex.load(file).video_ids == other.video_ids
    assert list(file.parent.glob("*index*")) == [file]  # and nothing is left behind


def test_a_file_that_is_mapped_elsewhere_can_not_be_replaced(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""

    def mapped(*_: object) -> None:
        raise PermissionError(13, "Access is denied")

    index = VideoIndex.load(file)
    monkeypatch.setattr("os.replace", mapped)
    with pytest.raises(FileFormatError, match=r"films\.index: can't be replaced .Access is denied"):
        index.save(file)


@pytest.mark.parametrize("size", [0, 10, 0.5, -1])
def test_a_short_file_is_named(file: Path, size: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(size * len(content)) if 0 < size < 1 else int(size)])
    with pytest.raises(FileFormatError, match=r"films\.index: "):
        VideoIndex.load(file)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # of torch
def test_a_flipped_bit_anywhere_is_named(file: Path, toy: Dataset) -> None:
    """With ``verify``, the default for a file of this size; a few spots in every part of it."""
    content = file.read_bytes()
    index = VideoIndex.load(file)
    spots = [content.index(t.numpy().tobytes()) + 5 for t in index.rows.vectors.tensors.values()]
    weight = next(index.model.parameters()).detach().numpy().tobytes()
    spots += [content.index(part) + 3 for part in (index.rows.duration.numpy().tobytes(), weight)]
    spots += [content.index(b"film7") + 4, content.index(b"hidden_dim")]
    for spot in spots:
        damaged = bytearray(content)
        damaged[spot] ^= 4
        file.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"films\.index"):
            VideoIndex.load(file)
    file.write_bytes(content)
    assert VideoIndex.load(file, verify=True).search(toy.words(0))


def change(**values: Any) -> Callable[[Record], Record]:
    return lambda record: {**record, **values}


def vectors(**values: Callable[[torch.Tensor], Any]) -> Callable[[Record], Record]:
    def changed(record: Record) -> Record:
        parts = record["vectors"]
        return {**record, "vectors": {**parts, **{k: f(parts[k]) for k, f in values.items()}}}

    return changed


@pytest.mark.parametrize(
    "damage",
    [
        change(ids=torch.zeros(0, dtype=torch.uint8)),
        change(ids=torch.tensor(list(b'["a", "b"]'), dtype=torch.uint8)),
        change(duration=torch.zeros(3)),
        change(frames=torch.zeros(3)),
        change(vectors={}),
        change(vectors=7),
        change(weights={}),
        change(config={"hidden_dim": 12}),
        change(model="nothing"),
        vectors(clips=lambda t: t[:, :, :8]),
        vectors(clips=lambda t: t[:-1]),
        vectors(clips=lambda t: t.half()),
        vectors(clip_index=lambda t: t[:, :-1]),
        vectors(attended=lambda t: t[:-1]),
    ],
)
def test_parts_that_do_not_fit_are_named_without_reading_values(
    file: Path, damage: Callable[[Record], Record]
) -> None:
    record = load_record(file, FORMAT)
    record.pop("format")
    save_record(file, FORMAT, damage(record))
    with pytest.raises(FileFormatError, match=r"films\.index: is damaged .*: save it again"):
        VideoIndex.load(file, verify=False)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_values_are_checked_when_asked_for_and_when_saved(
    file: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    record = load_record(file, FORMAT)
    record.pop("format")
    record["vectors"]["clips"][4, 1] = value
    save_record(file, FORMAT, record)
    with pytest.raises(FileFormatError, match="'film4': clips hold a vector that is zero or"):
        VideoIndex.load(file)
    index = VideoIndex.load(file, verify=False)
    with pytest.raises(ValueError, match="'film4': clips hold a vector that is zero or"):
        index.save(file.with_name("copy"))
    assert not file.with_name("copy").exists()
    monkeypatch.setattr("prvr_lite.search.video_index.VERIFIED", 0)
    assert len(VideoIndex.load(file)) == 12  # as a big file is loaded


def test_what_is_not_an_index_is_named_and_kept(file: Path, tmp_path: Path) -> None:
    index, other, folder = VideoIndex.load(file), tmp_path / "run.pt", tmp_path / "photos"
    save_record(other, "a checkpoint", {"x": 1})
    folder.mkdir()
    for path in (other, folder):
        with pytest.raises(FileFormatError, match=path.name):
            VideoIndex.load(path)
        with pytest.raises(FileFormatError, match=path.name):
            index.save(path)
    assert load_record(other, "a checkpoint")["x"] == 1
    with pytest.raises(FileNotFoundError, match="nowhere"):
        VideoIndex.load(tmp_path / "nowhere")


def test_a_folder_of_the_first_version_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format": "prvr-lite index", "version": 2}')
    with pytest.raises(FileFormatError, match=r"folder of prvr-lite 0\.1.*prvr-lite index build"):
        VideoIndex.load(tmp_path)
    (tmp_path / "manifest.json").rename(tmp_path / "videos.lance")
    with pytest.raises(
        FileFormatError, match=r"is a collection: open it with .*VideoCollection\.open"
    ):
        VideoIndex.load(tmp_path)


def test_what_is_gone_names_its_successor(toy: Dataset) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    for name, successor in {
        "append": "VideoCollection has append",
        "merge": "VideoCollection has append",
        "delete": "VideoCollection has delete",
        "compact": "VideoCollection has optimise",
        "build_candidates": "VideoCollection has build_candidates",
    }.items():
        with pytest.raises(AttributeError, match=successor):
            getattr(index, name)
    for name, successor in {"folder": "save", "part": "rank=i, size=n", "other": "more"}.items():
        with pytest.raises(TypeError, match=f"no '{name}': .*{successor}"):
            VideoIndex.build(index.model, toy, **{name: 1})


def test_a_saved_index_may_be_copied_and_saved_onto_itself(
    toy: Dataset, file: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copy(file, tmp_path / "moved"))
    index = VideoIndex.load(moved)
    expected = index.search(toy.words(3))
    index.save(moved)
    assert index.search(toy.words(3)) == expected
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


def test_rows_outside_the_index_are_refused(toy: Dataset) -> None:
    index = VideoIndex.build(build_model("mssl++", SMALL), toy)
    for row in (-1, 6):
        with pytest.raises(IndexError, match="rows go from 0 to 5"):
            index.clip_index(row)
    assert np.array_equal(np.sort(index.clip_index(5)), index.clip_index(5))


def test_few_queries_score_as_many_do() -> None:
    """Products of the key clips' attended frames alone, float32; of all clips in float64."""
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
    exact = dual_similarity(queries.double(), clips.double(), attended.double())
    assert many.frame is not None
    assert exact.frame is not None
    torch.testing.assert_close(many.frame, exact.frame.float(), rtol=0, atol=1e-6)
    learnt = queries.clone().requires_grad_()
    frame = dual_similarity(learnt, clips, attended).frame
    assert frame is not None
    frame.sum().backward()
    picked = attended[torch.arange(9), many.key_clip]  # [Q, V, H]
    torch.testing.assert_close(learnt.grad, picked.sum(1))


def test_an_encoding_that_is_not_finite_is_refused(toy: Dataset, tmp_path: Path) -> None:
    """A video with a NaN would be the first one for every query."""
    model = build_model("mssl++", SMALL)
    with torch.no_grad():
        next(model.unit_encoder.parameters())[0] = float("nan")
    with pytest.raises(ValueError, match="not finite"):
        VideoIndex.build(model, toy, "test")
    encoding, _ = encode(build_model("mssl++", SMALL), toy)
    encoding.clips[1, 0, 0] = float("inf")
    ids = [f"film {v}" for v in range(len(encoding))]
    with pytest.raises(ValueError, match="video 'film 1': its encoding is not finite"):
        VideoIndex.from_encoding(model, encoding, ids)
    index = VideoIndex.build(build_model("mssl++", SMALL), toy, "test")
    queries = torch.ones(3, SMALL.hidden_dim)
    queries[2, 5] = float("nan")
    for work in (index.rank, index.score_vectors):
        with pytest.raises(ValueError, match="query 2: its encoding is not finite"):
            work(queries)


def test_an_index_without_videos_replaces_nothing(file: Path, toy: Dataset) -> None:
    before = file.read_bytes()
    index = VideoIndex.load(file)
    with pytest.raises(ValueError, match="batch_videos=-4"):
        VideoIndex.build(index.model, toy, "test", batch_videos=-4)
    empty = VideoIndex(
        index.model, without_ids(next(iter(index.rows.blocks(1))), set(index.video_ids))
    )
    with pytest.raises(ValueError, match="there is no video to save"):
        empty.save(file)
    assert file.read_bytes() == before
