"""What a GPU makes of it: parity with the CPU, training, clustering, scoring; how near its limits.

    python -m benchmarks.gpu                        # at most six minutes on a GPU
    python -m benchmarks.gpu --device cpu --quick   # a smoke run

Each part is a row, and a part that fails is a row with its error: the others are still measured.
The roofline: the rate of a large matrix product on the same device, in the same precision, is what
its arithmetic reaches here; the rate of a large copy is what its memory reaches. A part's share is
its own rate, from operations (or bytes) that are counted by hand, over that.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

import torch
from torch import Tensor

from benchmarks.inputs import unit_features
from benchmarks.measure import Row, Work, options, save
from benchmarks.training_step import QUICK, TVR, Case, make_batch, update
from prvr_lite.config import ModelConfig, TrainConfig
from prvr_lite.data.sample import load_sample
from prvr_lite.model.clustering import cluster_clips
from prvr_lite.model.msslpp import MSSLpp
from prvr_lite.model.records import VideoEncoding
from prvr_lite.search.evaluation import evaluate
from prvr_lite.search.video_index import VideoIndex
from prvr_lite.training.fit import fit
from prvr_lite.training.losses import MSSLppLoss
from prvr_lite.training.optimizer import make_optimizer
from prvr_lite.training.presets import from_preset

TVR_VIDEOS = 17_435  # of its train split: an epoch is this many videos


def timed(device: torch.device, work: Work, repeats: int) -> float:
    """Median seconds of ``repeats`` runs, after one that is not timed."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        elif device.type == "mps":
            torch.mps.synchronize()

    spent = []
    for _ in range(repeats + 1):
        wait()
        start = time.perf_counter()
        work()
        wait()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent[1:])


def roofline(device: torch.device, dtype: torch.dtype, quick: bool) -> dict[str, float]:
    """Operations and bytes per second that a large product and a large copy reach."""
    n = 256 if quick else 8192
    a = torch.randn(n, n, device=device, dtype=dtype)
    out = torch.empty_like(a)
    product = timed(device, lambda: torch.mm(a, a, out=out), 3)
    copy = timed(device, lambda: out.copy_(a), 3)
    return {"operations": 2 * n**3 / product, "bytes": 2 * a.nbytes / copy}


def parity(device: torch.device, quick: bool) -> Row:
    """Largest difference of scores and loss terms to the CPU, same weights, no dropout."""
    case = QUICK if quick else (8, *TVR[1:])
    batch = make_batch(case)
    config = ModelConfig(visual_dim=case[4], query_dim=case[5], hidden_dim=case[6], dropout=0.0)
    here = MSSLpp(config).eval()
    there = deepcopy(here).to(device)
    with torch.no_grad():
        units = here.encode_units(batch.unit_input)
        medoids, _ = cluster_clips(units, config.num_clusters or 1)
        same = cluster_clips(units.to(device), config.num_clusters or 1)[0].cpu() == medoids
        loss = MSSLppLoss(TrainConfig(hard_pool=1))
        ours = loss(here(*batch), batch.query_video, hard=True).named()
        moved = batch.to(device)
        theirs = loss(there(*moved), moved.query_video, hard=True).named()
    apart = max(float(abs(ours[name] - theirs[name].cpu())) for name in ours)
    share = float(same.all(dim=1).double().mean())
    return {"part": "parity", "same_medoids": share, "loss_difference": apart}


def sample_training(device: torch.device, quick: bool) -> Row:
    """Training on the sample films, and the SumR on its test films."""
    with load_sample() as data:
        if quick:
            data.splits = {name: rows[:32] for name, rows in data.splits.items()}
        epochs = 1 if quick else None
        model, training = from_preset("mssl++", data, "sample", epochs=epochs, device=device.type)
        history = fit(model, data, training, progress=False)
        result = evaluate(model, data, "test")
    return {"part": "train on the sample", "seconds": history.seconds, "SumR": result.fused["SumR"]}


