"""Lesson 13: windows, attention within them, several widths at once, and queries kept apart."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from prvr_lite.course.grading.exercise import Exercise, mistake
from prvr_lite.course.lesson13 import answers as a
from prvr_lite.course.lesson13 import mistakes, planted

EXERCISES = (
    Exercise(
        "gaussian_windows",
        13,
        a.gaussian_windows,
        a.film_lengths,
        "[B, size, size]",
        mistakes.OF_WINDOWS,
        (
            "One film, one row: how far is each column away from where the row looks?",
            "place = torch.arange(size); place / lengths[:, None] are all looks, [B, size]. The "
            "columns' grid is alike, with (lengths - 1).clamp(min=1). What of the padded columns?",
            "square [B, size, size], torch.inf in padded columns; then exp((square.amin(-1, "
            "keepdim=True) - square) / (2 sigma^2)), and 0 in the padded rows.",
        ),
        minutes=15,
        difficulty=3,
        loop="lengths[:, None] against torch.arange(size) makes the grids of all films at once.",
        axes={"lengths": "B"},
        tolerance=5e-4,
        planted=planted.hard_lengths,
    ),
    Exercise(
        "windowed_attention",
        13,
        a.windowed_attention,
        a.attended,
        "[B, heads, L, d]",
        mistakes.OF_ATTENTION,
        (
            "Lesson 3's attention, with one line more. Between which two lines?",
            "score [B, heads, L, L] is times window[:, None], the same in all heads. Which comes "
            "first, window or mask? Think of 0 times -10,000.",
            "score * window[:, None], then masked_fill(~mask[:, None, None, :], -10_000.0), then "
            "softmax over the last dimension, then @ value.",
        ),
        minutes=12,
        difficulty=2,
        gradient=("query", "key", "value"),
        padding=lambda inputs: a.other_keys(inputs, Generator().manual_seed(7)),
        axes={
            "query": "BEld",
            "key": "BEld",
            "value": "BEld",
            "mask": "Bl",
            "window": "Blm",
        },
        planted=planted.hard_attention,
    ),
    Exercise(
        "fuse_widths",
        13,
        a.fuse_widths,
        a.seen_by_widths,
        "[B, L, H]",
        (
            mistake(
                lambda x, s, g, b: a.own_norms(x + s, g, b).sum(0),
                "it is the sum over the widths: take their mean.",
            ),
            mistake(
                lambda x, s, g, b: (
                    F.layer_norm(x + s.mean(0), x.shape[-1:]) * g.mean(0) + b.mean(0)
                ),
                "LayerNorm comes once, after the mean: each width has its own, before it.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(s, g, b).mean(0),
                "x is missing: what a width saw is added to the input (a residual).",
            ),
            mistake(
                lambda x, s, g, b: x + a.own_norms(s, g, b).mean(0),
                "x is added after LayerNorm: add it before, and normalise the sum.",
            ),
            mistake(
                lambda x, s, g, b: (a.own_norms(x.expand_as(s), g, b) + s).mean(0),
                "LayerNorm is of x alone: add what a width saw before it, and normalise the sum.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(
                    (x + s) * g[:, None, None], torch.ones_like(g), b
                ).mean(0),
                "the gain comes before the norm: normalise first, then stretch.",
            ),
            mistake(
                lambda x, s, g, b: F.layer_norm(x + s, x.shape[-1:]).mean(0),
                "gain and bias are not used.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(x + s, g, torch.zeros_like(b)).mean(0),
                "the biases are not used.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(x + s, torch.ones_like(g), b).mean(0),
                "the gains are not used.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(x + s, g[:1].expand_as(g), b[:1].expand_as(b)).mean(
                    0
                ),
                "all widths use the gain and bias of the first: row a belongs to width a.",
            ),
            mistake(
                lambda x, s, g, b: a.own_norms(x + s, g, b).amax(0),
                "it is the largest over the widths: take their mean.",
            ),
            mistake(
                lambda x, s, g, b: (
                    (
                        ((x + s) - (x + s).mean(-1, keepdim=True))
                        / (x + s).std(-1, keepdim=True)
                        * g[:, None, None]
                    )
                    + b[:, None, None]
                ).mean(0),
                "LayerNorm divides by the root of the mean square, over H and not over H - 1: "
                "F.layer_norm does that.",
            ),
            mistake(
                lambda x, s, g, b: (
                    F.layer_norm(x + s, x.shape[-2:]) * g[:, None, None] + b[:, None, None]
                ).mean(0),
                "LayerNorm goes over frames and features: each frame is normalised by itself.",
            ),
        ),
        (
            "One width first: add, normalise, stretch. Then the same for all, then a mean.",
            "x + seen is [A, B, L, H]: x is the same for every width. F.layer_norm(…, (H,)) knows "
            "only one gain, so stretch after it.",
            "F.layer_norm(x + seen, x.shape[-1:]) * gain[:, None, None] + bias[:, None, None], and "
            "then .mean(0).",
        ),
        minutes=10,
        difficulty=2,
        gradient=("x", "seen", "gain", "bias"),
        axes={"x": "BLh", "seen": "ABLh", "gain": "Ah", "bias": "Ah"},
        planted=planted.hard_fusions,
    ),
    Exercise(
        "diverse_loss",
        13,
        a.diverse_loss,
        a.asked_films,
        "one number",
        (
            mistake(
                lambda q, own, m, s: a.log_of_sum(a.exponents(q, m, s), own[:, None] == own).mean(),
                "each query counts itself, with a cosine of 1: leave the diagonal out.",
            ),
            mistake(
                lambda q, own, m, s: a.log_of_sum(a.exponents(q, m, s), own[:, None] != own).mean(),
                "it parts queries of different films: those of the same film are to be parted.",
            ),
            mistake(
                lambda q, own, m, s: (
                    a.exponents(q, m, s)
                    .masked_fill(~a.siblings(own), -torch.inf)
                    .logsumexp(1)
                    .nan_to_num(neginf=0.0)
                    .mean()
                ),
                "the 1 in log(1 + …) is missing: a query that is far from its siblings would be "
                "rewarded without end.",
                lambda q, own, m, s: (
                    a.exponents(q, m, s)
                    .masked_fill(~a.siblings(own), -torch.inf)
                    .logsumexp(1)
                    .mean()
                ),
            ),
            mistake(
                lambda q, own, m, s: (
                    a.exponents(q, m, s)
                    .masked_fill(~a.siblings(own), -torch.inf)
                    .exp()
                    .sum(1)
                    .log1p()
                    .mean()
                ),
                "where the scale is large, e^x overflows: torch.logsumexp takes the "
                "largest one out first, and e^0 = 1 can be one of its terms.",
                lambda q, own, m, s: (
                    (a.exponents(q, m, s).exp() * a.siblings(own)).sum(1).log1p().mean()
                ),
            ),
            mistake(
                lambda q, own, m, s: a.log_of_sum(s * (q @ q.T + m), a.siblings(own)).mean(),
                "it compares inner products: long queries would be pushed harder. Divide by the "
                "lengths, as a cosine does.",
            ),
            mistake(
                lambda q, own, m, s: a.diverse_loss(q, own, -m, s),
                "the margin has the wrong sign: queries are to be pushed until their cosine is "
                "*below* -margin.",
            ),
            mistake(
                lambda q, own, m, s: a.diverse_loss(q, own, m / s, s),
                "the margin is added after the scale: it stands in the bracket with the cosine.",
            ),
            mistake(
                lambda q, own, m, s: (
                    a.log_of_sum(a.exponents(q, m, s), a.siblings(own)).sum()
                    / a.siblings(own).any(1).sum().clamp(min=1)
                ),
                "queries that are alone in their film are left out of the mean: they add 0, and "
                "they count in Q.",
            ),
            mistake(
                lambda q, own, m, s: a.log_of_sum(a.exponents(q, m, s), a.siblings(own)).sum(),
                "it is the sum over queries: a large batch would weigh more. Take the mean.",
            ),
            mistake(
                lambda q, own, m, s: (
                    F.softplus(a.exponents(q, m, s)).masked_fill(~a.siblings(own), 0).sum(1).mean()
                ),
                "each pair has a log of its own (as in GMMFormer v2): here the e^x of all siblings "
                "are added first.",
            ),
            mistake(
                lambda q, own, m, s: F.softplus(
                    a.exponents(q, m, s).masked_fill(~a.siblings(own), -torch.inf).amax(1)
                ).mean(),
                "only the nearest sibling counts: all of them are added.",
            ),
            mistake(
                lambda q, own, m, s: F.softplus(
                    a.exponents(q, m, s).masked_fill(~a.siblings(own), -torch.inf).logsumexp(1)
                    - a.siblings(own).sum(1).clamp(min=1).log()
                ).mean(),
                "it takes the mean of the e^x of the siblings: they are added.",
            ),
            mistake(
                lambda q, own, m, s: a.log_of_sum(
                    s * (1 + m) - a.exponents(q, m, s) + s * m, a.siblings(own)
                ).mean(),
                "it adds up distances, 1 - cos: queries that are alike are to be pushed, so the "
                "cosine itself stands in the bracket.",
            ),
            mistake(
                lambda q, own, m, s: -a.diverse_loss(q, own, m, s),
                "the sign is wrong: it rewards queries that are alike.",
            ),
        ),
        (
            "One query with a loop: over the others of its film, sum e^(scale (cos + margin)).",
            "query_video[:, None] == query_video says who shares a film; take the diagonal out. "
            "masked_fill with -inf makes e^x = 0 for all others.",
            "F.pad(exponent, (1, 0)) puts a 0 in front of each row, which is the log of the 1; "
            "then .logsumexp(1), then the mean.",
        ),
        minutes=12,
        difficulty=3,
        gradient=("queries",),
        loop="One product makes the cosines of all pairs of queries.",
        axes={"queries": "Qh", "query_video": "Q"},
        planted=planted.hard_families,
    ),
    Exercise(
        "implicit_clips",
        13,
        a.implicit_clips,
        a.stacked_attention,
        "[L, L]",
        (
            mistake(
                lambda t: a.implicit_clips(t.flip(0)),
                "the blocks are multiplied in the wrong order: the last block looks at what the "
                "first one made, so it stands on the left.",
            ),
            mistake(
                lambda t: a.implicit_clips(t.sum((1, 2), keepdim=True)),
                "it is the sum over widths and heads: take their mean, and rows sum to 1.",
            ),
            mistake(
                lambda t: t.mean((1, 2))[-1],
                "it is the last block alone: what it looks at was mixed by the blocks before.",
            ),
            mistake(lambda t: t.mean((1, 2))[0], "it is the first block alone."),
            mistake(
                lambda t: t.mean((0, 1, 2)),
                "it is the mean over the blocks: blocks come one after the other, so their "
                "matrices are multiplied.",
            ),
            mistake(
                lambda t: t.mean((1, 2)).prod(0),
                "the matrices are multiplied entry by entry: use the product of matrices, @.",
            ),
            mistake(
                lambda t: a.implicit_clips(t).T,
                "rows and columns changed places: the row is the unit that comes out.",
            ),
            mistake(
                lambda t: a.implicit_clips(t.flatten(1, 2)[:, :1, None]),
                "it follows the first width and head alone: take the mean over all of them first.",
            ),
            mistake(
                lambda t: torch.stack(
                    [a.implicit_clips(one[:, None, None]) for one in t.flatten(1, 2).unbind(1)]
                ).mean(0),
                "each head or width is followed through all blocks by itself: a block hands on the "
                "mean of all its heads and widths, so take the mean in each block first.",
                lambda t: torch.stack([a.implicit_clips(one[:, None]) for one in t.unbind(1)]).mean(
                    0
                ),
            ),
            mistake(
                lambda t: a.implicit_clips(t.amax((1, 2), keepdim=True)),
                "it takes the largest over widths and heads: take their mean.",
            ),
        ),
        (
            "Unit i of block 2 is a mixture of units k of block 1, and k is a mixture of inputs j.",
            "For one i and j: the sum over k of second[i, k] * first[k, j]. Which product is that?",
            "attention.mean((1, 2)) is [blocks, L, L]; then second @ first, and so on to the left.",
        ),
        minutes=8,
        axes={"attention": "baell"},
        planted=planted.hard_stacks,
    ),
)
