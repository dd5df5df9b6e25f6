"""A training step at TVR's sizes: forward, losses, backward and update, on both sides.

    python -m benchmarks.training_step [--released CHECKOUT]

32 videos of 128 frames (3072-d) with 5 queries each. The side "released" is the authors' own model,
losses and BertAdam where a checkout is given, and our formulation of them otherwise;
"released + anomaly detection" adds torch's anomaly detection, which the authors' training loop
has switched on in every step. The parts of prvr_lite's own step follow, and add up to it;
``arithmetic_seconds`` is what its matrix products alone would take on one thread, at the rate of
one large product that is measured beside them.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import prvr_lite.model.msslpp as msslpp
from benchmarks import checkout
from benchmarks.measure import Row, Work, extra_mib, options, product_rate, race, save
from benchmarks.released import Released, ReleasedConfig
from benchmarks.released_losses import losses
from benchmarks.released_optimizer import BertAdam
from prvr_lite.config import ModelConfig, TrainConfig
from prvr_lite.data.batches import Batch
from prvr_lite.paper.checkpoint import load_authors_state_dict
from prvr_lite.training.losses import LossTerms, MSSLppLoss
from prvr_lite.training.optimizer import make_optimizer

MEDOIDS = 32
Case = tuple[int, int, int, int, int, int, int]  # videos, queries each, T, L, Dv, Dw, H
QUICK: Case = (4, 2, 12, 5, 16, 12, 24)
TVR: Case = (32, 5, 128, 20, 3072, 768, 384)


def make_batch(case: Case) -> Batch:
    """Random features of unit length, neighbouring frames alike, all frames and words real."""
    v, each, t, words, visual, text, _ = case
    torch.manual_seed(0)
    scene = torch.randn(v, 1, visual) + 0.5 * torch.randn(v, t, visual).cumsum(1) / 4
    frames = nn.functional.normalize(scene, dim=-1)  # [V, T, Dv]
    units = nn.functional.adaptive_avg_pool1d(frames.mT, 32).mT  # [V, 32, Dv]
    return Batch(
        nn.functional.normalize(units, dim=-1).contiguous(),
        frames,
        torch.ones(v, t, dtype=torch.bool),
        nn.functional.normalize(torch.randn(v * each, words, text), dim=-1),
        torch.ones(v * each, words, dtype=torch.bool),
        torch.arange(v).repeat_interleave(each),
    )


def released_step(case: Case, *, anomaly: bool, path: str | None) -> Callable[[], Tensor]:
    """A step of the released side with negatives from a pool of 20."""
    batch = make_batch(case)
    model, optimizer = released_model(case, path)

    def loss() -> Tensor:
        if path is None:
            return losses(model, *batch, pool=20).total
        return model(*as_released(batch))[0]  # type: ignore[no-any-return]

    def step() -> Tensor:
        model.zero_grad(set_to_none=True)
        with torch.autograd.set_detect_anomaly(anomaly):
            total = loss()
            total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return total.detach()

    return step


def released_model(case: Case, path: str | None) -> tuple[Any, Any]:
    """The released model in training mode, and its optimizer."""
    if path is None:
        plain = Released(released_config(case, 0.1)).train()
        return plain, BertAdam(plain.parameters())
    code = checkout.load(path)
    model = code.network(*case[4:], MEDOIDS).train()
    return model, code.optimizer(model, steps=1000)


def as_released(batch: Batch) -> tuple[Any, ...]:
    """A batch as the released loader gives it: masks of floats, a list of labels."""
    units, frames, mask, words, word_mask, video = batch
    return units, frames, mask.float(), words, word_mask.float(), video.tolist()


def released_config(case: Case, dropout: float) -> ReleasedConfig:
    return ReleasedConfig(
        visual_dim=case[4],
        query_dim=case[5],
        hidden_dim=case[6],
        dropout=dropout,
        input_dropout=dropout,
        exact_distances=dropout == 0,  # then medoids, and so losses, can be compared
    )


def fast_step(case: Case) -> Callable[[], Counter[str]]:
    """The step that ``prvr_lite.fit`` makes; returns its seconds by part."""
    config = ModelConfig(visual_dim=case[4], query_dim=case[5], hidden_dim=case[6])
    batch, model, training = make_batch(case), msslpp.MSSLpp(config).train(), TrainConfig()
    loss, optimizer = MSSLppLoss(training), make_optimizer(model, training)

    def step() -> Counter[str]:
        spent: Counter[str] = Counter()
        with ExitStack() as stack:
            watch(model, spent, stack)
            scores = timed(spent, "forward", lambda: model(*batch))
        terms = timed(spent, "losses", lambda: loss(scores, batch.query_video, hard=True))
        optimizer.zero_grad(set_to_none=True)
        timed(spent, "backward", terms.total.backward)
        timed(spent, "optimizer", lambda: update(model, optimizer, training))
        named = sum(spent[part] for part in FORWARD_PARTS)
        spent["similarity tables"] = spent.pop("forward") - named
        return spent

    return step


FORWARD_PARTS = ("encoders", "clustering", "key clip guided attention")


def watch(model: msslpp.MSSLpp, spent: Counter[str], stack: ExitStack) -> None:
    """Time the parts of the forward pass while ``stack`` is open."""
    for encoder in (model.unit_encoder, model.frame_encoder, model.query_encoder):
        stack.enter_context(
            patch.object(encoder, "forward", wrap(encoder.forward, spent, "encoders"))
        )
    for name, part in (
        ("cluster_clips", "clustering"),
        ("key_clip_guided_attention", "key clip guided attention"),
    ):
        wrapped = wrap(getattr(msslpp, name), spent, part)
        stack.enter_context(patch.object(msslpp, name, wrapped))


def update(model: nn.Module, optimizer: torch.optim.Optimizer, config: TrainConfig) -> None:
    nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
    optimizer.step()


def wrap(function: Callable[..., Any], spent: Counter[str], part: str) -> Callable[..., Any]:
    return lambda *args, **named: timed(spent, part, lambda: function(*args, **named))


def timed(spent: Counter[str], part: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    spent[part] += time.perf_counter() - start  # type: ignore[assignment]
    return result


def loss_difference(case: Case, path: str | None) -> float:
    """Largest difference of the loss terms, same weights, no dropout, the hardest negatives.

    Both sides get the same medoids: the encoders' last bits differ, and decide the clustering's
    ties (see ``benchmarks.ties``).
    """
    plain = Released(released_config(case, 0.0)).eval()
    config = ModelConfig(visual_dim=case[4], query_dim=case[5], hidden_dim=case[6], dropout=0.0)
    model = load_authors_state_dict(msslpp.MSSLpp(config), plain.state_dict()).eval()
    batch = make_batch(case)
    with torch.no_grad():
        if path is None:
            medoids = plain.encode_clips(batch.unit_input)[2:]
            slow: Sequence[Tensor] = losses(plain, *batch, pool=1)
        else:
            medoids, slow = released_losses(case, batch, plain.state_dict(), path)
    given = patch.object(msslpp, "cluster_clips", lambda *_, **__: medoids)
    with torch.no_grad(), given:
        terms: LossTerms = MSSLppLoss(TrainConfig(hard_pool=1))(
            model(*batch), batch.query_video, hard=True
        )
    fast = [terms.clip_triplet, terms.clip_nce, terms.frame_triplet, terms.frame_nce]
    return max(float(abs(a - b)) for a, b in zip(slow, fast, strict=True) if b is not None)


def released_losses(
    case: Case, batch: Batch, weights: dict[str, Tensor], path: str
) -> tuple[tuple[Tensor, Tensor], list[Tensor]]:
    """Medoids and loss terms of the authors' code, with the hardest negatives."""
    code = checkout.load(path)
    network = code.network(*case[4:], MEDOIDS, hard_pool_size=1).eval()
    network.load_state_dict(weights)
    with code.recorded_medoids() as medoids:
        terms = network(*as_released(batch))[1]
    names = ("clip_trip_loss", "clip_nce_loss", "frame_trip_loss", "frame_nce_loss")
    return medoids[0], [terms[name] for name in names]


