"""The plain released formulation reproduces every number recorded from the authors' code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import pytest
import torch
from torch import Tensor

from benchmarks.released import Released, ReleasedConfig, length_code, multi_scale_clips
from benchmarks.released_clustering import kmedoids
from benchmarks.released_losses import losses

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.h5"))
LOSS_NAMES = ("clip_trip_loss", "clip_nce_loss", "frame_trip_loss", "frame_nce_loss")


@dataclass
class Case:
    """One golden file: the released model with its weights, the inputs, and what is expected."""

    file: h5py.File
    model: Released

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self.file[name][()])

    def inputs(self, *names: str) -> list[Tensor]:
        return [self[f"inputs/{name}"] for name in names]


@pytest.fixture(params=GOLDEN, ids=[path.stem for path in GOLDEN])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    with h5py.File(request.param) as file:
        option = {name: int(value) for name, value in file.attrs.items() if name != "about"}
        config = ReleasedConfig(
            visual_dim=option["visual_input_size"],
            query_dim=option["query_input_size"],
            hidden_dim=option["hidden_size"],
            num_heads=option["n_heads"],
            max_frames=option["max_ctx_l"],
            max_words=option["max_desc_l"],
            num_clusters=option["cluster_num"] if option["cluster"] else None,
            length_aware=bool(option["length_pos"]),
            dropout=0.0,
            input_dropout=0.0,
            exact_distances=True,
        )
        case = Case(file, Released(config).eval())
        names = file["state_dict"].keys()
        case.model.load_state_dict({name: case[f"state_dict/{name}"] for name in names})
        if config.num_clusters and not config.length_aware:
            take_recorded_medoids(case)
        yield case


def take_recorded_medoids(case: Case) -> None:
    """Without the length code ties hang on the last bit of the clips, which processors differ in.

    All that comes after the medoids is then held against those that were recorded;
    ``test_kmedoids_of_the_recorded_clips`` holds the clustering itself to them, tie by tie.
    """
    medoid, assignment = case["inference/medoid_index"], case["inference/cluster_assignment"]

    def recorded(units: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        clips = multi_scale_clips(case.model.encode("clip", units, None))  # [V, N, H]
        row = torch.arange(len(clips))[:, None]
        return clips, clips[row, medoid], medoid, assignment

    case.model.encode_clips = recorded  # type: ignore[method-assign]


def test_there_are_golden_cases() -> None:
    assert len(GOLDEN) >= 4


def test_encodings(case: Case) -> None:
    words, word_mask, frames, frame_mask = case.inputs(
        "word_input", "word_mask", "frame_input", "frame_mask"
    )
    with torch.no_grad():
        query = case.model.encode_queries(words, word_mask)
        frame = case.model.encode("frame", frames, frame_mask)
    torch.testing.assert_close(query, case["inference/query"], rtol=0, atol=1e-6)
    torch.testing.assert_close(frame, case["inference/encoded_frames"], rtol=0, atol=1e-6)


def test_clips_medoids_and_assignment(case: Case) -> None:
    with torch.no_grad():
        clips, kept, medoid, assignment = case.model.encode_clips(*case.inputs("clip_input"))
    torch.testing.assert_close(kept, case["inference/clips"], rtol=0, atol=1e-6)
    if medoid is None or assignment is None:
        assert "inference/medoid_index" not in case.file
        assert kept is clips
        return
    torch.testing.assert_close(clips, case["inference/all_clips"], rtol=0, atol=1e-6)
    assert torch.equal(medoid, case["inference/medoid_index"])
    assert torch.equal(assignment, case["inference/cluster_assignment"])


def test_kmedoids_of_the_recorded_clips(case: Case) -> None:
    """On the recorded bits, medoids are equal in every case, ties included."""
    if "inference/medoid_index" not in case.file:
        assert case.model.config.num_clusters is None
        return
    points = case["inference/all_clips"]
    if case.model.config.length_aware:
        n = case["inputs/clip_input"].shape[1]
        points = torch.cat([points, length_code(n).expand(len(points), -1, -1)], dim=-1)
    expected = case["inference/medoid_index"]
    medoid, assignment = kmedoids(points, expected.shape[1], exact=True)
    assert torch.equal(medoid, expected)
    assert torch.equal(assignment, case["inference/cluster_assignment"])


@pytest.mark.parametrize("batch", [1, 4, 50])
def test_scores_from_the_recorded_encodings(case: Case, batch: int) -> None:
    query, clips, frames = (case[f"inference/{n}"] for n in ("query", "clips", "encoded_frames"))
    with torch.no_grad():
        mask = case["inputs/frame_mask"]
        clip, frame, key = case.model.scores(query, clips, frames, mask, batch)
    torch.testing.assert_close(clip, case["inference/clip_scale_score"], rtol=0, atol=1e-6)
    torch.testing.assert_close(frame, case["inference/frame_scale_score"], rtol=0, atol=1e-6)
    assert torch.equal(key, case["inference/key_clip_index"])
    fused = 0.7 * clip + 0.3 * frame
    torch.testing.assert_close(fused, case["inference/fused_score_alpha_0_7"], rtol=0, atol=1e-6)


def test_losses_and_gradients(case: Case) -> None:
    """Hard negatives from a pool of one: nothing is left to chance."""
    batch = case.inputs(
        "clip_input", "frame_input", "frame_mask", "word_input", "word_mask", "query_video"
    )
    terms = losses(case.model, *batch, margin=float(case.file.attrs["margin"]), pool=1)
    recorded = case.file["training"].attrs
    for name, term in zip(LOSS_NAMES, terms, strict=True):
        assert float(term.detach()) == pytest.approx(float(recorded[name]), abs=1e-6), name
    assert float(terms.total.detach()) == pytest.approx(float(recorded["loss_overall"]), abs=1e-6)
    terms.total.backward()  # type: ignore[no-untyped-call]
    for name, parameter in case.model.named_parameters():
        expected = case[f"training/grad/{name}"]
        assert parameter.grad is not None, name
        # A bias on the keys shifts a softmax as a whole: its gradient is zero but for rounding.
        allowed = 1e-8 if name.endswith("key.bias") else 1e-5 * float(expected.norm())
        assert float((parameter.grad - expected).norm()) <= allowed, name
