"""Records of tensors: one way to index, move, measure and join them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from prvr_lite.model.records import Similarity, VideoEncoding


def videos(count: int, length: int, *, frames: bool = True) -> VideoEncoding:
    """Frames in the place of clips, as the frame baselines have them."""
    vectors, mask = torch.randn(count, length, 4), torch.ones(count, length, dtype=torch.bool)
    rows = torch.full((count, length), -1)
    if not frames:
        return VideoEncoding(vectors, rows, clip_mask=mask)
    return VideoEncoding(vectors, rows, vectors, mask, clip_mask=mask)


def test_batches_of_other_lengths_are_padded_with_what_the_mask_leaves_out() -> None:
    short, long = videos(2, 3), videos(1, 5)
    joined = VideoEncoding.join([short, long])
    assert len(joined) == 3
    assert joined.attended is None
    assert joined.clip_mask is not None
    assert joined.clip_mask.sum(1).tolist() == [3, 3, 5]
    for name, tensor in joined.tensors.items():
        assert tensor.shape[:2] == (3, 5)
        assert torch.equal(tensor[:2, :3], short.tensors[name])
        assert torch.equal(tensor[2:], long.tensors[name])
        assert not tensor[:2, 3:].any()


def test_what_a_record_does_not_have_stays_none() -> None:
    record = videos(4, 3, frames=False)
    assert list(record.tensors) == ["clips", "clip_index", "clip_mask"]
    assert record.nbytes == 4 * 3 * (4 * 4 + 8 + 1)
    for part in (record[1:3], record[torch.tensor([2, 0])], record.map(Tensor.clone)):
        assert list(part.tensors) == list(record.tensors)
    assert torch.equal(record[torch.tensor([2, 0])].clips, record.clips[[2, 0]])
    with pytest.raises(ValueError, match="an index keeps no frames"):
        record.frames_with_mask()


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("dim", [0, 1])
def test_scores_are_joined_by_queries_or_by_videos(dim: int, framed: bool) -> None:
    whole = Similarity(torch.randn(4, 6), torch.randn(4, 6), torch.randint(5, (4, 6)))
    if not framed:
        whole = Similarity(whole.clip, None, whole.key_clip)
    parts = [whole.map(lambda t, i=i: t.chunk(2, dim)[i]) for i in range(2)]
    joined = Similarity.join(parts, dim)
    assert (joined.frame is None) == (not framed)
    for name, tensor in joined.tensors.items():
        assert torch.equal(tensor, whole.tensors[name])
