"""A small network, trained with true moments, that finds moments in the encodings of an MS-SL++.

It answers a question: does learning to rank whole videos help to find moments in them? To see it,
train the head on encodings of a trained MS-SL++ and of an untrained one, with PRVR's key clip and
without. The MS-SL++ itself is not changed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from prvr_lite.config import check_range
from prvr_lite.device import seed_generators
from prvr_lite.model.clips import clip_spans, clip_windows
from prvr_lite.model.key_clip import unit_length
from prvr_lite.moments.encoding import ClipEncoding, EncodedSplit
from prvr_lite.moments.moment_metrics import svmr_metrics
from prvr_lite.moments.predict import clip_map, clip_overlap, key_clips, rank_moments


@dataclass(frozen=True)
class SpanHeadConfig:
    """Sizes and training of a span head; the defaults were chosen on the sample's val split.

    Args:
        channels: how many inner products of query and unit the head learns, beside their cosine.
        hidden: size of a clip's features.
        context: how many units before and after a clip it is compared with.
        epochs: passes over the training queries.
        batch_queries: queries per step.
        learning_rates: all are tried, and the best on val is kept; they are peak rates, after a
            linear warm-up over a twentieth of the steps and before a linear fall to 0.
        weight_decay: decoupled weight decay, on all parameters.
        temperature: divides the IoU in the target distribution softmax(IoU / temperature).
        seed: the seed of weights and order.

    Raises:
        ValueError: a head can't be trained with one of the values.
    """

    channels: int = 16
    hidden: int = 32
    context: int = 2
    epochs: int = 12
    batch_queries: int = 64
    learning_rates: tuple[float, ...] = (3e-3, 1e-2, 2e-2)
    weight_decay: float = 0.01
    temperature: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(self, ("channels", "hidden", "context", "epochs", "batch_queries"), 1)
        check_range(self, ("weight_decay",), 0.0)
        check_range(self, ("temperature",), 1e-6)
        if not self.learning_rates:
            raise ValueError("learning_rates is empty: give at least one")


class SpanHead(nn.Module):
    """Scores every clip of a video for a query; it can be used as a ``Scorer``.

    A unit u is described by its cosine with the query q and by ``channels`` learned products (A
    u)(B q). A clip is described by the means of these numbers inside it, and over the ``context``
    units before and after it, because a moment's score should fall at its borders. A linear map of
    all these, plus an embedding of the clip's length, goes through a small MLP, which gives one
    score. Means are linear, so the map is applied to the n units before averaging, not to N clips.

    With ``prior`` two more numbers describe a clip: its cosine with the query minus that of the
    best clip (PRVR's clip map), and its IoU with the key clip.

    Source: 2D-TAN (arXiv 1912.03590), for taking all start-end pairs as candidates and for targets
    that grow with IoU. Two things differ: the context of a clip takes the place of convolutions
    over the map, and a softmax over all clips that of binary cross-entropy. On the sample's val
    split the softmax helped most. Start and end scores from convolutions over units, as in XML
    (arXiv 2001.09099), were nearly as good; convolutions over the map, given the same time, were
    far worse.

    Args:
        hidden_dim: H, the size of the encodings; num_units: n, the number of their units.
    """

    windows: Tensor  # [N, 3 n]
    lengths: Tensor  # [N]
    overlap: Tensor  # [N, N]

    def __init__(
        self, hidden_dim: int, num_units: int, config: SpanHeadConfig, *, prior: bool = False
    ) -> None:
        super().__init__()
        n, hidden = num_units, config.hidden
        self.unit_map = nn.Linear(hidden_dim, config.channels)  # A
        self.query_map = nn.Linear(hidden_dim, config.channels)  # B
        self.parts = nn.Linear(config.channels + 1, 3 * hidden)  # inside, before, after
        self.length = nn.Embedding(n, hidden)
        self.prior = nn.Linear(2, hidden, bias=False) if prior else None
        self.output = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )
        spans = clip_spans(n)
        self.register_buffer("windows", part_windows(n, config.context), persistent=False)
        self.register_buffer("lengths", spans[:, 1] - spans[:, 0] - 1, persistent=False)
        self.register_buffer("overlap", clip_overlap(n).float(), persistent=False)

    def forward(self, queries: Tensor, videos: ClipEncoding) -> Tensor:
        """Scores all clips for queries [P, H] with P videos, or one video for all -> [P, N]."""
        unit, query = unit_length(videos.units), unit_length(queries)[:, None]  # [P|1, n, H]
        product = self.unit_map(unit) * self.query_map(query) * math.sqrt(query.shape[-1])
        cosine = clip_map(queries, videos)  # [P, N], whose first n are the units
        unit_cosine = cosine[:, : unit.shape[1], None]
        parts = self.parts(torch.cat([product, unit_cosine], -1))  # [P, n, 3 hidden]
        stacked = torch.cat(parts.chunk(3, dim=-1), dim=1)  # [P, 3 n, hidden]
        clip = self.windows @ stacked + self.length(self.lengths)  # [P, N, hidden]
        if self.prior is not None:
            key = key_clips(queries, videos).argmax(1)  # [P]
            known = [cosine - cosine.amax(1, keepdim=True), self.overlap[key]]
            clip = clip + self.prior(torch.stack(known, -1))
        return self.output(clip).squeeze(-1)  # type: ignore[no-any-return]


def part_windows(n: int, context: int) -> Tensor:
    """Returns weights [N, 3 n] that average units in, before and after a clip; 0 if none exist."""
    spans, unit = clip_spans(n), torch.arange(n)
    start, end = spans[:, :1], spans[:, 1:]
    before = (unit >= start - context) & (unit < start)  # [N, n]
    after = (unit >= end) & (unit < end + context)
    sides = [side / side.sum(1, keepdim=True).clamp(min=1) for side in (before, after)]
    return torch.cat([clip_windows(n).float(), *sides], dim=1)


@dataclass(frozen=True)
class SpanFit:
    """A trained head, and how its training went.

    Attributes:
        head: the head trained with the best learning rate, in eval mode.
        learning_rate: the best rate.
        val: :func:`~prvr_lite.moments.moment_metrics.svmr_metrics` on val, by learning rate.
        seconds: training time at one learning rate, the mean over those tried.
    """

    head: SpanHead
    learning_rate: float
    val: dict[float, dict[str, float]]
    seconds: float


def fit_span_head(
    train: EncodedSplit,
    val: EncodedSplit,
    *,
    prior: bool = False,
    config: SpanHeadConfig | None = None,
    watch: Callable[[str], object] | None = None,
) -> SpanFit:
    """Trains a head on encodings at each learning rate, and keeps the one with val's best mIoU.

    The encodings are not changed. The loss of a query is the cross-entropy between softmax(IoU /
    temperature) over the clips of its own video and the softmax of their scores. Clips of other
    videos are not used as negatives: on the sample's val split they brought nothing in rankings
    over many videos, where the video's score is added with a chosen weight. Queries with an unknown
    moment are left out. The same encodings, config and device give the same head; the caller's
    random number generators are left as they were.

    Args:
        train, val: results of :func:`~prvr_lite.moments.encode_split` with one model. An untrained
            model makes the control.
        prior: whether PRVR's clip map and key clip are inputs of the head.
        watch: called after each epoch with a line that says how far the training is.

    Raises:
        ValueError: no training query, or no validation query, has a known moment.
    """
    config = config or SpanHeadConfig()
    train, val = known_moments(train, "train"), known_moments(val, "val")
    start, val_metrics, heads = time.perf_counter(), {}, {}
    device = train.queries.device
    targets = clip_targets(train, config.temperature)  # [Q, N]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for rate in config.learning_rates:
            seed_generators(device, config.seed)
            heads[rate] = _train(train, targets, config, rate, prior, watch)
    seconds = (time.perf_counter() - start) / len(heads)
    for rate, head in heads.items():
        val_metrics[rate] = svmr_metrics(rank_moments(val, head), val.moment)
    best = max(val_metrics, key=lambda rate: val_metrics[rate]["mIoU"])
    return SpanFit(heads[best], best, val_metrics, seconds)


def known_moments(split: EncodedSplit, name: str) -> EncodedSplit:
    """Returns the queries whose true moment is known.

    Raises:
        ValueError: the moment of every query is unknown.
    """
    known = split.moment.isfinite().all(dim=1)
    if not known.any():
        raise ValueError(f"no query of {name} has a known moment: a span head can't learn from it")
    return EncodedSplit(split.clips, split.queries[known], split.own[known], split.moment[known])


def _train(
    train: EncodedSplit,
    targets: Tensor,
    config: SpanHeadConfig,
    rate: float,
    prior: bool,
    watch: Callable[[str], object] | None,
) -> SpanHead:
    units, queries = train.clips.units, train.queries
    head = SpanHead(units.shape[2], units.shape[1], config, prior=prior).to(units.device)
    optimizer = torch.optim.AdamW(head.parameters(), rate, weight_decay=config.weight_decay)
    steps = config.epochs * math.ceil(len(queries) / config.batch_queries)
    warm = steps / 20
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm) * (1 - step / steps)
    )
    for epoch in range(1, config.epochs + 1):
        order, losses = torch.randperm(len(queries)).to(units.device), []
        for rows in torch.split(order, config.batch_queries):
            score = head(queries[rows], train.clips[train.own[rows]])  # [P, N]
            loss = -(targets[rows] * score.log_softmax(1)).sum(1).mean()
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        if watch:
            done = f"epoch {epoch} of {config.epochs}, learning rate {rate:g}"
            watch(f"span head: {done}, loss {torch.stack(losses).mean():.3f}")
    return head.eval()


def clip_targets(train: EncodedSplit, temperature: float) -> Tensor:
    """Returns softmax(IoU / temperature) of a moment with all clips of its video, [Q, N]."""
    clips = torch.arange(train.clips.norm.shape[1], device=train.own.device)[None]  # [1, N]
    start, end = train.clips.seconds(clips, train.own[:, None]).unbind(-1)  # [Q, N]
    low, high = train.moment[:, :1], train.moment[:, 1:]  # [Q, 1]
    shared = (torch.minimum(end, high) - torch.maximum(start, low)).clamp(min=0)
    iou = shared / (torch.maximum(end, high) - torch.minimum(start, low))
    return (iou / temperature).softmax(1)
