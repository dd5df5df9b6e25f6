"""From features to batches: pooling by its definition, padding, the cache, and who goes along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from toy import SMALL, toy_table

from prvr_lite.data import batches
from prvr_lite.data.batches import Batch, InputReader, normalise, pad, pool_features
from prvr_lite.data.dataset import Dataset, open_features
from prvr_lite.data.table import write_features

lengths = st.integers(1, 70)


def some_frames(total: int, seed: int = 0) -> batches.Float:
    return np.random.default_rng(seed).standard_normal((total, 3)).astype(np.float32)


def pooled_by_loops(features: batches.Float, count: int) -> batches.Float:
    total = len(features)
    bound = [min(round(i / count * total), total - 1) for i in range(count + 1)]
    rows = []
    for start, end in pairwise(bound):
        rows.append(features[start:end].mean(0) if start < end else features[start])
    return np.array(rows)


@settings(max_examples=150, deadline=None)
@given(total=lengths, count=st.integers(1, 40), seed=st.integers(0, 9))
@example(total=45, count=10, seed=0)  # i / count * total and i * total / count round apart
def test_pooling_by_plain_loops(total: int, count: int, seed: int) -> None:
    features = some_frames(total, seed)
    before = features.copy()
    pooled = pool_features(features, count)
    assert pooled.shape == (count, 3)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, pooled_by_loops(features, count), atol=1e-6)
    assert (features == before).all()


def test_halves_are_rounded_to_even() -> None:
    """5 frames to 2: the middle bound is 2.5, so 2; 7 to 2: 3.5, so 4. The last frame is left."""
    five, seven = np.arange(5.0)[:, None], np.arange(7.0)[:, None]
    assert pool_features(five, 2).tolist() == [[0.5], [2.5]]
    assert pool_features(seven, 2).tolist() == [[1.5], [4.5]]


@settings(max_examples=40, deadline=None)
@given(total=lengths, more=st.integers(1, 40))
def test_few_frames_repeat(total: int, more: int) -> None:
    """Each row is one of the frames, in their order, and each frame is there."""
    frames = np.arange(float(total))[:, None]
    pooled = pool_features(frames, total + more)[:, 0]
    assert (np.diff(pooled) >= 0).all()
    assert set(pooled.tolist()) == set(range(total))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 20), more=st.integers(0, 40))
def test_the_last_of_many_frames_is_left_out(count: int, more: int) -> None:
    features = some_frames(2 * count + more)
    if len(features) > 1:
        changed = features.copy()
        changed[-1] = 99
        assert (pool_features(changed, count) == pool_features(features, count)).all()
        changed[-2] = 99
        assert (pool_features(changed, count) != pool_features(features, count)).any()


def test_as_many_frames_as_rows_stay_as_they_are() -> None:
    features = some_frames(6)
    assert (pool_features(features, 6) == features).all()
    assert (pool_features(features[:1], 4) == features[:1].repeat(4, axis=0)).all()


def test_normalise() -> None:
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [1e-5, 0.0]], np.float32)
    expected = [[3 / 5.00001, 4 / 5.00001], [0, 0], [0.5, 0]]
    np.testing.assert_allclose(normalise(rows), expected, rtol=1e-6)
    assert normalise(rows).dtype == np.float32
    assert rows[0, 0] == 3


def test_pad() -> None:
    rows = [some_frames(2), some_frames(5, 1), some_frames(1, 2)]
    padded, mask = pad(rows)
    assert padded.shape == (3, 5, 3)
    assert mask.dtype == torch.bool
    assert mask.sum(1).tolist() == [2, 5, 1]
    for i, row in enumerate(rows):
        assert mask[i, : len(row)].all()
        assert (padded[i, : len(row)].numpy() == row).all()
        assert (padded[i, len(row) :] == 0).all()


class Spy:
    """Notes which videos are read from the file."""

    def __init__(self, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[int] = []
        self._frames_of = dataset.frames_of
        monkeypatch.setattr(dataset, "frames_of", self)

    def __call__(self, videos: Sequence[int]) -> list[Any]:
        self.read += [int(v) for v in videos]
        return self._frames_of(videos)


@pytest.fixture
def spy(toy: Dataset, monkeypatch: pytest.MonkeyPatch) -> Spy:
    return Spy(toy, monkeypatch)


def test_videos_are_pooled_normalised_and_padded(toy: Dataset) -> None:
    """Films have 4 to 19 frames: fewer than the 6 units, and more than the 10 frames kept."""
    units, frames, mask = InputReader(toy, SMALL).videos(np.arange(24))
    counts = np.diff(toy.frame_offset)
    assert counts.min() < SMALL.num_units < SMALL.max_frames < counts.max()
    assert units.shape == (24, 6, 7)
    assert frames.shape == (24, 10, 7)
    assert mask.sum(1).tolist() == np.minimum(counts, 10).tolist()
    for v in range(24):
        raw = toy.frames(v)
        kept = pooled_by_loops(raw, 10) if len(raw) > 10 else raw
        np.testing.assert_allclose(units[v], normalise(pooled_by_loops(raw, 6)), atol=1e-6)
        np.testing.assert_allclose(frames[v][mask[v]], normalise(kept), atol=1e-6)


def test_batch_mates_and_their_order_do_not_matter(toy: Dataset) -> None:
    rows = [7, 3, 19, 3, 0]
    units, frames, mask = InputReader(toy, SMALL).videos(rows)
    for i, video in enumerate(rows):
        alone = InputReader(toy, SMALL).videos([video])
        assert torch.equal(units[i], alone[0][0])
        assert torch.equal(frames[i][mask[i]], alone[1][0])


@pytest.mark.parametrize("reads", [1, 40 * 7 * 4, batches.READ_BYTES])
@pytest.mark.parametrize("room", ["ample", "just enough", "a byte less", "none"])
def test_what_is_remembered_is_not_read_again(
    toy: Dataset, spy: Spy, monkeypatch: pytest.MonkeyPatch, room: str, reads: int
) -> None:
    """Little memory and small reads cost time only: what is read is the same."""
    reader = InputReader(toy, SMALL)
    units, _, frame_mask = reader.videos(range(len(toy.video_id)))
    needed = (units[..., 0].numel() + int(frame_mask.sum())) * 7 * 4
    whole = reader.videos(range(12))
    spy.read.clear()
    monkeypatch.setattr(batches, "READ_BYTES", reads)
    memory = {"just enough": needed, "a byte less": needed - 1, "none": 0}
    reader = InputReader(toy, SMALL, memory=memory.get(room, batches.MEMORY))
    first = reader.videos(range(12))
    assert spy.read == list(range(12))
    assert all(map(torch.equal, first, whole))
    second = reader.videos(range(11, -1, -1))
    again = len(spy.read) - 12
    assert all(torch.equal(a, b.flip(0)) for a, b in zip(first, second, strict=True))
    assert again == (0 if room in ("ample", "just enough") else 12)
    second[0].zero_()  # a caller may do what it likes with its batch
    assert torch.equal(reader.videos(range(12))[0], first[0])


def test_queries_are_cut_normalised_and_padded(toy: Dataset) -> None:
    rows = np.array([5, 0, 17, *range(30, 42)])
    words, mask = InputReader(toy, SMALL).queries(rows)
    counts = np.diff(toy.word_offset)[rows]
    assert counts.max() > SMALL.max_words
    assert words.shape == (15, 4, 5)
    assert mask.sum(1).tolist() == np.minimum(counts, 4).tolist()
    for i, query in enumerate(rows):
        np.testing.assert_allclose(words[i][mask[i]], normalise(toy.words(query)[:4]), atol=1e-7)


@pytest.fixture
def uneven(tmp_path: Path) -> Iterator[Dataset]:
    """Twelve training films with 2, 1 or, films 4 and 9, no queries; not in the order of films."""
    table = toy_table()
    table.duration[:] = 99  # moments stay where they were
    table.query_video = table.query_video[::-1].copy()
    for lonely, target in ((4, 5), (9, 2)):
        table.query_video[table.query_video == lonely] = target
    table.query_video[np.flatnonzero(table.query_video == 7)[0]] = 8
    table.relevant = None
    write_features(tmp_path / "uneven.h5", table)
    with open_features(tmp_path / "uneven.h5") as dataset:
        yield dataset


def test_a_batch_has_all_queries_of_its_videos(uneven: Dataset) -> None:
    reader, rows = InputReader(uneven, SMALL), [8, 4, 2, 7]
    batch = reader.batch(rows)
    assert batch.query_video.bincount(minlength=4).tolist() == [3, 0, 4, 1]
    taken = []
    for words, mask, place in zip(*batch[3:], strict=True):
        own = np.flatnonzero(uneven.query_video == rows[place])
        same = [q for q in own if torch.equal(reader.queries([q])[0][0], words[mask])]
        taken += same
    assert len(taken) == 8
    assert set(taken) == set(np.flatnonzero(np.isin(uneven.query_video, rows)))
    assert all(map(torch.equal, batch[:3], reader.videos(rows)))


def epoch_of(reader: InputReader, size: int, seed: int) -> list[list[int]]:
    """Which videos come in which batch, told by their units."""
    units = reader.videos(range(24))[0]
    return [
        [int((units == video).all(2).all(1).nonzero()) for video in batch.unit_input]
        for batch in reader.training_batches("train", size, seed)
    ]


@pytest.mark.parametrize(
    ("size", "sizes"), [(4, [4, 3, 3]), (5, [5, 5]), (1, [1] * 10), (9, [5, 5]), (99, [10])]
)
def test_every_video_with_queries_once_an_epoch(
    uneven: Dataset, size: int, sizes: list[int]
) -> None:
    """In batches that differ by one at most: a last batch of one would have no negatives."""
    epoch = epoch_of(InputReader(uneven, SMALL), size, 0)
    assert [len(part) for part in epoch] == sizes
    assert sorted(chain(*epoch)) == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11]


def test_the_seed_is_the_order(uneven: Dataset) -> None:
    reader = InputReader(uneven, SMALL)
    orders = [[*chain(*epoch_of(reader, 4, seed))] for seed in (0, 0, 1, 2)]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 3
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("name", ["visual_dim", "query_dim"])
def test_a_model_of_other_sizes_is_refused(toy: Dataset, name: str) -> None:
    found = getattr(SMALL, name)
    config = replace(SMALL, **{name: found + 1})
    message = rf"toy\.h5.*{name}={found}.*built for {found + 1}.*ModelConfig\({name}={found}"
    with pytest.raises(ValueError, match=message):
        InputReader(toy, config)


def test_a_batch_moves_as_one(toy: Dataset, device: torch.device) -> None:
    batch = InputReader(toy, SMALL).batch([0, 1])
    moved = batch.to(device)
    assert isinstance(moved, Batch)
    assert {tensor.device.type for tensor in batch.to(torch.device("meta"))} == {"meta"}
    assert {tensor.device.type for tensor in moved} == {device.type}
    assert all(torch.equal(a, b.cpu()) for a, b in zip(batch, moved, strict=True))


def test_features_of_any_finite_size_have_a_direction() -> None:
    """Squares of numbers above 1e19 are too large for float32."""
    rows = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    for scale in (1.0, 1e10, 1e20, 1e37):
        np.testing.assert_allclose(normalise(rows * np.float32(scale)), normalise(rows), rtol=1e-4)