def prepare(case: Case, side: str, path: str | None = None) -> Work:
    """The work of one side, inputs ready."""
    if side == "prvr_lite":
        return fast_step(case)
    return released_step(case, anomaly="anomaly" in side, path=path)


def measure(case: Case, repeats: int, path: str | None) -> list[Row]:
    """Both sides, then the parts of prvr_lite's step."""
    names = ("released", "released + anomaly detection", "prvr_lite")
    sides = {side: prepare(case, side, path) for side in names}
    parts: list[Counter[str]] = []
    step = fast_step(case)
    sides["prvr_lite"] = lambda: parts.append(step())
    timing = race(sides, repeats, warm=["prvr_lite"])
    rows: list[Row] = []
    for side in names:
        rows.append(
            {
                "against": checkout.against(path),
                "videos": case[0],
                "queries": case[0] * case[1],
                "side": side,
                "seconds": timing.median(side),
                "times_faster": timing.ratio("released", side),
                "extra_mib": extra_mib(prepare, case, side, path),
            }
        )
    rows[-1]["loss_difference"] = loss_difference(case, path)
    with FlopCounterMode(display=False) as products:
        step()
    rows[-1]["arithmetic_seconds"] = products.get_total_flops() / product_rate()
    mean = sum(parts[1:], Counter())
    for part, spent in mean.most_common():
        rows.append({"side": f"- {part}", "seconds": spent / len(parts[1:])})
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``training_step.csv``."""
    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, checkout.add_option)
    case, repeats = (QUICK, 1) if chosen.quick else (TVR, chosen.repeats)
    rows = measure(case, repeats, chosen.released)
    save("training_step", rows, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
