"""Rows: what goes into the database comes out of it; what no search would find is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from collection_inputs import encoding

from prvr_lite.collection.rows import (
    digests,
    from_batch,
    make_schema,
    to_batch,
)
from prvr_lite.search.check_rows import check_rows
from prvr_lite.search.vectors import VideoRows
from prvr_lite.search.video_index import encoding_rows

pytest.importorskip("pyarrow")
SCHEMA = dict(hidden=12, metadata={"format": "test"})


def rows(count: int = 4) -> VideoRows:
    durations = [float("nan") if v == 1 else 2.5 + v for v in range(count)]
    names = [f"v{v}" for v in range(count)]
    return encoding_rows(encoding(count), names, durations, range(10, 10 + count))


def some_clips(videos: VideoRows, lengths: list[int]) -> VideoRows:
    """The same videos with so many real clips each; the rest is padding."""
    mask = torch.arange(5) < torch.tensor(lengths)[:, None]
    return replace(videos, vectors=replace(videos.vectors, clip_mask=mask))


@pytest.mark.parametrize("lengths", [None, [5, 1, 3, 2]])
@pytest.mark.parametrize("attended", [True, False])
def test_what_went_in_comes_out(lengths: list[int] | None, attended: bool) -> None:
    """Also from a slice of a batch, with different numbers of clips and without frames."""
    videos = rows() if lengths is None else some_clips(rows(), lengths)
    if not attended:
        videos = replace(videos, vectors=replace(videos.vectors, attended=None))
    check_rows(videos, 12)
    batch = to_batch(videos, make_schema(**SCHEMA))
    stored = batch["digest"].to_pylist()
    for part in (slice(0, 4), slice(1, 3)):
        some = batch.slice(part.start, part.stop - part.start)
        found = from_batch(some)
        assert found.ids == videos.ids[part]
        torch.testing.assert_close(found.duration, videos.duration[part], equal_nan=True)
        assert torch.equal(found.frames, videos.frames[part])
        assert digests(some) == stored[part] == some["digest"].to_pylist()
        assert (found.vectors.attended is None) == (not attended)
        for name, tensor in found.vectors.tensors.items():
            expected = videos.vectors.tensors[name][part]
            for row, count in enumerate((lengths or [5] * 4)[part]):
                assert torch.equal(tensor[row, :count], expected[row, :count])
                repeated = expected[row, count - 1].expand_as(tensor[row, count:])
                assert torch.equal(tensor[row, count:], repeated)


def test_a_digest_sees_every_part_of_a_row() -> None:
    videos, schema = rows(), make_schema(**SCHEMA)
    before = digests(to_batch(videos, schema))
    changed = [
        replace(videos, ids=["v0", "v1", "v2", "w3"]),
        replace(videos, duration=videos.duration + torch.tensor([0, 0, 0, 1e-9])),
        replace(videos, frames=videos.frames + torch.tensor([0, 0, 0, 1], dtype=torch.int32)),
    ]
    for name in ("clips", "attended", "clip_index"):
        tensor = getattr(videos.vectors, name).clone()
        last = tensor[3].view(-1)[-1:]
        last.view(torch.int32)[0] ^= 1  # one bit
        changed.append(replace(videos, vectors=replace(videos.vectors, **{name: tensor})))
    for other in changed:
        after = digests(to_batch(other, schema))
        assert after[:3] == before[:3]
        assert after[3] != before[3]


@pytest.mark.parametrize("name", ["clips", "attended"])
@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf"), 1e30])
def test_a_vector_that_no_search_would_find_is_refused(name: str, value: float) -> None:
    videos = rows()
    tensor = getattr(videos.vectors, name).clone()
    tensor[2, 3] = value
    with pytest.raises(ValueError, match=f"video 'v2': {name} hold a vector that is zero or not"):
        check_rows(replace(videos, vectors=replace(videos.vectors, **{name: tensor})), 12)


def test_padding_may_hold_anything() -> None:
    videos = some_clips(rows(), [5, 5, 3, 5])
    clips = videos.vectors.clips.clone()
    clips[2, 3:] = 0
    check_rows(replace(videos, vectors=replace(videos.vectors, clips=clips)), 12)


def test_what_else_is_refused() -> None:
    videos = rows()
    for ids, message in (
        (["a", "b", "a", "c"], "'a' is duplicated"),
        (["a", "b", "\ud800", "c"], "is not Unicode text"),
    ):
        with pytest.raises(ValueError, match=message):
            check_rows(replace(videos, ids=ids), 12)
    with pytest.raises(ValueError, match="have 12 numbers per vector, the model has 16"):
        check_rows(videos, 16)
    with pytest.raises(ValueError, match=r"video 'v1': clips hold .* or none at all"):
        check_rows(some_clips(videos, [5, 0, 1, 2]), 12)
    for wrong in ({"ids": ["a"]}, {"ids": list("abcd"), "duration": [1.0]}):
        with pytest.raises(ValueError, match=r"1 .* for 4 encoded videos: give one each"):
            encoding_rows(encoding(4), **wrong)
