"""What must hold for any input: padding changes nothing, shapes, gradients, one is like many."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import QUERY, SMALL, VISUAL

from prvr_lite.model.clips import clip_spans, clip_windows, length_code, multi_scale_clips
from prvr_lite.model.gmmformer import GMMFormer
from prvr_lite.model.key_clip import frame_attention, key_clip_guided_attention
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import Similarity, VideoEncoding
from prvr_lite.model.registry import MODELS, TRAINABLE, build_model, model_name
from prvr_lite.model.retrieval_model import RetrievalModel

NAMES = sorted(TRAINABLE)
BY_BATCH = "gmmformer-batch-windows"  # as released: a video's vectors depend on its batch
seeds = st.integers(0, 2**31)


def mask_of(lengths: list[int], width: int) -> torch.Tensor:
    return torch.arange(width) < torch.tensor(lengths)[:, None]


def inputs(
    lengths: list[int], words: list[int], seed: int, extra: int = 0
) -> tuple[torch.Tensor, ...]:
    """Videos and queries with garbage, not zeros, in their padding."""
    g = torch.Generator().manual_seed(seed)
    frame_mask = mask_of(lengths, max(lengths) + extra)
    word_mask = mask_of(words, max(words))
    units = torch.randn(len(lengths), SMALL.num_units, VISUAL, generator=g)
    frames = torch.zeros(*frame_mask.shape, VISUAL)
    frames[frame_mask] = torch.randn(sum(lengths), VISUAL, generator=g)
    word = torch.zeros(*word_mask.shape, QUERY)
    word[word_mask] = torch.randn(sum(words), QUERY, generator=g)
    frames[~frame_mask], word[~word_mask] = 7.0 + seed % 5, -9.0
    return units, frames, frame_mask, word, word_mask


@pytest.mark.parametrize("name", [name for name in NAMES if name != BY_BATCH])
@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    words=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    extra=st.integers(0, 2),
    seed=seeds,
)
def test_padding_changes_nothing(
    name: str, lengths: list[int], words: list[int], extra: int, seed: int
) -> None:
    """Scores of a padded batch are those of each video and each query alone, unpadded."""
    model = build_model(name, SMALL, seed=seed % 7).eval()
    units, frames, frame_mask, word, word_mask = inputs(lengths, words, seed, extra)
    with torch.no_grad():
        videos = model.encode_videos(units, frames, frame_mask)
        batch = model.similarity(model.encode_queries(word, word_mask), videos)
        for q, length in enumerate(words):
            query = model.encode_queries(word[q : q + 1, :length], word_mask[q : q + 1, :length])
            for v, count in enumerate(lengths):
                alone = model.encode_videos(
                    units[v : v + 1], frames[v : v + 1, :count], frame_mask[v : v + 1, :count]
                )
                one = model.similarity(query, alone)
                torch.testing.assert_close(batch.clip[q, v], one.clip[0, 0])
                assert batch.key_clip[q, v] == one.key_clip[0, 0]
                if batch.frame is not None:
                    torch.testing.assert_close(batch.frame[q, v], one.frame[0, 0])


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_gradients(name: str, device: torch.device) -> None:
    """Every parameter learns, from a batch of two videos and three queries."""
    model = build_model(name, SMALL).to(device)
    batch = [t.to(device) for t in inputs([5, 8], [2, 4, 1], 0)]
    scores = model(*batch, torch.tensor([0, 1, 1], device=device))
    assert scores.clip_cosine.shape == scores.clip_dot.shape == (3, 2)
    total = scores.clip_dot.sum()
    columns = {MSSLpp: 3, GMMFormer: 2}  # queries and their own videos, or videos
    for kind, count in columns.items():
        if issubclass(MODELS[name], kind):
            assert scores.frame_cosine.shape == scores.frame_dot.shape == (3, count)
            total = total + scores.frame_dot.sum()
    if not issubclass(MODELS[name], tuple(columns)):
        assert scores.frame_cosine is None
    total.backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_can_do_what_it_declares(name: str) -> None:
    config = replace(SMALL, visual_dim=5) if name == "zero-shot" else SMALL
    model = build_model(name, config).eval()
    units, frames, mask, _, _ = inputs([5, 8, 3], [1], 0)
    units, frames = units[..., : config.visual_dim], frames[..., : config.visual_dim]
    with torch.no_grad():
        videos = model.encode_videos(units, frames, mask)
    assert model.trainable == any(True for _ in model.parameters())
    assert model.has_clips == bool((videos.clip_index >= 0).all())
    if model.has_clips:
        every = multi_scale_clips(model.encode_units(units))
        rows = videos.clip_index[..., None].expand_as(videos.clips)
        torch.testing.assert_close(videos.clips, every.gather(1, rows))
    if model.guides_frames:
        score = model.attention_scores(videos.clips, videos.frames)
        weight = score.masked_fill(~mask[:, None], -torch.inf).softmax(-1)  # [V, K, T]
        torch.testing.assert_close(videos.attended, model.value_map(weight @ videos.frames))


def test_a_window_spans_the_video_or_as_released_the_batch() -> None:
    """Alone, both are the same; beside a longer video, only one of them is."""
    units, frames, mask, _, _ = inputs([3, 8], [1], 0)
    alone = units[:1], frames[:1, :3], mask[:1, :3]
    with torch.no_grad():
        own, released = (build_model(n, SMALL, seed=1).eval() for n in ("gmmformer", BY_BATCH))
        expected = own.encode_videos(*alone).attended[0]
        torch.testing.assert_close(released.encode_videos(*alone).attended[0], expected)
        torch.testing.assert_close(own.encode_videos(units, frames, mask).attended[0], expected)
        moved = released.encode_videos(units, frames, mask)
    assert (moved.attended[0] - expected).abs().max() > 1e-6
    torch.testing.assert_close(
        moved.clips[:1], own.encode_units(units[:1])
    )  # units have no padding


def test_one_vector_of_frames_is_compared_with_every_query() -> None:
    """S_f of GMMFormer doesn't depend on the key clip, for few queries and for many."""
    model = build_model("gmmformer", SMALL).eval()
    batch = inputs([5, 8, 1], [2, 4, 1] * 4, 0)
    with torch.no_grad():
        videos, queries = model.encode_videos(*batch[:3]), model.encode_queries(*batch[3:])
        assert videos.clips.shape == (3, 6, 12)
        assert videos.attended.shape == (3, 1, 12)
        frame = torch.cosine_similarity(queries[:, None], videos.attended[:, 0], dim=-1)  # [Q, V]
        torch.testing.assert_close(model.similarity(queries, videos).frame, frame)
        torch.testing.assert_close(model.similarity(queries[:1], videos).frame, frame[:1])