def training(device: torch.device, bfloat16: bool, quick: bool) -> Row:
    """A step at TVR's sizes with 128 videos, as released; an epoch is so many steps."""
    case: Case = QUICK if quick else (128, *TVR[1:])
    config = ModelConfig(visual_dim=case[4], query_dim=case[5], hidden_dim=case[6])
    batch, model, plain = make_batch(case).to(device), MSSLpp(config).to(device), TrainConfig()
    loss, optimizer = MSSLppLoss(plain), make_optimizer(model, plain)

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            terms = loss(model(*batch), batch.query_video, hard=True)
        optimizer.zero_grad(set_to_none=True)
        terms.total.backward()
        update(model, optimizer, plain)

    dtype = torch.bfloat16 if bfloat16 else torch.float32
    seconds = timed(device, step, 1 if quick else 10)
    row: Row = {"part": f"training step, {str(dtype)[6:]}", "seconds": seconds}
    row["epoch_of_tvr"] = seconds * TVR_VIDEOS / case[0]
    # forward and backward of the projections of frames and units, which most of the work is
    operations = 3 * 2 * case[0] * (case[2] + 32) * case[4] * case[6]
    row["share_of_roofline"] = operations / seconds / roofline(device, dtype, quick)["operations"]
    if device.type == "cuda":
        row["peak_mib"] = torch.cuda.max_memory_allocated(device) / 2**20
    return row


def clustering(device: torch.device, quick: bool) -> Row:
    """From units to medoids, 128 videos."""
    videos, n, k = (4, 8, 4) if quick else (128, 32, 32)
    units = unit_features("smooth", videos, n, 24 if quick else 384, 0).to(device)
    seconds = timed(device, lambda: cluster_clips(units, k), 1 if quick else 10)
    clips = n * (n + 1) // 2
    # the least that must be moved: distances written once, and read once a round, of about ten
    least = videos * clips**2 * 4 * 11
    share = least / seconds / roofline(device, torch.float32, quick)["bytes"]
    return {"part": "clustering", "seconds": seconds, "share_of_roofline": share}


def scoring(device: torch.device, quick: bool) -> Row:
    """TVR's validation queries against its videos, encoded already."""
    q, v, k, h = (8, 16, 4, 24) if quick else (10_895, 2_179, 32, 384)
    generator = torch.Generator().manual_seed(0)

    def vectors(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    config = ModelConfig(visual_dim=8, query_dim=8, hidden_dim=h, num_clusters=k)
    model = MSSLpp(config).eval().to(device)
    frames = torch.zeros(v, 1, h, device=device)
    mask = torch.ones(v, 1, dtype=torch.bool, device=device)
    place = torch.arange(k, device=device).expand(v, k)
    videos = VideoEncoding(vectors(v, k, h), place, frames, mask, attended=vectors(v, k, h))
    index, queries = VideoIndex.from_encoding(model, videos), vectors(q, h)
    seconds = timed(device, lambda: index.score_vectors(queries), 1 if quick else 5)
    rate = 2 * 2 * q * v * k * h / seconds
    share = rate / roofline(device, torch.float32, quick)["operations"]
    return {"part": "scoring", "seconds": seconds, "share_of_roofline": share}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and save ``gpu.csv``; 1 if a part failed."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--device", default="cuda", help="cuda, mps or cpu")

    chosen = options(__doc__.splitlines()[0] if __doc__ else "", argv, add)
    try:
        device = torch.ones(1, device=chosen.device).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:120]
        print(f"no device {chosen.device!r} ({reason}): choose another", file=sys.stderr)
        return 1
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    parts: list[Callable[[], Row]] = [
        partial(parity, device, chosen.quick),
        partial(clustering, device, chosen.quick),
        partial(scoring, device, chosen.quick),
        partial(training, device, False, chosen.quick),
        partial(training, device, True, chosen.quick),
        partial(sample_training, device, chosen.quick),
    ]
    rows: list[Row] = []
    for part in parts:
        try:
            row = part()
        except Exception as error:
            row = {
                "part": getattr(part, "func", part).__name__,
                "error": f"{type(error).__name__}: {error}"[:200],
            }
        rows.append({"on": name, **row})
        print(rows[-1], flush=True)
    save("gpu", rows, chosen)
    return int(any("error" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
