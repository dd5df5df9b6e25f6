"""Parity with GMMFormer: every number recorded from its authors' released code, case by case."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from golden_cases import GMMFORMER_CASES, GMMFormerGolden, close

from prvr_lite.data.batches import normalise, pool_features
from prvr_lite.model.gmmformer import (
    GMMFormer,
    GMMFormerBatchWindows,
    WindowedAttention,
    gaussian_window,
    gaussian_windows,
)
from prvr_lite.model.key_clip import inner_products, unit_length
from prvr_lite.paper.checkpoint import translate
from prvr_lite.training.losses import sample_negatives
from prvr_lite.training.query_diverse import loss_of, query_diversity

BLOCKS = {  # the recorded name of each block, and where it is here
    "clip_encoder": ("unit_encoder", 0),
    "clip_encoder_2": ("unit_encoder", 1),
    "frame_encoder_1": ("frame_encoder", 0),
    "frame_encoder_2": ("frame_encoder", 1),
}
BRANCHES = {"query": "query_encoder.words", "clip": "unit_encoder", "frame": "frame_encoder"}


@pytest.fixture(params=GMMFORMER_CASES, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> GMMFormerGolden:
    return GMMFormerGolden(request.param)


def test_there_are_cases() -> None:
    assert len(GMMFORMER_CASES) == 3


def test_pooled_inputs(golden: GMMFormerGolden) -> None:
    longest, mask = int(golden.attrs["max_ctx_l"]), golden.inputs["frame_mask"].bool()
    for row, raw in enumerate(golden.raw):
        units = normalise(pool_features(raw, int(golden.attrs["map_size"])))
        frames = normalise(pool_features(raw, longest) if len(raw) > longest else raw)
        close(torch.tensor(units), golden.inputs["clip_input"][row], 1e-6)
        close(torch.tensor(frames), golden.inputs["frame_input"][row][mask[row]], 1e-6)


def test_windows(golden: GMMFormerGolden) -> None:
    """Alone, and as one of a padded batch, where padding is 0."""
    for (length, width), theirs in golden.windows.items():
        close(gaussian_window(length, width), theirs, 2e-6)
        padded = gaussian_windows(torch.tensor([length, length + 3]), length + 3, width)
        assert bool(padded.isfinite().all())
        close(padded[0, :length, :length], theirs, 2e-6)
        assert not padded[0, :, length:].any()
        close(padded[1], gaussian_window(length + 3, width), 1e-7)
        assert torch.equal(padded.amax(-1)[0, :length], torch.ones(length))


def test_every_step(golden: GMMFormerGolden) -> None:
    """The output of every front, attention and block; frames and words on real positions only."""
    model, batch = golden.model().eval(), golden.batch()
    found: dict[str, torch.Tensor] = {}

    def record(name: str, module: torch.nn.Module) -> None:
        module.register_forward_hook(lambda *values: found.update({name: values[2]}))

    for theirs, ours in BRANCHES.items():
        record(f"{theirs}_input_proj", model.get_submodule(f"{ours}.project"))
        record(f"{theirs}_pos_embed", model.get_submodule(f"{ours}.position_norm"))
    for theirs, (ours, number) in BLOCKS.items():
        record(theirs, model.get_submodule(f"{ours}.blocks.{number}"))
        for i in range(4):
            place = f"{ours}.blocks.{number}.attentions.{i}"
            record(f"{theirs}.attn{i}", model.get_submodule(place))
    record("query_encoder", model.query_encoder.words)
    record("modular_vector_mapping", model.query_encoder.pool)
    record("modular_vector_mapping_2", model.frame_pool)
    with torch.no_grad():
        model.encode_videos(*batch[:3])
        model.encode_queries(*batch[3:5])
    assert set(golden.steps) <= set(found)  # the largest case leaves some out
    real = {"frame": batch.frame_mask, "query": batch.word_mask}
    real |= {"modular_vector_mapping": batch.word_mask}
    real |= {"modular_vector_mapping_2": batch.frame_mask}
    for name, theirs in golden.steps.items():
        ours = found[name].relu() if name.endswith("input_proj") else found[name]
        mask = real.get(name, real.get(name.split("_")[0], torch.tensor(True)))
        close(ours[mask], theirs[mask])


def test_attention(golden: GMMFormerGolden) -> None:
    """Who looks where in the first video, and in the first query."""
    model, batch = golden.model().eval(), golden.batch()
    seen: list[torch.Tensor] = []
    for encoder in (model.unit_encoder, model.frame_encoder):
        for block in encoder.blocks:
            for attention in block.attentions:
                attention.register_forward_pre_hook(
                    lambda module, given: seen.append(module.attention(*given)[0])
                )
    with torch.no_grad():
        model.encode_videos(*batch[:3])
        words = WindowedAttention(model.config.hidden_dim, model.config.num_heads, 0.0)
        words.load_state_dict(model.query_encoder.words.attention.state_dict())
        front = golden.steps["query_pos_embed"][:1]
        asked = words.attention(front, batch.word_mask[:1])[0]
    names = [f"{block}.attn{i}" for block in BLOCKS for i in range(4)]
    found = dict(zip(names, seen, strict=True)) | {"query_encoder": asked}
    assert set(golden.attention) <= set(found)
    masks = {"frame": batch.frame_mask[0], "query": batch.word_mask[0]}
    for name, theirs in golden.attention.items():
        ours, mask = found[name], masks.get(name.split("_")[0], torch.tensor([True]))
        close(ours.sum(-1), torch.ones(ours.shape[:-1]))
        rows = mask.expand(theirs.shape[1])
        close(ours[:, rows], theirs[:, rows])


def test_scores(golden: GMMFormerGolden) -> None:
    model, batch, out = golden.model().eval(), golden.batch(), golden.out
    with torch.no_grad():
        videos = model.encode_videos(*batch[:3])
        queries = model.encode_queries(*batch[3:5])
        similarity = model.similarity(queries, videos)
        scores = model.training_scores(queries, videos, batch.query_video)
        cosines = inner_products(unit_length(queries), unit_length(videos.clips))
    close(videos.clips, out["units"])
    close(videos.attended[:, 0], out["frame_vector"])
    close(queries, out["query"])
    close(cosines, out["unit_cosine"])
    close(similarity.clip, out["clip_scale_score"])
    close(similarity.frame, out["frame_scale_score"])
    close(scores.clip_dot, out["clip_scale_dot"])
    close(scores.frame_dot, out["frame_scale_dot"])
    close(similarity.fused(model.config.alpha), out["fused_score_alpha_0_7"])
    assert torch.equal(similarity.key_clip, out["key_unit_index"])


def test_windows_of_the_batch_or_of_the_video(golden: GMMFormerGolden) -> None:
    """In batches of 2 a video moves as recorded; by default it is the same in every batch."""
    released, own = golden.model().eval(), golden.model(GMMFormer).eval()
    batch = golden.batch()
    found: dict[GMMFormer, list[torch.Tensor]] = {released: [], own: []}
    with torch.no_grad():
        for some in torch.arange(len(batch.frame_mask)).split(2):
            longest = int(batch.frame_mask[some].sum(1).max())
            cut = batch.frame_input[some, :longest], batch.frame_mask[some, :longest]
            for model, vectors in found.items():
                vectors.append(model.encode_videos(batch.unit_input[some], *cut).attended[:, 0])
        alone = own.encode_videos(*batch[:3]).attended[:, 0]
    close(torch.cat(found[released]), golden.in_batches_of_2["frame_vector"])
    close(torch.cat(found[own]), alone, 1e-6)
    full = batch.frame_mask.all(1)  # a video without padding has the same windows either way
    close(alone[full], golden.out["frame_vector"][full])
    assert bool(((alone - golden.out["frame_vector"])[~full].abs().amax(1) > 1e-4).any())


def test_losses_and_gradients(golden: GMMFormerGolden) -> None:
    model, batch, theirs = golden.model().train(), golden.batch(), golden.loss  # no dropout
    scores = model(*batch)
    for name, table in golden.scores.items():
        close(getattr(scores, name), table)
    hard = bool(golden.attrs["use_hard_negative"])
    terms = loss_of(model, golden.training())(scores, batch.query_video, hard=hard)
    for name, term in terms.named().items():
        assert term.item() == pytest.approx(theirs[name], abs=1e-5), name
    assert terms.total.item() == pytest.approx(theirs["loss"], abs=1e-5)
    terms.total.backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    assert {translate(name) for name in golden.grad} == set(grads)
    for name, grad in golden.grad.items():
        ours = grads[translate(name)]
        # without a window, a key's bias moves every attention score alike: its gradient is 0
        shift = name.endswith("key.bias") and ("attn0" in name or name.startswith("query"))
        close(ours, grad, 1e-6 if shift else 1e-4 * float(grad.abs().max()))


def test_parts_of_the_losses(golden: GMMFormerGolden) -> None:
    """Each row's hinge with the hardest negative, each query's diversity, its gradient alone."""
    parts, owner, config = golden.parts, golden.inputs["query_video"], golden.training()
    belongs = owner[:, None] == torch.arange(len(golden.raw))  # [Q, V]
    for scale in ("clip", "frame"):
        cosine = golden.scores[f"{scale}_cosine"]
        own = cosine * belongs
        for way, positive, score, negative in (
            ("t2v", own.sum(1), cosine, ~belongs),
            ("v2t", own.sum(0) / belongs.sum(0), cosine.T, ~belongs.T),
        ):
            drawn, _ = sample_negatives(score, negative, 1)
            hinge = (config.margin + drawn - positive).clamp(min=0)
            close(hinge, parts[f"{scale}_triplet_hinge_{way}"])
    queries = golden.scores["query"].requires_grad_()
    settings = {"margin": config.diverse_margin, "scale": config.diverse_scale}
    each = query_diversity(queries, owner, **settings)
    close(each, parts["query_diverse_per_query"])
    same = parts["query_diverse_same_video"].bool()
    assert torch.equal((each > 0).detach(), same.any(1))
    assert each.mean().item() == pytest.approx(golden.loss["query_diverse_unweighted"], abs=1e-5)
    (grad,) = torch.autograd.grad(each.mean(), queries)
    theirs = parts["query_diverse_unweighted_grad_of_query"]
    close(grad, theirs, 1e-4 * float(theirs.abs().max()))


def test_models_are_as_large_as_released() -> None:
    """12.85 million weights for TVR's features, 11.37 million for the others'."""
    from prvr_lite.config import ModelConfig

    for sizes, count in (((3072, 768), 12_848_256), ((1024, 1024), 11_366_016)):
        with torch.device("meta"):
            model = GMMFormerBatchWindows(ModelConfig(*sizes, num_clusters=None))
        weights = list(model.parameters())
        assert len(weights) == 193
        assert np.sum([weight.numel() for weight in weights]) == count


def test_a_window_bends_attention_but_forbids_nothing() -> None:
    """Four of 32 units inside the window at score z get 4 e^z / (4 e^z + 28) of the attention."""
    attention = WindowedAttention(1, 1, 0.0).eval()
    for parameter in attention.parameters():
        torch.nn.init.zeros_(parameter)
    window = torch.zeros(1, 32, 32)
    window[..., 10:14] = 1
    for z, share in ((0.0, 0.125), (2.0, 0.514), (4.0, 0.886)):
        torch.nn.init.constant_(attention.query.bias, z)
        torch.nn.init.ones_(attention.key.bias)
        weight = attention.attention(torch.zeros(1, 32, 1), window=window)
        assert weight[0, 0, 0, 10:14].sum().item() == pytest.approx(share, abs=1e-3)


def test_the_peak_of_a_window_looks_back_from_the_middle_on() -> None:
    """The grids of rows and columns differ, as released."""
    peaks = gaussian_window(32, 0.5).argmax(1)
    assert peaks[:16].tolist() == list(range(16))
    assert peaks[17:].tolist() == list(range(16, 31))