def test_encoding_shapes() -> None:
    model = MSSLpp(SMALL).eval()
    units, frames, mask, _, _ = inputs([5, 8, 3], [1], 0)
    videos = model.encode_videos(units, frames, mask)
    assert videos.clips.shape == videos.attended.shape == (3, 5, 12)
    assert videos.clip_index.shape == (3, 5)
    assert videos.frames.shape == (3, 8, 12)
    every = model.all_clips(units)
    assert every.shape == (3, SMALL.num_clips, 12)
    picked = every.gather(1, videos.clip_index[..., None].expand(-1, -1, 12))
    torch.testing.assert_close(videos.clips, picked)  # the medoids are clips
    assert len(videos[:2]) == 2
    assert videos[1:].clips.shape == (2, 5, 12)


def test_clips_are_means_of_their_units() -> None:
    units = torch.randn(2, 5, 3)
    clips = multi_scale_clips(units)
    spans = clip_spans(5).tolist()
    assert spans[:6] == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 2]]
    assert spans[-1] == [0, 5]
    for i, (start, end) in enumerate(spans):
        torch.testing.assert_close(clips[:, i], units[:, start:end].mean(1))
    torch.testing.assert_close(clip_windows(5).float() @ units, clips)


def test_length_code_is_one_row_a_length() -> None:
    code = length_code(4, dim=6)
    lengths = (clip_spans(4)[:, 1] - clip_spans(4)[:, 0]).tolist()
    assert code.shape == (10, 6)
    torch.testing.assert_close(code[0], torch.tensor([0.0, 1, 0, 1, 0, 1]))  # length 1: position 0
    for i, a in enumerate(lengths):
        for j, b in enumerate(lengths):
            assert torch.equal(code[i], code[j]) == (a == b)
    torch.testing.assert_close(code.square().sum(1), torch.full((10,), 3.0))
    with pytest.raises(ValueError, match="even"):
        length_code(4, dim=5)


