"""Search by typed sentences, without training and with it. A random CLIP finds nothing: what is
tested is that each score is the best cosine over all clips, computed here by a plain loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from feature_tables import ragged_table
from numpy.typing import NDArray
from toy import SMALL
from video_makers import even_times, make_video

from benchmarks.tiny_openai_clip import random_openai_clip
from prvr_lite import cli
from prvr_lite.config import ModelConfig
from prvr_lite.data.batches import InputReader
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.openai_clip import IMAGE_TAKEN, WORDS_TAKEN, OpenAIClipEncoder, model_entry
from prvr_lite.data.table import write_features
from prvr_lite.model.clips import clip_spans
from prvr_lite.model.registry import build_model
from prvr_lite.moments import clip_seconds
from prvr_lite.moments.encoding import encode_clips
from prvr_lite.search.sentences import text_encoder
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.fit import TrainConfig, fit
from prvr_lite.videos.zero_shot import ZeroShotSearch

pytest.importorskip("transformers")
DIM = 16


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_openai_clip(tmp_path_factory.mktemp("clip"), dim=DIM)


@pytest.fixture
def path(tmp_path: Path, clip: Path) -> Path:
    """Seven videos, shorter and longer than 32 frames, that nobody captioned."""
    table = ragged_table([40, 3, 64, 1, 33, 90, 7], [])
    rng = np.random.default_rng(0)
    table.frame = rng.standard_normal((len(table.frame), DIM)).astype("f4")
    table.word = np.zeros((0, DIM), "f4")
    table.duration[3] = np.nan
    table.splits = {"train": np.array([0]), "test": np.arange(1, 7)}
    table.visual_model = model_entry(str(clip), IMAGE_TAKEN)
    table.text_model = model_entry(str(clip), WORDS_TAKEN)
    write_features(tmp_path / "own.h5", table)
    return tmp_path / "own.h5"


def best_clip(data: Dataset, video: int, query: NDArray[np.float32]) -> tuple[float, int]:
    """Units as the published pooling makes them, all 528 means, the best cosine: a plain loop."""
    units = InputReader(data, ModelConfig(DIM, DIM)).videos([video])[0][0].numpy()  # [32, D]
    best, key = -2.0, -1
    for row, (start, stop) in enumerate(clip_spans(32).tolist()):
        mean = units[start:stop].mean(0)
        cosine = float(mean @ query / np.linalg.norm(mean) / np.linalg.norm(query))
        if cosine > best + 1e-7:
            best, key = cosine, row
    return best, key


@pytest.mark.parametrize("sentence", ["a dog jumps into water", "snow"])
def test_a_videos_score_is_its_best_clip(path: Path, clip: Path, sentence: str) -> None:
    with open_features(path) as data:
        hits = ZeroShotSearch(data, device="cpu").search(sentence)
        query = OpenAIClipEncoder(clip, device="cpu").sentences([sentence])[0]
        assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
        expected = {data.video_id[v]: best_clip(data, v, query) for v in data.videos_in("test")}
        assert [h.video_id for h in hits] == sorted(expected, key=lambda v: -expected[v][0])
        for hit in hits:
            score, key = expected[hit.video_id]
            assert hit.score == pytest.approx(score, abs=1e-5)
            if data.frames(data.video_id.index(hit.video_id)).shape[0] >= 32:  # else clips repeat
                assert hit.key_clip == key


def test_a_loaded_encoder_serves_as_well_as_its_name(
    path: Path, clip: Path, tmp_path: Path
) -> None:
    encoder = OpenAIClipEncoder(clip, device="cpu")
    with open_features(path) as data:
        by_name, loaded = ZeroShotSearch(data, device="cpu"), ZeroShotSearch(data, model=encoder)
        assert loaded.search("snow") == by_name.search("snow")
    pytest.importorskip("av")
    (tmp_path / "films").mkdir()
    make_video(tmp_path / "films" / "lake.mp4", even_times(2.0, 5))
    settings: dict[str, Any] = {"progress": False, "device": "cpu"}
    first = ZeroShotSearch(tmp_path / "films", model=encoder, **settings).search("snow")
    assert ZeroShotSearch(tmp_path / "films", model=clip, **settings).search("snow") == first
    parts = list((tmp_path / "films.zero-shot.h5.parts").iterdir())
    assert len(parts) == 1, "the film was read once"


def test_seconds_of_a_clip(path: Path) -> None:
    """As the moments of lesson 10 have them; unknown where the length or the clip is."""
    with open_features(path) as data:
        config = ModelConfig(DIM, DIM)
        model = build_model("mssl", config)
        rows = [0, 1, 2, 4]
        encoded, _ = encode_clips(model, InputReader(data, config), rows)
        clips = torch.tensor([0, 31, 32, 300, 527]).expand(len(rows), -1)
        expected = encoded.seconds(clips)
        for place, video in enumerate(rows):
            name = data.video_id[video]
            found = [clip_seconds(data, name, clip) for clip in clips[place].tolist()]
            np.testing.assert_allclose(found, expected[place], atol=1e-4)
            assert found[-1] == (0, pytest.approx(data.duration[video]))
        assert clip_seconds(data, data.video_id[3], 5) is None
        assert clip_seconds(data, data.video_id[0], -1) is None
        with pytest.raises(ValueError, match="no video 'nobody'"):
            clip_seconds(data, "nobody", 0)


def test_files_whose_spaces_are_two_are_refused(path: Path, clip: Path, tmp_path: Path) -> None:
    table = ragged_table([2, 3], [])
    for visual, words in (
        ("ResNet", "RoBERTa"),
        (model_entry("a", IMAGE_TAKEN), model_entry("b", WORDS_TAKEN)),
    ):
        table.visual_model, table.text_model = visual, words
        write_features(tmp_path / "two.h5", table)
        with (
            open_features(tmp_path / "two.h5") as data,
            pytest.raises(ValueError, match=r"two\.h5: .*needs both by one CLIP"),
        ):
            ZeroShotSearch(data)
    smaller = random_openai_clip(tmp_path / "smaller", dim=8)
    with open_features(path) as data:
        with pytest.raises(ValueError, match=r"frame features have 16 numbers, .*gives 8"):
            ZeroShotSearch(data, model=smaller)
        with pytest.raises(ValueError, match="empty"):
            ZeroShotSearch(data).search(" ")


def test_a_folder_is_searched_in_one_line_and_read_only_once(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av")
    films = tmp_path / "holidays"
    films.mkdir()
    for name, seconds in (("lake.mp4", 3.0), ("garden.mp4", 2.0)):
        make_video(films / name, even_times(seconds, 5))
    (films / "broken.mp4").write_bytes(b"no film")
    settings: dict[str, Any] = {"model": clip, "device": "cpu", "progress": False}
    hits = ZeroShotSearch(films, **settings).search("a dog jumps into the water")
    assert sorted(hit.video_id for hit in hits) == ["garden.mp4", "lake.mp4"]
    assert all(hit.start is not None and -1 <= hit.score <= 1 for hit in hits)
    assert "skipped" in capsys.readouterr().out
    kept = tmp_path / "holidays.zero-shot.h5"
    parts = {
        part: part.stat().st_mtime_ns for part in kept.with_name(f"{kept.name}.parts").iterdir()
    }
    make_video(films / "new.mp4", even_times(1.0, 5))
    later = ZeroShotSearch(films, **settings).search("a dog jumps into the water")
    assert {hit.video_id: hit.score for hit in hits}.items() <= {
        hit.video_id: hit.score for hit in later
    }.items()
    assert all(part.stat().st_mtime_ns == time for part, time in parts.items())
    from_file = ZeroShotSearch(kept, device="cpu").search("a dog jumps into the water")
    assert from_file == later


def test_the_command_without_a_model(
    path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["search", "--zero-shot", "a dog", "--data", str(path), "-k", "6"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a dog"
    with open_features(path) as data:
        hits = ZeroShotSearch(data, device="cpu").search("a dog")
        for line, hit in zip(lines[1:], hits, strict=True):
            span = clip_seconds(data, hit.video_id, hit.key_clip)
            when = "" if span is None else f"  {span[0]:.1f}–{span[1]:.1f} s"
            assert line == f"{hit.rank:3d}. {hit.video_id}  {hit.score:.4f}{when}"
    assert sum(line.endswith(" s") for line in lines[1:]) == 5  # one length is unknown
    place = ["--data", str(path), "--text-model", str(clip)]
    page = clip.parent / "page.html"
    html = ["--html", str(page), "--films", str(clip.parent)]
    assert cli.main(["search", "--zero-shot", "snow", "--split", "train", *place, *html]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    data = json.loads(page.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0])
    assert data["sentences"][0] == {"text": "snow", "right": []}
    assert [film["link"][:7] for film in data["films"]] == ["file://"]


def test_the_command_with_a_trained_model_and_a_typed_sentence(
    path: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_features(path) as data:
        words = text_encoder(data, device="cpu").words("a dog jumps")
    table = ragged_table([4, 5, 6], [3, 2, 4])
    table.frame = np.random.default_rng(1).standard_normal((15, DIM)).astype("f4")
    table.word = np.random.default_rng(2).standard_normal((9, DIM)).astype("f4")
    table.text_model = model_entry(str(clip), WORDS_TAKEN)
    table.moment[:] = np.nan
    table.splits = {"train": np.arange(3), "test": np.arange(0)}
    write_features(tmp_path / "told.h5", table)
    small = {"visual_dim": DIM, "query_dim": DIM, "hidden_dim": 12, "num_heads": 3}
    model = build_model("mssl++", ModelConfig(**{**vars(SMALL), **small}))
    checkpoint = tmp_path / "model.pt"
    with open_features(tmp_path / "told.h5") as data:
        fit(model, data, TrainConfig(epochs=1), checkpoint=checkpoint, progress=False)
        hits = VideoIndex.build(model, data, "train").search(words)
    place = ["--data", str(tmp_path / "told.h5"), "--split", "train"]
    page = ["--html", str(tmp_path / "page.html")]
    assert cli.main(["search", str(checkpoint), "a dog jumps", *place, *page]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a dog jumps"
    assert [line.split()[1] for line in lines[1:-1]] == [hit.video_id for hit in hits]
    assert all(line.endswith(" s") for line in lines[1:-1])
    assert lines[-1] == f"page: {tmp_path / 'page.html'}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a checkpoint and a query, or --zero-shot"),
        (["model.pt"], "give a checkpoint and a query, or --zero-shot"),
        (["--zero-shot", "a dog", "--films", "holidays"], "give --html too"),
        (["model.pt", "--zero-shot", "a dog"], "takes only a sentence: leave out the checkpoint"),
        (["--zero-shot", "a dog"], "emoji_theatre.h5: frames were made by"),
        (
            ["--zero-shot", "a dog", "--data", "{path}", "--text-model", "{path}.no"],
            ".no' can't be",
        ),
    ],
)
def test_what_the_command_can_not_do_is_one_line(
    arguments: list[str], message: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["search", *(a.replace("{path}", str(path)) for a in arguments)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.splitlines()[-1].startswith("prvr-lite: ")