@settings(max_examples=20, deadline=None)
@given(v=st.integers(1, 3), k=st.integers(1, 4), t=st.integers(1, 6), seed=seeds)
def test_attention_of_a_clip_by_plain_loops(v: int, k: int, t: int, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    clips, frames = torch.randn(v, k, 3, generator=g), torch.randn(v, t, 3, generator=g)
    w1, w2 = torch.randn(3, 3, generator=g), torch.randn(3, 3, generator=g)
    mask = mask_of([1 + (seed + i) % t for i in range(v)], t)
    attended = key_clip_guided_attention(clips, frames, mask, w1, w2)
    weights = frame_attention(clips, frames, mask, w1)
    for i in range(v):
        real = frames[i][mask[i]]
        for j in range(k):
            logits = torch.stack([(w1 @ frame) @ clips[i, j] for frame in real])
            weight = logits.softmax(0)
            expected = sum(a * (w2 @ frame) for a, frame in zip(weight, real, strict=True))
            torch.testing.assert_close(attended[i, j], expected, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(weights[i, j][mask[i]], weight, atol=1e-5, rtol=1e-4)
            assert weights[i, j][~mask[i]].sum() == 0


def test_fusing() -> None:
    similarity = Similarity(torch.tensor([[1.0]]), torch.tensor([[0.5]]), torch.tensor([[0]]))
    assert similarity.fused(0.7).item() == pytest.approx(0.7 * 1.0 + 0.3 * 0.5)
    assert Similarity(similarity.clip, None, similarity.key_clip).fused(0.7).item() == 1.0


def test_names_build_what_they_say() -> None:
    for name in NAMES:
        assert model_name(build_model(name, SMALL)) == name
    assert build_model("mssl", SMALL).config.num_clusters is None
    with pytest.raises(ValueError, match=r"'nope'.*mssl"):
        build_model("nope", SMALL)


def test_building_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = build_model("mssl++", SMALL, seed=5)
    assert torch.equal(torch.rand(1), expected)
    second = build_model("mssl++", SMALL, seed=5)
    assert all(map(torch.equal, first.parameters(), second.parameters()))


def test_a_sequence_that_is_too_long_is_named() -> None:
    model = MSSLpp(SMALL)
    with pytest.raises(ValueError, match="11 is longer than the 10 positions"):
        model.frame_encoder(torch.zeros(1, 11, VISUAL))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_dim": 13}, "multiple of num_heads"),
        ({"num_clusters": 22}, r"num_clusters=22 must lie in 1..21"),
        ({"num_clusters": 0}, "1..21"),
        ({"num_clusters": 2.5}, r"num_clusters=2.5 must lie in 1..21, a whole number"),
        ({"num_units": 6.0}, "num_units=6.0 must lie in 1"),
        ({"alpha": 1.5}, "alpha"),
        ({"num_heads": 0}, "num_heads=0 must lie in 1"),
        ({"dropout": 3.0}, r"dropout=3.0 must lie in 0..1"),
    ],
)
def test_impossible_models_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


def test_a_model_without_a_name_is_told_what_to_do() -> None:
    class Mine(MSSLpp):
        pass

    with pytest.raises(ValueError, match="Mine is not in MODELS"):
        model_name(Mine(SMALL))


def test_constants_are_the_callers_own() -> None:
    clip_spans(3)[0, 0] = 99
    assert clip_spans(3)[0, 0] == 0


def test_a_model_must_say_how_it_encodes_videos() -> None:
    with pytest.raises(NotImplementedError):
        RetrievalModel(SMALL).encode_videos(*inputs([2], [1], 0)[:3])


def test_mapping_an_encoding_skips_what_is_absent() -> None:
    one = torch.zeros(1, 1, 1)
    encoding = VideoEncoding(one, one, one, one)
    assert encoding.map(lambda t: t + 1).clips.item() == 1
    assert encoding.map(lambda t: t + 1).attended is None
